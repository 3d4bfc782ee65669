//! Owners' cases (車禍理賠案件): a draft that many devices save, other persons of the accident who join it, and the claims it
//! becomes.
//!
//! `join`: others of the accident by a one-time code. `files`: uploads become files of a case, and of its claims. `submit`:
//! consents, claims, corrections. `look`: how it all stands. `notify`: the first insurer's duty to tell the others.

use std::collections::BTreeMap;

use serde_json::Value;

use super::accident::NotOpened;
use super::{Engine, Fault, TRIES};
use crate::core::cases::draft::{Edit, Merged};
use crate::core::cases::field::{FieldFault, FileItem, PlannedClaim};
use crate::core::cases::{Body, CaseStep, CaseWrite, FiledBy, NewCase, key_of, place_of_body};
use crate::core::change::{Change, Write};
use crate::core::ledger::day;
use crate::id::{CaseId, MandateId};
use crate::keys::at_rest::{AtRestError, ClaimKey};
use crate::keys::index::Mac;
use crate::party::{Party, PartyId};
use crate::store::{KeptCase, StoreError};

mod files;
mod join;
mod look;
mod notify;
mod submit;

pub use join::Invited;
pub use look::{CaseSeen, ClaimSeen, OtherSeen};
pub use submit::{ConsentAsked, Submitting};

/// What opens a case.
#[derive(Clone)]
pub struct Opening {
    /// The app's own id of it: the same again is the case that is there.
    pub client_id: String,
    /// The app's number of the person.
    pub person: String,
    /// Who fills it in, where it is not the person.
    pub filed_by: Option<FiledBy>,
}

claimgate_packet::opaque_debug!(Opening);

/// Why nothing was done with a case.
#[derive(Debug, thiserror::Error)]
pub enum NotCased {
    /// Not there, or another's.
    #[error("not found")]
    NotFound,
    /// The id was used for another person's case.
    #[error("the id was used for another person's case")]
    ClientIdUsed,
    /// The mandate is not there, not this party's, or ended.
    #[error("the mandate is not there or has ended")]
    Mandate,
    /// The code is unknown, used or expired.
    #[error("the code is unknown, used or expired")]
    Code,
    /// The person's own invitation.
    #[error("it is the person's own invitation")]
    OwnInvitation,
    /// The case is joined with others already.
    #[error("the case is joined with others already")]
    Joined,
    /// As many as there can be.
    #[error("as many as there can be")]
    TooMany,
    /// Something is missing before it can be sent.
    #[error("{text}")]
    NotReady {
        /// Where.
        at: String,
        /// What.
        text: &'static str,
    },
    /// Two values wait for a choice.
    #[error("two values wait for a choice")]
    Disputed(String),
    /// Another disclosure policy is in force than the one that was shown.
    #[error("the disclosure policy changed")]
    Policy,
    /// A claim could not be filed.
    #[error(transparent)]
    Filing(#[from] NotOpened),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotCased {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<AtRestError> for NotCased {
    fn from(error: AtRestError) -> Self {
        Self::Fault(error.into())
    }
}

/// A case, opened.
struct Case {
    kept: KeptCase,
    key: ClaimKey,
    body: Body,
}

impl Case {
    /// The case as it is from now on.
    fn step(&self, engine: &Engine) -> Result<CaseStep, Fault> {
        let row = self.kept.id.to_string();
        let plain = serde_json::to_vec(&self.body).map_err(|_| Fault::Stored("motor_case"))?;
        Ok(CaseStep {
            id: self.kept.id,
            version: self.kept.version,
            body: self.key.seal(place_of_body(&row), &plain)?,
            group: self.kept.group,
            accident: self.kept.accident,
            at: engine.now(),
        })
    }

    /// Whether an edit leaves what was filed as it is: what is claimed, and from whom.
    fn may_edit(&self, edit: &Edit) -> bool {
        let Some(key) = edit.name.strip_prefix("claim.") else { return true };
        if self.body.claims.get(key).is_none_or(|said| said.claim.is_none()) {
            return true;
        }
        let new: Option<PlannedClaim> = serde_json::from_value(edit.value.clone()).ok();
        let known: Option<PlannedClaim> = self.body.draft.typed(&edit.name);
        new.zip(known).is_some_and(|(new, known)| new.kind == known.kind && new.insurer == known.insurer)
    }

    /// The versions of all fields.
    fn versions(&self) -> BTreeMap<String, u32> {
        self.body.draft.fields.iter().map(|(name, held)| (name.clone(), held.version)).collect()
    }

    /// Fields that were changed since the insurers got them; nothing before the first claim was filed.
    fn unsent(&self) -> Vec<String> {
        if self.body.claims.values().all(|said| said.claim.is_none()) {
            return Vec::new();
        }
        let changed = |(name, version): &(String, u32)| self.body.sent.get(name) != Some(version);
        self.versions().into_iter().filter(changed).map(|(name, _)| name).collect()
    }
}

impl Engine {
    /// Opens a case; `true` where it is new. The same id again is the case that is there.
    ///
    /// # Errors
    /// See [`NotCased`]; nothing was written then.
    pub async fn open_case(&self, app: &Party, opening: &Opening) -> Result<(CaseSeen, bool), NotCased> {
        let of = |domain, text: &str| self.index.text(domain, &[app.id.as_str(), text]);
        let (client, person) = (of("case.client", &opening.client_id), of("case.person", &opening.person));
        if let Some(mandate) = opening.filed_by.as_ref().and_then(|by| by.mandate.as_ref()) {
            self.recorded_and_in_force(&app.id, mandate).await?;
        }
        for _ in 0..TRIES {
            if let Some(kept) = self.store.case_of_client(&app.id, &client).await? {
                if kept.person != person {
                    return Err(NotCased::ClientIdUsed);
                }
                return Ok((self.case_seen(&app.id, kept.id).await?, false));
            }
            let id = CaseId::new(self.now(), &self.random);
            let change = self.case_change(app, (id, client, person), opening)?;
            if self.commit_or_redo(change).await?.is_some() {
                return Ok((self.case_seen(&app.id, id).await?, true));
            }
        }
        Err(Fault::Contended.into())
    }

    fn case_change(
        &self,
        app: &Party,
        (id, client, person): (CaseId, Mac, Mac),
        opening: &Opening,
    ) -> Result<Change, Fault> {
        let (key, wrapped_key) = self.vault.new_claim_key(key_of(id))?;
        let body = Body { filed_by: opening.filed_by.clone(), ..Body::default() };
        let plain = serde_json::to_vec(&body).map_err(|_| Fault::Stored("motor_case"))?;
        let row = id.to_string();
        let mut change = Change::new("open_case");
        change.push(Write::RelyOnParty(app.id.clone(), app.version));
        change.push(Write::Case(CaseWrite::New(Box::new(NewCase {
            id,
            party: app.id.clone(),
            client,
            person,
            wrapped_key,
            body: key.seal(place_of_body(&row), &plain)?,
            at: self.now(),
        }))));
        let by = opening.filed_by.as_ref().map_or("self", |by| by.kind.as_str());
        change.push(self.audit(app.id.as_str(), "case.opened", &id, [("by", by.to_owned())]));
        Ok(change)
    }

    /// Whether this party recorded a mandate and it goes on.
    async fn recorded_and_in_force(&self, app: &PartyId, mandate: &str) -> Result<(), NotCased> {
        let id: MandateId = mandate.parse().map_err(|_| NotCased::Mandate)?;
        let kept = self.store.mandate(id).await?.filter(|kept| kept.party == *app).ok_or(NotCased::Mandate)?;
        let what = Mac::try_from(kept.mandate.as_slice()).map_err(|_| Fault::Stored("mandate.mandate_mac"))?;
        if self.store.mandate_ends(&[what]).await?.is_some() { Err(NotCased::Mandate) } else { Ok(()) }
    }

    /// Saves edits of a draft, each field by itself: what is wrong or contended keeps nothing else from being saved.
    ///
    /// # Errors
    /// Another's case, or a fault of ours.
    pub async fn save_case(&self, app: &Party, id: CaseId, edits: &[Edit]) -> Result<(CaseSeen, Merged), NotCased> {
        for _ in 0..TRIES {
            let mut case = self.own_case(&app.id, id).await?;
            let mut change = Change::new("save_case");
            let (edits, mut faults) = self.take_files(app, &case, edits, &mut change).await?;
            let (edits, filed): (Vec<Edit>, Vec<Edit>) = edits.into_iter().partition(|edit| case.may_edit(edit));
            faults.extend(filed.into_iter().map(|edit| (edit.name, FieldFault::FILED)));
            let mut merged = case.body.draft.merge(edits, day(self.now()), self.now());
            merged.faults.extend(faults);
            if merged.changed.is_empty() && merged.conflicts.is_empty() {
                return Ok((self.case_seen(&app.id, id).await?, merged));
            }
            change.push(Write::Case(CaseWrite::Step(Box::new(case.step(self)?))));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok((self.case_seen(&app.id, id).await?, merged));
            }
        }
        Err(Fault::Contended.into())
    }

    /// A case of this app, opened.
    async fn own_case(&self, app: &PartyId, id: CaseId) -> Result<Case, NotCased> {
        let kept = self.store.case(id).await?.filter(|kept| kept.party == *app).ok_or(NotCased::NotFound)?;
        Ok(self.opened_case(kept)?)
    }

    fn opened_case(&self, kept: KeptCase) -> Result<Case, Fault> {
        let key = self.vault.open_claim_key(key_of(kept.id), &kept.wrapped_key)?;
        let row = kept.id.to_string();
        let plain = key.open(place_of_body(&row), &kept.body)?;
        let body = serde_json::from_slice(&plain).map_err(|_| Fault::Stored("motor_case"))?;
        Ok(Case { kept, key, body })
    }
}

/// What is set as a file, where an edit does.
fn file_of(edit: &Edit) -> Option<FileItem> {
    let named = edit.name.strip_prefix("file.").is_some() && edit.value != Value::Null;
    named.then(|| serde_json::from_value(edit.value.clone()).ok()).flatten()
}
