//! Record requests (病歷調閱): what an insurer asks hospitals for with a person's consent, what a copy costs, how far it came.
//! Words and plain values, no IO; whether a request stays within its consent is not judged here.

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::Patient;
use claimgate_packet::evidence::application::{Applicant, ApplicationSignature};
use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::request::{DocumentKind, RefusalReason, RequestView, Wanted};

/// The days of treatment a request or a consent speaks of, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
}

impl Period {
    /// Whether all of it is within another one.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        other.from <= self.from && self.until <= other.until
    }

    /// Whether they share a day.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.from <= other.until && other.from <= self.until
    }
}

/// A hospital that is asked, and for what.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AskedHospital {
    /// The hospital's party id.
    #[validate(length(min = 1, max = 64))]
    pub hospital: String,
    /// What it is asked for.
    #[validate(length(min = 1, max = 20), nested)]
    pub documents: Vec<Wanted>,
}

/// The signed paper of a consent: a PDF that is kept, and shown to each hospital that is asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentFile {
    /// SHA-256 of the file, base64url without padding.
    #[validate(length(equal = 43))]
    pub sha256: String,
    /// The PDF in base64, at most 256 KiB of it.
    #[validate(length(min = 8, max = 349_528))]
    pub content: String,
}

/// The person's consent to a record request (病歷調閱同意書): who lets which insurer have what, of which hospitals.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordConsent {
    /// Number of the consent, or of the form that was signed.
    #[validate(length(min = 1, max = 100))]
    pub reference: String,
    /// Whose records.
    pub person: Patient,
    /// Who consents.
    pub given_by: Applicant,
    /// The insurer's party id.
    #[validate(length(min = 1, max = 64))]
    pub insurer: String,
    /// The hospitals: party ids, or institution codes (醫事機構代碼).
    #[validate(length(min = 1, max = 50))]
    pub hospitals: Vec<String>,
    /// The kinds of record.
    #[validate(length(min = 1, max = 24))]
    pub documents: Vec<DocumentKind>,
    /// The days of treatment.
    pub period: Period,
    /// When it was given (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub given_at: Timestamp,
    /// The last day it counts, in Taiwan.
    pub valid_until: Date,
    /// How it was signed.
    pub signature: ApplicationSignature,
    /// The signed paper; this, or `application`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub file: Option<ConsentFile>,
    /// Number of an application (院內申請) at this gateway that holds the consent; then its hospital alone is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 64))]
    pub application: Option<String>,
    /// A mandate (委託) of the person to the insurer that is recorded here, instead of both: each kind it does not allow is
    /// refused, the others are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub mandate: Option<MandateNamed>,
}

/// A recorded mandate as the basis of a record request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RecordMandate"))]
#[serde(deny_unknown_fields)]
pub struct MandateNamed {
    /// Its id here, `mdt_` + UUIDv7.
    #[validate(length(min = 40, max = 40))]
    pub mandate_id: String,
    /// The system of `case_number`, as the mandate names it.
    #[validate(length(min = 1, max = 200))]
    pub case_system: String,
    /// The policy (保單), where the mandate limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 100))]
    pub policy_number: Option<String>,
    /// The day of the accident, where the mandate limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accident_on: Option<Date>,
}

/// Body of `POST /insurer/v1/record-requests`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordsBody {
    /// The insurer's own case number (受理編號).
    #[validate(length(min = 1, max = 100))]
    pub case_number: String,
    /// The line of insurance it is asked for (險種).
    pub line: Line,
    /// Whose records.
    pub person: Patient,
    /// Who is asked for what.
    #[validate(length(min = 1, max = 10), nested)]
    pub hospitals: Vec<AskedHospital>,
    /// The days of treatment; those of the consent where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The last day for the answers, in Taiwan: after today, at most 180 days from now.
    pub due_on: Date,
    /// More for the hospitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1_000))]
    pub note: Option<String>,
    /// A copy fee (複製費) of up to so much, for each hospital, is accepted unasked. Without it each fee is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_limit: Option<Twd>,
    /// Submissions of your own whose documents the answers are compared with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 20))]
    pub compare_with: Vec<String>,
    /// The person's consent. There is no request without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub consent: Option<RecordConsent>,
}

/// Body of `POST /insurer/v1/record-requests/{id}/close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CloseRecords {
    /// Why.
    pub result: RecordsClosed,
}

/// Why an insurer closes a record request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RecordsClosed {
    /// It is not needed any more (取消).
    Cancelled,
    /// The person took the consent back (撤回同意).
    ConsentWithdrawn,
}

/// Body of `POST /hospital/v1/requests/{id}/fee`: what the copies cost (病歷複製費).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FeeBody {
    /// In New Taiwan dollars; zero takes a fee back.
    pub amount: Twd,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 500))]
    pub note: Option<String>,
}

/// Body of `POST /insurer/v1/requests/{id}/fee`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FeeAnswer {
    /// Whether it is paid.
    pub accept: bool,
    /// The amount the answer is about, so that no other one is accepted.
    pub amount: Twd,
}

/// How a copy fee stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FeeState {
    /// Stated; the insurer has not said anything (待同意).
    Stated,
    /// The insurer pays it (同意).
    Accepted,
    /// The insurer does not (不同意).
    Declined,
}

/// A copy fee (複製費).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fee {
    /// In New Taiwan dollars.
    pub amount: Twd,
    /// How it stands.
    pub state: FeeState,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How far one kind of record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// It has not come (待提供).
    Open,
    /// It came (已提供).
    Given,
    /// It is refused (拒絕).
    Refused,
}

/// One kind of record that was asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// Which.
    pub kind: DocumentKind,
    /// How far it is.
    pub state: ItemState,
    /// Why it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
}

/// Who has to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TurnOf {
    /// The hospital.
    Hospital,
    /// The insurer.
    Insurer,
}

/// What has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NextStep {
    /// The records office takes it on or refuses it (病歷室核可).
    Approve,
    /// The records are sent.
    Provide,
    /// The copy fee is accepted or declined.
    AnswerFee,
    /// Another fee is stated, or none, or the rest is refused.
    RestateFee,
}

/// Who is on turn, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OnTurn {
    /// Who.
    pub who: TurnOf,
    /// What.
    pub step: NextStep,
    /// The last day.
    pub until: Date,
    /// Whether that day is over.
    pub overdue: bool,
}

/// What the hospital is told of the consent; the paper itself is fetched apart.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConsentShown {
    /// Its number.
    pub reference: String,
    /// Who consents.
    pub given_by: Applicant,
    /// The kinds of record it covers.
    pub documents: Vec<DocumentKind>,
    /// The days of treatment it covers.
    pub period: Period,
    /// When it was given (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub given_at: Timestamp,
    /// The last day it counts.
    pub valid_until: Date,
    /// SHA-256 of the signed paper, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_sha256: Option<String>,
    /// The application that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The mandate (委託) it is; `…/consent` gives the mandate itself, a signed credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// Since when it counts no more: it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub withdrawn_at: Option<Timestamp>,
}

/// What a record request has beside what every request has.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordsShown {
    /// The record request this is a hospital's part of, `rec_` + UUIDv7.
    pub record_request_id: String,
    /// The hospital's party id.
    pub hospital: String,
    /// The insurer's own case number (受理編號).
    pub case_number: String,
    /// Whose records.
    pub person: Patient,
    /// The days of treatment.
    pub period: Period,
    /// The consent.
    pub consent: ConsentShown,
    /// Each kind that was asked for.
    pub items: Vec<Item>,
    /// A fee of up to so much is accepted unasked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_limit: Option<Twd>,
    /// The copy fee, where one was stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<Fee>,
    /// What the hospital said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who is on turn; nobody where it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_turn: Option<OnTurn>,
}

/// A record request as its insurer sees it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordRequestView {
    /// Id, `rec_` + UUIDv7.
    pub record_request_id: String,
    /// The line of insurance it is asked for (險種).
    pub line: Line,
    /// When it was made (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub made_at: Timestamp,
    /// What each hospital is asked for, and how far it is.
    pub requests: Vec<RequestView>,
}

/// A record request without anything personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordRequestHead {
    /// Id, `rec_` + UUIDv7.
    pub record_request_id: String,
    /// The line of insurance it is asked for (險種).
    pub line: Line,
    /// When it was made (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub made_at: Timestamp,
    /// The ids of what each hospital is asked for, in the order they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<String>,
    /// Kinds of records the mandate does not allow: they are not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<KindRefused>,
}

/// A kind of record a mandate (委託) does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RecordKindRefused"))]
pub struct KindRefused {
    /// Which.
    pub kind: DocumentKind,
    /// Why, as docs/wallet.md lists.
    pub reason: String,
}

/// A page of record requests, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordRequestPage {
    /// The requests.
    pub record_requests: Vec<RecordRequestHead>,
    /// Whether there are more beyond the last one.
    pub more: bool,
}

opaque_debug!(
    AskedHospital,
    ConsentFile,
    RecordConsent,
    MandateNamed,
    RecordsBody,
    FeeBody,
    Fee,
    Item,
    ConsentShown,
    RecordsShown,
    RecordRequestView
);

/// The kinds a hospital's records office has: what is asked for here is one of them.
pub const RECORDS: &[DocumentKind] = &[
    DocumentKind::Certificate,
    DocumentKind::Receipt,
    DocumentKind::ItemisedReceipt,
    DocumentKind::DischargeSummary,
    DocumentKind::AdmissionNote,
    DocumentKind::OperationRecord,
    DocumentKind::AnaesthesiaRecord,
    DocumentKind::OutpatientRecord,
    DocumentKind::EmergencyRecord,
    DocumentKind::NursingRecord,
    DocumentKind::LaboratoryReport,
    DocumentKind::PathologyReport,
    DocumentKind::ImagingReport,
    DocumentKind::Prescription,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_days_with_both_ends() {
        let period = |from: &str, until: &str| Period { from: from.parse().unwrap(), until: until.parse().unwrap() };
        let year = period("2026-01-01", "2026-12-31");
        assert!(period("2026-01-01", "2026-12-31").is_within(&year));
        assert!(!period("2025-12-31", "2026-01-01").is_within(&year));
        assert!(period("2025-12-31", "2026-01-01").meets(&year));
        assert!(!period("2025-12-30", "2025-12-31").meets(&year));
    }
}
