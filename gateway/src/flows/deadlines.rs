//! Reminders (催辦): whoever is on turn is told some working days before a last day, and when it is over; each once.
//!
//! In: last days as other flows set them. Out: lines of the timeline of whoever is on turn, rows that say what was said, and
//! for operators what alerts are made of. What a deadline is of may have been done meanwhile: that is looked at again here.

use jiff::civil::Date;

use super::{Engine, Fault};
use crate::core::alert::{AlertKind, Condition};
use crate::core::change::{Change, Write};
use crate::core::deadline::{Deadline, DeadlineKind, DeadlineWrite, Next, OnTurn, Told, first_look, next};
use crate::core::timeline::{Audience, Entry, Event};
use crate::id::{ClaimId, EventId};
use crate::party::{PartyId, Role};
use crate::store::StoreError;
use claimgate_packet::words::Line;

/// How many are looked at in one go.
const AT_ONCE: i64 = 100;

/// Whom a last day concerns, and of what it is.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub kind: DeadlineKind,
    /// The submission, request or case.
    pub subject: &'a dyn std::fmt::Display,
    pub claim: ClaimId,
    pub line: Line,
    pub party: &'a PartyId,
    pub role: OnTurn,
}

impl Of<'_> {
    /// Nobody is to be reminded any more.
    pub(super) fn clear(self, change: &mut Change) {
        let clear = DeadlineWrite::Clear(self.kind, self.subject.to_string(), self.party.clone());
        change.push(Write::Deadline(clear));
    }
}

impl Engine {
    /// Somebody is to be reminded of a last day; none of papers whose reminder would come at once.
    pub(super) fn set_deadline(&self, of: Of<'_>, due_on: Date, change: &mut Change) {
        let days = self.due_rules.remind_working_days;
        let remind_on =
            (days > 0).then(|| self.due_rules.terms.working_before(due_on, days, &self.due_rules.county)).flatten();
        let next_at = first_look(due_on, remind_on);
        if of.kind == DeadlineKind::Papers && next_at <= self.now() {
            return;
        }
        change.push(Write::Deadline(DeadlineWrite::Set(Box::new(Deadline {
            kind: of.kind,
            subject: of.subject.to_string(),
            party: of.party.clone(),
            role: of.role,
            claim: of.claim,
            line: of.line,
            due_on,
            told: Told::Nothing,
            next_at,
        }))));
    }

    /// The term in which an insurer pays begins: all papers were there on that day. Where the last day is not known there is
    /// none to be reminded of.
    pub(super) fn set_payment_deadline(&self, of: Of<'_>, complete_on: Date, change: &mut Change) {
        let rules = &self.due_rules;
        match rules.terms.due(of.line, complete_on, &rules.county).and_then(|due| due.on.ok()) {
            Some(due_on) => self.set_deadline(of, due_on, change),
            None => of.clear(change),
        }
    }

    /// Says what is to be said by now; whether more may wait. Any number of gateways may do so at once: the rows let one of
    /// them win.
    ///
    /// # Errors
    /// The database is away.
    pub async fn remind(&self) -> Result<bool, Fault> {
        let due = self.store.due_deadlines(self.now(), AT_ONCE).await?;
        let more = i64::try_from(due.len()).is_ok_and(|looked| looked >= AT_ONCE);
        for (deadline, waited_for) in due {
            let mut change = Change::new("remind");
            let after = match next(&deadline, waited_for, self.now()) {
                Next::Tell(told, at) => {
                    self.tell_deadline(&deadline, told, &mut change);
                    Some((told, at))
                }
                Next::Wait(at) => Some((deadline.told, at)),
                Next::Forget => None,
            };
            change.push(Write::Deadline(DeadlineWrite::Step(Box::new(deadline), after)));
            match self.store.commit(change).await {
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(more)
    }

    /// For whoever is on turn alone.
    fn tell_deadline(&self, deadline: &Deadline, told: Told, change: &mut Change) {
        let (now, party) = (self.now(), deadline.party.clone());
        let audience = match deadline.role {
            OnTurn::Insurer => Audience::Party(Role::Insurer, party),
            OnTurn::Hospital => Audience::Party(Role::Hospital, party),
            OnTurn::Owner => Audience::Owner,
        };
        let event = Event::Deadline {
            kind: deadline.kind.as_str(),
            subject: deadline.subject.clone(),
            line: deadline.line,
            told: told.as_str(),
            due_on: deadline.due_on,
        };
        let id = EventId::new(now, &self.random);
        change.tell(vec![Entry { id, claim: deadline.claim, at: now, audience, event }]);
        let detail = [
            ("kind", deadline.kind.as_str().to_owned()),
            ("told", told.as_str().to_owned()),
            ("due_on", deadline.due_on.to_string()),
            ("to", deadline.party.to_string()),
        ];
        change.push(self.audit("gateway", "deadline.reminded", &deadline.subject, detail));
    }

    /// What operators are told of: one alert for each insurer with payments that end soon, one with payments that are late.
    pub(super) async fn deadlines_wrong(&self) -> Result<Vec<Condition>, Fault> {
        let told = self.store.deadlines_told().await?;
        let one = |standing: crate::store::DeadlinesTold| {
            let (kind, word) = match standing.told {
                Told::Past => (AlertKind::TermPast, "are late, the first since"),
                Told::Soon | Told::Nothing => (AlertKind::TermEnds, "end soon, the first on"),
            };
            let detail = format!("{} payments {word} {}", standing.count, standing.first);
            Condition { kind, subject: standing.party.to_string(), party: Some(standing.party), detail }
        };
        Ok(told.into_iter().map(one).collect())
    }
}
