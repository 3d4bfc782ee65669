//! Requests for papers (補件, 病歷調閱): what an insurer asks for, by a fixed list of documents, and how a hospital answers.
//! Words and plain values, no IO; what follows from them is not known here.

use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::records::RecordsShown;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal, $chinese:literal, $english:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $(#[doc = concat!($english, " (", $chinese, ").")] $variant,)+
        }

        impl $name {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in interfaces.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The Chinese term.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese,)+ }
            }

            /// In English.
            #[must_use]
            pub fn english(self) -> &'static str {
                match self { $(Self::$variant => $english,)+ }
            }
        }
    };
}

words! {
    /// A document that can be asked for.
    DocumentKind {
        Certificate = "certificate", "診斷證明書", "Certificate of diagnosis";
        Receipt = "receipt", "醫療費用收據", "Receipt";
        ItemisedReceipt = "itemised-receipt", "醫療費用明細", "Itemised receipt";
        DischargeSummary = "discharge-summary", "出院病歷摘要", "Discharge summary";
        AdmissionNote = "admission-note", "入院病歷摘要", "Admission note";
        OperationRecord = "operation-record", "手術紀錄", "Operation record";
        AnaesthesiaRecord = "anaesthesia-record", "麻醉紀錄", "Anaesthesia record";
        OutpatientRecord = "outpatient-record", "門診病歷", "Outpatient record";
        EmergencyRecord = "emergency-record", "急診病歷", "Emergency record";
        NursingRecord = "nursing-record", "護理紀錄", "Nursing record";
        LaboratoryReport = "laboratory-report", "檢驗報告", "Laboratory report";
        PathologyReport = "pathology-report", "病理報告", "Pathology report";
        ImagingReport = "imaging-report", "影像檢查報告", "Imaging report";
        Images = "images", "醫學影像", "Images";
        Prescription = "prescription", "處方箋", "Prescription";
        AccidentProof = "accident-proof", "意外事故證明", "Proof of the accident";
        ApplicationForm = "application-form", "理賠申請書", "Claim form";
        Consent = "consent", "個資同意書", "Consent";
        Identity = "identity", "身分證明文件", "Proof of identity";
        BankAccount = "bank-account", "存摺封面影本", "Cover of the passbook";
        PowerOfAttorney = "power-of-attorney", "委託書", "Power of attorney";
        HouseholdRegister = "household-register", "戶籍謄本", "Household register";
        DeathCertificate = "death-certificate", "死亡證明書", "Death certificate";
        Other = "other", "其他", "Another document; the note says which";
    }
}

words! {
    /// Why a hospital refuses a request.
    RefusalReason {
        NotOurPatient = "not-our-patient", "非本院病人", "The person was not treated here";
        NoSuchRecord = "no-such-record", "無此紀錄", "There is no such record";
        RetentionOver = "retention-over", "已逾保存年限", "The record is older than it must be kept";
        ConsentMissing = "consent-missing", "同意書不足", "The consent does not cover it";
        Unclear = "unclear", "需求不明確", "It is not clear what is wanted";
        AlreadySent = "already-sent", "已提供", "It was sent before";
        Other = "other", "其他", "Another reason; the note says which";
    }
}

words! {
    /// Who is asked.
    Addressee {
        Hospital = "hospital", "醫院", "The hospital of the claim";
        Person = "person", "保戶", "The person, through the app";
    }
}

words! {
    /// What a hospital says to a request.
    AnswerResult {
        Accepted = "accepted", "受理", "The records office takes it on";
        PartlyAnswered = "partly-answered", "部分提供", "A part of it is in the revision named";
        Answered = "answered", "已提供", "All of it is in the revision named";
        Refused = "refused", "拒絕", "It is refused, with a reason";
    }
}

words! {
    /// How an insurer closes its own request.
    CloseResult {
        Answered = "answered", "已收齊", "The papers came by another way";
        Cancelled = "cancelled", "取消", "They are not needed any more";
    }
}

impl DocumentKind {
    /// Its LOINC code, where it has one.
    #[must_use]
    pub fn loinc(self) -> Option<&'static str> {
        match self {
            Self::DischargeSummary => Some("18842-5"),
            Self::AdmissionNote => Some("47039-3"),
            Self::OperationRecord => Some("11504-8"),
            Self::OutpatientRecord => Some("34108-1"),
            Self::EmergencyRecord => Some("34111-5"),
            Self::NursingRecord => Some("34746-8"),
            Self::LaboratoryReport => Some("11502-2"),
            Self::PathologyReport => Some("11526-1"),
            Self::ImagingReport => Some("18748-4"),
            Self::Prescription => Some("57833-6"),
            Self::PowerOfAttorney => Some("64298-3"),
            Self::DeathCertificate => Some("64297-5"),
            _ => None,
        }
    }
}

/// A document that is asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Which.
    pub kind: DocumentKind,
    /// What of it; needed with `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 500))]
    pub note: Option<String>,
}

/// Body of `POST /insurer/v1/submissions/{id}/supplements`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SupplementBody {
    /// What is asked for.
    #[validate(length(min = 1, max = 20), nested)]
    pub documents: Vec<Wanted>,
    /// Who is asked.
    pub to: Addressee,
    /// The last day, in Taiwan: after today, at most 180 days from now.
    pub due_on: Date,
    /// More for whoever is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1_000))]
    pub note: Option<String>,
    /// Why an earlier request did not name it: needed from the second request on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 500))]
    pub why_not_before: Option<String>,
}

/// Body of `POST /hospital/v1/requests/{id}/answer`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestAnswer {
    /// What is said.
    pub result: AnswerResult,
    /// The claim's revision that holds the documents: needed with `answered` and `partly-answered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 1))]
    pub revision: Option<i64>,
    /// Why it is refused: needed with `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    /// A note for the insurer; needed with the reason `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1_000))]
    pub note: Option<String>,
    /// Ids of other requests for the same claim that this answers too, of whatever insurer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 49))]
    pub also: Vec<String>,
    /// Of a record request (病歷調閱), with `refused`: which of its kinds; all that have not come where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 24))]
    pub documents: Vec<DocumentKind>,
}

/// Body of `POST /insurer/v1/requests/{id}/close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CloseBody {
    /// How.
    pub result: CloseResult,
}

opaque_debug!(Wanted, SupplementBody, RequestAnswer);

/// A request without its texts; holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestHead {
    /// Id of the request, `tsk_` + UUIDv7.
    pub request_id: String,
    /// `supplement` or `records`.
    pub kind: String,
    /// Claim id.
    pub claim_id: String,
    /// Submission id.
    pub submission_id: String,
    /// The insurer that asks.
    pub insurer: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The how-manieth request of the submission it is, from 1.
    pub number: i64,
    /// Who is asked.
    pub to: Addressee,
    /// Where it stands.
    pub state: String,
    /// The last day, in Taiwan.
    pub due_on: Date,
    /// When it was made (UTC).
    pub made_at: Timestamp,
    /// The claim's revision it was answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// What a hospital said, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnswerKept {
    /// What was said.
    pub result: AnswerResult,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A request with its texts.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestView {
    /// What it is.
    #[serde(flatten)]
    pub head: RequestHead,
    /// What is asked for.
    pub documents: Vec<Wanted>,
    /// More for whoever is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why an earlier request did not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not_before: Option<String>,
    /// The last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerKept>,
    /// What a record request (病歷調閱) has beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordsShown>,
}

/// Requests, oldest first.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestsView {
    /// The requests.
    pub requests: Vec<RequestView>,
}

/// A page of requests without their texts, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestPage {
    /// The requests.
    pub requests: Vec<RequestHead>,
    /// Whether there are more beyond the last one.
    pub more: bool,
}

opaque_debug!(AnswerKept, RequestView, RequestsView);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_in_json_is_the_word_of_the_table() {
        for kind in DocumentKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for reason in RefusalReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        for result in AnswerResult::ALL {
            assert_eq!(serde_json::to_value(result).unwrap(), result.as_str());
        }
        assert!(serde_json::from_str::<Wanted>(r#"{"kind":"diary"}"#).is_err());
    }
}
