//! The layers of a configuration, one over the other: the file's table, then the environment's variables.
//!
//! In: paths, names, texts. Out: one table. Values are never repeated in an error.

use std::path::Path;

use toml::{Table, Value};

use super::{ConfigError, invalid};

const PREFIX: &str = "CLAIMGATE_";
/// Names the folder of the tests' real examples; no setting.
const TEST_DATA: &str = "CLAIMGATE_SHARED";
/// What tests tell one another; no settings.
const TESTS: &str = "CLAIMGATE_TEST_";

/// Whether a variable of this name is for the configuration.
pub(super) fn is_setting(name: &str) -> bool {
    name.starts_with(PREFIX) && name != TEST_DATA && !name.starts_with(TESTS)
}

/// The table of a TOML file.
pub(super) fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
        path: path.to_owned(),
        message: match error.span() {
            Some(span) => format!("{} (at byte {})", error.message(), span.start),
            None => error.message().to_owned(),
        },
    })
}

/// Lays one table over another, section by section.
pub(super) fn merge(into: &mut Table, from: Table) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Table(inner)), Value::Table(outer)) => merge(inner, outer),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// Lays one variable over the table; it must name a setting and be of its type.
pub(super) fn override_one(table: &mut Table, name: &str, text: String) -> Result<(), ConfigError> {
    let unknown = || ConfigError::UnknownVariable { name: name.to_owned() };
    let path = name.strip_prefix(PREFIX).ok_or_else(unknown)?.to_ascii_lowercase();
    let (section, key) = path.split_once("__").ok_or_else(unknown)?;
    let present = table.get_mut(section).and_then(|inner| inner.get_mut(key)).ok_or_else(unknown)?;
    let wrong = |wanted: &str| invalid(&format!("environment variable {name} must be {wanted}"));
    *present = match present {
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Value::Array(_) => Value::Array(text.split(',').map(|one| Value::String(one.trim().to_owned())).collect()),
        _ => Value::String(text),
    };
    Ok(())
}
