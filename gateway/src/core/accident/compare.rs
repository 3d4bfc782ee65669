//! What a party stated beside what the police recorded: agreements and contradictions, for people to judge. Pure.
//!
//! In: a statement, papers. Out: each point on which both say something. Nothing is decided by it, and no value is repeated.

use claimgate_packet::evidence::Document;
use claimgate_packet::evidence::accident::{AccidentStatement, Occurrence};
use jiff::SignedDuration;

/// How far stated and recorded time may lie apart and still agree.
const MINUTES: SignedDuration = SignedDuration::from_mins(30);

/// A point of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The paper.
    pub paper: &'static str,
    /// What is compared: `day`, `time`, `number`, `vehicles`.
    pub of: &'static str,
    /// Whether both say the same.
    pub agrees: bool,
}

/// Compares a statement with the papers of the police.
#[must_use]
pub fn compare<'a>(statement: &AccidentStatement, papers: impl IntoIterator<Item = &'a Document>) -> Vec<Point> {
    let mut points = Vec::new();
    for paper in papers {
        let Some((name, number, occurrence, plates)) = said(paper) else { continue };
        let mut point = |of, agrees: Option<bool>| {
            points.extend(agrees.map(|agrees| Point { paper: name, of, agrees }));
        };
        let stated = &statement.occurrence;
        point("day", both(day(stated).as_ref(), day(occurrence).as_ref(), |one, other| one == other));
        point(
            "time",
            both(stated.at.as_ref(), occurrence.at.as_ref(), |one, other| one.duration_since(*other).abs() <= MINUTES),
        );
        point("number", both(statement.record.number.as_ref(), number, |one, other| plain(one) == plain(other)));
        let own = statement.vehicles.iter().map(|vehicle| plain(&vehicle.plate));
        let (own, recorded): (Vec<_>, Vec<_>) = (own.collect(), plates.into_iter().map(plain).collect());
        let named = !own.is_empty() && !recorded.is_empty();
        point("vehicles", named.then(|| own.iter().all(|plate| recorded.contains(plate))));
    }
    points
}

fn both<T: ?Sized>(one: Option<&T>, other: Option<&T>, same: impl Fn(&T, &T) -> bool) -> Option<bool> {
    Some(same(one?, other?))
}

fn day(occurrence: &Occurrence) -> Option<jiff::civil::Date> {
    occurrence.on.or_else(|| occurrence.at.map(|at| jiff::tz::offset(8).to_datetime(at).date()))
}

type Said<'a> = (&'static str, Option<&'a String>, &'a Occurrence, Vec<&'a str>);

fn said(paper: &Document) -> Option<Said<'_>> {
    Some(match paper {
        Document::AccidentRegistrationSlip(slip) => (
            claimgate_packet::evidence::ACCIDENT_REGISTRATION_SLIP,
            slip.number.as_ref(),
            &slip.occurrence,
            slip.parties.iter().filter_map(|party| party.plate.as_deref()).collect(),
        ),
        Document::AccidentPreliminaryAnalysis(analysis) => (
            claimgate_packet::evidence::ACCIDENT_PRELIMINARY_ANALYSIS,
            analysis.number.as_ref(),
            &analysis.occurrence,
            analysis.parties.iter().filter_map(|party| party.plate.as_deref()).collect(),
        ),
        _ => return None,
    })
}

/// Plates and numbers are compared without hyphens, spaces and case.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_point_both_speak_of_agrees_or_contradicts() {
        let statement = |at: &str, plate: &str| -> AccidentStatement {
            serde_json::from_value(json!({
                "occurrence": { "at": at, "place": {} }, "standing": "party",
                "record": { "exists": true, "number": "A-1" }, "vehicles": [{ "plate": plate, "own": true }] }))
            .unwrap()
        };
        let slip = json!({ "number": "a1", "occurrence": { "at": "2026-11-01T01:00:00Z", "place": {} }, "unit": {},
            "parties": [{ "plate": "ABC-1234" }] });
        let slip = Document::from_json("accident-registration-slip", "accident-registration-slip/1", slip).unwrap();
        let said = |statement| -> Vec<(&str, bool)> {
            compare(&statement, [&slip]).iter().map(|point| (point.of, point.agrees)).collect()
        };
        let good = said(statement("2026-11-01T01:20:00Z", "abc1234"));
        assert_eq!(good, [("day", true), ("time", true), ("number", true), ("vehicles", true)]);
        let other = said(statement("2026-10-31T01:20:00Z", "XYZ-9999"));
        assert_eq!(other, [("day", false), ("time", false), ("number", true), ("vehicles", false)]);
    }
}
