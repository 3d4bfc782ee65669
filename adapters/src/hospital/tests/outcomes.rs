//! What becomes of every published example, against a checked-in table: of a Bundle its outcome, codes and evidence,
//! of another resource what the checks of form and profile say.

use std::collections::BTreeSet;
use std::fmt::Write;

use claimgate_fhir::outcome::Findings;
use claimgate_fhir::package::{NamedBytes, PackageLimits};
use claimgate_fhir::taiwan::Aliases;
use claimgate_fhir::{parse, structure};

use super::published::examples;
use super::*;

/// One block for each file, in the order of their paths.
const TABLE: &str = include_str!("outcomes.txt");

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "json") {
            found.push(path);
        }
    }
}

/// What the checks say of a resource alone: codes with their severity, each once.
fn told_of_resource(mut resource: Value, rules: &Rules) -> String {
    let Some(name) = resource["resourceType"].as_str().map(str::to_owned) else { return "  no resource\n".to_owned() };
    let findings = Findings::default();
    Aliases::none().apply(&mut resource, &findings);
    structure::check(&resource, &findings);
    rules.check(&resource, &findings);
    let codes: BTreeSet<_> = findings.into_issues().into_iter().map(|it| (it.severity, it.code.into_owned())).collect();
    let mut text = format!("  {name}\n");
    for (severity, code) in codes {
        writeln!(text, "  {} {code}", severity.as_str()).unwrap();
    }
    text
}

/// TW Core and iClaim, where they are at hand.
fn packages() -> Option<Rules> {
    let folder = examples().join("../packages");
    let file = |name: &str| std::fs::read(folder.join(name)).ok();
    let core = file("tw.gov.mohw.twcore-0.3.2-partial.tgz")?;
    let claim = file("iclaim-1.0.0-reconstructed.tgz")?;
    let named = [NamedBytes { name: "twcore", bytes: &core }, NamedBytes { name: "iclaim", bytes: &claim }];
    Some(Rules::load(&named, &PackageLimits::default()).unwrap())
}

/// What the packages add: codes of profiles with their severity, each once.
fn told_of_profiles(bytes: &[u8], rules: &Rules) -> String {
    let issues = match read(bytes, &Settings { rules: Some(rules), ..Settings::default() }) {
        Ok(bundle) => bundle.warnings,
        Err(rejection) => rejection.issues,
    };
    let own = issues.iter().filter(|issue| issue.code.starts_with("profile."));
    let codes: BTreeSet<_> = own.map(|issue| (issue.severity, issue.code.to_string())).collect();
    let line = |(severity, code): (Severity, String)| format!("  {} {code} (packages)\n", severity.as_str());
    codes.into_iter().map(line).collect()
}

/// Codes with their severity, each once; types of evidence with their number.
fn told(bytes: &[u8]) -> String {
    let (outcome, issues, documents) = match read(bytes, &Settings::default()) {
        Ok(bundle) if bundle.warnings.iter().any(|issue| issue.severity == Severity::Warning) => {
            (format!("warnings {}", bundle.form), bundle.warnings, bundle.documents)
        }
        Ok(bundle) => (format!("accepted {}", bundle.form), bundle.warnings, bundle.documents),
        Err(rejection) => ("refused".to_owned(), rejection.issues, Vec::new()),
    };
    let mut text = format!("  {outcome}\n");
    let mut codes: Vec<(Severity, &str)> = issues.iter().map(|issue| (issue.severity, &*issue.code)).collect();
    codes.sort_unstable();
    codes.dedup();
    for (severity, code) in codes {
        writeln!(text, "  {} {code}", severity.as_str()).unwrap();
    }
    let mut kinds: Vec<&str> = documents.iter().map(Document::kind).collect();
    kinds.dedup();
    for kind in kinds {
        let count = documents.iter().filter(|document| document.kind() == kind).count();
        writeln!(text, "  {count} {kind}").unwrap();
    }
    text
}

#[test]
fn every_published_example_has_the_outcome_of_the_table() {
    let examples = examples();
    let mut found = Vec::new();
    files(&examples, &mut found);
    if found.is_empty() {
        println!("skipped: {} is not there", examples.display());
        return;
    }
    found.sort();
    let Some(rules) = packages() else {
        println!("skipped: the packages are not there");
        return;
    };
    let mut table = String::new();
    for path in found {
        let bytes = std::fs::read(&path).unwrap();
        writeln!(table, "{}", path.strip_prefix(&examples).unwrap().display()).unwrap();
        let value = parse::parse(&bytes, &Limits::default()).unwrap();
        if value["resourceType"] == "Bundle" {
            table.push_str(&told(&bytes));
            table.push_str(&told_of_profiles(&bytes, &rules));
        } else {
            table.push_str(&told_of_resource(value, &rules));
        }
    }
    assert!(table == TABLE, "outcomes.txt is not what is found now:\n{table}");
}
