//! The owner of a claim (保戶): the page it is followed on, and the addresses that are told by mail. Values only; what a page
//! holds and addresses are kept sealed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::application::page::{Language, Times};
use crate::id::{ClaimId, OwnerMailId, OwnerPageId};
use crate::keys::index::Mac;
use crate::party::PartyId;

pub mod letter;

/// What a page holds, sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct OwnerState {
    /// In which language it is shown.
    pub language: Language,
    /// A wallet that was asked who the person is.
    #[serde(default)]
    pub wallet: Option<AskedWallet>,
    /// How sure the identity is that a wallet has shown (the level of assurance); none before.
    #[serde(default)]
    pub identified: Option<String>,
}

/// A wallet that was asked.
#[derive(Clone, Serialize, Deserialize)]
pub struct AskedWallet {
    /// The session.
    pub session: String,
    /// What invokes a wallet.
    pub link: String,
}

claimgate_packet::opaque_debug!(OwnerState, AskedWallet);

/// What is written.
#[derive(Debug)]
pub enum OwnerWrite {
    /// A new page.
    Page(Box<OwnerPageRow>),
    /// A link is used for a session, if it was not before and its time is not over.
    Opened(OwnerPageId, Mac, Times),
    /// What a page holds, over the version that was read.
    Saved(OwnerPageId, i64, Vec<u8>),
    /// A session is over.
    Closed(OwnerPageId, Timestamp),
    /// An address that is asked to confirm; nothing where the claim has it already.
    Mail(Box<OwnerMailRow>),
    /// An address is confirmed, if it was not.
    Confirmed(OwnerMailId),
    /// An address goes, with what it was to be told.
    Forgotten(OwnerMailId),
    /// What an address is to be told is in hand until then.
    Leased(OwnerMailId, Vec<(String, i64)>, Timestamp),
    /// What came of it.
    Told(OwnerMailId, Vec<(String, i64)>, ToldNext),
}

/// What follows from an attempt to tell an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldNext {
    /// It was told.
    Done,
    /// Tried again then.
    Again(Timestamp),
    /// Given up.
    Dead,
}

/// A new page.
pub struct OwnerPageRow {
    /// Id.
    pub id: OwnerPageId,
    /// The claim.
    pub claim: ClaimId,
    /// The app backend that asked for its link; none where a tracking code opened it.
    pub party: Option<PartyId>,
    /// Keyed digest of the secret of its link; none where a tracking code opened it.
    pub link: Option<Mac>,
    /// Keyed digest of the secret of its session, where that begins at once.
    pub session: Option<Mac>,
    /// An [`OwnerState`], sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// Until when the link can be used.
    pub link_until: Timestamp,
    /// Until when the session lasts.
    pub open_until: Option<Timestamp>,
    /// When it is forgotten.
    pub forget_at: Timestamp,
}

/// An address that is to be told.
pub struct OwnerMailRow {
    /// Id.
    pub id: OwnerMailId,
    /// The claim.
    pub claim: ClaimId,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// Keyed digest of it within the claim: an address stands once.
    pub mac: Mac,
    /// In which language it is told first.
    pub language: Language,
    /// When.
    pub at: Timestamp,
    /// Until when it can be confirmed.
    pub confirm_until: Timestamp,
}

claimgate_packet::opaque_debug!(OwnerPageRow, OwnerMailRow);

/// An address with what it is to be told.
#[derive(Clone)]
pub struct DueOwnerMail {
    /// The address.
    pub id: OwnerMailId,
    /// The claim.
    pub claim: ClaimId,
    /// The claim's data key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The address, sealed.
    pub address: Vec<u8>,
    /// Whether it is confirmed; otherwise it is asked to.
    pub confirmed: bool,
    /// In which language it is told first.
    pub language: Language,
    /// Entries of the timeline, each with its fencing number.
    pub entries: Vec<(String, i64)>,
    /// What happened, oldest first, with its parameters.
    pub events: Vec<(String, serde_json::Value)>,
    /// Attempts made.
    pub tries: u32,
}

claimgate_packet::opaque_debug!(DueOwnerMail);

/// The events an address is told of: papers arrived, a packet sent, papers asked for, decisions, payments, last days.
pub const TOLD: [&str; 8] = [
    "claim.received",
    "packet.signed",
    "submission.request",
    "submission.decided",
    "submission.payment",
    "accident.paper",
    "deadline.near",
    "claim.voided",
];

/// How a claim is named where a mail may be read by others: the last six signs of its id.
#[must_use]
pub fn short(claim: ClaimId) -> String {
    let text = claim.to_string();
    let rest: Vec<char> = text.chars().rev().take(6).collect();
    rest.into_iter().rev().collect::<String>().to_uppercase()
}
