//! The insurer's wire forms: deliveries, receipts and submissions out, acknowledgement and status in. Plain values, no IO.

use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::Validate;

pub mod cover;
pub mod decision;
pub mod handover;
pub mod payment;
pub mod records;
pub mod request;
pub mod told;
pub mod webhook;

use decision::{Decision, Handler, PolicyFound};

/// A delivery as `GET /insurer/v1/deliveries` lists it. The packet itself is fetched by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Delivery"))]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Delivery id, `dlv_` + UUIDv7.
    pub id: String,
    /// Place in this recipient's stream, from 1, without gaps; the next pull says `after=` this.
    pub position: i64,
    /// Packet id, `pkt_` + UUIDv7.
    pub packet_id: String,
    /// Claim id, `clm_` + UUIDv7.
    pub claim_id: String,
    /// Submission (受理案件) whose status the insurer reports, `sub_` + UUIDv7.
    pub submission_id: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// Revision for this recipient and line, from 1, without gaps.
    pub revision: i64,
    /// `ready`, `acknowledged`, `withdrawn` or `returned`.
    pub state: String,
    /// Size of the sealed packet in bytes.
    pub bytes: i64,
    /// SHA-256 of the sealed packet, base64url.
    pub digest: String,
    /// Id of the recipient's key it is sealed to.
    pub kid: String,
    /// When it was made (UTC).
    pub created: Timestamp,
    /// `accepted` or `rejected`, once acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<String>,
    /// SHA-256 of the signed receipt (簽收回條), base64url, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Other claims of the same hospital with the same receipt that this recipient got too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same_receipt_as: Vec<String>,
}

/// What `GET /insurer/v1/deliveries` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "DeliveryPage"))]
pub struct Page {
    /// Deliveries in the order of their positions.
    pub deliveries: Vec<Envelope>,
    /// What the next pull says as `after`.
    pub next_after: i64,
    /// Whether the page was full.
    pub more: bool,
}

/// What `GET /insurer/v1/deliveries/{id}/receipt` answers: the receipt (簽收回條) with the key that verified it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Receipt"))]
pub struct ReceiptView {
    /// Delivery id.
    pub delivery_id: String,
    /// Packet id.
    pub packet_id: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// SHA-256 of the decrypted presentation, base64url.
    pub presentation_digest: String,
    /// `accepted` or `rejected`.
    pub result: String,
    /// When the insurer signed it (UTC).
    pub signed_at: Timestamp,
    /// When it came in (UTC).
    pub received_at: Timestamp,
    /// SHA-256 of the receipt, base64url.
    pub digest: String,
    /// The receipt as it came, a compact JWS.
    pub receipt: String,
    /// The public key that verified it, a JWK (RFC 7517).
    pub keys: Vec<Value>,
}

/// What a reported status answers: the submission (受理案件) as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Submission"))]
pub struct SubmissionView {
    /// Submission id.
    pub submission_id: String,
    /// Claim id.
    pub claim_id: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The state it is in now.
    pub state: String,
}

/// What an insurer says of a delivery it fetched (簽收).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AckResult {
    /// Opened and verified.
    #[default]
    Accepted,
    /// Could not be opened or verified.
    Rejected,
}

/// Body of `POST /insurer/v1/deliveries/{id}/ack`; an empty body accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Acknowledgement"))]
#[serde(deny_unknown_fields)]
pub struct AckBody {
    /// Opened and verified, or not.
    #[serde(default)]
    pub result: AckResult,
    /// SHA-256 of the decrypted presentation, base64url: proves that the insurer opened these bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(equal = 43))]
    pub presentation_digest: Option<String>,
    /// The signed receipt (簽收回條), a compact JWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// Body of `POST /insurer/v1/endpoint/redrive`: exactly one way to say which deliveries are told of again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RedriveBody {
    /// All beyond this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 0))]
    pub after: Option<i64>,
    /// Those made from this time on (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Those made before this time; now where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// `true`: all that are not acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
}

/// One of many acknowledgements: what [`AckBody`] says, and of which delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AckItem {
    /// Delivery id, `dlv_` + UUIDv7.
    pub delivery_id: String,
    /// Opened and verified, or not.
    #[serde(default)]
    pub result: AckResult,
    /// As in [`AckBody`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presentation_digest: Option<String>,
    /// As in [`AckBody`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

impl AckItem {
    /// The same as it would come alone.
    #[must_use]
    pub fn into_ack(self) -> AckBody {
        AckBody { result: self.result, presentation_digest: self.presentation_digest, receipt: self.receipt }
    }
}

/// Body of `POST /insurer/v1/acks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AcksBody {
    /// The acknowledgements, each of another delivery.
    #[validate(length(min = 1, max = 200))]
    pub acks: Vec<AckItem>,
}

/// Body of `POST /insurer/v1/submissions/{id}/status`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StatusReport"))]
#[serde(deny_unknown_fields)]
pub struct StatusBody {
    /// The state the submission is in now.
    #[validate(length(min = 1, max = 40))]
    pub state: String,
    /// The insurer's own case number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 64))]
    pub number: Option<String>,
    /// A note kept with the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1_000))]
    pub note: Option<String>,
    /// What was found of policies (保單); replaces what was reported before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 20), nested)]
    pub policies: Option<Vec<PolicyFound>>,
    /// Whom to ask (承辦窗口).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub handler: Option<Handler>,
    /// The day on which all papers were there: the term to pay runs from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_on: Option<Date>,
    /// The decision (理賠決定), with `accepted`, `partly-accepted` or `declined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub decision: Option<Decision>,
}

opaque_debug!(StatusBody);

impl AckBody {
    /// Whether the packet was opened and verified.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.result == AckResult::Accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_acknowledgement_accepts_and_an_unknown_member_is_refused() {
        assert!(serde_json::from_str::<AckBody>("{}").unwrap().is_accepted());
        assert!(!serde_json::from_str::<AckBody>(r#"{"result":"rejected"}"#).unwrap().is_accepted());
        assert!(serde_json::from_str::<AckBody>(r#"{"reslt":"rejected"}"#).is_err());
    }

    #[test]
    fn a_digest_has_the_length_of_sha_256() {
        let body = AckBody { presentation_digest: Some("short".to_owned()), ..AckBody::default() };
        assert!(body.validate().is_err());
    }
}
