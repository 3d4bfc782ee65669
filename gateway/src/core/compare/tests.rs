//! Papers of one visit that agree and contradict, and what holds whatever the papers are.

use serde_json::{Value, json};

use super::*;
use claimgate_packet::evidence::{DiagnosisCertificate, MedicalReceipt, MedicalRecord};

fn visit(number: Option<&str>, first: &str, last: &str) -> Value {
    json!({ "number": number, "class": { "code": "IMP" }, "first_day": first, "last_day": last, "days": "3",
        "other_numbers": [], "special_diagnosis": [], "reasons": [], "professionals": [] })
}

fn codes(all: &[&str]) -> Value {
    all.iter()
        .map(|code| json!({ "codings": [{ "system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code }] }))
        .collect()
}

fn certificate(visit: &Value, diagnoses: &[&str], operations: &[&str]) -> Document {
    let procedures: Vec<Value> = operations
        .iter()
        .map(|code| {
            json!({ "status": "completed", "performed_on": "2026-11-02",
            "code": { "codings": [{ "system": "http://hl7.org/fhir/sid/icd-10-pcs", "code": code }] } })
        })
        .collect();
    let value = json!({ "patient": { "identifiers": [] }, "institution": { "code": "1301200010" }, "visit": visit,
        "diagnoses": codes(diagnoses), "procedures": procedures, "physicians": [] });
    Document::DiagnosisCertificate(serde_json::from_value::<DiagnosisCertificate>(value).unwrap())
}

fn record(visit: &Value, diagnoses: &[&str], operations: &[&str]) -> Document {
    let Document::DiagnosisCertificate(one) = certificate(visit, diagnoses, operations) else { unreachable!() };
    let value = json!({ "code": { "codings": [{ "system": "http://loinc.org", "code": "18842-5" }] }, "status": "final",
        "patient": one.patient, "institution": one.institution, "visit": one.visit, "sections": [],
        "diagnoses": one.diagnoses, "procedures": one.procedures });
    Document::MedicalRecord(serde_json::from_value::<MedicalRecord>(value).unwrap())
}

fn receipt(number: &str, self_pay: &str) -> Document {
    let value = json!({ "number": number, "patient": { "identifiers": [] }, "institution": { "code": "1301200010" },
        "currency": "TWD", "lines": [], "reductions": [], "issued_on": "2026-11-03",
        "totals": { "self_pay": self_pay, "nhi": "0", "unstated": "0" } });
    Document::MedicalReceipt(serde_json::from_value::<MedicalReceipt>(value).unwrap())
}

fn paper(from: From, number: usize, document: Document) -> Paper {
    let place = Place {
        from,
        submission_id: "sub_1".to_owned(),
        delivery_id: "dlv_1".to_owned(),
        evidence_id: format!("evd_{number:04}"),
        evidence: document.kind().to_owned(),
    };
    Paper { place, document }
}

fn of(comparison: &Comparison, subject: Subject) -> Vec<Outcome> {
    comparison.findings.iter().filter(|one| one.subject == subject).map(|one| one.outcome).collect()
}

#[test]
fn a_discharge_summary_is_held_against_the_certificate() {
    let stay = |last: &str| visit(Some("I-1"), "2026-11-01", last);
    let summary = paper(From::Answer, 1, record(&stay("2026-11-03"), &["S52.501A", "E11.9"], &["0PSH04Z"]));
    let held = paper(From::Held, 2, certificate(&stay("2026-11-05"), &["S52501A"], &[]));
    let comparison = compare(vec![held, summary]);
    assert_eq!(of(&comparison, Subject::FirstDay), [Outcome::Agrees]);
    assert_eq!(of(&comparison, Subject::LastDay), [Outcome::Differs]);
    assert_eq!(of(&comparison, Subject::Diagnosis), [Outcome::Overlaps]);
    assert_eq!(of(&comparison, Subject::Operation), [Outcome::OneSided]);
    let differs = &comparison.findings[0];
    assert_eq!((differs.outcome, differs.one.place.from), (Outcome::Differs, From::Answer));
    let values = |said: &Said| said.values.iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        (values(&differs.one), values(&differs.other)),
        (vec!["2026-11-03".to_owned()], vec!["2026-11-05".to_owned()])
    );
    assert!(comparison.alone.is_empty());
}

#[test]
fn papers_of_other_visits_are_not_compared() {
    let one = visit(Some("I-1"), "2026-11-01", "2026-11-03");
    let same_days = visit(Some("I-2"), "2026-11-01", "2026-11-03");
    let unnumbered = visit(None, "2026-11-03", "2026-11-04");
    let mut ward = unnumbered.clone();
    ward["class"]["code"] = json!("AMB");
    for (other, compared) in [(same_days, false), (unnumbered, true), (ward, false)] {
        let papers = vec![
            paper(From::Answer, 1, record(&one, &["S525"], &[])),
            paper(From::Held, 2, certificate(&other, &["S525"], &[])),
        ];
        let comparison = compare(papers);
        assert_eq!((comparison.findings.is_empty(), comparison.alone.len()), (!compared, usize::from(!compared)));
    }
}

#[test]
fn a_receipt_is_held_against_the_same_receipt_alone() {
    let papers = |number: &str, amount: &str| {
        compare(vec![paper(From::Answer, 1, receipt("R-1", "1500")), paper(From::Held, 2, receipt(number, amount))])
    };
    assert_eq!(papers("r-1", "1500.00").counts.differs, 0);
    let totals = papers("R-1", "1200");
    assert_eq!((totals.counts.differs, totals.findings[0].of.as_deref()), (1, Some("self-pay")));
    assert!(of(&papers("R-2", "1200"), Subject::Total).is_empty());
}

/// Papers drawn at random, the same ones every time.
fn drawn(seed: u64) -> Vec<Paper> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below).unwrap()
    };
    let (days, diagnoses) = (["2026-11-01", "2026-11-02", "2026-11-03"], ["S52.5", "S525", "E11.9", "I10", "8421"]);
    let count = 2 + next(6);
    (0..count)
        .map(|number| {
            let from = if next(2) == 0 { From::Answer } else { From::Held };
            let visit_number = [None, Some("I-1"), Some("I-2")][next(3)];
            let visit = visit(visit_number, days[next(3)], days[next(3)]);
            let named: Vec<&str> = (0..next(3)).map(|_| diagnoses[next(5)]).collect();
            let operations: &[&str] = [&[][..], &["0PSH04Z"][..]][next(2)];
            let document = match next(3) {
                0 => certificate(&visit, &named, operations),
                1 => record(&visit, &named, operations),
                _ => receipt(["R-1", "R-2"][next(2)], ["1", "2"][next(2)]),
            };
            paper(from, number, document)
        })
        .collect()
}

#[test]
fn whatever_the_papers_nothing_is_made_up_and_the_order_does_not_matter() {
    for seed in 0..3_000 {
        let comparison = compare(drawn(seed));
        let mut turned = drawn(seed);
        turned.reverse();
        assert!(compare(turned) == comparison, "{seed}: the order of the papers matters");
        let papers = drawn(seed);
        let facts_of =
            |place: &Place| papers.iter().find(|one| one.place == *place).map(|one| facts(&one.document)).unwrap();
        for one in &comparison.findings {
            assert_eq!(one.one.place.from, From::Answer, "{seed}: what was held is not compared with itself");
            assert!(one.one.place != one.other.place, "{seed}");
            for said in [&one.one, &one.other] {
                let key = (one.subject, one.of.clone().unwrap_or_default());
                let known = facts_of(&said.place).said.remove(&key).unwrap_or_default();
                assert!(said.values == known, "{seed}: a value of another paper");
            }
            let (left, right) = (&one.one.values, &one.other.values);
            match one.outcome {
                Outcome::Agrees => assert!(left == right && !left.is_empty()),
                Outcome::Differs => assert!(left.is_disjoint(right) && !left.is_empty() && !right.is_empty()),
                Outcome::Overlaps => assert!(left != right && !left.is_disjoint(right)),
                Outcome::OneSided => assert!(left.is_empty() != right.is_empty()),
            }
        }
        let counts = comparison.counts;
        let all = counts.differs + counts.one_sided + counts.overlaps + counts.agrees;
        assert_eq!(all, comparison.findings.len() + comparison.cut, "{seed}");
    }
}

#[test]
fn a_paper_agrees_with_itself() {
    for seed in 0..500 {
        for one in drawn(seed) {
            let again = Paper {
                place: Place { evidence_id: "evd_again".to_owned(), ..one.place.clone() },
                document: one.document.clone(),
            };
            let answer = Paper { place: Place { from: From::Answer, ..one.place }, document: one.document };
            let counts = compare(vec![answer, again]).counts;
            assert_eq!((counts.differs, counts.overlaps, counts.one_sided), (0, 0, 0), "{seed}");
        }
    }
}

#[test]
fn more_than_can_be_looked_at_is_counted() {
    let stay = visit(Some("I-1"), "2026-11-01", "2026-11-03");
    let papers = (0..140).map(|number| paper(From::Answer, number, record(&stay, &["I10"], &[]))).collect();
    let comparison = compare(papers);
    assert_eq!((comparison.papers, comparison.left_out, comparison.findings.len()), (MOST_PAPERS, 12, MOST_FINDINGS));
    assert!(comparison.cut > 0);
}
