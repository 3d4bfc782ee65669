//! Telling a recipient: one leased message, one attempt, one change that says what came of it.

use claimgate_adapters::insurer::webhook::{self, EventData, EventKind, Message, WebhookEvent};
use jiff::{SignedDuration, Timestamp};

use super::insurer::NotDone;
use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::core::push::{AttemptRow, Content, History, Next, PushWrite, Whose, excerpt, judge};
use crate::sender::{Reply, SendError, Target};
use crate::store::{DeliveryView, DuePush};

/// What goes out: headers beside the three of Standard Webhooks, and the bytes.
struct Letter {
    content_type: &'static str,
    body: Vec<u8>,
}

/// What came of preparing a letter.
enum Prepared {
    Letter(Letter, Option<Box<Carried>>),
    /// There is nothing to tell any more: the packet was withdrawn before it left.
    Moot,
    /// It cannot be prepared now.
    Unready(&'static str),
}

/// The packet a letter carries, and when it was marked as left for this attempt alone.
struct Carried {
    delivery: DeliveryView,
    marked: Option<Timestamp>,
}

/// What came of an attempt.
struct Outcome {
    fault: Option<Whose>,
    words: String,
    status: Option<u16>,
    next: Next,
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
    /// The database is away; the message is leased again when its lease has run out.
    pub async fn push(&self, due: &DuePush) -> Result<(), Fault> {
        let party = self.store.party(&due.party).await?;
        if !party.is_some_and(|party| party.is_live(self.now())) {
            // Outside its days a party is told nothing: the lease runs out, and the message is looked at again then.
            return Ok(());
        }
        let began = self.clock.elapsed();
        let at = self.now();
        let mut change = Change::new("push_attempt");
        let Outcome { fault, words, status, next } = match self.try_to_tell(due, &mut change).await {
            // What cannot be prepared is an attempt as well: it is seen, waits, and lets the others go first.
            Err(fault) if !fault.is_passing() => {
                tracing::error!(error = %fault, message = due.message, "a message could not be prepared");
                self.unsent(due, "the gateway could not prepare this message; its operator has been told")
            }
            outcome => outcome?,
        };
        let millis = i64::try_from(self.clock.elapsed().saturating_sub(began).as_millis()).unwrap_or(i64::MAX);
        change.push(Write::Push(PushWrite::Attempt(Box::new(AttemptRow {
            message: due.message.clone(),
            fence: due.fence,
            party: due.party.clone(),
            endpoint: due.version,
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

    async fn try_to_tell(&self, due: &DuePush, change: &mut Change) -> Result<Outcome, Fault> {
        let (letter, carried) = match self.letter(due).await? {
            Prepared::Letter(letter, carried) => (letter, carried),
            Prepared::Moot => {
                let words = "withdrawn before it left: nothing was sent".to_owned();
                return Ok(Outcome { fault: None, words, status: None, next: Next::Moot });
            }
            Prepared::Unready(why) => return Ok(self.unsent(due, why)),
        };
        let outcome = self.post(due, letter).await;
        if let Some(carried) = carried {
            let Carried { delivery, marked } = *carried;
            let stayed = outcome.as_ref().is_ok_and(|sent| sent.as_ref().is_err_and(|error| error.nothing_left()));
            if outcome.is_ok() && !stayed {
                self.has_left(&due.party, &delivery, ("gateway", "delivery.pushed"), change);
            } else if let Some(at) = marked {
                // The consent basis is looked at again before the next attempt.
                change.push(Write::DeliveryStayed(delivery.id, at));
            }
        }
        let Ok(outcome) = outcome else {
            return Ok(self.unsent(due, "the gateway could not sign this message; its operator has been told"));
        };
        let (fault, next) = judge(&outcome, &history(due), self.now(), self.chance());
        let words = match &outcome {
            Ok(_) if next == Next::Done => String::new(),
            Ok(reply) => excerpt(&reply.excerpt),
            Err(error) => error.to_string(),
        };
        Ok(Outcome { fault, words, status: outcome.ok().map(|reply| reply.status), next })
    }

    /// Nothing was sent, through no fault of the endpoint: tried again as after any failure, without its health.
    fn unsent(&self, due: &DuePush, why: &str) -> Outcome {
        let history = History { failures: 0, failing_since: None, ..history(due) };
        let (fault, next) = judge(&Err(SendError::Unsendable), &history, self.now(), self.chance());
        Outcome { fault, words: why.to_owned(), status: None, next }
    }

    fn chance(&self) -> u16 {
        u16::from_be_bytes(self.random.bytes())
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
            Next::Done | Next::Moot | Next::Again { .. } => {}
        }
    }

    async fn letter(&self, due: &DuePush) -> Result<Prepared, Fault> {
        if due.content == Content::Packet && due.kind == EventKind::DeliveryReady {
            // The same door as a fetch: consent is looked at again, and nothing leaves under a key that counts no more.
            return match self.let_out(&due.party, due.delivery, None).await {
                Ok((delivery, body, marked)) => {
                    let letter = Letter { content_type: "application/jose", body };
                    Ok(Prepared::Letter(letter, Some(Box::new(Carried { delivery, marked }))))
                }
                Err(NotDone::Withdrawn) => Ok(Prepared::Moot),
                Err(NotDone::NoKey) => Ok(Prepared::Unready("you have no valid encryption key: nothing was sent")),
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
        Ok(Prepared::Letter(Letter { content_type: "application/json", body }, None))
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
