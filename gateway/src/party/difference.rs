//! What a change of a registration changes, for the operator who approves it: old and new side by side.
//!
//! In: a party as it is and as it would be. Out: one line per member that differs, and whether it needs a second operator.
//! Keys stand by kid and thumbprint; contacts, which are personal data, by their number alone.

use claimgate_packet::jose::jwk::{KeyUse, PublicJwk};
use serde::Serialize;
use serde_json::Value;

use super::{Party, Registration};

/// One member that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The member of the document, or `state`.
    pub member: &'static str,
    /// What stands there; empty for nothing.
    pub old: String,
    /// What would stand there; empty for nothing.
    pub new: String,
    /// Whether one operator alone may make it.
    pub alone: bool,
}

/// The members that differ. Under four eyes one operator alone may change authentication keys and contacts.
#[must_use]
pub fn difference(old: Option<&Party>, new: &Party) -> Vec<Difference> {
    // Every member by name: one that is added must be put here before it can be changed unseen.
    let Registration {
        id: _,
        role,
        name,
        auth,
        identifiers,
        lines,
        consent,
        policy,
        receipt,
        form,
        token,
        certificate,
        jwks_url,
        records_url,
        signature_required,
        source_keys,
        signed_answers,
        effective_from,
        effective_until,
        contacts,
        limits,
        jwks: _,
    } = new.registration();
    let before = old.map(Party::registration);
    let mut found = Vec::new();
    let mut compare = |member, old: Option<Value>, new: Value| {
        let old = old.unwrap_or_default();
        // What is written differs, not what is shown: two values could look the same.
        if old != new && !(is_nothing(&old) && is_nothing(&new)) {
            found.push(Difference { member, old: shown(&old), new: shown(&new), alone: false });
        }
    };
    macro_rules! compare {
        ($($member:ident),+) => {$(
            compare(stringify!($member), before.map(|old| json(&old.$member)), json($member));
        )+};
    }
    compare!(role, name, auth, identifiers, lines, consent, policy, receipt, form, token, certificate, jwks_url);
    compare!(records_url, signature_required, signed_answers, effective_from, effective_until, limits);
    let entries = |entries: &[super::SourceKeyEntry]| {
        let keys: Vec<String> =
            entries.iter().map(|key| format!("{} {} {}", key.kid, key.alg, fingerprint(&key.spki))).collect();
        json(&keys)
    };
    compare("source_keys", before.map(|old| entries(&old.source_keys)), entries(source_keys));
    compare("state", old.map(|old| json(&old.state)), json(&new.state));
    let known = before.map_or(&[][..], |old| &old.contacts);
    if known != contacts.as_slice() {
        let count = |count: usize| if count == 0 { String::new() } else { format!("{count} contacts") };
        found.push(Difference { member: "contacts", old: count(known.len()), new: count(contacts.len()), alone: true });
    }
    // Whoever could exchange an operator's key alone could approve as that operator.
    let personal = new.role().always_binds();
    let changed = keys(old.map_or(&[], Party::keys), new.keys()).into_iter();
    found.extend(changed.map(|one| Difference { alone: one.alone && !personal, ..one }));
    found
}

/// Keys by kid: gone, changed, new.
fn keys(old: &[PublicJwk], new: &[PublicJwk]) -> Vec<Difference> {
    let of = |keys: &[PublicJwk], kid: &str| keys.iter().find(|key| key.kid == kid).cloned();
    let mut kids: Vec<&str> = old.iter().chain(new).map(|key| key.kid.as_str()).collect();
    kids.sort_unstable();
    kids.dedup();
    kids.into_iter()
        .map(|kid| (of(old, kid), of(new, kid)))
        .filter(|(old, new)| old != new)
        .map(|(old, new)| Difference {
            member: "jwks",
            alone: old.iter().chain(&new).all(|key| key.usage == KeyUse::Sig),
            old: old.as_ref().map(key).unwrap_or_default(),
            new: new.as_ref().map(key).unwrap_or_default(),
        })
        .collect()
}

fn key(key: &PublicJwk) -> String {
    let mut text = format!("{} {} {} thumbprint {}", key.usage.as_str(), key.alg.as_str(), key.kid, key.thumbprint());
    for (word, at) in [("from", key.not_before), ("until", key.not_after), ("revoked", key.revoked_at)] {
        if let Some(at) = at {
            text.push(' ');
            text.push_str(word);
            text.push(' ');
            text.push_str(&at.to_string());
        }
    }
    text
}

/// SHA-256 of a key's text without its line ends, base64url.
fn fingerprint(spki: &str) -> String {
    let text: String = spki.chars().filter(|sign| !sign.is_ascii_whitespace()).collect();
    claimgate_packet::jose::digest::sha256_text(text.as_bytes())
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || value.as_array().is_some_and(Vec::is_empty)
}

/// A value on one line, without signs that would move a terminal's cursor.
fn shown(value: &Value) -> String {
    let text = match value {
        nothing if is_nothing(nothing) => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    text.chars().map(|sign| if is_plain(sign) { sign } else { '\u{fffd}' }).collect()
}

/// Control signs, and those that turn the direction of writing around.
fn is_plain(sign: char) -> bool {
    !(sign.is_control() || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

#[cfg(test)]
mod tests;
