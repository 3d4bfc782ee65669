//! Telling a recipient: one leased message, one attempt, one change that says what came of it.

use claimgate_adapters::insurer::webhook::{self, EventData, EventKind, Message, WebhookEvent};
use jiff::SignedDuration;

use super::insurer::NotDone;
use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::core::push::{AttemptRow, Content, History, Next, PushWrite, Whose, excerpt, judge};
use crate::party::{Party, RecipientForm};
use crate::sender::{Reply, SendError, Target};
use crate::store::DuePush;

mod repository;

/// What goes out: headers beside the three of Standard Webhooks, and the bytes.
struct Letter {
    content_type: &'static str,
    /// Below the endpoint's address; empty for the address itself.
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Letter {
    fn plain(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { content_type, path: "", headers: Vec::new(), body }
    }
}

/// What came of preparing letters.
enum Prepared {
    /// One message; the next letter of it goes when the one before was taken.
    Letters(Vec<Letter>),
    /// There is nothing to tell any more: the delivery was withdrawn before it left, or is given back.
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
        let Some(party) = party.filter(|party| party.is_live(self.now())) else {
            // Outside its days a party is told nothing: the lease runs out, and the message is looked at again then.
            return Ok(());
        };
        let into_repository = is_repository(&party, due);
        let began = self.clock.elapsed();
        let at = self.now();
        let mut taken = None;
        let (fault, words, status, next) = match self.letters(&party, due).await? {
            Prepared::Moot => (None, "withdrawn or given back: nothing was sent".to_owned(), None, Next::Done),
            Prepared::Letters(letters) => {
                let (replies, outcome) = self.post_all(due, letters, into_repository).await?;
                taken = (into_repository && outcome.is_ok()).then_some(replies);
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
        if let Some(replies) = taken.filter(|_| next == Next::Done) {
            self.taken(due, &replies, &mut change).await?;
        }
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

    async fn letters(&self, party: &Party, due: &DuePush) -> Result<Prepared, Fault> {
        if due.content == Content::Packet && due.kind == EventKind::DeliveryReady {
            // The same door as a fetch: consent is looked at again, the first byte counts as left, all is audited.
            let sent = match party.form() {
                RecipientForm::Packet | RecipientForm::Fields => {
                    let fetched = self.fetch(&due.party, due.delivery).await;
                    fetched.map(|(_, sealed)| vec![Letter::plain("application/jose", sealed)])
                }
                RecipientForm::FhirBundle => self.for_repository(party, due).await,
            };
            return match sent {
                Ok(letters) => Ok(Prepared::Letters(letters)),
                Err(NotDone::Withdrawn | NotDone::Returned) => Ok(Prepared::Moot),
                Err(NotDone::Fault(fault)) => Err(fault),
                Err(_) => Err(Fault::Stored("webhook")),
            };
        }
        if due.content == Content::Packet && party.form() == RecipientForm::FhirBundle {
            // A repository was told of nothing that is withdrawn: it left never.
            return Ok(Prepared::Moot);
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
        Ok(Prepared::Letters(vec![Letter::plain("application/json", body)]))
    }

    async fn for_repository(&self, party: &Party, due: &DuePush) -> Result<Vec<Letter>, NotDone> {
        let (delivery, _) = self.leave(&due.party, due.delivery).await?;
        Ok(repository::letters(self.as_bundles(party, &delivery).await?))
    }

    /// Posts one letter after the other, as long as each is taken; gives what was answered, and how it ended.
    async fn post_all(
        &self,
        due: &DuePush,
        letters: Vec<Letter>,
        into_repository: bool,
    ) -> Result<(Vec<Reply>, Result<Reply, SendError>), Fault> {
        let mut replies: Vec<Reply> = Vec::new();
        if into_repository && !self.sender.is_identified() {
            return Ok((replies, Err(SendError::Anonymous)));
        }
        for letter in letters {
            match self.post(due, letter).await? {
                Ok(reply) if (200..300).contains(&reply.status) => replies.push(reply),
                other => return Ok((replies, other)),
            }
        }
        let last = replies.last().cloned().ok_or(SendError::Unsendable);
        Ok((replies, last))
    }

    async fn post(&self, due: &DuePush, letter: Letter) -> Result<Result<Reply, SendError>, Fault> {
        // The policy may have become stricter since the address was approved.
        let Ok(target) = Target::parse(&repository::below(&due.url, letter.path), self.sender.policy()) else {
            return Ok(Err(SendError::Forbidden));
        };
        let secrets = self.endpoint_secrets(&due.party, &due.secrets)?;
        let message = Message { id: &due.message, at: self.now(), body: &letter.body };
        let signature = webhook::signature(&message, &secrets).map_err(|_| Fault::Stored("endpoint"))?;
        let mut headers = repository::head(due, message.at, signature);
        headers.push(("content-type", letter.content_type.to_owned()));
        headers.extend(letter.headers);
        Ok(self.sender.post(&target, &headers, letter.body).await)
    }
}

/// Whether a message goes into a recipient's own FHIR repository.
fn is_repository(party: &Party, due: &DuePush) -> bool {
    due.content == Content::Packet && due.kind == EventKind::DeliveryReady && party.form() == RecipientForm::FhirBundle
}

fn history(due: &DuePush) -> History {
    History { tries: due.tries, first_try: due.first_try, failures: due.failures, failing_since: due.failing_since }
}
