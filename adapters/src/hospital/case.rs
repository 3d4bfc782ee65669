//! What the whole Bundle is about: case number, time, one patient, and what its shape must hold.

use claimgate_fhir::bundle::Bundle;
use claimgate_fhir::element::Element;
use claimgate_fhir::moment::Moment;
use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_fhir::shape::{self, Shape};
use claimgate_fhir::sources::Sources;
use claimgate_fhir::taiwan::canonical;
use claimgate_fhir::{people, terms};
use claimgate_packet::evidence::{MEDICAL_RECEIPT, Patient};
use jiff::Timestamp;

use super::CaseIdentifier;

/// A case number longer than this is something else.
const LONGEST: usize = 200;

/// The Bundle's own elements.
pub(super) struct Head {
    pub(super) identifier: CaseIdentifier,
    /// Absent only together with an error.
    pub(super) timestamp: Option<Timestamp>,
}

/// Reads the head and reports what the Bundle's shape misses in it.
pub(super) fn head(bundle: &Bundle<'_>, shape: Shape, voided: bool) -> Head {
    let head = bundle.head();
    let profiles = head.child("meta").map(|meta| meta.strings("profile")).unwrap_or_default();
    let is_iclaim = |profile: &&str| profile.split('|').next() == Some(shape::BUNDLE_PROFILE);
    if shape == Shape::IClaim && !profiles.iter().any(is_iclaim) {
        let text = "meta.profile does not name iClaim's Bundle profile; the Bundle is read as if it did. Name it.";
        let issue = Issue::warning(IssueKind::Invariant, "bundle.profile-not-named", text);
        head.report(issue.zh("meta.profile 未載明 iClaim"), "meta.profile");
    }
    let has = |kind| bundle.all(kind).next().is_some();
    let needs_receipt = shape.needs_receipt() && !voided;
    if needs_receipt && !has("Claim") && !has("Invoice") && !withholds_receipt(bundle) {
        let text =
            "There is no Claim or Invoice. Add the receipt as a Claim (iClaim: entry IClaim 1..1) or an Invoice.";
        let issue = Issue::error(IssueKind::Required, "bundle.no-claim", text);
        head.report(issue.zh("缺少 Claim 或 Invoice（收據）"), "entry");
    }
    if needs_receipt && !has("Condition") {
        let text = "There is no Condition, so no certificate of diagnosis. Add one if the claim needs it.";
        let issue = Issue::warning(IssueKind::Incomplete, "bundle.no-condition", text);
        head.report(issue.zh("沒有診斷證明書"), "entry");
    }
    composition(bundle);
    Head { identifier: identifier(bundle), timestamp: timestamp(bundle) }
}

/// Whether the document says itself that its receipt is withheld: what a recipient gets that needs none (揭露政策).
fn withholds_receipt(bundle: &Bundle<'_>) -> bool {
    let Some(composition) = bundle.all("Composition").next() else { return false };
    let coded = |section: &Element<'_>, member: &str, code: &str| {
        let found = section.child(member).and_then(|found| terms::concept(&found));
        found.is_some_and(|found| terms::codes(&found).any(|(_, known)| known == code))
    };
    composition
        .children("section")
        .iter()
        .any(|section| coded(section, "code", MEDICAL_RECEIPT) && coded(section, "emptyReason", "withheld"))
}

fn identifier(bundle: &Bundle<'_>) -> CaseIdentifier {
    let head = bundle.head();
    let child = head.child("identifier");
    let value = child.as_ref().and_then(|identifier| identifier.string("value")).unwrap_or_default();
    if value.is_empty() {
        let text = "The Bundle has no case number. Set Bundle.identifier.system and .value (案件編號).";
        let issue = Issue::error(IssueKind::Required, "bundle.no-identifier", text);
        head.report(issue.zh("缺少案件編號"), if child.is_some() { "identifier.value" } else { "identifier" });
    }
    if value.chars().count() > LONGEST || value.chars().any(char::is_control) {
        let text = format!("A case number has at most {LONGEST} characters and no control characters. Shorten it.");
        let issue = Issue::error(IssueKind::TooLong, "bundle.identifier-form", text);
        head.report(issue.zh("案件編號過長或含控制字元"), "identifier.value");
    }
    let system = child.as_ref().and_then(|identifier| identifier.string("system"));
    CaseIdentifier { system: system.map(|system| canonical(system).to_owned()), value: value.to_owned() }
}

fn timestamp(bundle: &Bundle<'_>) -> Option<Timestamp> {
    let head = bundle.head();
    let instant =
        head.string("timestamp").and_then(|text| text.parse::<Moment>().ok()).and_then(|moment| moment.instant);
    if instant.is_none() {
        let (kind, text, chinese) = if head.has("timestamp") {
            let text = "Bundle.timestamp is not an instant. Write it as YYYY-MM-DDThh:mm:ss+08:00.";
            (IssueKind::Value, text, "Bundle.timestamp 必須含日期、時間與時區")
        } else {
            let text = "Bundle.timestamp is required. Say when the Bundle was put together.";
            (IssueKind::Required, text, "缺少 Bundle.timestamp")
        };
        head.report(Issue::error(kind, "bundle.no-timestamp", text).zh(chinese), "timestamp");
    }
    instant
}

fn composition(bundle: &Bundle<'_>) {
    let mut all = bundle.all("Composition");
    let Some(composition) = all.next() else { return };
    if let Some(second) = all.next() {
        let text = "There is a second Composition; only the first is read. Send one document per Bundle.";
        let issue = Issue::warning(IssueKind::Structure, "composition.more-than-one", text);
        bundle.head().findings().report(issue.at(second.path()).zh("Composition 超過一個"));
    }
    if is_voided(bundle) {
        let text = "The document was entered in error: the whole case is withdrawn, and nothing else of it is read.";
        let issue = Issue::information("bundle.voided", text).zh("全案作廢");
        bundle.head().findings().report(issue.at(composition.place("status")));
    }
    replaces(bundle, composition);
    let stated = composition.child("identifier").and_then(|identifier| terms::identifier(&identifier));
    let case = bundle.head().child("identifier").and_then(|identifier| terms::identifier(&identifier));
    if let (Some(stated), Some(case)) = (stated, case)
        && (stated.value, stated.system) != (case.value, case.system)
    {
        let text =
            "Composition.identifier is not the case number of the Bundle; the Bundle's is taken. Make them equal.";
        let issue = Issue::warning(IssueKind::Value, "composition.identifier-differs", text);
        composition.report(issue.zh("Composition 與 Bundle 的案件編號不一致"), "identifier");
    }
}

/// Whether the hospital takes the whole case back: its document was entered in error.
pub(super) fn is_voided(bundle: &Bundle<'_>) -> bool {
    bundle.all("Composition").next().is_some_and(|composition| composition.string("status") == Some("entered-in-error"))
}

/// A document that replaces another: the one of this case is replaced by every revision; one of another case is not.
fn replaces(bundle: &Bundle<'_>, composition: &Element<'_>) {
    let case = bundle.head().child("identifier").and_then(|identifier| terms::identifier(&identifier));
    for relation in composition.children("relatesTo") {
        if relation.string("code") != Some("replaces") {
            let text = "This element is not carried further. Only what the document replaces is read.";
            let issue = Issue::warning(IssueKind::NotSupported, "element.not-mapped", text);
            composition.findings().report(issue.at(relation.path()).zh("此欄位不會轉送"));
            continue;
        }
        let logical = relation.child("targetReference").and_then(|target| target.child("identifier"));
        let target = relation.child("targetIdentifier").or(logical);
        let target = target.as_ref().and_then(terms::identifier);
        let (Some(target), Some(case)) = (target, &case) else { continue };
        if target.value != case.value {
            let text = "The document replaces one of another case number. That case stays as it is: to withdraw it, push it \
                        again with Composition.status entered-in-error.";
            let issue = Issue::warning(IssueKind::BusinessRule, "composition.replaces-another-case", text);
            composition.findings().report(issue.at(relation.path()).zh("取代之文件屬另一案件編號，該案不受影響"));
        }
    }
}

/// The one person. A Bundle about two would show each one's data to the other's insurer.
pub(super) fn patient(bundle: &Bundle<'_>, from: &mut Sources) -> Patient {
    let mut all = bundle.all("Patient");
    let first = all.next();
    if first.is_none() {
        let text = "There is no Patient. Add the person treated as an entry (iClaim: 1..1).";
        let issue = Issue::error(IssueKind::Required, "bundle.no-patient", text);
        bundle.head().report(issue.zh("缺少 Patient（病人）"), "entry");
    }
    for other in all {
        let text = "There is more than one Patient. Send one Bundle for each person.";
        let issue = Issue::error(IssueKind::Structure, "bundle.more-than-one-patient", text);
        bundle.head().findings().report(issue.at(other.path()).zh("Patient 超過一人"));
    }
    if let Some(first) = first {
        return people::patient(first, from);
    }
    Patient { name: None, gender: None, birth_date: None, identifiers: Vec::new(), address: None, occupation: None }
}
