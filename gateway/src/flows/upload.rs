//! A hospital uploads a file (上傳), in as many requests as it takes; a Bundle refers to it afterwards.
//!
//! In: size, kind and SHA-256 declared, then bytes from an offset. Out: how far it is; complete only when what was kept
//! is what was declared. What is answered as kept survives a kill: whole segments in the object store, the rest in the row.

use claimgate_fhir::media::Media;
use claimgate_packet::jose::base64url;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::files::{Secret, Whole};
use super::{Engine, Fault, TRIES};
use crate::core::change::{Change, Write};
use crate::core::upload::{Advance, NewUpload, TakenUp, UploadState, UploadWrite};
use crate::id::{ObjectId, UploadId};
use crate::keys::at_rest::Place;
use crate::objects::{FileCipher, ObjectKey, SEGMENT, SEGMENT_BYTES};
use crate::party::PartyId;
use crate::store::{StoreError, UploadView};

/// Whole segments after which the row is written.
const STEP: u64 = 16;

/// What a hospital declares of a file.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// Size in bytes.
    pub bytes: u64,
    /// Kind.
    pub media: Media,
    /// SHA-256.
    pub digest: [u8; 32],
}

/// An upload as its hospital sees it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Id.
    pub id: UploadId,
    /// Bytes kept.
    pub offset: u64,
    /// Bytes declared.
    pub bytes: u64,
    /// Kind.
    pub media_type: String,
    /// Whether all is there and as declared.
    pub complete: bool,
    /// Whether a claim has it.
    pub used: bool,
    /// When it is forgotten, unless a claim has it.
    pub expires: Timestamp,
}

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum NotUploaded {
    /// Not there, another's, or forgotten.
    #[error("no such upload")]
    NotFound,
    /// Empty, or larger than that.
    #[error("a file of this kind has 1 to {0} bytes")]
    Size(u64),
    /// Too many that nothing refers to.
    #[error("too many uploads that nothing refers to")]
    TooMany,
    /// Bytes from another place than the next.
    #[error("the next byte is at {0}")]
    Offset(u64),
    /// More than declared.
    #[error("more bytes than declared")]
    TooLong,
    /// It is complete, or a claim has it.
    #[error("it is complete")]
    Complete,
    /// Another request goes on with it.
    #[error("another request goes on with it")]
    TakenOver,
    /// Its bytes are not those declared; it was given up.
    #[error("its bytes have another SHA-256 than declared")]
    Digest,
    /// Its bytes are of another kind than declared; it was given up.
    #[error("its bytes are of another kind than declared")]
    Kind,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotUploaded {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

fn secret_of(row: &str) -> Place<'_> {
    Place { table: "upload", row, column: "secret" }
}

fn tail_of(row: &str) -> Place<'_> {
    Place { table: "upload", row, column: "tail" }
}

impl Engine {
    /// A new upload.
    ///
    /// # Errors
    /// Too large for its kind, too many, or a fault of ours.
    pub async fn new_upload(&self, hospital: &PartyId, declared: Declared) -> Result<Standing, NotUploaded> {
        let (file, video) = self.rules.upload_bytes;
        let most = if declared.media.is_video() { video } else { file };
        if !(1..=most).contains(&declared.bytes) {
            return Err(NotUploaded::Size(most));
        }
        let (id, object) = (UploadId::new(self.now(), &self.random), ObjectId::at_random(&self.random));
        let key = ObjectKey::generate(&self.random);
        let secret = Secret { key, digest: declared.digest, root: [0; 32], sha1: [0; 20] };
        let row = id.to_string();
        let new = NewUpload {
            id,
            party: hospital.clone(),
            object,
            media_type: declared.media.as_str(),
            bytes: i64::try_from(declared.bytes).unwrap_or(i64::MAX),
            secret: self.vault.seal_registry(secret_of(&row), &secret.to_bytes()).map_err(Fault::from)?,
            at: self.now(),
            expires: self.in_hours(self.rules.upload_hours),
        };
        let expires = new.expires;
        self.begin_upload(hospital, new).await?;
        Ok(Standing {
            id,
            offset: 0,
            bytes: declared.bytes,
            media_type: declared.media.as_str().to_owned(),
            complete: false,
            used: false,
            expires,
        })
    }

    /// Writes a new upload. A conflict is also a database too busy to say more: what stands there decides.
    async fn begin_upload(&self, hospital: &PartyId, new: NewUpload) -> Result<(), NotUploaded> {
        let new = Box::new(new);
        for _ in 0..TRIES {
            let mut change = Change::new("new_upload");
            change.push(Write::Upload(UploadWrite::New(new.clone(), self.rules.uploads)));
            let bytes = new.bytes.to_string();
            change.push(self.audit(hospital.as_str(), "upload.begun", &new.id, [("bytes", bytes)]));
            match self.store.commit(change).await {
                Err(StoreError::Conflict { .. }) => {}
                other => return Ok(other?),
            }
            if self.store.open_uploads(hospital).await? >= self.rules.uploads {
                return Err(NotUploaded::TooMany);
            }
        }
        Err(Fault::Contended.into())
    }

    /// How far an upload is.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn upload(&self, hospital: &PartyId, id: UploadId) -> Result<Standing, NotUploaded> {
        Ok(standing(&self.view(hospital, id).await?))
    }

    async fn view(&self, hospital: &PartyId, id: UploadId) -> Result<UploadView, NotUploaded> {
        self.store.upload(hospital, id, self.now()).await?.ok_or(NotUploaded::NotFound)
    }

    /// Goes on with an upload from an offset; a request that went on with it before writes no more.
    ///
    /// # Errors
    /// Not there, complete, another offset, another request at this moment, or a fault of ours.
    pub async fn take_up(&self, hospital: &PartyId, id: UploadId, offset: u64) -> Result<Appending<'_>, NotUploaded> {
        let view = self.view(hospital, id).await?;
        if view.claim.is_some() || view.state == UploadState::Complete {
            return Err(NotUploaded::Complete);
        }
        if view.taken != offset {
            return Err(NotUploaded::Offset(view.taken));
        }
        let row = id.to_string();
        let secret = self.vault.open_registry(secret_of(&row), &view.secret).map_err(Fault::from)?;
        let secret = Secret::from_bytes(&secret).ok_or(Fault::Stored("upload"))?;
        let buffer = if view.tail.is_empty() {
            Zeroizing::new(Vec::new())
        } else {
            self.vault.open_registry(tail_of(&row), &view.tail).map_err(Fault::from)?
        };
        let done = view.taken.saturating_sub(u64::try_from(buffer.len()).unwrap_or(u64::MAX));
        let first = u32::try_from(done / SEGMENT_BYTES).map_err(|_| Fault::Stored("upload"))?;
        let epoch = view.epoch + 1;
        let number = u32::try_from(epoch).map_err(|_| Fault::Stored("upload"))?;
        // Where all is there and only the comparison is missing, nothing is written again.
        let parts = view.parts.clone();
        let parts = if view.taken == view.bytes { parts } else { parts.then(first, number) };
        let taken = TakenUp { id, epoch: view.epoch, parts: parts.to_string(), at: self.now() };
        self.upload_step("take_up_upload", UploadWrite::TakeUp(taken)).await?;
        let cipher = secret.key.cipher(view.object, view.bytes, &self.random).map_err(Fault::from)?;
        let cipher = Some(Box::new(cipher));
        let view = UploadView { epoch, parts, ..view };
        Ok(Appending { engine: self, hospital: hospital.clone(), view, secret, cipher, buffer, done, saved: offset })
    }

    /// Gives an upload up; its bytes go.
    ///
    /// # Errors
    /// Not there, a claim has it, or a fault of ours.
    pub async fn give_up_upload(&self, hospital: &PartyId, id: UploadId) -> Result<(), NotUploaded> {
        let view = self.view(hospital, id).await?;
        if view.claim.is_some() {
            return Err(NotUploaded::Complete);
        }
        self.give_up(hospital, &view, "upload.given-up").await
    }

    async fn give_up(&self, hospital: &PartyId, view: &UploadView, why: &'static str) -> Result<(), NotUploaded> {
        let mut change = Change::new("give_up_upload");
        change.push(Write::Upload(UploadWrite::GiveUp(view.id, view.object)));
        change.push(self.audit(hospital.as_str(), why, &view.id, []));
        match self.store.commit(change).await {
            Err(StoreError::Conflict { .. }) => Err(NotUploaded::TakenOver),
            other => Ok(other.map(drop)?),
        }
    }

    async fn upload_step(&self, name: &'static str, write: UploadWrite) -> Result<(), NotUploaded> {
        let mut change = Change::new(name);
        change.push(Write::Upload(write));
        match self.store.commit(change).await {
            Err(StoreError::Conflict { .. }) => Err(NotUploaded::TakenOver),
            other => Ok(other.map(drop)?),
        }
    }

    /// The secret of an upload that no claim has yet.
    pub(super) fn upload_secret(&self, view: &UploadView) -> Result<Secret, Fault> {
        let row = view.id.to_string();
        let bytes = self.vault.open_registry(secret_of(&row), &view.secret)?;
        Secret::from_bytes(&bytes).ok_or(Fault::Stored("upload"))
    }
}

fn standing(view: &UploadView) -> Standing {
    Standing {
        id: view.id,
        offset: view.taken,
        bytes: view.bytes,
        media_type: view.media_type.clone(),
        complete: view.state == UploadState::Complete,
        used: view.claim.is_some(),
        expires: view.expires,
    }
}

/// One request that goes on with an upload. It holds at most a segment of it.
pub struct Appending<'e> {
    engine: &'e Engine,
    hospital: PartyId,
    view: UploadView,
    secret: Secret,
    /// Away while a segment is sealed.
    cipher: Option<Box<FileCipher>>,
    buffer: Zeroizing<Vec<u8>>,
    /// Bytes in whole segments.
    done: u64,
    /// Bytes the row says.
    saved: u64,
}

claimgate_packet::opaque_debug!(Appending<'_>);

impl Appending<'_> {
    /// Takes bytes in.
    ///
    /// # Errors
    /// More than declared, another request goes on with it, or a fault of ours; [`Appending::close`] then keeps what can be
    /// kept.
    pub async fn take(&mut self, mut piece: &[u8]) -> Result<(), NotUploaded> {
        while !piece.is_empty() {
            let held = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
            let wanted = self.view.bytes.saturating_sub(self.done).min(SEGMENT_BYTES).saturating_sub(held);
            if wanted == 0 {
                return Err(NotUploaded::TooLong);
            }
            let (now, later) =
                piece.split_at_checked(usize::try_from(wanted).unwrap_or(SEGMENT)).unwrap_or((piece, &[]));
            self.buffer.extend_from_slice(now);
            piece = later;
            let length = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
            if length == SEGMENT_BYTES || self.done + length == self.view.bytes {
                self.put().await?;
                if self.done.saturating_sub(self.saved) >= STEP * SEGMENT_BYTES {
                    self.save().await?;
                }
            }
        }
        Ok(())
    }

    async fn put(&mut self) -> Result<(), NotUploaded> {
        let number = u32::try_from(self.done / SEGMENT_BYTES).map_err(|_| Fault::Stored("upload"))?;
        let cipher = self.cipher.take().ok_or(Fault::Task)?;
        let plain = std::mem::replace(&mut self.buffer, Zeroizing::new(Vec::with_capacity(SEGMENT)));
        let sealing = tokio::task::spawn_blocking(move || {
            let sealed = cipher.seal(number, &plain);
            (cipher, plain, sealed)
        });
        let (cipher, plain, sealed) = sealing.await.map_err(|_| Fault::Task)?;
        self.cipher = Some(cipher);
        let length = u64::try_from(plain.len()).unwrap_or(u64::MAX);
        let place = (self.view.parts.epoch(number), number);
        if let Err(error) = self.engine.objects.put(self.view.object, place, sealed.map_err(Fault::from)?).await {
            // Not kept: it is what comes after the last whole segment, and the row has room for it.
            self.buffer = plain;
            return Err(Fault::from(error).into());
        }
        self.done += length;
        Ok(())
    }

    /// Writes how far it is, with what came after the last whole segment.
    async fn save(&mut self) -> Result<(), NotUploaded> {
        let row = self.view.id.to_string();
        // A last segment that could not be put is sent again: the row never says that all is there when it is not.
        let length = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        let whole = length == SEGMENT_BYTES || self.done + length == self.view.bytes;
        let (tail, taken) = if self.buffer.is_empty() || whole {
            (Vec::new(), self.done)
        } else {
            let tail = self.engine.vault.seal_registry(tail_of(&row), &self.buffer).map_err(Fault::from)?;
            (tail, self.done + length)
        };
        if taken <= self.saved {
            return Ok(());
        }
        let advance = Advance {
            id: self.view.id,
            epoch: self.view.epoch,
            taken: i64::try_from(taken).map_err(|_| Fault::Stored("upload"))?,
            tail,
        };
        self.engine.upload_step("advance_upload", UploadWrite::Advance(advance)).await?;
        self.saved = taken;
        Ok(())
    }

    /// Keeps what came; where that is all, compares it with what was declared.
    ///
    /// # Errors
    /// Not what was declared, which gives the upload up; another request goes on with it; a fault of ours.
    pub async fn close(mut self) -> Result<Standing, NotUploaded> {
        self.save().await?;
        let complete = self.saved == self.view.bytes;
        if complete {
            self.compare().await?;
        }
        let state = if complete { UploadState::Complete } else { UploadState::Open };
        Ok(standing(&UploadView { taken: self.saved, state, ..self.view }))
    }

    async fn compare(&self) -> Result<(), NotUploaded> {
        let (engine, view) = (self.engine, &self.view);
        let whole = Whole { object: view.object, parts: &view.parts, bytes: view.bytes };
        let found = engine.found(whole, &self.secret.key).await?;
        if found.digest != self.secret.digest {
            engine.give_up(&self.hospital, view, "upload.digest-differs").await?;
            return Err(NotUploaded::Digest);
        }
        if Media::of(&found.head).is_none_or(|media| media.as_str() != view.media_type) {
            engine.give_up(&self.hospital, view, "upload.kind-differs").await?;
            return Err(NotUploaded::Kind);
        }
        engine.keep_leaves(whole, &self.secret.key, &found.leaves).await?;
        let secret = Secret { root: found.root, sha1: found.sha1, ..self.secret.clone() };
        let row = view.id.to_string();
        let sealed = engine.vault.seal_registry(secret_of(&row), &secret.to_bytes()).map_err(Fault::from)?;
        engine.upload_step("complete_upload", UploadWrite::Complete(view.id, view.epoch, sealed)).await
    }
}

/// SHA-256 as 64 hexadecimal digits, or base64url.
#[must_use]
pub fn digest_of(text: &str) -> Option<[u8; 32]> {
    if text.len() == 64 && text.is_ascii() {
        let mut digest = [0; 32];
        for (place, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
        }
        return Some(digest);
    }
    base64url::decode(text)?.try_into().ok()
}
