//! Applications of patients (院內申請): what one holds, whether it holds together, whose it is. Values only.
//!
//! In: what a hospital sends, or a patient fills in. Out: the sealed form, every fault with its place (`check`), whether two
//! descriptions are of one person.

use claimgate_packet::evidence::application::ClaimApplication;
use claimgate_packet::evidence::{Consent, Identifier, Patient};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::ApplicationId;
use crate::keys::index::Mac;
use crate::party::PartyId;

mod check;
pub mod page;

pub use check::{Faulty, MOST_RECIPIENTS};

/// Kinds of identifiers that tell one person from another.
const TELLING: [&str; 4] = ["national-id", "resident-certificate", "passport", "medical-record"];

/// What was signed, as it is kept, sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The application.
    pub application: ClaimApplication,
    /// A consent for each recipient.
    pub consents: Vec<Consent>,
    /// The drawn signature: a PNG in base64.
    pub picture: Option<String>,
}

claimgate_packet::opaque_debug!(Signed);

/// What is written of applications.
#[derive(Debug)]
pub enum ApplicationWrite {
    /// A new application.
    New(Box<NewApplication>),
    /// A consent is taken back for all lines of a recipient.
    Withdrawn(ApplicationId, PartyId, Timestamp),
    /// A page a patient applies on.
    Page(page::PageWrite),
}

/// A new application.
#[derive(Debug)]
pub struct NewApplication {
    /// Id.
    pub id: ApplicationId,
    /// The hospital.
    pub hospital: PartyId,
    /// Blind index of the case number.
    pub case_index: Mac,
    /// A [`Signed`], sealed.
    pub body: Vec<u8>,
    /// Whom it consents to.
    pub recipients: Vec<(PartyId, Line)>,
    /// When.
    pub at: Timestamp,
}

impl Signed {
    /// Whether its insured is the person a document speaks of: no number and no whole date of birth differs, and one number
    /// or name and date of birth are the same.
    #[must_use]
    pub fn is_of(&self, patient: &Patient) -> bool {
        let insured = &self.application.insured;
        let born = |one: &Patient| one.birth_date.as_deref().and_then(|text| text.parse::<Date>().ok());
        if born(insured).is_some_and(|day| born(patient).is_some_and(|other| other != day)) {
            return false;
        }
        let mut same = false;
        for one in insured.identifiers.iter().filter(|one| is_telling(one)) {
            for other in patient.identifiers.iter().filter(|other| other.kind == one.kind) {
                if plain(&one.value) != plain(&other.value) {
                    return false;
                }
                same = true;
            }
        }
        let name = |one: &Patient| one.name.as_deref().map(plain);
        let named = name(insured).is_some()
            && name(insured) == name(patient)
            && insured.birth_date.is_some()
            && insured.birth_date == patient.birth_date;
        same || named
    }
}

/// Whether a number tells one person from another.
pub(crate) fn is_telling(one: &Identifier) -> bool {
    one.kind.as_deref().is_some_and(|kind| TELLING.contains(&kind)) && !one.value.trim().is_empty()
}

/// Whether two names, or two numbers, are the same but for spaces and case.
#[must_use]
pub fn same_person(one: &str, other: &str) -> bool {
    !plain(one).is_empty() && plain(one) == plain(other)
}

/// Names and numbers are compared without spaces and case.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|one| !one.is_whitespace()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(super) fn signed(change: impl FnOnce(&mut Value)) -> Signed {
        let mut value = json!({
            "application": {
                "number": "", "signed_at": "2026-11-23T02:00:00Z", "channel": "bedside", "identified_by": "hospital",
                "insured": { "name": "王小明", "birth_date": "1990-04-22",
                    "identifiers": [{ "kind": "national-id", "value": "A123456789" }] },
                "applicant": { "capacity": "insured" },
                "account": { "bank": "822", "number": "123456789012", "holder": "王 小明" },
                "signature": { "kind": "paper", "reference": "SCAN-1" } },
            "consents": [], "picture": null });
        change(&mut value);
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_person_is_told_by_numbers_before_names() {
        let person = |number: &str, name: &str| -> Patient {
            serde_json::from_value(json!({ "name": name, "birth_date": "1990-04-22",
                "identifiers": [{ "kind": "national-id", "value": number }] }))
            .unwrap()
        };
        let signed = signed(|_| {});
        assert!(signed.is_of(&person("a123456789", "王曉明")), "the number tells");
        assert!(!signed.is_of(&person("A223456781", "王小明")), "another number is another person");
        let younger = Patient { birth_date: Some("2015-04-22".to_owned()), ..person("A123456789", "王小明") };
        assert!(!signed.is_of(&younger), "who signed as of age is not the child the documents speak of");
        let unnumbered = Patient { identifiers: Vec::new(), ..person("", "王 小明") };
        assert!(signed.is_of(&unnumbered));
        assert!(!signed.is_of(&Patient { birth_date: Some("1990".to_owned()), ..unnumbered }));
    }
}
