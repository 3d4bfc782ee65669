//! Telling a recipient: one leased message, one attempt, one change that says what came of it.

use claimgate_adapters::insurer::webhook::{
    self, ClaimEvent, ClaimEventData, EventData, EventKind, Message, WebhookEvent,
};
use jiff::{SignedDuration, Timestamp};

use super::insurer::{NotDone, Out};
use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::core::delivery::Leaving;
use crate::core::push::{AttemptRow, Content, History, Next, PushWrite, Whose, excerpt, judge};
use crate::core::retention::Bar;
use crate::id::DeliveryId;
use crate::party::{Party, RecipientForm};
use crate::sender::{Reply, SendError, Target};
use crate::store::{DeliveryView, DuePush, StoreError};

mod repository;

/// Why nothing goes to a recipient whose key ended.
const NO_KEY: &str = "you have no valid encryption key: nothing was sent";

/// Why nothing of a restricted claim goes out.
const RESTRICTED: &str = "the claim is restricted: nothing was sent";

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
    /// One message; the next letter of it goes when the one before was taken. With the packet they carry, if they do.
    Letters(Vec<Letter>, Option<Box<Carried>>),
    /// There is nothing to tell: the delivery was withdrawn before it left, or is given back, or nothing in it has a form for
    /// its recipient.
    Moot(Option<Box<Carried>>),
    /// They cannot be prepared now.
    Unready(&'static str, Option<Box<Carried>>),
}

/// What letters carry, and when it was marked as left for this attempt alone.
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
    /// What a repository answered to each Bundle, where it took them all.
    taken: Option<Vec<Reply>>,
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
        let Some(party) = party.filter(|party| party.is_live(self.now())) else {
            // Outside its days a party is told nothing: the lease runs out, and the message is looked at again then.
            return Ok(());
        };
        let began = self.clock.elapsed();
        let at = self.now();
        let mut change = Change::new("push_attempt");
        let Outcome { fault, words, status, next, taken } = match self.try_to_tell(&party, due, &mut change).await {
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

    async fn try_to_tell(&self, party: &Party, due: &DuePush, change: &mut Change) -> Result<Outcome, Fault> {
        let (letters, carried) = match self.letters(party, due).await? {
            Prepared::Letters(letters, carried) => (letters, carried),
            Prepared::Moot(carried) => {
                self.settle(due, carried, false, change).await;
                let words = "withdrawn, given back, or nothing to put into this form: nothing was sent".to_owned();
                return Ok(Outcome { fault: None, words, status: None, next: Next::Moot, taken: None });
            }
            Prepared::Unready(why, carried) => {
                self.settle(due, carried, false, change).await;
                return Ok(self.unsent(due, why));
            }
        };
        let into_repository = is_repository(party, due);
        let Ok((replies, outcome)) = self.post_all(due, letters, into_repository).await else {
            self.settle(due, carried, false, change).await;
            return Ok(self.unsent(due, "the gateway could not sign this message; its operator has been told"));
        };
        let left = !replies.is_empty() || !outcome.as_ref().is_err_and(|error| error.nothing_left());
        self.settle(due, carried, left, change).await;
        let (fault, next) = judge(&outcome, &history(due), self.now(), self.chance());
        let words = match &outcome {
            Ok(_) if next == Next::Done => String::new(),
            Ok(reply) => excerpt(&reply.excerpt),
            Err(error) => error.to_string(),
        };
        let taken = (into_repository && outcome.is_ok()).then_some(replies);
        Ok(Outcome { fault, words, status: outcome.ok().map(|reply| reply.status), next, taken })
    }

    /// Says whether what letters carried has left.
    async fn settle(&self, due: &DuePush, carried: Option<Box<Carried>>, left: bool, change: &mut Change) {
        let Some(carried) = carried else { return };
        let Carried { delivery, marked } = *carried;
        if left {
            // It may have been pulled meanwhile, and told of. Where nobody can say, it is told twice rather than never.
            let now = self.store.delivery(&due.party, delivery.id).await.ok().flatten().unwrap_or(delivery);
            change.push(Write::Leaving(now.id, Leaving::Went, self.now()));
            self.has_left(&due.party, &now, ("gateway", "delivery.pushed"), change);
        } else if let Some(at) = marked {
            // The consent basis is looked at again before the next attempt.
            change.push(Write::Leaving(delivery.id, Leaving::Stayed, at));
        }
    }

    /// Nothing was sent, through no fault of the endpoint: tried again as after any failure, without its health.
    fn unsent(&self, due: &DuePush, why: &str) -> Outcome {
        let history = History { failures: 0, failing_since: None, ..history(due) };
        let (fault, next) = judge(&Err(SendError::Unsendable), &history, self.now(), self.chance());
        Outcome { fault, words: why.to_owned(), status: None, next, taken: None }
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

    async fn letters(&self, party: &Party, due: &DuePush) -> Result<Prepared, Fault> {
        if due.kind == EventKind::ClaimEvent {
            return self.event_letters(due).await;
        }
        let id = due.delivery.ok_or(Fault::Stored("webhook"))?;
        if due.content == Content::Packet && due.kind == EventKind::DeliveryReady {
            return self.packet_letters(party, (due, id)).await;
        }
        if due.content == Content::Packet && party.form() == RecipientForm::FhirBundle {
            // A repository was told of nothing that is withdrawn: it left never.
            return Ok(Prepared::Moot(None));
        }
        let delivery = self.store.delivery(&due.party, id).await?.ok_or(Fault::Stored("webhook"))?;
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
        Ok(Prepared::Letters(vec![Letter::plain("application/json", body)], None))
    }

    /// What happened to a claim, for an app backend that is linked to it still.
    async fn event_letters(&self, due: &DuePush) -> Result<Prepared, Fault> {
        let entry = due.entry.ok_or(Fault::Stored("webhook"))?;
        let Some((line, bar)) = self.store.entry_of_app(&due.party, entry).await? else {
            return Ok(Prepared::Moot(None));
        };
        match bar {
            Some(Bar::Erased) => return Ok(Prepared::Moot(None)),
            Some(Bar::Restricted) => return Ok(Prepared::Unready(RESTRICTED, None)),
            None => {}
        }
        let event = ClaimEvent {
            kind: due.kind,
            timestamp: line.line.at,
            data: ClaimEventData {
                claim_id: line.claim.to_string(),
                position: line.position,
                event: line.line.event,
                parameters: line.line.parameters,
            },
        };
        let body = serde_json::to_vec(&event).map_err(|_| Fault::Stored("webhook"))?;
        Ok(Prepared::Letters(vec![Letter::plain("application/json", body)], None))
    }

    /// The packet in its recipient's form, through the same door as a fetch: consent is looked at again, and nothing
    /// leaves under a key that counts no more.
    async fn packet_letters(&self, party: &Party, (due, id): (&DuePush, DeliveryId)) -> Result<Prepared, Fault> {
        let out = match self.let_out((due.party.clone(), id), None, None).await {
            Ok(out) => out,
            Err(
                NotDone::Withdrawn | NotDone::Returned | NotDone::Fault(Fault::Store(StoreError::Barred(Bar::Erased))),
            ) => return Ok(Prepared::Moot(None)),
            Err(NotDone::NoKey) => return Ok(Prepared::Unready(NO_KEY, None)),
            Err(NotDone::NotFound) => {
                return Ok(Prepared::Unready("its recipient takes no part now: nothing was sent", None));
            }
            Err(NotDone::Fault(Fault::Store(StoreError::Barred(Bar::Restricted)))) => {
                return Ok(Prepared::Unready(RESTRICTED, None));
            }
            Err(NotDone::Fault(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Stored("webhook")),
        };
        let Out { delivery, sealed, marked, .. } = out;
        let made = match party.form() {
            RecipientForm::FhirBundle => self.as_bundles(party, &delivery).await.map(repository::letters),
            RecipientForm::Packet | RecipientForm::Fields => {
                let sealed = self.sealed_form(party, &delivery, sealed).await;
                sealed.map(|sealed| vec![Letter::plain("application/jose", sealed)])
            }
        };
        let carried = Some(Box::new(Carried { delivery, marked }));
        Ok(match made {
            // Nothing of it has a form in FHIR.
            Ok(letters) if letters.is_empty() => Prepared::Moot(carried),
            Ok(letters) => Prepared::Letters(letters, carried),
            Err(NotDone::NoKey) => Prepared::Unready(NO_KEY, carried),
            Err(NotDone::Withheld) => {
                Prepared::Unready("its files have no consent basis now: nothing was sent", carried)
            }
            Err(error) => {
                tracing::error!(%error, message = due.message, "a delivery could not be put into its recipient's form");
                Prepared::Unready("the gateway could not prepare this message; its operator has been told", carried)
            }
        })
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
