//! Applications of patients (院內申請): what one holds, whether it holds together, whose it is. Values only.
//!
//! In: what a hospital sends. Out: the sealed form, the first fault with its place, whether two descriptions are of one person.

use claimgate_packet::evidence::application::{
    ApplicantCapacity, ApplicationChannel, ClaimApplication, PayoutAccount, SignatureKind,
};
use claimgate_packet::evidence::{Consent, Identifier, Patient};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::ApplicationId;
use crate::keys::index::Mac;
use crate::party::PartyId;

/// From this age on a person applies alone (民法 §12).
const OF_AGE: i16 = 18;
/// The largest picture of a signature, in characters of base64.
const PICTURE: usize = 96 << 10;
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

/// Why an application is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faulty {
    /// The code.
    pub code: &'static str,
    /// What, and how to mend it.
    pub text: &'static str,
    /// Where: a JSON pointer into the request.
    pub at: &'static str,
}

const fn faulty(code: &'static str, at: &'static str, text: &'static str) -> Faulty {
    Faulty { code, text, at }
}

impl Signed {
    /// Whether it holds together.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), Faulty> {
        self.check_people()?;
        self.check_signature()?;
        self.application.account.as_ref().map_or(Ok(()), |account| self.check_account(account))
    }

    fn check_people(&self) -> Result<(), Faulty> {
        let (insured, applicant) = (&self.application.insured, &self.application.applicant);
        let birth: Option<Date> = insured.birth_date.as_deref().and_then(|text| text.parse().ok());
        let numbered = insured.identifiers.iter().any(is_telling);
        if !numbered && (insured.name.is_none() || birth.is_none()) {
            return Err(faulty(
                "application.insured",
                "/insured",
                "The insured is known by a number (national-id, resident-certificate, passport, medical-record), or by \
                 name and whole date of birth",
            ));
        }
        let signed_on = jiff::tz::offset(8).to_datetime(self.application.signed_at).date();
        let minor = birth.is_some_and(|birth| {
            let birthday = jiff::Span::new().years(OF_AGE);
            birth.checked_add(birthday).is_ok_and(|of_age| signed_on < of_age)
        });
        let alone = applicant.capacity == ApplicantCapacity::Insured;
        if alone && minor {
            return Err(faulty(
                "application.applicant",
                "/applicant/capacity",
                "The insured is under 18: a statutory representative applies (representative-of-minor, or \
                 parent-of-newborn)",
            ));
        }
        let complete =
            applicant.name.is_some() && applicant.identifiers.iter().any(is_telling) && applicant.ground.is_some();
        if !alone && !complete {
            return Err(faulty(
                "application.applicant",
                "/applicant",
                "Who applies for somebody else gives name, number and ground (戶籍謄本, 監護裁定, 出生證明)",
            ));
        }
        if applicant.capacity == ApplicantCapacity::ParentOfNewborn && birth.is_none() {
            return Err(faulty(
                "application.applicant",
                "/insured/birth_date",
                "A newborn is known by its day of birth",
            ));
        }
        Ok(())
    }

    fn check_signature(&self) -> Result<(), Faulty> {
        let (signature, fault) =
            (&self.application.signature, |text| Err(faulty("application.signature", "/signature", text)));
        let (referred, seen) = (signature.reference.is_some(), signature.witnesses.len());
        let by_phone = self.application.channel == ApplicationChannel::Phone;
        if by_phone != (signature.kind == SignatureKind::Telephone) {
            return fault("By telephone an application is recorded (telephone), elsewhere it is signed");
        }
        match signature.kind {
            SignatureKind::Drawn if !self.picture.as_deref().is_some_and(is_png) => {
                fault("A drawn signature needs picture: a PNG in base64, at most 96 KiB")
            }
            SignatureKind::Paper | SignatureKind::Telephone if !referred => {
                fault("The number of the scan or recording that the hospital keeps stands in reference")
            }
            SignatureKind::Thumbprint if seen < 2 => fault("A thumbprint needs two witnesses (民法 §3)"),
            SignatureKind::Typed if !referred || seen == 0 => {
                fault("A typed name stands in reference, and a witness of the staff in witnesses")
            }
            SignatureKind::Wallet => fault("A wallet's signature is not taken here yet; sign in another way"),
            _ => Ok(()),
        }
    }

    fn check_account(&self, account: &PayoutAccount) -> Result<(), Faulty> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let bank = matches!(account.bank.len(), 3 | 7) && digits(&account.bank);
        if !bank || !(6..=16).contains(&account.number.len()) || !digits(&account.number) {
            let text = "bank is a code of three or seven digits, number has 6 to 16 digits";
            return Err(faulty("application.account", "/account", text));
        }
        let names = [&self.application.insured.name, &self.application.applicant.name];
        let own = names.into_iter().flatten().any(|name| plain(name) == plain(&account.holder));
        if !own && account.instruction.is_none() {
            return Err(faulty(
                "application.third-account",
                "/account/holder",
                "The account is neither the insured's nor the applicant's: name the written instruction (給付指示)",
            ));
        }
        Ok(())
    }

    /// Whether its insured is the person a document speaks of: no number differs, and one number or name and date of birth
    /// are the same.
    #[must_use]
    pub fn is_of(&self, patient: &Patient) -> bool {
        let insured = &self.application.insured;
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

/// A PNG's first eight bytes, in base64.
fn is_png(text: &str) -> bool {
    text.starts_with("iVBORw0KGgo") && text.len() <= PICTURE
}

/// Names and numbers are compared without spaces and case.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|one| !one.is_whitespace()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn signed(change: impl FnOnce(&mut Value)) -> Signed {
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

    fn code(change: impl FnOnce(&mut Value)) -> Option<(&'static str, &'static str)> {
        signed(change).check().err().map(|fault| (fault.code, fault.at))
    }

    #[test]
    fn an_application_holds_together_or_its_first_fault_is_named() {
        assert_eq!(code(|_| {}), None);
        let minor = |value: &mut Value| value["application"]["insured"]["birth_date"] = json!("2008-11-24");
        assert_eq!(code(minor), Some(("application.applicant", "/applicant/capacity")));
        assert_eq!(code(|value| value["application"]["insured"]["birth_date"] = json!("2008-11-23")), None);
        let mother = json!({ "capacity": "parent-of-newborn", "name": "林美玉", "ground": "出生證明 1",
            "identifiers": [{ "kind": "national-id", "value": "A223456781" }] });
        let newborn = |value: &mut Value| {
            value["application"]["insured"] =
                json!({ "name": "林美玉之女", "birth_date": "2026-11-20", "identifiers": [] });
            value["application"]["applicant"] = mother;
            value["application"]["account"]["holder"] = json!("林美玉");
        };
        assert_eq!(code(newborn), None);
        let third = |value: &mut Value| value["application"]["account"]["holder"] = json!("陳大文");
        assert_eq!(code(third), Some(("application.third-account", "/account/holder")));
        for (signature, taken) in [
            (json!({ "kind": "thumbprint", "witnesses": ["甲", "乙"] }), true),
            (json!({ "kind": "thumbprint", "witnesses": ["甲"] }), false),
            (json!({ "kind": "drawn" }), false),
            (json!({ "kind": "telephone", "reference": "REC-1" }), false),
            (json!({ "kind": "typed", "reference": "王小明" }), false),
        ] {
            let refused = code(|value| value["application"]["signature"] = signature.clone());
            assert_eq!(refused.is_none(), taken, "{signature}");
        }
        assert_eq!(
            code(|value| value["application"]["account"]["bank"] = json!("82")).unwrap().0,
            "application.account"
        );
        let nobody = json!({ "name": "王小明", "identifiers": [] });
        assert_eq!(code(|value| value["application"]["insured"] = nobody).unwrap().0, "application.insured");
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
        let unnumbered = Patient { identifiers: Vec::new(), ..person("", "王 小明") };
        assert!(signed.is_of(&unnumbered));
        assert!(!signed.is_of(&Patient { birth_date: Some("1990".to_owned()), ..unnumbered }));
    }
}
