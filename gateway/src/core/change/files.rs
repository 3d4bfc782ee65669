//! Rows of files that belong to evidence: their bytes sealed in the row, or the name of an object outside the database.

use crate::id::{AttachmentId, ClaimId, ObjectId};
use crate::keys::index::Mac;

/// A file that belongs to evidence (附件).
#[derive(Debug)]
pub struct AttachmentRow {
    /// Id.
    pub id: AttachmentId,
    /// The claim.
    pub claim: ClaimId,
    /// The revision it came with first.
    pub revision: i64,
    /// Keyed digest of the bytes within the claim.
    pub content_mac: Mac,
    /// Media type, found by content.
    pub media_type: &'static str,
    /// Size in bytes.
    pub bytes: i64,
    /// The bytes, sealed; empty where they are outside the database.
    pub content: Vec<u8>,
    /// Where they are outside the database.
    pub object: Option<ObjectRow>,
}

/// A file outside the database.
#[derive(Debug)]
pub struct ObjectRow {
    /// Where its bytes are.
    pub id: ObjectId,
    /// Who wrote which segments.
    pub parts: String,
    /// Key and digests, sealed.
    pub secret: Vec<u8>,
}
