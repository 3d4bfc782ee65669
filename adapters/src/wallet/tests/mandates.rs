//! Mandates: each of their checks broken once, and a mandate passed on.

use super::*;
use crate::wallet::Reason;
use crate::wallet::credential::Credential;
use crate::wallet::mandate::Mandate;
use crate::wallet::mandate::decision::items::{Check, Finding, Known, items};
use crate::wallet::mandate::decision::{Allowed, Grounds, Parties, decide};
use crate::wallet::mandate::scope::Action;
use crate::wallet::mandate::terms::{CaseRef, Level, Person, Power};
use crate::wallet::sdjwt::unfold::Path;
use crate::wallet::sdjwt::unfold::Step;
use crate::wallet::status::Outcome;

const EVIDENCE: &[u8] = b"%PDF signed";

fn payload() -> Value {
    json!({
        "id": "3f0c0d3e-6d55-4f3e-9a43-0a4f3d7a1b11", "kind": "individual_to_individual",
        "executed_on": "2026-09-20", "valid_from": "2026-09-20T00:00:00+08:00", "valid_until": "2026-10-20T23:59:59+08:00",
        "mandator": { "entity": "natural", "name": "王小明", "id": { "scheme": "tw_national_id", "value": "A123456789" } },
        "mandatary": { "entity": "natural", "name": "陳筱玲", "id": { "scheme": "tw_national_id", "value": "A234567893" } },
        "powers": ["submit_claim", "obtain_records", "receive_payment"],
        "limits": {
            "case_refs": [{ "system": "https://insurer.example/claims", "value": "CLM-1" }], "insurers": ["insurer-17"],
            "plates": ["ABC-1234"], "accident_on": "2026-09-18", "record_kinds": ["police-sketch"],
            "max_amount": { "value": "1200.5", "currency": "TWD" }, "max_uses": 2
        },
        "substitution": "not_allowed", "law": "TW",
        "assurance": {
            "level": "issuer_verified_digital_signature", "mandator_signature": "pades", "identity_proof": "moica_cert"
        },
        "evidence": [{ "media_type": "application/pdf", "sha256": sha256_text(EVIDENCE) }]
    })
}

fn person(id: &str) -> Person {
    serde_json::from_value(json!({ "entity": "natural", "id": { "scheme": "tw_national_id", "value": id } })).unwrap()
}

/// Everything a decision needs, each part open to change.
struct Case {
    mandate: Value,
    key: PublicKey,
    presenter: Person,
    presenter_key: PublicKey,
    principal: Person,
    ends: i64,
    trusted: bool,
    status: Outcome,
    concealing: Vec<Path>,
    document: Vec<u8>,
    power: Power,
    reference: CaseRef,
    insurer: Option<&'static str>,
    plate: Option<&'static str>,
    record: Option<&'static str>,
    cents: Option<u64>,
    uses: u64,
    now: i64,
}

impl Case {
    fn new() -> Self {
        let key = public(&new_key());
        Self {
            mandate: payload(),
            presenter_key: key.clone(),
            key,
            presenter: person("A234567893"),
            principal: person("A123456789"),
            ends: NOW + 1000,
            trusted: true,
            status: Outcome::Valid,
            concealing: Vec::new(),
            document: EVIDENCE.to_vec(),
            power: Power::SubmitClaim,
            reference: CaseRef { system: "https://insurer.example/claims".to_owned(), value: "CLM-1".to_owned() },
            insurer: Some("insurer-17"),
            plate: Some("ABC-1234"),
            record: Some("police-sketch"),
            cents: Some(120_050),
            uses: 1,
            now: NOW,
        }
    }

    fn credential(&self) -> Credential {
        Credential {
            issuer: ISSUER.to_owned(),
            kind: "urn:example:claim-mandate:1".to_owned(),
            claims: object(json!({ "mandate": self.mandate })),
            holder: Some(self.key.clone()),
            valid_from: None,
            valid_until: Some(at(self.ends)),
            status: Vec::new(),
            integrity: None,
            disclosed: Vec::new(),
            concealing: self.concealing.clone(),
            digest: String::new(),
        }
    }

    fn decided_above(&self, parent: Option<&Grounds<'_>>) -> Result<Allowed, Reason> {
        let (credential, documents) = (self.credential(), [self.document.as_slice()]);
        let grounds = Grounds {
            credential: &credential,
            issuer_trusted: self.trusted,
            status: self.status,
            parent,
            documents: &documents,
            uses: self.uses,
        };
        let parties =
            Parties { presenter: &self.presenter, presenter_key: &self.presenter_key, principal: &self.principal };
        let action = Action {
            power: self.power,
            case: &self.reference,
            insurer: self.insurer,
            policy_number: None,
            plate: self.plate,
            accident_on: Some("2026-09-18".parse().unwrap()),
            record_kind: self.record,
            cents: self.cents,
        };
        let decided = decide(&grounds, &parties, &action, at(self.now));
        // One by one the checks say the same, and the first that fails says it for the same reason.
        let known = Known {
            presenter: Some(&self.presenter),
            presenter_key: Some(&self.presenter_key),
            principal: Some(&self.principal),
        };
        let found = items(&grounds, &known, &action, at(self.now));
        assert!(found.iter().map(|(check, _)| *check).eq(Check::ALL));
        let first = found.iter().find_map(|(_, finding)| match finding {
            Finding::Failed(reason) | Finding::Unknown(reason) => Some(*reason),
            Finding::Passed | Finding::NotReached => None,
        });
        assert_eq!(first, decided.as_ref().err().copied());
        decided
    }
}

#[test]
fn a_mandate_in_order_allows() {
    let allowed = Case::new().decided_above(None).unwrap();
    assert_eq!((allowed.used.most, &allowed.above), (Some(2), &None));
    assert_eq!((allowed.level, allowed.notes), (Level::IssuerVerifiedDigitalSignature, Vec::new()));
    let mut special = Case::new();
    special.power = Power::ReceivePayment;
    assert!(special.decided_above(None).is_ok());
    let mut oneself = Case::new();
    oneself.mandate["mandator"] = oneself.mandate["mandatary"].clone();
    oneself.principal = person("A234567893");
    assert_eq!(oneself.decided_above(None).unwrap().notes, [Reason::MandateToOneself]);
}

#[test]
fn each_broken_check_gives_its_own_reason() {
    type Change = fn(&mut Case);
    let path = |names: &[&str]| names.iter().map(|name| Step::Name((*name).to_owned())).collect::<Path>();
    let table: &[(&str, Reason, Change)] = &[
        ("M1", Reason::MandateIssuerUntrusted, |one| one.trusted = false),
        ("M2 absent", Reason::MandateMalformed, |one| _ = one.mandate.as_object_mut().unwrap().remove("law")),
        ("M2 all", Reason::MandateMalformed, |one| one.mandate["powers"] = json!(["all"])),
        ("M2 none", Reason::MandateMalformed, |one| one.mandate["powers"] = json!([])),
        ("M2 twice", Reason::MandateMalformed, |one| one.mandate["powers"] = json!(["submit_claim", "submit_claim"])),
        ("M2 unknown limit", Reason::MandateMalformed, |one| one.mandate["limits"]["only_on"] = "Sunday".into()),
        ("M2 no case", Reason::MandateMalformed, |one| one.mandate["limits"]["case_refs"] = json!([])),
        ("M2 amount", Reason::MandateMalformed, |one| one.mandate["limits"]["max_amount"]["value"] = "1e9".into()),
        ("M2 currency", Reason::MandateMalformed, |one| one.mandate["limits"]["max_amount"]["currency"] = "USD".into()),
        ("M2 limited", Reason::MandateMalformed, |one| one.mandate["substitution"] = "limited".into()),
        ("M3 early", Reason::MandateNotValid, |one| one.mandate["valid_from"] = "2026-10-01T00:00:00+08:00".into()),
        ("M3 late", Reason::MandateNotValid, |one| one.now = 1_795_000_000),
        ("M3 order", Reason::MandateNotValid, |one| one.mandate["executed_on"] = "2026-09-21".into()),
        ("M3 outlives", Reason::MandateNotValid, |one| one.ends = 1_795_000_000),
        ("M4", Reason::MandateRevoked, |one| one.status = Outcome::Refused(Reason::CredentialRevoked)),
        ("M4 suspended", Reason::MandateRevoked, |one| one.status = Outcome::Refused(Reason::CredentialSuspended)),
        ("M4 unknown", Reason::StatusStale, |one| one.status = Outcome::Unknown(Reason::StatusStale)),
        ("M5 key", Reason::MandataryMismatch, |one| one.presenter_key = public(&new_key())),
        ("M5 person", Reason::MandataryMismatch, |one| one.presenter = person("B123456780")),
        ("M5 named key", Reason::MandataryMismatch, |one| one.mandate["mandatary"]["key_thumbprint"] = "x".into()),
        ("M5 name alone", Reason::MandataryMismatch, |one| {
            _ = one.mandate["mandatary"].as_object_mut().unwrap().remove("id");
        }),
        ("M6", Reason::MandatorMismatch, |one| one.principal = person("B123456780")),
        ("M7", Reason::PowerMissing, |one| one.power = Power::WithdrawClaim),
        ("M8 case", Reason::MandateScopeExceeded, |one| one.reference.value = "CLM-2".to_owned()),
        ("M8 insurer", Reason::MandateScopeExceeded, |one| one.insurer = Some("insurer-18")),
        ("M8 no insurer", Reason::MandateScopeExceeded, |one| one.insurer = None),
        ("M8 plate", Reason::MandateScopeExceeded, |one| one.plate = Some("XYZ-9999")),
        ("M8 day", Reason::MandateScopeExceeded, |one| one.mandate["limits"]["accident_on"] = "2026-09-17".into()),
        ("M8 record", Reason::MandateScopeExceeded, |one| (one.power, one.record) = (Power::ObtainRecords, Some("x"))),
        ("M8 amount", Reason::MandateScopeExceeded, |one| one.cents = Some(120_051)),
        ("M8 no amount", Reason::MandateScopeExceeded, |one| (one.power, one.cents) = (Power::ReceivePayment, None)),
        ("M8 uses", Reason::MandateScopeExceeded, |one| one.uses = 2),
        ("M10", Reason::EvidenceMismatch, |one| one.document.push(b' ')),
        ("M11", Reason::AssuranceInsufficient, |one| {
            one.power = Power::ReceivePayment;
            one.mandate["assurance"]["level"] = "issuer_verified_electronic_signature".into();
        }),
    ];
    for (name, reason, change) in table {
        let mut case = Case::new();
        change(&mut case);
        assert_eq!(case.decided_above(None).unwrap_err(), *reason, "{name}");
    }
    for names in [&["mandate"][..], &["mandate", "limits"], &["mandate", "powers"], &["mandate", "assurance"], &[]] {
        let case = Case { concealing: vec![path(names)], ..Case::new() };
        assert_eq!(case.decided_above(None).unwrap_err(), Reason::MandateLimitConcealed, "{names:?}");
    }
    let allowed = Case { concealing: vec![path(&["mandate", "mandator", "id"])], ..Case::new() };
    assert!(allowed.decided_above(None).is_ok());
    println!("{} broken mandates, each with its own reason", table.len() + 5);
}

#[test]
fn a_mandate_is_passed_on_once_with_leave_and_never_grows() {
    type Change = fn(&mut Case, &mut Case);
    let judge = |change: Change| {
        let (mut parent, mut child) = (Case::new(), Case::new());
        parent.mandate["substitution"] = "allowed".into();
        child.mandate["mandator"] = parent.mandate["mandatary"].clone();
        child.mandate["mandatary"]["id"]["value"] = "B123456780".into();
        child.presenter = person("B123456780");
        change(&mut parent, &mut child);
        let credential = parent.credential();
        let grounds = Grounds {
            credential: &credential,
            issuer_trusted: parent.trusted,
            status: parent.status,
            parent: None,
            documents: &[],
            uses: parent.uses,
        };
        child.decided_above(Some(&grounds))
    };
    let passed_on = judge(|_, child| {
        child.mandate["id"] = "11111111-6d55-4f3e-9a43-0a4f3d7a1b11".into();
        child.mandate["limits"]["max_uses"] = 1.into();
        child.uses = 0;
    });
    // Both are counted: two that are passed on have no more uses together than the one above them.
    let passed_on = passed_on.unwrap();
    assert_eq!((passed_on.used.id.get(..8), passed_on.used.most), (Some("11111111"), Some(1)));
    let above = passed_on.above.unwrap();
    assert_eq!((above.id.get(..8), above.most), (Some("3f0c0d3e"), Some(2)));
    let weaker = |parent: &mut Case, _: &mut Case| {
        parent.mandate["assurance"]["level"] = "issuer_verified_electronic_signature".into();
    };
    assert_eq!(judge(weaker).unwrap().level, Level::IssuerVerifiedElectronicSignature, "the lower of the two");
    let table: &[(&str, Reason, Change)] = &[
        ("no leave", Reason::SubstitutionNotAllowed, |parent, _| parent.mandate["substitution"] = "not_allowed".into()),
        ("a text for people", Reason::SubstitutionNotAllowed, |parent, _| {
            parent.mandate["substitution"] = "limited".into();
            parent.mandate["substitution_detail"] = "至親".into();
        }),
        ("by another", Reason::SubstitutionNotAllowed, |parent, _| {
            parent.mandate["mandatary"]["id"]["value"] = "C123456781".into();
        }),
        ("more power", Reason::SubstitutionNotAllowed, |parent, _| parent.mandate["powers"] = json!(["submit_claim"])),
        ("more money", Reason::SubstitutionNotAllowed, |parent, _| {
            parent.mandate["limits"]["max_amount"]["value"] = "1000".into();
        }),
        ("no limit", Reason::SubstitutionNotAllowed, |_, child| {
            child.mandate["limits"].as_object_mut().unwrap().remove("plates");
        }),
        ("longer", Reason::SubstitutionNotAllowed, |_, child| {
            child.mandate["valid_until"] = "2026-10-21T23:59:59+08:00".into();
        }),
        ("parent used up", Reason::MandateScopeExceeded, |parent, _| parent.uses = 2),
        ("parent revoked", Reason::MandateRevoked, |parent, _| {
            parent.status = Outcome::Refused(Reason::CredentialRevoked);
        }),
        ("money under a weaker one", Reason::AssuranceInsufficient, |parent, child| {
            parent.mandate["assurance"]["level"] = "paper_scanned".into();
            child.power = Power::ReceivePayment;
        }),
        ("another's case", Reason::MandatorMismatch, |_, child| child.principal = person("A234567893")),
    ];
    for (name, reason, change) in table {
        assert_eq!(judge(*change).unwrap_err(), *reason, "{name}");
    }
}

#[test]
fn a_party_is_bound_to_its_registered_key() {
    let mut case = Case::new();
    case.mandate["kind"] = "individual_to_organisation".into();
    case.mandate["mandatary"] =
        json!({ "entity": "legal", "role": "insurer", "key_thumbprint": case.key.thumbprint() });
    case.presenter = Person::default();
    assert!(case.decided_above(None).is_ok());
    case.mandate["mandatary"]["key_thumbprint"] = public(&new_key()).thumbprint().into();
    assert_eq!(case.decided_above(None).unwrap_err(), Reason::MandataryMismatch);
}

#[test]
fn the_example_of_the_proposal_reads() {
    let Some(path) = shared("mandate-proposal/claim-mandate.example.json") else { return };
    let example = json_of(&path);
    let credential = Credential { claims: object(example), ..Case::new().credential() };
    let mandate = Mandate::read(&credential).unwrap();
    assert_eq!(mandate.powers.len(), 3);
}

#[test]
fn each_check_is_answered_for_itself_and_who_is_not_known_does_not_pass() {
    let mut case = Case::new();
    (case.power, case.status) = (Power::WithdrawClaim, Outcome::Unknown(Reason::StatusStale));
    case.mandate["assurance"]["level"] = "paper_scanned".into();
    let (credential, reference) = (case.credential(), case.reference.clone());
    let grounds = Grounds {
        credential: &credential,
        issuer_trusted: true,
        status: case.status,
        parent: None,
        documents: &[],
        uses: 0,
    };
    let action = Action {
        power: case.power,
        case: &reference,
        insurer: None,
        policy_number: None,
        plate: None,
        accident_on: None,
        record_kind: None,
        cents: None,
    };
    let nobody = Known { presenter: None, presenter_key: None, principal: None };
    let found = items(&grounds, &nobody, &action, at(NOW));
    let of = |check: Check| found.iter().find(|(one, _)| *one == check).map(|(_, finding)| *finding).unwrap();
    assert_eq!(of(Check::Term), Finding::Passed);
    assert_eq!(of(Check::Status), Finding::Unknown(Reason::StatusStale));
    assert_eq!(of(Check::Mandatary), Finding::Failed(Reason::MandataryMismatch));
    assert_eq!(of(Check::Mandator), Finding::Failed(Reason::MandatorMismatch));
    assert_eq!(of(Check::Power), Finding::Failed(Reason::PowerMissing));
    assert_eq!(of(Check::Limits), Finding::Failed(Reason::MandateScopeExceeded));
    assert_eq!(of(Check::Assurance), Finding::Failed(Reason::AssuranceInsufficient));
    assert_eq!((of(Check::Documents), of(Check::Record)), (Finding::Passed, Finding::NotReached));
}
