//! The registry of trusted issuers (信任清單) as the store keeps it: what counts, and what waits for a second operator.

use jiff::Timestamp;

use super::proposal::Verdict;
use crate::id::ProposalId;

/// An issuer as it was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRow {
    /// `iss`, or a DID.
    pub id: String,
    /// An [`IssuerDocument`](crate::keys::issuers::IssuerDocument), JSON.
    pub document: String,
    /// Counts changes, from 1.
    pub version: i64,
    /// When it was changed last.
    pub at: Timestamp,
}

/// A change that waits for a second operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustProposal {
    /// Id.
    pub id: ProposalId,
    /// The issuer.
    pub issuer: String,
    /// The version it was made against; 0 for one that is in no row yet.
    pub base: i64,
    /// The document as it would be, JSON.
    pub document: String,
    /// Who proposes it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when it can be approved.
    pub expires_at: Timestamp,
    /// What was said of it, and by whom; none while it is open.
    pub decided: Option<(Verdict, String)>,
}

/// What is written.
#[derive(Debug)]
pub enum TrustWrite {
    /// A proposal.
    Propose(Box<TrustProposal>),
    /// A decision: an approval is never by who proposed it, a withdrawal never by another.
    Decide(ProposalId, Verdict, String, Timestamp),
    /// An issuer from the version it was read at (0: there is no row); its own version is one more.
    Issuer(Box<TrustRow>),
}
