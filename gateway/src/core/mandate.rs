//! Mandates (委託) as the store keeps them: recorded ones, and those that ended before their time. Values only.
//!
//! A mandate is known by a keyed digest of its issuer and id, a person by one of their number: neither stands in the clear.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::proposal::words;
use super::wallet::MandateUse;
use crate::id::MandateId;
use crate::keys::index::Mac;
use crate::party::PartyId;

words! {
    /// Why a mandate ended before its time (民法第 549、550 條).
    Ending {
        /// The mandator took it back.
        Revoked = "revoked";
        /// The mandator or the mandatary died.
        Died = "died";
    }
}

/// A mandate that was recorded.
#[derive(Debug)]
pub struct MandateRow {
    /// Its id here.
    pub id: MandateId,
    /// Who recorded it.
    pub party: PartyId,
    /// The digest of its issuer and id.
    pub mandate: Mac,
    /// A [`MandateDocument`], sealed.
    pub document: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// When its time is over and it is forgotten.
    pub forget_at: Timestamp,
}

/// What is kept of a recorded mandate, sealed.
#[derive(Serialize, Deserialize)]
pub struct MandateDocument {
    /// The credential with what it discloses, without a holder's proof.
    pub credential: String,
    /// The thumbprint (RFC 7638) of the key it is bound to.
    pub holder: Option<String>,
}

claimgate_packet::opaque_debug!(MandateDocument);

/// What ended, and why.
#[derive(Debug)]
pub struct MandateEnd {
    /// The digest of a mandate, or of a person.
    pub what: Mac,
    /// Why.
    pub reason: Ending,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// When it is forgotten; a death never is.
    pub forget_at: Option<Timestamp>,
}

/// What is written of mandates.
#[derive(Debug)]
pub enum MandateWrite {
    /// A recorded mandate.
    Record(Box<MandateRow>),
    /// One use of one that may run out.
    Use(MandateUse),
    /// It ended; said again, it stays as it was said first.
    End(MandateEnd),
}
