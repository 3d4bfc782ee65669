//! Opening a packet: every check of packet.md, in its order, as types that cannot be skipped.
//!
//! `Sealed` → `Decrypted` → `Authentic` → `Mine` → `Granted` → `Opened`. In: a text, the recipient's keys,
//! the gateway's published keys, the time. Out: verified evidence or one coded refusal. No clock, no store.

use jiff::Timestamp;

use crate::jose::jwk::PrivateJwk;
use crate::sealed::Sealed;
use crate::words::Line;

mod attachment;
mod authentic;
mod decrypted;
mod opened;
mod refusal;
mod replay;
mod trust;

pub use attachment::AttachmentError;
pub use authentic::{Authentic, Granted, Mine};
pub use decrypted::Decrypted;
pub use opened::Opened;
#[cfg(feature = "seal")]
pub(crate) use opened::can_be_met;
pub use refusal::OpenError;
pub use replay::{Arrival, Trace};
pub use trust::TrustedKeys;

/// Opens a sealed packet: the whole chain of checks.
///
/// `aud` is the opener's own address, `line` the line it asks for where one address has several; `now` is
/// handed in. Replay is the caller's, who has the store: see [`Opened::trace`].
///
/// # Errors
/// The first [`OpenError`] in the order of packet.md.
pub fn open(
    text: &str,
    keys: &[PrivateJwk],
    trust: &TrustedKeys,
    aud: &str,
    line: Option<Line>,
    now: Timestamp,
) -> Result<Opened, OpenError> {
    Sealed::parse(text)?.decrypt(keys)?.verify(trust, now)?.for_me(aud, line)?.check_grants()?.evidence()
}

#[cfg(test)]
#[cfg(feature = "seal")]
mod tests;
