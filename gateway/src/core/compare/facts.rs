//! What a paper says that another one of the same visit can confirm or contradict, in one spelling.

use std::collections::{BTreeMap, BTreeSet};

use claimgate_adapters::insurer::records::Period;
use claimgate_packet::evidence::{Coding, Diagnosis, Document, MedicalReceipt, RecordedProcedure, Visit};

use super::Subject;
use crate::core::records::kinds;

/// Of one paper.
pub(super) struct Facts {
    /// Institution code.
    institution: String,
    /// Number of the visit.
    visit: Option<String>,
    /// Class of the visit.
    class: Option<String>,
    /// Its days.
    days: Option<Period>,
    /// Number of the receipt it is.
    pub receipt: Option<String>,
    /// Whether it is a paper that names operations.
    operations: bool,
    /// Subject, and what of it, with the values.
    pub said: BTreeMap<(Subject, String), BTreeSet<String>>,
}

impl Facts {
    /// Whether both speak of one visit: of one hospital, with one number; where one has none, of common days and no other
    /// class. Two printings of one receipt are of one visit.
    pub(super) fn is_of_the_visit_of(&self, other: &Self) -> bool {
        if self.institution != other.institution {
            return false;
        }
        if self.receipt.is_some() && self.receipt == other.receipt {
            return true;
        }
        if let (Some(one), Some(two)) = (&self.visit, &other.visit) {
            return one == two;
        }
        let classes = self.class.as_ref().zip(other.class.as_ref()).is_none_or(|(one, two)| one == two);
        classes && self.days.zip(other.days).is_some_and(|(one, two)| one.meets(&two))
    }

    /// Whether a paper of this kind would name it, if there were anything to name.
    pub(super) fn could_name(&self, subject: Subject) -> bool {
        subject == Subject::Operation && self.operations
    }

    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    fn say(&mut self, subject: Subject, of: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.said.entry((subject, of.to_owned())).or_default().insert(value);
        }
    }
}

/// Reads them. A type that speaks of no visit says nothing.
pub(super) fn facts(document: &Document) -> Facts {
    let mut facts = Facts {
        institution: String::new(),
        visit: None,
        class: None,
        days: kinds::days(document),
        receipt: None,
        operations: false,
        said: BTreeMap::new(),
    };
    match document {
        Document::DiagnosisCertificate(one) => {
            facts.institution = folded(&one.institution.code);
            of_visit(one.visit.as_ref(), &mut facts);
            of_diagnoses(&one.diagnoses, &mut facts);
            of_procedures(&one.procedures, &mut facts);
            facts.operations = true;
        }
        Document::MedicalRecord(one) => {
            facts.institution = folded(&one.institution.code);
            of_visit(one.visit.as_ref(), &mut facts);
            of_diagnoses(&one.diagnoses, &mut facts);
            of_procedures(&one.procedures, &mut facts);
            facts.operations = true;
        }
        Document::Prescription(one) => {
            facts.institution = folded(&one.institution.code);
            of_visit(one.visit.as_ref(), &mut facts);
            of_diagnoses(&one.diagnoses, &mut facts);
        }
        Document::MedicalReceipt(one) => {
            facts.institution = folded(&one.institution.code);
            of_visit(one.visit.as_ref(), &mut facts);
            of_receipt(one, &mut facts);
        }
        Document::LabReport(one) => facts.institution = folded(&one.institution.code),
        _ => {}
    }
    facts
}

fn of_visit(visit: Option<&Visit>, facts: &mut Facts) {
    let Some(visit) = visit else { return };
    facts.visit = visit.number.as_deref().map(folded).filter(|number| !number.is_empty());
    facts.class = visit.class.as_ref().map(|class| folded(&class.code));
    facts.say(Subject::VisitClass, "", facts.class.clone());
    facts.say(Subject::FirstDay, "", visit.first_day.map(|day| day.to_string()));
    facts.say(Subject::LastDay, "", visit.last_day.map(|day| day.to_string()));
    facts.say(Subject::Days, "", visit.days.as_deref().map(number));
}

/// ICD codes of one edition are compared with those of the same: a letter begins the tenth, a digit the ninth. A diagnosis
/// that says nothing but words is not compared: two ways to write it are no contradiction.
fn of_diagnoses(diagnoses: &[Diagnosis], facts: &mut Facts) {
    for coding in diagnoses.iter().flat_map(|one| &one.codings) {
        let system = coding.system.as_deref().unwrap_or_default();
        let icd = system.is_empty() || system.contains("icd");
        let code = undotted(&coding.code);
        let edition = match code.chars().next() {
            Some(first) if first.is_ascii_alphabetic() => "icd-10",
            Some(first) if first.is_ascii_digit() => "icd-9",
            _ => continue,
        };
        facts.say(Subject::Diagnosis, if icd { edition } else { system }, Some(code));
    }
}

fn of_procedures(procedures: &[RecordedProcedure], facts: &mut Facts) {
    let done = procedures.iter().filter(|one| !matches!(one.status.as_str(), "not-done" | "entered-in-error"));
    for procedure in done {
        for coding in &procedure.code.codings {
            facts.say(Subject::Operation, &system(coding), Some(undotted(&coding.code)));
        }
        facts.say(Subject::OperationDay, "", procedure.performed_on.map(|day| day.to_string()));
    }
}

/// The editions of ICD-10-PCS that stand side by side are one system here.
fn system(coding: &Coding) -> String {
    let system = coding.system.as_deref().unwrap_or_default();
    if system.contains("icd-10-pcs") { "icd-10-pcs".to_owned() } else { system.to_owned() }
}

fn of_receipt(receipt: &MedicalReceipt, facts: &mut Facts) {
    facts.receipt = receipt.number.as_deref().map(folded).filter(|number| !number.is_empty());
    let totals = &receipt.totals;
    for (of, amount) in [
        ("self-pay", Some(totals.self_pay)),
        ("copay", Some(totals.copay)),
        ("nhi", Some(totals.nhi)),
        ("unstated", Some(totals.unstated)),
        ("reductions", Some(totals.reductions)),
        ("stated", totals.stated),
        ("paid", totals.paid),
    ] {
        facts.say(Subject::Total, of, amount.map(|amount| amount.to_string()));
    }
}

fn folded(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// E11.9 and E119 are one code.
fn undotted(code: &str) -> String {
    folded(code).replace('.', "")
}

/// 3, 3.0 and 03 are one number.
fn number(text: &str) -> String {
    let text = folded(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}
