//! Whether a document is of the person whose records were asked for, told by keyed digests of numbers, name and day of birth.
//! Neither side's values are compared in the clear, and none is kept.

use claimgate_packet::evidence::Patient;

use crate::core::application::{is_telling, plain};
use crate::keys::index::{BlindIndex, Mac};

/// A person as keyed digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Kind and digest of each number that tells people apart.
    numbers: Vec<(String, Mac)>,
    /// Name with whole date of birth.
    named: Option<Mac>,
}

impl Person {
    /// The digests of somebody.
    #[must_use]
    pub fn of(index: &BlindIndex, patient: &Patient) -> Self {
        let numbers = patient.identifiers.iter().filter(|one| is_telling(one)).filter_map(|one| {
            let kind = one.kind.clone()?;
            let digest = index.exact("records.number", &[kind.as_bytes(), plain(&one.value).as_bytes()]);
            Some((kind, digest))
        });
        let born = patient.birth_date.as_deref().filter(|day| day.len() == 10);
        let named = patient.name.as_deref().map(plain).filter(|name| !name.is_empty()).zip(born);
        Self {
            numbers: numbers.collect(),
            named: named.map(|(name, born)| index.exact("records.name", &[name.as_bytes(), born.as_bytes()])),
        }
    }

    /// Whether there is anything to know the person by.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.numbers.is_empty() || self.named.is_some()
    }

    /// Whether both are one person: no number of one kind differs, and a number, or name and date of birth, is the same. A
    /// chart number (病歷號碼) is one hospital's own: another one tells nothing, and the same one yields to another name.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let (mut same, mut same_chart) = (false, false);
        for (kind, digest) in &self.numbers {
            let mut others = other.numbers.iter().filter(|(known, _)| known == kind).peekable();
            if others.peek().is_none() {
                continue;
            }
            match (others.any(|(_, known)| known == digest), kind == CHART) {
                (true, true) => same_chart = true,
                (true, false) => same = true,
                (false, true) => {}
                (false, false) => return false,
            }
        }
        let named = self.named.zip(other.named).map(|(one, other)| one == other);
        same || named == Some(true) || same_chart && named.is_none()
    }
}

const CHART: &str = "medical-record";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(numbers: &[(&str, &str)], name: Option<&str>, born: Option<&str>) -> Person {
        let numbers: Vec<_> = numbers.iter().map(|(kind, value)| json!({ "kind": kind, "value": value })).collect();
        let patient = json!({ "name": name, "birth_date": born, "identifiers": numbers });
        Person::of(&BlindIndex::keyed(&[7; 32]), &serde_json::from_value(patient).unwrap())
    }

    #[test]
    fn a_number_tells_before_a_name_does() {
        let asked = person(&[("national-id", "A123456789")], Some("王小明"), Some("1990-04-22"));
        assert!(asked.is(&person(&[("national-id", "a 123456789")], None, None)));
        assert!(!asked.is(&person(&[("national-id", "A223456781")], Some("王小明"), Some("1990-04-22"))));
        assert!(asked.is(&person(&[("medical-record", "M-1")], Some("王 小明"), Some("1990-04-22"))));
        assert!(!asked.is(&person(&[], Some("王小明"), Some("1990"))), "a year is no day of birth");
        assert!(!asked.is(&person(&[], Some("王小明"), None)));
        let charts =
            [person(&[("medical-record", "M-1")], None, None), person(&[("medical-record", "M-2")], None, None)];
        assert!(!charts[0].is(&charts[1]) && charts[0].is(&charts[0]));
        let [one, two] =
            ["王小明", "陳大文"].map(|name| person(&[("medical-record", "M-1")], Some(name), Some("1990-04-22")));
        assert!(!one.is(&two), "two hospitals may have one chart number");
        assert!(!person(&[("other", "1")], None, None).is_known());
    }
}
