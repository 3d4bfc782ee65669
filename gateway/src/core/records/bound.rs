//! Whether a record request stays within the consent it names: whom, by whom, from whom, what, of which days. Every member that
//! goes beyond it is named.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::insurer::records::{ConsentFile, Period, RECORDS, RecordConsent, RecordsBody};
use claimgate_adapters::insurer::request::DocumentKind;
use claimgate_packet::evidence::Patient;
use claimgate_packet::evidence::application::ApplicantCapacity;
use claimgate_packet::jose::digest::sha256_text;
use jiff::Timestamp;

use super::person::Person;
use super::{Unfit, unfit};
use crate::core::ledger::day;
use crate::core::request::expires;
use crate::keys::index::BlindIndex;
use crate::party::{Party, Role};

/// The largest paper of a consent.
const FILE_BYTES: usize = 256 << 10;
/// More characters than a name, more numbers than a person has.
const NAME: usize = 200;
const NUMBERS: usize = 10;
const BEYOND: &str = "records.beyond-consent";

/// Everything about a request that its consent does not cover, or that cannot be; none where it may be made. `hospitals` are
/// the parties it names, in its order.
#[must_use]
pub fn faults(
    body: &RecordsBody,
    insurer: &Party,
    hospitals: &[Option<Party>],
    (index, now): (&BlindIndex, Timestamp),
) -> Vec<Unfit> {
    let mut found = Vec::new();
    if !insurer.registration().lines.contains(&body.line) {
        found.push(unfit("records.line", "/line", "You do not take this line of insurance here"));
    }
    if expires(now, body.due_on).is_none() {
        let text = "The last day is after today in Taiwan and at most 180 days from now";
        found.push(unfit("request.due-on", "/due_on", text));
    }
    person(&body.person, "/person", index, &mut found);
    of_hospitals(body, hospitals, &mut found);
    let Some(consent) = &body.consent else {
        let text = "No record is asked for without the person's consent: send it, with its signed paper";
        found.push(unfit("records.no-consent", "/consent", text));
        return found;
    };
    if consent.insurer != insurer.id.as_str() {
        found.push(unfit(BEYOND, "/consent/insurer", "The consent names another insurer than you"));
    }
    let [asked, consenting] = [&body.person, &consent.person].map(|patient| Person::of(index, patient));
    if !asked.is(&consenting) {
        let text = "The consent is of another person than the one whose records are asked for (number, or name and whole \
                    date of birth)";
        found.push(unfit("records.other-person", "/consent/person", text));
    }
    itself(consent, now, &mut found);
    beyond(body, consent, hospitals, &mut found);
    found
}

fn person(patient: &Patient, at: &str, index: &BlindIndex, found: &mut Vec<Unfit>) {
    let small = patient.name.as_deref().is_none_or(|name| name.chars().count() <= NAME)
        && patient.identifiers.len() <= NUMBERS
        && patient.identifiers.iter().all(|one| one.value.len() <= NAME);
    if !small || !Person::of(index, patient).is_known() {
        let text = "A person is known by a number (national-id, resident-certificate, passport, medical-record), or by name \
                    and whole date of birth; at most ten numbers";
        found.push(unfit("records.person", at, text));
    }
}

fn of_hospitals(body: &RecordsBody, hospitals: &[Option<Party>], found: &mut Vec<Unfit>) {
    for (place, asked) in body.hospitals.iter().enumerate() {
        let at = format!("/hospitals/{place}");
        let party = hospitals.get(place).and_then(Option::as_ref);
        if party.is_none_or(|party| party.role() != Role::Hospital) {
            let text = "This is no hospital of this exchange: name its party id";
            found.push(unfit("records.hospital", format!("{at}/hospital"), text));
        }
        if body.hospitals.iter().take(place).any(|before| before.hospital == asked.hospital) {
            found.push(unfit("records.hospital", format!("{at}/hospital"), "A hospital is named once"));
        }
        for (number, wanted) in asked.documents.iter().enumerate() {
            if !RECORDS.contains(&wanted.kind) {
                let text = "A records office has no such document: docs/records.md lists what can be asked for";
                found.push(unfit("records.document", format!("{at}/documents/{number}/kind"), text));
            }
            if asked.documents.iter().take(number).any(|before| before.kind == wanted.kind) {
                let text = "A kind is named once; say more of it in its note";
                found.push(unfit("records.document", format!("{at}/documents/{number}/kind"), text));
            }
        }
    }
}

/// What is wrong with a consent by itself.
fn itself(consent: &RecordConsent, now: Timestamp, found: &mut Vec<Unfit>) {
    let mut wrong = |at: &str, text| found.push(unfit("records.consent", format!("/consent{at}"), text));
    let by = &consent.given_by;
    if by.capacity != ApplicantCapacity::Insured && (by.name.is_none() || by.ground.is_none()) {
        wrong("/given_by", "Who consents for somebody else gives name and ground (戶籍謄本, 監護裁定, 出生證明)");
    }
    if consent.given_at > now {
        wrong("/given_at", "The consent is dated ahead");
    }
    if consent.valid_until < day(now) {
        wrong("/valid_until", "The consent counts no more: its last day is over");
    }
    if consent.period.until < consent.period.from {
        wrong("/period", "The last day is before the first");
    }
    match (&consent.file, &consent.application, &consent.mandate) {
        (Some(file), None, None) => {
            if content(file).is_none() {
                wrong(
                    "/file",
                    "The paper is a PDF of at most 256 KiB in base64, and sha256 is its digest in base64url",
                );
            }
        }
        (None, Some(_), None) | (None, None, Some(_)) => {}
        _ => {
            wrong(
                "/file",
                "Send the signed paper as file, or name the application that holds the consent, or the person's mandate: one of \
                 the three",
            );
        }
    }
}

/// The bytes of a consent's paper, where it is a PDF of that digest.
#[must_use]
pub fn content(file: &ConsentFile) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(&file.content).ok()?;
    let fits = bytes.len() <= FILE_BYTES && bytes.starts_with(b"%PDF-") && sha256_text(&bytes) == file.sha256;
    fits.then_some(bytes)
}

fn beyond(body: &RecordsBody, consent: &RecordConsent, hospitals: &[Option<Party>], found: &mut Vec<Unfit>) {
    for (place, asked) in body.hospitals.iter().enumerate() {
        let at = format!("/hospitals/{place}");
        let party = hospitals.get(place).and_then(Option::as_ref);
        let named = |one: &String| *one == asked.hospital || party.is_some_and(|party| party.is_institution(one));
        if !consent.hospitals.iter().any(named) {
            found.push(unfit(BEYOND, format!("{at}/hospital"), "The consent does not name this hospital"));
        }
        for (number, wanted) in asked.documents.iter().enumerate() {
            if !consent.documents.contains(&wanted.kind) {
                let text = "The consent does not name this kind of record";
                found.push(unfit(BEYOND, format!("{at}/documents/{number}/kind"), text));
            }
        }
    }
    let period = body.period.unwrap_or(consent.period);
    if period.until < period.from {
        found.push(unfit("records.consent", "/period", "The last day is before the first"));
    } else if !period.is_within(&consent.period) {
        found.push(unfit(BEYOND, "/period", "The consent does not cover all these days of treatment"));
    }
    if body.due_on > consent.valid_until {
        found.push(unfit(BEYOND, "/due_on", "The consent counts no more on the last day for the answers"));
    }
}

/// The evidence types a kind of record is read as.
#[must_use]
pub fn types_of(kind: DocumentKind) -> &'static [&'static str] {
    match kind {
        DocumentKind::Certificate => &["diagnosis-certificate"],
        DocumentKind::Receipt | DocumentKind::ItemisedReceipt => &["medical-receipt"],
        DocumentKind::LaboratoryReport | DocumentKind::PathologyReport | DocumentKind::ImagingReport => {
            &["lab-report", "medical-record"]
        }
        DocumentKind::Prescription => &["prescription"],
        _ => &["medical-record"],
    }
}

/// What an application (院內申請) lets an insurer have: every kind of record but those of evidence types it leaves out.
#[must_use]
pub fn left_by(without: &[String], kind: DocumentKind) -> bool {
    !types_of(kind).iter().any(|one| without.iter().any(|left_out| left_out == one))
}

/// The days a request speaks of.
#[must_use]
pub fn period(body: &RecordsBody, consent: &RecordConsent) -> Period {
    body.period.unwrap_or(consent.period)
}
