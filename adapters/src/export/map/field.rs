//! How one field is filled: from a column, several, or a constant, by the transforms of a closed list.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::super::date::Pattern;

/// A column by its name, or by its number from one (`#3`). In JSON and XML a path: `../` leads to the row around.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(in super::super) struct Column(String);

impl Column {
    pub(in super::super) fn name(&self) -> &str {
        &self.0
    }

    /// The position of a column given by number.
    pub(in super::super) fn number(&self) -> Option<usize> {
        self.0.strip_prefix('#')?.parse::<usize>().ok()?.checked_sub(1)
    }
}

impl TryFrom<String> for Column {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        let name = name.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err("a column is a name, or a number such as \"#3\"");
        }
        Ok(Self(name.to_owned()))
    }
}

/// Where a field's text comes from.
#[derive(Clone, Debug)]
pub(in super::super) enum Source {
    Columns(Vec<Column>),
    Constant(String),
}

/// How a field is filled. In this order: columns joined, split, trimmed, the default where nothing is left, `map`, then
/// what its kind asks for.
#[derive(Clone, Debug)]
pub(in super::super) struct Field {
    pub(in super::super) source: Source,
    /// What stands between several columns.
    pub(in super::super) join: String,
    /// Which part of a text between separators, from one.
    pub(in super::super) part: Option<(String, usize)>,
    /// How dates are written.
    pub(in super::super) date: Option<Pattern>,
    /// Code table: what the hospital writes = what it means.
    pub(in super::super) map: BTreeMap<String, String>,
    /// What counts where nothing is written.
    pub(in super::super) default: Option<String>,
    /// Whether the case is refused without it.
    pub(in super::super) required: bool,
}

impl Field {
    /// The columns it needs.
    pub(in super::super) fn columns(&self) -> &[Column] {
        match &self.source {
            Source::Columns(columns) => columns,
            Source::Constant(_) => &[],
        }
    }
}

/// A field written as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    column: Option<Column>,
    columns: Option<Vec<Column>>,
    constant: Option<String>,
    join: Option<String>,
    split: Option<String>,
    part: Option<usize>,
    date: Option<Pattern>,
    #[serde(default)]
    map: BTreeMap<String, String>,
    default: Option<String>,
    #[serde(default)]
    required: bool,
}

impl Written {
    fn field(self) -> Result<Field, &'static str> {
        let source = match (self.column, self.columns, self.constant) {
            (Some(column), None, None) => Source::Columns(vec![column]),
            (None, Some(columns), None) if !columns.is_empty() => Source::Columns(columns),
            (None, None, Some(constant)) if !constant.trim().is_empty() => Source::Constant(constant.trim().to_owned()),
            _ => return Err("exactly one of `column`, `columns` and `constant` is needed, and not empty"),
        };
        if self.join.is_some() && !matches!(&source, Source::Columns(columns) if columns.len() > 1) {
            return Err("`join` stands between several `columns`");
        }
        let part = match (self.split, self.part) {
            (Some(split), Some(part)) if !split.is_empty() && part > 0 => Some((split, part)),
            (None, None) => None,
            _ => return Err("`split` (the separator) and `part` (which one, from 1) belong together"),
        };
        let constant = matches!(source, Source::Constant(_));
        if constant && (part.is_some() || self.date.is_some() || !self.map.is_empty() || self.default.is_some()) {
            return Err("a `constant` is written as it shall be; nothing else goes with it");
        }
        Ok(Field {
            source,
            join: self.join.unwrap_or_else(|| " ".to_owned()),
            part,
            date: self.date,
            map: self.map,
            default: self.default,
            required: self.required,
        })
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, or a table such as { column = \"…\" } or { constant = \"…\" }")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
                let column = Column::try_from(name.to_owned()).map_err(E::custom)?;
                Ok(Field {
                    source: Source::Columns(vec![column]),
                    join: String::new(),
                    part: None,
                    date: None,
                    map: BTreeMap::new(),
                    default: None,
                    required: false,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
                Written::deserialize(MapAccessDeserializer::new(map))?.field().map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}
