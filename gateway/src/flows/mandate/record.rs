//! Mandates that are recorded here, so that whoever acts under one names its id; and their end before their time.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::key::PublicKey;
use claimgate_adapters::wallet::mandate::Mandate;
use claimgate_adapters::wallet::mandate::terms::Level;
use claimgate_adapters::wallet::verify::{Expected, Strictness};
use jiff::{SignedDuration, Timestamp};

use super::Given;
use super::own::verified;
use crate::core::change::{Change, Write};
use crate::core::mandate::{Ending, MandateDocument, MandateEnd, MandateRow, MandateWrite, MandatorProof};
use crate::core::master::Encrypted;
use crate::core::wallet::{Outcome, Proved, SessionState};
use crate::flows::registry::Operator;
use crate::flows::{Engine, Fault};
use crate::id::{MandateId, WalletSessionId};
use crate::keys::index::Mac;
use crate::party::{Party, PartyId};
use crate::store::{KeptMandate, StoreError};

/// Hours the end of a mandate is known: longer than any mandate a case can have.
const ENDED_HOURS: i64 = 20 * 365 * 24;

/// What is to be recorded.
pub struct Recording {
    /// A mandate as a credential; none where the session gave one.
    pub text: Option<String>,
    /// Of one its mandator signed: a credential of the mandator that is bound to the key.
    pub mandator: Option<String>,
    /// A verified session of this party: of the mandator who signed the mandate, or who gave one by presenting.
    pub session: Option<WalletSessionId>,
    /// What for: issuers are trusted by purpose.
    pub purpose: String,
}

/// A mandate that was recorded.
pub struct Recorded {
    /// Its id here.
    pub id: MandateId,
    /// Until when it counts.
    pub until: Timestamp,
    /// How sure it is.
    pub level: Level,
    /// Whether this party had recorded it before.
    pub known: bool,
    /// The mandate itself, where this gateway issued it.
    pub text: Option<String>,
}

claimgate_packet::opaque_debug!(Recording, Recorded);

/// Why it was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    /// It does not verify, or is no mandate in force.
    #[error("{0}")]
    Refused(Reason),
    /// Neither a mandate nor a session that gave one, or a session that proves nothing.
    #[error("name a mandate, or a verified session of your own in which one was given")]
    Nothing,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What ended.
pub enum Ended {
    /// A mandate, by its issuer and id.
    Mandate {
        /// Its issuer.
        issuer: String,
        /// Its id there.
        id: String,
    },
    /// A person: every mandate they gave or had.
    Person(Given),
}

claimgate_packet::opaque_debug!(Ended);

impl Engine {
    /// Records a mandate. Its holder's proof is not needed and not kept: who acts under it proves the key then.
    ///
    /// # Errors
    /// [`NotRecorded`].
    pub async fn record_mandate(&self, by: &Party, recording: &Recording) -> Result<Recorded, NotRecorded> {
        let now = self.now();
        let trust = self.trusted(&recording.purpose).await?;
        let proved = match recording.session {
            Some(id) => Some(self.proved_in(by, id).await?.ok_or(NotRecorded::Nothing)?),
            None => None,
        };
        let types = self.wallet.mandate_types();
        let expected = Expected { strictness: Strictness::Credential, types: &types, proof: None };
        let (text, credential, mandator) = match (&recording.text, proved) {
            (Some(text), proved) => {
                let own = match (&recording.mandator, proved) {
                    (Some(credential), None) => {
                        Some(self.mandator_of(credential, &trust, now).map_err(NotRecorded::Refused)?)
                    }
                    (None, Some((mandator, _))) => Some(mandator),
                    (None, None) => None,
                    (Some(_), Some(_)) => return Err(NotRecorded::Nothing),
                };
                let credential = match &own {
                    Some(mandator) => verified(text, &expected, mandator, trust.domain, now),
                    None => self.issued(text, &expected, &trust, now),
                };
                (text.clone(), credential.map_err(NotRecorded::Refused)?, own)
            }
            (None, Some((mandator, outcome))) => {
                let (id, given) = recording.session.zip(outcome.given.as_ref()).ok_or(NotRecorded::Nothing)?;
                let text = self.written(id, &outcome, given, &mandator.number).await?;
                let text = text.ok_or(NotRecorded::Refused(Reason::MandataryMismatch))?;
                let credential = self.issued(&text, &expected, &trust, now).map_err(NotRecorded::Refused)?;
                (text, credential, None)
            }
            (None, None) => return Err(NotRecorded::Nothing),
        };
        let mandate = Mandate::read(&credential).map_err(NotRecorded::Refused)?;
        if now >= mandate.valid_until || credential.valid_until.is_none_or(|until| until > mandate.valid_until) {
            return Err(NotRecorded::Refused(Reason::MandateNotValid));
        }
        if let Some(reason) = self.mandate_ended(&credential.issuer, &mandate).await? {
            return Err(NotRecorded::Refused(reason));
        }
        let id = MandateId::new(now, &self.random);
        let index = self.mandate_index(&credential.issuer, &mandate.id);
        let end = text.rfind('~').map_or(text.len(), |place| place + 1);
        let document = MandateDocument {
            credential: text.get(..end).unwrap_or(&text).to_owned(),
            holder: credential.holder.as_ref().map(PublicKey::thumbprint),
            mandator,
        };
        let ours = credential.issuer == self.issuer;
        let plain = serde_json::to_vec(&document).map_err(|_| Fault::Stored("mandate.document"))?;
        let row = id.to_string();
        let row = MandateRow {
            id,
            party: by.id.clone(),
            mandate: index,
            document: self.vault.seal_registry(Encrypted::Mandate.place(&row), &plain).map_err(Fault::from)?,
            at: now,
            forget_at: mandate.valid_until,
        };
        let (until, level) = (mandate.valid_until, mandate.assurance.level);
        let recorded = |id, known, text: String| {
            let text = ours.then_some(text);
            Recorded { id, until, level, known, text }
        };
        let mut change = Change::new("record_mandate");
        change.push(Write::Mandate(MandateWrite::Record(Box::new(row))));
        let of = recording.session.map(|session| session.to_string()).unwrap_or_default();
        change.push(self.audit(by.id.as_str(), "mandate.recorded", &id, [("session", of)]));
        match self.store.commit(change).await {
            Ok(()) => Ok(recorded(id, false, document.credential)),
            Err(StoreError::Conflict { table: "mandate" }) => {
                let kept = self.store.mandate_of(&by.id, &index).await.map_err(Fault::from)?;
                let kept = kept.ok_or(Fault::Contended)?;
                // The one that was recorded first stays, as it was signed then.
                let document = self.recorded_document(&kept)?;
                Ok(recorded(kept.id, true, document.credential))
            }
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// Whose key a verified session of a party proved, and what else; none where it proves nobody's number.
    async fn proved_in(&self, by: &Party, id: WalletSessionId) -> Result<Option<(MandatorProof, Outcome)>, Fault> {
        let session = self.store.wallet_session(&by.id, id).await?;
        let Some(session) = session.filter(|session| session.state == SessionState::Verified) else { return Ok(None) };
        let Some(outcome) = self.wallet_outcome(&session).await? else { return Ok(None) };
        let Some(subject) = self.wallet.subject_of(&session.query).filter(|_| outcome.mandate.is_none()) else {
            return Ok(None);
        };
        let found = outcome.evidence.iter().find_map(|one| {
            let number = one.fields.get(subject)?.as_str()?.to_owned();
            let proved = Proved { fields: serde_json::Map::new(), ..one.clone() };
            proved.holder.is_some().then_some(MandatorProof { proved, number })
        });
        Ok(found.map(|mandator| (mandator, outcome)))
    }

    /// Whether a mandate this party recorded is in force now.
    ///
    /// # Errors
    /// A fault of ours.
    pub(in crate::flows) async fn mandate_holds(
        &self,
        by: &PartyId,
        id: MandateId,
        purpose: &str,
    ) -> Result<bool, Fault> {
        let now = self.now();
        let Some(kept) = self.store.mandate(id).await?.filter(|kept| kept.party == *by) else { return Ok(false) };
        let document = self.recorded_document(&kept)?;
        let trust = self.trusted(purpose).await?;
        let types = self.wallet.mandate_types();
        let expected = Expected { strictness: Strictness::Credential, types: &types, proof: None };
        let credential = match &document.mandator {
            Some(mandator) => verified(&document.credential, &expected, mandator, trust.domain, now),
            None => self.issued(&document.credential, &expected, &trust, now),
        };
        let Ok(credential) = credential else { return Ok(false) };
        let Ok(mandate) = Mandate::read(&credential) else { return Ok(false) };
        let in_force = mandate.valid_from <= now && now < mandate.valid_until;
        Ok(in_force && self.mandate_ended(&credential.issuer, &mandate).await?.is_none())
    }

    /// Takes back a mandate this party recorded for its mandator; `false` where there is none of its.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn revoke_mandate(&self, by: &PartyId, id: MandateId) -> Result<bool, Fault> {
        let Some(kept) = self.store.mandate(id).await?.filter(|kept| kept.party == *by) else { return Ok(false) };
        let what = Mac::try_from(kept.mandate.as_slice()).map_err(|_| Fault::Stored("mandate.mandate_mac"))?;
        self.end(by.as_str(), what, Ending::Revoked, &id.to_string()).await?;
        Ok(true)
    }

    /// An operator records that a mandate was revoked, or that a person died: it counts from now on, everywhere.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn end_mandate(&self, by: &Operator, what: &Ended, reason: Ending) -> Result<(), Fault> {
        let (index, subject) = match what {
            Ended::Mandate { issuer, id } => (self.mandate_index(issuer, id), "mandate"),
            Ended::Person(person) => (self.person_index(&person.scheme, &person.value), "person"),
        };
        self.end(&by.actor(), index, reason, subject).await
    }

    async fn end(&self, by: &str, what: Mac, reason: Ending, subject: &str) -> Result<(), Fault> {
        let at = self.now();
        let forget_at = (reason == Ending::Revoked)
            .then(|| at.saturating_add(SignedDuration::from_hours(ENDED_HOURS)).unwrap_or(Timestamp::MAX));
        let end = MandateEnd { what, reason, by: by.to_owned(), at, forget_at };
        let mut change = Change::new("end_mandate");
        change.push(Write::Mandate(MandateWrite::End(end)));
        change.push(self.audit(by, "mandate.ended", &subject, [("reason", reason.as_str().to_owned())]));
        Ok(self.store.commit(change).await?)
    }

    /// What is kept of a recorded mandate.
    pub(in crate::flows) fn recorded_document(&self, kept: &KeptMandate) -> Result<MandateDocument, Fault> {
        let row = kept.id.to_string();
        let plain = self.vault.open_registry(Encrypted::Mandate.place(&row), &kept.document)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Stored("mandate.document"))
    }
}
