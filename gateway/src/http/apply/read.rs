//! From what was typed to the application and its consents, with everything that is wrong at its field. The checks are those
//! of the hospital's interface; beside them stands only what a page alone asks: that each consent was agreed to, and that the
//! name is typed as it is.

use claimgate_packet::evidence::application::{
    AccidentFacts, Applicant, ApplicantCapacity, ApplicationSignature, ClaimApplication, Identification, PayoutAccount,
    SignatureKind,
};
use claimgate_packet::evidence::{Consent, Identifier, Patient};
use claimgate_packet::words::Purpose;
use jiff::Timestamp;

use super::super::page::field::Wrong;
use super::texts;
use crate::core::application::page::Paper;
use crate::core::application::{Faulty, Signed, same_person};
use crate::flows::health::Offer;

/// Whether a field belongs to the signature.
pub(super) fn is_signing(name: &str) -> bool {
    matches!(name, "sign" | "picture" | "confirm" | "witness-1" | "witness-2" | "paper-number")
        || name.starts_with("agree-")
}

/// Whether a name may be one of a field: what is kept is bounded in name too.
pub(super) fn is_field(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 64 && name.bytes().all(plain) && !matches!(name, "token" | "step" | "filled" | "withdraw")
}

fn typed<'p>(paper: &'p Paper, name: &str) -> Option<&'p str> {
    paper.fields.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn owned(paper: &Paper, name: &str) -> Option<String> {
    typed(paper, name).map(str::to_owned)
}

/// Whether the patient wants a wallet to sign.
pub(super) fn by_wallet(paper: &Paper) -> bool {
    typed(paper, "sign") == Some("wallet")
}

/// The places of the offers that are chosen.
pub(super) fn places(paper: &Paper, offers: &[Offer]) -> Vec<usize> {
    (0..offers.len()).filter(|place| typed(paper, &format!("to-{place}")).is_some()).collect()
}

/// The names of those chosen, each once.
pub(super) fn chosen(paper: &Paper, offers: &[Offer]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for place in places(paper, offers) {
        let name = offers.get(place).map(|offer| offer.party.registration().name.clone());
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}

/// Who signs: the insured, or who applies for it.
pub(super) fn signer(paper: &Paper) -> &str {
    let name = if is_alone(paper) { "insured-name" } else { "applicant-name" };
    typed(paper, name).unwrap_or_default()
}

fn is_alone(paper: &Paper) -> bool {
    capacity(paper) == ApplicantCapacity::Insured
}

fn capacity(paper: &Paper) -> ApplicantCapacity {
    match typed(paper, "capacity") {
        Some("representative-of-minor") => ApplicantCapacity::RepresentativeOfMinor,
        Some("guardian") => ApplicantCapacity::Guardian,
        Some("parent-of-newborn") => ApplicantCapacity::ParentOfNewborn,
        _ => ApplicantCapacity::Insured,
    }
}

fn identifiers(paper: &Paper, of: &str) -> Vec<Identifier> {
    let kind = typed(paper, &format!("{of}-kind")).filter(|kind| *kind != "none");
    let value = typed(paper, &format!("{of}-number"));
    let both = kind.zip(value);
    both.map(|(kind, value)| Identifier { kind: Some(kind.to_owned()), system: None, value: value.to_owned() })
        .into_iter()
        .collect()
}

/// The application, with all that is wrong; `signing` where it is to be signed now.
pub(super) fn application(paper: &Paper, offers: &[Offer], now: Timestamp, signing: bool) -> (Signed, Vec<Wrong>) {
    let alone = is_alone(paper);
    let insured = Patient {
        name: owned(paper, "insured-name"),
        gender: None,
        birth_date: owned(paper, "insured-birth"),
        identifiers: identifiers(paper, "insured"),
        address: None,
        occupation: None,
    };
    let applicant = Applicant {
        capacity: capacity(paper),
        name: owned(paper, "applicant-name").filter(|_| !alone),
        identifiers: if alone { Vec::new() } else { identifiers(paper, "applicant") },
        ground: owned(paper, "ground").filter(|_| !alone),
    };
    let account = ["bank", "account", "holder"].iter().any(|name| typed(paper, name).is_some());
    let application = ClaimApplication {
        number: String::new(),
        signed_at: now,
        channel: paper.channel,
        identified_by: Identification::Hospital,
        insured,
        applicant,
        accident: (typed(paper, "cause") == Some("accident")).then(|| AccidentFacts {
            at: owned(paper, "accident-at").unwrap_or_default(),
            place: owned(paper, "accident-place"),
            description: owned(paper, "accident-told").unwrap_or_default(),
        }),
        account: account.then(|| PayoutAccount {
            bank: owned(paper, "bank").unwrap_or_default(),
            number: owned(paper, "account").unwrap_or_default(),
            holder: owned(paper, "holder").unwrap_or_default(),
            instruction: owned(paper, "instruction"),
        }),
        signature: signature(paper, signing),
    };
    let consents = places(paper, offers).into_iter().filter_map(|place| {
        let offer = offers.get(place)?;
        let without = offer.kinds.iter().filter(|kind| texts::is_optional(kind));
        let without = without.filter(|kind| typed(paper, &format!("document-{place}-{kind}")).is_none());
        let policies = typed(paper, &format!("policies-{place}")).unwrap_or_default();
        Some(Consent {
            application: String::new(),
            insurer: offer.party.id.to_string(),
            line: offer.line,
            purpose: Purpose::ClaimAssessment,
            given_at: now,
            insured: application.insured.clone(),
            applicant: application.applicant.clone(),
            policies: policies.split([',', '、', ' ']).filter(|one| !one.is_empty()).map(str::to_owned).collect(),
            without: without.map(|kind| (*kind).to_owned()).collect(),
            coordination: offer.line.reimburses() && typed(paper, &format!("share-{place}")).is_some(),
            form: format!("{} {}", texts::FORM, paper.language.tag()),
            signature: application.signature.clone(),
        })
    });
    let consents: Vec<Consent> = consents.collect();
    let drawn = application.signature.kind == SignatureKind::Drawn;
    let picture = owned(paper, "picture").filter(|_| signing && drawn);
    let signed = Signed { application, consents, picture };
    let mut found: Vec<Wrong> = signed.faults(now).iter().map(wrong).collect();
    if signed.consents.is_empty() {
        found.push(Wrong::new("to-0", texts::NOBODY));
    }
    if typed(paper, "insured-name").is_none() {
        found.push(Wrong::new("insured-name", texts::NAME));
    }
    if signing {
        found.extend(agreed(paper, offers));
    } else {
        found.retain(|one| one.field != "sign");
    }
    (signed, found)
}

/// How it is signed; before that, some signature, which is not looked at.
fn signature(paper: &Paper, signing: bool) -> ApplicationSignature {
    let seen = ["witness-1", "witness-2"].iter().filter_map(|name| owned(paper, name));
    let (kind, reference, witnesses) = match typed(paper, "sign").filter(|_| signing) {
        None => (SignatureKind::Paper, Some("-".to_owned()), Vec::new()),
        Some("typed") => (SignatureKind::Typed, owned(paper, "confirm"), seen.collect()),
        Some("thumbprint") => (SignatureKind::Thumbprint, None, seen.collect()),
        Some("paper") => (SignatureKind::Paper, owned(paper, "paper-number"), Vec::new()),
        Some("wallet") => (SignatureKind::Wallet, None, Vec::new()),
        Some(_) => (SignatureKind::Drawn, owned(paper, "confirm"), seen.collect()),
    };
    ApplicationSignature { kind, reference, witnesses }
}

/// A wallet's session is the signature.
pub(super) fn set_wallet(signed: &mut Signed, session: String) {
    let signature =
        ApplicationSignature { kind: SignatureKind::Wallet, reference: Some(session), witnesses: Vec::new() };
    signed.application.identified_by = Identification::Wallet;
    for consent in &mut signed.consents {
        consent.signature = signature.clone();
    }
    signed.application.signature = signature;
}

/// What a page asks beside the checks of the interface.
fn agreed(paper: &Paper, offers: &[Offer]) -> Vec<Wrong> {
    let mut found = Vec::new();
    let boxes = places(paper, offers).into_iter().map(|place| format!("agree-{place}"));
    for name in std::iter::once("agree-form".to_owned()).chain(boxes) {
        if typed(paper, &name).is_none() {
            found.push(Wrong::new(name, texts::AGREE));
        }
    }
    let named = matches!(typed(paper, "sign"), Some("typed" | "drawn"));
    if named && !typed(paper, "confirm").is_some_and(|name| same_person(name, signer(paper))) {
        found.push(Wrong::new("confirm", texts::CONFIRM));
    }
    if typed(paper, "sign").is_none() {
        found.push(Wrong::new("sign", texts::HOW));
    }
    found
}

/// A fault of the interface at its field.
pub(super) fn wrong(fault: &Faulty) -> Wrong {
    let field = match fault.at {
        "/insured/birth_date" => "insured-birth",
        "/insured" => "insured-number",
        "/applicant/capacity" => "capacity",
        "/applicant/identifiers" => "applicant-number",
        "/applicant/ground" => "ground",
        "/applicant" | "/applicant/name" => "applicant-name",
        "/accident/at" => "accident-at",
        "/accident/description" => "accident-told",
        "/account/bank" => "bank",
        "/account/number" => "account",
        "/account" | "/account/holder" => "holder",
        "/recipients" => "to-0",
        _ => "sign",
    };
    Wrong::new(field, (fault.chinese, texts::fault(fault)))
}
