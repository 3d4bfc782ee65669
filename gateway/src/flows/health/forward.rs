//! Handing a claim on (轉送) to another of its payors: what a returned delivery showed goes through disclosure and seal
//! again, for the new recipient and its line.

use std::sync::Arc;

use claimgate_fhir::format::Format;
use claimgate_fhir::outcome::Policy;
use claimgate_packet::words::Line;

use super::send::Sending;
use super::{Refusal, evidence};
use crate::consent::{self, ByPatient};
use crate::core::change::{Change, Write};
use crate::core::coordination::Known;
use crate::core::route::{self, Recipient};
use crate::flows::{Engine, Fault};
use crate::id::{ClaimId, ConsentId, DeliveryId};
use crate::keys::at_rest::Place;
use crate::party::{ConsentBasis, PartyId};

/// How a claim was handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOn {
    /// By a new delivery.
    Made(DeliveryId),
    /// The recipient has the same already.
    There,
}

impl Engine {
    /// The payors the consent of a claim covers now, each with the line it is named in: those of the coverages of its
    /// newest revision, as long as the hospital has a basis. With them the version of the claim they were read at.
    pub(in crate::flows) async fn payors(&self, claim: ClaimId) -> Result<(i64, Vec<(PartyId, Line)>), Fault> {
        let head = self.store.claim(claim).await?.ok_or(Fault::Stored("claim"))?;
        let nobody = Ok((head.version, Vec::new()));
        // Records that one insurer asked for are for nobody else.
        if self.store.record_part(claim).await?.is_some() {
            return nobody;
        }
        let hospital = self.store.party(&head.hospital).await?.ok_or(Fault::Stored("party"))?;
        // A patient's consent names its recipients: it is handed on to nobody else.
        if !matches!(hospital.registration().consent, Some(ConsentBasis::HospitalAttested { .. })) {
            return nobody;
        }
        let key = self.vault.open_claim_key(head.id, &head.wrapped_key)?;
        let (revision, sealed, _) = self.store.bundle(head.id, None).await?.ok_or(Fault::Stored("bundle"))?;
        let row = format!("{}/{revision}", head.id);
        let body = key.open(Place { table: "bundle", row: &row, column: "body" }, &sealed)?;
        let read = self.read_bundle(Arc::from(body.as_slice()), Format::of_bytes(&body), &Policy::lenient()).await;
        let recipients = match read {
            Ok(bundle) => self.recipients(&bundle.coverages, false).await,
            Err(refusal) => Err(refusal),
        };
        match recipients {
            Ok(recipients) => Ok((head.version, route::named(&recipients))),
            Err(Refusal::Fault(fault)) => Err(fault),
            // A payor that takes part no more: nothing is handed on.
            Err(_) => nobody,
        }
    }

    /// Signs and seals the claim for one more recipient, which the caller has found to be a payor of it.
    pub(in crate::flows) async fn handed_on(
        &self,
        (claim, version): (ClaimId, i64),
        recipient: &Recipient,
        change: &mut Change,
    ) -> Result<HandedOn, Fault> {
        let head = self.store.claim(claim).await?.ok_or(Fault::Stored("claim"))?;
        change.push(Write::TouchClaim(head.id, version, self.now()));
        let hospital = self.store.party(&head.hospital).await?.ok_or(Fault::Stored("party"))?;
        let key = self.vault.open_claim_key(head.id, &head.wrapped_key)?;
        let consent = ConsentId::new(self.now(), &self.random);
        let named = [(recipient.party.id.clone(), recipient.line)];
        // It was there when the payors were read; whoever takes it away now makes the version differ.
        let permit =
            consent::permit(&hospital, consent, &named, &ByPatient::Nothing).map_err(|_| Fault::Stored("consent"))?;
        let mut documents = Vec::new();
        for (id, body) in self.store.current_evidence(head.id).await? {
            documents.push(evidence::from_row(&key, id, &body)?);
        }
        let previous = self.store.previous_deliveries(head.id).await?;
        let before = self.store.before_revision(head.id, &[]).await?;
        change.push(Write::RelyOnParty(hospital.id.clone(), hospital.version));
        let recipients = [recipient.clone()];
        let sending = Sending {
            claim: head.id,
            revision: head.revision,
            hospital: &hospital,
            key: &key,
            evidence: &documents,
            permit: &permit,
            recipients: &recipients,
            previous: &previous,
            before: &before,
            // No consent of the patient names it here.
            known: &Known::default(),
            identity: &self.identity_standing(head.id).await?,
        };
        sending.write(self, change)?;
        let made = change.writes.iter().find_map(|write| match write {
            Write::Delivery(row) if row.party == recipient.party.id => Some(row.id),
            _ => None,
        });
        Ok(made.map_or(HandedOn::There, HandedOn::Made))
    }
}
