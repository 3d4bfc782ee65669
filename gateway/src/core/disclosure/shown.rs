//! What a packet that was sent shows of one document, told field by field with the reasons of today.
//!
//! In: the document as it came and as it was disclosed. Out: names of fields and reasons, never a value. Must not know:
//! keys, packets, the store.

use serde_json::Value;

use super::explain::{OfField, OfKind};
use super::fields::Field;
use super::share::places;
use super::{Grant, Policy, Why};

/// A document as it came, and as a recipient got it.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The evidence type.
    pub kind: &'a str,
    /// The document.
    pub whole: &'a Value,
    /// What was disclosed of it; `None` is nothing.
    pub disclosed: Option<&'a Value>,
}

claimgate_packet::opaque_debug!(Shown<'_>);

impl Policy {
    /// What was disclosed, with the reasons of this table and of the consent: `now` is what both give today, `nothing`
    /// why they give nothing.
    #[must_use]
    pub fn told(&self, shown: Shown<'_>, now: Option<&Grant>, nothing: &Why) -> OfKind {
        let kind = shown.kind.to_owned();
        let Some(disclosed) = shown.disclosed else {
            let why = if now.is_some() { Why::by_another_table() } else { nothing.clone() };
            return OfKind { kind, given: false, why, fields: Vec::new(), files: None };
        };
        let mut fields = Vec::new();
        if let Some(known) = self.kinds().iter().find(|known| known.name == kind) {
            walk(&known.fields, (shown.whole, disclosed), now, &mut fields);
        }
        OfKind { kind, given: true, why: now.map_or(nothing, Grant::why).clone(), fields, files: None }
    }
}

fn walk(fields: &[Field], (whole, disclosed): (&Value, &Value), now: Option<&Grant>, into: &mut Vec<OfField>) {
    for field in fields {
        let pointer = field.pointer.clone();
        let came = places(whole, [pointer.as_str()]);
        if came.is_empty() {
            continue;
        }
        let same = |place: &String| whole.pointer(place) == disclosed.pointer(place);
        if came.iter().all(same) {
            into.push(OfField { pointer, withheld: None });
        } else if field.fields.is_empty() || places(disclosed, [pointer.as_str()]).is_empty() {
            into.push(OfField { withheld: Some(why_not(now, &pointer)), pointer });
        } else {
            walk(&field.fields, (whole, disclosed), now, into);
        }
    }
}

fn why_not(now: Option<&Grant>, pointer: &str) -> Why {
    match now {
        Some(grant) if !grant.withholds(pointer) => Why::by_another_table(),
        Some(grant) => grant.why_not(pointer).cloned().unwrap_or_else(Why::not_listed),
        None => Why::not_listed(),
    }
}

#[cfg(test)]
mod tests {
    use claimgate_packet::words::{Line, Purpose};
    use serde_json::json;

    use super::super::Addressee;
    use super::*;

    #[test]
    fn only_what_the_document_had_is_told_and_never_a_value() {
        let policy = Policy::built_in().unwrap();
        let to = Addressee::Line(Line::HealthDaily);
        let now = policy.grant(to, Purpose::ClaimAssessment, "diagnosis-certificate");
        let whole = json!({ "number": "C-1", "advice": "休養", "patient": { "name": "王小明", "address": "臺北市" } });
        let disclosed = json!({ "patient": { "name": "王小明" } });
        let shown = Shown { kind: "diagnosis-certificate", whole: &whole, disclosed: Some(&disclosed) };
        let told = policy.told(shown, now, &Why::not_listed());
        assert_eq!(told.pointers(true).collect::<Vec<_>>(), ["/patient/name"]);
        assert_eq!(told.pointers(false).collect::<Vec<_>>(), ["/advice", "/number", "/patient/address"]);
        let why = |pointer: &str| {
            told.fields.iter().find(|field| field.pointer == pointer).and_then(|field| field.withheld.clone()).unwrap()
        };
        assert_eq!(why("/number"), Why::by_another_table());
        assert!(why("/advice").reason.contains("fixed"));
        for value in ["C-1", "休養", "王小明", "臺北市"] {
            assert!(!told.text().contains(value) && !told.to_json().to_string().contains(value));
        }
        let nothing = policy.told(Shown { disclosed: None, ..shown }, None, &Why::by_consent());
        assert!(!nothing.given && nothing.why == Why::by_consent());
    }
}
