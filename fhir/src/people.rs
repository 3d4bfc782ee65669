//! Persons: the patient with Taiwanese numbers, and health professionals by role.

use claimgate_packet::evidence::{Concept, Identifier, Organisation, Patient, Practitioner};

use crate::bundle::Bundle;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::Sources;
use crate::taiwan::{Fault, Namespace, NationalId, ResidentNumber, Sex};
use crate::terms::{self, Named};

/// Extension of iClaim's Patient for the occupation (職業).
const OCCUPATION: &str = "cathay-occupation";

/// TW Core's parts of an address, in the order a Taiwanese address is written.
const ADDRESS_BEFORE_ROAD: [&str; 2] = ["tw-village", "tw-neighborhood"];
const ADDRESS_AFTER_ROAD: [&str; 6] = ["tw-section", "tw-lane", "tw-alley", "tw-number", "tw-floor", "tw-room"];

/// Reads a Patient (病人資料); `from` notes where its fields came from.
pub fn patient(element: &Element<'_>, from: &mut Sources) -> Patient {
    let gender = element.string("gender");
    let named = terms::identifiers(element, "identifier");
    let identifiers: Vec<Identifier> = named
        .iter()
        .enumerate()
        .map(|(index, named)| {
            named.note(format_args!("/identifiers/{index}"), from);
            Identifier {
                kind: kind(element, named, gender),
                system: named.system.map(str::to_owned),
                value: named.value.to_owned(),
            }
        })
        .collect();
    let proves =
        |kind: &Option<String>| matches!(kind.as_deref(), Some("national-id" | "resident-certificate" | "passport"));
    if !identifiers.iter().any(|identifier| proves(&identifier.kind)) {
        let text = "The Patient has no national ID, resident number or passport. iClaim asks for a national ID \
                    (identifier:idCardNumber 1..1); a newborn or another person without any is accepted. Otherwise \
                    add one with its official system.";
        let issue = Issue::warning(IssueKind::Required, "patient.no-identity", text);
        element.report(issue.zh("病人沒有身分證字號、統一證號或護照號碼"), "identifier");
    }
    let name = named_in(element, "/name", from);
    if name.is_none() {
        let text = "The Patient has no name. Add Patient.name.text.";
        element.report(Issue::warning(IssueKind::Required, "patient.no-name", text).zh("病人沒有姓名"), "name");
    }
    Patient {
        name,
        gender: from.text("/gender", element, "gender"),
        // The moment is read for its form; the text keeps the precision.
        birth_date: element.moment("birthDate").and_then(|_| from.text("/birth_date", element, "birthDate")),
        identifiers,
        address: element.children("address").first().and_then(|found| address(found, from)),
        occupation: terms::extension(element, OCCUPATION)
            .and_then(|found| from.child("/occupation", &found, "valueCodeableConcept", terms::concept)),
    }
}

/// What kind of number it is, by system first (some examples type a national ID as `MR`), then by type.
fn kind(patient: &Element<'_>, named: &Named<'_>, gender: Option<&str>) -> Option<String> {
    let by_type = || {
        named.types.iter().find_map(|code| match *code {
            "NNxxx" | "NNTWN" => Some("national-id"),
            "PRC" => Some("resident-certificate"),
            "PPN" => Some("passport"),
            "MR" => Some("medical-record"),
            _ => None,
        })
    };
    let kind = match named.namespace {
        // iClaim has no slice for residents, so their number also comes where the national ID should be.
        Some(Namespace::NationalId) if named.value.parse::<ResidentNumber>().is_ok() => "resident-certificate",
        Some(Namespace::NationalId) => "national-id",
        Some(Namespace::ResidentNumber) => "resident-certificate",
        Some(Namespace::Passport) => "passport",
        _ => match by_type() {
            Some(kind) => kind,
            None => return named.types.first().map(|code| (*code).to_owned()),
        },
    };
    let sex = match kind {
        "national-id" => named.value.parse::<NationalId>().map(|id| id.sex()),
        "resident-certificate" => named.value.parse::<ResidentNumber>().map(|number| number.sex()),
        _ => return Some(kind.to_owned()),
    };
    let warning = match (sex, gender) {
        (Err(Fault::Checksum), _) => Some((
            "patient.id-checksum",
            "The check digit of this number does not fit. Compare it with the document.",
            "身分證字號或統一證號檢查碼不符",
        )),
        (Err(Fault::Form), _) => Some((
            "patient.id-form",
            "This is not of the form of such a number. Compare it with the document.",
            "身分證字號或統一證號格式不符",
        )),
        (Ok(Sex::Male), Some("female")) | (Ok(Sex::Female), Some("male")) => Some((
            "patient.id-gender",
            "The number and Patient.gender name different sexes. Compare both with the document.",
            "證號與性別不一致",
        )),
        _ => None,
    };
    if let Some((code, text, chinese)) = warning {
        patient.findings().report(Issue::warning(IssueKind::Value, code, text).at(&*named.place).zh(chinese));
    }
    Some(kind.to_owned())
}

/// The name to show: official, then usual, then the first that is not a former one.
#[must_use]
pub fn name(element: &Element<'_>) -> Option<String> {
    named_in(element, "", &mut Sources::default())
}

/// As [`name`], noting its place.
fn named_in(element: &Element<'_>, to: &str, from: &mut Sources) -> Option<String> {
    let names = element.children("name");
    let used = |wanted: &str| names.iter().find(|name| name.string("use") == Some(wanted));
    let current = || names.iter().find(|name| name.string("use") != Some("old"));
    let chosen = used("official").or_else(|| used("usual")).or_else(current)?;
    if let Some(text) = from.text(to, chosen, "text") {
        return Some(text);
    }
    from.rule(to, "family and given names put together", || vec![chosen.path().to_owned()]);
    let (family, given) = (chosen.string("family").unwrap_or_default(), chosen.strings("given"));
    // 王小明, but Mary Smith.
    let text = if family.is_ascii() {
        given.into_iter().chain([family]).collect::<Vec<_>>().join(" ").trim().to_owned()
    } else {
        format!("{family}{}", given.concat())
    };
    (!text.is_empty()).then_some(text)
}

/// One line of text: as written, or put together from the parts (TW Core: `district` 縣市, `city` 鄉鎮市區).
fn address(element: &Element<'_>, from: &mut Sources) -> Option<String> {
    if let Some(text) = from.text("/address", element, "text") {
        return Some(text);
    }
    from.rule("/address", "parts of the address put together", || vec![element.path().to_owned()]);
    let part = |name: &&str| terms::extension(element, name)?.string("valueString");
    let whole: Vec<&str> = [element.string("district"), element.string("city")]
        .into_iter()
        .flatten()
        .chain(ADDRESS_BEFORE_ROAD.iter().filter_map(part))
        .chain(element.strings("line"))
        .chain(ADDRESS_AFTER_ROAD.iter().filter_map(part))
        .collect();
    (!whole.is_empty()).then(|| whole.concat())
}

/// Whom a reference to a professional may mean; the patient as performer is nobody here.
pub(crate) const SOMEBODY: [&str; 6] =
    ["PractitionerRole", "Practitioner", "Organization", "CareTeam", "Patient", "RelatedPerson"];

/// The professional a resource means: a `PractitionerRole` with its Practitioner, or a Practitioner alone.
pub(crate) fn professional<'a>(bundle: &Bundle<'a>, target: &Element<'a>, from: &mut Sources) -> Option<Practitioner> {
    match target.resource_type() {
        "Practitioner" => Some(person(target, None, from)),
        "PractitionerRole" => {
            let role = role(target, from);
            let who = target.child("practitioner");
            if let Some(found) = who.as_ref().and_then(|who| bundle.resolve(who, &["Practitioner"])) {
                return Some(person(&found, role, from));
            }
            let name = who.and_then(|who| from.text("/name", &who, "display"));
            Some(Practitioner { name, licence: None, role })
        }
        _ => None,
    }
}

/// An Organization by its institution code or first other number, and its name.
pub(crate) fn organisation(element: &Element<'_>, from: &mut Sources) -> Option<Organisation> {
    let numbers = terms::identifiers(element, "identifier");
    let known = numbers.iter().find(|number| number.namespace == Some(Namespace::Institution));
    let number = known.or_else(|| numbers.first()).map(|number| {
        number.note("/identifier", from);
        number.to_identifier()
    });
    let name = from.text("/name", element, "name");
    (number.is_some() || name.is_some()).then_some(Organisation { identifier: number, name })
}

fn person(element: &Element<'_>, role: Option<Concept>, from: &mut Sources) -> Practitioner {
    let numbers = terms::identifiers(element, "identifier");
    let licence = numbers.iter().find(|number| number.is_type("MD")).or_else(|| {
        // A national ID is nobody's licence.
        numbers.iter().find(|number| number.namespace.is_none())
    });
    let licence = licence.map(|licence| {
        from.note("/licence", || licence.place.clone());
        licence.value.to_owned()
    });
    Practitioner { name: named_in(element, "/name", from), licence, role }
}

fn role(element: &Element<'_>, from: &mut Sources) -> Option<Concept> {
    let mut all = terms::concepts(element, "code").into_iter();
    let first = all.next()?;
    from.rule("/role", "all codes of the role together", || vec![element.place("code")]);
    Some(all.fold(first, |mut whole, next| {
        whole.codings.extend(next.codings);
        whole.text = whole.text.or(next.text);
        whole
    }))
}
