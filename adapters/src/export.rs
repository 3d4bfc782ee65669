//! A hospital's own tables (CSV, JSON, XML; UTF-8 or Big5) → an iClaim document Bundle for each case number.
//!
//! In: bytes of the tables, and a mapping that says which column fills which field. Out: Bundles, and for every field
//! where it came from or why it is missing. Must not know: files, the clock, insurers that take part.

use std::collections::HashMap;

use claimgate_fhir::moment::TAIPEI;
use claimgate_fhir::outcome::{Findings, Issue, IssueKind};
use jiff::Timestamp;
use jiff::tz::Offset;

pub mod target;

mod date;
pub(crate) mod decode;
mod map;
mod value;
mod words;

mod csv;
mod table;
mod tree;
mod xml;

mod join;
mod record;

mod bundle;
mod case;

pub use case::{Case, FieldReport};
pub use decode::Encoding;
pub use map::{InputSpec, Map, MapError, Written};
pub use record::{Origin, Outcome};

use join::Joined;

/// Bytes of one table; a larger one is refused.
pub const LARGEST: usize = table::BYTES;

/// One table as it was exported.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Its name in the mapping.
    pub name: &'a str,
    /// The whole file.
    pub bytes: &'a [u8],
}

claimgate_packet::opaque_debug!(Input<'_>);

/// The tables of one run, read and joined.
#[derive(Debug)]
pub struct Export<'m> {
    map: &'m Map,
    joined: Joined,
    findings: Vec<Issue>,
}

impl<'m> Export<'m> {
    /// Reads and joins the tables.
    ///
    /// # Errors
    /// All findings, as soon as a table cannot be read as a whole: a wrong encoding, a missing column, a row whose values
    /// stand under wrong names. Nothing is built from half a table. Places are `input[row].column`; no value is repeated.
    pub fn read(map: &'m Map, inputs: &[Input<'_>]) -> Result<Self, Vec<Issue>> {
        let findings = Findings::default();
        let mut given: HashMap<&str, &[u8]> = HashMap::new();
        for input in inputs {
            let known = map.inputs().iter().any(|spec| spec.name == input.name);
            if !known || given.insert(input.name, input.bytes).is_some() {
                let text = "The mapping has no such input, or it was given twice.";
                findings.report(Issue::error(IssueKind::NotFound, "export.input-unknown", text).at(input.name));
            }
        }
        let mut tables = Vec::new();
        for (spec, place) in map.inputs().iter().zip(0_usize..) {
            let table =
                given.get(spec.name.as_str()).map(|bytes| table::read(spec, map.columns(place), bytes, &findings));
            if table.is_none() && !spec.optional {
                let text = "This input was not given. Give its file, or say `optional = true` in the mapping.";
                let issue = Issue::error(IssueKind::Required, "export.input-missing", text);
                findings.report(issue.at(spec.name.as_str()).zh("缺少輸入檔"));
            }
            tables.push(table.unwrap_or_default());
        }
        if findings.refused() {
            return Err(findings.into_issues());
        }
        let joined = Joined::new(map, tables, &findings);
        Ok(Self { map, joined, findings: findings.into_issues() })
    }

    /// Findings on the tables. An error here is a row of which nothing could be made.
    #[must_use]
    pub fn findings(&self) -> &[Issue] {
        &self.findings
    }

    /// The cases in the order of their numbers, each built when it is asked for. `at` is the time of the Bundles whose
    /// case has none in the tables.
    pub fn cases(&self, at: Option<Timestamp>) -> impl Iterator<Item = Case> {
        let at = at.and_then(|at| Some(Offset::from_seconds(TAIPEI).ok()?.to_datetime(at)));
        let at = at.map(|at| format!("{}+08:00", at.strftime("%Y-%m-%dT%H:%M:%S")));
        let mut left = Joined::budget();
        self.joined.cases.iter().map(move |(number, own)| match self.joined.rows(self.map, own, &mut left) {
            Ok(rows) => case::build(self.map, number, &rows, at.as_deref()),
            Err(issue) => Case {
                number: number.clone(),
                bundle: serde_json::Value::Null,
                fields: Vec::new(),
                issues: vec![issue],
            },
        })
    }
}

#[cfg(test)]
mod tests;
