//! Mandates that are recorded here, so that whoever acts under one names its id; and their end before their time.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::key::PublicKey;
use claimgate_adapters::wallet::mandate::Mandate;
use claimgate_adapters::wallet::mandate::terms::Level;
use claimgate_adapters::wallet::verify::{Expected, Strictness, verify};
use jiff::{SignedDuration, Timestamp};

use super::Given;
use crate::core::change::{Change, Write};
use crate::core::mandate::{Ending, MandateDocument, MandateEnd, MandateRow, MandateWrite};
use crate::core::master::Encrypted;
use crate::flows::registry::Operator;
use crate::flows::{Engine, Fault};
use crate::id::MandateId;
use crate::keys::index::Mac;
use crate::party::{Party, PartyId};
use crate::store::{KeptMandate, StoreError};

/// Hours the end of a mandate is known: longer than any mandate a case can have.
const ENDED_HOURS: i64 = 20 * 365 * 24;

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
}

claimgate_packet::opaque_debug!(Recorded);

/// Why it was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    /// It does not verify, or is no mandate in force.
    #[error("{0}")]
    Refused(Reason),
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
    pub async fn record_mandate(&self, by: &Party, text: &str, purpose: &str) -> Result<Recorded, NotRecorded> {
        let now = self.now();
        let trust = self.trusted(purpose).await?;
        let types = self.wallet.mandate_types();
        let expected = Expected { strictness: Strictness::Credential, types: &types, proof: None };
        let credential = verify(text, &expected, &trust, now).map_err(NotRecorded::Refused)?;
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
            credential: text.get(..end).unwrap_or(text).to_owned(),
            holder: credential.holder.as_ref().map(PublicKey::thumbprint),
        };
        let document = serde_json::to_vec(&document).map_err(|_| Fault::Stored("mandate.document"))?;
        let row = id.to_string();
        let row = MandateRow {
            id,
            party: by.id.clone(),
            mandate: index,
            document: self.vault.seal_registry(Encrypted::Mandate.place(&row), &document).map_err(Fault::from)?,
            at: now,
            forget_at: mandate.valid_until,
        };
        let recorded = |id, known| Recorded { id, until: mandate.valid_until, level: mandate.assurance.level, known };
        let mut change = Change::new("record_mandate");
        change.push(Write::Mandate(MandateWrite::Record(Box::new(row))));
        change.push(self.audit(by.id.as_str(), "mandate.recorded", &id, []));
        match self.store.commit(change).await {
            Ok(()) => Ok(recorded(id, false)),
            Err(StoreError::Conflict { table: "mandate" }) => {
                let kept = self.store.mandate_of(&by.id, &index).await.map_err(Fault::from)?;
                Ok(recorded(kept.ok_or(Fault::Contended)?.id, true))
            }
            Err(error) => Err(Fault::from(error).into()),
        }
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
    pub(super) fn recorded_document(&self, kept: &KeptMandate) -> Result<MandateDocument, Fault> {
        let row = kept.id.to_string();
        let plain = self.vault.open_registry(Encrypted::Mandate.place(&row), &kept.document)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Stored("mandate.document"))
    }
}
