//! Tables → cases: the rows of the case's own table by case number, and the rows of all others that join to them.

use std::collections::{BTreeMap, HashMap};

use claimgate_fhir::outcome::{Findings, Issue, IssueKind};

use super::map::{Block, Column, Map};
use super::record::{self, Outcome, Record, Same};
use super::table::{self, Table};
use super::target::{self, Target};

/// Rows of one input that one case may have.
const ROWS_OF_CASE: usize = 5_000;

/// Joined rows in all: a row may belong to many cases, so few rows can make many.
const JOINED: usize = 2_000_000;

/// The tables of one run, and which rows belong together.
pub(super) struct Joined {
    tables: Vec<Table>,
    /// Rows of the case's own table, by case number.
    pub(super) cases: BTreeMap<String, Vec<usize>>,
    /// Rows of each other table, by what they join on.
    keys: Vec<HashMap<Vec<String>, Vec<usize>>>,
}

claimgate_packet::opaque_debug!(Joined);

impl Joined {
    /// Puts the tables together. What joins nothing is reported.
    pub(super) fn new(map: &Map, tables: Vec<Table>, findings: &Findings) -> Self {
        let mut joined = Self { tables, cases: BTreeMap::new(), keys: Vec::new() };
        joined.cases = joined.by_number(map, findings);
        joined.keys = map
            .inputs()
            .iter()
            .zip(&joined.tables)
            .map(|(spec, table)| {
                let mut keys: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
                for (row, place) in table.rows.iter().zip(0_usize..) {
                    let key: Vec<String> = spec.join.keys().map(|column| table.key(row, column).to_owned()).collect();
                    keys.entry(key).or_default().push(place);
                }
                keys
            })
            .collect();
        joined.strays(map, findings);
        joined
    }

    fn by_number(&self, map: &Map, findings: &Findings) -> BTreeMap<String, Vec<usize>> {
        let mut cases: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let (Some(spec), Some(table)) = (map.inputs().get(map.root()), self.tables.get(map.root())) else {
            return cases;
        };
        let field = map.case.fields.iter().find(|(target, _)| target.name == "number");
        let columns = field.map(|(_, field)| field.columns()).unwrap_or_default();
        for (row, place) in table.rows.iter().zip(0_usize..) {
            let record = record::read(&map.case, target::CASE, &spec.name, table, Some(row));
            let known = |column: &Column| !table.key(row, column).is_empty() || table.cell(row, column).0.is_empty();
            let number = record.as_ref().and_then(|record| record.get("number")).filter(|_| columns.iter().all(known));
            if let Some(number) = number {
                cases.entry(number.to_owned()).or_default().push(place);
            } else {
                let text = "The row has no case number that can be taken, so nothing is made of it.";
                let issue = Issue::error(IssueKind::Required, "export.no-case-number", text).zh("缺少案件編號");
                findings.report(issue.at(table::place(&spec.name, Some(row.number), None)));
            }
        }
        cases
    }

    /// Reports rows that belong to no case, once for each table.
    fn strays(&self, map: &Map, findings: &Findings) {
        let all: Vec<usize> = self.cases.values().flatten().copied().collect();
        for (place, (spec, table)) in map.inputs().iter().zip(&self.tables).enumerate() {
            if place == map.root() {
                continue;
            }
            let wanted: std::collections::HashSet<Vec<String>> =
                all.iter().filter_map(|row| self.key(map, place, *row)).collect();
            let keys = self.keys.get(place).into_iter().flatten();
            let mut stray: Vec<usize> =
                keys.filter(|(key, _)| !wanted.contains(*key)).flat_map(|(_, rows)| rows).copied().collect();
            stray.sort_unstable();
            if stray.is_empty() {
                continue;
            }
            let text = format!("Rows that belong to no case: {}. Compare the columns of `join`.", stray.len());
            let mut issue =
                Issue::warning(IssueKind::NotFound, "export.rows-without-case", text).zh("資料列不屬於任何案件");
            let rows = stray.iter().take(10).filter_map(|place| table.rows.get(*place));
            issue.expression = rows.map(|row| table::place(&spec.name, Some(row.number), None)).collect();
            findings.report(issue);
        }
    }

    /// What rows of an input must hold to belong to a row of the case's table.
    fn key(&self, map: &Map, input: usize, row: usize) -> Option<Vec<String>> {
        let root = self.tables.get(map.root())?;
        let row = root.rows.get(row)?;
        let columns = map.inputs().get(input)?.join.values();
        let key: Vec<String> = columns.map(|column| root.key(row, column).to_owned()).collect();
        // Nothing is no key: rows without a number would all belong together.
        key.iter().all(|part| !part.is_empty()).then_some(key)
    }

    /// The rows of every input that belong to a case. `left` is what may still be joined in this run.
    pub(super) fn rows(&self, map: &Map, own: &[usize], left: &mut usize) -> Result<CaseRows<'_>, Issue> {
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for input in 0..map.inputs().len() {
            let mut found: Vec<usize> = Vec::new();
            if input == map.root() {
                found.extend(own);
            } else if let Some(keys) = self.keys.get(input) {
                let mut wanted: Vec<Vec<String>> = own.iter().filter_map(|row| self.key(map, input, *row)).collect();
                wanted.sort();
                wanted.dedup();
                found.extend(wanted.iter().filter_map(|key| keys.get(key)).flatten());
                found.sort_unstable();
            }
            let enough = left.checked_sub(found.len()).filter(|_| found.len() <= ROWS_OF_CASE);
            let Some(enough) = enough else {
                let text = format!(
                    "More than {ROWS_OF_CASE} rows of one input belong to one case, or {JOINED} to all. Look at `join`."
                );
                let name = map.inputs().get(input).map_or("", |spec| spec.name.as_str());
                return Err(Issue::error(IssueKind::TooCostly, "export.too-many-joined", text)
                    .at(name)
                    .zh("案件的資料列過多"));
            };
            *left = enough;
            rows.push(found);
        }
        Ok(CaseRows { joined: self, rows })
    }

    /// What may be joined in one run.
    pub(super) fn budget() -> usize {
        JOINED
    }
}

/// The rows of one case.
pub(super) struct CaseRows<'j> {
    joined: &'j Joined,
    rows: Vec<Vec<usize>>,
}

impl CaseRows<'_> {
    /// The one record of a block that a case has once.
    pub(super) fn single(&self, map: &Map, block: &Block, targets: &'static [Target]) -> Record {
        let records = self.of(map, block, targets);
        record::merge(records, Same::Fields(&[])).pop().unwrap_or_else(|| self.nothing(map, block, targets))
    }

    /// The records of blocks that a case may have many of.
    pub(super) fn many(&self, map: &Map, blocks: &[Block], targets: &'static [Target], same: Same) -> Vec<Record> {
        let made = blocks.iter().zip(0_usize..).flat_map(|(block, place)| {
            self.of(map, block, targets).into_iter().map(move |record| Record { block: place, ..record })
        });
        record::merge(made.collect(), same)
    }

    fn of(&self, map: &Map, block: &Block, targets: &'static [Target]) -> Vec<Record> {
        let (Some(spec), Some(table)) = (map.inputs().get(block.from), self.joined.tables.get(block.from)) else {
            return Vec::new();
        };
        if block.fields.iter().all(|(_, field)| field.columns().is_empty()) {
            return record::read(block, targets, &spec.name, table, None).into_iter().collect();
        }
        let rows = self.rows.get(block.from).into_iter().flatten().filter_map(|place| table.rows.get(*place));
        rows.filter_map(|row| record::read(block, targets, &spec.name, table, Some(row))).collect()
    }

    /// A record of a table that has no row for the case: every field is missing.
    fn nothing(&self, map: &Map, block: &Block, targets: &'static [Target]) -> Record {
        let name = map.inputs().get(block.from).map_or("", |spec| spec.name.as_str());
        let mut record = Record::default();
        if let Some(table) = self.joined.tables.get(block.from) {
            record = record::read(block, targets, name, table, None).unwrap_or_default();
        }
        record.slots.retain(|_, slot| slot.value.is_some() || slot.outcome != Outcome::Taken);
        record
    }
}
