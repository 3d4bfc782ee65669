//! A request for papers as a FHIR R4 `Task`, after Da Vinci `CDex` 2.1.0 (cdex-task-attachment-request): a payer asks for
//! documents by code. The documents' own codes are ours, beside LOINC where there is one. No lookup, no clock.

use claimgate_packet::evidence::Patient;
use serde_json::{Map, Value, json};

/// Where `CDex` 2.1.0 takes `Task.code` and the type of its inputs from.
const PAS_CODES: &str = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes";

/// A document that is asked for.
#[derive(Clone, Debug)]
pub struct TaskInput {
    /// Its word.
    pub code: &'static str,
    /// Its Chinese name.
    pub display: &'static str,
    /// Its LOINC code, where it has one.
    pub loinc: Option<&'static str>,
    /// What of it.
    pub note: Option<String>,
}

/// A request as its hospital sees it.
#[derive(Clone, Debug)]
pub struct Task {
    /// Logical id.
    pub id: String,
    /// The id of the request in the other interfaces.
    pub number: String,
    /// `Task.status`.
    pub status: &'static str,
    /// The state's own word and its Chinese term.
    pub state: (&'static str, &'static str),
    /// Logical id of the Bundle it is about.
    pub bundle: String,
    /// When it was made, RFC 3339.
    pub authored: String,
    /// The insurer's name.
    pub requester: String,
    /// The hospital's name.
    pub owner: String,
    /// The last day, `YYYY-MM-DD`.
    pub due_on: String,
    /// Documents.
    pub inputs: Vec<TaskInput>,
    /// Texts of the insurer.
    pub notes: Vec<String>,
    /// The Bundle's revision that answers.
    pub revision: Option<i64>,
    /// What a request for records (病歷調閱) has beside; there is no Bundle before it is answered.
    pub records: Option<TaskRecords>,
}

/// Whose records, of which days, on what case of the payer.
#[derive(Clone)]
pub struct TaskRecords {
    /// The person.
    pub person: Patient,
    /// First and last day of treatment, `YYYY-MM-DD`.
    pub period: (String, String),
    /// The payer's own case number.
    pub case_number: String,
    /// Number of the consent.
    pub consent: String,
}

claimgate_packet::opaque_debug!(TaskRecords);

/// The resource.
#[must_use]
pub fn task(task: &Task) -> Value {
    let inputs: Vec<Value> = task.inputs.iter().map(input).collect();
    let notes: Vec<Value> = task.notes.iter().map(|text| json!({ "text": text })).collect();
    let mut resource = json!({
        "resourceType": "Task",
        "id": task.id,
        "identifier": [{ "system": "urn:claimgate:request", "value": task.number }],
        "status": task.status,
        "businessStatus": { "coding": [{
            "system": "urn:claimgate:request-state", "code": task.state.0, "display": task.state.1,
        }] },
        "intent": "order",
        "code": { "coding": [{ "system": PAS_CODES, "code": "attachment-request-code" }] },
        "focus": { "reference": format!("Bundle/{}", task.bundle) },
        // Whose it is stands in the Bundle itself; it is not repeated here.
        "for": { "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked" }] },
        "authoredOn": task.authored,
        "requester": { "display": task.requester },
        "owner": { "display": task.owner },
        "restriction": { "period": { "end": task.due_on } },
        "input": inputs,
    });
    if let Some(members) = resource.as_object_mut() {
        if !notes.is_empty() {
            members.insert("note".to_owned(), Value::Array(notes));
        }
        if let Some(records) = &task.records {
            // Nothing was pushed that it could be about.
            members.remove("focus");
            about(records, members);
        }
        if let Some(revision) = task.revision {
            let reference = format!("Bundle/{}/_history/{revision}", task.bundle);
            let output = json!([{ "type": { "text": "attachments" }, "valueReference": { "reference": reference } }]);
            members.insert("output".to_owned(), output);
        }
    }
    resource
}

/// The person as a contained resource, as `CDex` has it; the case number, the days and the consent.
fn about(records: &TaskRecords, members: &mut Map<String, Value>) {
    let identifiers: Vec<Value> = records
        .person
        .identifiers
        .iter()
        .map(|one| {
            let kind = one.kind.as_deref().map(|kind| ("type", json!({ "text": kind })));
            let system = one.system.as_deref().map(|system| ("system", json!(system)));
            let all = kind.into_iter().chain(system).chain([("value", json!(one.value))]);
            Value::Object(all.map(|(name, value)| (name.to_owned(), value)).collect())
        })
        .collect();
    let mut patient = Map::new();
    patient.insert("resourceType".to_owned(), json!("Patient"));
    patient.insert("id".to_owned(), json!("patient"));
    if !identifiers.is_empty() {
        patient.insert("identifier".to_owned(), Value::Array(identifiers));
    }
    if let Some(name) = &records.person.name {
        patient.insert("name".to_owned(), json!([{ "text": name }]));
    }
    if let Some(born) = &records.person.birth_date {
        patient.insert("birthDate".to_owned(), json!(born));
    }
    members.insert("contained".to_owned(), json!([patient]));
    members.insert("for".to_owned(), json!({ "reference": "#patient" }));
    let case = json!({ "identifier": { "system": "urn:claimgate:case-number", "value": records.case_number } });
    members.insert("reasonReference".to_owned(), case);
    if let Some(inputs) = members.get_mut("input").and_then(Value::as_array_mut) {
        let (start, end) = &records.period;
        inputs
            .push(json!({ "type": { "text": "period of treatment" }, "valuePeriod": { "start": start, "end": end } }));
        inputs.push(json!({ "type": { "text": "consent" }, "valueIdentifier": { "value": records.consent } }));
    }
}

fn input(wanted: &TaskInput) -> Value {
    let mut coding =
        vec![json!({ "system": "urn:claimgate:document", "code": wanted.code, "display": wanted.display })];
    coding.extend(wanted.loinc.map(|code| json!({ "system": "http://loinc.org", "code": code })));
    let text = wanted.note.as_deref().unwrap_or(wanted.display);
    json!({
        "type": { "coding": [{ "system": PAS_CODES, "code": "attachments-needed" }] },
        "valueCodeableConcept": { "coding": coding, "text": text },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_what_cdex_asks_for() {
        let made = task(&Task {
            id: "1".to_owned(),
            number: "tsk_1".to_owned(),
            status: "requested",
            state: ("requested", "已提出"),
            bundle: "2".to_owned(),
            authored: "2026-11-23T00:00:00Z".to_owned(),
            requester: "某某人壽".to_owned(),
            owner: "某某醫院".to_owned(),
            due_on: "2026-12-05".to_owned(),
            inputs: vec![TaskInput {
                code: "operation-record",
                display: "手術紀錄",
                loinc: Some("11504-8"),
                note: None,
            }],
            notes: Vec::new(),
            revision: Some(2),
            records: None,
        });
        for required in ["identifier", "status", "intent", "code", "for", "authoredOn", "requester", "owner", "input"] {
            assert!(made.get(required).is_some(), "{required}");
        }
        assert_eq!(made["input"][0]["valueCodeableConcept"]["coding"][1]["code"], "11504-8");
        assert_eq!(made["output"][0]["valueReference"]["reference"], "Bundle/2/_history/2");
        assert!(made.get("note").is_none());
    }

    #[test]
    fn a_task_for_records_names_the_person_and_no_bundle() {
        let person = json!({ "name": "王小明", "birth_date": "1990-04-22",
            "identifiers": [{ "kind": "national-id", "value": "A123456789" }] });
        let made = task(&Task {
            id: "1".to_owned(),
            number: "tsk_1".to_owned(),
            status: "requested",
            state: ("requested", "已提出"),
            bundle: "2".to_owned(),
            authored: "2026-11-23T00:00:00Z".to_owned(),
            requester: "某某人壽".to_owned(),
            owner: "某某醫院".to_owned(),
            due_on: "2026-12-05".to_owned(),
            inputs: Vec::new(),
            notes: Vec::new(),
            revision: None,
            records: Some(TaskRecords {
                person: serde_json::from_value(person).unwrap(),
                period: ("2026-01-01".to_owned(), "2026-11-22".to_owned()),
                case_number: "L-1".to_owned(),
                consent: "C-1".to_owned(),
            }),
        });
        assert!(made.get("focus").is_none() && made.get("output").is_none());
        assert_eq!(made["for"]["reference"], "#patient");
        assert_eq!(made["contained"][0]["identifier"][0]["value"], "A123456789");
        assert_eq!(made["input"][0]["valuePeriod"]["end"], "2026-11-22");
    }
}
