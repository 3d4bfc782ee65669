//! Medical record (病歷) → the sections of a Composition, or a `DocumentReference` where it is a file alone.

use claimgate_packet::evidence::{MedicalRecord, RecordSection};
use serde_json::{Value, json};

use super::Writing;
use super::parts::{concept, concepts, date, filled, maybe, moment, object, reference, text};
use super::visit::Use;

/// The states a document can have of its own; others are of the reference to it.
const OF_THE_DOCUMENT: [&str; 4] = ["preliminary", "final", "amended", "entered-in-error"];

/// Sections as they nest: each with those right inside.
pub(super) fn sections(all: &[RecordSection]) -> Option<Value> {
    let mut rest = all;
    filled(inside(&mut rest, 1))
}

fn inside(rest: &mut &[RecordSection], level: u32) -> Vec<Value> {
    let mut found = Vec::new();
    while let Some((first, more)) = rest.split_first() {
        if first.level < level {
            break;
        }
        // One that stands deeper than the one around it allows gets an unnamed one between.
        let own = if first.level == level {
            *rest = more;
            Some(first)
        } else {
            None
        };
        let within = inside(rest, level + 1);
        found.push(object([
            ("title", own.and_then(|own| text(own.title.as_ref()))),
            ("code", own.and_then(|own| maybe(own.code.as_ref()))),
            ("text", own.and_then(|own| own.text.as_deref()).map(narrative)),
            ("section", filled(within)),
        ]));
    }
    found
}

/// Plain text as a narrative, line by line.
pub(super) fn narrative(text: &str) -> Value {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines = escaped.replace('\n', "<br/>");
    json!({ "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{lines}</div>") })
}

impl Writing<'_> {
    /// What stands beside the sections of a record; says where the visit is.
    pub(super) fn beside(&mut self, record: &MedicalRecord) -> Option<Value> {
        let encounter = record.visit.as_ref().map(|visit| self.visit(Some(visit), Use::Shared));
        let here = encounter.clone().unwrap_or_else(super::parts::absent);
        let shared = super::clinical::Shared {
            number: None,
            encounter: here.clone(),
            recorded: None,
            notes: &record.notes,
            people: Vec::new(),
        };
        self.conditions(&record.diagnoses, shared);
        self.procedures(&record.procedures, &here);
        for one in &record.measurements {
            self.observation(one, "vital-signs");
        }
        encounter
    }

    /// A record that is a file: what its `DocumentReference` says of it.
    pub(super) fn file_record(&mut self, record: &MedicalRecord, content: Vec<Value>) -> String {
        let visit = record.visit.as_ref().map(|visit| self.visit(Some(visit), Use::Shared));
        let authors = self.performers(&record.authors, &record.organisations);
        let authenticator = self.people(&record.attesters).into_iter().next();
        let of_the_document = OF_THE_DOCUMENT.contains(&record.status.as_str());
        let status = if of_the_document { "current" } else { record.status.as_str() };
        // FHIR asks for an instant; the day is what the record says.
        let day = record.written_on.and_then(|day| {
            let start = day.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).ok()?;
            moment(Some(start.timestamp()), Some(day))
        });
        let subject = reference(&self.patient);
        self.list(
            "DocumentReference",
            [
                ("masterIdentifier", record.number.as_ref().map(|number| json!({ "value": number }))),
                ("status", Some(json!(status))),
                ("docStatus", Some(json!(record.status)).filter(|_| of_the_document)),
                ("type", Some(concept(&record.code))),
                ("category", concepts(&record.categories)),
                ("subject", Some(subject)),
                ("date", day.or_else(|| date(record.written_on))),
                ("author", filled(authors)),
                ("authenticator", authenticator),
                ("description", text(record.title.as_ref())),
                ("content", filled(content)),
                ("context", visit.map(|visit| json!({ "encounter": [visit] }))),
            ],
        )
    }
}
