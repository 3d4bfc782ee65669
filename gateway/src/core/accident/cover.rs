//! Who covers a vehicle of an accident (投保查詢): what was asked under which consent, what was found, how often it may be asked.
//! Values only.
//!
//! In: earlier look-ups of a claim. Out: whether one more is made, what is kept of it. Must not know: how anybody is asked.

use claimgate_adapters::insurer::cover::Covers;
use claimgate_adapters::police::api::GroundKind;
use claimgate_packet::words::Line;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::ClaimId;
use crate::keys::at_rest::Place;
use crate::keys::index::Mac;

/// Look-ups of one claim within a day, and ever.
pub const MOST_A_DAY: usize = 10;
/// See [`MOST_A_DAY`].
pub const MOST_EVER: usize = 40;
/// How long a whole answer is given again without asking anybody.
const HOLDS: SignedDuration = SignedDuration::from_hours(24);

/// What is kept of a look-up, sealed under the claim's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverFound {
    /// The plate, as it was asked about.
    pub plate: String,
    /// The day.
    pub on: Date,
    /// On what ground the plate was disclosed.
    pub ground: (GroundKind, String),
    /// What the institute says; none where no institute takes part.
    pub compulsory: Option<CompulsoryFound>,
    /// What each insurer says that takes part.
    pub insurers: Vec<InsurerFound>,
}

/// What the institute's certificate check says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompulsoryFound {
    /// The institute.
    pub institute: String,
    /// `yes`: a certificate was in force.
    pub covers: Covers,
    /// The insurer's 統一編號.
    pub insurer: Option<String>,
    /// The insurer's party id, where it is registered here.
    pub party: Option<String>,
    /// The certificate's number.
    pub certificate: Option<String>,
    /// First and last day of cover.
    pub term: Option<(Date, Date)>,
    /// Why it is not known: a stable word.
    pub reason: Option<String>,
}

/// What an insurer says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsurerFound {
    /// The insurer.
    pub party: String,
    /// Whether.
    pub covers: Covers,
    /// In which lines.
    pub lines: Vec<Line>,
    /// Why it is not known: a stable word.
    pub reason: Option<String>,
}

/// A look-up as it is kept.
#[derive(Clone)]
pub struct KeptLookUp {
    /// Its number in the claim, from 1.
    pub number: i64,
    /// Keyed digest of the plate.
    pub plate: Mac,
    /// A [`CoverFound`], sealed.
    pub body: Vec<u8>,
    /// When.
    pub asked_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}

claimgate_packet::opaque_debug!(CoverFound, CompulsoryFound, InsurerFound, KeptLookUp);

/// What is written of look-ups.
#[derive(Debug)]
pub enum LookUpWrite {
    /// One begins: written before anything of the plate leaves.
    Begun {
        /// The claim.
        claim: ClaimId,
        /// Its number.
        number: i64,
        /// Keyed digest of the plate.
        plate: Mac,
        /// A [`CoverFound`] without findings, sealed.
        body: Vec<u8>,
        /// When.
        at: Timestamp,
    },
    /// It is answered.
    Answered {
        /// The claim.
        claim: ClaimId,
        /// Its number.
        number: i64,
        /// A [`CoverFound`], sealed.
        body: Vec<u8>,
        /// When.
        at: Timestamp,
    },
}

/// What becomes of a wish to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is made, under this number.
    Make(i64),
    /// One of this plate was answered of late: the one of this number.
    Known(i64),
    /// Not before so many seconds have gone by; none: never for this claim.
    Wait(Option<i64>),
}

/// Whether one more look-up of a claim is made. A plate of which every question was answered is not asked about again for a day.
#[must_use]
pub fn wish(kept: &[KeptLookUp], plate: &Mac, whole: impl Fn(&KeptLookUp) -> bool, now: Timestamp) -> Wish {
    let recent = |at: Timestamp| now.duration_since(at) < HOLDS;
    let known = kept.iter().rev().find(|one| one.plate == *plate && one.answered_at.is_some_and(recent) && whole(one));
    if let Some(known) = known {
        return Wish::Known(known.number);
    }
    if kept.len() >= MOST_EVER {
        return Wish::Wait(None);
    }
    let mut of_late: Vec<Timestamp> = kept.iter().map(|one| one.asked_at).filter(|at| recent(*at)).collect();
    of_late.sort();
    match of_late.first().filter(|_| of_late.len() >= MOST_A_DAY) {
        Some(first) => Wish::Wait(Some((HOLDS - now.duration_since(*first)).as_secs().max(1))),
        None => Wish::Make(kept.iter().map(|one| one.number).max().unwrap_or(0) + 1),
    }
}

impl CoverFound {
    /// Whether everybody who was asked answered.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let known = |covers: Covers| covers != Covers::Unknown;
        self.compulsory.as_ref().is_none_or(|one| known(one.covers))
            && self.insurers.iter().all(|one| known(one.covers))
    }
}

/// The place of what is sealed of a look-up.
#[must_use]
pub fn place_of_cover(row: &str) -> Place<'_> {
    Place { table: "cover_lookup", row, column: "body" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn kept(number: i64, plate: u8, asked: i64, answered: bool) -> KeptLookUp {
        let answered_at = answered.then(|| at(asked));
        KeptLookUp { number, plate: [plate; 32], body: Vec::new(), asked_at: at(asked), answered_at }
    }

    #[test]
    fn a_case_asks_ten_times_a_day_and_forty_in_all() {
        let all = |_: &KeptLookUp| true;
        assert_eq!(wish(&[], &[1; 32], all, at(NOW)), Wish::Make(1));
        let ten: Vec<KeptLookUp> = (1..=10).map(|number| kept(number, 9, NOW - 3_600 + number, true)).collect();
        assert_eq!(wish(&ten, &[1; 32], all, at(NOW)), Wish::Wait(Some(23 * 3_600 + 1)));
        assert_eq!(wish(&ten, &[9; 32], all, at(NOW)), Wish::Known(10), "what is known is no question");
        assert_eq!(wish(&ten, &[1; 32], all, at(NOW + 24 * 3_600)), Wish::Make(11));
        let forty: Vec<KeptLookUp> = (1..=40).map(|number| kept(number, 9, NOW - 90 * 86_400, true)).collect();
        assert_eq!(wish(&forty, &[1; 32], all, at(NOW)), Wish::Wait(None));
    }

    #[test]
    fn what_was_not_answered_whole_is_asked_again() {
        let one = [kept(1, 1, NOW - 60, true)];
        assert_eq!(wish(&one, &[1; 32], |_| true, at(NOW)), Wish::Known(1));
        assert_eq!(wish(&one, &[1; 32], |_| false, at(NOW)), Wish::Make(2));
        assert_eq!(wish(&one, &[1; 32], |_| true, at(NOW + 86_400)), Wish::Make(2), "a day later");
        assert_eq!(wish(&[kept(1, 1, NOW - 60, false)], &[1; 32], |_| true, at(NOW)), Wish::Make(2), "never answered");
    }
}
