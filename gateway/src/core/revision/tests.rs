//! Marks and flags over made-up documents.

use super::*;
use crate::id::Random;
use crate::keys::index::BlindIndex;
use crate::keys::master::MasterKey;

struct Made(BlindIndex, Random);

impl Made {
    fn new() -> Self {
        let random = Random::system();
        Self(BlindIndex::new(&MasterKey::generate(&random)), random)
    }

    fn mac(&self, text: &str) -> Mac {
        self.0.text("test", &[text])
    }

    fn one(&self, kind: &str, number: &str, content: &str) -> Known {
        Known {
            evidence: EvidenceId::new(Timestamp::UNIX_EPOCH, &self.1),
            kind: kind.to_owned(),
            identity: (!number.is_empty()).then(|| self.mac(number)),
            content: self.mac(content),
        }
    }
}

fn words(marks: &[Marked]) -> Vec<(&str, &str)> {
    marks.iter().map(|one| (one.mark.as_str(), one.reason.as_ref().map_or("", WithdrawalReason::as_str))).collect()
}

#[test]
fn documents_are_told_apart_by_number_then_by_content_then_as_the_only_one_left() {
    let made = Made::new();
    let before = [
        made.one(MEDICAL_RECEIPT, "R-1", "a"),
        made.one(MEDICAL_RECEIPT, "R-2", "b"),
        made.one("lab-report", "", "c"),
        made.one("lab-report", "", "d"),
    ];
    let now = [
        made.one("lab-report", "", "d"),
        made.one(MEDICAL_RECEIPT, "R-2", "b2"),
        made.one("lab-report", "", "c2"),
        made.one(MEDICAL_RECEIPT, "R-3", "a"),
    ];
    let marks = marks(&before, &now, (&[], false));
    let expected = [("unchanged", ""), ("changed", ""), ("changed", ""), ("new", ""), ("withdrawn", "left-out")];
    assert_eq!(words(&marks), expected, "another number is another receipt, whatever is in it");
    assert_eq!(marks[0].was, Some(before[3].evidence));
    assert_eq!(marks[2].was, Some(before[2].evidence));
    assert_eq!((marks[4].was, marks[4].evidence), (Some(before[0].evidence), None));
}

#[test]
fn the_newest_word_says_why_and_by_what() {
    let made = Made::new();
    let before = [made.one(MEDICAL_RECEIPT, "R-1", "a"), made.one(DIAGNOSIS_CERTIFICATE, "R-1", "c")];
    let now = [made.one(MEDICAL_RECEIPT, "R-2", "a")];
    let said = |reason, by: Option<&str>| TakenBack {
        kind: MEDICAL_RECEIPT.to_owned(),
        identity: made.mac("R-1"),
        reason,
        replaced_by: by.map(|number| made.mac(number)),
    };
    let taken = [said(WithdrawalReason::Cancelled, None), said(WithdrawalReason::Reissued, Some("R-2"))];
    let marked = marks(&before, &now, (&taken, false));
    assert_eq!(words(&marked), [("new", ""), ("withdrawn", "reissued"), ("withdrawn", "left-out")]);
    assert_eq!(marked[1].replaced_by, Some(now[0].evidence));
    // What is there again is not withdrawn, whatever was said before.
    assert_eq!(words(&marks(&before, &before, (&taken, false))), [("unchanged", ""), ("unchanged", "")]);
    // Nothing is left for this recipient, or of the whole case.
    let all = marks(&before, &[], (&taken, false));
    assert_eq!(words(&all), [("withdrawn", "reissued"), ("withdrawn", "left-out")]);
    let all = marks(&before, &[], (&taken, true));
    assert_eq!(words(&all), [("withdrawn", "reissued"), ("withdrawn", "entered-in-error")]);
    assert!(all.iter().all(Marked::takes_away));
}

#[test]
fn a_flag_stands_until_the_insurer_decides_anew() {
    let made = Made::new();
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let taken = |mark, kind: &str, second| TakenAway {
        mark,
        kind: kind.to_owned(),
        evidence: made.one(kind, "", "").evidence,
        reason: None,
        at: at(second),
    };
    let receipt = [taken(RevisionMark::Withdrawn, MEDICAL_RECEIPT, 10)];
    let flag = |taken: &[TakenAway], decided: Option<i64>, paid: Option<i64>| {
        flagged(taken, decided.map(at), paid.map(at)).map(|(flag, _)| flag)
    };
    assert_eq!(flag(&receipt, None, None), None);
    assert_eq!(flag(&receipt, Some(5), None), Some("decided-on-withdrawn-evidence"));
    assert_eq!(flag(&receipt, Some(5), Some(6)), Some("paid-on-withdrawn-evidence"));
    assert_eq!(flag(&receipt, None, Some(6)), Some("paid-on-withdrawn-evidence"), "paid ahead of a decision");
    assert_eq!(flag(&receipt, Some(11), Some(6)), None, "decided anew");
    assert_eq!(flag(&[taken(RevisionMark::Changed, "lab-report", 10)], Some(5), None), None);
    let certificate = [taken(RevisionMark::Changed, DIAGNOSIS_CERTIFICATE, 10)];
    assert_eq!(flag(&certificate, Some(5), None), Some("decided-on-withdrawn-evidence"));
}
