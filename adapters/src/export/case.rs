//! One case: its records, how they refer to one another, what became of each field, and the Bundle.

use std::fmt::Write as _;

use claimgate_fhir::outcome::{Issue, IssueKind};
use serde_json::Value;

use super::bundle;
use super::join::CaseRows;
use super::map::Map;
use super::record::{Origin, Outcome, Record, Same, Slot};
use super::target::{self, Kind, Need, Target};

/// Signs of a value that its shape shows.
const SHOWN: usize = 28;

/// Which record each record refers to, by position.
#[derive(Default)]
pub(super) struct Links {
    /// The visit of each diagnosis, receipt and result.
    pub(super) diagnoses: Vec<Option<usize>>,
    pub(super) receipts: Vec<Option<usize>>,
    pub(super) labs: Vec<Option<usize>>,
    /// The receipt of each line.
    pub(super) lines: Vec<Option<usize>>,
}

/// Everything the tables say of one case.
pub(super) struct Facts {
    pub(super) hospital: Record,
    pub(super) case: Record,
    pub(super) patient: Record,
    pub(super) encounters: Vec<Record>,
    pub(super) diagnoses: Vec<Record>,
    pub(super) receipts: Vec<Record>,
    pub(super) lines: Vec<Record>,
    pub(super) labs: Vec<Record>,
    pub(super) coverages: Vec<Record>,
    pub(super) links: Links,
}

/// What became of one field of a case.
#[derive(Clone)]
pub struct FieldReport {
    /// The field: `patient.birth_date`, `line[2].amount`.
    pub target: String,
    /// Where the text stands; nothing for a constant, or where nothing is mapped.
    pub from: Option<Origin>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, without the value.
    pub reason: String,
    /// How much it is needed.
    pub need: Need,
    /// Whether the case is refused because of it.
    pub refuses: bool,
    value: Option<String>,
    listed: bool,
}

/// One case number with everything that was made of it.
#[derive(Clone)]
pub struct Case {
    /// Case number (案件編號).
    pub number: String,
    /// The document Bundle, as far as the fields go; `hospital::read` says whether it is whole.
    pub bundle: Value,
    /// Every field that is mapped or asked for, in the order of the vocabulary.
    pub fields: Vec<FieldReport>,
    /// Findings on how the records of the case hang together.
    pub issues: Vec<Issue>,
}

claimgate_packet::opaque_debug!(Facts, FieldReport, Case);

impl FieldReport {
    /// The value as it stands in the Bundle. It may be personal.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The value with every letter, digit and Chinese sign masked: `A999999999`, `字字字`. A word of a list is `word`: its
    /// length alone would tell a gender.
    #[must_use]
    pub fn shape(&self) -> Option<String> {
        let value = self.value.as_deref()?;
        if self.listed {
            return Some("word".to_owned());
        }
        let mask = |sign: char| match sign {
            '0'..='9' => '9',
            'a'..='z' => 'a',
            'A'..='Z' => 'A',
            sign if sign.is_alphanumeric() => '字',
            '\n' => ' ',
            sign => sign,
        };
        let mut shape: String = value.chars().take(SHOWN).map(mask).collect();
        let whole = value.chars().count();
        if whole > SHOWN {
            // Writing to a String cannot fail.
            let _ = write!(shape, "… ({whole})");
        }
        Some(shape)
    }
}

impl Case {
    /// Whether a field or a finding of ours refuses the case, whatever the reader of the Bundle says.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.fields.iter().any(|field| field.refuses) || self.issues.iter().any(Issue::refuses)
    }

    /// Whether somebody should look: a field that is asked for is missing, or one could not be taken.
    #[must_use]
    pub fn incomplete(&self) -> bool {
        let lacks = |field: &FieldReport| {
            field.outcome == Outcome::Refused || (field.outcome == Outcome::Missing && field.need != Need::May)
        };
        self.fields.iter().any(lacks)
    }
}

/// Builds a case from its rows. `at` is the time of the Bundle where no column gives one.
pub(super) fn build(map: &Map, number: &str, rows: &CaseRows<'_>, at: Option<&str>) -> Case {
    let mut facts = Facts {
        hospital: rows.single(map, &map.hospital, target::HOSPITAL),
        case: rows.single(map, &map.case, target::CASE),
        patient: rows.single(map, &map.patient, target::PATIENT),
        encounters: rows.many(map, &map.encounters, target::ENCOUNTER, Same::Fields(&["number"])),
        diagnoses: rows.many(
            map,
            &map.diagnoses,
            target::DIAGNOSIS,
            Same::Fields(&["certificate", "encounter", "code", "name"]),
        ),
        receipts: rows.many(map, &map.receipts, target::RECEIPT, Same::Fields(&["number"])),
        lines: rows.many(map, &map.lines, target::LINE, Same::WholeWith("sequence")),
        labs: rows.many(map, &map.labs, target::LAB, Same::Whole),
        coverages: rows.many(map, &map.coverages, target::COVERAGE, Same::Fields(&["payor", "line", "policy"])),
        links: Links::default(),
    };
    facts.stamp(at);
    facts.order();
    facts.soften();
    let mut issues = Vec::new();
    facts.links = facts.link(&mut issues);
    Case { number: number.to_owned(), bundle: bundle::write(&facts, &map.systems), fields: facts.report(), issues }
}

impl Facts {
    /// The caller's time where the tables have none.
    fn stamp(&mut self, at: Option<&str>) {
        let missing = self.case.slots.get("timestamp").is_none_or(|slot| slot.outcome == Outcome::Missing);
        if let (Some(at), true) = (at, missing) {
            let reason = "given for this run".to_owned();
            let value = Some(at.to_owned());
            let slot = Slot { value, outcome: Outcome::Defaulted, reason, origin: None, need: Need::Must };
            self.case.slots.insert("timestamp", slot);
        }
    }

    /// Lines by receipt, then both lines and diagnoses by sequence; the rest as merging left it: never by where a row stood.
    fn order(&mut self) {
        let sequence = |record: &Record| record.get("sequence").and_then(|text| text.parse().ok()).unwrap_or(u32::MAX);
        let receipt = |record: &Record| record.get("receipt").unwrap_or_default().to_owned();
        self.lines.sort_by_cached_key(|line| (receipt(line), sequence(line)));
        self.diagnoses.sort_by_key(sequence);
    }

    /// One field may stand in for another: a passport for the national ID, a price for an amount.
    fn soften(&mut self) {
        let soften = |record: &mut Record, others: &[&str], names: &[&'static str]| {
            if others.iter().any(|name| record.get(name).is_some()) {
                for name in names {
                    if let Some(slot) = record.slots.get_mut(*name).filter(|slot| slot.outcome == Outcome::Missing) {
                        slot.need = Need::May;
                    }
                }
            }
        };
        soften(&mut self.patient, &["resident_number", "passport"], &["national_id"]);
        self.lines.iter_mut().for_each(|line| soften(line, &["unit_price"], &["amount"]));
        self.labs.iter_mut().for_each(|lab| soften(lab, &["name"], &["code"]));
        for one in self.diagnoses.iter_mut().chain(&mut self.labs) {
            soften(one, &["code"], &["name"]);
        }
    }

    fn link(&mut self, issues: &mut Vec<Issue>) -> Links {
        let visits: Vec<Option<String>> = numbers(&self.encounters);
        let receipts: Vec<Option<String>> = numbers(&self.receipts);
        let mut visit = |records: &mut [Record], block: &str| {
            records.iter_mut().zip(1_usize..).map(|(record, place)| {
                refer(record, "encounter", &visits).unwrap_or_else(|NotThere| {
                    let text = "No visit of the case has this number, so the record is not tied to one. Compare both columns.";
                    let issue = Issue::warning(IssueKind::NotFound, "export.encounter-not-found", text);
                    issues.push(issue.at(format!("{block}[{place}].encounter")).zh("找不到就醫紀錄"));
                    None
                })
            }).collect()
        };
        let mut links = Links {
            diagnoses: visit(&mut self.diagnoses, "diagnosis"),
            receipts: visit(&mut self.receipts, "receipt"),
            labs: visit(&mut self.labs, "lab"),
            lines: Vec::new(),
        };
        for (line, place) in self.lines.iter_mut().zip(1_usize..) {
            let receipt = refer(line, "receipt", &receipts).unwrap_or_default();
            if receipt.is_none() {
                let text = "The line belongs to no receipt of the case, or it is not said to which. Map `line.receipt`, and \
                            compare it with `receipt.number`.";
                let issue = Issue::error(IssueKind::NotFound, "export.line-without-receipt", text);
                issues.push(issue.at(format!("line[{place}].receipt")).zh("收費明細不屬於任何收據"));
            }
            links.lines.push(receipt);
        }
        links
    }

    fn report(&self) -> Vec<FieldReport> {
        let mut reports = Vec::new();
        for (record, targets) in
            [(&self.hospital, target::HOSPITAL), (&self.case, target::CASE), (&self.patient, target::PATIENT)]
        {
            describe(record, targets, None, &mut reports);
        }
        for (records, targets) in [
            (&self.encounters, target::ENCOUNTER),
            (&self.diagnoses, target::DIAGNOSIS),
            (&self.receipts, target::RECEIPT),
            (&self.lines, target::LINE),
            (&self.labs, target::LAB),
            (&self.coverages, target::COVERAGE),
        ] {
            for (record, place) in records.iter().zip(1_usize..) {
                describe(record, targets, Some(place), &mut reports);
            }
        }
        reports
    }
}

fn numbers(records: &[Record]) -> Vec<Option<String>> {
    records.iter().map(|record| record.get("number").map(str::to_owned)).collect()
}

/// A number that is not among those of the case.
struct NotThere;

/// Which of these a record means: by number, or the only one there is.
fn refer(record: &mut Record, name: &'static str, numbers: &[Option<String>]) -> Result<Option<usize>, NotThere> {
    let Some(wanted) = record.get(name) else {
        return Ok((numbers.len() == 1).then_some(0));
    };
    let found = numbers.iter().position(|number| number.as_deref() == Some(wanted));
    if found.is_none() {
        record.refuse(name, "nothing of the case has this number");
    }
    found.map(Some).ok_or(NotThere)
}

fn describe(record: &Record, targets: &'static [Target], place: Option<usize>, reports: &mut Vec<FieldReport>) {
    for target in targets {
        let Some(slot) = record.slots.get(target.name) else { continue };
        let place = place.map(|place| format!("[{place}]")).unwrap_or_default();
        // An amount that is there and cannot be read is never left out: the receipt would say less than it does.
        let refuses = match slot.outcome {
            Outcome::Refused => slot.need == Need::Must || matches!(target.kind, Kind::Amount),
            Outcome::Missing => slot.need == Need::Must,
            Outcome::Taken | Outcome::Defaulted => false,
        };
        reports.push(FieldReport {
            target: format!("{}{place}.{}", target.block, target.name),
            from: slot.origin.clone(),
            outcome: slot.outcome,
            reason: slot.reason.clone(),
            need: slot.need,
            refuses,
            value: slot.value.clone(),
            listed: matches!(target.kind, Kind::Word(_) | Kind::Line | Kind::FeeCategory),
        });
    }
}
