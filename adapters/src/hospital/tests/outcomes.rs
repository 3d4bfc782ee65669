//! What becomes of every published example Bundle, against a checked-in table: outcome, codes, evidence.

use std::fmt::Write;

use claimgate_fhir::package::{NamedBytes, PackageLimits};

use super::published::examples;
use super::*;

/// One block for each Bundle, in the order of their paths.
const TABLE: &str = include_str!("outcomes.txt");

fn bundles(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            bundles(&path, found);
        } else if name.starts_with("Bundle") && path.extension().is_some_and(|kind| kind == "json") {
            found.push(path);
        }
    }
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
    let codes: std::collections::BTreeSet<_> = own.map(|issue| (issue.severity, issue.code.to_string())).collect();
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
fn every_published_bundle_has_the_outcome_of_the_table() {
    let examples = examples();
    let mut found = Vec::new();
    bundles(&examples, &mut found);
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
        table.push_str(&told(&bytes));
        table.push_str(&told_of_profiles(&bytes, &rules));
    }
    assert!(table == TABLE, "outcomes.txt is not what is found now:\n{table}");
}
