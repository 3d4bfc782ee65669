//! What a change of the master key writes: which one encrypts from now on, and values encrypted under it anew.

use jiff::Timestamp;

use crate::keys::at_rest::Place;
use crate::keys::master::MasterKeyId;

/// Columns whose values a master key encrypts itself. All else personal is encrypted under the key of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encrypted {
    /// Data keys of claims.
    ClaimKey,
    /// Contacts of parties' staff.
    Contacts,
    /// Proposals that wait for a second operator.
    Proposal,
    /// Why one was rejected.
    Rejection,
    /// Secrets of endpoints.
    Endpoint,
    /// Why a claim is under a legal hold.
    Hold,
    /// Keys of files on their way, until a claim takes them over.
    Upload,
    /// What of such a file came after its last whole segment.
    Tail,
    /// What a wallet was asked.
    Asked,
    /// What it answered, where no claim is named.
    Answered,
    /// What patients signed.
    Application,
    /// What was asked of MyData.
    MydataAsked,
    /// A package not proved yet, where no claim is named.
    MydataPackage,
    /// What a data set became, where no claim is named.
    MydataContent,
    /// Its provider's archive, where no claim is named.
    MydataArchive,
    /// Mandates that were recorded.
    Mandate,
    /// What is typed on a page of an application.
    ApplicationPage,
    /// The keys of the blind index and of tracking codes.
    Root,
}

impl Encrypted {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::ClaimKey,
        Self::Contacts,
        Self::Proposal,
        Self::Rejection,
        Self::Endpoint,
        Self::Hold,
        Self::Upload,
        Self::Tail,
        Self::Asked,
        Self::Answered,
        Self::Application,
        Self::MydataAsked,
        Self::MydataPackage,
        Self::MydataContent,
        Self::MydataArchive,
        Self::Mandate,
        Self::ApplicationPage,
        Self::Root,
    ];

    /// Table and column.
    #[must_use]
    pub const fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::ClaimKey => ("claim_key", "wrapped"),
            Self::Contacts => ("party", "contacts"),
            Self::Proposal => ("party_proposal", "document"),
            Self::Rejection => ("party_proposal", "reason"),
            Self::Endpoint => ("endpoint", "secrets"),
            Self::Hold => ("claim_hold", "reason"),
            Self::Upload => ("upload", "secret"),
            Self::Tail => ("upload", "tail"),
            Self::Asked => ("wallet_session", "request"),
            Self::Answered => ("wallet_session", "outcome"),
            Self::Application => ("application", "body"),
            Self::MydataAsked => ("mydata_transaction", "request"),
            Self::MydataPackage => ("mydata_transaction", "package"),
            Self::MydataContent => ("mydata_dataset", "content"),
            Self::MydataArchive => ("mydata_dataset", "archive"),
            Self::Mandate => ("mandate", "document"),
            Self::ApplicationPage => ("application_page", "body"),
            Self::Root => ("key_root", "wrapped"),
        }
    }

    /// The place of a row's value.
    #[must_use]
    pub const fn place(self, row: &str) -> Place<'_> {
        let (table, column) = self.column();
        Place { table, row, column }
    }
}

/// The one row of the roots.
pub const ROOTS: &str = "v1";

/// A value encrypted anew.
#[derive(Clone, Debug)]
pub struct Rewrapped {
    /// The column.
    pub column: Encrypted,
    /// The row.
    pub row: String,
    /// What stood there; where it is another by now, that one stays.
    pub before: Vec<u8>,
    /// What stands there from now on.
    pub after: Vec<u8>,
}

/// What is written.
#[derive(Clone, Debug)]
pub enum MasterWrite {
    /// From now on this key encrypts; the number is one more than that of the key before.
    Lead(MasterKeyId, i64, Timestamp),
    /// The roots, which are there once.
    Roots(Vec<u8>),
    /// A value is encrypted anew.
    Rewrap(Rewrapped),
}
