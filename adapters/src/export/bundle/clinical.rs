//! Encounters, Conditions, and laboratory reports with their Observations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::record::Record;
use super::super::value;
use super::people::Role;
use super::{
    HL7, ICLAIM, LOINC, TWCORE, Writing, coded, coding, concept, entry, filled, iclaim, identifier, money, object,
    reference, url,
};

/// What the laboratory found.
pub(super) struct Laboratory {
    pub(super) reports: Vec<Value>,
    pub(super) observations: Vec<Value>,
    /// Where the reports of each visit stand.
    pub(super) of_visit: BTreeMap<Option<usize>, Vec<String>>,
}

/// The results of one report, each with the place of its Observation.
type Results<'r> = Vec<(&'r Record, String)>;

/// LOINC "Laboratory report", for reports without a code of their own.
const LABORATORY_REPORT: &str = "11502-2";

impl Writing<'_> {
    pub(super) fn encounters(&mut self, patient: &str) -> Vec<Value> {
        let facts = self.facts;
        let mut encounters = Vec::new();
        for encounter in &facts.encounters {
            let get = |name| encounter.get(name);
            let id = self.id("Encounter", get("number").unwrap_or_default());
            let physician = self.professional(get("physician_name"), get("physician_licence"), Role::Physician);
            let department = format!("{ICLAIM}/CodeSystem/nhi-department-values");
            let identity = get("identity").map(|word| {
                let url = format!("{ICLAIM}/StructureDefinition/cathay-medicalidentity");
                json!([{ "url": url, "valueCodeableConcept": concept(money::payer(word)) }])
            });
            let period = object([("start", get("start").map(Value::from)), ("end", get("end").map(Value::from))]);
            let days = get("days").and_then(super::number).map(
                |days| json!({ "value": days, "unit": "days", "system": "http://unitsofmeasure.org", "code": "d" }),
            );
            encounters.push(entry(
                &id,
                "Encounter",
                iclaim("encounter"),
                [
                    ("extension", identity),
                    ("identifier", identifier(Some(&self.systems.visit), get("number")).map(|number| json!([number]))),
                    ("status", Some(json!("finished"))),
                    ("class", get("class").map(|code| coding(&format!("{HL7}/v3-ActCode"), code, None))),
                    ("serviceType", coded(&department, get("department_code"), get("department_name"))),
                    ("subject", Some(reference(patient))),
                    ("participant", physician.map(|who| json!([{ "individual": reference(&who) }]))),
                    (
                        "period",
                        Some(period).filter(|period| period.get("start").is_some() || period.get("end").is_some()),
                    ),
                    ("length", days),
                ],
            ));
        }
        encounters
    }

    /// One Condition for each diagnosis; those of one certificate share its number. `reports` are those of each visit.
    pub(super) fn conditions(
        &mut self,
        patient: &str,
        encounters: &[Value],
        reports: &BTreeMap<Option<usize>, Vec<String>>,
    ) -> Vec<Value> {
        let facts = self.facts;
        let mut conditions = Vec::new();
        for (diagnosis, visit) in facts.diagnoses.iter().zip(&facts.links.diagnoses) {
            let get = |name| diagnosis.get(name);
            let key = ["certificate", "code", "name"].map(|name| get(name).unwrap_or_default()).join("\n");
            let id = self.id("Condition", &key);
            let physician = self.professional(get("physician_name"), get("physician_licence"), Role::Physician);
            let physician = physician.map(|who| reference(&who));
            let list = get("system").unwrap_or("icd-10-cm-2023");
            let clinical = coding(&format!("{HL7}/condition-clinical"), get("status").unwrap_or("active"), None);
            let category = coding(&format!("{HL7}/condition-category"), "encounter-diagnosis", None);
            let of_visit: Vec<Value> = reports.get(visit).into_iter().flatten().map(|url| reference(url)).collect();
            conditions.push(entry(
                &id,
                "Condition",
                iclaim("condition"),
                [
                    ("identifier", identifier(None, get("certificate")).map(|number| json!([number]))),
                    ("clinicalStatus", Some(concept(clinical))),
                    ("category", Some(json!([concept(category)]))),
                    ("code", coded(&format!("{TWCORE}/CodeSystem/{list}-tw"), get("code"), get("name"))),
                    ("subject", Some(reference(patient))),
                    ("encounter", visit.and_then(|visit| encounters.get(visit)).map(|visit| reference(&url(visit)))),
                    ("recordedDate", get("issued_on").map(Value::from)),
                    ("recorder", physician.clone()),
                    ("asserter", physician),
                    ("stage", filled(of_visit).map(|reports| json!([{ "assessment": reports }]))),
                    ("note", get("advice").map(|text| json!([{ "text": text }]))),
                ],
            ));
        }
        conditions
    }

    /// Reports, Observations, and which reports belong to which visit. Results of one report number are one report;
    /// without a report number, those of one accession number.
    pub(super) fn laboratory(&mut self, patient: &str, encounters: &[Value]) -> Laboratory {
        let facts = self.facts;
        let mut groups: BTreeMap<(String, Option<usize>), Results<'_>> = BTreeMap::new();
        let mut observations = Vec::new();
        for (lab, visit) in facts.labs.iter().zip(&facts.links.labs) {
            let encounter = visit.and_then(|visit| encounters.get(visit)).map(url);
            let observation = self.observation(lab, patient, encounter.as_deref());
            let number = lab.get("report").or_else(|| lab.get("number")).unwrap_or_default();
            groups.entry((number.to_owned(), *visit)).or_default().push((lab, url(&observation)));
            observations.push(observation);
        }
        let mut reports = Vec::new();
        let mut of_visit: BTreeMap<Option<usize>, Vec<String>> = BTreeMap::new();
        for ((number, visit), results) in groups {
            let id = self.id("DiagnosticReport", &number);
            let first = |name: &str| results.iter().find_map(|(lab, _)| lab.get(name));
            let name = first("report_name");
            let mut kind = concept(coding(LOINC, first("report_code").unwrap_or(LABORATORY_REPORT), None));
            // A name without a code is not the name of the code that stands in for it.
            let told = if first("report_code").is_some() { "/coding/0" } else { "" };
            if let (Some(place), Some(name)) = (kind.pointer_mut(told).and_then(Value::as_object_mut), name) {
                place.insert(if told.is_empty() { "text" } else { "display" }.to_owned(), json!(name));
            }
            let mut conclusions: Vec<&str> = results.iter().filter_map(|(lab, _)| lab.get("conclusion")).collect();
            conclusions.dedup();
            let conclusion = Some(conclusions.join("\n")).filter(|text| !text.is_empty());
            let results: Vec<Value> = results.iter().map(|(_, url)| reference(url)).collect();
            let number = Some(number.as_str()).filter(|_| first_has_report(&facts.labs, &number));
            reports.push(entry(
                &id,
                "DiagnosticReport",
                iclaim("diagnosticreport"),
                [
                    ("identifier", identifier(Some(&self.systems.report), number).map(|number| json!([number]))),
                    ("status", Some(json!("final"))),
                    ("code", Some(kind)),
                    ("subject", Some(reference(patient))),
                    ("result", filled(results)),
                    ("conclusion", conclusion.map(Value::from)),
                ],
            ));
            of_visit.entry(visit).or_default().push(id);
        }
        Laboratory { reports, observations, of_visit }
    }

    fn observation(&mut self, lab: &Record, patient: &str, encounter: Option<&str>) -> Value {
        let get = |name| lab.get(name);
        let key =
            ["report", "number", "code", "name", "sampled_on"].map(|name| get(name).unwrap_or_default()).join("\n");
        let id = self.id("Observation", &key);
        let mut performers = Vec::new();
        for [name, licence] in [["performer_name", "performer_licence"], ["verifier_name", "verifier_licence"]] {
            let who = self.professional(get(name), get(licence), Role::Technologist).map(|who| reference(&who));
            performers.extend(who.filter(|who| !performers.contains(who)));
        }
        let system = match get("system").unwrap_or("loinc") {
            "nhi" => format!("{TWCORE}/CodeSystem/medical-service-payment-tw"),
            "own" => self.systems.test.clone(),
            _ => LOINC.to_owned(),
        };
        let (unit, unit_code) = (get("unit"), get("unit_code"));
        let measured = get("value").and_then(value::quantity);
        let amount = measured.and_then(|(comparator, number)| quantity(number, comparator, unit, unit_code));
        // Words carry their unit with them.
        let words = get("value").filter(|_| amount.is_none()).map(|words| match unit {
            Some(unit) => format!("{words} {unit}"),
            None => words.to_owned(),
        });
        let bound = |name| get(name).and_then(|number| quantity(number, None, unit, unit_code));
        let range = object([("low", bound("low")), ("high", bound("high")), ("text", get("range").map(Value::from))]);
        let flag = get("interpretation")
            .map(|code| json!([concept(coding(&format!("{HL7}/v3-ObservationInterpretation"), code, None))]));
        let laboratory = concept(coding(&format!("{HL7}/observation-category"), "laboratory", None));
        entry(
            &id,
            "Observation",
            iclaim("observation"),
            [
                ("identifier", identifier(Some(&self.systems.accession), get("number")).map(|number| json!([number]))),
                ("status", Some(json!("final"))),
                ("category", Some(json!([laboratory]))),
                ("code", coded(&system, get("code"), get("name"))),
                ("subject", Some(reference(patient))),
                ("encounter", encounter.map(reference)),
                ("effectiveDateTime", get("sampled_on").map(Value::from)),
                ("issued", get("reported").map(Value::from)),
                ("performer", filled(performers)),
                ("valueQuantity", amount),
                ("valueString", words.map(Value::from)),
                ("interpretation", flag),
                ("note", get("note").map(|text| json!([{ "text": text }]))),
                ("referenceRange", Some(range).filter(|range| *range != json!({})).map(|range| json!([range]))),
            ],
        )
    }
}

/// Whether a group's number is a report's own and not an accession number that stands in for one.
fn first_has_report(labs: &[Record], number: &str) -> bool {
    labs.iter().any(|lab| lab.get("report") == Some(number))
}

/// A quantity with a unit, as a laboratory writes it.
fn quantity(value: &str, comparator: Option<&str>, unit: Option<&str>, code: Option<&str>) -> Option<Value> {
    let value = super::number(value)?;
    Some(object([
        ("value", Some(value)),
        ("comparator", comparator.map(Value::from)),
        ("unit", unit.or(code).map(Value::from)),
        ("system", code.map(|_| json!("http://unitsofmeasure.org"))),
        ("code", code.map(Value::from)),
    ]))
}
