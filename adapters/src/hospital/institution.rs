//! Which hospital (醫事機構) sent it: the institution code of every Claim.provider, Invoice.issuer and
//! Composition.author. A record or a dispensing slip may have authors elsewhere; there the custodian counts.

use std::collections::HashSet;

use claimgate_fhir::bundle::Bundle;
use claimgate_fhir::element::Element;
use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_fhir::shape::Shape;
use claimgate_fhir::sources::{Sourced, Sources};
use claimgate_fhir::taiwan::{Fault, InstitutionCode, Namespace};
use claimgate_fhir::terms::{self, Named};
use claimgate_packet::evidence::Institution;

/// Whom Claim.provider may mean, and Invoice.issuer here; only an Organization counts.
const PROVIDERS: &[&str] = &["Organization", "Practitioner", "PractitionerRole"];
/// Whom Composition.author may mean; only an Organization counts here.
const AUTHORS: &[&str] = &["Organization", "Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Device"];

/// Reads the institution; two different ones are an error. Without any the code is empty, beside an error.
pub(super) fn of(bundle: &Bundle<'_>, shape: Shape, from: &mut Sources) -> Institution {
    let mut found: Option<Institution> = None;
    for (place, Sourced { value: institution, from: own }) in named(bundle, shape, from) {
        match &found {
            None => {
                from.mount("", &own);
                found = Some(institution);
            }
            Some(first) if first.code != institution.code => {
                let text = "Claim.provider, Invoice.issuer and Composition.author name different institutions. Name the issuing hospital in all.";
                let issue = Issue::error(IssueKind::BusinessRule, "institution.mismatch", text);
                bundle.head().findings().report(issue.at(place).zh("醫事機構代碼前後不一致"));
            }
            Some(_) => {}
        }
    }
    found.unwrap_or_else(|| {
        let text = "No institution code was found. Refer from Claim.provider, Invoice.issuer, and Composition.author or custodian, to an \
                    Organization whose identifier has type PRN and the system organization-identifier-tw.";
        let receipts = [("Claim", "provider"), ("Invoice", "issuer"), ("Composition", "author")];
        let place = receipts.iter().find_map(|(kind, who)| Some(bundle.all(kind).next()?.place(who)));
        let place = place.unwrap_or_else(|| bundle.head().place("entry"));
        let issue = Issue::error(IssueKind::Required, "institution.no-code", text);
        bundle.head().findings().report(issue.at(place).zh("缺少醫事機構代碼"));
        Institution { code: String::new(), name: None }
    })
}

/// Every institution named, with the place that names it.
fn named(bundle: &Bundle<'_>, shape: Shape, from: &Sources) -> Vec<(String, Sourced<Institution>)> {
    let providers = bundle.all("Claim").filter_map(|claim| claim.child("provider"));
    let issuers = bundle.all("Invoice").filter_map(|invoice| invoice.child("issuer"));
    let composition = bundle.all("Composition").next();
    let custodian = composition.and_then(|composition| composition.child("custodian")).filter(|custodian| {
        !shape.needs_receipt()
            && institution(bundle, custodian, organisation(bundle, custodian, AUTHORS).as_ref(), from).is_some()
    });
    let authors = match custodian {
        Some(custodian) => vec![custodian],
        None => composition.map(|composition| composition.children("author")).unwrap_or_default(),
    };
    // Many Claims name the same Organization; it is read once.
    let mut read = HashSet::new();
    let mut all = Vec::new();
    let providers = providers.chain(issuers).map(|who| (who, PROVIDERS));
    for (who, types) in providers.chain(authors.into_iter().map(|who| (who, AUTHORS))) {
        let target = organisation(bundle, &who, types);
        if target.as_ref().is_none_or(|target| read.insert(target.path().to_owned()))
            && let Some(institution) = institution(bundle, &who, target.as_ref(), from)
        {
            all.push((who.path().to_owned(), institution));
        }
    }
    all
}

/// The Organization a reference leads to; that it leads to none of these types is reported.
fn organisation<'a>(bundle: &Bundle<'a>, who: &Element<'a>, types: &[&str]) -> Option<Element<'a>> {
    bundle.resolve(who, types).filter(|target| target.resource_type() == "Organization")
}

fn institution<'a>(
    bundle: &Bundle<'a>,
    who: &Element<'a>,
    target: Option<&Element<'a>>,
    from: &Sources,
) -> Option<Sourced<Institution>> {
    // A logical reference names the hospital without an entry.
    let logical = || who.child("identifier").and_then(|identifier| terms::identifier(&identifier));
    let code = target.and_then(|organisation| code(terms::identifiers(organisation, "identifier"))).or_else(logical);
    let code = code.filter(is_institution)?;
    check(bundle, &code);
    let mut from = from.part();
    from.note("/code", || code.place.clone());
    let name = target.and_then(|target| from.text("/name", target, "name"));
    let name = name.or_else(|| from.text("/name", who, "display"));
    Some(Sourced { value: Institution { code: code.value.to_owned(), name }, from })
}

/// By system first; `PRN` alone also stands on other providers' numbers.
fn code(all: Vec<Named<'_>>) -> Option<Named<'_>> {
    let by_system = all.iter().position(|named| named.namespace == Some(Namespace::Institution));
    let position = by_system.or_else(|| all.iter().position(is_institution))?;
    all.into_iter().nth(position)
}

fn is_institution(named: &Named<'_>) -> bool {
    named.namespace == Some(Namespace::Institution) || (named.namespace.is_none() && named.is_type("PRN"))
}

fn check(bundle: &Bundle<'_>, code: &Named<'_>) {
    let issue = match code.value.parse::<InstitutionCode>() {
        Ok(_) => return,
        Err(Fault::Checksum) => {
            let text = "The check digit of the institution code does not fit. A few real codes do not; compare it.";
            Issue::warning(IssueKind::Value, "institution.code-checksum", text).zh("醫事機構代碼檢查碼不符")
        }
        Err(Fault::Form) => {
            let text = "The institution code is not ten digits. Write the code NHI publishes.";
            Issue::error(IssueKind::Value, "institution.code-form", text).zh("醫事機構代碼必須為十碼數字")
        }
    };
    bundle.head().findings().report(issue.at(&*code.place));
}
