//! A delivery in another form than the packet: made from what its packet discloses, whenever it leaves, kept nowhere.
//!
//! In: a delivery whose recipient takes another form. Out: signed document Bundles, or signed fields. The packet stays what
//! was consented to, signed and logged; a form shows the same documents and names the packet's digest.

use claimgate_adapters::fields;
use claimgate_adapters::repository::{self, FileOf, Given, Letter};
use claimgate_adapters::signature::sign_bundle;
use claimgate_fhir::taiwan::Namespace;
use claimgate_packet::evidence::{Document, Evidence};
use claimgate_packet::jose::jws;
use claimgate_packet::limits::ATTACHMENT_BYTES;
use claimgate_packet::signed::Signed;
use serde_json::{Value, json};

use super::insurer::NotDone;
use super::{Engine, Fault, TRIES};
use crate::core::change::{Change, Write};
use crate::core::packet::PacketError;
use crate::id::{AttachmentId, DeliveryId, PacketId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::ring::SigningUse;
use crate::party::{Party, PartyId, RecipientForm};
use crate::store::DeliveryView;

impl Engine {
    /// The delivery as signed document Bundles (FHIR R4), each for a repository of its own accord.
    ///
    /// # Errors
    /// Files that have not left while the hospital has no consent basis, or a fault of ours.
    pub(super) async fn as_bundles(&self, party: &Party, delivery: &DeliveryView) -> Result<Vec<Value>, NotDone> {
        let given = self.given(party, delivery).await?;
        let mut letter = self.letter_of(party, delivery).await?;
        let before = self.in_place_of(party, delivery, &given).await?;
        letter.replaces = before.as_ref().map(|(id, _)| id.to_string());
        let ring = self.ring.present();
        let key = ring.signing(SigningUse::Packet, self.time_to_sign()?).map_err(Fault::from)?;
        let bundles = match before {
            Some((_, Some(taken_back))) => repository::taken_back(&letter, &taken_back),
            _ => repository::bundles(&letter, &given),
        };
        let signed = bundles.into_iter().map(|one| sign_bundle(one, key, &self.issuer, delivery.created));
        Ok(signed.collect::<Option<Vec<_>>>().ok_or(Fault::Stored("packet"))?)
    }

    /// The delivery as flat fields, a compact JWS.
    async fn as_fields(&self, party: &Party, delivery: &DeliveryView) -> Result<String, NotDone> {
        let given = self.given(party, delivery).await?;
        let fields = fields::of(&self.letter_of(party, delivery).await?, &given);
        let ring = self.ring.present();
        let key = ring.signing(SigningUse::Packet, self.time_to_sign()?).map_err(Fault::from)?;
        let signed = jws::sign(fields.to_string().as_bytes(), fields::TYP, key);
        Ok(signed.map_err(|_| Fault::Stored("packet"))?)
    }

    /// The delivery in its recipient's form, sealed to the key it has now; `sealed` is the packet's own cover.
    ///
    /// # Errors
    /// As [`Engine::as_bundles`], or no valid key.
    pub(super) async fn sealed_form(
        &self,
        party: &Party,
        delivery: &DeliveryView,
        sealed: Vec<u8>,
    ) -> Result<Vec<u8>, NotDone> {
        let content = match party.form() {
            RecipientForm::Packet => return Ok(sealed),
            RecipientForm::FhirBundle => {
                let entries = self.as_bundles(party, delivery).await?;
                let entries: Vec<Value> = entries.into_iter().map(|bundle| json!({ "resource": bundle })).collect();
                json!({ "resourceType": "Bundle", "type": "collection", "entry": entries }).to_string().into_bytes()
            }
            RecipientForm::Fields => self.as_fields(party, delivery).await?.into_bytes(),
        };
        let form = party.form().sealed_as().ok_or(Fault::Stored("party"))?;
        let key = party.encryption_key(self.now()).ok_or(NotDone::NoKey)?;
        let cover = self.sealers.of(key).map_err(PacketError::from).map_err(Fault::from)?;
        // Up to some dozen MiB: not on a thread that serves requests.
        let sealed = tokio::task::spawn_blocking(move || cover.seal_form(&content, form));
        let sealed = sealed.await.map_err(|_| Fault::Task)?.map_err(PacketError::from).map_err(Fault::from)?;
        Ok(sealed.into_bytes())
    }

    /// The delivery whose place this one takes, by the note that goes with it; where the whole case is taken back, with the
    /// documents it had, without files.
    async fn in_place_of(
        &self,
        party: &Party,
        delivery: &DeliveryView,
        given: &[Given],
    ) -> Result<Option<(DeliveryId, Option<Vec<Given>>)>, NotDone> {
        let note = given.iter().find_map(|one| match &one.document {
            Document::RevisionNote(note) => Some(note),
            _ => None,
        });
        let Some(note) = note else { return Ok(None) };
        let packet = note.compared_with.parse().map_err(|_| Fault::Stored("packet"))?;
        let Some(before) = self.store.delivery_of_packet(packet, &party.id, delivery.line).await? else {
            return Ok(None);
        };
        if !note.voided {
            return Ok(Some((before, None)));
        }
        let (_, documents) = self.disclosed(party, delivery, packet).await?;
        let bare = |one: Evidence| Given { document: one.document, files: Vec::new() };
        Ok(Some((before, Some(documents.into_iter().map(bare).collect()))))
    }

    /// What a packet of a delivery's claim discloses to its recipient, in the order of the hospital's Bundle, with the key.
    async fn disclosed(
        &self,
        party: &Party,
        delivery: &DeliveryView,
        packet: PacketId,
    ) -> Result<(ClaimKey, Vec<Evidence>), NotDone> {
        let damaged = || Fault::Stored("packet");
        let (body, wrapped) = self.store.packet(packet).await?.ok_or_else(damaged)?;
        let key = self.vault.open_claim_key(delivery.claim, &wrapped).map_err(Fault::from)?;
        let row = packet.to_string();
        let stored = key.open(Place { table: "packet", row: &row, column: "body" }, &body).map_err(Fault::from)?;
        let signed = Signed::from_stored(&stored).map_err(|_| damaged())?;
        let shown = signed.disclosed(party.id.as_str(), delivery.line).map_err(|_| damaged())?;
        let mut evidence = Vec::new();
        for (id, value) in shown {
            evidence.push(Evidence::from_json(id, value).map_err(|_| damaged())?);
        }
        // Ids are in that order.
        evidence.sort_by(|one, other| one.id.cmp(&other.id));
        Ok((key, evidence))
    }

    /// What the packet of a delivery discloses to its recipient, with the files.
    async fn given(&self, party: &Party, delivery: &DeliveryView) -> Result<Vec<Given>, NotDone> {
        self.files_leave(&party.id, delivery).await?;
        let damaged = || Fault::Stored("packet");
        let (key, evidence) = self.disclosed(party, delivery, delivery.packet).await?;
        let mut given = Vec::new();
        for one in evidence {
            let mut files = Vec::new();
            // What is over the bound of one text is fetched apart, whatever the form.
            for file in one.attachments.iter().filter(|file| file.bytes <= ATTACHMENT_BYTES) {
                let id = file.id.parse().map_err(|_| damaged())?;
                let content = self.file(party, delivery, (id, &key)).await?;
                files.push(FileOf { media_type: file.media_type.clone(), content });
            }
            given.push(Given { document: one.document, files });
        }
        Ok(given)
    }

    async fn file(
        &self,
        party: &Party,
        delivery: &DeliveryView,
        (id, key): (AttachmentId, &ClaimKey),
    ) -> Result<Vec<u8>, NotDone> {
        let found = self.store.sealed_attachment(&party.id, delivery.id, id).await?;
        let (sealed, _) = found.ok_or(Fault::Stored("attachment"))?;
        Ok(self.opened(key, id, sealed).await?.to_vec())
    }

    /// Notes that the files leave with their documents, but for those that are too large to go with them. What has not left
    /// needs a consent basis as the packet did.
    async fn files_leave(&self, insurer: &PartyId, delivery: &DeliveryView) -> Result<(), NotDone> {
        for _ in 0..TRIES {
            let (here, _) = self.store.attachments_of(delivery.id).await?;
            if here.is_empty() {
                return Ok(());
            }
            let hospital = self.store.party(&delivery.hospital).await?.ok_or(Fault::Stored("party"))?;
            if !self.consents_still(&hospital, delivery.claim, (insurer, delivery.line)).await? {
                return Err(NotDone::Withheld);
            }
            let mut change = Change::new("files_leave");
            change.push(Write::RelyOnParty(hospital.id, hospital.version));
            for id in here {
                change.push(Write::AttachmentLeft(delivery.id, id, self.now()));
            }
            // Another attempt noted the same at this moment, or the basis was taken away: look again.
            match self.store.commit(change).await.map_err(Fault::from) {
                Err(fault) if fault.is_conflict() => {}
                outcome => return Ok(outcome?),
            }
        }
        Err(Fault::Contended.into())
    }

    async fn letter_of<'p>(&self, party: &'p Party, delivery: &DeliveryView) -> Result<Letter<'p>, Fault> {
        let numbers = &party.registration().identifiers;
        let ubn = numbers.iter().find(|known| known.system == Namespace::Ubn.uri()).or_else(|| numbers.first());
        let number = ubn.ok_or(Fault::Stored("party"))?;
        let here = (delivery.position, delivery.position);
        let same = self.store.same_receipts(&party.id, here).await?.remove(&delivery.claim).unwrap_or_default();
        Ok(Letter {
            delivery: delivery.id.to_string(),
            packet: delivery.packet.to_string(),
            claim: delivery.claim.to_string(),
            submission: delivery.submission.to_string(),
            line: delivery.line,
            revision: delivery.revision,
            presentation_digest: delivery.presentation_digest.clone(),
            created: delivery.created,
            recipient: (&number.system, &number.value),
            name: &party.registration().name,
            forwarded_from: self.store.forwarded_from(delivery.id).await?.map(|id| id.to_string()),
            same_receipt_as: same.iter().map(ToString::to_string).collect(),
            replaces: None,
        })
    }
}
