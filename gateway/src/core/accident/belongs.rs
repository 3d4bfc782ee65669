//! Whether a document that came another way than by the case number is of an accident: no point contradicts, and one agrees.
//! Pure.
//!
//! In: a document, what is known of the accident, the vehicles its claim names. Out: a word. No value is repeated.

use claimgate_packet::evidence::Document;
use claimgate_packet::evidence::accident::{Occurrence, StatedVehicle};

use super::Known;
use super::compare::plain;
use crate::core::ledger;

/// What a document is to an accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Of this accident.
    This,
    /// Its number, its day or all its plates are others.
    Other,
    /// It says nothing both know.
    Unclear,
}

/// Compares a document with an accident: number, day, plates, as far as both have them. A vehicle belongs where the claim
/// names its plate.
#[must_use]
pub fn belongs(document: &Document, known: &Known, vehicles: &[StatedVehicle]) -> Fit {
    let named = |plate: &str| vehicles.iter().any(|vehicle| plain(&vehicle.plate) == plain(plate));
    if let Document::VehicleRegistration(vehicle) = document {
        return match vehicle.plate.as_deref() {
            _ if vehicles.is_empty() => Fit::Unclear,
            None => Fit::Unclear,
            Some(plate) if named(plate) => Fit::This,
            Some(_) => Fit::Other,
        };
    }
    let Some((number, occurrence, plates)) = said(document) else { return Fit::Unclear };
    let number = number.zip(known.number.as_ref()).map(|(said, known)| plain(said) == plain(known));
    let day = occurrence.and_then(|of| of.on.or_else(|| of.at.map(ledger::day))).map(|on| on == known.on);
    let plates = (!plates.is_empty() && !vehicles.is_empty()).then(|| plates.iter().any(|plate| named(plate)));
    let points = [number, day, plates];
    if points.contains(&Some(false)) {
        Fit::Other
    } else if points.contains(&Some(true)) {
        Fit::This
    } else {
        Fit::Unclear
    }
}

type Said<'a> = (Option<&'a String>, Option<&'a Occurrence>, Vec<&'a str>);

fn said(document: &Document) -> Option<Said<'_>> {
    Some(match document {
        Document::AccidentRegistrationSlip(slip) => {
            let plates = slip.parties.iter().filter_map(|party| party.plate.as_deref());
            (slip.number.as_ref(), Some(&slip.occurrence), plates.collect())
        }
        Document::AccidentPreliminaryAnalysis(analysis) => {
            let plates = analysis.parties.iter().filter_map(|party| party.plate.as_deref());
            (analysis.number.as_ref(), Some(&analysis.occurrence), plates.collect())
        }
        Document::AccidentSceneSketch(sketch) => (sketch.number.as_ref(), Some(&sketch.occurrence), Vec::new()),
        Document::AccidentScenePhotos(photos) => (photos.number.as_ref(), Some(&photos.occurrence), Vec::new()),
        Document::AccidentCertificate(one) => {
            let plates = one.parties.iter().filter_map(|party| party.plate.as_deref());
            (one.number.as_ref(), Some(&one.occurrence), plates.collect())
        }
        // Its number is the committee's.
        Document::AccidentAppraisal(one) => {
            let plates = one.parties.iter().filter_map(|party| party.plate.as_deref());
            (None, Some(&one.occurrence), plates.collect())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    fn slip(members: &Value) -> Document {
        let mut slip = json!({ "occurrence": { "place": {} }, "unit": {}, "parties": [] });
        slip.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Document::from_json("accident-registration-slip", "accident-registration-slip/1", slip).unwrap()
    }

    #[test]
    fn one_point_agrees_and_none_contradicts() {
        let known = Known { number: Some("11511A0001".to_owned()), on: date(2026, 11, 1) };
        let unnumbered = Known { number: None, ..known.clone() };
        let vehicles = [StatedVehicle { plate: "ABC-1234".to_owned(), own: true }];
        let at = |day: &str| json!({ "on": day, "place": {} });
        let good =
            json!({ "number": "11511-a0001", "occurrence": at("2026-11-01"), "parties": [{ "plate": "abc1234" }] });
        assert_eq!(belongs(&slip(&good), &known, &vehicles), Fit::This);
        assert_eq!(belongs(&slip(&good), &unnumbered, &[]), Fit::This, "the day agrees, and nothing else is known");
        for (member, value) in [
            ("number", json!("11511A0002")),
            ("occurrence", at("2026-11-02")),
            ("occurrence", json!({ "at": "2026-11-01T16:00:00Z", "place": {} })),
            ("parties", json!([{ "plate": "XYZ-9999" }, { "order": 2 }])),
        ] {
            let mut other = good.clone();
            other[member] = value;
            assert_eq!(belongs(&slip(&other), &known, &vehicles), Fit::Other, "{member}");
        }
        assert_eq!(belongs(&slip(&json!({})), &known, &vehicles), Fit::Unclear);
        let vehicle = |plate: &str| {
            let json = json!({ "plate": plate });
            Document::from_json("vehicle-registration", "vehicle-registration/1", json).unwrap()
        };
        assert_eq!(belongs(&vehicle("abc 1234"), &known, &vehicles), Fit::This);
        assert_eq!(belongs(&vehicle("XYZ-9999"), &known, &vehicles), Fit::Other);
        assert_eq!(belongs(&vehicle("ABC-1234"), &known, &[]), Fit::Unclear, "no vehicle is named");
    }
}
