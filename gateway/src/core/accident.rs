//! Accidents (交通事故) and the police papers of each: asked for once, whoever needs them. Values only.
//!
//! In: what parties file, what a source answers. Out: rows for the store. An accident has a data key of its own; filings are
//! claims with keys of theirs. Must not know: HTTP, how a source is asked.

use claimgate_adapters::police::api::{GroundKind, Item};
use claimgate_packet::evidence::accident::AccidentStatement;
use claimgate_packet::words::Line;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{AccidentId, ClaimId, EvidenceId, UseId};
use crate::keys::at_rest::Place;
use crate::keys::index::Mac;
use crate::party::PartyId;

pub mod belongs;
pub mod calendar;
pub mod compare;
pub mod cover;
pub mod source;

use source::Jurisdiction;

/// How long a check is relied on without asking the source again.
pub const CHECK_HOLDS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How a scan is labelled whose source was asked about its number.
pub const NUMBER_CHECK: &str = "number-check";
/// How often an accident may be passed on from one source to another.
pub const MOST_MOVES: i64 = 3;
const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;
const HALF_HOUR: i64 = 30 * MINUTE;
/// How often a source is asked for what it does not know, a day apart.
const MOST_UNKNOWN: i64 = 14;

/// How a paper of an accident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaperState {
    /// Its day has not come, or it has not been asked for yet.
    Expected,
    /// Asked for, and not here yet.
    Asked,
    /// Not given while a criminal investigation goes on.
    Withheld,
    /// Here and verified.
    Arrived,
    /// The source will not give it.
    NotAvailable,
}

impl PaperState {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Asked => "asked",
            Self::Withheld => "withheld",
            Self::Arrived => "arrived",
            Self::NotAvailable => "not-available",
        }
    }
}

impl std::str::FromStr for PaperState {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let all = [Self::Expected, Self::Asked, Self::Withheld, Self::Arrived, Self::NotAvailable];
        all.into_iter().find(|state| state.as_str() == word).ok_or(())
    }
}

/// What an accident is known by, sealed under its key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The police case number (案件編號).
    pub number: Option<String>,
    /// The day, in Taiwan.
    pub on: Date,
}

/// What was filed, sealed under the claim's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// The filer's own number.
    pub reference: String,
    /// What the party says.
    pub statement: AccidentStatement,
    /// Who is to get it.
    pub recipients: Vec<FiledRecipient>,
}

/// A recipient of a filing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledRecipient {
    /// Party id.
    pub party: String,
    /// The line of insurance.
    pub line: Line,
    /// Its policy or claim number, where known.
    pub number: Option<String>,
    /// The number of consent, mandate or inquiry; none: the check's result alone.
    pub ground: Option<(GroundKind, String)>,
}

claimgate_packet::opaque_debug!(Known, Filed, FiledRecipient);

/// What is written of accidents.
#[derive(Debug)]
pub enum AccidentWrite {
    /// A new accident.
    New(Box<NewAccident>),
    /// Makes sure that an accident is still of the version it was read at, until the end of the transaction.
    Rely(AccidentId, i64),
    /// The record of an accident became known, from the version it was read at.
    Named(Box<Named>),
    /// Papers of an accident that nobody needed before.
    Papers(AccidentId, Vec<NewPaper>, Timestamp),
    /// Somebody handed a paper in; where it stands still, it is looked at from then on.
    HandedIn(AccidentId, Item, Option<Timestamp>),
    /// A claim of an accident.
    Filing(Box<NewFiling>),
    /// A step of a paper, from the version it was read at.
    Paper(Box<PaperStep>),
    /// The record is of another jurisdiction, from the version the accident was read at.
    Moved(Box<Moved>),
    /// The filings of an accident join another one, from the version it was read at; its key goes with all it sealed.
    Joined(AccidentId, i64, AccidentId, Timestamp),
    /// A filer's answer to the question whether filings are linked; from when it is looked at.
    Linking(ClaimId, Linking, Option<Timestamp>),
    /// Filings that could be linked with one were looked at.
    Looked(ClaimId),
    /// A recipient gets a paper, or what its check found.
    Use(UseRow),
    /// A ground is taken back, for all lines of a recipient.
    End(ClaimId, PartyId, Timestamp),
    /// What was filed, corrected and sealed.
    Refiled(ClaimId, Vec<u8>),
    /// A look-up of who covers a vehicle.
    LookUp(cover::LookUpWrite),
    /// Evidence of a claim is replaced by that of a revision.
    Supersede(EvidenceId, i64),
}

/// A new accident.
#[derive(Debug)]
pub struct NewAccident {
    /// Id.
    pub id: AccidentId,
    /// Whose record it is; none where there is none.
    pub jurisdiction: Option<Jurisdiction>,
    /// Keyed digest of jurisdiction and case number.
    pub case: Option<Mac>,
    /// Its data key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// A [`Known`], sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// A filer's answer to the question whether filings that name the same vehicle in the same half hour are one accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// They are, where the other filer says so as well.
    Agreed,
    /// They are not.
    Refused,
}

impl Linking {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Refused => "refused",
        }
    }
}

impl std::str::FromStr for Linking {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Agreed, Self::Refused].into_iter().find(|one| one.as_str() == word).ok_or(())
    }
}

/// The record of an accident that was filed without one.
#[derive(Debug)]
pub struct Named {
    /// The accident.
    pub id: AccidentId,
    /// The version it was read at.
    pub version: i64,
    /// Whose record it is.
    pub jurisdiction: Jurisdiction,
    /// Keyed digest of that and the case number.
    pub case: Mac,
    /// A [`Known`], sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// A paper that is to be asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewPaper {
    /// Which.
    pub item: Item,
    /// From which day.
    pub on: Date,
    /// When it is asked for; none: not by itself.
    pub due_at: Option<Timestamp>,
}

/// A claim of an accident.
#[derive(Debug)]
pub struct NewFiling {
    /// The claim.
    pub claim: ClaimId,
    /// The accident.
    pub accident: AccidentId,
    /// Who filed it.
    pub opener: PartyId,
    /// Whether the filer follows the claim as its owner's app does.
    pub follows: bool,
    /// Keyed digest of what was filed.
    pub body_mac: Mac,
    /// A [`Filed`], sealed.
    pub body: Vec<u8>,
    /// Who is to get it, on what ground.
    pub recipients: Vec<(PartyId, Line, Option<GroundKind>)>,
    /// Keyed digests of each plate with its half hours: what filings of one accident have in common.
    pub traces: Vec<Mac>,
    /// When.
    pub at: Timestamp,
}

/// A step of a paper.
#[derive(Debug)]
pub struct PaperStep {
    /// The accident.
    pub accident: AccidentId,
    /// The paper.
    pub item: Item,
    /// The version it was read at.
    pub version: i64,
    /// How it stands now.
    pub state: PaperState,
    /// When it is looked at again; none: not by itself.
    pub due_at: Option<Timestamp>,
    /// The day it is given from, where the source named another.
    pub on: Option<Date>,
    /// How often it was asked for in a row.
    pub tries: i64,
    /// Whether this step asks the source.
    pub asks: bool,
    /// Why it is not here: a stable word.
    pub reason: Option<&'static str>,
    /// What arrived.
    pub arrived: Option<ArrivedPaper>,
    /// Whether what is here is relied on no more.
    pub superseded: bool,
    /// When.
    pub at: Timestamp,
}

/// A paper that arrived and was verified, or was verified again.
#[derive(Debug)]
pub struct ArrivedPaper {
    /// The source's version; none where its channel has no versions.
    pub version: Option<i64>,
    /// The paper, sealed; none where what is there was verified again, or the check alone is kept.
    pub content: Option<Vec<u8>>,
    /// The check with its receipt, sealed.
    pub check: Vec<u8>,
    /// Until when the check is relied on.
    pub until: Timestamp,
}

/// An accident passes to another jurisdiction.
#[derive(Debug)]
pub struct Moved {
    /// The accident.
    pub id: AccidentId,
    /// The version it was read at.
    pub version: i64,
    /// Whose it is.
    pub jurisdiction: Jurisdiction,
    /// Keyed digest of that and the case number.
    pub case: Mac,
    /// When.
    pub at: Timestamp,
}

/// A recipient gets something of a paper.
#[derive(Debug)]
pub struct UseRow {
    /// Id.
    pub id: UseId,
    /// The source.
    pub source: PartyId,
    /// The accident.
    pub accident: AccidentId,
    /// The paper.
    pub item: Item,
    /// Its version.
    pub version: i64,
    /// The claim.
    pub claim: ClaimId,
    /// The recipient.
    pub party: PartyId,
    /// Its line.
    pub line: Line,
    /// What it gets.
    pub share: calendar::Share,
    /// When.
    pub at: Timestamp,
}

/// The half hours an instant is looked for in: its own and the next. Two instants at most one half hour apart have one in
/// common, and whoever knows neither plate nor time learns nothing of a digest of both.
#[must_use]
pub fn half_hours(at: Timestamp) -> [i64; 2] {
    let own = at.as_second().div_euclid(HALF_HOUR);
    [own, own + 1]
}

/// The claim under whose name an accident's data key is kept: the same UUID.
#[must_use]
pub fn key_of(accident: AccidentId) -> ClaimId {
    ClaimId::from_uuid(accident.uuid())
}

/// The place of what is sealed of a paper.
#[must_use]
pub fn place_of_paper<'a>(row: &'a str, column: &'static str) -> Place<'a> {
    Place { table: "accident_paper", row, column }
}

/// When a source is asked again that was busy or could not be reached, or whose answer did not count: after a minute, then
/// ever later up to six hours, and never before it says.
#[must_use]
pub fn again(now: Timestamp, tries: i64, retry_after: Option<i64>) -> Timestamp {
    let doubled = MINUTE << tries.clamp(1, 9).saturating_sub(1);
    let wait = doubled.min(DAY / 4).max(retry_after.unwrap_or_default().clamp(0, DAY));
    later(now, wait)
}

/// When a source is asked again for what it does not know: the next day, for two weeks.
#[must_use]
pub fn again_for_unknown(now: Timestamp, tries: i64) -> Option<Timestamp> {
    (tries < MOST_UNKNOWN).then(|| later(now, DAY))
}

/// When a source is asked again for what it withholds: weekly.
#[must_use]
pub fn again_for_withheld(now: Timestamp) -> Timestamp {
    later(now, 7 * DAY)
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_hours_that_are_neighbours_meet_and_others_do_not() {
        let meet = |one: i64, other: i64| {
            let of = |second| half_hours(Timestamp::from_second(second).unwrap());
            of(one).iter().any(|half_hour| of(other).contains(half_hour))
        };
        assert!(meet(0, 1_799) && meet(0, 1_800) && meet(1_799, 1_800) && meet(0, 3_599) && meet(-1, 0));
        assert!(!meet(0, 3_600) && !meet(1_799, 3_600) && !meet(-1, 1_800));
    }

    #[test]
    fn a_busy_source_is_asked_ever_later_and_never_before_it_says() {
        let now = Timestamp::UNIX_EPOCH;
        let waits: Vec<i64> = (1..=12).map(|tries| again(now, tries, None).as_second()).collect();
        assert_eq!(waits[..4], [60, 120, 240, 480]);
        assert!(waits.iter().all(|wait| *wait <= 6 * 3600));
        assert_eq!(again(now, 1, Some(3_600)).as_second(), 3_600);
        assert_eq!(again(now, 1, Some(i64::MAX)).as_second(), DAY);
        assert_eq!(again(now, 3, Some(1)).as_second(), 240);
        assert_eq!(again_for_unknown(now, 1).map(Timestamp::as_second), Some(DAY));
        assert_eq!(again_for_unknown(now, 14), None);
    }
}
