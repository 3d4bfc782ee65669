//! The text form of an SD-JWT: `jwt~disclosure~..~disclosure~` (RFC 9901 §4), never with a key binding.

use std::fmt;

use crate::limits::DISCLOSURES;

/// The parts of an SD-JWT, each as it travels.
pub(crate) struct SdJwt {
    /// The issuer-signed compact JWT: the manifest.
    pub(crate) jwt: String,
    /// The encoded disclosures.
    pub(crate) disclosures: Vec<String>,
}

crate::opaque_debug!(SdJwt);

impl SdJwt {
    /// Splits the text; `None` where it does not end in `~`, has an empty part or too many.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_suffix('~')?.split('~').map(str::to_owned);
        let jwt = parts.next()?;
        let disclosures: Vec<String> = parts.take(DISCLOSURES + 1).collect();
        let whole =
            !jwt.is_empty() && disclosures.len() <= DISCLOSURES && disclosures.iter().all(|one| !one.is_empty());
        whole.then_some(Self { jwt, disclosures })
    }
}

impl fmt::Display for SdJwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~", self.jwt)?;
        self.disclosures.iter().try_for_each(|one| write!(f, "{one}~"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_splits_and_joins_to_itself() {
        for text in ["a.b.c~", "a.b.c~d~", "a.b.c~d~e~"] {
            assert_eq!(SdJwt::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_key_binding_an_empty_part_or_too_many_are_refused() {
        for text in ["", "~", "a", "a~b", "a~~", "a~b~~", "~b~", "a~b~kb.kb.kb"] {
            assert!(SdJwt::parse(text).is_none(), "{text}");
        }
        assert!(SdJwt::parse(&format!("a~{}", "d~".repeat(DISCLOSURES))).is_some());
        assert!(SdJwt::parse(&format!("a~{}", "d~".repeat(DISCLOSURES + 1))).is_none());
    }
}
