//! Wire forms of giving back, linking and tracing: ids, words and times; an insurer's own number for itself alone.

use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// Body of `POST /insurer/v1/deliveries/{id}/return` (退件).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Return"))]
#[serde(deny_unknown_fields)]
pub struct ReturnBody {
    /// `not-insured-here`, `policy-not-in-force`, `line-not-covered` or `other`.
    #[validate(length(min = 1, max = 40))]
    pub reason: String,
    /// Whom it should have gone to, where the insurer knows: handed on only under the claim's own consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub suggested_recipient: Option<SuggestedRecipient>,
}

/// An insurer by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SuggestedRecipient {
    /// The number's namespace; a 統一編號 where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 200))]
    pub system: Option<String>,
    /// The number.
    #[validate(length(min = 1, max = 64))]
    pub value: String,
    /// The line, where it is not the one of the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
}

/// What a return answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Returned"))]
pub struct ReturnedView {
    /// Delivery id.
    pub delivery_id: String,
    /// Submission id, for its trace.
    pub submission_id: String,
    /// `returned`.
    pub state: &'static str,
    /// Why.
    pub reason: &'static str,
    /// To whom the claim was handed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_to: Option<DoorView>,
}

/// The other end of a hand-over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HandOver"))]
pub struct DoorView {
    /// The insurer's id.
    pub recipient: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// Its submission.
    pub submission_id: String,
    /// The how-manieth hand it is; at the receiving end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hops: Option<i64>,
}

/// Body of `POST /insurer/v1/submissions/{id}/link`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "LinkedCase"))]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    /// `alliance-chain` (理賠聯盟鏈), `paper` (紙本), `direct-fhir`, or `gateway`.
    #[validate(length(min = 1, max = 40))]
    pub rail: String,
    /// The insurer's own case number there.
    #[validate(length(min = 1, max = 64))]
    pub number: String,
}

opaque_debug!(LinkBody);

/// What a link answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkedSubmission {
    /// Submission id.
    pub submission_id: String,
    /// Claim id.
    pub claim_id: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The state it is in now: that of the case.
    pub state: String,
    /// The rails it is linked by.
    pub linked: Vec<&'static str>,
    /// Other submissions of the same case: a status reported of one counts for all.
    pub same_case: Vec<String>,
}

/// What `GET …/submissions/{id}/trace` answers, to the hospital and to the insurer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubmissionTrace {
    /// Submission id.
    pub submission_id: String,
    /// Claim id.
    pub claim_id: String,
    /// The insurer's id.
    pub recipient: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The state it is in now.
    pub state: String,
    /// Its deliveries, oldest first.
    pub deliveries: Vec<TracedDelivery>,
    /// By which other rails the insurer has the case.
    pub linked: Vec<TracedLink>,
    /// Other submissions of the same case; for the insurer alone, otherwise empty.
    pub same_case: Vec<String>,
}

/// A delivery in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TracedDelivery {
    /// Delivery id.
    pub delivery_id: String,
    /// Revision for this recipient and line.
    pub revision: i64,
    /// `ready`, `acknowledged`, `withdrawn` or `returned`.
    pub state: &'static str,
    /// When it was made (UTC).
    pub created: Timestamp,
    /// When its first byte left (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Timestamp>,
    /// When it was acknowledged (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Timestamp>,
    /// Why and when it was given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<TracedReturn>,
    /// To whom the claim was handed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_to: Option<DoorView>,
    /// From whom it was handed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<DoorView>,
}

/// A return in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TracedReturn {
    /// Why.
    pub reason: &'static str,
    /// When (UTC).
    pub at: Timestamp,
    /// Why the insurer's suggestion was not followed: a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_forwarded: Option<&'static str>,
}

/// A link in a trace.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TracedLink {
    /// By which rail.
    pub rail: &'static str,
    /// Since when (UTC).
    pub at: Timestamp,
    /// The insurer's own number there; for the insurer alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

opaque_debug!(TracedLink);
