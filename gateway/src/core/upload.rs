//! A file on its way from a hospital (上傳), and objects that are to go: what is written of them.

use jiff::Timestamp;

use crate::id::{ClaimId, ObjectId, UploadId};
use crate::party::PartyId;

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Bytes are missing, or have not been compared with what was declared.
    Open,
    /// All bytes are there and are what was declared.
    Complete,
}

impl UploadState {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
        }
    }
}

/// A text that is no state of an upload.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("an upload is open or complete")]
pub struct NoState;

impl std::str::FromStr for UploadState {
    type Err = NoState;

    fn from_str(text: &str) -> Result<Self, NoState> {
        match text {
            "open" => Ok(Self::Open),
            "complete" => Ok(Self::Complete),
            _ => Err(NoState),
        }
    }
}

/// A write of an upload, or of what becomes of an object.
#[derive(Debug)]
pub enum UploadWrite {
    /// A new upload, if its hospital has fewer than so many that nothing refers to.
    New(Box<NewUpload>, i64),
    /// Another request goes on with it: those before it write no more.
    TakeUp(TakenUp),
    /// So far it is kept.
    Advance(Advance),
    /// It is what was declared.
    Complete(UploadId, i64, Vec<u8>),
    /// A claim takes the file over; the object stays as long as the claim.
    Bind(UploadId, ObjectId, ClaimId),
    /// It is given up; its object goes.
    GiveUp(UploadId, ObjectId),
    /// An object that goes at that time unless something keeps it.
    Due(ObjectId, Timestamp),
    /// Something refers to the object from now on.
    Keep(ObjectId),
    /// Objects whose time is over are going from now on; at most so many.
    Going(Timestamp, i64),
    /// The object is gone.
    Gone(ObjectId),
}

/// A new upload.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Id.
    pub id: UploadId,
    /// The hospital.
    pub party: PartyId,
    /// Where its bytes go.
    pub object: ObjectId,
    /// The declared media type.
    pub media_type: &'static str,
    /// The declared size in bytes.
    pub bytes: i64,
    /// Key and declared digest, sealed.
    pub secret: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// When it is forgotten.
    pub expires: Timestamp,
}

/// A request that goes on with an upload.
#[derive(Debug)]
pub struct TakenUp {
    /// The upload.
    pub id: UploadId,
    /// The request before it.
    pub epoch: i64,
    /// Who wrote which segments.
    pub parts: String,
    /// When.
    pub at: Timestamp,
}

/// How far an upload is kept.
#[derive(Debug)]
pub struct Advance {
    /// The upload.
    pub id: UploadId,
    /// The request that keeps it.
    pub epoch: i64,
    /// Bytes kept.
    pub taken: i64,
    /// What came after the last whole segment, sealed; empty where nothing did.
    pub tail: Vec<u8>,
}
