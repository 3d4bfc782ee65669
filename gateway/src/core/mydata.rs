//! Transactions with MyData (個人化資料自主運用平臺): what was asked, where it stands, what came. Values only.
//!
//! The person's number is in none of them; ticket and key of the one fetch are secrets until it is made.

use claimgate_adapters::mydata::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::proposal::words;
use crate::id::{ClaimId, MydataId};
use crate::keys::index::Mac;
use crate::party::PartyId;

words! {
    /// Where a transaction stands.
    TransactionState {
        /// The platform has not notified: the person is asked, or was.
        Waiting = "waiting";
        /// The package can be fetched, once.
        Ready = "ready";
        /// It is being fetched, and may have been handed out.
        Fetching = "fetching";
        /// It is here, sealed, and not proved yet.
        Fetched = "fetched";
        /// It holds; each data set came or did not.
        Verified = "verified";
        /// It does not hold, and nothing of it is kept.
        Refused = "refused";
        /// No provider gave anything.
        Unavailable = "unavailable";
        /// The platform does not hand it out.
        Failed = "failed";
        /// It was handed out and did not arrive: the person is asked again.
        Lost = "lost";
    }
    /// What became of one data set.
    DatasetState {
        /// Its provider signed it, and it holds.
        Verified = "verified";
        /// It did not come.
        Unavailable = "unavailable";
        /// The package it came in does not hold.
        Refused = "refused";
    }
}

impl TransactionState {
    /// Whether something is still due.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Ready | Self::Fetching | Self::Fetched)
    }
}

/// A reason of a transaction that is none of a package: word, English, Chinese.
pub const REASONS: [(&str, &str, &str); 9] = [
    ("unable-to-deliver", "The platform says that no data set will come", "平臺通知資料集均無法提供"),
    ("providers-failed", "Every data provider failed (504)", "資料提供者均無回應（504）"),
    (
        "already-fetched",
        "Somebody else fetched the package (201): the ticket is used up",
        "資料包已被領取（201），憑單失效",
    ),
    (
        "package-lost",
        "The package was handed out and did not arrive: ask the person again",
        "資料包已交付但未送達，請當事人重新申請",
    ),
    ("ticket-missing", "The platform did not see the ticket (400)", "平臺未收到領取憑單（400）"),
    ("address-refused", "The platform does not know this gateway's address (401)", "平臺未登錄本閘道位址（401）"),
    (
        "ticket-unknown",
        "The platform does not know the ticket, or it has expired (403)",
        "領取憑單不存在或已逾期（403）",
    ),
    ("answer-too-large", "The package is larger than 48 MiB", "資料包超過 48 MiB"),
    ("platform-unreachable", "The platform gave no answer in eight hours", "平臺八小時內無法連線"),
];

/// The sentences of a reason, in English and Chinese.
#[must_use]
pub fn reason_texts(word: &str) -> Option<(&'static str, &'static str)> {
    let of_package = || {
        let refusal = Refusal::ALL.iter().find(|refusal| refusal.detail() == word)?;
        Some((refusal.text(), "資料包查驗未通過"))
    };
    let own = REASONS.iter().find(|(known, ..)| *known == word);
    own.map(|(_, english, chinese)| (*english, *chinese)).or_else(of_package)
}

/// What a transaction keeps, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    /// What was asked for.
    pub datasets: Vec<AskedDataset>,
    /// What the person consents to, as it was shown.
    pub consent: ConsentText,
    /// The page the person is sent back to.
    pub return_to: Option<String>,
    /// Keyed digest of the person's number, base64url.
    pub person: String,
    /// `permission_ticket`.
    #[serde(default)]
    pub ticket: Option<String>,
    /// `secret_key`, as the platform encrypted it.
    #[serde(default)]
    pub key: Option<String>,
    /// What the platform said will not come.
    #[serde(default)]
    pub unable: Vec<String>,
    /// The person as an identification of the claim knows them, base64url; none where the claim's is another.
    #[serde(default)]
    pub identity: Option<String>,
}

/// One data set as it was asked for.
#[derive(Clone, Serialize, Deserialize)]
pub struct AskedDataset {
    /// Its name here.
    pub name: String,
    /// The platform's id.
    pub resource: String,
}

/// What a person consents to (同意事項), in both languages.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConsentText {
    /// 正體中文.
    pub zh: String,
    /// English.
    pub en: String,
}

/// What a data set became, sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Content {
    /// The documents, each in the form of its type.
    pub documents: Vec<Value>,
    /// Names of the files beside them.
    pub files: Vec<String>,
    /// Names of members that have no place in the documents.
    pub left: Vec<String>,
}

claimgate_packet::opaque_debug!(Kept, AskedDataset, ConsentText, Content);

/// A transaction as it is kept, but for its package.
#[derive(Clone)]
pub struct Transaction {
    /// Id; its UUID is the platform's `tx_id`.
    pub id: MydataId,
    /// The app that asked.
    pub party: PartyId,
    /// What for.
    pub purpose: String,
    /// The claim it is for.
    pub claim: Option<ClaimId>,
    /// Where it stands.
    pub state: TransactionState,
    /// Why.
    pub reason: Option<String>,
    /// What the browser came back with.
    pub returned: Option<String>,
    /// Keyed digest of the ticket.
    pub ticket: Option<Mac>,
    /// A [`Kept`], sealed.
    pub request: Vec<u8>,
    /// SHA-256 of the encrypted package, base64url.
    pub package_digest: Option<String>,
    /// Whether an earlier fetch may have had the package.
    pub unsure: bool,
    /// Counts leases.
    pub fence: i64,
    /// Until when the platform may notify.
    pub closes_at: Timestamp,
    /// When it did.
    pub notified_at: Option<Timestamp>,
    /// When the package came.
    pub fetched_at: Option<Timestamp>,
}

/// A data set of a transaction that ended.
#[derive(Clone)]
pub struct DatasetRow {
    /// Its name here.
    pub name: String,
    /// The platform's id.
    pub resource: String,
    /// What became of it.
    pub state: DatasetState,
    /// The platform's code; 204 no data.
    pub code: Option<String>,
    /// Why it was refused, or is no document.
    pub reason: Option<String>,
    /// Whose certificate signed it.
    pub provider: Option<String>,
    /// SHA-256 of that certificate.
    pub fingerprint: Option<String>,
    /// `good` or `unchecked`.
    pub revocation: Option<String>,
    /// Whether the provider is the one registered for it.
    pub pinned: bool,
    /// The evidence type it became.
    pub kind: Option<String>,
    /// How many documents.
    pub documents: i64,
    /// `same` or `other` as the person asked; none where it names none.
    pub person: Option<String>,
    /// A [`Content`], sealed.
    pub content: Option<Vec<u8>>,
    /// The provider's archive, sealed.
    pub archive: Option<Vec<u8>>,
}

claimgate_packet::opaque_debug!(Transaction, DatasetRow);

/// The id of a data set's row: that of its transaction, and its place.
#[must_use]
pub fn dataset_id(id: MydataId, place: i64) -> String {
    format!("{id}/{place}")
}

/// What is written of transactions.
#[derive(Debug)]
pub enum MydataWrite {
    /// A new one, when it began, and when it is forgotten.
    New(Box<Transaction>, Timestamp, Timestamp),
    /// The first word a browser came back with.
    Returned(MydataId, &'static str),
    /// The platform has the package: sealed request with ticket and key, the ticket's digest, when.
    Notified(MydataId, Vec<u8>, Mac, Timestamp),
    /// The platform says what will not come: sealed request, whether that is everything, when.
    Unable(MydataId, Vec<u8>, bool, Timestamp),
    /// Somebody takes it up: the fence it was read at, when, until when nobody else does.
    Leased(MydataId, i64, Timestamp, Timestamp),
    /// To be tried again: the fence, when, whether the package may have been handed out.
    Again(MydataId, i64, Timestamp, bool),
    /// The package came: the fence, itself sealed, its digest, when.
    Fetched(MydataId, i64, Vec<u8>, String, Timestamp),
    /// It ended.
    Ended(Box<Ended>),
}

/// How a transaction ended.
#[derive(Debug)]
pub struct Ended {
    /// The transaction.
    pub id: MydataId,
    /// The fence it was taken up with.
    pub fence: i64,
    /// Its claim.
    pub claim: Option<ClaimId>,
    /// Its state.
    pub state: TransactionState,
    /// Why.
    pub reason: Option<&'static str>,
    /// The request, sealed, without ticket and key.
    pub request: Vec<u8>,
    /// Its data sets.
    pub datasets: Vec<DatasetRow>,
    /// When.
    pub at: Timestamp,
    /// When it is forgotten; none where it stays with its claim.
    pub forget_at: Option<Timestamp>,
}
