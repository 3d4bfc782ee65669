//! What reads give back: rows turned into values once, here. A row that cannot be is an error that names where.

use std::str::FromStr;

use claimgate_adapters::insurer::webhook::EventKind;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde_json::Value;

use super::StoreError;
use crate::core::delivery::DeliveryState;
use crate::core::push::{Content, EndpointState};
use crate::core::submission::SubmissionState;
use crate::id::{ClaimId, DeliveryId, EventId, EvidenceId, PacketId, SubmissionId, WorkId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// A claim's head: what a next step relies on.
#[derive(Clone, Debug)]
pub struct ClaimHead {
    /// Id.
    pub id: ClaimId,
    /// Whose.
    pub hospital: PartyId,
    /// Newest revision.
    pub revision: i64,
    /// Counts changes.
    pub version: i64,
    /// Its data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// The answer a hospital got for a revision.
#[derive(Clone, Debug)]
pub struct HospitalAnswer {
    /// The claim.
    pub claim: ClaimId,
    /// The revision.
    pub revision: i64,
    /// The stored answer.
    pub answer: String,
}

/// An answer remembered under an `Idempotency-Key`.
#[derive(Clone, Debug)]
pub struct StoredAnswer {
    /// Keyed digest of the body it answered.
    pub body_mac: Mac,
    /// The answer.
    pub answer: String,
}

/// A delivery as its recipient sees it.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    /// Id.
    pub id: DeliveryId,
    /// Place in the recipient's stream.
    pub position: i64,
    /// The packet.
    pub packet: PacketId,
    /// The claim.
    pub claim: ClaimId,
    /// The hospital it comes from.
    pub hospital: PartyId,
    /// The submission it belongs to.
    pub submission: SubmissionId,
    /// The recipient's line.
    pub line: Line,
    /// Revision for this recipient and line.
    pub revision: i64,
    /// State.
    pub state: DeliveryState,
    /// Size of the sealed packet in bytes.
    pub bytes: i64,
    /// SHA-256 of the sealed packet, base64url.
    pub digest: String,
    /// SHA-256 of the presentation inside, base64url.
    pub presentation_digest: String,
    /// Key it is sealed to.
    pub kid: String,
    /// When it was made.
    pub created: Timestamp,
    /// When its first byte left, or an attempt began that would let it out.
    pub left: Option<Timestamp>,
    /// Whether that is the mark of an attempt, and nobody knows that a byte went out.
    pub leaving: bool,
    /// What the recipient said.
    pub acknowledgement: Option<String>,
    /// SHA-256 of the receipt it signed, base64url.
    pub receipt: Option<String>,
}

/// A submission as its insurer sees it.
#[derive(Clone, Debug)]
pub struct SubmissionView {
    /// Id.
    pub id: SubmissionId,
    /// The claim.
    pub claim: ClaimId,
    /// The hospital the claim comes from.
    pub hospital: PartyId,
    /// Line.
    pub line: Line,
    /// State.
    pub state: SubmissionState,
    /// Counts changes.
    pub version: i64,
    /// The insurer's number and note, sealed.
    pub detail: Option<Vec<u8>>,
    /// The claim's data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// A line of the timeline.
#[derive(Clone, Debug)]
pub struct TimelineLine {
    /// Its place in its reader's stream; given a moment after it was written.
    pub position: Option<i64>,
    /// When.
    pub at: Timestamp,
    /// Event code.
    pub event: String,
    /// Parameters.
    pub parameters: Value,
}

/// What an app backend sees of a claim: its timeline and submissions.
#[derive(Clone, Debug)]
pub struct AppView {
    /// The claim.
    pub claim: ClaimId,
    /// Newest revision.
    pub revision: i64,
    /// Entries, oldest first.
    pub timeline: Vec<TimelineLine>,
    /// Insurer, line and state of each submission.
    pub submissions: Vec<(PartyId, Line, SubmissionState)>,
}

/// Sealed evidence of one revision of a claim.
#[derive(Clone, Debug)]
pub struct EvidenceOfRevision {
    /// Id.
    pub id: EvidenceId,
    /// The revision that replaced it.
    pub superseded_by: Option<i64>,
    /// The document with how it came, sealed.
    pub body: Vec<u8>,
}

/// A leased step.
#[derive(Clone, Copy, Debug)]
pub struct DueWork {
    /// Id.
    pub id: WorkId,
    /// The claim.
    pub claim: ClaimId,
    /// Fencing number: a later lease has a higher one.
    pub fence: i64,
}

/// A leased message with what its endpoint is.
#[derive(Clone, Debug)]
pub struct DuePush {
    /// The message's id, the same at every attempt.
    pub message: String,
    /// Whose endpoint.
    pub party: PartyId,
    /// The delivery it tells of, where it tells of one.
    pub delivery: Option<DeliveryId>,
    /// The entry of a timeline it tells of, where it tells of one.
    pub entry: Option<EventId>,
    /// What happened to it.
    pub kind: EventKind,
    /// Fencing number: a later lease has a higher one.
    pub fence: i64,
    /// Attempts made.
    pub tries: u32,
    /// When the first one was.
    pub first_try: Option<Timestamp>,
    /// Where.
    pub url: String,
    /// What is sent.
    pub content: Content,
    /// Signing secrets, sealed.
    pub secrets: Vec<u8>,
    /// The endpoint's version.
    pub version: i64,
    /// Failures in a row.
    pub failures: u32,
    /// Since when.
    pub failing_since: Option<Timestamp>,
}

/// A party's endpoint.
#[derive(Clone, Debug)]
pub struct EndpointView {
    /// Where.
    pub url: String,
    /// What it is sent.
    pub content: Content,
    /// Signing secrets, sealed.
    pub secrets: Vec<u8>,
    /// Whether it is sent to.
    pub state: EndpointState,
    /// Failures in a row.
    pub failures: i64,
    /// Since when it has had no success.
    pub failing_since: Option<Timestamp>,
    /// Counts changes.
    pub version: i64,
    /// When it was changed last.
    pub changed: Timestamp,
    /// Messages that wait.
    pub due: i64,
    /// Messages given up.
    pub dead: i64,
}

/// One attempt to tell of a delivery.
#[derive(Clone, Debug)]
pub struct AttemptView {
    /// The message.
    pub message: String,
    /// What it told.
    pub kind: String,
    /// From 1 for each message.
    pub number: i64,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: i64,
    /// The answer's status.
    pub status: Option<i64>,
    /// Who failed.
    pub fault: Option<String>,
    /// The beginning of a failed answer, masked, or what went wrong.
    pub words: String,
}

/// A delivery as the hospital it comes from sees it.
#[derive(Clone, Debug)]
pub struct SentView {
    /// Id.
    pub id: DeliveryId,
    /// To whom.
    pub party: PartyId,
    /// In which line.
    pub line: Line,
    /// Revision for this recipient and line.
    pub revision: i64,
    /// State.
    pub state: DeliveryState,
    /// When it was made.
    pub created: Timestamp,
    /// When its first byte left.
    pub left: Option<Timestamp>,
    /// When it was acknowledged.
    pub acknowledged: Option<Timestamp>,
    /// What the recipient said.
    pub acknowledgement: Option<String>,
    /// The submission it belongs to.
    pub submission: SubmissionId,
}

impl DueWork {
    pub(super) fn from_row((id, claim, fence): (String, String, i64)) -> Result<Self, StoreError> {
        Ok(Self { id: parse("work", "id", &id)?, claim: parse("work", "claim_id", &claim)?, fence })
    }
}

/// Reads a text column as a value.
pub(super) fn parse<T: FromStr>(table: &'static str, column: &'static str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Inconsistent { table, column })
}

/// Reads a time column.
pub(super) fn time(table: &'static str, column: &'static str, millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|_| StoreError::Inconsistent { table, column })
}

/// Reads a keyed digest.
pub(super) fn mac(table: &'static str, column: &'static str, bytes: &[u8]) -> Result<Mac, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Inconsistent { table, column })
}
