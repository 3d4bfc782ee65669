//! What came of a record request (病歷調閱) held against what the insurer has already: for people, in a list.
//!
//! Compared is what was disclosed to this insurer in packets it has fetched, as the packets hold it: the answers to the request,
//! the submissions it names, and what the hospitals that were asked have sent of the same person.

use std::collections::BTreeSet;

use claimgate_packet::evidence::Evidence;
use claimgate_packet::signed::Signed;
use serde::Serialize;

use super::{Engine, Fault, NotDone};
use crate::core::application::is_telling;
use crate::core::change::{Change, SearchName};
use crate::core::compare::{Comparison, From, Paper, Place, compare};
use crate::core::delivery::DeliveryState;
use crate::id::{ClaimId, RecordRequestId};
use crate::keys::at_rest;
use crate::party::PartyId;
use crate::store::{StoreError, read::PacketSent};

/// The most claims of a hospital that are looked through for one number of the person.
const CLAIMS: i64 = 20;

/// A comparison, as its insurer reads it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RecordComparison"))]
pub struct Compared {
    /// The record request.
    pub record_request_id: String,
    /// What came of it.
    #[serde(flatten)]
    pub comparison: Comparison,
}

claimgate_packet::opaque_debug!(Compared);

impl Engine {
    /// Compares the answers to a record request. Every look is audited.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn record_comparison(&self, insurer: &PartyId, id: RecordRequestId) -> Result<Compared, NotDone> {
        self.store.record_request(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let parts = self.store.requests_of_record(insurer, id).await?;
        let (mut answers, mut held) = (BTreeSet::new(), BTreeSet::new());
        for part in &parts {
            let asked = self.of_records(part)?.asked;
            answers.insert(part.claim);
            for submission in asked.compare_with.iter().filter_map(|id| id.parse().ok()) {
                held.extend(self.store.submission(insurer, submission).await?.map(|known| known.claim));
            }
            for number in asked.person.identifiers.iter().filter(|one| is_telling(one)) {
                let mac = self.search_mac(&part.hospital, SearchName::Patient, None, &number.value);
                held.extend(self.store.claims_found(&part.hospital, SearchName::Patient, &mac, CLAIMS).await?);
            }
        }
        let mut papers = Vec::new();
        for claim in &answers {
            papers.extend(self.papers(insurer, *claim, From::Answer).await?);
        }
        for claim in held.difference(&answers) {
            papers.extend(self.papers(insurer, *claim, From::Held).await?);
        }
        let mut change = Change::new("compare_records");
        change.push(self.audit(insurer.as_str(), "record-request.compared", &id, []));
        self.store.commit(change).await?;
        // Up to thousands of pairs: not on a thread that serves requests.
        let comparison = tokio::task::spawn_blocking(move || compare(papers)).await.map_err(|_| Fault::Task)?;
        Ok(Compared { record_request_id: id.to_string(), comparison })
    }

    /// What an insurer holds of a claim: of each line what it fetched last. Nothing of a claim that is out of use.
    async fn papers(&self, insurer: &PartyId, claim: ClaimId, from: From) -> Result<Vec<Paper>, Fault> {
        let head = match self.store.claim(claim).await {
            Err(StoreError::Barred(_)) | Ok(None) => return Ok(Vec::new()),
            Ok(Some(head)) => head,
            Err(error) => return Err(error.into()),
        };
        let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
        let holds = |one: &&PacketSent| {
            one.left.is_some() && matches!(one.state, DeliveryState::Ready | DeliveryState::Acknowledged)
        };
        let sent = self.store.packets_sent(claim, insurer).await?;
        let mut papers = Vec::new();
        for (place, one) in sent.iter().enumerate().filter(|(_, one)| holds(one)) {
            // They come by line and revision: a later one that was fetched holds all that counts.
            if sent.iter().skip(place + 1).filter(holds).any(|later| later.line == one.line) {
                continue;
            }
            let damaged = || Fault::Stored("packet");
            let row = one.packet.to_string();
            let stored = key.open(at_rest::Place { table: "packet", row: &row, column: "body" }, &one.body)?;
            let signed = Signed::from_stored(&stored).map_err(|_| damaged())?;
            let delivery = self.store.delivery(insurer, one.delivery).await?.ok_or_else(damaged)?;
            for (id, value) in signed.disclosed(insurer.as_str(), one.line).map_err(|_| damaged())? {
                let evidence = Evidence::from_json(id, value).map_err(|_| damaged())?;
                let place = Place {
                    from,
                    submission_id: delivery.submission.to_string(),
                    delivery_id: one.delivery.to_string(),
                    evidence_id: evidence.id,
                    evidence: evidence.document.kind().to_owned(),
                };
                papers.push(Paper { place, document: evidence.document });
            }
        }
        Ok(papers)
    }
}
