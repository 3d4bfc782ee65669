//! Deadlines (期限): last days of which whoever is on turn is reminded, some working days before and when they are over; each
//! once. Functions over values: no IO, no clock.

use claimgate_packet::words::Line;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::offset::end_of;
use super::proposal::words;
use crate::id::ClaimId;
use crate::party::PartyId;

/// How often one that is over is looked at, whether it is waited for still.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

words! {
    /// What ends.
    DeadlineKind {
        /// The term in which an insurer pays (給付期限).
        Payment = "payment";
        /// The time in which papers that were asked for come (補件期限). What is over there, the request itself says.
        Papers = "papers";
        /// The term in which an insurer pays a hospital its part of a bill (理賠抵繳給付期限).
        Offset = "offset";
    }
    /// What was said of it.
    Told {
        /// Nothing yet.
        Nothing = "nothing";
        /// That it ends soon.
        Soon = "soon";
        /// That it is over.
        Past = "past";
    }
    /// Who is on turn.
    OnTurn {
        /// An insurer.
        Insurer = "insurer";
        /// A hospital.
        Hospital = "hospital";
        /// The person: whoever is linked to the claim.
        Owner = "owner";
    }
}

/// A last day somebody is to be reminded of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// What ends.
    pub kind: DeadlineKind,
    /// Of what: a submission, a request, a case of offset.
    pub subject: String,
    /// Who is on turn, or the hospital where it is the person.
    pub party: PartyId,
    /// As what.
    pub role: OnTurn,
    /// The claim.
    pub claim: ClaimId,
    /// The line of insurance (險種).
    pub line: Line,
    /// The last day.
    pub due_on: Date,
    /// What was said.
    pub told: Told,
    /// When it is looked at next.
    pub next_at: Timestamp,
}

/// What is written.
#[derive(Debug)]
pub enum DeadlineWrite {
    /// A deadline begins; with the same last day it stays as it is.
    Set(Box<Deadline>),
    /// Nothing is waited for any more of this subject, by this party.
    Clear(DeadlineKind, String, PartyId),
    /// What was read at this time of looking, as it is from now on; gone where there is no next look.
    Step(Box<Deadline>, Option<(Told, Timestamp)>),
}

/// What is to be done at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This is said, and it is looked at again then.
    Tell(Told, Timestamp),
    /// Nothing is said; it is looked at again then.
    Wait(Timestamp),
    /// It is forgotten.
    Forget,
}

/// What a look at a deadline leads to; `waited_for` says whether anything is still to be done.
#[must_use]
pub fn next(deadline: &Deadline, waited_for: bool, now: Timestamp) -> Next {
    let over = end_of(deadline.due_on);
    let again = now.checked_add(AGAIN).unwrap_or(Timestamp::MAX);
    match (now >= over, waited_for) {
        (true, false) => Next::Forget,
        (true, true) if deadline.kind == DeadlineKind::Papers => Next::Forget,
        (true, true) if deadline.told == Told::Past => Next::Wait(again),
        (true, true) => Next::Tell(Told::Past, again),
        (false, true) if deadline.told == Told::Nothing => Next::Tell(Told::Soon, over),
        (false, _) => Next::Wait(over),
    }
}

/// When a deadline is looked at first: when the day begins, in Taiwan, on which somebody is to be reminded; at its end where
/// there is no such day.
#[must_use]
pub fn first_look(due_on: Date, remind_on: Option<Date>) -> Timestamp {
    remind_on.and_then(|day| day.yesterday().ok()).map_or_else(|| end_of(due_on), end_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    fn deadline(kind: DeadlineKind, told: Told) -> Deadline {
        let at = Timestamp::UNIX_EPOCH;
        Deadline {
            kind,
            subject: "sub".to_owned(),
            party: "insurer-a".parse().unwrap(),
            role: OnTurn::Insurer,
            claim: ClaimId::new(at, &Random::system()),
            line: Line::Accident,
            due_on: "2026-12-08".parse().unwrap(),
            told,
            next_at: at,
        }
    }

    #[test]
    fn each_thing_is_said_once_and_what_nobody_waits_for_is_forgotten() {
        use DeadlineKind::{Papers, Payment};
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (before, over) = (at("2026-12-04T16:00:00Z"), at("2026-12-08T16:00:00Z"));
        let tomorrow = at("2026-12-09T16:00:00Z");
        assert_eq!(next(&deadline(Payment, Told::Nothing), true, before), Next::Tell(Told::Soon, over));
        assert_eq!(next(&deadline(Payment, Told::Soon), true, before), Next::Wait(over));
        assert_eq!(next(&deadline(Payment, Told::Nothing), false, before), Next::Wait(over), "it may be again");
        for told in [Told::Nothing, Told::Soon] {
            assert_eq!(next(&deadline(Payment, told), true, over), Next::Tell(Told::Past, tomorrow));
        }
        assert_eq!(next(&deadline(Payment, Told::Past), true, over), Next::Wait(tomorrow));
        assert_eq!(next(&deadline(Payment, Told::Past), false, over), Next::Forget);
        assert_eq!(next(&deadline(Papers, Told::Soon), true, over), Next::Forget);
    }

    #[test]
    fn the_first_look_is_when_the_day_begins_in_taiwan() {
        let due = "2026-12-08".parse().unwrap();
        assert_eq!(first_look(due, Some("2026-12-03".parse().unwrap())).to_string(), "2026-12-02T16:00:00Z");
        assert_eq!(first_look(due, None), end_of(due));
    }
}
