//! The timeline (進度) by role: a hospital reads its own claims, an insurer its own submissions, an app the claim it is linked to;
//! each with who is on turn. What is not theirs is not found.
//!
//! In: who reads, what. Out: entries of their audience, standings, turns, flags. The audience was fixed when an entry was
//! written (`core/timeline.rs`); nothing is filtered here that the database has not filtered before.

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::insurer::NotDone;
use super::offset::NotTaken;
use super::{Engine, Fault};
use crate::core::offset::end_of;
use crate::core::revision::{TakenAway, flagged};
use crate::core::submission::SubmissionState;
use crate::core::turn::{self, Open, Turn, turns};
use crate::id::{ClaimId, SubmissionId};
use crate::keys::at_rest::ClaimKey;
use crate::party::PartyId;
use crate::store::{AppView, StoreError, Stream, StreamLine, TimelineLine};

/// How a claim stands with one insurer in one line.
#[derive(Clone, Debug)]
pub struct Stand {
    /// Its submission.
    pub submission: SubmissionId,
    /// The insurer.
    pub party: PartyId,
    /// The line.
    pub line: Line,
    /// Where it stands.
    pub state: SubmissionState,
}

/// A claim as one of its readers sees it.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The claim.
    pub claim: ClaimId,
    /// Entries, oldest first.
    pub timeline: Vec<TimelineLine>,
    /// How it stands: for an insurer with itself alone.
    pub stands: Vec<Stand>,
    /// Who is on turn.
    pub turns: Vec<Turn>,
    /// What its insurer decided or paid on, and was withdrawn since; for that insurer alone.
    pub flag: Option<Flag>,
}

/// That a submission was decided or paid on evidence that was withdrawn since.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Which.
    pub flag: &'static str,
    /// On what.
    pub documents: Vec<TakenAway>,
}

impl Engine {
    /// A hospital's own claim.
    ///
    /// # Errors
    /// The claim is restricted, or a fault of ours.
    pub async fn followed_by_hospital(&self, hospital: &PartyId, claim: ClaimId) -> Result<Option<Followed>, Fault> {
        let Some(head) = self.store.claim_of_hospital(hospital, claim).await? else { return Ok(None) };
        let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
        let timeline = self.store.entries_of_claim(&Stream::Hospital(hospital.clone()), claim).await?;
        let (stands, turns) = self.open_turns(claim, &key).await?;
        Ok(Some(Followed { claim, timeline, stands, turns, flag: None }))
    }

    /// What concerns an insurer's own submission: entries of its line, and those of the claim that name no line.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn followed_by_insurer(&self, insurer: &PartyId, id: SubmissionId) -> Result<Followed, NotDone> {
        let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let (claim, line) = (submission.claim, submission.line);
        let key = self.vault.open_claim_key(claim, &submission.wrapped_key).map_err(Fault::from)?;
        let mut timeline = self.store.entries_of_claim(&Stream::Insurer(insurer.clone()), claim).await?;
        timeline.retain(|entry| {
            let of = entry.parameters.get("line").and_then(serde_json::Value::as_str);
            of.is_none_or(|of| of == line.as_str())
        });
        let (stands, turns) = self.open_turns(claim, &key).await?;
        let stands = stands.into_iter().filter(|one| one.submission == id).collect();
        let turns = turn::of_insurer(turns, insurer, line);
        let flag = self.flag_of(insurer, id).await?;
        Ok(Followed { claim, timeline, stands, turns, flag })
    }

    /// What a linked app backend sees of a claim, and who is on turn.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn followed_by_owner(
        &self,
        app: &PartyId,
        claim: ClaimId,
    ) -> Result<Option<(AppView, Vec<Turn>)>, Fault> {
        let Some(view) = self.app_view(app, claim).await? else { return Ok(None) };
        let turns = match self.store.claim(claim).await {
            Ok(Some(head)) => {
                let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
                self.open_turns(claim, &key).await?.1
            }
            // A claim that is restricted stands still: nobody is on turn.
            Ok(None) | Err(StoreError::Barred(_)) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Some((view, turns)))
    }

    /// Whether an insurer decided or paid on evidence that was withdrawn since, computed anew at each look.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn flag_of(&self, insurer: &PartyId, id: SubmissionId) -> Result<Option<Flag>, NotDone> {
        let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let taken = self.store.taken_away(submission.claim, (insurer, submission.line)).await?;
        if taken.is_empty() {
            return Ok(None);
        }
        let decisions = self.store.decisions(&[id]).await?.remove(&id).unwrap_or_default();
        let payments = self.store.payments(&[id]).await?.remove(&id).unwrap_or_default();
        // A decision may be a word without a document: then it is as old as the state.
        let (_, all) = self.store.open_submissions(submission.claim).await?;
        let since = all.iter().find(|one| one.id == id).map(|one| one.since);
        let said = submission.state.is_decision() || submission.state == SubmissionState::Paid;
        let decided = decisions.last().map(|kept| kept.at).or(since.filter(|_| said));
        let paid = payments.first().map(|kept| kept.at);
        let paid = paid.or(since.filter(|_| submission.state == SubmissionState::Paid));
        Ok(flagged(&taken, decided, paid).map(|(flag, on)| Flag { flag, documents: on.into_iter().cloned().collect() }))
    }

    /// How a claim stands with each insurer, and who is on turn in it.
    pub(super) async fn open_turns(&self, claim: ClaimId, key: &ClaimKey) -> Result<(Vec<Stand>, Vec<Turn>), Fault> {
        let (received, kept) = self.store.open_submissions(claim).await?;
        let mut submissions = Vec::new();
        for one in &kept {
            let due = self.due_of(key, (one.id, one.line), one.detail.as_deref())?;
            let (party, line) = (one.party.clone(), one.line);
            submissions.push(turn::Submission { party, line, state: one.state, since: one.since, due });
        }
        let waiting = self.store.requests_waiting(claim).await?;
        let requests = waiting.into_iter().map(|one| turn::Request {
            party: one.insurer,
            line: one.line,
            kind: one.kind,
            to: one.to,
            since: one.at,
            by: end_of(one.due_on),
        });
        let mut offsets = Vec::new();
        let cases = self.offsets_of_claim(claim).await.map_err(|error| match error {
            NotTaken::NotDone(NotDone::Fault(fault)) => fault,
            _ => Fault::Stored("discharge_offset"),
        })?;
        for case in cases {
            offsets.extend(case.turns.into_iter().map(|turn| (turn, case.changed)));
        }
        let held = self.identity.still(self.store.identity_holds(claim).await?);
        let identity = held.into_iter().map(|hold| (hold.party, hold.line, hold.since)).collect();
        let turns = turns(&Open { received, submissions, requests: requests.collect(), identity, offsets });
        let stand = |one: crate::store::OpenSubmission| Stand {
            submission: one.id,
            party: one.party,
            line: one.line,
            state: one.state,
        };
        Ok((kept.into_iter().map(stand).collect(), turns))
    }

    /// Entries of a stream beyond a place.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn events(&self, stream: &Stream, after: i64, limit: i64) -> Result<Vec<StreamLine>, Fault> {
        Ok(self.store.stream(stream, after, limit).await?)
    }

    /// Whether a stream's reader may go on: its token counts, the party is let in, and an app is linked still.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn may_follow(&self, stream: &Stream, expires: Timestamp) -> Result<bool, Fault> {
        let (Stream::Hospital(party) | Stream::Insurer(party) | Stream::Shop(party) | Stream::Owner(party, _)) = stream;
        let linked = match stream {
            Stream::Owner(app, claim) => self.store.is_linked(app, *claim).await?,
            Stream::Hospital(_) | Stream::Insurer(_) | Stream::Shop(_) => true,
        };
        let party = self.store.party(party).await?;
        Ok(linked && expires > self.now() && party.is_some_and(|party| self.lets_in(&party)))
    }
}
