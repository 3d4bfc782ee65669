//! `claimgate fhir build`: a hospital's own tables → iClaim bundles, with a reason for every field.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use claimgate_adapters::export::{Case, Export, FieldReport, Input, LARGEST, Map};
use claimgate_adapters::hospital::{self, Settings};
use claimgate_fhir::outcome::{Issue, Severity};
use claimgate_fhir::xml;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{Ending, print, say};
use super::{listed, show_issues};

pub(super) const EXAMPLES: &str = "Examples:
  claimgate fhir build --map map.toml visits.csv receipts.csv policies.csv
  claimgate fhir build --map map.toml --out bundles --at 2026-03-12T12:00:00+08:00 *.csv
  claimgate fhir build --map map.toml --json visits=export-0312.csv | jq '.[] | select(.outcome!=\"accepted\")'

Exit codes: 0 no case is refused, 1 some are or a table cannot be read, 2 wrong usage or mapping file.";

#[derive(Debug, Args)]
pub(in super::super) struct Build {
    /// Mapping file (TOML).
    #[arg(long, value_name = "FILE")]
    map: PathBuf,
    /// Tables. Which input a file is, its name says; otherwise write NAME=FILE.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// Write each bundle that is not refused into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write FHIR XML instead of JSON.
    #[arg(long, requires = "out")]
    xml: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show values; without it only their shapes (A999999999, 字字字). They are personal data.
    #[arg(long)]
    show_values: bool,
    /// When the bundles are put together, where no column says it: 2026-03-12T12:00:00+08:00.
    #[arg(long, value_name = "TIMESTAMP")]
    at: Option<Timestamp>,
}

/// What became of one case.
struct Made<'c> {
    case: &'c Case,
    outcome: &'static str,
    issues: Vec<Issue>,
    file: Option<PathBuf>,
}

impl Build {
    pub(super) fn run(&self) -> anyhow::Result<Ending> {
        let map = match self.mapping() {
            Ok(map) => map,
            Err(faults) => return Ok(misused(&faults)),
        };
        let files = match self.files(&map) {
            Ok(files) => files,
            Err(faults) => return Ok(misused(&faults)),
        };
        let mut tables = Vec::new();
        for (name, path) in &files {
            tables.push((*name, read(path)?));
        }
        let inputs: Vec<Input<'_>> = tables.iter().map(|(name, bytes)| Input { name, bytes }).collect();
        if let Some(folder) = &self.out {
            std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        let mut rows = Vec::new();
        let mut tally = BTreeMap::from([("accepted", 0), ("refused", 0), ("warnings", 0)]);
        let export = match Export::read(&map, &inputs) {
            Ok(export) => export,
            Err(issues) => {
                self.tables(&issues, &mut rows);
                self.finish(rows, &tally);
                return Ok(Ending::Failed);
            }
        };
        self.tables(export.findings(), &mut rows);
        for case in export.cases(self.at) {
            let made = self.make(&case)?;
            tally.entry(made.outcome).and_modify(|count| *count += 1);
            if self.json {
                rows.push(self.row(&made));
            } else {
                self.show(&made);
            }
        }
        self.finish(rows, &tally);
        let refused = tally.get("refused") != Some(&0) || export.findings().iter().any(Issue::refuses);
        Ok(if refused { Ending::Failed } else { Ending::Done })
    }

    fn mapping(&self) -> Result<Map, Vec<String>> {
        let shown = self.map.display();
        let text = read(&self.map).map_err(|error| vec![format!("{error:#}")])?;
        let text = String::from_utf8(text).map_err(|_| vec![format!("{shown}: a mapping file is UTF-8")])?;
        let text = text.trim_start_matches('\u{FEFF}');
        Map::read(text)
            .map_err(|faults| faults.iter().map(|fault| format!("{shown}:{}: {}", fault.line, fault.text)).collect())
    }

    /// Which file each input is: as said, by `file` of the mapping, or by the name without extension.
    fn files<'m>(&self, map: &'m Map) -> Result<Vec<(&'m str, PathBuf)>, Vec<String>> {
        let mut found: Vec<(&str, PathBuf)> = Vec::new();
        let mut faults = Vec::new();
        for given in &self.inputs {
            let said = given
                .split_once('=')
                .and_then(|(name, path)| Some((map.inputs().iter().find(|spec| spec.name == name)?, Path::new(path))));
            let before = found.len();
            if let Some((spec, path)) = said {
                found.push((&spec.name, path.to_owned()));
            } else {
                let path = Path::new(given);
                let is = |part: Option<&std::ffi::OsStr>, name: &str| part.is_some_and(|part| part == name);
                let these = map.inputs().iter().filter(|spec| match &spec.file {
                    Some(file) => is(path.file_name(), file),
                    None => is(path.file_stem(), &spec.name),
                });
                found.extend(these.map(|spec| (spec.name.as_str(), path.to_owned())));
            }
            if found.len() == before {
                let names: Vec<&str> = map.inputs().iter().map(|spec| spec.name.as_str()).collect();
                faults.push(format!(
                    "{given}: no input has this name; write NAME={given} with one of: {}",
                    names.join(", ")
                ));
            }
        }
        for spec in map.inputs() {
            match found.iter().filter(|(name, _)| *name == spec.name).count() {
                0 if !spec.optional => faults.push(format!("the input {} is missing; give its file", spec.name)),
                0 | 1 => {}
                _ => faults.push(format!("the input {} is given twice", spec.name)),
            }
        }
        if faults.is_empty() { Ok(found) } else { Err(faults) }
    }

    /// Builds, checks as a gateway would, and writes what is not refused.
    fn make<'c>(&self, case: &'c Case) -> anyhow::Result<Made<'c>> {
        let bytes = serde_json::to_vec_pretty(&case.bundle)?;
        let mut issues = case.issues.clone();
        // Where nothing could be built, why stands there already.
        let read = (!case.bundle.is_null()).then(|| hospital::read(&bytes, &Settings::default()));
        let accepted = matches!(read, Some(Ok(_)));
        match read {
            Some(Ok(bundle)) => issues.extend(bundle.warnings),
            Some(Err(rejection)) => issues.extend(rejection.issues),
            None => {}
        }
        let outcome = if case.refused() || !accepted {
            "refused"
        } else if case.incomplete() || issues.iter().any(|issue| issue.severity == Severity::Warning) {
            "warnings"
        } else {
            "accepted"
        };
        let mut file = None;
        if let Some(folder) = self.out.as_ref().filter(|_| outcome != "refused") {
            let path = folder.join(format!("{}.{}", name(case), if self.xml { "xml" } else { "json" }));
            let written = if self.xml { xml::write(&case.bundle)?.into_bytes() } else { bytes };
            std::fs::write(&path, written).with_context(|| format!("{} cannot be written", path.display()))?;
            file = Some(path);
        }
        Ok(Made { case, outcome, issues, file })
    }

    /// Findings on the tables themselves, before any case.
    fn tables(&self, issues: &[Issue], rows: &mut Vec<Value>) {
        if issues.is_empty() {
            return;
        }
        let warns = issues.iter().any(|issue| issue.severity == Severity::Warning);
        let outcome = match issues.iter().any(Issue::refuses) {
            true => "refused",
            false if warns => "warnings",
            false => "accepted",
        };
        if self.json {
            rows.push(
                json!({ "case": null, "outcome": outcome, "fields": [], "issues": listed(issues), "file": null }),
            );
        } else {
            print(format_args!("Tables: {outcome}"));
            show_issues(issues);
        }
    }

    fn row(&self, made: &Made<'_>) -> Value {
        let fields: Vec<Value> = made.case.fields.iter().map(|field| {
            let from = field.from.as_ref();
            let from = from.map(|from| json!({ "input": from.input, "row": from.row, "column": from.column }));
            let mut row =
                json!({ "target": field.target, "from": from, "outcome": field.outcome.as_str(), "reason": field.reason });
            if let (true, Some(row)) = (self.show_values, row.as_object_mut()) {
                row.insert("value".to_owned(), json!(field.value()));
            }
            row
        }).collect();
        let file = made.file.as_ref().map(|file| file.display().to_string());
        json!({ "case": made.case.number, "outcome": made.outcome, "fields": fields, "issues": listed(&made.issues),
            "file": file })
    }

    fn show(&self, made: &Made<'_>) {
        let written = made.file.as_ref().map(|file| format!(", written to {}", file.display())).unwrap_or_default();
        print(format_args!("Case {}: {}{written}", made.case.number, made.outcome));
        let rows = made.case.fields.iter().map(|field| self.cells(field));
        let heads =
            ["field", if self.show_values { "value" } else { "shape" }, "from", "outcome", "reason"].map(str::to_owned);
        let rows: Vec<[String; 5]> = std::iter::once(heads).chain(rows).collect();
        let width =
            |column: fn(&[String; 5]) -> &String| rows.iter().map(|row| wide(column(row))).max().unwrap_or_default();
        let widths = [width(|[one, ..]| one), width(|[_, two, ..]| two), width(|[_, _, three, ..]| three), 9];
        for row in &rows {
            let mut line = String::from(" ");
            for (cell, width) in row.iter().zip(widths.into_iter().chain([0])) {
                line.push(' ');
                line.push_str(cell);
                line.push_str(&" ".repeat(width.saturating_sub(wide(cell)) + 1));
            }
            print(format_args!("{}", line.trim_end()));
        }
        show_issues(&made.issues);
    }

    fn cells(&self, field: &FieldReport) -> [String; 5] {
        let shown = if self.show_values { field.value().map(str::to_owned) } else { field.shape() };
        let shown = shown.unwrap_or_default().replace(['\n', '\t'], " ");
        let from = field.from.as_ref().map(|from| format!("{}:{} {}", from.input, from.row, from.column));
        let [target, outcome, reason] =
            [field.target.as_str(), field.outcome.as_str(), &field.reason].map(str::to_owned);
        [target, shown, from.unwrap_or_else(|| "-".to_owned()), outcome, reason]
    }

    fn finish(&self, rows: Vec<Value>, tally: &BTreeMap<&str, usize>) {
        if self.json {
            print(format_args!("{}", Value::Array(rows)));
            return;
        }
        let count = |outcome| tally.get(outcome).copied().unwrap_or_default();
        let (accepted, warnings, refused) = (count("accepted"), count("warnings"), count("refused"));
        let all = accepted + warnings + refused;
        print(format_args!("{all} cases: {accepted} accepted, {warnings} with warnings, {refused} refused"));
    }
}

fn misused(faults: &[String]) -> Ending {
    for fault in faults {
        say(format_args!("claimgate: {fault}"));
    }
    Ending::Misused
}

/// A file, as far as it is of a size that can be a table.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(bytes)
}

/// A file name for a case. Where the number itself cannot be one, part of the Bundle's id tells it from others.
fn name(case: &Case) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
    let name: String = case.number.chars().take(80).map(|sign| if plain(sign) { sign } else { '_' }).collect();
    if name == case.number {
        return name;
    }
    let id = case.bundle.get("id").and_then(Value::as_str).unwrap_or_default();
    format!("{name}-{}", id.get(..8).unwrap_or(id))
}

/// Columns a text takes on a terminal: a Chinese sign takes two.
fn wide(text: &str) -> usize {
    text.chars().map(|sign| if sign < '\u{1100}' { 1 } else { 2 }).sum()
}
