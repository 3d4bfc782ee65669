//! Health claims (iClaim): a hospital pushes a bundle; every insurer its coverages name gets a packet.

use claimgate_adapters::hospital::Rejection;
use claimgate_fhir::outcome::Issue;
use claimgate_packet::words::Line;
use serde_json::{Value, json};

use super::Fault;
use crate::core::records::Unfit;
use crate::id::ClaimId;

mod accept;
mod application;
mod attachments;
mod conditional;
mod consented;
mod evidence;
mod forward;
mod page;
mod recall;
mod records;
mod release;
mod revised;
mod same;
mod search;
pub(super) mod send;
mod sharing;
mod signature;
mod trace;
mod uploads;
mod validate;

pub use application::{Applied, Came, NotApplied};
pub use conditional::ByIdentifier;
pub(super) use evidence::{from_row as stored_evidence, row as evidence_row, text as evidence_text};
pub use forward::HandedOn;
pub use page::{BegunPage, NewPage, NotOpened, NotSignedByWallet, Offer, OpenPage};
pub use release::Released;
pub use search::{Found, Search};
pub(super) use signature::address;
pub use signature::{Kept, Request};
pub use trace::{Comparison, Field, Traced};

/// What a hospital sends and under which conditions.
#[derive(Clone, Default)]
pub struct Conditions {
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `If-None-Exist: identifier=<system>|<value>`.
    pub if_none_exist: Option<(Option<String>, String)>,
    /// PUT: this claim, at this revision.
    pub replace: Option<(ClaimId, i64)>,
    /// The request itself, where something in it is signed.
    pub request: Request,
    /// PUT: the case with this number, made where there is none.
    pub update: Option<ByIdentifier>,
}

claimgate_packet::opaque_debug!(Conditions);

/// What a hospital is told of an accepted bundle.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status: 201 where a revision was made by POST or a case by PUT, otherwise 200.
    pub status: u16,
    /// The claim.
    pub claim: ClaimId,
    /// Its revision.
    pub revision: i64,
    /// OperationOutcome; holds no personal data.
    pub outcome: Value,
}

/// Why a bundle is refused. The store is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The bundle itself.
    #[error("the bundle is refused")]
    Rejected(Rejection),
    /// Coverages that lead to nobody.
    #[error("no registered insurer")]
    NoRoute(Vec<Issue>),
    /// More than a packet can carry; says which bound.
    #[error("too much: {0}")]
    TooMuch(&'static str),
    /// More than one case fits the number of `If-None-Exist` or of the address.
    #[error("more than one case fits")]
    ManyExist,
    /// Another hospital's bundle.
    #[error("another hospital's bundle")]
    ForeignHospital,
    /// The `Idempotency-Key` was used for other bytes.
    #[error("the Idempotency-Key was used for another body")]
    KeyReused,
    /// PUT to a claim that is not there, or is another hospital's.
    #[error("no such bundle")]
    NotFound,
    /// `If-Match` names another revision than the present one.
    #[error("the bundle has another revision")]
    RevisionMismatch,
    /// PUT with another case number.
    #[error("the case number may not change")]
    IdentifierChanged,
    /// PUT to another case number than the bundle's own.
    #[error("the address names another case number than the bundle")]
    IdentifierDiffers,
    /// PUT without `If-Match` of bytes that were replaced since.
    #[error("these bytes were replaced since")]
    Overtaken,
    /// Records that do not answer the request they are sent for.
    #[error("{}", .0.text)]
    Records(Unfit),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Unfit> for Refusal {
    fn from(reason: Unfit) -> Self {
        Self::Records(reason)
    }
}

macro_rules! faults {
    ($($error:ty),+) => {$(
        impl From<$error> for Refusal {
            fn from(error: $error) -> Self {
                Self::Fault(error.into())
            }
        }
    )+};
}

faults!(
    crate::store::StoreError,
    crate::keys::at_rest::AtRestError,
    crate::keys::ring::KeyRingError,
    crate::core::packet::PacketError
);

impl Answer {
    fn to_stored(&self) -> String {
        json!({ "status": self.status, "claim": self.claim.to_string(), "revision": self.revision,
            "outcome": self.outcome })
        .to_string()
    }

    fn from_stored(text: &str) -> Result<Self, Fault> {
        let damaged = || Fault::Stored("answer");
        let mut stored: Value = serde_json::from_str(text).map_err(|_| damaged())?;
        let claim = stored.get("claim").and_then(Value::as_str).and_then(|id| id.parse().ok()).ok_or_else(damaged)?;
        let status = stored.get("status").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        Ok(Self {
            status: status.ok_or_else(damaged)?,
            claim,
            revision: stored.get("revision").and_then(Value::as_i64).ok_or_else(damaged)?,
            outcome: stored.get_mut("outcome").map(Value::take).ok_or_else(damaged)?,
        })
    }
}

/// The lines an insurer offers, for a message.
fn words(lines: &[Line]) -> String {
    lines.iter().map(|line| line.as_str()).collect::<Vec<_>>().join(", ")
}
