//! What parties are shown of webhooks and of deliveries on their way. Plain values: ids, words and times.

use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde::Serialize;

use super::Envelope;

/// What `POST /insurer/v1/acks` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AckOutcomes"))]
pub struct AcksView {
    /// One for each item, in their order.
    pub outcomes: Vec<AckOutcome>,
}

/// What came of one of many acknowledgements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AckOutcome {
    /// Which delivery; null where the text was no delivery id.
    pub delivery_id: Option<String>,
    /// The status it would have got alone.
    pub status: u16,
    /// `acknowledged`, or the code of the refusal.
    pub code: &'static str,
    /// The delivery as it is listed now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Envelope>,
    /// What is wrong and how to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What `GET /insurer/v1/endpoint` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Endpoint"))]
pub struct EndpointShown {
    /// Where the party is told.
    pub url: String,
    /// `event`, or `packet` for the sealed packet itself.
    pub content: &'static str,
    /// `on`, `off`, `failing` (seven days without success) or `gone` (it answered 410).
    pub state: &'static str,
    /// Failures in a row.
    pub failures: i64,
    /// Since when it has had no success (UTC).
    pub failing_since: Option<Timestamp>,
    /// Messages that wait.
    pub waiting: i64,
    /// Messages given up after seven days; a redrive brings them back.
    pub given_up: i64,
    /// When it was changed last (UTC).
    pub changed: Timestamp,
}

/// What `GET /insurer/v1/deliveries/{id}/attempts` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attempts {
    /// Delivery id.
    pub delivery_id: String,
    /// Where each Bundle stands in the recipient's own FHIR repository, as it answered; only where it goes there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<serde_json::Value>,
    /// Every attempt to tell of it, oldest first.
    pub attempts: Vec<Attempt>,
}

/// One attempt to tell of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attempt {
    /// The message's id (`webhook-id`), the same at every attempt.
    pub message_id: String,
    /// `delivery.ready` or `delivery.withdrawn`.
    pub event: String,
    /// From 1 for each message.
    pub number: i64,
    /// When it began (UTC).
    pub at: Timestamp,
    /// How long it took.
    pub milliseconds: i64,
    /// The answer's status, if there was an answer.
    pub status: Option<i64>,
    /// Who failed: `recipient`, `network` or `gateway`; null where nobody did.
    pub fault: Option<String>,
    /// The beginning of a failed answer, masked, or what went wrong.
    pub answer: String,
}

/// What `GET /hospital/v1/claims/{id}/deliveries` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SentDeliveries {
    /// Claim id.
    pub claim_id: String,
    /// The claim's deliveries, oldest first.
    pub deliveries: Vec<SentDelivery>,
}

/// A delivery as the hospital it comes from sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SentDelivery {
    /// The submission it belongs to, for its trace.
    pub submission_id: String,
    /// Delivery id.
    pub id: String,
    /// Party id of the recipient.
    pub recipient: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// Revision for this recipient and line.
    pub revision: i64,
    /// `ready`, `acknowledged` or `withdrawn`.
    pub state: &'static str,
    /// When it was made (UTC).
    pub created: Timestamp,
    /// When its first byte left (UTC).
    pub fetched: Option<Timestamp>,
    /// When it was acknowledged (UTC).
    pub acknowledged: Option<Timestamp>,
    /// `accepted` or `rejected`.
    pub acknowledgement: Option<String>,
    /// Every attempt to tell the recipient of it, oldest first.
    pub attempts: Vec<Attempt>,
}
