//! Telling a recipient: one leased message, one attempt, one change that says what came of it.

use claimgate_adapters::insurer::webhook::{self, EventData, EventKind, Message, WebhookEvent};
use jiff::SignedDuration;

use super::insurer::NotDone;
use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::core::push::{AttemptRow, Content, History, Next, PushWrite, Whose, excerpt, judge};
use crate::sender::{Reply, SendError, Target};
use crate::store::DuePush;

/// What goes out: headers beside the three of Standard Webhooks, and the bytes.
struct Letter {
    content_type: &'static str,
    body: Vec<u8>,
}

/// What came of preparing a letter.
enum Prepared {
    Letter(Letter),
    /// There is nothing to tell any more: the packet was withdrawn before it left.
    Moot,
}

impl Engine {
    /// Leases the messages that are due now.
    ///
    /// # Errors
    /// The database is away.
    pub async fn due_pushes(&self) -> Result<Vec<DuePush>, Fault> {
        let until = self.now() + SignedDuration::from_secs(self.rules.push_lease_seconds);
        Ok(self.store.lease_pushes(self.now(), until, self.rules.pushes_at_once).await?)
    }

    /// Makes one attempt and writes what came of it. Whoever lost the lease meanwhile writes nothing.
    ///
    /// # Errors
    /// A fault of ours; the message is leased again when its lease has run out.
    pub async fn push(&self, due: &DuePush) -> Result<(), Fault> {
        let party = self.store.party(&due.party).await?;
        if !party.is_some_and(|party| party.is_live(self.now())) {
            // Outside its days a party is told nothing: the lease runs out, and the message is looked at again then.
            return Ok(());
        }
        let began = self.clock.elapsed();
        let at = self.now();
        let (fault, words, status, next) = match self.letter(due).await? {
            Prepared::Moot => (None, "withdrawn before it left: nothing was sent".to_owned(), None, Next::Done),
            Prepared::Letter(letter) => {
                let outcome = self.post(due, letter).await?;
                let (fault, next) = judge(&outcome, &history(due), self.now(), u16::from_be_bytes(self.random.bytes()));
                let words = match &outcome {
                    Ok(_) if next == Next::Done => String::new(),
                    Ok(reply) => excerpt(&reply.excerpt),
                    Err(error) => error.to_string(),
                };
                (fault, words, outcome.ok().map(|reply| reply.status), next)
            }
        };
        let millis = i64::try_from(self.clock.elapsed().saturating_sub(began).as_millis()).unwrap_or(i64::MAX);
        let mut change = Change::new("push_attempt");
        change.push(Write::Push(PushWrite::Attempt(Box::new(AttemptRow {
            message: due.message.clone(),
            fence: due.fence,
            party: due.party.clone(),
            at,
            millis,
            status,
            fault,
            words,
            next,
        }))));
        self.alarm(due, next, fault, &mut change);
        match self.store.commit(change).await.map_err(Fault::from) {
            Err(fault) if fault.is_conflict() => {
                tracing::warn!(message = due.message, "another worker took this message over; its attempt counts");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// What an operator must hear of: an endpoint switched off, a message given up.
    fn alarm(&self, due: &DuePush, next: Next, fault: Option<Whose>, change: &mut Change) {
        let fault = fault.map_or("", Whose::as_str).to_owned();
        match next {
            Next::Off(state) => {
                tracing::error!(party = %due.party, state = state.as_str(), "an endpoint is switched off; pulling goes on");
                let detail = [("state", state.as_str().to_owned()), ("fault", fault)];
                change.push(self.audit("gateway", "endpoint.switched-off", &due.party, detail));
            }
            Next::Dead => {
                tracing::error!(party = %due.party, message = due.message, "a message is given up after seven days");
                change.push(self.audit("gateway", "webhook.given-up", &due.message, [("fault", fault)]));
            }
            Next::Done | Next::Again { .. } => {}
        }
    }

    async fn letter(&self, due: &DuePush) -> Result<Prepared, Fault> {
        if due.content == Content::Packet && due.kind == EventKind::DeliveryReady {
            // The same door as a fetch: consent is looked at again, the first byte counts as left, all is audited.
            return match self.fetch(&due.party, due.delivery).await {
                Ok((_, sealed)) => Ok(Prepared::Letter(Letter { content_type: "application/jose", body: sealed })),
                Err(NotDone::Withdrawn) => Ok(Prepared::Moot),
                Err(NotDone::Fault(fault)) => Err(fault),
                Err(_) => Err(Fault::Stored("webhook")),
            };
        }
        let delivery = self.store.delivery(&due.party, due.delivery).await?.ok_or(Fault::Stored("webhook"))?;
        let event = WebhookEvent {
            kind: due.kind,
            timestamp: delivery.created,
            data: EventData {
                delivery_id: delivery.id.to_string(),
                position: delivery.position,
                claim_id: delivery.claim.to_string(),
                submission_id: delivery.submission.to_string(),
                line: delivery.line,
                revision: delivery.revision,
            },
        };
        let body = serde_json::to_vec(&event).map_err(|_| Fault::Stored("webhook"))?;
        Ok(Prepared::Letter(Letter { content_type: "application/json", body }))
    }

    async fn post(&self, due: &DuePush, letter: Letter) -> Result<Result<Reply, SendError>, Fault> {
        // The policy may have become stricter since the address was approved.
        let Ok(target) = Target::parse(&due.url, self.sender.policy()) else {
            return Ok(Err(SendError::Forbidden));
        };
        let secrets = self.endpoint_secrets(&due.party, &due.secrets)?;
        let message = Message { id: &due.message, at: self.now(), body: &letter.body };
        let signature = webhook::signature(&message, &secrets).map_err(|_| Fault::Stored("endpoint"))?;
        let headers = [
            ("content-type", letter.content_type.to_owned()),
            (webhook::ID, due.message.clone()),
            (webhook::TIMESTAMP, message.at.as_second().to_string()),
            (webhook::SIGNATURE, signature),
            ("claimgate-event", due.kind.as_str().to_owned()),
            ("claimgate-delivery-id", due.delivery.to_string()),
        ];
        Ok(self.sender.post(&target, &headers, letter.body).await)
    }
}

fn history(due: &DuePush) -> History {
    History { tries: due.tries, first_try: due.first_try, failures: due.failures, failing_since: due.failing_since }
}
