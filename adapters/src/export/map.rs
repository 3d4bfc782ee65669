//! The mapping file (TOML): which tables there are, how their rows join to a case, and what fills which field.
//!
//! In: text. Out: a mapping that holds together, or everything that does not, with its line and what is allowed there.
//! Must not know: any table's content.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::decode::Encoding;
use super::target::Target;

mod check;
mod field;

pub(super) use field::{Column, Field, Source};

/// The version of the mapping file's form.
const VERSION: u32 = 1;

/// A mapping file larger than this is something else.
const LONGEST: usize = 1024 * 1024;

/// What is wrong with a mapping file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct MapError {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong and what is allowed there.
    pub text: String,
}

/// The written form of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// Rows of values, RFC 4180.
    Csv,
    /// One JSON text; `rows` says where the array is.
    Json,
    /// One JSON object on each line.
    JsonLines,
    /// XML; `rows` says which elements are rows.
    Xml,
}

/// One table of the hospital.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// What blocks call it.
    pub name: String,
    /// The name of its file; without it, any file whose name without extension is `name`.
    pub file: Option<String>,
    /// Its form.
    pub format: Written,
    /// Its encoding.
    #[serde(default)]
    pub encoding: Encoding,
    /// What separates values in CSV; a comma.
    #[serde(default)]
    pub(super) delimiter: Option<char>,
    /// What encloses values in CSV; a double quote. Empty: nothing does.
    #[serde(default)]
    pub(super) quote: Option<String>,
    /// Whether the first row of CSV names the columns; it does.
    #[serde(default)]
    pub(super) header: Option<bool>,
    /// Where the rows stand in JSON or XML: names with `/` between them.
    #[serde(default)]
    pub(super) rows: Option<String>,
    /// How a row joins to a case: own column = column of the case's table.
    #[serde(default)]
    pub(super) join: BTreeMap<Column, Column>,
    /// Which rows count: column = the values it may have.
    #[serde(default)]
    pub(super) only: BTreeMap<Column, Vec<String>>,
    /// Words that mean an empty value.
    #[serde(default)]
    pub(super) empty: Vec<String>,
    /// Whether a run without it is fine.
    #[serde(default)]
    pub optional: bool,
    /// The hospital's own signs (造字): code in hexadecimal = sign.
    #[serde(default)]
    characters: BTreeMap<String, String>,
    #[serde(skip)]
    pub(super) own: BTreeMap<u16, char>,
}

impl InputSpec {
    pub(super) fn delimiter(&self) -> char {
        self.delimiter.unwrap_or(',')
    }

    /// What encloses values, where something does.
    pub(super) fn quote(&self) -> Option<char> {
        self.quote.as_ref().map_or(Some('"'), |quote| quote.chars().next())
    }

    pub(super) fn header(&self) -> bool {
        self.header.unwrap_or(true)
    }
}

/// The namespaces of a hospital's numbers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Systems {
    case: Option<String>,
    chart: Option<String>,
    visit: Option<String>,
    receipt: Option<String>,
    report: Option<String>,
    accession: Option<String>,
    charge_item: Option<String>,
    test: Option<String>,
    licence: Option<String>,
    policy: Option<String>,
}

/// The namespaces, each said or made from the hospital's own.
#[derive(Clone, Debug)]
pub(super) struct Namespaces {
    pub(super) case: String,
    pub(super) chart: String,
    pub(super) visit: String,
    pub(super) receipt: String,
    pub(super) report: String,
    pub(super) accession: String,
    pub(super) charge_item: String,
    pub(super) test: String,
    pub(super) licence: String,
    pub(super) policy: Option<String>,
}

impl Namespaces {
    fn new(base: &str, systems: Systems) -> Self {
        let base = base.trim_end_matches('/');
        let made = |said: Option<String>, end: &str| said.unwrap_or_else(|| format!("{base}{end}"));
        Self {
            case: made(systems.case, "/case"),
            chart: made(systems.chart, ""),
            visit: made(systems.visit, "/visit"),
            receipt: made(systems.receipt, "/receipt"),
            report: made(systems.report, "/report"),
            accession: made(systems.accession, "/accession"),
            charge_item: made(systems.charge_item, "/charge-item"),
            test: made(systems.test, "/test"),
            licence: systems.licence.unwrap_or_else(|| "https://dep.mohw.gov.tw/DOMA".to_owned()),
            policy: systems.policy,
        }
    }
}

/// The fields that one table fills.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Position of the input.
    pub(super) from: usize,
    pub(super) fields: Vec<(&'static Target, Field)>,
}

/// A mapping that holds together.
#[derive(Clone, Debug)]
pub struct Map {
    inputs: Vec<InputSpec>,
    pub(super) systems: Namespaces,
    pub(super) hospital: Block,
    pub(super) case: Block,
    pub(super) patient: Block,
    pub(super) encounters: Vec<Block>,
    pub(super) diagnoses: Vec<Block>,
    pub(super) receipts: Vec<Block>,
    pub(super) lines: Vec<Block>,
    pub(super) labs: Vec<Block>,
    pub(super) coverages: Vec<Block>,
}

impl Map {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Everything that is wrong, by line; a syntax error hides what comes after it.
    pub fn read(text: &str) -> Result<Self, Vec<MapError>> {
        if text.len() > LONGEST {
            return Err(vec![MapError { line: 1, text: format!("A mapping file has at most {LONGEST} bytes.") }]);
        }
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            vec![MapError { line, text: error.message().to_owned() }]
        })?;
        check::hold_together(raw, text)
    }

    /// The tables, in the order of the mapping.
    #[must_use]
    pub fn inputs(&self) -> &[InputSpec] {
        &self.inputs
    }

    /// Position of the table that has the case numbers.
    pub(super) fn root(&self) -> usize {
        self.case.from
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = &Block> {
        let lists = [&self.encounters, &self.diagnoses, &self.receipts, &self.lines, &self.labs, &self.coverages];
        [&self.hospital, &self.case, &self.patient].into_iter().chain(lists.into_iter().flatten())
    }

    /// The columns of an input that anything needs, each once.
    pub(super) fn columns(&self, input: usize) -> Vec<Column> {
        let mut used: Vec<Column> = Vec::new();
        let taken = self.blocks().filter(|block| block.from == input);
        used.extend(taken.flat_map(|block| &block.fields).flat_map(|(_, field)| field.columns()).cloned());
        if let Some(spec) = self.inputs.get(input) {
            used.extend(spec.join.keys().chain(spec.only.keys()).cloned());
        }
        if input == self.root() {
            used.extend(self.inputs.iter().flat_map(|spec| spec.join.values()).cloned());
        }
        used.sort();
        used.dedup();
        used
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: Spanned<u32>,
    system: Spanned<String>,
    #[serde(default)]
    systems: Systems,
    #[serde(rename = "input")]
    inputs: Vec<Spanned<InputSpec>>,
    hospital: Spanned<RawBlock>,
    case: Spanned<RawBlock>,
    patient: Spanned<RawBlock>,
    #[serde(default)]
    encounter: Vec<Spanned<RawBlock>>,
    #[serde(default)]
    diagnosis: Vec<Spanned<RawBlock>>,
    #[serde(default)]
    receipt: Vec<Spanned<RawBlock>>,
    #[serde(default)]
    line: Vec<Spanned<RawBlock>>,
    #[serde(default)]
    lab: Vec<Spanned<RawBlock>>,
    #[serde(default)]
    coverage: Vec<Spanned<RawBlock>>,
}

/// A block before its names are looked up.
struct RawBlock {
    from: Option<Spanned<String>>,
    fields: Vec<(Spanned<String>, Spanned<Field>)>,
}

impl<'de> Deserialize<'de> for RawBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawBlock;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of `from` and fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawBlock, A::Error> {
                let mut block = RawBlock { from: None, fields: Vec::new() };
                while let Some(name) = map.next_key::<Spanned<String>>()? {
                    if name.get_ref() == "from" {
                        block.from = Some(map.next_value()?);
                    } else {
                        block.fields.push((name, map.next_value()?));
                    }
                }
                Ok(block)
            }
        }
        deserializer.deserialize_map(Members)
    }
}
