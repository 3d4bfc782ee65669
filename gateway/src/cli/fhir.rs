//! `claimgate fhir`: what a hospital's software vendor runs at the desk, without a gateway.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use claimgate_adapters::hospital::{HospitalBundle, Refused, Rejection};
use claimgate_fhir::outcome::{Issue, Severity};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Ending, print, say};

mod build;
mod files;
mod judge;
mod progress;
mod summary;

use judge::Judge;
use progress::Progress;
use summary::Summary;

/// Check, convert and build FHIR bundles, without a gateway.
#[derive(Debug, Subcommand)]
pub(super) enum Fhir {
    /// Say what a gateway would say of each bundle.
    #[command(after_help = "Examples:\n  claimgate fhir validate out/\n  \
        claimgate fhir validate --package twcore.tgz --package iclaim.tgz --errors patient.id-checksum out/*.json\n  \
        claimgate fhir validate --json out/ | jq '.[] | select(.outcome==\"refused\")'\n\n\
        Exit codes: 0 none would be refused, 1 at least one would, 2 wrong usage.")]
    Validate(Desk),
    /// Show the evidence documents (佐證文件) each bundle becomes.
    #[command(after_help = "Examples:\n  claimgate fhir convert outpatient.json\n  \
        claimgate fhir convert --json --provenance outpatient.json | jq '.[].evidence[].sources'\n\n\
        Exit codes: 0 none would be refused, 1 at least one would, 2 wrong usage.")]
    Convert {
        #[command(flatten)]
        desk: Desk,
        /// Say of each field the places (FHIRPath) in the bundle it came from.
        #[arg(long)]
        provenance: bool,
    },
    /// Build iClaim bundles from the hospital's own tables (CSV, JSON, XML) by a mapping file; docs/build.md.
    ///
    /// Without --out nothing is written: for each field you see where it came from, or why it is missing.
    #[command(after_help = build::EXAMPLES)]
    Build(build::Build),
}

#[derive(Debug, Args)]
pub(super) struct Desk {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// A FHIR package (.tgz) whose profiles are checked too. Once for each.
    #[arg(long = "package", value_name = "FILE")]
    packages: Vec<PathBuf>,
    /// Other spellings of systems, TOML: "spelling" = "system". A gateway's configuration file does too.
    #[arg(long, value_name = "FILE")]
    aliases: Option<PathBuf>,
    /// A warning that refuses a bundle here, by code (patient.id-checksum) or family (structure). Once for each.
    #[arg(long = "errors", value_name = "CODE", value_delimiter = ',')]
    errors: Vec<String>,
    /// Bundles in FHIR JSON or XML. Of a folder: every *.json and *.xml in it, however deep.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

type Read = Result<HospitalBundle, Rejection>;

/// What is done with each bundle.
#[derive(Clone, Copy, Debug)]
enum Task {
    Validate,
    Convert { provenance: bool },
}

impl Fhir {
    pub(super) fn run(self) -> anyhow::Result<Ending> {
        match self {
            Self::Validate(desk) => desk.run(Task::Validate),
            Self::Convert { desk, provenance } => desk.run(Task::Convert { provenance }),
            Self::Build(build) => build.run(),
        }
    }
}

impl Desk {
    /// Reads one file after the other and tells of each: in JSON as an item of one array, otherwise as text.
    fn run(&self, task: Task) -> anyhow::Result<Ending> {
        let prepared = Judge::load(&self.packages, self.aliases.as_deref(), &self.errors)
            .and_then(|judge| Ok((judge, files::gather(&self.files)?)));
        let (judge, files) = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => {
                say(format_args!("claimgate: {fault}"));
                return Ok(Ending::Misused);
            }
        };
        if let Some(packages) = judge.packages() {
            say(format_args!("{packages}"));
        }
        let mut summary = Summary::default();
        let mut progress = Progress::new(files.len());
        let mut opening = "[";
        for file in &files {
            let read = match files::read(file) {
                Ok(bytes) => judge.read(&bytes, matches!(task, Task::Convert { provenance: true })),
                Err(issue) => Err(Rejection { reason: Refused::Malformed, issues: vec![issue] }),
            };
            progress.clear();
            let row = match task {
                Task::Validate => self.validated(file, &read),
                Task::Convert { provenance } => self.converted(file, &read, provenance)?,
            };
            if let Some(row) = row {
                print(format_args!("{opening}{row}"));
                opening = ",";
            }
            summary.add(outcome(&read), issues(&read));
            progress.step();
        }
        progress.clear();
        if self.json {
            print(format_args!("{}]", if opening == "[" { "[" } else { "" }));
        }
        for line in summary.lines() {
            match task {
                Task::Validate if !self.json => print(format_args!("{line}")),
                // Beside what a program reads.
                Task::Validate | Task::Convert { .. } => say(format_args!("{line}")),
            }
        }
        Ok(if summary.refused() == 0 { Ending::Done } else { Ending::Failed })
    }

    fn validated(&self, file: &Path, read: &Read) -> Option<Value> {
        if self.json {
            return Some(verdict(file, read));
        }
        print(format_args!("{}: {}", file.display(), outcome(read)));
        show_issues(issues(read));
        None
    }

    fn converted(&self, file: &Path, read: &Read, provenance: bool) -> anyhow::Result<Option<Value>> {
        match read {
            Ok(bundle) => {
                let row = json!({ "file": file.display().to_string(), "evidence": documents(bundle, provenance)? });
                if self.json {
                    return Ok(Some(row));
                }
                print(format_args!("{}", serde_json::to_string_pretty(&row)?));
            }
            Err(rejection) => {
                // Beside the documents, not among them.
                say(format_args!("{}: refused", file.display()));
                for issue in &rejection.issues {
                    let place = issue.expression.join(", ");
                    say(format_args!("  {:<11} {:<32} {place}", issue.severity.as_str(), issue.code));
                    say(format_args!("              {}", issue.diagnostics));
                }
            }
        }
        Ok(None)
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

fn documents(bundle: &HospitalBundle, provenance: bool) -> anyhow::Result<Vec<Value>> {
    let mut rows = Vec::new();
    for (place, one) in bundle.documents.iter().enumerate() {
        let mut row = json!({ "type": one.kind(), "schema": one.schema(), "document": one.to_json()? });
        if let (true, Some(members)) = (provenance, row.as_object_mut()) {
            members.insert("sources".to_owned(), serde_json::to_value(bundle.sources.get(place))?);
        }
        rows.push(row);
    }
    Ok(rows)
}

fn show_issues(issues: &[Issue]) {
    for issue in issues {
        print(format_args!("  {:<11} {:<32} {}", issue.severity.as_str(), issue.code, issue.expression.join(", ")));
        print(format_args!("              {}", issue.diagnostics));
    }
}
