//! Whether an application holds together: every fault with its place, in English and Chinese. No IO.

use claimgate_packet::evidence::Identifier;
use claimgate_packet::evidence::application::{
    AccidentFacts, ApplicantCapacity, ApplicationChannel, ApplicationSignature, PayoutAccount, SignatureKind,
};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Signed, is_telling, plain};

/// The most recipients of an application: beside its consents a packet has room for the documents of the case.
pub const MOST_RECIPIENTS: usize = 24;
/// From this age on a person applies alone (民法 §12).
const OF_AGE: i16 = 18;
/// The largest picture of a signature, in characters of base64.
const PICTURE: usize = 96 << 10;
/// Characters of a name, a number, a place or a reference.
const SHORT: usize = 200;
/// Characters of what happened.
const LONG: usize = 2_000;
/// The most identifiers of a person, policies of a recipient, witnesses.
const MANY: usize = 10;
/// How far a hospital's clock may be ahead, in seconds.
const AHEAD: i64 = 300;

/// Why an application is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faulty {
    /// The code.
    pub code: &'static str,
    /// What, and how to mend it.
    pub text: &'static str,
    /// The same in Chinese.
    pub chinese: &'static str,
    /// Where: a JSON pointer into the request.
    pub at: &'static str,
}

const fn faulty(code: &'static str, at: &'static str, text: &'static str, chinese: &'static str) -> Faulty {
    Faulty { code, text, chinese, at }
}

impl Signed {
    /// Whether it holds together.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, now: Timestamp) -> Result<(), Faulty> {
        self.faults(now).first().map_or(Ok(()), |first| Err(*first))
    }

    /// Every fault, in the order of the form.
    #[must_use]
    pub fn faults(&self, now: Timestamp) -> Vec<Faulty> {
        let mut found = Vec::new();
        self.check_time(now, &mut found);
        self.check_insured(&mut found);
        self.check_applicant(&mut found);
        self.application.accident.iter().for_each(|accident| check_accident(accident, &mut found));
        self.application.account.iter().for_each(|account| self.check_account(account, &mut found));
        found.extend(self.check_signature().err());
        self.check_texts(&mut found);
        found
    }

    fn check_time(&self, now: Timestamp, found: &mut Vec<Faulty>) {
        if self.application.signed_at.duration_since(now).as_secs() > AHEAD {
            found.push(faulty(
                "application.signed-at",
                "/signed_at",
                "It is signed in the future: set the clock of the system that sends it",
                "簽署時間晚於現在，請校正系統時鐘",
            ));
        }
    }

    fn birth(&self) -> Option<Date> {
        self.application.insured.birth_date.as_deref().and_then(|text| text.parse().ok())
    }

    fn check_insured(&self, found: &mut Vec<Faulty>) {
        let insured = &self.application.insured;
        let numbered = insured.identifiers.iter().any(is_telling);
        if !numbered && (insured.name.is_none() || self.birth().is_none()) {
            found.push(faulty(
                "application.insured",
                "/insured",
                "The insured is known by a number (national-id, resident-certificate, passport, medical-record), or by \
                 name and whole date of birth",
                "被保險人須有證號（身分證、居留證、護照或病歷號碼），或姓名及完整出生日期",
            ));
        }
    }

    fn check_applicant(&self, found: &mut Vec<Faulty>) {
        let applicant = &self.application.applicant;
        let alone = applicant.capacity == ApplicantCapacity::Insured;
        if alone && self.is_minor() {
            found.push(faulty(
                "application.applicant",
                "/applicant/capacity",
                "The insured is under 18: a statutory representative applies (representative-of-minor, or \
                 parent-of-newborn)",
                "被保險人未滿十八歲，須由法定代理人申請",
            ));
        }
        let by_birth = alone || applicant.capacity == ApplicantCapacity::ParentOfNewborn;
        if by_birth && self.birth().is_none() {
            found.push(faulty(
                "application.applicant",
                "/insured/birth_date",
                "The whole date of birth says whether the insured applies alone, and which newborn it is",
                "本人申請及新生兒須填完整出生日期",
            ));
        }
        if alone {
            return;
        }
        let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        let parts = [
            (
                given(&applicant.name),
                "/applicant/name",
                "Who applies for somebody else gives a name",
                "代為申請者須填姓名",
            ),
            (
                applicant.identifiers.iter().any(is_telling),
                "/applicant/identifiers",
                "Who applies for somebody else gives a number",
                "代為申請者須填證號",
            ),
            (
                given(&applicant.ground),
                "/applicant/ground",
                "Who applies for somebody else names the ground (戶籍謄本, 監護裁定, 出生證明)",
                "請填代理依據（戶籍謄本、監護裁定、出生證明）",
            ),
        ];
        let missing = parts.into_iter().filter(|(there, ..)| !there);
        found.extend(missing.map(|(_, at, text, chinese)| faulty("application.applicant", at, text, chinese)));
    }

    fn is_minor(&self) -> bool {
        let signed_on = jiff::tz::offset(8).to_datetime(self.application.signed_at).date();
        self.birth().is_some_and(|birth| {
            let birthday = jiff::Span::new().years(OF_AGE);
            birth.checked_add(birthday).is_ok_and(|of_age| signed_on < of_age)
        })
    }

    fn check_signature(&self) -> Result<(), Faulty> {
        let signature = &self.application.signature;
        let fault = |text, chinese| Err(faulty("application.signature", "/signature", text, chinese));
        let (referred, seen) = (signature.reference.is_some(), signature.witnesses.len());
        let by_phone = self.application.channel == ApplicationChannel::Phone;
        if by_phone != (signature.kind == SignatureKind::Telephone) {
            return fault(
                "By telephone an application is recorded (telephone), elsewhere it is signed",
                "電話申請須錄音，其他管道須簽名",
            );
        }
        match signature.kind {
            SignatureKind::Drawn if !self.picture.as_deref().is_some_and(is_png) => {
                fault("A drawn signature needs picture: a PNG in base64, at most 96 KiB", "請於簽名板簽名")
            }
            SignatureKind::Paper | SignatureKind::Telephone if !referred => fault(
                "The number of the scan or recording that the hospital keeps stands in reference",
                "請填醫院留存之掃描檔或錄音編號",
            ),
            SignatureKind::Thumbprint if seen < 2 => {
                fault("A thumbprint needs two witnesses (民法 §3)", "按指印須有二人見證（民法第 3 條）")
            }
            SignatureKind::Typed if !referred || seen == 0 => fault(
                "A typed name stands in reference, and a witness of the staff in witnesses",
                "請輸入姓名，並填院方見證人",
            ),
            SignatureKind::Wallet if !referred => {
                fault("A wallet's signature names its session", "請以數位憑證皮夾完成簽署")
            }
            _ => Ok(()),
        }
    }

    fn check_account(&self, account: &PayoutAccount, found: &mut Vec<Faulty>) {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !matches!(account.bank.len(), 3 | 7) || !digits(&account.bank) {
            let text = "bank is a code of three or seven digits";
            found.push(faulty("application.account", "/account/bank", text, "金融機構代碼為三碼或七碼數字"));
        }
        if !(6..=16).contains(&account.number.len()) || !digits(&account.number) {
            let text = "number has 6 to 16 digits";
            found.push(faulty("application.account", "/account/number", text, "帳號為 6 至 16 碼數字"));
        }
        let names = [&self.application.insured.name, &self.application.applicant.name];
        let own = names.into_iter().flatten().any(|name| plain(name) == plain(&account.holder));
        if !own && account.instruction.is_none() {
            found.push(faulty(
                "application.third-account",
                "/account/holder",
                "The account is neither the insured's nor the applicant's: name the written instruction (給付指示)",
                "帳戶非被保險人或申請人所有，須填書面給付指示",
            ));
        }
    }

    /// Nothing that a packet could not carry many times: it is in the consent of each recipient.
    fn check_texts(&self, found: &mut Vec<Faulty>) {
        let application = &self.application;
        let (insured, applicant, signature) = (&application.insured, &application.applicant, &application.signature);
        let short = |text: &Option<String>| text.as_deref().is_none_or(is_short);
        let people = insured.occupation.is_none()
            && short(&insured.name)
            && short(&insured.gender)
            && short(&insured.birth_date)
            && short(&insured.address)
            && numbers(&insured.identifiers);
        let applies = short(&applicant.name) && short(&applicant.ground) && numbers(&applicant.identifiers);
        let account =
            application.account.as_ref().is_none_or(|account| is_short(&account.holder) && short(&account.instruction));
        let consents =
            self.consents.iter().all(|one| is_short(&one.form) && some(&one.policies) && one.without.len() <= 32);
        let mut check = |holds: bool, at| {
            if !holds {
                let text = "A text has 1 to 200 characters on one line, a list at most ten; the insured's occupation is none \
                            of it";
                found.push(faulty("application.text", at, text, "文字須為 1 至 200 字且不得換行，清單至多十項"));
            }
        };
        check(people, "/insured");
        check(applies, "/applicant");
        check(account, "/account");
        check(signed(signature), "/signature");
        check(consents && self.consents.len() <= MOST_RECIPIENTS, "/recipients");
    }
}

fn check_accident(accident: &AccidentFacts, found: &mut Vec<Faulty>) {
    let day = accident.at.get(..10).is_some_and(|day| day.parse::<Date>().is_ok());
    if !day || !is_short(&accident.at) {
        found.push(faulty(
            "application.accident",
            "/accident/at",
            "When it happened begins with a date, such as 2026-11-23",
            "事故時間須以日期開頭，例如 2026-11-23",
        ));
    }
    let told = !accident.description.trim().is_empty() && accident.description.chars().count() <= LONG;
    if !told || !accident.place.as_deref().is_none_or(is_short) {
        found.push(faulty(
            "application.accident",
            "/accident/description",
            "What happened is told in 1 to 2,000 characters, the place in at most 200",
            "事故經過為 1 至 2,000 字，地點至多 200 字",
        ));
    }
}

fn signed(signature: &ApplicationSignature) -> bool {
    signature.reference.as_deref().is_none_or(is_short) && some(&signature.witnesses)
}

fn some(texts: &[String]) -> bool {
    texts.len() <= MANY && texts.iter().all(|text| is_short(text))
}

fn numbers(all: &[Identifier]) -> bool {
    let short = |text: &Option<String>| text.as_deref().is_none_or(is_short);
    all.len() <= MANY && all.iter().all(|one| is_short(&one.value) && short(&one.kind) && short(&one.system))
}

fn is_short(text: &str) -> bool {
    (1..=SHORT).contains(&text.chars().count()) && !text.contains(char::is_control)
}

/// A PNG's first eight bytes, in base64.
fn is_png(text: &str) -> bool {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    text.starts_with("iVBORw0KGgo") && text.len() <= PICTURE && text.bytes().all(base64)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::signed;
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    fn code(change: impl FnOnce(&mut Value)) -> Option<(&'static str, &'static str)> {
        signed(change).check(now()).err().map(|fault| (fault.code, fault.at))
    }

    #[test]
    fn an_application_holds_together_or_its_first_fault_is_named() {
        assert_eq!(code(|_| {}), None);
        let minor = |value: &mut Value| value["application"]["insured"]["birth_date"] = json!("2008-11-24");
        assert_eq!(code(minor), Some(("application.applicant", "/applicant/capacity")));
        assert_eq!(code(|value| value["application"]["insured"]["birth_date"] = json!("2008-11-23")), None);
        let mother = json!({ "capacity": "parent-of-newborn", "name": "林美玉", "ground": "出生證明 1",
            "identifiers": [{ "kind": "national-id", "value": "A223456781" }] });
        let newborn = |value: &mut Value| {
            value["application"]["insured"] =
                json!({ "name": "林美玉之女", "birth_date": "2026-11-20", "identifiers": [] });
            value["application"]["applicant"] = mother;
            value["application"]["account"]["holder"] = json!("林美玉");
        };
        assert_eq!(code(newborn), None);
        let third = |value: &mut Value| value["application"]["account"]["holder"] = json!("陳大文");
        assert_eq!(code(third), Some(("application.third-account", "/account/holder")));
        for (signature, taken) in [
            (json!({ "kind": "thumbprint", "witnesses": ["甲", "乙"] }), true),
            (json!({ "kind": "thumbprint", "witnesses": ["甲"] }), false),
            (json!({ "kind": "drawn" }), false),
            (json!({ "kind": "telephone", "reference": "REC-1" }), false),
            (json!({ "kind": "typed", "reference": "王小明" }), false),
        ] {
            let refused = code(|value| value["application"]["signature"] = signature.clone());
            assert_eq!(refused.is_none(), taken, "{signature}");
        }
        assert_eq!(
            code(|value| value["application"]["account"]["bank"] = json!("82")).unwrap().0,
            "application.account"
        );
        let nobody = json!({ "name": "王小明", "identifiers": [] });
        assert_eq!(code(|value| value["application"]["insured"] = nobody).unwrap().0, "application.insured");
    }

    #[test]
    fn all_faults_are_named_at_once_each_at_its_place() {
        let broken = signed(|value| {
            value["application"]["insured"] =
                json!({ "name": "林\n小寶", "birth_date": "2015-02-03", "identifiers": [] });
            value["application"]["accident"] = json!({ "at": "yesterday", "description": " " });
            value["application"]["account"] = json!({ "bank": "1", "number": "2", "holder": "陳大文" });
            value["application"]["signature"] = json!({ "kind": "thumbprint" });
        });
        let places: Vec<&str> = broken.faults(now()).iter().map(|fault| fault.at).collect();
        let wanted = [
            "/applicant/capacity",
            "/accident/at",
            "/accident/description",
            "/account/bank",
            "/account/number",
            "/account/holder",
            "/signature",
            "/insured",
        ];
        assert_eq!(places, wanted);
        let ahead = now().checked_sub(jiff::SignedDuration::from_mins(6)).unwrap();
        assert_eq!(signed(|_| {}).check(ahead).unwrap_err().code, "application.signed-at");
        let long = signed(|value| value["application"]["applicant"]["ground"] = json!("長".repeat(201)));
        assert_eq!(long.check(now()).unwrap_err().at, "/applicant");
    }
}
