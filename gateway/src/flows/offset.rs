//! Offset at discharge (理賠抵繳): a hospital opens a case on a claim, hospital and insurers make steps in it, time lets
//! promises expire. Every step is audited and told to all who take part; amounts are sealed under the claim's key.

use claimgate_packet::amount::Twd;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;

use super::deadlines::Of;
use super::health::Search;
use super::insurer::NotDone;
use super::{Engine, Fault, TRIES};
use crate::core::change::{Change, Write};
use crate::core::deadline::{DeadlineKind, OnTurn};
use crate::core::ledger::day;
use crate::core::offset::{
    MOST_INSURERS, NotOffset, Offset, OffsetRow, OffsetWrite, Part, Step, StepName, Turn, end_of,
};
use crate::core::submission::SubmissionState;
use crate::core::timeline::{Event, entries};
use crate::id::{ClaimId, OffsetId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::PartyId;
use crate::store::{ClaimHead, KeptOffset, OffsetOf, StoreError};

/// Cases whose time is over that are looked at in one go.
const AT_ONCE: i64 = 100;

/// By what a hospital names a claim.
pub enum ClaimNamed {
    /// Its id.
    Id(ClaimId),
    /// Its case number (案件編號), with or without a system.
    Case(Option<String>, String),
}

/// What a hospital opens a case with.
pub struct Opening {
    /// The claim.
    pub claim: ClaimNamed,
    /// The provisional bill.
    pub bill: Twd,
    /// The day the patient is to leave.
    pub discharge_on: Date,
    /// Whom it asks, in the order in which they bear the bill.
    pub insurers: Vec<(PartyId, Line)>,
}

/// A case as it was read or left.
pub struct Seen {
    /// Id.
    pub id: OffsetId,
    /// The claim.
    pub claim: ClaimId,
    /// The hospital.
    pub hospital: PartyId,
    /// When it was changed last.
    pub changed: Timestamp,
    /// The case.
    pub offset: Offset,
    /// Who is on turn, each with the day.
    pub turns: Vec<Turn>,
}

claimgate_packet::opaque_debug!(ClaimNamed, Opening, Seen);

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// Not there, or another party's.
    #[error("not found")]
    NotFound,
    /// The case takes no such step.
    #[error(transparent)]
    Refused(#[from] NotOffset),
    /// Another case of this claim is open.
    #[error("a case of this claim is open already; change or cancel that one")]
    Exists,
    /// No insurer, too many, or one twice.
    #[error("name 1 to 10 insurers, each once")]
    Insurers,
    /// The claim was not sent to this insurer in this line.
    #[error("the claim was not sent to this insurer in this line")]
    Insurer(usize),
    /// The submission is over.
    #[error("the submission is {0}: nothing is promised or paid of it")]
    Submission(SubmissionState),
    /// The books do not allow it, or a fault of ours.
    #[error(transparent)]
    NotDone(#[from] NotDone),
}

impl From<Fault> for NotTaken {
    fn from(fault: Fault) -> Self {
        Self::NotDone(fault.into())
    }
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::NotDone(error.into())
    }
}

/// Whether nothing is promised of a submission any more.
fn is_over(state: SubmissionState) -> bool {
    use SubmissionState::{ClaimantWithdrew, Closed, ClosedIncomplete, Returned, Withdrawn};
    matches!(state, ClaimantWithdrew | Closed | ClosedIncomplete | Returned | Withdrawn)
}

impl Engine {
    /// Opens a case; `false` where the same one is open already.
    ///
    /// # Errors
    /// No such claim or insurer, another case that is open, a bill that is none, or a fault of ours.
    pub async fn open_offset(&self, hospital: &PartyId, opening: &Opening) -> Result<(Seen, bool), NotTaken> {
        for _ in 0..TRIES {
            let head = self.claim_named(hospital, &opening.claim).await?.ok_or(NotTaken::NotFound)?;
            if self.store.record_part(head.id).await?.is_some() {
                return Err(NotTaken::NotFound);
            }
            let key = self.vault.open_claim_key(head.id, &head.wrapped_key).map_err(Fault::from)?;
            let offset = self.asked_offset(hospital, head.id, opening).await?;
            for kept in self.store.offsets_of_claim(head.id).await? {
                let mut other = unsealed(&key, &kept)?;
                other.pass(self.now());
                if other.state().is_over() {
                    continue;
                }
                let same = other.bills.first().map(|bill| bill.amount) == Some(opening.bill)
                    && other.discharge_on == opening.discharge_on
                    && other
                        .parts
                        .iter()
                        .map(|part| (&part.party, part.line))
                        .eq(opening.insurers.iter().map(|(party, line)| (party, *line)));
                return if same {
                    Ok((self.offset_seen(&kept, other, kept.changed), false))
                } else {
                    Err(NotTaken::Exists)
                };
            }
            let (id, at) = (OffsetId::new(self.now(), &self.random), self.now());
            let mut change = Change::new("open_offset");
            // Two cases opened at once meet here.
            change.push(Write::TouchClaim(head.id, head.version, at));
            let row = OffsetRow {
                id,
                claim: head.id,
                hospital: hospital.clone(),
                insurers: offset.parts.iter().map(|part| part.party.clone()).collect(),
                state: offset.state(),
                version: 0,
                body: sealed(&key, id, &offset)?,
                due_at: offset.due_at(),
                at,
            };
            change.push(Write::Offset(OffsetWrite::New(Box::new(row))));
            self.tell_offset((id, head.id, hospital), &offset, ("open", hospital.as_str(), Vec::new()), &mut change);
            if self.commit_or_redo(change).await?.is_some() {
                let turns = self.turns_of(&offset);
                let seen = Seen { id, claim: head.id, hospital: hospital.clone(), changed: at, offset, turns };
                return Ok((seen, true));
            }
        }
        Err(Fault::Contended.into())
    }

    async fn claim_named(&self, hospital: &PartyId, named: &ClaimNamed) -> Result<Option<ClaimHead>, NotTaken> {
        let id = match named {
            ClaimNamed::Id(id) => *id,
            ClaimNamed::Case(system, value) => {
                // Where several cases have the number, the id says which is meant.
                let found = self.search(hospital, &Search::Case(system.clone(), value.clone()), 2).await?;
                let [one] = found.as_slice() else { return Ok(None) };
                *one
            }
        };
        Ok(self.store.claim_of_hospital(hospital, id).await?)
    }

    async fn asked_offset(&self, hospital: &PartyId, claim: ClaimId, opening: &Opening) -> Result<Offset, NotTaken> {
        let named = &opening.insurers;
        let twice = named.iter().enumerate().any(|(place, (one, _))| named.iter().take(place).any(|(it, _)| it == one));
        if !(1..=MOST_INSURERS).contains(&named.len()) || twice {
            return Err(NotTaken::Insurers);
        }
        if opening.bill <= Twd::ZERO {
            return Err(NotOffset::Amount.into());
        }
        if end_of(opening.discharge_on) <= self.now() {
            return Err(NotOffset::Day.into());
        }
        let submissions = self.store.submissions_of_hospital(hospital, claim).await?;
        let mut parts = Vec::new();
        for (place, (insurer, line)) in named.iter().enumerate() {
            let found = submissions.iter().find(|one| one.insurer == *insurer && one.line == *line);
            let found = found.ok_or(NotTaken::Insurer(place))?;
            if is_over(found.state) {
                return Err(NotTaken::Submission(found.state));
            }
            parts.push(Part::asked(insurer.clone(), found.id, *line));
        }
        Ok(Offset::open(opening.bill, opening.discharge_on, parts, self.now()))
    }

    /// A case as it stands now.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn offset(&self, of: OffsetOf<'_>, id: OffsetId) -> Result<Seen, NotTaken> {
        let (kept, _, offset) = self.read_offset(of, id).await?;
        let changed = kept.changed;
        Ok(self.offset_seen(&kept, offset, changed))
    }

    /// An insurer's cases after an id, oldest first.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn offsets_of_insurer(
        &self,
        insurer: &PartyId,
        after: Option<OffsetId>,
        limit: i64,
    ) -> Result<Vec<Seen>, NotTaken> {
        let kept = self.store.offsets_of_insurer(insurer, after, limit).await?;
        kept.iter().map(|kept| self.offset_kept(kept)).collect()
    }

    /// The cases of a claim of a hospital, newest first.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn offsets_of_claim(&self, claim: ClaimId) -> Result<Vec<Seen>, NotTaken> {
        let kept = self.store.offsets_of_claim(claim).await?;
        kept.iter().map(|kept| self.offset_kept(kept)).collect()
    }

    fn offset_kept(&self, kept: &KeptOffset) -> Result<Seen, NotTaken> {
        let key = self.vault.open_claim_key(kept.claim, &kept.wrapped_key).map_err(Fault::from)?;
        let mut offset = unsealed(&key, kept)?;
        offset.pass(self.now());
        let changed = kept.changed;
        Ok(self.offset_seen(kept, offset, changed))
    }

    /// Makes a step; the same step again answers the case as it is.
    ///
    /// # Errors
    /// Not there, a step that is refused, or a fault of ours.
    pub async fn step_offset(&self, of: OffsetOf<'_>, id: OffsetId, step: &Step) -> Result<Seen, NotTaken> {
        for _ in 0..TRIES {
            let (kept, key, mut offset) = self.read_offset(of, id).await?;
            if !offset.take(step, self.now())? {
                let changed = kept.changed;
                return Ok(self.offset_seen(&kept, offset, changed));
            }
            if let (Step::Promise { party, .. }, OffsetOf::Insurer(_)) = (step, of) {
                self.is_live(party, &offset).await?;
            }
            let mut change = Change::new("step_offset");
            self.write_offset((&kept, &key), &offset, (step.name(), of), &mut change)?;
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(self.offset_seen(&kept, offset, self.now()));
            }
        }
        Err(Fault::Contended.into())
    }

    /// Refuses where nothing is promised of the insurer's submission any more.
    async fn is_live(&self, insurer: &PartyId, offset: &Offset) -> Result<(), NotTaken> {
        let part = offset.parts.iter().find(|part| part.party == *insurer).ok_or(NotTaken::NotFound)?;
        let submission = self.store.submission(insurer, part.submission).await?.ok_or(NotTaken::NotFound)?;
        if is_over(submission.state) { Err(NotTaken::Submission(submission.state)) } else { Ok(()) }
    }

    /// Lets time pass in the cases that wait for it; how many it changed.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn pass_offsets(&self) -> Result<usize, NotTaken> {
        let mut passed = 0;
        for id in self.store.due_offsets(self.now(), AT_ONCE).await? {
            let Some(kept) = self.store.offset(OffsetOf::Gateway, id).await? else { continue };
            let key = self.vault.open_claim_key(kept.claim, &kept.wrapped_key).map_err(Fault::from)?;
            let mut offset = unsealed(&key, &kept)?;
            if offset.pass(self.now()) {
                let mut change = Change::new("pass_offset");
                self.write_offset((&kept, &key), &offset, (StepName::Time, OffsetOf::Gateway), &mut change)?;
                // Another gateway, or somebody's step, was faster.
                passed += usize::from(self.commit_or_redo(change).await?.is_some());
            }
        }
        Ok(passed)
    }

    /// A case with what time has changed by now, which the next step writes down.
    pub(super) async fn read_offset(
        &self,
        of: OffsetOf<'_>,
        id: OffsetId,
    ) -> Result<(KeptOffset, ClaimKey, Offset), NotTaken> {
        let kept = self.store.offset(of, id).await?.ok_or(NotTaken::NotFound)?;
        let key = self.vault.open_claim_key(kept.claim, &kept.wrapped_key).map_err(Fault::from)?;
        let mut offset = unsealed(&key, &kept)?;
        offset.pass(self.now());
        Ok((kept, key, offset))
    }

    /// Writes a case as it is now, and what is told of it.
    pub(super) fn write_offset(
        &self,
        (kept, key): (&KeptOffset, &ClaimKey),
        offset: &Offset,
        (step, of): (StepName, OffsetOf<'_>),
        change: &mut Change,
    ) -> Result<(), Fault> {
        let row = OffsetRow {
            id: kept.id,
            claim: kept.claim,
            hospital: kept.hospital.clone(),
            insurers: Vec::new(),
            state: offset.state(),
            version: kept.version,
            body: sealed(key, kept.id, offset)?,
            due_at: offset.due_at(),
            at: self.now(),
        };
        change.push(Write::Offset(OffsetWrite::Step(Box::new(row))));
        self.offset_deadlines(kept, offset, change);
        let actor = match of {
            OffsetOf::Hospital(party) | OffsetOf::Insurer(party) => party.as_str(),
            OffsetOf::Gateway => "gateway",
        };
        let by = match of {
            OffsetOf::Insurer(party) => vec![party.clone()],
            OffsetOf::Hospital(_) => Vec::new(),
            // What expired is its insurer's; that the case ended is everybody's.
            OffsetOf::Gateway if offset.end.is_some() => Vec::new(),
            OffsetOf::Gateway => offset.expired_last(),
        };
        self.tell_offset((kept.id, kept.claim, &kept.hospital), offset, (step.as_str(), actor, by), change);
        Ok(())
    }

    /// Insurers that are to pay are reminded of it, the others not.
    fn offset_deadlines(&self, kept: &KeptOffset, offset: &Offset, change: &mut Change) {
        let turns = self.turns_of(offset);
        for part in &offset.parts {
            let of = Of {
                kind: DeadlineKind::Offset,
                subject: &kept.id,
                claim: kept.claim,
                line: part.line,
                party: &part.party,
                role: OnTurn::Insurer,
            };
            let pays = turns.iter().find(|turn| turn.what == "pay" && turn.party.as_ref() == Some(&part.party));
            // The moment the last day is over belongs to the day after it.
            match pays.and_then(|turn| turn.by).and_then(|over| day(over).yesterday().ok()) {
                Some(due_on) => self.set_deadline(of, due_on, change),
                None => of.clear(change),
            }
        }
    }

    fn tell_offset(
        &self,
        (id, claim, hospital): (OffsetId, ClaimId, &PartyId),
        offset: &Offset,
        (step, actor, by): (&'static str, &str, Vec<PartyId>),
        change: &mut Change,
    ) {
        let state = offset.state().as_str();
        let insurers = offset.parts.iter().map(|part| part.party.clone()).collect();
        let event = Event::Offset { offset: id, step, state, insurers, by };
        change.tell(entries(claim, hospital, &event, self.now(), &self.random));
        let detail = [("step", step.to_owned()), ("state", state.to_owned()), ("claim", claim.to_string())];
        change.push(self.audit(actor, "offset.step", &id, detail));
    }

    pub(super) fn offset_seen(&self, kept: &KeptOffset, offset: Offset, changed: Timestamp) -> Seen {
        let turns = self.turns_of(&offset);
        Seen { id: kept.id, claim: kept.claim, hospital: kept.hospital.clone(), changed, offset, turns }
    }

    /// Who is on turn. An insurer pays within the term of its line, which runs from the final bill.
    fn turns_of(&self, offset: &Offset) -> Vec<Turn> {
        let billed = offset.bills.last().map(|bill| day(bill.at));
        let mut turns = offset.turns();
        for turn in turns.iter_mut().filter(|turn| turn.what == "pay") {
            let part = offset.parts.iter().find(|part| Some(&part.party) == turn.party.as_ref());
            let due = part.zip(billed).and_then(|(part, billed)| {
                let due = self.due_rules.terms.due(part.line, billed, &self.due_rules.county)?;
                due.on.ok()
            });
            turn.by = due.map(end_of);
        }
        turns
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "discharge_offset", row, column: "body" }
}

fn unsealed(key: &ClaimKey, kept: &KeptOffset) -> Result<Offset, Fault> {
    let plain = key.open(place(&kept.id.to_string()), &kept.body)?;
    serde_json::from_slice(&plain).map_err(|_| Fault::Stored("discharge_offset"))
}

fn sealed(key: &ClaimKey, id: OffsetId, offset: &Offset) -> Result<Vec<u8>, Fault> {
    let plain = serde_json::to_vec(offset).map_err(|_| Fault::Stored("discharge_offset"))?;
    Ok(key.seal(place(&id.to_string()), &plain)?)
}
