//! JSON that was parsed, read as a type: where it is not as the type wants, and within which bounds.
//!
//! In: a value and a type. Out: the type, or a place and a sentence. Both hold what this program knows, never what the body
//! says: names of its own members, numbers of entries, bounds.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

/// Longest name of a member that is taken for one of this program's own.
const NAME: usize = 40;

/// Where a body is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct Misfit {
    /// The place, as a JSON pointer (RFC 6901); empty for the whole body.
    pub pointer: String,
    /// What is wrong there, the place included.
    pub words: String,
}

/// Reads a value as a type.
///
/// # Errors
/// The first place that differs.
pub(in crate::http) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let said = error.inner().to_string();
        let unknown = said.starts_with("unknown field");
        let pointer = pointer(error.path(), unknown);
        Misfit { words: words(&said, &pointer), pointer }
    })
}

/// The pointer of a path, as far as it goes over members this program names. A member it does not know is the sender's
/// text: the object around it is the place.
fn pointer(path: &Path, unknown: bool) -> String {
    let whole = path.iter().len();
    let segments = path.iter().take(if unknown { whole.saturating_sub(1) } else { whole });
    let places = segments.map_while(|segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } if is_name(key) => Some(format!("/{key}")),
        Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => None,
    });
    places.collect()
}

fn is_name(key: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=NAME).contains(&key.len()) && key.bytes().all(sign)
}

/// What serde says, without what it quotes of the body.
fn words(said: &str, pointer: &str) -> String {
    let place = if pointer.is_empty() { "the body" } else { pointer };
    let what = if said.starts_with("missing field") {
        // The name is this program's own.
        return format!("{place}: {said}");
    } else if said.starts_with("unknown field") {
        "has a member that is not taken here"
    } else if said.starts_with("unknown variant") {
        "is none of its words"
    } else if said.starts_with("invalid type") {
        "is of the wrong type"
    } else {
        "is of the wrong type or form"
    };
    // What stands after the last "expected" is serde's own; what stands before it may quote the body.
    match said.rsplit_once("expected ") {
        Some((_, expected)) if !expected.starts_with("struct ") => format!("{place} {what}; expected {expected}"),
        _ => format!("{place} {what}"),
    }
}

/// The members that are out of their bounds, in order.
pub(in crate::http) fn out_of_bounds(errors: &ValidationErrors) -> Misfit {
    let mut found = Vec::new();
    collect(errors, "", &mut found);
    found.sort_unstable();
    let plain = |(place, bounds): &(String, String)| format!("{}{bounds}", place.trim_start_matches('/'));
    let each: Vec<String> = found.iter().map(plain).collect();
    Misfit {
        pointer: found.into_iter().next().map(|(place, _)| place).unwrap_or_default(),
        words: format!("Out of bounds: {}", each.join(", ")),
    }
}

fn collect(errors: &ValidationErrors, around: &str, found: &mut Vec<(String, String)>) {
    for (name, kind) in errors.errors() {
        let place = format!("{around}/{name}");
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &place, found),
            ValidationErrorsKind::List(entries) => {
                for (index, inner) in entries {
                    collect(inner, &format!("{place}/{index}"), found);
                }
            }
            ValidationErrorsKind::Field(errors) => {
                found.push((place, errors.first().map(bounds).unwrap_or_default()));
            }
        }
    }
}

/// Bounds in words, in brackets; empty where the rule has none.
fn bounds(error: &ValidationError) -> String {
    let number = |name| error.params.get(name).map(ToString::to_string);
    let unit = match (error.code.as_ref(), error.params.get("value")) {
        ("length", Some(Value::Array(_))) => " entries",
        ("length", _) => " characters",
        _ => "",
    };
    match (number("min"), number("max")) {
        (Some(min), Some(max)) if min == max => format!(" ({min}{unit})"),
        (Some(min), Some(max)) => format!(" ({min} to {max}{unit})"),
        (Some(min), None) => format!(" (at least {min}{unit})"),
        (None, Some(max)) => format!(" (at most {max}{unit})"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;
    use validator::Validate;

    use super::*;

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        Paper,
    }

    #[derive(Debug, Deserialize, Serialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        kind: Kind,
        #[validate(length(max = 3))]
        note: Option<String>,
    }

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        #[validate(length(min = 25, max = 40))]
        code: String,
        #[serde(default)]
        #[validate(length(min = 1), nested)]
        entries: Vec<Entry>,
    }

    fn misfit(value: Value) -> (String, String) {
        let Misfit { pointer, words } = typed::<Whole>(value).unwrap_err();
        (pointer, words)
    }

    #[test]
    fn a_misfit_names_its_place_and_never_a_value() {
        let own = |pointer: &str, words: &str| (pointer.to_owned(), words.to_owned());
        assert_eq!(misfit(json!({ "code": 5 })), own("/code", "/code is of the wrong type; expected a string"));
        let kind = misfit(json!({ "code": "", "entries": [{ "kind": "王小明" }] }));
        assert_eq!(kind, own("/entries/0/kind", "/entries/0/kind is none of its words; expected `paper`"));
        let (pointer, words) = misfit(json!({ "code": "", "entries": [{ "kind": "paper", "A123456789": 1 }] }));
        assert_eq!(pointer, "/entries/0");
        assert_eq!(words, "/entries/0 has a member that is not taken here; expected `kind` or `note`");
        let (pointer, words) = misfit(json!({ "code": "", "more": 1 }));
        assert!(pointer.is_empty() && words.starts_with("the body has a member that is not taken here"), "{words}");
        assert_eq!(misfit(json!({ "entries": [] })), own("", "the body: missing field `code`"));
        assert_eq!(misfit(json!([5])).0, "/0");
        let quoted = misfit(json!({ "code": "", "entries": "expected A123456789" }));
        assert_eq!(quoted, own("/entries", "/entries is of the wrong type; expected a sequence"));
    }

    #[test]
    fn bounds_are_said() {
        let body = json!({ "code": "short", "entries": [{ "kind": "paper", "note": "four" }] });
        let found = out_of_bounds(&typed::<Whole>(body).unwrap().validate().unwrap_err());
        assert_eq!(found.pointer, "/code");
        assert_eq!(found.words, "Out of bounds: code (25 to 40 characters), entries/0/note (at most 3 characters)");
        let body = json!({ "code": "a".repeat(30), "entries": [] });
        let found = out_of_bounds(&typed::<Whole>(body).unwrap().validate().unwrap_err());
        assert_eq!(found.words, "Out of bounds: entries (at least 1 entries)");
    }
}
