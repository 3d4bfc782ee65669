//! The bytes of files outside the database: kept in sealed segments, read back, compared with what was said of them.
//!
//! In: bytes, or where they are. Out: the same, and the digests. Whose they are and who may read them is not known here.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use claimgate_packet::jose::digest::{sha1, sha256};
use zeroize::Zeroizing;

use super::{Engine, Fault};
use crate::core::change::{Change, ObjectRow, Write};
use crate::core::upload::UploadWrite;
use crate::id::{AttachmentId, ObjectId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::objects::{Leaf, ObjectKey, ObjectsError, Parts, SEGMENT, SEGMENT_BYTES, Unsealed, leaf, root, segments};
use crate::store::{SealedFile, StoredObject};

/// How long an object may wait for the change that refers to it.
const WAIT_HOURS: i64 = 1;
/// Objects removed in one go.
const AT_ONCE: i64 = 100;
const SECRET: usize = 116;
/// Where the leaves of the digest tree are: a number no segment of a file has.
pub(super) const LEAVES: u32 = u32::MAX;

/// What is kept secret of a file outside the database: its key, and digests that would tell equal files.
#[derive(Clone)]
pub(super) struct Secret {
    /// Opens its segments.
    pub key: ObjectKey,
    /// SHA-256 of the whole file.
    pub digest: [u8; 32],
    /// The root of its digest tree; nothing before it is complete.
    pub root: Leaf,
    /// SHA-1 of the whole file, as FHIR R4 has it in Attachment.hash; nothing before it is complete.
    pub sha1: [u8; 20],
}

claimgate_packet::opaque_debug!(Secret);

impl Secret {
    /// In fixed order and lengths: key, digest, root, SHA-1.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let parts: [&[u8]; 4] = [self.key.as_bytes(), &self.digest, &self.root, &self.sha1];
        Zeroizing::new(parts.concat())
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != SECRET {
            return None;
        }
        let (key, rest) = bytes.split_first_chunk::<32>()?;
        let (digest, rest) = rest.split_first_chunk::<32>()?;
        let (root, rest) = rest.split_first_chunk::<32>()?;
        let (sha1, _) = rest.split_first_chunk::<20>()?;
        Some(Self { key: ObjectKey::from_bytes(*key), digest: *digest, root: *root, sha1: *sha1 })
    }

    /// Sealed for an attachment.
    pub(super) fn sealed(&self, key: &ClaimKey, id: AttachmentId) -> Result<Vec<u8>, Fault> {
        let row = id.to_string();
        Ok(key.seal(of_attachment(&row), &self.to_bytes())?)
    }

    /// Opened from an attachment.
    pub(super) fn of(key: &ClaimKey, stored: &StoredObject) -> Result<Self, Fault> {
        let row = stored.attachment.to_string();
        let bytes = key.open(of_attachment(&row), &stored.secret)?;
        Self::from_bytes(&bytes).ok_or(Fault::Stored("attachment"))
    }
}

fn of_attachment(row: &str) -> Place<'_> {
    Place { table: "attachment", row, column: "object" }
}

/// What a file is by its bytes.
pub(super) struct Found {
    pub digest: [u8; 32],
    pub sha1: [u8; 20],
    pub leaves: Vec<Leaf>,
    pub root: Leaf,
    /// Its first segment.
    pub head: Unsealed,
}

/// Where the segments of a file are.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub object: ObjectId,
    pub parts: &'a Parts,
    pub bytes: u64,
}

impl<'a> From<&'a StoredObject> for Whole<'a> {
    fn from(stored: &'a StoredObject) -> Self {
        Self { object: stored.object, parts: &stored.parts, bytes: stored.bytes }
    }
}

impl Engine {
    /// One segment of a file, opened.
    pub(super) async fn segment(&self, whole: Whole<'_>, key: &ObjectKey, number: u32) -> Result<Unsealed, Fault> {
        let sealed = self.objects.get(whole.object, (whole.parts.epoch(number), number)).await?;
        let cipher = key.cipher(whole.object, whole.bytes, &self.random)?;
        let opened =
            tokio::task::spawn_blocking(move || cipher.open(number, &sealed)).await.map_err(|_| Fault::Task)??;
        let wanted = whole.bytes.saturating_sub(u64::from(number).saturating_mul(SEGMENT_BYTES)).min(SEGMENT_BYTES);
        if u64::try_from(opened.len()) != Ok(wanted) {
            return Err(ObjectsError::Damaged(whole.object).into());
        }
        Ok(opened)
    }

    /// Reads a file back and says what it is. What was kept is read, not what was sent.
    pub(super) async fn found(&self, whole: Whole<'_>, key: &ObjectKey) -> Result<Found, Fault> {
        let mut contexts = (Context::new(&SHA256), Context::new(&SHA1_FOR_LEGACY_USE_ONLY));
        let (mut leaves, mut head) = (Vec::new(), Unsealed::default());
        for number in 0..segments(whole.bytes) {
            let plain = self.segment(whole, key, number).await?;
            let (mut sha256, mut sha1) = contexts;
            let hashed = tokio::task::spawn_blocking(move || {
                sha256.update(&plain);
                sha1.update(&plain);
                (leaf(&plain), sha256, sha1, plain)
            });
            let (leaf, sha256, sha1, plain) = hashed.await.map_err(|_| Fault::Task)?;
            contexts = (sha256, sha1);
            leaves.push(leaf);
            if number == 0 {
                head = plain;
            }
        }
        let digest = contexts.0.finish().as_ref().try_into().map_err(|_| Fault::Stored("attachment"))?;
        let sha1 = contexts.1.finish().as_ref().try_into().map_err(|_| Fault::Stored("attachment"))?;
        Ok(Found { digest, sha1, root: root(&leaves), leaves, head })
    }

    /// Keeps the leaves of a file's digest tree beside its segments.
    pub(super) async fn keep_leaves(&self, whole: Whole<'_>, key: &ObjectKey, leaves: &[Leaf]) -> Result<(), Fault> {
        let cipher = key.cipher(whole.object, whole.bytes, &self.random)?;
        let sealed = cipher.seal(LEAVES, &leaves.concat())?;
        Ok(self.objects.put(whole.object, (whole.parts.epoch(LEAVES), LEAVES), sealed).await?)
    }

    /// All bytes of a file that is small enough to hold.
    pub(super) async fn opened(
        &self,
        key: &ClaimKey,
        id: AttachmentId,
        file: SealedFile,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let stored = match file {
            SealedFile::Here(content) => {
                let row = id.to_string();
                return Ok(key.open(Place { table: "attachment", row: &row, column: "content" }, &content)?);
            }
            SealedFile::Outside(stored) => stored,
        };
        let secret = Secret::of(key, &stored)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(usize::try_from(stored.bytes).unwrap_or_default()));
        for number in 0..segments(stored.bytes) {
            plain.extend_from_slice(&self.segment(Whole::from(&stored), &secret.key, number).await?);
        }
        Ok(plain)
    }

    /// Keeps a file outside the database before the change that refers to it. Without that change it goes again.
    pub(super) async fn keep_outside(&self, content: Arc<[u8]>) -> Result<(ObjectId, Secret), Fault> {
        let object = ObjectId::at_random(&self.random);
        let key = ObjectKey::generate(&self.random);
        let mut change = Change::new("keep_outside");
        change.push(Write::Upload(UploadWrite::Due(object, self.in_hours(WAIT_HOURS))));
        self.store.commit(change).await?;
        let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let mut leaves = Vec::new();
        let mut number = 0;
        while let Some(cipher) = (number < segments(bytes)).then(|| key.cipher(object, bytes, &self.random)) {
            let (cipher, content) = (cipher?, Arc::clone(&content));
            let sealed = tokio::task::spawn_blocking(move || {
                let from = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(SEGMENT);
                let rest = content.get(from..).unwrap_or_default();
                let plain = rest.get(..SEGMENT).unwrap_or(rest);
                Ok::<_, ObjectsError>((leaf(plain), cipher.seal(number, plain)?))
            });
            let (leaf, sealed) = sealed.await.map_err(|_| Fault::Task)??;
            leaves.push(leaf);
            self.objects.put(object, (1, number), sealed).await?;
            number += 1;
        }
        self.keep_leaves(Whole { object, parts: &Parts::one(), bytes }, &key, &leaves).await?;
        let digests = tokio::task::spawn_blocking(move || (sha256(&content), sha1(&content)));
        let (digest, sha1) = digests.await.map_err(|_| Fault::Task)?;
        let sha1 = sha1.as_slice().try_into().map_err(|_| Fault::Stored("attachment"))?;
        Ok((object, Secret { key, digest, root: root(&leaves), sha1 }))
    }

    /// Removes objects whose time is over: nothing refers to them, or what did was erased.
    ///
    /// # Errors
    /// The database or the object store is away; what is left goes the next time.
    pub async fn remove_objects(&self) -> Result<(), Fault> {
        if self.store.object_is_due(self.now()).await? {
            let mut change = Change::new("objects_going");
            change.push(Write::Upload(UploadWrite::Going(self.now(), AT_ONCE)));
            self.store.commit(change).await?;
        }
        for object in self.store.going_objects(AT_ONCE).await? {
            self.objects.remove(object).await?;
            let mut change = Change::new("object_gone");
            change.push(Write::Upload(UploadWrite::Gone(object)));
            self.store.commit(change).await?;
        }
        Ok(())
    }
}

/// The row of a file outside the database.
pub(super) fn object_row(
    key: &ClaimKey,
    id: AttachmentId,
    (object, parts, secret): (ObjectId, &Parts, &Secret),
) -> Result<ObjectRow, Fault> {
    Ok(ObjectRow { id: object, parts: parts.to_string(), secret: secret.sealed(key, id)? })
}
