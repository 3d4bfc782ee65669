//! A file outside the database for an insurer that has its key: as it is kept, so that parts can be fetched and a broken
//! transfer goes on. Who has no key has nothing; the key is sealed to the insurer as a packet is.

use claimgate_packet::form::Form;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::PublicJwk;
use serde_json::json;

use super::NotDone;
use crate::core::packet::PacketError;
use crate::flows::files::{LEAVES, Secret};
use crate::flows::{Engine, Fault};
use crate::id::{AttachmentId, DeliveryId};
use crate::objects::{OVERHEAD, SEGMENT_BYTES, segments};
use crate::party::{Party, PartyId};
use crate::store::{DeliveryView, SealedFile, StoredObject};

/// Bytes of a whole sealed segment.
pub const SEALED_SEGMENT: u64 = SEGMENT_BYTES + OVERHEAD_BYTES;
const OVERHEAD_BYTES: u64 = 28;
const _: () = assert!(OVERHEAD == 28, "nonce and tag of a segment");

/// The sealed form of a file, as it goes out.
#[derive(Clone, Debug)]
pub struct SealedContent {
    stored: StoredObject,
}

impl SealedContent {
    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.stored.bytes + u64::from(segments(self.stored.bytes)) * OVERHEAD_BYTES
    }

    /// What tells this sealed form from any other.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("\"{}\"", self.stored.object.uuid().simple())
    }
}

impl Engine {
    /// The key of a large file with its digests, sealed to the insurer's key.
    pub(super) async fn seal_file_key(
        &self,
        insurer: &Party,
        delivery: &DeliveryView,
        id: AttachmentId,
        key: &PublicJwk,
    ) -> Result<Vec<u8>, NotDone> {
        let found = self.store.sealed_attachment(&insurer.id, delivery.id, id).await?;
        let (file, wrapped) = found.ok_or(NotDone::NotFound)?;
        let SealedFile::Outside(stored) = file else { return Err(NotDone::SmallFile) };
        let claim_key = self.vault.open_claim_key(delivery.claim, &wrapped).map_err(Fault::from)?;
        let secret = Secret::of(&claim_key, &stored)?;
        let sealed =
            self.objects.get(stored.object, (stored.parts.epoch(LEAVES), LEAVES)).await.map_err(Fault::from)?;
        let cipher = secret.key.cipher(stored.object, stored.bytes, &self.random).map_err(Fault::from)?;
        let leaves = cipher.open(LEAVES, &sealed).map_err(Fault::from)?;
        let leaves: Vec<String> = leaves.chunks(32).map(base64url::encode).collect();
        let content_key = secret.key.of_file(stored.object).map_err(Fault::from)?;
        let document = json!({
            "id": id.to_string(),
            "key": base64url::encode(content_key.as_slice()),
            "bytes": stored.bytes,
            "segment_bytes": SEGMENT_BYTES,
            "digest": base64url::encode(secret.digest.as_slice()),
            "root": base64url::encode(secret.root.as_slice()),
            "leaves": leaves,
        });
        let cover = self.sealers.of(key).map_err(PacketError::from).map_err(Fault::from)?;
        let sealed = cover.seal_form(document.to_string().as_bytes(), Form::AttachmentKey);
        Ok(sealed.map_err(PacketError::from).map_err(Fault::from)?.into_bytes())
    }

    /// The sealed form of a large file whose key the insurer has fetched in this delivery.
    ///
    /// # Errors
    /// Not there or not disclosed in this delivery, withdrawn, its key never fetched, a file that is not large, or a fault
    /// of ours.
    pub async fn attachment_content(
        &self,
        insurer: &PartyId,
        id: DeliveryId,
        attachment: AttachmentId,
    ) -> Result<SealedContent, NotDone> {
        let delivery = self.store.delivery(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let found = self.store.disclosed_attachment(insurer, id, attachment).await?.ok_or(NotDone::NotFound)?;
        super::closed(&delivery)?;
        if !found.left {
            return Err(NotDone::KeyFirst);
        }
        let sealed = self.store.sealed_attachment(insurer, id, attachment).await?;
        match sealed.ok_or(NotDone::NotFound)?.0 {
            SealedFile::Here(_) => Err(NotDone::SmallFile),
            SealedFile::Outside(stored) => Ok(SealedContent { stored }),
        }
    }

    /// The segment of a sealed form that has this byte, from that byte on.
    ///
    /// # Errors
    /// The object store is away, or has not what it should.
    pub async fn content_from(&self, content: &SealedContent, at: u64) -> Result<Vec<u8>, Fault> {
        let stored = &content.stored;
        let number = u32::try_from(at / SEALED_SEGMENT).map_err(|_| Fault::Stored("attachment"))?;
        let mut sealed = self.objects.get(stored.object, (stored.parts.epoch(number), number)).await?;
        let wanted = content.bytes().saturating_sub(u64::from(number) * SEALED_SEGMENT).min(SEALED_SEGMENT);
        if u64::try_from(sealed.len()) != Ok(wanted) {
            return Err(Fault::Stored("attachment"));
        }
        let skip = usize::try_from(at % SEALED_SEGMENT).unwrap_or(usize::MAX).min(sealed.len());
        sealed.drain(..skip);
        Ok(sealed)
    }
}
