//! A job as a row: in the clear who takes part and where it stands; all else sealed under the claim's key.

use jiff::Timestamp;

use super::RepairState;
use crate::id::{ClaimId, RepairId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// What is written.
#[derive(Debug)]
pub enum RepairWrite {
    /// A shop is invited.
    New(Box<RepairRow>),
    /// A job is as it is now, from the version it was read at.
    Step(Box<RepairRow>),
    /// The number of an invoice, by keyed digest, belongs to this job from now on.
    Invoice(RepairId, Mac, Timestamp),
}

/// A job as it is kept.
#[derive(Clone, Debug)]
pub struct RepairRow {
    /// Id.
    pub id: RepairId,
    /// The claim.
    pub claim: ClaimId,
    /// The shop.
    pub shop: PartyId,
    /// Where it stands.
    pub state: RepairState,
    /// The version it was read at; 0 for a new one.
    pub version: i64,
    /// All else, sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
}
