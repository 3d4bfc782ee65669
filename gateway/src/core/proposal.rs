//! Proposals: a change of the registry that one operator wants and another must agree to. Plain values.

use jiff::Timestamp;

use crate::id::ProposalId;
use crate::party::{PartyId, PartyState};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal;)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in interfaces and the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::core::push::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or($crate::core::push::UnknownWord)
            }
        }
    )+};
}

pub(super) use words;

words! {
    /// What a proposal changes.
    ProposalKind {
        /// A registration document, a state.
        Party = "party";
        /// Where a party is told, or the secret its messages are signed with.
        Endpoint = "endpoint";
    }
    /// What became of a proposal.
    Verdict {
        /// Another operator agreed.
        Approved = "approved";
        /// Another operator did not.
        Rejected = "rejected";
        /// Who proposed it took it back.
        Withdrawn = "withdrawn";
    }
}

/// A change of the registry that waits for a second operator.
#[derive(Clone, Debug)]
pub struct ProposalRow {
    /// Id.
    pub id: ProposalId,
    /// What it changes.
    pub kind: ProposalKind,
    /// The party it changes or adds, or whose endpoint it changes.
    pub party: PartyId,
    /// The version of the party or endpoint it was made against; 0 for a new one.
    pub base: i64,
    /// The registration document with contacts, or the endpoint with its secret, sealed.
    pub document: Vec<u8>,
    /// The state the party would have; none for an endpoint.
    pub state: Option<PartyState>,
    /// Who proposes it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Forgotten after this.
    pub expires_at: Timestamp,
}

/// What is said of an open proposal.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The proposal.
    pub id: ProposalId,
    /// What.
    pub verdict: Verdict,
    /// Who decides: an approval is never by who proposed it, a withdrawal never by another.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, sealed.
    pub reason: Option<Vec<u8>>,
}
