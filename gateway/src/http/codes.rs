//! Every code an error of the HTTP interfaces can have: who failed, whether sending again helps, what to do, and where.
//!
//! In: the table of [`CODES`], and the findings that refuse a bundle, which `fhir` lists. Out: what a problem says of
//! itself, `GET /errors.json`, and the page `docs/errors.md`. Knows nothing of requests.

use claimgate_fhir::outcome::{CODES as FINDINGS, Severity};
use serde::Serialize;

/// Rows of the table of codes.
macro_rules! codes {
    ($($code:literal $($status:literal)|+, $family:ident, $retryable:ident, [$($place:expr),+], $english:literal, $chinese:literal;)+) => {
        &[$(Code {
            code: $code,
            status: &[$($status),+],
            family: $family,
            retryable: $retryable,
            at: &[$($place),+],
            english: $english,
            chinese: $chinese,
        }),+]
    };
}

#[macro_use]
mod records;
#[macro_use]
mod repairs;

mod list;
mod page;

pub use list::CODES;
pub use page::page;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $english:literal, $chinese:literal;)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in answers.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What it means, in English and Chinese.
            #[must_use]
            pub fn meaning(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($english, $chinese),)+ }
            }
        }
    )+};
}

words! {
    /// Who failed, and so who must act.
    Family {
        /// The party that made the request.
        Sender = "sender", "The party that made this request: its request, its bundle, its registration", "發出請求的一方（請求、Bundle 或登錄資料）";
        /// The gateway or its operator.
        Gateway = "gateway", "The gateway or its operator; the request was not at fault", "閘道或其維運單位，與請求內容無關";
        /// The party at the other end.
        Recipient = "recipient", "The party at the other end: the insurer of a push, the hospital behind a delivery", "另一端的機構：上傳所指的保險公司，或送件背後的醫院";
    }
    /// Whether sending again helps.
    Retryable {
        /// It does not.
        No = "no", "Do not send it again: the answer stays the same", "不必重送，結果不變";
        /// The same request may go through later.
        Later = "later", "Send the same request again later, after `Retry-After` where it is given", "稍後原樣重送（有 Retry-After 時依其秒數）";
        /// Not before something was corrected.
        AfterCorrection = "after-correction", "Correct what is named, then send again", "更正所指之處後再送";
    }
}

/// Where a code can occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Every address there is.
    Every,
    /// Addresses that are none, which a path with a parameter can become.
    Elsewhere,
    /// Every address that needs a token.
    Protected,
    /// Every address that takes a body.
    Body,
    /// Every address that takes a JSON body of its own.
    Json,
    /// Every address that takes a form.
    Form,
    /// Every address where an insurer changes something.
    Call,
    /// This address, as the route table spells it.
    At(&'static str),
    /// Every address that begins so.
    Under(&'static str),
}

impl Place {
    /// In a few words of Markdown.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Every => "every address".to_owned(),
            Self::Elsewhere => "any other address".to_owned(),
            Self::Protected => "every address that needs a token".to_owned(),
            Self::Body => "every address that takes a body".to_owned(),
            Self::Json => "every address that takes a JSON body".to_owned(),
            Self::Form => "every address that takes a form".to_owned(),
            Self::Call => "every address where an insurer changes something (POST /insurer/…)".to_owned(),
            Self::At(path) => path.to_owned(),
            Self::Under(path) => format!("{path}…"),
        }
    }
}

/// One code.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// As it stands in `code` of a problem, `error` of RFC 6749, `details.coding.code` of an OperationOutcome.
    pub code: &'static str,
    /// The statuses it comes with.
    pub status: &'static [u16],
    /// Who failed.
    pub family: Family,
    /// Whether sending again helps.
    pub retryable: Retryable,
    /// Where it can occur.
    pub at: &'static [Place],
    /// What to do, in English.
    pub english: &'static str,
    /// What to do, in Chinese (正體中文).
    pub chinese: &'static str,
}

/// A code of the table.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}

/// Who failed and whether sending again helps; by the status for a code that is not in the table, which a test excludes.
#[must_use]
pub fn judge(code: &str, status: u16) -> (Family, Retryable) {
    match find(code) {
        Some(known) => (known.family, known.retryable),
        None if status >= 500 => (Family::Gateway, Retryable::Later),
        None => (Family::Sender, Retryable::AfterCorrection),
    }
}

/// `GET /errors.json`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorList {
    /// Who failed.
    pub families: Vec<Word>,
    /// Whether sending again helps.
    pub retryable: Vec<Word>,
    /// Every code.
    pub codes: Vec<Listed>,
}

/// A word of a closed list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ErrorWord"))]
pub struct Word {
    /// As it stands in answers.
    pub word: &'static str,
    /// What it means.
    pub means: Text,
}

/// A sentence in English and in Chinese.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ErrorText"))]
pub struct Text {
    /// English.
    pub en: String,
    /// 正體中文.
    pub zh: &'static str,
}

/// A code as it is published.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ErrorCode"))]
pub struct Listed {
    /// The code; it never changes its meaning.
    pub code: &'static str,
    /// The HTTP statuses it comes with.
    pub status: Vec<u16>,
    /// Who failed.
    pub family: Family,
    /// Whether sending again helps.
    pub retryable: Retryable,
    /// What to do.
    #[serde(rename = "do")]
    pub action: Text,
    /// Where it can occur.
    pub at: Vec<String>,
}

/// The whole list as it is published: the table, then the findings that refuse a bundle.
#[must_use]
pub fn published() -> ErrorList {
    let word = |word: &'static str, (english, zh): (&str, &'static str)| Word {
        word,
        means: Text { en: english.to_owned(), zh },
    };
    let listed = |code: &Code| Listed {
        code: code.code,
        status: code.status.to_vec(),
        family: code.family,
        retryable: code.retryable,
        action: Text { en: code.english.to_owned(), zh: code.chinese },
        at: code.at.iter().map(|place| place.describe()).collect(),
    };
    ErrorList {
        families: Family::ALL.iter().map(|one| word(one.as_str(), one.meaning())).collect(),
        retryable: Retryable::ALL.iter().map(|one| word(one.as_str(), one.meaning())).collect(),
        codes: CODES.iter().map(listed).chain(findings()).collect(),
    }
}

/// The findings that refuse a bundle: the sender's, to be corrected.
fn findings() -> impl Iterator<Item = Listed> {
    // What the desk alone says never comes over HTTP.
    let refusing = FINDINGS.iter().filter(|finding| !finding.code.starts_with("export."));
    let refusing = refusing.filter(|finding| matches!(finding.severity, Severity::Fatal | Severity::Error));
    refusing.filter(|finding| find(finding.code).is_none()).map(|finding| Listed {
        code: finding.code,
        status: if finding.severity == Severity::Fatal { vec![400, 413] } else { vec![413, 422] },
        family: Family::Sender,
        retryable: Retryable::AfterCorrection,
        action: Text {
            en: format!(
                "{} Correct the place that issue.expression names; issue.diagnostics says how.",
                finding.meaning
            ),
            zh: "依 issue.expression 所指之處與 issue.diagnostics 的說明更正 Bundle 後重送",
        },
        at: vec![Place::Under("/fhir/Bundle").describe()],
    })
}
