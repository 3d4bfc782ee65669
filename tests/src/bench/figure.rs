//! A figure beside its limit, and the file they are all written to.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::gateway::must;

/// Something measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What, as the file names it.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it is to be held against: measured in the same run, or given.
    pub limit: f64,
    /// How it stands to that: 1 is at it, more is better.
    pub ratio: f64,
}

impl Figure {
    /// One of which more is better: its part of the limit.
    #[must_use]
    pub fn more(name: &'static str, value: f64, unit: &'static str, limit: f64) -> Self {
        Self { name, value, unit, limit, ratio: value / limit }
    }

    /// One of which less is better: how often it goes into the limit.
    #[must_use]
    pub fn less(name: &'static str, value: f64, unit: &'static str, limit: f64) -> Self {
        Self { name, value, unit, limit, ratio: limit / value }
    }

    fn json(&self) -> Value {
        json!({ "name": self.name, "value": rounded(self.value), "unit": self.unit, "limit": rounded(self.limit),
            "ratio": rounded(self.ratio) })
    }

    /// A line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { name, value, unit, limit, ratio } = self;
        format!("{name:<24} {value:>10.2} {unit:<12} limit {limit:>10.2}   ratio {ratio:>6.2}")
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

/// `bench.json` in the build's folder.
#[must_use]
pub fn file() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    // target/release/deps/program
    program.ancestors().nth(3).map(|target| target.join("bench.json")).unwrap_or_default()
}

/// Writes figures into the file, each in place of the one of its name before.
///
/// # Panics
/// The file cannot be written.
pub fn write(figures: &[Figure]) {
    let before = std::fs::read(file()).ok().and_then(|bytes| serde_json::from_slice::<Vec<Value>>(&bytes).ok());
    let mut all = before.unwrap_or_default();
    all.retain(|one| !figures.iter().any(|figure| one.get("name").and_then(Value::as_str) == Some(figure.name)));
    all.extend(figures.iter().map(Figure::json));
    must(std::fs::write(file(), format!("{:#}\n", Value::Array(all))));
}
