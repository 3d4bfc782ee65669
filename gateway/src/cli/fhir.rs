//! `claimgate fhir`: what a hospital's software vendor runs at the desk, without a gateway.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::Context;
use claimgate_adapters::hospital::{self, HospitalBundle, Rejection, Settings};
use claimgate_fhir::format::Format;
use claimgate_fhir::outcome::{Issue, Severity};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Ending, print, say};

mod build;

/// Check, convert and build FHIR bundles, without a gateway.
#[derive(Debug, Subcommand)]
pub(super) enum Fhir {
    /// Say what a gateway would say of each bundle. Exit code 1: at least one would be refused.
    #[command(
        after_help = "Example:\n  claimgate fhir validate --json out/*.json | jq '.[] | select(.outcome==\"refused\")'"
    )]
    Validate(Files),
    /// Show the evidence documents (佐證文件) each bundle becomes. Exit code 1: at least one would be refused.
    Convert(Files),
    /// Build iClaim bundles from the hospital's own tables (CSV, JSON, XML) by a mapping file; docs/build.md.
    ///
    /// Without --out nothing is written: for each field you see where it came from, or why it is missing.
    #[command(after_help = build::EXAMPLES)]
    Build(build::Build),
}

#[derive(Debug, Args)]
pub(super) struct Files {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Bundles in FHIR JSON or XML.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

type Read = Result<HospitalBundle, Rejection>;

impl Fhir {
    pub(super) fn run(self) -> anyhow::Result<Ending> {
        match self {
            Self::Validate(files) => files.validate(),
            Self::Convert(files) => files.convert(),
            Self::Build(build) => build.run(),
        }
    }
}

impl Files {
    fn validate(&self) -> anyhow::Result<Ending> {
        let mut rows = Vec::new();
        let mut tally = BTreeMap::from([("accepted", 0), ("refused", 0), ("warnings", 0)]);
        for (file, read) in self.read_all() {
            let read = read?;
            let row = verdict(file, &read);
            let outcome = outcome(&read);
            tally.entry(outcome).and_modify(|count| *count += 1);
            if !self.json {
                show(file, outcome, issues(&read));
            }
            rows.push(row);
        }
        if self.json {
            print(format_args!("{}", Value::Array(rows)));
        } else {
            let sums: Vec<String> = tally.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            print(format_args!("{}", sums.join(", ")));
        }
        Ok(if tally.get("refused") == Some(&0) { Ending::Done } else { Ending::Failed })
    }

    fn convert(&self) -> anyhow::Result<Ending> {
        let mut ending = Ending::Done;
        let mut rows = Vec::new();
        for (file, read) in self.read_all() {
            match read? {
                Ok(bundle) => rows.push(json!({ "file": file.display().to_string(), "evidence": documents(&bundle)? })),
                Err(rejection) => {
                    ending = Ending::Failed;
                    show(file, "refused", &rejection.issues);
                }
            }
        }
        if self.json {
            print(format_args!("{}", Value::Array(rows)));
        } else {
            for row in rows {
                print(format_args!("{}", serde_json::to_string_pretty(&row)?));
            }
        }
        Ok(ending)
    }

    /// Reads one file after the other; on a terminal a line of progress for those who wait.
    fn read_all(&self) -> impl Iterator<Item = (&Path, anyhow::Result<Read>)> {
        let several = self.files.len() > 20 && std::io::stderr().is_terminal();
        self.files.iter().enumerate().map(move |(place, file)| {
            if several && place % 20 == 0 {
                say(format_args!("{place} of {}", self.files.len()));
            }
            let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()));
            (
                file.as_path(),
                bytes.map(|bytes| hospital::read_format(&bytes, Format::of_bytes(&bytes), &Settings::default())),
            )
        })
    }
}

fn issues(read: &Read) -> &[Issue] {
    match read {
        Ok(bundle) => &bundle.warnings,
        Err(rejection) => &rejection.issues,
    }
}

fn outcome(read: &Read) -> &'static str {
    match read {
        Ok(bundle) if bundle.warnings.iter().all(|issue| issue.severity != Severity::Warning) => "accepted",
        Ok(_) => "warnings",
        Err(_) => "refused",
    }
}

fn verdict(file: &Path, read: &Read) -> Value {
    let listed = listed(issues(read));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for document in read.iter().flat_map(|bundle| &bundle.documents) {
        *counts.entry(document.kind()).or_default() += 1;
    }
    let evidence: Vec<Value> =
        counts.into_iter().map(|(kind, count)| json!({ "type": kind, "count": count })).collect();
    json!({ "file": file.display().to_string(), "outcome": outcome(read), "issues": listed, "evidence": evidence })
}

fn listed(issues: &[Issue]) -> Vec<Value> {
    let listed = issues.iter().map(|issue| {
        json!({ "severity": issue.severity.as_str(), "code": issue.code, "expression": issue.expression,
            "text": issue.diagnostics })
    });
    listed.collect()
}

fn documents(bundle: &HospitalBundle) -> anyhow::Result<Vec<Value>> {
    bundle
        .documents
        .iter()
        .map(|one| Ok(json!({ "type": one.kind(), "schema": one.schema(), "document": one.to_json()? })))
        .collect()
}

fn show(file: &Path, outcome: &str, issues: &[Issue]) {
    print(format_args!("{}: {outcome}", file.display()));
    show_issues(issues);
}

fn show_issues(issues: &[Issue]) {
    for issue in issues {
        print(format_args!("  {:<11} {:<32} {}", issue.severity.as_str(), issue.code, issue.expression.join(", ")));
        print(format_args!("              {}", issue.diagnostics));
    }
}
