//! Every `system` of an input in one spelling: the operator's aliases first, then what Taiwanese guides are known
//! to write. The bytes that were sent stay as they are; only the value that is read changes.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::canonical;
use crate::outcome::{Findings, Issue};
use crate::place::Place;

/// Spellings of code systems and namespaces of identifiers that an operator has read as others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases {
    table: BTreeMap<Box<str>, Box<str>>,
}

/// An alias that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAlias {
    /// Empty, or with white space in it.
    #[error("{0:?} is no URI: it is empty or has white space")]
    Form(String),
    /// The alias and what it stands for are one.
    #[error("{0:?} is an alias of itself")]
    Itself(String),
    /// What an alias stands for is an alias again.
    #[error("{0:?} is an alias and stands for something: name the last of the chain")]
    Chain(String),
}

impl Aliases {
    /// No aliases but those built in.
    #[must_use]
    pub const fn none() -> Self {
        Self { table: BTreeMap::new() }
    }

    /// Aliases from (alias, what it stands for). A slash at the end makes no difference.
    ///
    /// # Errors
    /// [`BadAlias`] for the first pair that cannot be used.
    pub fn new<S: AsRef<str>>(pairs: impl IntoIterator<Item = (S, S)>) -> Result<Self, BadAlias> {
        let mut table: BTreeMap<Box<str>, Box<str>> = BTreeMap::new();
        for (alias, meant) in pairs {
            let (alias, meant) = (bare(alias.as_ref()), canonical(meant.as_ref()));
            if let Some(bad) =
                [alias, meant].into_iter().find(|uri| uri.is_empty() || uri.contains(char::is_whitespace))
            {
                return Err(BadAlias::Form(bad.to_owned()));
            }
            if alias == meant {
                return Err(BadAlias::Itself(alias.to_owned()));
            }
            table.insert(Box::from(alias), Box::from(meant));
        }
        match table.values().find(|meant| table.contains_key(*meant)) {
            Some(chain) => Err(BadAlias::Chain(chain.to_string())),
            None => Ok(Self { table }),
        }
    }

    /// Writes every `system` of a resource in its one spelling. One remark for each of these aliases that was met.
    pub fn apply(&self, root: &mut Value, findings: &Findings) {
        let name = match root.get("resourceType").and_then(Value::as_str) {
            Some("Bundle") => "Bundle",
            _ => "Resource",
        };
        self.walk(root, &Place::root(name), &mut HashSet::new(), findings);
    }

    fn walk<'s>(&'s self, value: &mut Value, place: &Place<'_>, met: &mut HashSet<&'s str>, findings: &Findings) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(system) if name == "system" => {
                            self.fold(system, &place.member(name), met, findings);
                        }
                        Value::Object(_) | Value::Array(_) => self.walk(value, &place.member(name), met, findings),
                        _ => {}
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if item.is_object() {
                        self.walk(item, &place.item(index), met, findings);
                    }
                }
            }
            _ => {}
        }
    }

    fn fold<'s>(&'s self, system: &mut String, place: &Place<'_>, met: &mut HashSet<&'s str>, findings: &Findings) {
        let configured = if self.table.is_empty() { None } else { self.table.get_key_value(bare(system)) };
        if let Some((alias, meant)) = configured {
            if met.insert(alias) {
                let text = format!("The system {alias} is read as {meant}, as this gateway is configured. Write that.");
                findings.report(
                    Issue::information("system.alias", text).at(place.to_string()).zh("系統識別 URI 依設定視為另一個"),
                );
            }
            meant.as_ref().clone_into(system);
            return;
        }
        let meant = canonical(system);
        // White space around a URI is a fault of its own, which the check of structure tells.
        if meant != system && system.trim().len() == system.len() {
            *system = meant.to_owned();
        }
    }
}

fn bare(system: &str) -> &str {
    system.trim().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_system_gets_its_one_spelling_and_each_alias_one_remark() {
        let aliases = Aliases::new([("https://hospital.example/codes/", "http://loinc.org")]).unwrap();
        let mut resource = json!({ "resourceType": "Bundle", "entry": [{ "resource": {
            "identifier": [{ "system": "http://www.moi.gov.tw/" }, { "system": "https://hospital.example/mrn" }],
            "code": { "coding": [{ "system": "https://hospital.example/codes" },
                { "system": "https://hospital.example/codes/" },
                { "system": "https://twcore.mohw.gov.tw/ig/twcore/1.0.0/CodeSystem/icd-10-cm-2023-tw" }] },
            "valueQuantity": { "system": "http://unitsofmeasure.org/" }, "telecom": [{ "system": "phone" }],
            "note": [{ "system": 1 }] } }] });
        let findings = Findings::default();
        aliases.apply(&mut resource, &findings);
        let inside = &resource["entry"][0]["resource"];
        assert_eq!(inside["identifier"][0]["system"], "http://www.moi.gov.tw");
        assert_eq!(inside["identifier"][1]["system"], "https://hospital.example/mrn");
        assert_eq!(inside["code"]["coding"][0]["system"], "http://loinc.org");
        assert_eq!(inside["code"]["coding"][1]["system"], "http://loinc.org");
        let icd = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw";
        assert_eq!(inside["code"]["coding"][2]["system"], icd);
        assert_eq!(inside["valueQuantity"]["system"], "http://unitsofmeasure.org");
        assert_eq!(inside["telecom"][0]["system"], "phone");
        let issues = findings.into_issues();
        assert_eq!(issues.len(), 1);
        assert_eq!(issues[0].code, "system.alias");
        assert_eq!(issues[0].expression, ["Bundle.entry[0].resource.code.coding[0].system"]);
    }

    #[test]
    fn an_alias_that_says_nothing_is_refused() {
        let one = |alias, meant| Aliases::new([(alias, meant)]).unwrap_err();
        assert_eq!(one("", "urn:a"), BadAlias::Form(String::new()));
        assert_eq!(one("urn:a b", "urn:a"), BadAlias::Form("urn:a b".to_owned()));
        assert_eq!(one("urn:a/", "urn:a"), BadAlias::Itself("urn:a".to_owned()));
        let chain = Aliases::new([("urn:a", "urn:b"), ("urn:b", "urn:c")]);
        assert_eq!(chain, Err(BadAlias::Chain("urn:b".to_owned())));
    }
}
