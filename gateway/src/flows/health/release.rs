//! Releasing a held claim: once its hospital has a consent basis, what was accepted is sent as if pushed now.

use std::sync::Arc;

use claimgate_fhir::format::Format;
use claimgate_fhir::outcome::Policy;

use super::Refusal;
use super::evidence;
use super::send::Sending;
use crate::consent;
use crate::core::change::{Change, Write};
use crate::core::route;
use crate::flows::{Engine, Fault};
use crate::id::ConsentId;
use crate::keys::at_rest::Place;
use crate::store::{DueWork, StoreError};

/// How a due step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// Sent, or nothing was left to send.
    Done,
    /// Still no consent basis, or the insurer is gone: it stays due.
    Waiting,
}

impl Engine {
    /// Does one due step. A crash or a lost race leaves it due.
    ///
    /// # Errors
    /// The store, or a stored value that does not open.
    pub async fn release(&self, work: DueWork) -> Result<Released, Fault> {
        if let Some(filing) = self.store.filing(work.claim).await? {
            return self.revise(work, &filing).await;
        }
        let head = match self.store.claim(work.claim).await {
            // It goes on where the restriction is lifted.
            Err(StoreError::Barred(_)) => return Ok(Released::Waiting),
            found => found?.ok_or(Fault::Stored("claim"))?,
        };
        if let Some(part) = self.store.record_part(head.id).await? {
            return self.release_records(&work, &part).await;
        }
        let hospital = self.store.party(&head.hospital).await?.ok_or(Fault::Stored("party"))?;
        if hospital.registration().consent.is_none() {
            return Ok(Released::Waiting);
        }
        let key = self.vault.open_claim_key(head.id, &head.wrapped_key)?;
        let (revision, sealed, _) = self.store.bundle(head.id, None).await?.ok_or(Fault::Stored("bundle"))?;
        let row = format!("{}/{revision}", head.id);
        let body = key.open(Place { table: "bundle", row: &row, column: "body" }, &sealed)?;
        // It was accepted: a policy made stricter since refuses later pushes, not this one.
        let policy = Policy::lenient();
        let read = match self.read_bundle(Arc::from(body.as_slice()), Format::of_bytes(&body), &policy).await {
            Ok(bundle) => match self.recipients(&bundle.coverages, false).await {
                Ok(recipients) => Ok((recipients, self.case_index(&head.hospital, &bundle.identifier))),
                Err(refusal) => Err(refusal),
            },
            Err(refusal) => Err(refusal),
        };
        let (recipients, case) = match read {
            Ok(read) => read,
            Err(Refusal::Fault(fault)) => return Err(fault),
            Err(_) => return Ok(Released::Waiting),
        };
        let mut documents = Vec::new();
        for (id, body) in self.store.current_evidence(head.id).await? {
            documents.push(evidence::from_row(&key, id, &body)?);
        }
        let consented = self.consented(&hospital, &case, documents.iter().map(|one| &one.document)).await?;
        let (consent, named) = (ConsentId::new(self.now(), &self.random), route::named(&recipients));
        let Ok(permit) = consent::permit(&hospital, consent, &named, &consented.by) else {
            return Ok(Released::Waiting);
        };
        let previous = self.store.previous_deliveries(head.id).await?;
        let before = self.store.before_revision(head.id, &[]).await?;
        let known = self.known_sharing((&hospital.id, head.id, &key), &consented.order, &documents).await?;
        let mut change = Change::new("release_held_claim");
        change.push(Write::RelyOnParty(hospital.id.clone(), hospital.version));
        change.push(Write::TouchClaim(head.id, head.version, self.now()));
        let first = consented.beside(self, &hospital.id, &mut documents);
        let Ok(written) = evidence::written(&documents) else {
            // No packet carries so much: a smaller revision or application goes on.
            return Ok(Released::Waiting);
        };
        for one in documents.iter().zip(written.iter().map(Vec::as_slice)).skip(first) {
            change.push(Write::Evidence(evidence::row(&key, (head.id, revision), one)?));
        }
        let sending = Sending {
            claim: head.id,
            revision,
            hospital: &hospital,
            key: &key,
            evidence: &documents,
            permit: &permit,
            recipients: &recipients,
            previous: &previous,
            before: &before,
            known: &known,
            identity: &self.identity_standing(head.id).await?,
        };
        let sent = sending.write(self, &mut change)?;
        let complete = sent.waiting.is_empty();
        if complete {
            change.push(Write::WorkDone(work.id, work.fence, self.now()));
        }
        if complete || sent.made || sent.noted {
            self.store.commit(change).await?;
        }
        Ok(if complete { Released::Done } else { Released::Waiting })
    }
}
