//! One row and a block → a record: each field with its value or why there is none, and where it came from.
//!
//! Rows that say the same thing (one flat table repeats the patient on every line) become one record; where they say
//! different things, nothing is chosen. So the order of rows never matters.

use std::collections::BTreeMap;

use super::map::{Block, Field, Source};
use super::table::{Row, Table};
use super::target::{Kind, Need, Target};
use super::value;

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A value was read.
    Taken,
    /// The mapping's default counts.
    Defaulted,
    /// There is none.
    Missing,
    /// There is one, and it cannot be taken.
    Refused,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Defaulted => "defaulted",
            Self::Missing => "missing",
            Self::Refused => "refused",
        }
    }
}

/// Where a value stands in the hospital's tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The input's name in the mapping.
    pub input: String,
    /// Its line in CSV and JSON lines, its position in JSON and XML; from one.
    pub row: usize,
    /// Its columns as the mapping names them.
    pub column: String,
}

/// One field of a record.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) value: Option<String>,
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    pub(super) origin: Option<Origin>,
    pub(super) need: Need,
}

/// What one block says of one thing.
#[derive(Clone, Default)]
pub(super) struct Record {
    /// Which of several blocks it was first made by.
    pub(super) block: usize,
    pub(super) slots: BTreeMap<&'static str, Slot>,
}

claimgate_packet::opaque_debug!(Slot, Record);

/// What makes two records one.
#[derive(Clone, Copy)]
pub(super) enum Same {
    /// These fields alike; the others must not differ.
    Fields(&'static [&'static str]),
    /// Every field alike.
    Whole,
    /// Every field alike, and this field filled; otherwise each row is one of its own.
    WholeWith(&'static str),
}

impl Record {
    /// A value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.slots.get(name)?.value.as_deref()
    }

    /// Says that a field cannot be taken after all.
    pub(super) fn refuse(&mut self, name: &'static str, reason: &str) {
        if let Some(slot) = self.slots.get_mut(name) {
            slot.outcome = Outcome::Refused;
            reason.clone_into(&mut slot.reason);
        }
    }

    /// All values, by the fields' names.
    fn values(&self) -> Vec<&str> {
        self.slots.values().map(|slot| slot.value.as_deref().unwrap_or_default()).collect()
    }
}

/// A record from one row; nothing where the row says nothing of the block's things.
pub(super) fn read(
    block: &Block,
    targets: &'static [Target],
    input: &str,
    table: &Table,
    row: Option<&Row>,
) -> Option<Record> {
    let mut record = Record::default();
    let (mut asked, mut said) = (false, false);
    for target in targets {
        let field = block.fields.iter().find(|(known, _)| known.name == target.name).map(|(_, field)| field);
        let slot = match field {
            Some(field) => {
                let slot = take(field, target, input, table, row);
                if target.anchor && matches!(field.source, Source::Columns(_)) {
                    asked = true;
                    said |= !matches!(slot.outcome, Outcome::Missing | Outcome::Defaulted);
                }
                slot
            }
            None if target.need == Need::May => continue,
            None => Slot {
                value: None,
                outcome: Outcome::Missing,
                reason: format!("nothing is mapped to it ({})", target.chinese),
                origin: None,
                need: target.need,
            },
        };
        record.slots.insert(target.name, slot);
    }
    (said || !asked).then_some(record)
}

/// One field of one row.
fn take(field: &Field, target: &Target, input: &str, table: &Table, row: Option<&Row>) -> Slot {
    let need = if field.required { Need::Must } else { target.need };
    let slot = |value, outcome, reason: String, origin| Slot { value, outcome, reason, origin, need };
    let columns = match &field.source {
        Source::Constant(text) => {
            return match value::convert(text, target.kind, None) {
                Ok((value, _)) => slot(Some(value), Outcome::Taken, "constant of the mapping".to_owned(), None),
                Err(why) => slot(None, Outcome::Refused, why.to_owned(), None),
            };
        }
        Source::Columns(columns) => columns,
    };
    let Some(row) = row else {
        return slot(None, Outcome::Missing, "no row of its table belongs to the case".to_owned(), None);
    };
    let names: Vec<&str> = columns.iter().map(super::map::Column::name).collect();
    let origin = Some(Origin { input: input.to_owned(), row: row.number, column: names.join(" + ") });
    let cells: Vec<(&str, Option<&str>)> = columns.iter().map(|column| table.cell(row, column)).collect();
    let filled: Vec<&str> = cells.iter().map(|(cell, _)| *cell).filter(|cell| !cell.is_empty()).collect();
    let mut text = filled.join(&field.join);
    if let Some((separator, part)) = &field.part {
        text = text.split(separator.as_str()).nth(part.saturating_sub(1)).unwrap_or_default().trim().to_owned();
    }
    if text.is_empty() {
        return match field.default.as_ref().map(|text| value::convert(text, target.kind, None)) {
            Some(Ok((value, _))) => {
                slot(Some(value), Outcome::Defaulted, "empty; the mapping's default".to_owned(), origin)
            }
            Some(Err(why)) => slot(None, Outcome::Refused, why.to_owned(), origin),
            None => slot(None, Outcome::Missing, "empty".to_owned(), origin),
        };
    }
    let listed = matches!(target.kind, Kind::Word(_) | Kind::Line | Kind::FeeCategory);
    let converted = match field.map.get(&text) {
        Some(meaning) if meaning.is_empty() => {
            return slot(None, Outcome::Missing, "the code table says: nothing".to_owned(), origin);
        }
        Some(meaning) => value::convert(meaning, target.kind, None).map(|(value, _)| (value, "code table")),
        None if !field.map.is_empty() && !listed => Err("not in the code table of the mapping"),
        None => value::convert(&text, target.kind, field.date.as_ref()),
    };
    match converted {
        Ok((value, how)) => {
            let odd: Vec<&str> = cells.iter().filter_map(|(_, odd)| *odd).collect();
            let reason =
                if odd.is_empty() { how.to_owned() } else { format!("{how}; 造字 {} shown as 〓", odd.join(" ")) };
            slot(Some(value), Outcome::Taken, reason, origin)
        }
        Err(why) => slot(None, Outcome::Refused, why.to_owned(), origin),
    }
}

/// Makes records that are the same thing one, and puts all into an order of their own.
pub(super) fn merge(records: Vec<Record>, same: Same) -> Vec<Record> {
    let mut groups: BTreeMap<(Vec<String>, usize), Vec<Record>> = BTreeMap::new();
    for (record, place) in records.into_iter().zip(0_usize..) {
        let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect();
        let (key, alone): (Vec<String>, bool) = match same {
            Same::Fields(names) => {
                (owned(names.iter().map(|name| record.get(name).unwrap_or_default()).collect()), false)
            }
            Same::Whole => (owned(record.values()), false),
            Same::WholeWith(name) => (owned(record.values()), record.get(name).is_none()),
        };
        groups.entry((key, if alone { place + 1 } else { 0 })).or_default().push(record);
    }
    let mut merged: Vec<Record> = groups.into_values().filter_map(one).collect();
    // The first diagnosis has the first block. Within a block, what is said decides.
    merged.sort_by_key(|record| record.block);
    merged
}

/// One record of several.
fn one(records: Vec<Record>) -> Option<Record> {
    let mut records = records.into_iter();
    let mut whole = records.next()?;
    for record in records {
        whole.block = whole.block.min(record.block);
        for (name, slot) in record.slots {
            match whole.slots.get_mut(name) {
                Some(known) => *known = both(known, &slot),
                None => drop(whole.slots.insert(name, slot)),
            }
        }
    }
    Some(whole)
}

/// Two rows' words on one field. What cannot be taken in one row is not made good by another.
fn both(one: &Slot, other: &Slot) -> Slot {
    let need = if one.need == Need::Must { Need::Must } else { other.need };
    let (first, second) = if other.origin < one.origin { (other, one) } else { (one, other) };
    let chosen = match (&one.value, &other.value) {
        (Some(here), Some(there)) if here != there => {
            let at = |slot: &Slot| slot.origin.as_ref().map_or(0, |origin| origin.row);
            let reason = format!("rows of one case say different things, for example {} and {}", at(first), at(second));
            return Slot { value: None, outcome: Outcome::Refused, reason, origin: first.origin.clone(), need };
        }
        // The worse outcome counts: refused before missing before taken, but a value before a missing one.
        _ if one.outcome == Outcome::Refused || other.outcome == Outcome::Refused => {
            if first.outcome == Outcome::Refused { first } else { second }
        }
        (Some(_), None) => one,
        (None, Some(_)) => other,
        _ => first,
    };
    Slot { need, ..chosen.clone() }
}
