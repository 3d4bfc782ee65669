//! The application for a claim (理賠申請書) and the written consent for one recipient (同意書), as the insured signed them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::terms::{Identifier, Patient};
use crate::opaque_debug;
use crate::words::{Line, Purpose};

/// Application for a claim (理賠申請書): who applies for whom, what happened, where the money goes, how it was signed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimApplication {
    /// Number of the application, given by the gateway.
    pub number: String,
    /// When it was signed (UTC).
    pub signed_at: Timestamp,
    /// Where it was made.
    pub channel: ApplicationChannel,
    /// How the hospital knew who the insured is.
    pub identified_by: Identification,
    /// Whose claim it is (被保險人).
    pub insured: Patient,
    /// Who applies (申請人).
    pub applicant: Applicant,
    /// What happened, where it was an accident (意外事故).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accident: Option<AccidentFacts>,
    /// Where the money goes (給付帳戶).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<PayoutAccount>,
    /// How it was signed.
    pub signature: ApplicationSignature,
}

/// Consent for one recipient (同意書; 保險法 §177-1): who may get what, for what.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Number of the application it was given with.
    pub application: String,
    /// The recipient's id.
    pub insurer: String,
    /// The line of insurance (險種).
    pub line: Line,
    /// For what.
    pub purpose: Purpose,
    /// When it was given (UTC).
    pub given_at: Timestamp,
    /// Whose documents.
    pub insured: Patient,
    /// Who gave it.
    pub applicant: Applicant,
    /// Numbers of policies the applicant knows at this insurer (保單號碼).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Evidence types it leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Whether it covers telling this recipient how many others pay the same expenses, and how much of them is paid.
    pub coordination: bool,
    /// Which text was signed.
    pub form: String,
    /// How it was signed.
    pub signature: ApplicationSignature,
}

/// Where an application was made. The list may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ApplicationChannel {
    /// 床邊.
    Bedside,
    /// 櫃檯.
    Counter,
    /// 電話.
    Phone,
}

/// How the insured was identified. The list may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Identification {
    /// By the hospital's own check of a document (院方核對證件).
    Hospital,
    /// By a wallet (數位憑證皮夾).
    Wallet,
    /// By MyData.
    #[serde(rename = "mydata")]
    MyData,
}

/// Who applies and signs (申請人).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// In which capacity.
    pub capacity: ApplicantCapacity,
    /// Name; absent where the insured applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// National ID, resident certificate, passport.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// Why somebody else acts: which document shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
}

/// In which capacity somebody applies. The list may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ApplicantCapacity {
    /// The insured (本人).
    Insured,
    /// Statutory representative of a minor (未成年人之法定代理人).
    RepresentativeOfMinor,
    /// Guardian of a ward (受監護宣告人之監護人).
    Guardian,
    /// A parent of a newborn without a number of its own (新生兒之父母).
    ParentOfNewborn,
}

/// Facts of an accident as the applicant states them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentFacts {
    /// When, as stated: a date, or a date with time.
    pub at: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What happened.
    pub description: String,
}

/// A bank account in Taiwan (給付帳戶).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PayoutAccount {
    /// Code of bank and branch (金融機構代碼): three or seven digits.
    pub bank: String,
    /// Number of the account: digits.
    pub number: String,
    /// In whose name.
    pub holder: String,
    /// The written instruction (給付指示), where it is neither the insured's nor the applicant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
}

/// How something was signed; a picture of it is an attachment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApplicationSignature {
    /// The way.
    pub kind: SignatureKind,
    /// Number of the scan, the recording or the wallet's session; the name typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Who saw it (見證人).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<String>,
}

/// The way something was signed. The list may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SignatureKind {
    /// Drawn on a screen (螢幕簽名).
    Drawn,
    /// By a wallet (數位憑證皮夾).
    Wallet,
    /// On paper, which the hospital keeps (紙本).
    Paper,
    /// A thumbprint before two witnesses (指印及二人見證; 民法 §3).
    Thumbprint,
    /// By telephone, recorded (電話錄音).
    Telephone,
    /// The name typed, before a witness of the hospital's staff (代輸入姓名及院方見證).
    Typed,
}

opaque_debug!(ClaimApplication, Consent, Applicant, AccidentFacts, PayoutAccount, ApplicationSignature);
