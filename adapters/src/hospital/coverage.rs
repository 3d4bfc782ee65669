//! Who may pay: every Coverage with its payor, line (險種) and policy number, in Bundle order.

use std::collections::HashMap;

use claimgate_fhir::bundle::Bundle;
use claimgate_fhir::element::Element;
use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_fhir::taiwan::{Namespace, Ubn};
use claimgate_fhir::terms::{self, Named};
use claimgate_packet::words::{Line, UnknownWord};

use super::{CoverageEntry, PayorIdentifier};

/// Our own words for a line of insurance, in Coverage.type.
pub const LINE_SYSTEM: &str = "urn:claimgate:line";

/// A policy or business number longer than this is something else.
const LONGEST: usize = 200;

/// The National Health Insurance Administration (衛生福利部中央健康保險署) in the government's code list.
const NHI: &str = "A21030000I";

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// Reads every Coverage.
pub(super) fn entries(bundle: &Bundle<'_>) -> Vec<CoverageEntry> {
    let mut coverages = bundle.all("Coverage").peekable();
    if coverages.peek().is_none() {
        let text = "There is no Coverage, so nobody to send the claim to. Add one whose payor is the insurer.";
        let issue = Issue::error(IssueKind::Required, "bundle.no-coverage", text);
        bundle.head().report(issue.zh("缺少 Coverage（保險）"), "entry");
    }
    let mut payors = Payors { bundle, known: HashMap::new() };
    let read: Vec<Read> = coverages.flat_map(|coverage| payors.of(coverage)).collect();
    // Where an insurer was meant but not named, that has been said already.
    if !read.is_empty()
        && read.iter().all(|read| matches!(read, Read::NoInsurer))
        && let Some(first) = bundle.all("Coverage").next()
    {
        no_payor(first, "No Coverage names an insurer as payor.");
    }
    let insurer = |read| if let Read::Insurer(entry) = read { Some(entry) } else { None };
    read.into_iter().filter_map(insurer).collect()
}

/// What a payor reference means.
enum Read {
    /// An organisation with a number.
    Insurer(CoverageEntry),
    /// A person who pays for himself, or National Health Insurance; reported.
    NoInsurer,
    /// Nobody; reported.
    Nobody,
}

/// The payors met so far: many Coverages name the same Organization, which is read once.
struct Payors<'b, 'a> {
    bundle: &'b Bundle<'a>,
    /// By the Organization's place.
    known: HashMap<String, Option<PayorIdentifier>>,
}

impl<'a> Payors<'_, 'a> {
    fn of(&mut self, coverage: &Element<'a>) -> Vec<Read> {
        if coverage.string("status").is_some_and(|status| status != "active") {
            let text = "A Coverage that is not active names nobody to send to. Remove it or correct its status.";
            let issue = Issue::error(IssueKind::BusinessRule, "coverage.not-active", text);
            coverage.report(issue.zh("Coverage 狀態不是 active"), "status");
        }
        let payors = coverage.children("payor");
        if payors.is_empty() {
            no_payor(coverage, "The Coverage names no payor.");
        }
        let line = line(coverage);
        let policy_number = policy_number(coverage);
        let entry = |payor| CoverageEntry {
            payor,
            line,
            policy_number: policy_number.map(str::to_owned),
            path: coverage.path().to_owned(),
        };
        let mut read = |payor: &Element<'a>| {
            if is_person(self.bundle, payor) {
                return Read::NoInsurer;
            }
            match self.identifier(payor) {
                Some(found) if found.value == NHI => {
                    nhi(payor);
                    Read::NoInsurer
                }
                found => found.map_or(Read::Nobody, |found| Read::Insurer(entry(found))),
            }
        };
        payors.iter().map(&mut read).collect()
    }

    /// By the Organization referred to, otherwise by the identifier written in the reference itself.
    fn identifier(&mut self, reference: &Element<'a>) -> Option<PayorIdentifier> {
        let registered = self.bundle.resolve(reference, &["Organization"]).and_then(|organisation| {
            let read = || payor(&terms::identifiers(&organisation, "identifier"), reference);
            self.known.entry(organisation.path().to_owned()).or_insert_with(read).clone()
        });
        let written = || {
            let identifier = terms::identifier(&reference.child("identifier")?)?;
            payor(&[identifier], reference)
        };
        let found = registered.or_else(written);
        if found.is_none() {
            let text = "The payor has no identifier. Add the insurer's Organization with its UBN (統一編號), \
                        or payor.identifier.";
            let issue = Issue::error(IssueKind::Required, "coverage.payor-no-identifier", text);
            reference.findings().report(issue.at(reference.path()).zh("保險公司沒有統一編號"));
        }
        found
    }
}

/// Policy number (保單號碼), as the hospital knows it.
fn policy_number<'a>(coverage: &Element<'a>) -> Option<&'a str> {
    let numbers = terms::identifiers(coverage, "identifier");
    let number = numbers.first().map(|number| number.value).or_else(|| coverage.string("subscriberId"))?;
    if number.chars().count() > LONGEST {
        too_long(coverage, &coverage.place("identifier"));
    }
    Some(number).filter(|number| number.chars().count() <= LONGEST)
}

fn too_long(element: &Element<'_>, place: &str) {
    let text = format!("A number has at most {LONGEST} characters. Write the number alone.");
    let issue = Issue::error(IssueKind::TooLong, "coverage.number-too-long", text);
    element.findings().report(issue.at(place).zh("號碼過長"));
}

/// Whether the payor pays for himself; nothing is sent to a person.
fn is_person<'a>(bundle: &Bundle<'a>, reference: &Element<'a>) -> bool {
    let target = bundle.resolve(reference, &["Organization", "Patient", "RelatedPerson"]);
    let is_person = target.is_some_and(|target| target.resource_type() != "Organization");
    if is_person {
        let text = "The payor is a person, not an insurer; nothing is sent there. Remove the Coverage if not meant.";
        let issue = Issue::warning(IssueKind::BusinessRule, "coverage.payor-is-a-person", text);
        reference.findings().report(issue.at(reference.path()).zh("給付人為個人，非保險公司"));
    }
    is_person
}

/// National Health Insurance pays the hospital on its own way; nothing is sent there from here.
fn nhi(reference: &Element<'_>) {
    let text = "The payor is National Health Insurance (健保署), which is no insurer of this exchange; nothing is sent \
                there. Name the patient's private insurers in Coverages of their own.";
    let issue = Issue::warning(IssueKind::BusinessRule, "coverage.payor-is-nhi", text);
    reference.findings().report(issue.at(reference.path()).zh("給付人為健保署，不在本平台傳送"));
}

/// The number among several that names the payor.
fn payor(numbers: &[Named<'_>], reference: &Element<'_>) -> Option<PayorIdentifier> {
    let number = best(numbers)?;
    if number.value.chars().count() > LONGEST {
        too_long(reference, &number.place);
        return None;
    }
    if is_ubn(number) && number.value.parse::<Ubn>().is_err() {
        let text = "The form or check digit of the payor's UBN does not fit. Compare it with the register.";
        let issue = Issue::warning(IssueKind::Value, "payor.ubn-checksum", text);
        reference.findings().report(issue.at(&*number.place).zh("統一編號檢查碼不符"));
    }
    let system = number.system.or_else(|| is_ubn(number).then(|| Namespace::Ubn.uri()));
    Some(PayorIdentifier { system: system.map(str::to_owned), value: number.value.to_owned() })
}

/// The unified business number if there is one, otherwise the first.
fn best<'n, 'a>(numbers: &'n [Named<'a>]) -> Option<&'n Named<'a>> {
    numbers.iter().find(|number| is_ubn(number)).or_else(|| numbers.first())
}

fn is_ubn(number: &Named<'_>) -> bool {
    number.namespace == Some(Namespace::Ubn) || (number.namespace.is_none() && number.is_type("UBN"))
}

/// The line by our own word, or by HL7's act codes that mean one of ours.
fn line(coverage: &Element<'_>) -> Option<Line> {
    let kind = coverage.child("type")?;
    let mut found = None;
    for coding in kind.children("coding") {
        let (Some(system), Some(code)) = (coding.string("system"), coding.string("code")) else { continue };
        match (system.trim_end_matches('/'), code) {
            (LINE_SYSTEM, word) => match word.parse::<Line>() {
                Ok(line) => return Some(line),
                Err(UnknownWord { expected }) => {
                    let text = format!("This is no line of insurance. Use one of: {expected}.");
                    coding.report(
                        Issue::error(IssueKind::CodeInvalid, "coverage.line-unknown", text).zh("險種代碼不存在"),
                        "code",
                    );
                }
            },
            (ACT_CODE, "EHCPOL" | "HIP") => found = found.or(Some(Line::HealthReimbursement)),
            (ACT_CODE, "DIS") => found = found.or(Some(Line::Disability)),
            (ACT_CODE, "LIFE") => found = found.or(Some(Line::Life)),
            _ => {}
        }
    }
    found
}

fn no_payor(coverage: &Element<'_>, what: &str) {
    let text = format!("{what} Refer from Coverage.payor to the insurer's Organization.");
    coverage.report(
        Issue::error(IssueKind::Required, "coverage.no-payor", text).zh("Coverage 沒有給付人（保險公司）"),
        "payor",
    );
}
