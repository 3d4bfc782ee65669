//! Fetching an attachment (附件) of a delivery: disclosed to this insurer in this delivery, still permitted, sealed to
//! the key it has now. Unlike a packet it is sealed anew for each fetch; what is kept is the file alone.

use claimgate_packet::jose::jwk::PublicJwk;
use claimgate_packet::limits::ATTACHMENT_BYTES;
use claimgate_packet::seal::seal_attachment;

use super::NotDone;
use crate::core::change::{Change, Write};
use crate::core::packet::PacketError;
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{AttachmentId, DeliveryId};
use crate::party::{Party, PartyId};
use crate::store::{DeliveryView, SealedFile};

/// What of an attachment is fetched.
#[derive(Clone, Copy)]
enum Wanted {
    File,
    Key,
}

impl Wanted {
    fn action(self) -> &'static str {
        match self {
            Self::File => "attachment.fetched",
            Self::Key => "attachment-key.fetched",
        }
    }
}

impl Engine {
    /// The size in bytes of an attachment that a delivery of this insurer discloses.
    ///
    /// # Errors
    /// Not there, another party's or not disclosed in this delivery, or a fault of ours.
    pub async fn attachment_bytes(
        &self,
        insurer: &PartyId,
        delivery: DeliveryId,
        id: AttachmentId,
    ) -> Result<usize, NotDone> {
        let found = self.store.disclosed_attachment(insurer, delivery, id).await?.ok_or(NotDone::NotFound)?;
        Ok(usize::try_from(found.bytes).map_err(|_| Fault::Stored("attachment"))?)
    }

    /// An attachment of a delivery, sealed to the insurer's key of now; every fetch is audited.
    ///
    /// Its packet comes first: without it nobody can tell what the file is. The consent basis is looked at again before
    /// the first byte of each attachment leaves.
    ///
    /// # Errors
    /// Not there or not disclosed in this delivery, withdrawn, its packet never fetched, no consent basis now, no valid
    /// key, or a fault of ours.
    pub async fn fetch_attachment(
        &self,
        insurer: &PartyId,
        id: DeliveryId,
        attachment: AttachmentId,
    ) -> Result<Vec<u8>, NotDone> {
        self.fetch_sealed(insurer, id, attachment, Wanted::File).await
    }

    /// The key of a large attachment of a delivery, sealed to the insurer's key of now; every fetch is audited.
    ///
    /// # Errors
    /// As [`Engine::fetch_attachment`], or a file that has no key of its own.
    pub async fn fetch_attachment_key(
        &self,
        insurer: &PartyId,
        id: DeliveryId,
        attachment: AttachmentId,
    ) -> Result<Vec<u8>, NotDone> {
        self.fetch_sealed(insurer, id, attachment, Wanted::Key).await
    }

    async fn fetch_sealed(
        &self,
        insurer: &PartyId,
        id: DeliveryId,
        attachment: AttachmentId,
        wanted: Wanted,
    ) -> Result<Vec<u8>, NotDone> {
        for _ in 0..TRIES {
            let delivery = self.store.delivery(insurer, id).await?.ok_or(NotDone::NotFound)?;
            let found = self.store.disclosed_attachment(insurer, id, attachment).await?.ok_or(NotDone::NotFound)?;
            super::closed(&delivery)?;
            let mut change = Change::new("fetch_attachment");
            if !found.left && self.withdraw_without_consent(insurer, &delivery, &mut change).await? {
                if delivery.left.is_some() {
                    // The packet is with the insurer already; this file is not, and stays here.
                    return Err(NotDone::Withheld);
                }
                self.commit_or_redo(change).await?;
                continue;
            }
            if delivery.left.is_none() {
                return Err(NotDone::NotFetched);
            }
            let party = self.store.party(insurer).await?.ok_or(Fault::Stored("party"))?;
            if !self.lets_in(&party) {
                return Err(NotDone::NotFound);
            }
            change.push(Write::RelyOnParty(party.id.clone(), party.version));
            let key = party.encryption_key(self.now()).ok_or(NotDone::NoKey)?;
            let sealed = match wanted {
                Wanted::File => self.seal_file(&party, &delivery, attachment, key).await?,
                Wanted::Key => self.seal_file_key(&party, &delivery, attachment, key).await?,
            };
            if !found.left {
                change.push(Write::AttachmentLeft(id, attachment, self.now()));
            }
            change.push(self.audit(
                insurer.as_str(),
                wanted.action(),
                &attachment,
                [
                    ("delivery", id.to_string()),
                    ("evidence", found.evidence.to_string()),
                    ("kid", key.kid.clone()),
                    ("packet", delivery.packet.to_string()),
                ],
            ));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(sealed);
            }
        }
        Err(Fault::Contended.into())
    }

    async fn seal_file(
        &self,
        insurer: &Party,
        delivery: &DeliveryView,
        id: AttachmentId,
        key: &PublicJwk,
    ) -> Result<Vec<u8>, NotDone> {
        let found = self.store.sealed_attachment(&insurer.id, delivery.id, id).await?;
        let (file, wrapped) = found.ok_or(NotDone::NotFound)?;
        if matches!(&file, SealedFile::Outside(stored) if stored.bytes > ATTACHMENT_BYTES) {
            return Err(NotDone::LargeFile);
        }
        let claim_key = self.vault.open_claim_key(delivery.claim, &wrapped).map_err(Fault::from)?;
        let key = key.clone();
        let plain = self.opened(&claim_key, id, file).await?;
        // Up to 20 MiB: not on a thread that serves requests.
        let sealed = tokio::task::spawn_blocking(move || {
            let sealed = seal_attachment(&plain, &key).map_err(PacketError::from)?;
            Ok::<_, Fault>(sealed.as_str().as_bytes().to_vec())
        });
        Ok(sealed.await.map_err(|_| Fault::Task)??)
    }
}
