//! The owner's case (車禍理賠案件): one accident as one person tells it, filled in once, from which the claims are filed. Values
//! only.
//!
//! In: what an app saves of a draft. Out: rows for the store. A case has a data key of its own; each claim it files is a
//! claim with a key of its own. Cases of one accident are joined by invitation and stay apart: each person states for
//! themselves. Must not know: HTTP, how a claim is filed.

use std::collections::BTreeMap;

use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{AccidentId, CaseFileId, CaseId, ClaimId, ObjectId, UploadId};
use crate::keys::at_rest::Place;
use crate::keys::index::Mac;
use crate::party::PartyId;

pub mod checks;
pub mod draft;
pub mod facts;
pub mod fault;
pub mod field;
pub mod joint;
pub mod papers;
pub mod plan;

use draft::Draft;

/// The most cases one accident has.
pub const MOST_JOINED: usize = 10;
/// The most invitations of a case that nobody has taken.
pub const MOST_INVITATIONS: i64 = 8;
/// How long an invitation holds.
pub const INVITATION_DAYS: i64 = 14;
/// The most claims of a case.
pub const MOST_CLAIMS: usize = 32;
/// The most files of a case.
pub const MOST_FILES: usize = 40;

/// What is sealed of a case under its key.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// What was filled in.
    pub draft: Draft,
    /// What the person said of each claim, by the name of its field.
    pub claims: BTreeMap<String, Said>,
    /// The versions of fields that went to the insurers last.
    pub sent: BTreeMap<String, u32>,
    /// Who fills it in, where it is not the person.
    pub filed_by: Option<FiledBy>,
}

/// What the person said of a claim.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The app's number of the consent.
    pub reference: String,
    /// SHA-256 of the disclosure policy that was shown.
    pub policy: String,
    /// When.
    pub at: Timestamp,
    /// Whether it goes before nothing is missing.
    pub early: bool,
    /// The claim it became, `clm_…`.
    pub claim: Option<String>,
}

/// Who fills a case in for the person (協助申請).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledBy {
    /// In which capacity.
    pub kind: FilerKind,
    /// The mandate (委託) it is done under.
    pub mandate: Option<String>,
}

/// In which capacity somebody fills a case in for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FilerKind {
    /// 保險公司櫃檯.
    Counter,
    /// 業務員、經紀人.
    Agent,
    /// 家屬.
    Family,
}

impl FilerKind {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Agent => "agent",
            Self::Family => "family",
        }
    }
}

claimgate_packet::opaque_debug!(Body, Said, FiledBy);

/// What is written of cases.
#[derive(Debug)]
pub enum CaseWrite {
    /// A new case.
    New(Box<NewCase>),
    /// A case as it is from now on, from the version it was read at.
    Step(Box<CaseStep>),
    /// A claim of a case.
    Filed(Box<FiledClaim>),
    /// A one-time invitation: keyed digest of its code.
    Invite(Mac, CaseId, Timestamp),
    /// An invitation is taken.
    Taken(Mac, Timestamp),
    /// A file of a case.
    File(Box<CaseFile>),
    /// An upload became a file of a case, and its object stays.
    Bound(UploadId, ObjectId),
    /// The first insurer took in a claim of this accident under compulsory cover: the others were told.
    Notified(AccidentId, ClaimId, Timestamp),
}

/// A new case.
#[derive(Debug)]
pub struct NewCase {
    /// Id.
    pub id: CaseId,
    /// The app backend.
    pub party: PartyId,
    /// Keyed digest of the app's own id of it.
    pub client: Mac,
    /// Keyed digest of the app's number of the person.
    pub person: Mac,
    /// Its data key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// A [`Body`], sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// A step of a case.
#[derive(Debug)]
pub struct CaseStep {
    /// The case.
    pub id: CaseId,
    /// The version it was read at.
    pub version: i64,
    /// A [`Body`], sealed.
    pub body: Vec<u8>,
    /// The case whose accident it is of.
    pub group: CaseId,
    /// The accident its claims are of.
    pub accident: Option<AccidentId>,
    /// When.
    pub at: Timestamp,
}

/// A claim that a case filed.
#[derive(Debug)]
pub struct FiledClaim {
    /// The claim.
    pub claim: ClaimId,
    /// The case.
    pub case: CaseId,
    /// Keyed digest of day, what is claimed, and for whom: equal where the same damage is claimed twice.
    pub subject: Mac,
    /// The recipient.
    pub party: PartyId,
    /// Its line.
    pub line: Line,
    /// When.
    pub at: Timestamp,
}

/// A file of a case, outside the database.
#[derive(Debug)]
pub struct CaseFile {
    /// Id.
    pub id: CaseFileId,
    /// The case.
    pub case: CaseId,
    /// The upload it was.
    pub upload: UploadId,
    /// Where its bytes are.
    pub object: ObjectId,
    /// Who wrote which segments.
    pub parts: String,
    /// Its size in bytes.
    pub bytes: i64,
    /// Media type, found by content.
    pub media_type: String,
    /// Key and digests, sealed under the case's key.
    pub secret: Vec<u8>,
    /// Keyed digest of its content, the same in every case.
    pub content: Mac,
    /// When.
    pub at: Timestamp,
}

/// The claim under whose name a case's data key is kept: the same UUID.
#[must_use]
pub fn key_of(case: CaseId) -> ClaimId {
    ClaimId::from_uuid(case.uuid())
}

/// The place of a case's sealed body.
#[must_use]
pub fn place_of_body(row: &str) -> Place<'_> {
    Place { table: "motor_case", row, column: "body" }
}

/// The place of what is sealed of a file of a case.
#[must_use]
pub fn place_of_file(row: &str) -> Place<'_> {
    Place { table: "case_file", row, column: "secret" }
}
