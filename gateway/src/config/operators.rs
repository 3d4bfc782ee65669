//! Section `operators`: who may change the registry, and whether two must agree.

use serde::Deserialize;

/// Section `operators`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operators {
    /// Their names, as commands take them with `--as`.
    pub names: Vec<String>,
    /// Whether a second operator must approve what one proposes (四眼原則).
    pub four_eyes: bool,
}

impl Operators {
    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        let fits = |name: &String| (1..=32).contains(&name.len()) && name.bytes().all(sign);
        let mut names = self.names.clone();
        names.sort_unstable();
        names.dedup();
        if names.len() != self.names.len() || !names.iter().all(fits) {
            return Some(
                "operators.names: each once, 1 to 32 lower-case letters, digits and the signs - _ . (in the \
                 environment separated by commas)",
            );
        }
        (self.four_eyes && names.len() == 1).then_some(
            "operators.four_eyes needs at least two operators.names, or none: then registered operators alone count",
        )
    }
}
