//! The policy table (TOML): rows that give, rows that withhold.
//!
//! In: text. Out: a grant for each recipient, purpose and evidence type that is given anything, or everything that is wrong
//! with the table, with its line and the nearest known words. What is not listed is withheld.

use std::collections::BTreeMap;
use std::sync::Arc;

use claimgate_packet::words::Purpose;
use serde::Deserialize;
use toml::Spanned;

use super::fields::{Field, Kind, reaches};
use super::words::{Addressee, addressee, nearest, purpose};
use super::{Grant, Key, Why};

/// The version of the table's form.
const VERSION: u32 = 1;
/// A table larger than this is something else.
const LONGEST: usize = 1 << 20;
/// The longest sentence of a row, in characters.
const SENTENCE: usize = 500;
/// In a row that withholds: every word of the column.
const ALL: &str = "*";

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct Fault {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong and what is known there.
    pub text: String,
}

/// A table that holds together.
pub(super) struct Table {
    pub(super) grants: BTreeMap<Key, Grant>,
    pub(super) denied: BTreeMap<Key, Arc<Why>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: Spanned<u32>,
    #[serde(default)]
    give: Vec<Spanned<Row>>,
    #[serde(default)]
    withhold: Vec<Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    recipients: Vec<Spanned<String>>,
    purposes: Vec<Spanned<String>>,
    evidence: Vec<Spanned<String>>,
    #[serde(default)]
    fields: Vec<Spanned<String>>,
    attachments: Option<Spanned<bool>>,
    reason: Spanned<String>,
    reason_zh: Spanned<String>,
    basis: Spanned<String>,
}

/// What is given of one key, and by which line, until what is withheld is known.
struct Given {
    line: usize,
    why: Arc<Why>,
    fields: Vec<String>,
    files: bool,
}

struct Reader<'a> {
    text: &'a str,
    kinds: &'a [Kind],
    faults: Vec<Fault>,
}

/// Reads a table.
///
/// # Errors
/// Every fault; a syntax error hides what comes after it.
pub(super) fn read(text: &str, kinds: &[Kind]) -> Result<Table, Vec<Fault>> {
    if text.len() > LONGEST {
        return Err(vec![Fault { line: 1, text: format!("a policy table has at most {LONGEST} bytes") }]);
    }
    let raw: Raw = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        vec![Fault { line, text: error.message().to_owned() }]
    })?;
    let mut reader = Reader { text, kinds, faults: Vec::new() };
    if *raw.version.get_ref() != VERSION {
        reader.fault(&raw.version, format!("`version` is {VERSION}"));
    }
    let table = reader.table(&raw);
    if reader.faults.is_empty() {
        Ok(table)
    } else {
        reader.faults.sort_by_key(|fault| fault.line);
        reader.faults.dedup();
        Err(reader.faults)
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

impl Reader<'_> {
    fn line<T>(&self, place: &Spanned<T>) -> usize {
        line_of(self.text, place.span().start)
    }

    fn fault<T>(&mut self, place: &Spanned<T>, text: impl Into<String>) {
        let fault = Fault { line: self.line(place), text: text.into() };
        self.faults.push(fault);
    }

    fn table(&mut self, raw: &Raw) -> Table {
        let mut given: BTreeMap<Key, Given> = BTreeMap::new();
        for row in &raw.give {
            self.give(row, &mut given);
        }
        let mut denied = BTreeMap::new();
        let mut withheld: BTreeMap<Key, BTreeMap<String, Arc<Why>>> = BTreeMap::new();
        for row in &raw.withhold {
            self.withhold(row, &given, &mut denied, &mut withheld);
        }
        let mut grants = BTreeMap::new();
        for (key, given) in given {
            let Some(kind) = self.kinds.iter().find(|kind| kind.name == key.2) else { continue };
            let reasons = withheld.remove(&key).unwrap_or_default();
            let mut left = BTreeMap::new();
            left_out(&kind.fields, &given.fields, false, &reasons, &mut left);
            grants.insert(key, Grant { why: given.why, withheld: left, files: given.files });
        }
        Table { grants, denied }
    }

    fn give(&mut self, spanned: &Spanned<Row>, given: &mut BTreeMap<Key, Given>) {
        let row = spanned.get_ref();
        let why = self.why(row);
        let (keys, kinds) = self.keys(spanned, false);
        if row.fields.is_empty() {
            self.fault(spanned, "`fields` is needed: what is not listed is withheld");
        }
        self.known_fields(row, &kinds, |_| true, "");
        let line = self.line(spanned);
        let files = row.attachments.as_ref().is_some_and(|given| *given.get_ref());
        let fields: Vec<String> = row.fields.iter().map(|field| field.get_ref().clone()).collect();
        for key in keys {
            if let Some(before) = given.get(&key) {
                let text = format!("{} of {} for {} is given in line {} already", key.2, key.0, key.1, before.line);
                self.fault(spanned, text);
            } else {
                // A row may give several types: each takes the fields it has.
                let kind = self.kinds.iter().find(|kind| kind.name == key.2);
                let own = fields.iter().filter(|field| kind.is_some_and(|kind| kind.field(field).is_some()));
                given.insert(key, Given { line, why: Arc::clone(&why), fields: own.cloned().collect(), files });
            }
        }
    }

    fn withhold(
        &mut self,
        spanned: &Spanned<Row>,
        given: &BTreeMap<Key, Given>,
        denied: &mut BTreeMap<Key, Arc<Why>>,
        withheld: &mut BTreeMap<Key, BTreeMap<String, Arc<Why>>>,
    ) {
        let row = spanned.get_ref();
        let why = self.why(row);
        let (keys, kinds) = self.keys(spanned, true);
        if let Some(given) = &row.attachments {
            self.fault(given, "`attachments` belongs to a row that gives; without it files are withheld");
        }
        self.known_fields(row, &kinds, |field| field.separable, ": the schema requires it, withhold what is around it");
        for key in keys {
            let before = given.get(&key);
            if row.fields.is_empty() {
                if let Some(before) = before {
                    let text = format!("{} of {} for {} is given in line {}", key.2, key.0, key.1, before.line);
                    self.fault(spanned, text);
                }
                denied.entry(key).or_insert_with(|| Arc::clone(&why));
                continue;
            }
            for field in &row.fields {
                let pointer = field.get_ref();
                let both = before.filter(|before| before.fields.iter().any(|one| reaches(pointer, one)));
                if let Some(before) = both {
                    let text = format!("{pointer} of {} is given to {} in line {}", key.2, key.0, before.line);
                    self.fault(field, text);
                }
                withheld.entry(key).or_default().entry(pointer.clone()).or_insert_with(|| Arc::clone(&why));
            }
        }
    }

    /// The keys a row speaks of, and the evidence types alone.
    fn keys(&mut self, spanned: &Spanned<Row>, may_be_all: bool) -> (Vec<Key>, Vec<&'static str>) {
        let row = spanned.get_ref();
        let kinds: Vec<&'static str> = self.kinds.iter().map(|kind| kind.name).collect();
        let everyone: Vec<Addressee> = Addressee::all().collect();
        let to = self.column(&row.recipients, "recipients", &everyone, may_be_all, Addressee::as_str, addressee);
        let purposes = self.column(&row.purposes, "purposes", Purpose::ALL, may_be_all, Purpose::as_str, purpose);
        let known = |word: &str| kinds.iter().copied().find(|kind| *kind == word);
        let evidence = self.column(&row.evidence, "evidence", &kinds, may_be_all, |kind| kind, known);
        for (column, name) in
            [(&row.recipients, "recipients"), (&row.purposes, "purposes"), (&row.evidence, "evidence")]
        {
            if column.is_empty() {
                self.fault(spanned, format!("`{name}` is empty: the row speaks of nothing"));
            }
        }
        let mut keys = Vec::new();
        for one in &to {
            for purpose in &purposes {
                keys.extend(evidence.iter().map(|kind| (*one, *purpose, *kind)));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        (keys, evidence)
    }

    fn column<T: Copy>(
        &mut self,
        words: &[Spanned<String>],
        name: &str,
        all: &[T],
        may_be_all: bool,
        word_of: impl Fn(T) -> &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        for word in words {
            match read(word.get_ref()) {
                Some(one) => found.push(one),
                None if word.get_ref() == ALL && may_be_all => found.extend_from_slice(all),
                None if word.get_ref() == ALL => {
                    self.fault(word, format!("`{name}` of a row that gives are named one by one"));
                }
                None => {
                    let near = nearest(word.get_ref(), all.iter().map(|one| word_of(*one))).join(", ");
                    self.fault(word, format!("`{}` is not known in `{name}`; nearest: {near}", word.get_ref()));
                }
            }
        }
        found
    }

    /// Each field must be one of at least one type of the row, and fit wherever it is one.
    fn known_fields(&mut self, row: &Row, names: &[&'static str], fits: impl Fn(&Field) -> bool, otherwise: &str) {
        let kinds: Vec<&Kind> = self.kinds.iter().filter(|kind| names.contains(&kind.name)).collect();
        for field in &row.fields {
            let pointer = field.get_ref();
            let found: Vec<(&str, &Field)> =
                kinds.iter().filter_map(|kind| Some((kind.name, kind.field(pointer)?))).collect();
            if found.is_empty() && !kinds.is_empty() {
                let near = nearest(pointer, kinds.iter().flat_map(|kind| kind.pointers())).join(", ");
                self.fault(field, format!("{pointer} is no field of {}; nearest: {near}", names.join(", ")));
            }
            if let Some((kind, _)) = found.iter().find(|(_, field)| !fits(field)) {
                self.fault(field, format!("{pointer} of {kind} cannot be withheld apart{otherwise}"));
            }
        }
    }

    fn why(&mut self, row: &Row) -> Arc<Why> {
        for (sentence, name) in [(&row.reason, "reason"), (&row.reason_zh, "reason_zh"), (&row.basis, "basis")] {
            let text = sentence.get_ref();
            let fits = !text.trim().is_empty() && text.chars().count() <= SENTENCE;
            if !fits || text.chars().any(char::is_control) {
                self.fault(sentence, format!("`{name}` has 1 to {SENTENCE} characters on one line"));
            }
        }
        Arc::new(Why {
            reason: row.reason.get_ref().clone(),
            chinese: row.reason_zh.get_ref().clone(),
            basis: row.basis.get_ref().clone(),
        })
    }
}

/// The outermost fields that are not given, each with the reason where a row says one.
fn left_out(
    fields: &[Field],
    given: &[String],
    around: bool,
    reasons: &BTreeMap<String, Arc<Why>>,
    left: &mut BTreeMap<String, Option<Arc<Why>>>,
) {
    for field in fields {
        let reason = reasons.get(&field.pointer);
        let listed = around || given.contains(&field.pointer);
        let inside = given.iter().any(|one| reaches(&field.pointer, one));
        // What the schema requires stays, with nothing in it that can be away.
        let away = field.separable && (reason.is_some() || !(listed || inside));
        if away {
            left.insert(field.pointer.clone(), reason.cloned());
        } else {
            left_out(&field.fields, given, listed, reasons, left);
        }
    }
}
