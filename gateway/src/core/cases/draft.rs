//! A draft that several devices save: each field has a version of its own, and edits are merged field by field.
//!
//! In: edits, each with the version it was made on. Out: what was taken, every conflict with both values, every fault with
//! its reason. A value that lost stays beside the other until somebody chooses. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::field::{FieldFault, read};

/// The most fields of a draft.
pub const MOST_FIELDS: usize = 250;
/// The most values that wait beside one that stands.
const MOST_OTHERS: usize = 4;

/// What was filled in, by name.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Draft {
    /// Fields in the order of their names.
    pub fields: BTreeMap<String, Held>,
}

/// A field.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The value; null where it was taken out again.
    pub value: Value,
    /// Counts changes, from 1.
    pub version: u32,
    /// When it was changed last.
    pub at: Timestamp,
    /// Values that were saved on an older version and differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Other>,
}

/// A value that differs from the one that stands.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Other {
    /// The value.
    pub value: Value,
    /// The version it was made on.
    pub base: u32,
    /// When it came.
    pub at: Timestamp,
}

/// An edit of a field.
#[derive(Clone)]
pub struct Edit {
    /// The field.
    pub name: String,
    /// Its new value; null takes it out.
    pub value: Value,
    /// The version it was made on; 0 where the field was not seen.
    pub base: u32,
}

/// What became of some edits.
#[derive(Default)]
pub struct Merged {
    /// Fields that have another value now.
    pub changed: Vec<String>,
    /// Fields where both values stand.
    pub conflicts: Vec<String>,
    /// Fields whose value was not taken, each with why.
    pub faults: Vec<(String, FieldFault)>,
}

claimgate_packet::opaque_debug!(Draft, Held, Other, Edit, Merged);

impl Draft {
    /// The value of a field, where there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).map(|held| &held.value).filter(|value| !value.is_null())
    }

    /// The text of a field, where there is one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(ToOwned::to_owned)
    }

    /// A field as a type; what was read at the edge reads again.
    #[must_use]
    pub fn typed<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_value(self.get(name)?.clone()).ok()
    }

    /// The items of a list, each with its key: `witness` for `witness.<key>`.
    pub fn items<'a>(&'a self, list: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.fields.iter().filter_map(move |(name, held)| {
            let key = name.strip_prefix(list)?.strip_prefix('.')?;
            (!held.value.is_null()).then_some((key, &held.value))
        })
    }

    /// The fields on which people have to choose.
    pub fn disputed(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(_, held)| !held.others.is_empty()).map(|(name, _)| name.as_str())
    }

    /// Sets a field that has no value, as the app would.
    pub fn fill(&mut self, name: &str, value: &Value, at: Timestamp) {
        if self.get(name).is_none() {
            let version = self.fields.get(name).map_or(1, |held| held.version.saturating_add(1));
            let held = Held { value: value.clone(), version, at, others: Vec::new() };
            self.fields.insert(name.to_owned(), held);
        }
    }

    /// Merges edits in: what was made on the version that stands is taken, what says the same changes nothing, and anything
    /// else waits beside the value that stands.
    pub fn merge(&mut self, edits: Vec<Edit>, today: Date, now: Timestamp) -> Merged {
        let mut merged = Merged::default();
        for Edit { name, value, base } in edits {
            let value = match read(&name, value, today) {
                Ok(value) => value,
                Err(fault) => {
                    merged.faults.push((name, fault));
                    continue;
                }
            };
            let count = self.fields.len();
            let Some(held) = self.fields.get_mut(&name) else {
                if base > 0 {
                    merged.faults.push((name, FieldFault::VERSION));
                } else if count >= MOST_FIELDS {
                    merged.faults.push((name, FieldFault::MANY));
                } else if !value.is_null() {
                    self.fields.insert(name.clone(), Held { value, version: 1, at: now, others: Vec::new() });
                    merged.changed.push(name);
                }
                continue;
            };
            if base > held.version {
                merged.faults.push((name, FieldFault::VERSION));
            } else if base == held.version {
                // Whoever has seen the version that stands has seen what waits beside it.
                let settled = !held.others.is_empty();
                held.others.clear();
                if held.value != value || settled {
                    *held = Held { value, version: held.version.saturating_add(1), at: now, others: Vec::new() };
                    merged.changed.push(name);
                }
            } else if held.value != value {
                if !held.others.iter().any(|other| other.value == value) {
                    if held.others.len() >= MOST_OTHERS {
                        merged.faults.push((name, FieldFault::DISPUTED));
                        continue;
                    }
                    held.others.push(Other { value, base, at: now });
                }
                merged.conflicts.push(name);
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn edit(name: &str, value: Value, base: u32) -> Edit {
        Edit { name: name.to_owned(), value, base }
    }

    fn saved(draft: &mut Draft, edits: &[Edit]) -> Merged {
        draft.merge(edits.to_vec(), date(2026, 11, 24), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn two_devices_edit_different_fields_and_both_stand() {
        let mut draft = Draft::default();
        assert_eq!(saved(&mut draft, &[edit("vehicle.plate", json!("abc-1234"), 0)]).changed, ["vehicle.plate"]);
        assert_eq!(saved(&mut draft, &[edit("remarks", json!("雨天"), 0)]).changed, ["remarks"]);
        assert_eq!(draft.get("vehicle.plate"), Some(&json!("ABC-1234")));
        // The same again changes nothing, on whatever version it was made.
        let again = saved(&mut draft, &[edit("vehicle.plate", json!("ABC-1234"), 0)]);
        assert!(again.changed.is_empty() && again.conflicts.is_empty() && again.faults.is_empty());
    }

    #[test]
    fn the_same_field_keeps_both_values_until_somebody_chooses() {
        let mut draft = Draft::default();
        saved(&mut draft, &[edit("remarks", json!("一"), 0)]);
        saved(&mut draft, &[edit("remarks", json!("二"), 1)]);
        let late = saved(&mut draft, &[edit("remarks", json!("三"), 1), edit("damage", json!("左前門"), 0)]);
        assert_eq!(
            (late.conflicts.as_slice(), late.changed.as_slice()),
            (["remarks".to_owned()].as_slice(), ["damage".to_owned()].as_slice())
        );
        let held = &draft.fields["remarks"];
        assert_eq!((&held.value, &held.others[0].value, held.version), (&json!("二"), &json!("三"), 2));
        assert_eq!(draft.disputed().collect::<Vec<_>>(), ["remarks"]);
        assert_eq!(saved(&mut draft, &[edit("remarks", json!("二"), 2)]).changed, ["remarks"], "chosen");
        assert_eq!((draft.disputed().count(), draft.fields["remarks"].version), (0, 3));
    }

    #[test]
    fn a_fault_keeps_nothing_else_from_being_saved_and_bounds_hold() {
        let mut draft = Draft::default();
        let merged = saved(
            &mut draft,
            &[
                edit("occurrence.date", json!("2026-02-30"), 0),
                edit("vehicle.plate", json!("王小明"), 0),
                edit("no.such", json!(1), 0),
                edit("remarks", json!("在"), 7),
                edit("damage", json!("右後"), 0),
            ],
        );
        let faults: Vec<(&str, &str)> = merged.faults.iter().map(|(name, fault)| (name.as_str(), fault.code)).collect();
        assert_eq!(
            faults,
            [
                ("occurrence.date", "impossible-date"),
                ("vehicle.plate", "not-a-plate"),
                ("no.such", "unknown-field"),
                ("remarks", "unknown-version"),
            ]
        );
        assert_eq!(merged.changed, ["damage"]);
        let many: Vec<Edit> =
            (0..400).map(|number| edit(&format!("witness.w{number}"), json!({ "name": "陳大文" }), 0)).collect();
        let merged = saved(&mut draft, &many);
        assert_eq!((draft.fields.len(), merged.faults.len()), (MOST_FIELDS, 151));
        for number in 0..9 {
            saved(&mut draft, &[edit("damage", json!(format!("{number}")), 0)]);
        }
        assert_eq!(draft.fields["damage"].others.len(), MOST_OTHERS);
    }
}
