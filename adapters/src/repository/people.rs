//! The patient, the hospital, professionals and organisations.

use claimgate_fhir::taiwan::Namespace;
use claimgate_packet::evidence::{Document, Identifier, Institution, Organisation, Patient, Practitioner};
use serde_json::{Value, json};

use super::parts::{HL7, ICLAIM, TWCORE, code, concept, entry, filled, identifier, object, reference, text};
use super::{Given, Writing};

/// What the documents of a delivery say of the one person and the one hospital, taken together. A Bundle has one Patient:
/// what one document of the delivery shows of the person, the recipient knows for all of them.
pub(super) fn everything_of_the_patient(given: &[Given]) -> Option<(Patient, Institution)> {
    let mut all = given.iter().filter_map(|one| head(&one.document));
    let (patient, institution) = all.next()?;
    let (mut patient, mut institution) = (patient.clone(), institution.clone());
    for (more, of) in all {
        let Patient { name, gender, birth_date, identifiers, address, occupation } = more;
        patient.name = patient.name.take().or_else(|| name.clone());
        patient.gender = patient.gender.take().or_else(|| gender.clone());
        patient.birth_date = patient.birth_date.take().or_else(|| birth_date.clone());
        patient.address = patient.address.take().or_else(|| address.clone());
        patient.occupation = patient.occupation.take().or_else(|| occupation.clone());
        let known = patient.identifiers.clone();
        patient.identifiers.extend(identifiers.iter().filter(|one| !known.contains(one)).cloned());
        institution.name = institution.name.take().or_else(|| of.name.clone());
    }
    Some((patient, institution))
}

fn head(document: &Document) -> Option<(&Patient, &Institution)> {
    match document {
        Document::DiagnosisCertificate(document) => Some((&document.patient, &document.institution)),
        Document::MedicalReceipt(document) => Some((&document.patient, &document.institution)),
        Document::LabReport(document) => Some((&document.patient, &document.institution)),
        Document::Prescription(document) => Some((&document.patient, &document.institution)),
        Document::MedicalRecord(document) => Some((&document.patient, &document.institution)),
        _ => None,
    }
}

impl Writing<'_> {
    pub(super) fn patient(&self, patient: &Patient) -> Value {
        let occupation = patient.occupation.as_ref().map(|occupation| {
            let url = format!("{ICLAIM}/StructureDefinition/cathay-occupation");
            json!([{ "url": url, "valueCodeableConcept": concept(occupation) }])
        });
        let members = [
            ("extension", occupation),
            ("identifier", filled(patient.identifiers.iter().map(number))),
            ("name", patient.name.as_ref().map(|name| json!([{ "use": "official", "text": name }]))),
            ("gender", text(patient.gender.as_ref())),
            ("birthDate", text(patient.birth_date.as_ref())),
            ("address", patient.address.as_ref().map(|address| json!([{ "text": address }]))),
        ];
        entry(&self.patient, "Patient", None, members)
    }

    pub(super) fn hospital(&self, institution: &Institution) -> Value {
        let number = json!([{
            "use": "official",
            "type": code(&format!("{HL7}/v2-0203"), "PRN"),
            "system": Namespace::Institution.uri(),
            "value": institution.code,
        }]);
        let members = [
            ("identifier", Some(number)),
            ("type", Some(json!([code(&format!("{HL7}/organization-type"), "prov")]))),
            ("name", text(institution.name.as_ref())),
        ];
        let profile = format!("{TWCORE}/StructureDefinition/Organization-hosp-twcore");
        entry(&self.hospital, "Organization", Some(&profile), members)
    }

    /// Professionals as references, each a resource of its own within the list: a reader takes two references to one
    /// resource for one person.
    pub(super) fn people(&mut self, all: &[Practitioner]) -> Vec<Value> {
        let mut used: Vec<String> = Vec::new();
        for one in all {
            let known = self.professionals.iter().find(|(known, url)| known == one && !used.contains(url));
            let url = if let Some((_, url)) = known {
                url.clone()
            } else {
                let url = self.professional(one);
                self.professionals.push((one.clone(), url.clone()));
                url
            };
            used.push(url);
        }
        used.iter().map(|url| reference(url)).collect()
    }

    fn professional(&mut self, one: &Practitioner) -> String {
        let licence = one.licence.as_ref().map(
            |number| json!([{ "use": "official", "type": code(&format!("{HL7}/v2-0203"), "MD"), "value": number }]),
        );
        let name = one.name.as_ref().map(|name| json!([{ "use": "official", "text": name }]));
        let known = licence.is_some() || name.is_some();
        let who = known.then(|| self.add("Practitioner", [("identifier", licence), ("name", name)]));
        match (&one.role, who) {
            (None, Some(who)) => who,
            (role, who) => {
                let role = role.as_ref().map(|role| json!([concept(role)]));
                self.add("PractitionerRole", [("practitioner", who.as_deref().map(reference)), ("code", role)])
            }
        }
    }

    /// Organisations as references.
    pub(super) fn organisations(&mut self, all: &[Organisation]) -> Vec<Value> {
        let mut used: Vec<String> = Vec::new();
        for one in all {
            let known = self.organisations.iter().find(|(known, url)| known == one && !used.contains(url));
            let url = if let Some((_, url)) = known {
                url.clone()
            } else {
                let number = one.identifier.as_ref().map(|number| json!([identifier(number)]));
                let url = self.add("Organization", [("identifier", number), ("name", text(one.name.as_ref()))]);
                self.organisations.push((one.clone(), url.clone()));
                url
            };
            used.push(url);
        }
        used.iter().map(|url| reference(url)).collect()
    }

    /// Both, people first.
    pub(super) fn performers(&mut self, people: &[Practitioner], organisations: &[Organisation]) -> Vec<Value> {
        let mut all = self.people(people);
        all.extend(self.organisations(organisations));
        all
    }
}

/// A number of the patient in TW Core's slice, by our word for its kind.
fn number(of: &Identifier) -> Value {
    let kind = match of.kind.as_deref() {
        Some("national-id") => Some("NNxxx"),
        Some("resident-certificate") => Some("PRC"),
        Some("passport") => Some("PPN"),
        Some("medical-record") => Some("MR"),
        other => other,
    };
    let mut coding =
        object([("system", kind.map(|_| json!(format!("{HL7}/v2-0203")))), ("code", kind.map(|kind| json!(kind)))]);
    if let (Some("NNxxx"), Some(coding)) = (kind, coding.as_object_mut()) {
        let suffix = json!({ "extension": [
            { "url": "suffix", "valueString": "TWN" },
            { "url": "valueSet", "valueCanonical": "http://hl7.org/fhir/ValueSet/iso3166-1-3" },
        ], "url": format!("{TWCORE}/StructureDefinition/identifier-suffix") });
        coding.insert("_code".to_owned(), json!({ "extension": [suffix] }));
    }
    object([
        ("use", kind.map(|_| json!("official"))),
        ("type", kind.map(|_| json!({ "coding": [coding] }))),
        ("system", text(of.system.as_ref())),
        ("value", Some(json!(of.value))),
    ])
}
