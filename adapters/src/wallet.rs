//! Credentials from wallets (數位憑證皮夾) and mandates (委託): what a wallet sent → who says what of whom, or one reason.
//!
//! In: a session's request, the answer, and documents that were fetched before; the time is handed in. Out: verified
//! credentials, three-valued status, the decision under a mandate. Nothing a credential names is ever fetched here.
//! Must not know: HTTP, the claim, who pays. The check lists and every reason stand in `docs/wallet.md`.

pub mod limits;
pub mod reason;

pub mod key;

mod jws;

pub mod sdjwt;

pub mod status;
pub mod trust;

pub mod credential;

pub mod verify;

pub mod oid4vp;
pub mod twdiw;

pub mod session;

pub mod mandate;

pub mod cases;

pub use reason::Reason;

#[cfg(test)]
mod tests;
