//! What becomes of a delivery at the wrong door, and of a case that came by another rail: words and rows, no IO.

use std::str::FromStr;

use claimgate_packet::words::Line;
use jiff::Timestamp;

use crate::id::{ClaimId, DeliveryId, SubmissionId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// How often a claim is handed on before a person must look at it.
pub const MOST_HOPS: i64 = 3;

/// A word that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of: {0}")]
pub struct UnknownWord(&'static str);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $all:literal, $($(#[$of:meta])* $variant:ident = $word:literal;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            /// Every word, for messages.
            pub const WORDS: &'static str = $all;

            /// The word in interfaces and the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord(Self::WORDS)),
                }
            }
        }
    };
}

words! {
    /// Why a recipient gives a delivery back (退件原因).
    ReturnReason, "not-insured-here, policy-not-in-force, line-not-covered, other",
    /// The person has no policy there (非本公司保戶).
    NotInsured = "not-insured-here";
    /// There is one, and it does not count at that time (保單未生效或已失效).
    NotInForce = "policy-not-in-force";
    /// There is one, in another line (險種不符).
    OtherLine = "line-not-covered";
    /// Anything else (其他).
    Other = "other";
}

words! {
    /// By which other rail a case came (其他管道).
    Rail, "alliance-chain, paper, direct-fhir, gateway",
    /// The claims alliance chain (理賠聯盟鏈).
    AllianceChain = "alliance-chain";
    /// Paper (紙本).
    Paper = "paper";
    /// FHIR between the hospital and the insurer without a gateway.
    DirectFhir = "direct-fhir";
    /// This gateway, under another claim.
    Gateway = "gateway";
}

/// Why a returned delivery is not handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotForwarded {
    /// Nobody is known by that number, or it takes no deliveries.
    #[error("nobody registered here is known by this number, or takes this line of insurance")]
    Unknown,
    /// The hospital's coverages do not name it, so the consent does not cover it.
    #[error("the consent of this claim does not name this insurer; the hospital must push a corrected Coverage")]
    OutsideConsent,
    /// It has returned this claim itself.
    #[error("this insurer has returned the claim itself")]
    ReturnedBefore,
    /// Handed on too often.
    #[error("the claim was handed on three times; the hospital must look at it")]
    TooOften,
    /// It is not active, or has no valid key.
    #[error("this insurer can get nothing now")]
    Inactive,
}

impl NotForwarded {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::Unknown, Self::OutsideConsent, Self::ReturnedBefore, Self::TooOften, Self::Inactive];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "forward.unknown-recipient",
            Self::OutsideConsent => "forward.outside-consent",
            Self::ReturnedBefore => "forward.returned-before",
            Self::TooOften => "forward.too-often",
            Self::Inactive => "forward.recipient-inactive",
        }
    }

    /// The reason of a code, as it was stored.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// What is written.
#[derive(Debug)]
pub enum HandoverWrite {
    /// What a recipient's repository answered, sealed.
    Repository(DeliveryId, Vec<u8>, Timestamp),
    /// A delivery is given back.
    Return(Box<ReturnRow>),
    /// The delivery that follows a returned one, and how often the claim was handed on by then.
    Forward(DeliveryId, DeliveryId, i64, Timestamp),
    /// A submission is the insurer's own case by another rail.
    Link(Box<LinkRow>),
    /// What makes a claim the same as another of its hospital; replaces what was there.
    ReceiptKeys(ClaimId, PartyId, Vec<Mac>),
}

/// A delivery given back.
#[derive(Debug)]
pub struct ReturnRow {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The claim.
    pub claim: ClaimId,
    /// By whom.
    pub party: PartyId,
    /// Its submission with the version it was read at: returned too, where no newer delivery of it counts.
    pub submission: (SubmissionId, i64),
    /// Why.
    pub reason: ReturnReason,
    /// Whom it suggests instead, sealed.
    pub suggested: Option<Vec<u8>>,
    /// Why the suggestion was not followed.
    pub refused: Option<NotForwarded>,
    /// When.
    pub at: Timestamp,
}

/// An insurer's own case by another rail.
#[derive(Debug)]
pub struct LinkRow {
    /// The submission.
    pub submission: SubmissionId,
    /// Whose.
    pub party: PartyId,
    /// By which rail.
    pub rail: Rail,
    /// Keyed digest of the insurer's number there.
    pub number_mac: Mac,
    /// The number, sealed under the claim's key.
    pub number: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// A claim's other end of a hand-over: who, in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The insurer.
    pub party: PartyId,
    /// The line.
    pub line: Line,
    /// Its submission.
    pub submission: SubmissionId,
}
