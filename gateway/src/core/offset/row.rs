//! A case as a row: in the clear who takes part, where it stands and when time alone changes it; all else sealed.

use jiff::Timestamp;

use super::OffsetState;
use crate::id::{ClaimId, OffsetId};
use crate::party::PartyId;

/// What is written.
#[derive(Debug)]
pub enum OffsetWrite {
    /// A case is opened.
    New(Box<OffsetRow>),
    /// A case is as it is now, from the version it was read at.
    Step(Box<OffsetRow>),
}

/// A case as it is kept.
#[derive(Clone, Debug)]
pub struct OffsetRow {
    /// Id.
    pub id: OffsetId,
    /// The claim.
    pub claim: ClaimId,
    /// The hospital.
    pub hospital: PartyId,
    /// The insurers.
    pub insurers: Vec<PartyId>,
    /// Where it stands.
    pub state: OffsetState,
    /// The version it was read at; 0 for a new one.
    pub version: i64,
    /// All else, sealed.
    pub body: Vec<u8>,
    /// When time alone changes it.
    pub due_at: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
}
