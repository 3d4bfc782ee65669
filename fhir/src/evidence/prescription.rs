//! Each MedicationRequest → prescription (處方箋), each MedicationDispense → dispensing slip (調劑單張): one document for
//! each prescription number and visit.

use std::collections::HashMap;

use claimgate_packet::evidence::{Organisation, Practitioner, Prescription, PrescriptionAct};
use serde::Serialize;

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::shape::Shape;
use crate::sources::Sourced;

use super::reading::{Made, Reading, paths, weight};

const ACTS: [(&str, PrescriptionAct); 2] =
    [("MedicationRequest", PrescriptionAct::Prescribed), ("MedicationDispense", PrescriptionAct::Dispensed)];

/// What makes orders one prescription.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    act: PrescriptionAct,
    number: Option<&'a str>,
    encounter: Option<String>,
}

/// Orders that make one prescription.
struct Group<'a> {
    act: PrescriptionAct,
    number: Option<&'a str>,
    encounter: Option<Element<'a>>,
    orders: Vec<Element<'a>>,
}

impl<'a> Reading<'_, 'a> {
    /// The prescriptions, then the dispensing slips, each in the order of its first drug.
    pub(super) fn prescriptions(&self) -> Vec<Made<Prescription>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut known: HashMap<Key<'a>, usize> = HashMap::new();
        for (kind, act) in ACTS {
            for order in self.bundle.all(kind) {
                self.about(order, "subject");
                in_force(order);
                let number = order.child("groupIdentifier").and_then(|number| number.string("value"));
                let member = if act == PrescriptionAct::Prescribed { "encounter" } else { "context" };
                let encounter = self.encounter(order.child(member));
                let key = Key { act, number, encounter: encounter.as_ref().map(|it| it.path().to_owned()) };
                let position = *known.entry(key).or_insert(groups.len());
                match groups.get_mut(position) {
                    Some(group) => group.orders.push(order.clone()),
                    None => groups.push(Group { act, number, encounter, orders: vec![order.clone()] }),
                }
            }
        }
        if groups.is_empty() && self.shape() == Shape::Prescription {
            let text = "There is no MedicationRequest or MedicationDispense, so no prescription. Add them.";
            let issue = Issue::error(IssueKind::Required, "bundle.no-prescription", text);
            self.bundle.head().report(issue.zh("處方箋內沒有藥品"), "entry");
        }
        let mut prescriptions: Vec<Made<Prescription>> =
            groups.iter().map_while(|group| self.prescription(group)).collect();
        if self.shape() == Shape::Prescription {
            self.beside(&mut prescriptions);
        }
        prescriptions
    }

    fn prescription(&self, group: &Group<'a>) -> Option<Made<Prescription>> {
        let (patient, institution, mut from) = self.head()?;
        if let Some(first) = group.orders.first() {
            from.rule("/act", "by the type of resource", || vec![first.path().to_owned()]);
            from.note("/number", || first.place("groupIdentifier.value"));
        }
        let mut prescription = Prescription {
            act: group.act,
            number: group.number.map(str::to_owned),
            patient,
            institution,
            organisations: Vec::new(),
            visit: self.visit(group.encounter.as_ref(), &mut from),
            issued_on: None,
            professionals: Vec::new(),
            diagnoses: Vec::new(),
            measurements: Vec::new(),
            notes: Vec::new(),
            drugs: Vec::new(),
        };
        let mut who: Vec<Element<'a>> = Vec::new();
        for order in &group.orders {
            let day = match group.act {
                PrescriptionAct::Prescribed => from.day("/issued_on", order, "authoredOn"),
                PrescriptionAct::Dispensed => {
                    from.first("/issued_on", order, &["whenHandedOver", "whenPrepared"], Element::day)
                }
            };
            prescription.issued_on = prescription.issued_on.or(day);
            who.extend(["requester", "recorder"].iter().filter_map(|member| order.child(member)));
            if group.act == PrescriptionAct::Dispensed {
                who.extend(order.children("performer").iter().filter_map(|performer| performer.child("actor")));
            }
            let drug = self.drug(order)?;
            from.append("/drugs", &mut prescription.drugs, [drug]);
        }
        let (people, organisations) = self.performers(who);
        prescription.professionals = from.list("/professionals", people);
        prescription.organisations = from.list("/organisations", self.others(organisations));
        let of = paths(group.orders.iter().chain(&group.encounter));
        Some(Made { value: prescription, from, of })
    }

    /// What the document says of all its drugs: day, authors, diagnoses, measurements.
    fn beside(&self, prescriptions: &mut [Made<Prescription>]) {
        let composition = self.bundle.all("Composition").next();
        let (people, organisations) = self.authors();
        let (diagnoses, notes) = self.plain_diagnoses();
        let mut measurements = self.measurements();
        let shared = weights(&people) + weights(&organisations) + weights(&diagnoses) + weights(&notes);
        for Made { value: prescription, from, .. } in prescriptions {
            if !self.pay(shared) {
                return;
            }
            if let (None, Some(composition)) = (prescription.issued_on, composition) {
                prescription.issued_on = from.day("/issued_on", composition, "date");
            }
            if prescription.professionals.is_empty() {
                prescription.professionals = from.list("/professionals", people.iter().cloned());
            }
            from.append("/organisations", &mut prescription.organisations, organisations.iter().cloned());
            prescription.diagnoses = from.list("/diagnoses", diagnoses.iter().cloned());
            prescription.notes = from.list("/notes", notes.iter().cloned());
            // Once is enough: the slip stands beside the prescription.
            prescription.measurements = from.list("/measurements", std::mem::take(&mut measurements));
        }
    }

    /// Authors of the document, without the hospital itself.
    pub(super) fn authors(&self) -> (Vec<Sourced<Practitioner>>, Vec<Sourced<Organisation>>) {
        let authors = self.bundle.all("Composition").take(1).flat_map(|composition| composition.children("author"));
        let (people, organisations) = self.performers(authors);
        (people, self.others(organisations))
    }

    /// Organisations beside the one the evidence names as its institution.
    fn others(&self, mut organisations: Vec<Sourced<Organisation>>) -> Vec<Sourced<Organisation>> {
        let (code, name) = (&self.institution().code, &self.institution().name);
        organisations.retain(|organisation| {
            let organisation = &organisation.value;
            let number = organisation.identifier.as_ref().map(|identifier| &identifier.value);
            number != Some(code) || organisation.name != *name
        });
        organisations
    }
}

/// What some parts weigh together.
fn weights<T: Serialize>(parts: &[Sourced<T>]) -> usize {
    parts.iter().map(|part| weight(&part.value)).sum()
}

/// What was withdrawn, or only planned, is no prescription.
fn in_force(order: &Element<'_>) {
    if matches!(order.string("status"), Some("entered-in-error" | "cancelled" | "declined" | "draft")) {
        let text = "A drug order that is mistaken, cancelled, declined or a draft is no evidence. Remove it.";
        let issue = Issue::error(IssueKind::BusinessRule, "prescription.not-in-force", text);
        order.report(issue.zh("處方或調劑已作廢、取消或僅為草稿"), "status");
    }
    // A modifier of FHIR: true turns the order into its opposite.
    if order.boolean("doNotPerform") == Some(true) {
        let text = "An order not to give a drug is no prescription. Remove it.";
        let issue = Issue::error(IssueKind::BusinessRule, "prescription.not-an-order", text);
        order.report(issue.zh("此為禁止給藥之註記，並非處方"), "doNotPerform");
    }
    if matches!(order.string("intent"), Some("proposal" | "plan" | "option")) {
        let text = "A proposal, plan or option is no prescription. Send the order itself.";
        let issue = Issue::error(IssueKind::BusinessRule, "prescription.not-an-order", text);
        order.report(issue.zh("僅為建議或計畫，並非處方"), "intent");
    }
}
