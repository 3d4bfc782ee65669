//! The records of one case → an iClaim document Bundle: entries with ids of their own, references between them.
//!
//! The same records give the same Bundle, byte for byte: ids are made from the case number, the kind of resource and
//! its own number, never from chance or from the order of rows.

use std::collections::{BTreeMap, HashMap};

use claimgate_packet::jose::digest;
use serde_json::{Map as Members, Number, Value, json};

use super::case::Facts;
use super::map::Namespaces;

mod clinical;
mod money;
mod people;

const ICLAIM: &str = "https://claim.cgh.org.tw/iclaim";
const TWCORE: &str = "https://twcore.mohw.gov.tw/ig/twcore";
const HL7: &str = "http://terminology.hl7.org/CodeSystem";
const LOINC: &str = "http://loinc.org";
/// iClaim's document type, LOINC.
const DOCUMENT: &str = "64291-8";
const TITLE: &str = "理賠用收據-診斷證明-檢驗紀錄";

/// A Bundle under way.
struct Writing<'f> {
    facts: &'f Facts,
    systems: &'f Namespaces,
    /// How often each kind and number was met.
    met: HashMap<(String, String), usize>,
    /// Professionals by name, licence and role: where their role stands.
    roles: BTreeMap<(String, String, &'static str), String>,
    people: BTreeMap<(String, String), String>,
    professionals: Vec<Value>,
}

/// Writes the Bundle.
pub(super) fn write(facts: &Facts, systems: &Namespaces) -> Value {
    let mut writing = Writing {
        facts,
        systems,
        met: HashMap::new(),
        roles: BTreeMap::new(),
        people: BTreeMap::new(),
        professionals: Vec::new(),
    };
    writing.bundle()
}

impl Writing<'_> {
    fn bundle(&mut self) -> Value {
        let patient = self.id("Patient", "");
        let hospital = self.id("Organization", "hospital");
        let encounters = self.encounters(&patient);
        let laboratory = self.laboratory(&patient, &encounters);
        let conditions = self.conditions(&patient, &encounters, &laboratory.of_visit);
        let (coverages, insurers) = self.coverages(&patient);
        let claims = self.claims([&patient, &hospital], [&encounters, &conditions, &coverages]);
        let professionals = std::mem::take(&mut self.professionals);
        let people = professionals
            .iter()
            .filter(|entry| entry.pointer("/resource/resourceType") == Some(&json!("Practitioner")));
        let listed = claims.iter().chain(&coverages).chain(&insurers).chain(&conditions).chain(&laboratory.reports);
        let listed = listed.chain(&encounters).chain(people).chain(&laboratory.observations);
        let section: Vec<Value> = listed.map(|entry| reference(&url(entry))).collect();
        let composition = self.composition([&patient, &hospital], &section);
        let entries: Vec<Value> = [composition]
            .into_iter()
            .chain(claims)
            .chain([self.patient(&patient)])
            .chain(coverages)
            .chain(conditions)
            .chain(encounters)
            .chain(laboratory.reports)
            .chain(laboratory.observations)
            .chain(professionals)
            .chain(insurers)
            .chain([self.hospital(&hospital)])
            .collect();
        object([
            ("resourceType", Some(json!("Bundle"))),
            ("id", Some(json!(self.id("Bundle", "").trim_start_matches(URN)))),
            ("meta", Some(profile(&format!("{ICLAIM}/StructureDefinition/bundle-iclaim")))),
            ("identifier", self.case_number()),
            ("type", Some(json!("document"))),
            ("timestamp", self.facts.case.get("timestamp").map(Value::from)),
            ("entry", Some(Value::Array(entries))),
        ])
    }

    fn composition(&mut self, [patient, hospital]: [&str; 2], section: &[Value]) -> Value {
        let id = self.id("Composition", "");
        let kind = concept(coding(LOINC, DOCUMENT, None));
        entry(
            &id,
            "Composition",
            iclaim("composition"),
            [
                ("identifier", self.case_number()),
                ("status", Some(json!("final"))),
                ("type", Some(kind.clone())),
                ("subject", Some(reference(patient))),
                ("date", self.facts.case.get("timestamp").map(Value::from)),
                ("author", Some(json!([reference(hospital)]))),
                ("title", Some(json!(TITLE))),
                ("section", Some(json!([{ "title": TITLE, "code": kind, "entry": section }]))),
            ],
        )
    }

    /// Case number (案件編號).
    fn case_number(&self) -> Option<Value> {
        self.facts.case.get("number").map(|number| json!({ "system": self.systems.case, "value": number }))
    }

    /// A `urn:uuid` from case number, kind and number (version 8 over SHA-256, RFC 9562 §B.2). The same kind and number
    /// again gets the next one.
    fn id(&mut self, kind: &str, number: &str) -> String {
        let met = self.met.entry((kind.to_owned(), number.to_owned())).or_default();
        let case = self.facts.case.get("number").unwrap_or_default();
        let hospital = self.facts.hospital.get("code").unwrap_or_default();
        let name = format!("{hospital}\n{}\n{case}\n{kind}\n{number}\n{met}", self.systems.case);
        *met += 1;
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest::sha256(name.as_bytes())) {
            *to = from;
        }
        format!("{URN}{}", uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

const URN: &str = "urn:uuid:";

/// An object without the members that have nothing.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let filled = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(filled.collect::<Members<String, Value>>())
}

/// An entry with its resource.
fn entry<const N: usize>(url: &str, kind: &str, profiled: Value, members: [(&str, Option<Value>); N]) -> Value {
    let mut resource = object(members);
    if let Some(resource) = resource.as_object_mut() {
        resource.insert("resourceType".to_owned(), json!(kind));
        resource.insert("id".to_owned(), json!(url.trim_start_matches(URN)));
        resource.insert("meta".to_owned(), profiled);
    }
    json!({ "fullUrl": url, "resource": resource })
}

fn url(entry: &Value) -> String {
    entry.get("fullUrl").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn profile(url: &str) -> Value {
    json!({ "profile": [url] })
}

fn iclaim(name: &str) -> Value {
    profile(&format!("{ICLAIM}/StructureDefinition/{name}-iclaim"))
}

fn reference(url: &str) -> Value {
    json!({ "reference": url })
}

fn coding(system: &str, code: &str, display: Option<&str>) -> Value {
    object([("system", Some(json!(system))), ("code", Some(json!(code))), ("display", display.map(Value::from))])
}

fn concept(coding: Value) -> Value {
    Value::Object(Members::from_iter([("coding".to_owned(), Value::Array(vec![coding]))]))
}

/// A concept with a code, or in words alone; nothing where there is neither.
fn coded(system: &str, code: Option<&str>, words: Option<&str>) -> Option<Value> {
    match (code, words) {
        (Some(code), words) => Some(concept(coding(system, code, words))),
        (None, Some(words)) => Some(json!({ "text": words })),
        (None, None) => None,
    }
}

fn identifier(system: Option<&str>, value: Option<&str>) -> Option<Value> {
    let value = value?;
    Some(object([("system", system.map(Value::from)), ("value", Some(json!(value)))]))
}

/// A decimal as FHIR's JSON writes it: an integer or a double of at most 15 digits, which keeps them.
fn number(text: &str) -> Option<Value> {
    serde_json::from_str::<Number>(text).ok().map(Value::Number)
}

fn filled(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then_some(Value::Array(items))
}
