//! Patient, hospital, insurers, and health professionals with their roles.

use claimgate_fhir::taiwan::{Namespace, ResidentNumber};
use serde_json::{Value, json};

use super::{HL7, ICLAIM, TWCORE, Writing, coded, coding, concept, entry, iclaim, identifier, profile, reference};

/// What a professional is to the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// 主治醫師.
    Physician,
    /// 醫事檢驗師.
    Technologist,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::Physician => "physician",
            Self::Technologist => "technologist",
        }
    }

    fn code(self) -> Value {
        match self {
            Self::Physician => coding("http://snomed.info/sct", "405279007", Some("Attending physician (occupation)")),
            Self::Technologist => {
                coding(&format!("{TWCORE}/CodeSystem/health-professional-tw"), "J", Some("醫事檢驗師"))
            }
        }
    }
}

impl Writing<'_> {
    pub(super) fn patient(&self, id: &str) -> Value {
        let patient = &self.facts.patient;
        let (code, words) = (patient.get("occupation_code"), patient.get("occupation_name"));
        let occupation = coded(&format!("{ICLAIM}/CodeSystem/lia-roc-occupation-values"), code, words);
        let extension = occupation.map(|occupation| {
            let url = format!("{ICLAIM}/StructureDefinition/cathay-occupation");
            json!([{ "url": url, "valueCodeableConcept": occupation }])
        });
        entry(
            id,
            "Patient",
            iclaim("patient"),
            [
                ("extension", extension),
                ("identifier", super::filled(self.numbers())),
                ("name", patient.get("name").map(|name| json!([{ "use": "official", "text": name }]))),
                ("gender", patient.get("gender").map(Value::from)),
                ("birthDate", patient.get("birth_date").map(Value::from)),
                ("address", patient.get("address").map(|text| json!([{ "text": text, "country": "TW" }]))),
            ],
        )
    }

    /// The patient's numbers in TW Core's slices. Many systems keep a resident's number in the column of the national ID.
    fn numbers(&self) -> Vec<Value> {
        let patient = &self.facts.patient;
        let official = |kind: Value, system: &str, value: &str| json!({ "use": "official", "type": concept(kind), "system": system, "value": value });
        let typed = |code: &str| coding(&format!("{HL7}/v2-0203"), code, None);
        let mut numbers = Vec::new();
        let national = patient.get("national_id");
        let is_resident = |value: &&str| value.parse::<ResidentNumber>().is_ok();
        if let Some(value) = national.filter(|value| !is_resident(value)) {
            let mut kind = typed("NNxxx");
            if let Some(kind) = kind.as_object_mut() {
                let suffix = json!({ "extension": [
                    { "url": "suffix", "valueString": "TWN" },
                    { "url": "valueSet", "valueCanonical": "http://hl7.org/fhir/ValueSet/iso3166-1-3" },
                ], "url": format!("{TWCORE}/StructureDefinition/identifier-suffix") });
                kind.insert("_code".to_owned(), json!({ "extension": [suffix] }));
            }
            numbers.push(official(kind, Namespace::NationalId.uri(), value));
        }
        if let Some(value) = patient.get("resident_number").or_else(|| national.filter(is_resident)) {
            numbers.push(official(typed("PRC"), Namespace::ResidentNumber.uri(), value));
        }
        if let Some(value) = patient.get("passport") {
            numbers.push(official(typed("PPN"), Namespace::Passport.uri(), value));
        }
        if let Some(value) = patient.get("chart_number") {
            numbers.push(official(typed("MR"), &self.systems.chart, value));
        }
        numbers
    }

    pub(super) fn hospital(&self, id: &str) -> Value {
        let hospital = &self.facts.hospital;
        let number = hospital.get("code").map(|code| {
            let kind = coding(&format!("{HL7}/v2-0203"), "PRN", None);
            let system = Namespace::Institution.uri();
            json!([{ "use": "official", "type": concept(kind), "system": system, "value": code }])
        });
        organisation(id, "Organization-hosp-twcore", number, "prov", hospital.get("name"))
    }

    /// An insurer by its 統一編號 (eight digits, or seven where a program took the first zero), otherwise by its code.
    pub(super) fn insurer(&mut self, number: &str, name: Option<&str>) -> Value {
        let id = self.id("Organization", number);
        let is_ubn = matches!(number.len(), 7 | 8) && number.bytes().all(|byte| byte.is_ascii_digit());
        let found = if is_ubn {
            let kind = coding(&format!("{TWCORE}/CodeSystem/v2-0203"), "UBN", None);
            json!([{ "use": "official", "type": concept(kind), "system": Namespace::Ubn.uri(), "value": number }])
        } else {
            json!([{ "system": "urn:claimgate:insurer-code", "value": number }])
        };
        organisation(&id, "Organization-co-twcore", Some(found), "bus", name)
    }

    /// Where the role of a professional stands; each person and role is written once.
    pub(super) fn professional(&mut self, name: Option<&str>, licence: Option<&str>, role: Role) -> Option<String> {
        if name.is_none() && licence.is_none() {
            return None;
        }
        let (shown, number) = (name.unwrap_or_default().to_owned(), licence.unwrap_or_default().to_owned());
        let key = (shown.clone(), number.clone(), role.word());
        if let Some(known) = self.roles.get(&key) {
            return Some(known.clone());
        }
        let who = (shown, number);
        let person = if let Some(known) = self.people.get(&who) {
            known.clone()
        } else {
            let id = self.id("Practitioner", &format!("{}\n{}", who.0, who.1));
            let kind = concept(coding(&format!("{HL7}/v2-0203"), "MD", None));
            let number = identifier(Some(&self.systems.licence), licence).map(|mut number| {
                if let Some(number) = number.as_object_mut() {
                    number.insert("use".to_owned(), json!("official"));
                    number.insert("type".to_owned(), kind);
                }
                json!([number])
            });
            let name = name.map(|name| json!([{ "use": "official", "text": name }]));
            self.professionals.push(entry(
                &id,
                "Practitioner",
                iclaim("practitioner"),
                [("identifier", number), ("name", name)],
            ));
            self.people.insert(who.clone(), id.clone());
            id
        };
        let id = self.id("PractitionerRole", &format!("{}\n{}\n{}", who.0, who.1, role.word()));
        let members = [("practitioner", Some(reference(&person))), ("code", Some(json!([concept(role.code())])))];
        self.professionals.push(entry(&id, "PractitionerRole", iclaim("practitionerrole"), members));
        self.roles.insert(key, id.clone());
        Some(id)
    }
}

fn organisation(id: &str, profiled: &str, number: Option<Value>, kind: &str, name: Option<&str>) -> Value {
    let kind = concept(coding(&format!("{HL7}/organization-type"), kind, None));
    let resource = profile(&format!("{TWCORE}/StructureDefinition/{profiled}"));
    let members = [("identifier", number), ("type", Some(json!([kind]))), ("name", name.map(Value::from))];
    entry(id, "Organization", resource, members)
}
