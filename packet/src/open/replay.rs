//! Replay, for an opener that keeps a store: the same packet again, or another presentation under its name.
//!
//! In: an opened packet, and what the store kept under the same packet id and line. Out: first, again, or a refusal.
//! The store itself is the opener's: a table with a unique index over (packet id, line).

use super::{OpenError, Opened};
use crate::words::Line;

/// What a store keeps of an opened packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    /// Packet id, the manifest's `jti`: with `line` the key of the row.
    pub packet_id: String,
    /// Line of insurance.
    pub line: Line,
    /// SHA-256 of the presentation, base64url: the value of the row.
    pub presentation_digest: String,
}

/// Whether a packet has come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It has not: keep its trace, then act on it.
    First,
    /// The same presentation has: give the result of the first time and do nothing else.
    Again,
}

impl Opened {
    /// What to keep of this packet.
    #[must_use]
    pub fn trace(&self) -> Trace {
        Trace {
            packet_id: self.packet_id.clone(),
            line: self.recipient.line,
            presentation_digest: self.presentation_digest.clone(),
        }
    }
}

impl Trace {
    /// Compares with the digest the store kept under this packet id and line; `None` where it kept nothing.
    ///
    /// Keep the trace and act on the packet in one transaction, and read again where the insert finds the row taken:
    /// otherwise two copies that come at once are both the first.
    ///
    /// # Errors
    /// [`OpenError::Replayed`] for another presentation.
    pub fn arrival(&self, kept: Option<&str>) -> Result<Arrival, OpenError> {
        match kept {
            None => Ok(Arrival::First),
            Some(kept) if kept == self.presentation_digest => Ok(Arrival::Again),
            Some(_) => Err(OpenError::Replayed),
        }
    }
}
