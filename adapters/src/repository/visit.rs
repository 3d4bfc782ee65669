//! Visit (就醫/住院) → Encounter. Documents of one visit share one, but for those a reader would put together.

use claimgate_packet::evidence::Visit;
use serde_json::{Value, json};

use super::Writing;
use super::parts::{
    HL7, ICLAIM, absent, coding, concepts, days, filled, identifier, maybe, moment, period, reference, some,
};

/// An Encounter that stands in the Bundle.
pub(super) struct Written {
    visit: Visit,
    url: String,
    /// Who has it for itself: a reader puts together what has the same one.
    taken: Vec<Use>,
}

/// For what a document needs a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// With others.
    Shared,
    /// No other certificate may have it.
    Certificate,
    /// No other prescription may have it.
    Prescription,
}

impl Writing<'_> {
    /// A reference to the visit; where there is none, it says so, because a reader takes the only one there is.
    pub(super) fn visit(&mut self, visit: Option<&Visit>, wanted: Use) -> Value {
        let Some(visit) = visit else { return absent() };
        let free =
            |known: &&mut Written| known.visit == *visit && (wanted == Use::Shared || !known.taken.contains(&wanted));
        if let Some(known) = self.visits.iter_mut().find(free) {
            known.taken.push(wanted);
            return reference(&known.url);
        }
        let url = self.encounter(visit);
        let written = reference(&url);
        self.visits.push(Written { visit: visit.clone(), url, taken: vec![wanted] });
        written
    }

    fn encounter(&mut self, visit: &Visit) -> String {
        let people = self.people(&visit.professionals);
        let number = visit.number.as_ref().map(|number| json!({ "value": number }));
        let identity = visit.medical_identity.as_ref().map(|identity| {
            let url = format!("{ICLAIM}/StructureDefinition/cathay-medicalidentity");
            json!([{ "url": url, "valueCodeableConcept": super::parts::concept(identity) }])
        });
        let stay = some([
            ("admitSource", maybe(visit.admitted_from.as_ref())),
            ("dischargeDisposition", maybe(visit.discharged_to.as_ref())),
        ]);
        // R4 asks for a class; what is withheld is masked.
        let class = visit
            .class
            .as_ref()
            .map_or_else(|| json!({ "system": format!("{HL7}/data-absent-reason"), "display": "masked" }), coding);
        let subject = reference(&self.patient);
        self.list(
            "Encounter",
            [
                ("extension", identity),
                ("identifier", filled(number.into_iter().chain(visit.other_numbers.iter().map(identifier)))),
                ("status", Some(json!("finished"))),
                ("class", Some(class)),
                ("type", concepts(&visit.special_diagnosis)),
                ("serviceType", maybe(visit.department.as_ref())),
                ("subject", Some(subject)),
                ("participant", filled(people.into_iter().map(|who| json!({ "individual": who })))),
                ("period", period(moment(visit.start, visit.first_day), moment(visit.end, visit.last_day))),
                ("length", visit.days.as_deref().and_then(days)),
                ("reasonCode", concepts(&visit.reasons)),
                ("hospitalization", stay),
            ],
        )
    }
}
