//! The files of the test vectors, made from fixed keys.
//!
//! In: `keys.json`, and what was made before. Out: names and texts of the files. Used by the generator and by the test
//! that compares.

use serde_json::{Value, json};

pub(crate) mod bench;
mod packets;
mod receipts;

/// A fault here is a fault of the generator; it ends it.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The time at which the vectors are opened: 2026-09-21T13:46:40Z.
pub(crate) const NOW: i64 = 1_789_998_400;

/// Every file but `keys.json`, which is where everything begins.
pub(crate) fn files(read: &dyn Fn(&str) -> Option<String>) -> Outcome<Vec<(&'static str, String)>> {
    let keys: Value = serde_json::from_str(&read("keys.json").ok_or("keys.json is absent")?)?;
    let bench = bench::Bench::new(&keys)?;
    let trust = bench.trust();
    let before = |name: &str| read(name).and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let packets = packets::all(&bench, &Kept(before("packets.json")))?;
    let receipts = receipts::all(&bench, &Kept(before("receipts.json")))?;
    Ok(vec![
        ("claim-packet-keys.json", text(&trust)?),
        ("packets.json", text(&json!({ "now": NOW, "cases": packets }))?),
        ("receipts.json", text(&json!({ "expected": receipts::expected(), "cases": receipts }))?),
    ])
}

fn text(value: &Value) -> Outcome<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// What was made before.
pub(crate) struct Kept(Option<Value>);

impl Kept {
    /// The text of a case that is made anew by chance each time: the one made before, where it still does.
    fn or_new(
        &self,
        name: &str,
        still: impl Fn(&str) -> bool,
        new: impl FnOnce() -> Outcome<String>,
    ) -> Outcome<String> {
        let cases = self.0.as_ref().and_then(|file| file["cases"].as_array());
        let before = cases.into_iter().flatten().find(|case| case["name"] == name);
        match before.and_then(|case| case["text"].as_str()).filter(|text| still(text)) {
            Some(text) => Ok(text.to_owned()),
            None => new(),
        }
    }
}
