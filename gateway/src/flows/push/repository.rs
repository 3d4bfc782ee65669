//! A delivery into its recipient's own FHIR repository: one conditional create for each Bundle, and what a success means.

use claimgate_adapters::insurer::webhook;
use claimgate_adapters::repository::DELIVERY_SYSTEM;
use serde_json::{Value, json};

use super::{Engine, Fault, Letter};
use crate::core::change::{Acknowledgement, Change, Write};
use crate::core::delivery::DeliveryState;
use crate::core::handover::HandoverWrite;
use crate::core::timeline::{Event, entries};
use crate::id::DeliveryId;
use crate::keys::at_rest::Place;
use crate::party::PartyId;
use crate::sender::Reply;
use crate::store::DuePush;

/// The letters of a delivery's Bundles. A retry finds what an attempt before it made: it never makes a second one.
pub(super) fn letters(bundles: Vec<Value>) -> Vec<Letter> {
    let letter = |bundle: Value| {
        let number = bundle.pointer("/identifier/value").and_then(Value::as_str).unwrap_or_default();
        Letter {
            content_type: "application/fhir+json",
            path: "Bundle",
            headers: vec![
                ("if-none-exist", format!("identifier={DELIVERY_SYSTEM}|{number}")),
                ("accept", "application/fhir+json".to_owned()),
                ("prefer", "return=minimal".to_owned()),
            ],
            body: bundle.to_string().into_bytes(),
        }
    };
    bundles.into_iter().map(letter).collect()
}

/// The address of a path below a base URL, whose query stays.
pub(super) fn below(base: &str, path: &str) -> String {
    if path.is_empty() {
        return base.to_owned();
    }
    let (base, query) = base.split_once('?').map_or((base, None), |(base, query)| (base, Some(query)));
    let whole = format!("{}/{path}", base.trim_end_matches('/'));
    query.map_or_else(|| whole.clone(), |query| format!("{whole}?{query}"))
}

/// The three headers of Standard Webhooks, and what the message is of.
pub(super) fn head(due: &DuePush, at: jiff::Timestamp, signature: String) -> Vec<(&'static str, String)> {
    let mut head = vec![
        (webhook::ID, due.message.clone()),
        (webhook::TIMESTAMP, at.as_second().to_string()),
        (webhook::SIGNATURE, signature),
        ("claimgate-event", due.kind.as_str().to_owned()),
    ];
    head.extend(due.delivery.map(|delivery| ("claimgate-delivery-id", delivery.to_string())));
    head
}

/// Where each Bundle stands there, as the server said.
fn answer(replies: &[Reply]) -> Value {
    let made = |reply: &Reply| json!({ "status": reply.status, "location": reply.location, "version": reply.etag });
    Value::Array(replies.iter().map(made).collect())
}

fn place(row: &str) -> Place<'_> {
    Place { table: "repository_receipt", row, column: "answer" }
}

impl Engine {
    /// The repository has it: that acknowledges the delivery, and what it answered is kept.
    pub(super) async fn taken(&self, due: &DuePush, replies: &[Reply], change: &mut Change) -> Result<(), Fault> {
        let Some(id) = due.delivery else { return Ok(()) };
        let Some(delivery) = self.store.delivery(&due.party, id).await? else { return Ok(()) };
        let now = self.now();
        let (_, wrapped) = self.store.packet(delivery.packet).await?.ok_or(Fault::Stored("packet"))?;
        let key = self.vault.open_claim_key(delivery.claim, &wrapped)?;
        let sealed = key.seal(place(&delivery.id.to_string()), answer(replies).to_string().as_bytes())?;
        change.push(Write::Handover(HandoverWrite::Repository(delivery.id, sealed, now)));
        if delivery.state != DeliveryState::Ready {
            return Ok(());
        }
        let (party, result) = (due.party.clone(), Acknowledgement::Accepted);
        change.push(Write::Acknowledge(delivery.id, result, now));
        let event = Event::Acknowledged { party, line: delivery.line, result: result.as_str(), receipt: None };
        change.tell(entries(delivery.claim, &delivery.hospital, &event, now, &self.random));
        let detail = [("packet", delivery.packet.to_string()), ("by", "repository".to_owned())];
        change.push(self.audit(due.party.as_str(), "delivery.acknowledged", &delivery.id, detail));
        Ok(())
    }

    /// What the recipient's repository answered, for its own eyes.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn repository_answer(&self, recipient: &PartyId, id: DeliveryId) -> Result<Option<Value>, Fault> {
        let found = self.store.repository_receipt(recipient, id).await?;
        let Some((sealed, claim, wrapped)) = found else { return Ok(None) };
        let key = self.vault.open_claim_key(claim, &wrapped)?;
        let plain = key.open(place(&id.to_string()), &sealed)?;
        Ok(Some(serde_json::from_slice(&plain).map_err(|_| Fault::Stored("repository_receipt"))?))
    }
}
