//! A wallet's answer: taken once, judged, its status looked up, kept as identity evidence; and held ones judged again.
//!
//! What is no answer to this session (another state, a form that cannot be read, what does not decrypt) is refused and
//! leaves the session open: otherwise whoever sees the address could end it. Everything else ends it.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::oid4vp::response::{Form, WalletFault};
use claimgate_adapters::wallet::session::Presented;
use claimgate_adapters::wallet::status::Outcome as Status;
use claimgate_adapters::wallet::trust::Trust;
use claimgate_packet::jose::base64url;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{Named, mandate, names, to_json};
use crate::core::change::{Change, Write};
use crate::core::wallet::{Answered, GivenMandate, MandateUse, Outcome, Proved, Session, SessionState, WalletWrite};
use crate::flows::{Engine, Fault};
use crate::keys::at_rest::Place;
use crate::keys::index::Mac;
use crate::store::StoreError;

/// How long a wallet waits for the status lists.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(6);
/// Held sessions looked at in one round.
const ROUND: i64 = 32;
/// Seconds until a held session is looked at again, at first and at most.
const AGAIN: (i64, i64) = (60, 3_600);
/// Bytes of the code the person comes back with.
const CODE: usize = 16;

/// An answer was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where the wallet sends its user, on the same device.
    pub redirect_uri: Option<String>,
}

/// Why an answer is not taken, or was taken and proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The check that failed.
    #[error("{0}")]
    Refused(Reason),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// Takes a wallet's answer.
    ///
    /// # Errors
    /// [`NotTaken`]; the session ends at the first answer that is one.
    pub async fn take_wallet_answer(&self, handle: &str, content_type: &str, body: &[u8]) -> Result<Taken, NotTaken> {
        let form = Form::read(content_type, body).map_err(NotTaken::Refused)?;
        let found = self.store.wallet_session_of(&self.handle_index(handle)).await.map_err(Fault::from)?;
        let session = found.ok_or(NotTaken::Refused(Reason::SessionUnknown))?;
        if !session.state.is_open() {
            return Err(NotTaken::Refused(Reason::SessionReplayed));
        }
        if ["response", "vp_token", "error"].iter().all(|name| form.field(name).is_none()) {
            return Err(NotTaken::Refused(Reason::ResponseMalformed));
        }
        let now = self.now();
        if now >= session.closes_at {
            return Err(NotTaken::Refused(Reason::SessionExpired));
        }
        let (kept, keys) = self.kept_request(&session)?;
        if let Some(fault) = form.error() {
            // Anybody can write an error: only who has read the request knows its state.
            if form.field("state") != Some(kept.asked.state.as_str()) {
                return Err(NotTaken::Refused(Reason::SessionUnknown));
            }
            let outcome = Outcome { wallet_said: Some(word(fault).to_owned()), ..Outcome::default() };
            let reason = Some(Reason::WalletError);
            self.end_wallet_session(&session, SessionState::Refused, reason, &outcome, None, None).await?;
            return Ok(Taken { redirect_uri: None });
        }
        let trust = self.trusted(&session.purpose).await?;
        let presented = match kept.asked.judge(&form, &keys, &trust, now) {
            Ok(presented) => presented,
            Err(
                reason @ (Reason::SessionUnknown
                | Reason::SessionExpired
                | Reason::ResponseMalformed
                | Reason::ResponseModeMismatch
                | Reason::DecryptionFailed),
            ) => return Err(NotTaken::Refused(reason)),
            Err(reason) => return Err(self.refuse_wallet(&session, reason, &Outcome::default()).await?),
        };
        let query = self.wallet.queries.find(&session.query).ok_or(Fault::Stored("wallet_session.query"))?;
        let mut outcome = outcome_of(query, &presented);
        outcome.given = kept.gift.clone().map(|gift| GivenMandate { gift, at: now });
        let under = kept.act.as_ref().map(|act| mandate::under(query, &presented, act, now)).transpose();
        let under = match under {
            Ok(under) => under,
            Err(reason) => return Err(self.refuse_wallet(&session, reason, &Outcome::default()).await?),
        };
        if let Some(under) = &under
            && let Some(reason) = self.mandate_ended(&under.issuer, &under.mandate).await?
        {
            return Err(self.refuse_wallet(&session, reason, &Outcome::default()).await?);
        }
        // Under a mandate it is the mandator whose claim it must be.
        let of_holder = || {
            let subject = query.subject.as_ref()?;
            outcome.evidence.iter().find_map(|one| one.fields.get(subject)?.as_str()).map(str::to_owned)
        };
        let number = under.as_ref().map_or_else(of_holder, mandate::Under::mandator);
        outcome.person = self.is_person(&session, number.as_deref()).await?;
        if let Some(under) = &under {
            (outcome.mandate, outcome.mandate_level) = (Some(under.allowed.used.id.clone()), Some(under.allowed.level));
            let ends = self.mandate_indices(&under.issuer, &under.mandate);
            outcome.mandate_ends = ends.iter().map(|what| base64url::encode(what)).collect();
        }
        if outcome.person == Some(false) {
            let reason = if under.is_some() { Reason::MandatorMismatch } else { Reason::SubjectMismatch };
            return Err(self.refuse_wallet(&session, reason, &bare(&outcome)).await?);
        }
        let (state, reason) = match self.credentials_standing(&outcome.evidence, &trust).await {
            Status::Valid => (SessionState::Verified, None),
            Status::Unknown(reason) => (SessionState::Held, Some(reason)),
            Status::Refused(reason) => return Err(self.refuse_wallet(&session, reason, &bare(&outcome)).await?),
        };
        let code = kept.return_to.as_ref().map(|_| base64url::encode(&self.random.bytes::<CODE>()));
        let uses = under.as_ref().and_then(|under| self.use_of(under));
        match self.end_wallet_session(&session, state, reason, &outcome, code.as_deref(), uses).await {
            Err(NotTaken::Refused(reason @ (Reason::MandateScopeExceeded | Reason::MandateRevoked))) => {
                return Err(self.refuse_wallet(&session, reason, &bare(&outcome)).await?);
            }
            ended => ended?,
        }
        let redirect_uri = kept.return_to.zip(code).map(|(to, code)| format!("{to}#response_code={code}"));
        Ok(Taken { redirect_uri })
    }

    /// Looks at held sessions again.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn judge_held_wallet_sessions(&self) -> Result<(), Fault> {
        for session in self.store.due_wallet_sessions(self.now(), ROUND).await? {
            let trust = self.trusted(&session.purpose).await?;
            // One whose claim may not be used now waits with it.
            let outcome = self.wallet_outcome(&session).await?;
            let status = match &outcome {
                None => Status::Unknown(Reason::StatusUnavailable),
                // Who is trusted no more vouches for nobody, whatever was kept of its lists.
                Some(outcome) if !outcome.evidence.iter().all(|one| trust.counts(&one.issuer, &one.kind)) => {
                    Status::Refused(Reason::IssuerUntrusted)
                }
                Some(outcome) => match self.mandate_of_outcome_ended(outcome).await? {
                    Some(reason) => Status::Refused(reason),
                    None => self.credentials_standing(&outcome.evidence, &trust).await,
                },
            };
            let again = |now: Timestamp| {
                let age = now.duration_since(session.closes_at).as_secs().clamp(AGAIN.0, AGAIN.1);
                now.saturating_add(SignedDuration::from_secs(age)).unwrap_or(Timestamp::MAX)
            };
            let (state, reason, due) = match status {
                Status::Valid => (SessionState::Verified, None, None),
                Status::Refused(reason) => (SessionState::Refused, Some(reason), None),
                Status::Unknown(reason) => (SessionState::Held, Some(reason), Some(again(self.now()))),
            };
            let forget_at = self.now().saturating_add(self.wallet.kept).unwrap_or(Timestamp::MAX);
            let mut change = Change::new("judge_wallet_session");
            change.push(Write::Wallet(WalletWrite::Judged(session.id, state, reason, due, forget_at)));
            if let (SessionState::Verified, Some(outcome)) = (state, &outcome) {
                change.writes.extend(self.identity_of_session(&session, outcome));
            }
            if state != SessionState::Held {
                change.push(self.audit(
                    "gateway",
                    "wallet.judged",
                    &session.id,
                    [("state", state.as_str().to_owned())],
                ));
            }
            match self.store.commit(change).await {
                // Another process was at it.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(in crate::flows) async fn credentials_standing(&self, evidence: &[Proved], trust: &Trust) -> Status {
        let status = tokio::time::timeout(PATIENCE, self.status_of(evidence, trust)).await;
        status.unwrap_or(Status::Unknown(Reason::StatusUnavailable))
    }

    async fn refuse_wallet(&self, session: &Session, reason: Reason, outcome: &Outcome) -> Result<NotTaken, NotTaken> {
        self.end_wallet_session(session, SessionState::Refused, Some(reason), outcome, None, None).await?;
        Ok(NotTaken::Refused(reason))
    }

    /// Writes how a session ended: one row that is open changes once.
    pub(super) async fn end_wallet_session(
        &self,
        session: &Session,
        state: SessionState,
        reason: Option<Reason>,
        outcome: &Outcome,
        code: Option<&str>,
        uses: Option<MandateUse>,
    ) -> Result<(), NotTaken> {
        let row = session.id.to_string();
        let place = Place { table: "wallet_session", row: &row, column: "outcome" };
        let plain = to_json(outcome)?;
        let sealed = match session.claim {
            None => self.vault.seal_registry(place, &plain).map_err(Fault::from)?,
            Some(claim) => {
                let of = self.store.claim_of_app(&session.party, claim).await.map_err(Fault::from)?;
                // Erased or restricted meanwhile: nothing is added to it.
                let (_, wrapped) = of.ok_or(NotTaken::Refused(Reason::SessionUnknown))?;
                let key = self.vault.open_claim_key(claim, &wrapped).map_err(Fault::from)?;
                key.seal(place, &plain).map_err(Fault::from)?
            }
        };
        let now = self.now();
        let answered = Answered {
            id: session.id,
            state,
            reason,
            outcome: sealed,
            code: code.map(|code| self.code_index(code)),
            at: now,
            due_at: (state == SessionState::Held).then_some(now + SignedDuration::from_secs(AGAIN.0)),
            stays: session.claim.is_some() && state != SessionState::Refused,
            uses,
        };
        let said = [("state", state.as_str().to_owned()), ("reason", reason.map_or("", Reason::code).to_owned())];
        let mut change = Change::new("answer_wallet_session");
        change.push(Write::Wallet(WalletWrite::Answered(Box::new(answered))));
        change.push(self.audit(session.party.as_str(), "wallet.answered", &session.id, said));
        if state == SessionState::Verified {
            change.writes.extend(self.identity_of_session(session, outcome));
        }
        match self.store.commit(change).await {
            Ok(()) => Ok(()),
            Err(StoreError::Conflict { table: "mandate_use" }) => Err(NotTaken::Refused(Reason::MandateScopeExceeded)),
            Err(StoreError::Conflict { table: "mandate_end" }) => Err(NotTaken::Refused(Reason::MandateRevoked)),
            // Another answer was first, or the time ran out at this moment.
            Err(StoreError::Conflict { .. }) => Err(NotTaken::Refused(Reason::SessionReplayed)),
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// The use of a mandate that may run out.
    fn use_of(&self, under: &mandate::Under) -> Option<MandateUse> {
        let used = &under.allowed.used;
        let mandate = self.mandate_index(&under.issuer, &used.id);
        Some(MandateUse { mandate, most: used.most?, until: under.mandate.valid_until })
    }

    /// Whether the person of a number is the claim's patient; none where one of the two is not known.
    pub(super) async fn is_person(&self, session: &Session, number: Option<&str>) -> Result<Option<bool>, Fault> {
        match session.claim {
            Some(claim) => self.claims_person(&session.party, claim, number).await,
            None => Ok(None),
        }
    }

    /// Why the mandate of a session that is held ended meanwhile, where it did.
    async fn mandate_of_outcome_ended(&self, outcome: &Outcome) -> Result<Option<Reason>, Fault> {
        let whats = outcome.mandate_ends.iter().filter_map(|what| base64url::decode(what)?.try_into().ok());
        self.any_ended(&whats.collect::<Vec<Mac>>()).await
    }
}

/// What was proved, by the fields of the query.
fn outcome_of(query: &Named, presented: &[Presented]) -> Outcome {
    let evidence = presented.iter().map(|one| {
        let fields = query.fields.iter().filter_map(|(field, way)| {
            let value = find(&one.credential.claims, way)?;
            Some((field.clone(), value.clone()))
        });
        Proved { fields: fields.collect(), ..Proved::of(&one.query, &one.credential) }
    });
    let evidence: Vec<Proved> = evidence.collect();
    Outcome {
        claims: names(evidence.iter().flat_map(|one| one.fields.keys())),
        surplus: names(presented.iter().flat_map(|one| &one.surplus)),
        person: None,
        assurance: Some(query.assurance.as_str().to_owned()),
        wallet_said: None,
        mandate: None,
        mandate_level: None,
        given: None,
        mandate_ends: Vec::new(),
        evidence,
    }
}

/// The same without what was proved: of who is refused nothing is kept.
pub(super) fn bare(outcome: &Outcome) -> Outcome {
    Outcome { person: outcome.person, ..Outcome::default() }
}

pub(super) fn find<'a>(claims: &'a Map<String, Value>, way: &[String]) -> Option<&'a Value> {
    let (first, rest) = way.split_first()?;
    rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name))
}

fn word(fault: WalletFault) -> &'static str {
    match fault {
        WalletFault::AccessDenied => "access-denied",
        WalletFault::OurRequest => "our-request",
        WalletFault::NotSupported => "not-supported",
        WalletFault::Unavailable => "unavailable",
        WalletFault::Other => "other",
    }
}
