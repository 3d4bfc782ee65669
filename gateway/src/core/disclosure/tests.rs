//! The built-in table is least and complete; a wrong table says where; a consent only narrows.

use claimgate_packet::limits;
use claimgate_packet::words::Line;

use super::explain::explain;
use super::*;

fn policy() -> Policy {
    Policy::built_in().unwrap_or_else(|error| panic!("{error}"))
}

fn types(policy: &Policy, line: Line, purpose: Purpose) -> Vec<&'static str> {
    let to = Addressee::Line(line);
    policy.kinds().iter().map(|kind| kind.name).filter(|kind| policy.grant(to, purpose, kind).is_some()).collect()
}

const SLIP: &str = "accident-registration-slip";
const SKETCH: &str = "accident-scene-sketch";
const ANALYSIS: &str = "accident-preliminary-analysis";
const STATEMENT: &str = "accident-statement";
const NOTICE: &str = "accident-notice";
const CHECK: &str = "accident-paper-check";

#[test]
fn each_line_gets_its_types_and_no_other() {
    let (policy, certificate, receipt) = (policy(), "diagnosis-certificate", "medical-receipt");
    for line in Line::ALL {
        let expected: &[&str] = match line {
            Line::HealthReimbursement => &[certificate, receipt, "lab-report", "prescription"],
            Line::Group | Line::Travel => &[certificate, receipt, "lab-report"],
            Line::CriticalIllness => &[certificate, "lab-report"],
            Line::Accident => &[certificate, receipt, ANALYSIS, "accident-certificate", STATEMENT, CHECK],
            Line::MotorCompulsory => &[
                certificate,
                receipt,
                SLIP,
                SKETCH,
                ANALYSIS,
                "accident-certificate",
                STATEMENT,
                NOTICE,
                CHECK,
                "vehicle-registration",
            ],
            Line::MotorLiability => &[
                certificate,
                receipt,
                SLIP,
                SKETCH,
                "accident-scene-photos",
                ANALYSIS,
                "accident-certificate",
                "accident-appraisal",
                STATEMENT,
                NOTICE,
                CHECK,
                "vehicle-registration",
            ],
            Line::MotorDriverInjury | Line::MotorPassenger => {
                &[certificate, receipt, SLIP, SKETCH, ANALYSIS, "accident-certificate", STATEMENT, NOTICE, CHECK]
            }
            Line::HealthDaily | Line::Disability | Line::Life => &[certificate],
            Line::MotorDamage => &[
                SLIP,
                SKETCH,
                "accident-scene-photos",
                ANALYSIS,
                "accident-certificate",
                "accident-appraisal",
                STATEMENT,
                NOTICE,
                CHECK,
                "vehicle-registration",
            ],
            Line::MotorTheft => &["vehicle-registration"],
        };
        // What the insured signed goes to whoever is asked to pay for the person.
        let signed: &[&str] = match line {
            Line::MotorDamage | Line::MotorTheft => &[],
            _ => &["claim-application", "consent"],
        };
        let expected = [expected, signed, &["revision-note", "owner-paper"]].concat();
        assert_eq!(types(&policy, *line, Purpose::ClaimAssessment), expected, "{line}");
        let records: &[&str] = match line {
            Line::MotorDamage | Line::MotorTheft => &[],
            _ => &[certificate, receipt, "lab-report", "prescription", "medical-record"],
        };
        assert_eq!(types(&policy, *line, Purpose::RecordRequest), records, "{line}");
        for purpose in [Purpose::Subrogation, Purpose::StatutoryNotice] {
            assert_eq!(types(&policy, *line, purpose), [""; 0], "{line} {purpose}");
        }
    }
}

#[test]
fn a_line_that_pays_a_fixed_sum_gets_less_of_the_certificate() {
    let policy = policy();
    let grant = |line| policy.grant(Addressee::Line(line), Purpose::ClaimAssessment, "diagnosis-certificate").unwrap();
    let daily = grant(Line::HealthDaily);
    for away in ["/advice", "/procedures", "/procedures/*/notes", "/visit/reasons", "/patient/address"] {
        assert!(daily.withholds(away), "{away}");
    }
    for stays in ["/diagnoses", "/visit/days", "/visit/first_day", "/patient/name", "/patient", "/visit"] {
        assert!(!daily.withholds(stays), "{stays}");
    }
    assert!(!grant(Line::HealthReimbursement).withholds("/advice"));
    assert!(grant(Line::HealthReimbursement).withholds("/patient/occupation"));
}

#[test]
fn every_recipient_and_purpose_is_explained_with_reasons_of_the_table() {
    let policy = policy();
    for to in Addressee::all() {
        for purpose in Purpose::ALL {
            let explained = explain(&policy, to, *purpose);
            assert_eq!(explained.len(), policy.kinds().len());
            for one in explained {
                assert_eq!(one.given, !one.fields.is_empty());
                assert_ne!(one.why, Why::not_listed(), "{to} {purpose} {}", one.kind);
            }
        }
    }
}

#[test]
fn what_is_apart_fits_into_the_largest_packet() {
    let policy = policy();
    for kind in policy.kinds() {
        let apart: Vec<&str> = policy.apart(kind.name).collect();
        // An element of a long list would be a part each time.
        assert!(apart.iter().all(|pointer| !pointer.contains('*')), "{apart:?}");
        assert!(apart.len() * limits::EVIDENCE <= limits::PARTS, "{} {apart:?}", kind.name);
    }
}

const ROW: &str = r#"version = 1
[[give]]
recipients = ["accident"]
purposes = ["claim-assessment"]
evidence = ["medical-receipt"]
fields = ["/number", "/visit/start"]
reason = "r"
reason_zh = "z"
basis = "b"
"#;

fn faults(text: &str) -> String {
    match Policy::read(Origin::File("p.toml".into()), text) {
        Ok(_) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_not_listed_is_withheld() {
    let policy = Policy::read(Origin::File("p.toml".into()), ROW).unwrap();
    let receipt = |line, purpose| policy.grant(Addressee::Line(line), purpose, "medical-receipt");
    let grant = receipt(Line::Accident, Purpose::ClaimAssessment).unwrap();
    let given: Vec<String> = explain::given(&policy.kinds()[1], grant).pointers(true).map(ToOwned::to_owned).collect();
    // What the schema requires stays, with nothing in it that it does not.
    let expected = [
        "/institution/code",
        "/lines/*/amount",
        "/lines/*/payer",
        "/lines/*/sequence",
        "/number",
        "/patient/identifiers",
    ];
    assert_eq!(given, [&expected[..], &["/totals", "/visit/start"]].concat());
    assert!(receipt(Line::Life, Purpose::ClaimAssessment).is_none());
    assert!(receipt(Line::Accident, Purpose::Subrogation).is_none());
    assert_eq!(policy.digest().len(), 43);
    assert_ne!(policy.digest(), super::tests::policy().digest());
}

#[test]
fn a_wrong_table_is_refused_with_line_and_nearest_words() {
    assert_eq!(faults(ROW), "none");
    for (from, to, line, says) in [
        ("\"accident\"", "\"accidnt\"", 3, "nearest: accident"),
        ("\"accident\"", "\"*\"", 3, "one by one"),
        ("\"accident\"", "", 2, "is empty"),
        ("claim-assessment", "claim-asessment", 4, "nearest: claim-assessment"),
        ("medical-receipt", "medical-reciept", 5, "nearest: medical-receipt"),
        ("/visit/start", "/visit/begin", 6, "no field of medical-receipt; nearest: /visit/"),
        ("[\"/number\", \"/visit/start\"]", "[]", 2, "`fields` is needed"),
        ("basis", "bases", 9, "unknown field `bases`"),
        ("\"b\"", "\"\"", 9, "1 to 500 characters"),
        ("\"b\"", "\"\\u001b[2J\"", 9, "1 to 500 characters"),
        ("version = 1", "version = 2", 1, "`version` is 1"),
        ("[[give]]", "[[given]]", 2, "unknown field `given`"),
        ("\"r\"", "r", 7, ""),
    ] {
        let found = faults(&ROW.replacen(from, to, 1));
        assert!(found.starts_with(&format!("p.toml:{line}: ")) && found.contains(says), "{to}: {found}");
    }
    let row = |fields: &str| {
        format!(
            "{ROW}[[withhold]]\nrecipients = [\"*\"]\npurposes = [\"*\"]\nevidence = [\"*\"]\n{fields}\nreason = \"r\"\n\
             reason_zh = \"z\"\nbasis = \"b\"\n"
        )
    };
    assert_eq!(faults(&row("fields = [\"/patient/address\"]")), "none");
    for (fields, says) in [
        ("fields = [\"/patient\"]", "p.toml:14: /patient of diagnosis-certificate cannot be withheld apart"),
        ("fields = [\"/visit\"]", "p.toml:14: /visit of medical-receipt is given to accident in line 2"),
        ("fields = [\"/totals/copay\"]", "p.toml:14: /totals/copay is no field of"),
        ("", "p.toml:10: medical-receipt of accident for claim-assessment is given in line 2"),
    ] {
        let found = faults(&row(fields));
        assert!(found.contains(says), "{fields}: {found}");
    }
    let twice = format!("{ROW}{}", ROW.replacen("version = 1\n", "", 1));
    assert!(faults(&twice).contains("p.toml:10: medical-receipt of accident for claim-assessment is given in line 2"));
    assert_eq!(
        faults(&ROW.replace("accident", "accidnt").replace("/number", "/nummer")).lines().count(),
        2,
        "all at once"
    );
}

#[test]
fn the_fund_can_have_rows() {
    let policy = Policy::read(Origin::BuiltIn, &ROW.replace("accident", "fund")).unwrap();
    assert!(policy.grant(Addressee::Fund, Purpose::ClaimAssessment, "medical-receipt").is_some());
    assert!(super::tests::policy().grant(Addressee::Fund, Purpose::ClaimAssessment, "medical-receipt").is_some());
}

/// Numbers that look like chance and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn of(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(count.max(1)).unwrap()).unwrap()
    }
}

#[test]
fn a_consent_never_gives_more_than_the_policy() {
    let policy = policy();
    let mut dice = Dice(0x0020_2611_2300_0001);
    let mut narrowed_at_all = 0;
    for round in 0..500 {
        let mut limits = Limits::default();
        if dice.of(3) == 0 {
            let all = policy.kinds().iter().map(|kind| kind.name.to_owned());
            limits.only = Some(all.filter(|_| dice.of(2) == 0).collect());
        }
        for kind in policy.kinds() {
            let pointers = kind.pointers();
            for _ in 0..dice.of(4) {
                let mut field = pointers[dice.of(pointers.len())].to_owned();
                match dice.of(12) {
                    0 => field.push_str("/nothing"),
                    1 => field = String::new(),
                    _ => {}
                }
                limits.without.entry(kind.name.to_owned()).or_default().insert(field);
            }
        }
        for to in Addressee::all() {
            for kind in policy.kinds() {
                let whole = policy.grant(to, Purpose::ClaimAssessment, kind.name);
                let Some(less) = policy.narrowed_by(&limits, to, Purpose::ClaimAssessment, kind.name) else { continue };
                let whole = whole.unwrap_or_else(|| panic!("{round}: {to} gets {} from nothing", kind.name));
                assert!(limits.leaves(kind.name));
                for pointer in kind.pointers() {
                    assert!(!whole.withholds(pointer) || less.withholds(pointer), "{round}: {to} {pointer} is given");
                }
                for field in limits.fields(kind.name) {
                    assert!(less.withholds(field), "{round}: {to} {field} is not taken away");
                }
                // Whatever is left can be signed: nothing the schema requires is away by itself.
                assert!(less.withheld().all(|away| kind.field(away).is_some_and(|field| field.separable)));
                narrowed_at_all += usize::from(less != *whole);
            }
        }
    }
    assert!(narrowed_at_all > 500, "{narrowed_at_all}");
    let to = Addressee::Line(Line::Accident);
    let same = policy.narrowed_by(&Limits::default(), to, Purpose::ClaimAssessment, "medical-receipt");
    assert_eq!(same.as_ref(), policy.grant(to, Purpose::ClaimAssessment, "medical-receipt"));
}

#[test]
fn files_go_only_where_a_row_says_so_and_never_where_a_consent_takes_a_field_away() {
    let policy = policy();
    let certificate =
        |line| policy.grant(Addressee::Line(line), Purpose::ClaimAssessment, "diagnosis-certificate").unwrap();
    assert!(certificate(Line::HealthReimbursement).gives_files());
    assert!(!certificate(Line::HealthDaily).gives_files() && !certificate(Line::Life).gives_files());
    let to = Addressee::Line(Line::HealthReimbursement);
    let mut limits = Limits::default();
    limits.without.entry("diagnosis-certificate".to_owned()).or_default().insert("/advice".to_owned());
    let less = policy.narrowed_by(&limits, to, Purpose::ClaimAssessment, "diagnosis-certificate").unwrap();
    assert!(!less.gives_files());
    let receipt = policy.narrowed_by(&limits, to, Purpose::ClaimAssessment, "medical-receipt").unwrap();
    assert!(receipt.gives_files());
    let silent = BUILT_IN.replace("attachments = true\n", "");
    let policy = Policy::read(Origin::BuiltIn, &silent).unwrap();
    for to in Addressee::all() {
        for kind in policy.kinds() {
            let grant = policy.grant(to, Purpose::ClaimAssessment, kind.name);
            assert!(!grant.is_some_and(Grant::gives_files), "{to} {}", kind.name);
        }
    }
    let misplaced = BUILT_IN.replacen("[[withhold]]\nrecipients", "[[withhold]]\nattachments = true\nrecipients", 1);
    let Err(PolicyError::Faults(_, faults)) = Policy::read(Origin::BuiltIn, &misplaced) else { panic!("taken") };
    assert!(faults[0].text.contains("a row that gives"), "{faults:?}");
}
