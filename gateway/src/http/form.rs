//! `application/x-www-form-urlencoded`: token requests and searches. Each field stands once.

/// The most fields of a form.
const MOST: usize = 32;

/// A form whose fields each stand once.
pub struct Form(Vec<(String, String)>);

claimgate_packet::opaque_debug!(Form);

impl Form {
    /// Reads `name=value&…`; nothing where there are more than 32 fields, one stands twice or is not well encoded.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::within(text, MOST)
    }

    /// The same with another bound.
    #[must_use]
    pub fn within(text: &str, most: usize) -> Option<Self> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if fields.len() == most {
                return None;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = percent_decoded(&name.replace('+', " "))?;
            if fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            fields.push((name, percent_decoded(&value.replace('+', " "))?));
        }
        Some(Self(fields))
    }

    /// The names of all fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value of a field, if it is there and not empty.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// Percent-decoded UTF-8 text, or nothing where it is not well encoded.
#[must_use]
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_first_chunk::<2>()?;
            let digits =
                std::str::from_utf8(digits).ok().filter(|two| two.bytes().all(|one| one.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

/// A token parameter (FHIR R4 §3.1.1.4.10): `system|value`, `|value` (no system: an empty one here), or `value`.
pub(super) fn token(text: &str) -> Option<(Option<String>, String)> {
    let (system, value) = match text.split_once('|') {
        Some((system, value)) => (Some(system.to_owned()), value),
        None => (None, text),
    };
    (!value.is_empty() && text.len() <= 1_024).then(|| (system, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_field_stands_once_and_is_decoded() {
        let form = Form::read("scope=a+b%2Fc&grant_type=x").unwrap();
        assert_eq!(form.one("scope"), Some("a b/c"));
        assert!(Form::read("a=1&a=2").is_none());
        let fields = |count: usize| {
            let fields: Vec<String> = (0..count).map(|number| format!("f{number}=1")).collect();
            fields.join("&")
        };
        assert_eq!(Form::read(&fields(32)).unwrap().one("f31"), Some("1"));
        assert!(Form::read(&fields(33)).is_none(), "what is not read is not passed over");
        for broken in ["a=%", "a=%2", "a=%zz", "a=%ff"] {
            assert!(Form::read(broken).is_none(), "{broken}");
        }
    }
}
