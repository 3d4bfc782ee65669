//! One reading of one Bundle: what documents share is read once, and what they repeat is counted.
//!
//! A short Bundle can make long evidence: thousands of Claims that each repeat one long Patient. So every
//! repetition is paid for, and a Bundle that would cost too much is refused before the memory is spent.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use claimgate_packet::evidence::{Institution, Organisation, Patient, Practitioner, Visit};
use serde::Serialize;

use crate::bundle::Bundle;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::people;
use crate::shape::Shape;
use crate::sources::{Sourced, Sources};

use super::file::File;
use super::withdrawal::Withdrawn;
use super::{Case, visit};

/// Bytes that repeated parts may add to the evidence of one Bundle.
const REPEATED: usize = 32 * 1024 * 1024;

/// The resource types that always have a place, without Bundle itself.
const PLACED: [&str; 14] = [
    "Composition",
    "Claim",
    "Invoice",
    "Patient",
    "Coverage",
    "Condition",
    "Encounter",
    "DiagnosticReport",
    "Observation",
    "MedicationRequest",
    "MedicationDispense",
    "Practitioner",
    "PractitionerRole",
    "Organization",
];

/// A document just made, and the paths of the resources it was made of.
pub(super) struct Made<T> {
    pub(super) value: T,
    pub(super) from: Sources,
    /// Its own resources first; the Encounter of its visit may stand among them.
    pub(super) of: Vec<String>,
}

/// Something read once, by the path of its resource, with its size as JSON.
type Shared<T> = RefCell<HashMap<String, Rc<(Option<Sourced<T>>, usize)>>>;

pub(super) struct Reading<'r, 'a> {
    pub(super) bundle: &'r Bundle<'a>,
    case: &'r Case,
    /// What a document costs by naming patient and institution.
    head: usize,
    left: Cell<usize>,
    visits: Shared<Visit>,
    professionals: Shared<Practitioner>,
    organisations: Shared<Organisation>,
    /// Paths of resources that some document carries.
    pub(super) used: RefCell<HashSet<String>>,
    /// Bytes of files, by the path of what holds them.
    pub(super) files: RefCell<HashMap<String, Option<Arc<[u8]>>>>,
    /// Files inside resources, by the path of the resource.
    pub(super) attached: RefCell<Vec<(String, File)>>,
    /// Documents that count no more.
    pub(super) withdrawn: RefCell<Vec<Withdrawn>>,
}

impl<'r, 'a> Reading<'r, 'a> {
    pub(super) fn new(bundle: &'r Bundle<'a>, case: &'r Case) -> Self {
        Self {
            bundle,
            case,
            head: weight(&case.patient) + weight(&case.institution),
            left: Cell::new(REPEATED),
            visits: RefCell::default(),
            professionals: RefCell::default(),
            organisations: RefCell::default(),
            used: RefCell::default(),
            files: RefCell::default(),
            attached: RefCell::default(),
            withdrawn: RefCell::default(),
        }
    }

    /// Which guide the Bundle follows.
    pub(super) fn shape(&self) -> Shape {
        self.case.shape
    }

    /// The hospital that sends it.
    pub(super) fn institution(&self) -> &'r Institution {
        &self.case.institution
    }

    /// Whether a number is the case number (案件編號) itself.
    pub(super) fn is_case_number(&self, system: Option<&str>, value: &str) -> bool {
        let (case_system, case_value) = &self.case.number;
        let same_system = match (system, case_system) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        same_system && value == case_value
    }

    /// Marks a resource as carried by a document.
    pub(super) fn mark(&self, resource: &Element<'a>) {
        self.used.borrow_mut().insert(resource.path().to_owned());
    }

    /// Pays for a repetition; once too little is left, the Bundle is refused.
    pub(super) fn pay(&self, bytes: usize) -> bool {
        if let Some(left) = self.left.get().checked_sub(bytes) {
            self.left.set(left);
            return true;
        }
        self.left.set(0);
        let text = "The documents repeat too much: long texts in resources that many others refer to. \
                    Shorten them, or send fewer documents in one Bundle.";
        let issue = Issue::error(IssueKind::TooCostly, "bundle.too-much-repeated", text);
        self.bundle.head().report(issue.zh("重複內容過多"), "entry");
        false
    }

    /// Patient and institution for one more document, and the start of its sources.
    pub(super) fn head(&self) -> Option<(Patient, Institution, Sources)> {
        self.pay(self.head).then(|| {
            let mut from = self.sources();
            if let Some([patient, institution]) = &self.case.sources {
                from.mount("/patient", patient);
                from.mount("/institution", institution);
            }
            (self.case.patient.clone(), self.case.institution.clone(), from)
        })
    }

    /// Whether the caller asked where fields came from.
    pub(super) fn traces(&self) -> bool {
        self.case.sources.is_some()
    }

    /// A recorder of sources, on where the caller asked for them.
    pub(super) fn sources(&self) -> Sources {
        Sources::new(self.traces())
    }

    /// The Encounter a reference means, or the only one there is.
    pub(super) fn encounter(&self, reference: Option<Element<'a>>) -> Option<Element<'a>> {
        if let Some(reference) = reference {
            return self.bundle.resolve(&reference, &["Encounter"]);
        }
        let mut all = self.bundle.all("Encounter");
        match (all.next(), all.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        }
    }

    /// The visit an Encounter is, as the member `visit` of a document.
    pub(super) fn visit(&self, encounter: Option<&Element<'a>>, from: &mut Sources) -> Option<Visit> {
        let encounter = encounter?;
        let read = once(&self.visits, encounter.path(), || Some(visit::read(self, encounter)));
        let visit = if self.pay(read.1) { read.0.clone() } else { None }?;
        from.mount("/visit", &visit.from);
        Some(visit.value)
    }

    /// The professional a reference means; where it leads nowhere its `display` still names somebody.
    pub(super) fn professional(&self, reference: &Element<'a>) -> Option<Sourced<Practitioner>> {
        let mut from = self.sources();
        let Some(target) = self.bundle.resolve(reference, &people::SOMEBODY) else {
            let name = from.text("/name", reference, "display")?;
            return Some(Sourced { value: Practitioner { name: Some(name), licence: None, role: None }, from });
        };
        let read = once(&self.professionals, target.path(), || {
            let value = people::professional(self.bundle, &target, &mut from)?;
            Some(Sourced { value, from })
        });
        let mut person = if self.pay(read.1) { read.0.clone() } else { None }?;
        if person.value.name.is_none() {
            person.value.name = person.from.text("/name", reference, "display");
        }
        let Practitioner { name, licence, role } = &person.value;
        (name.is_some() || licence.is_some() || role.is_some()).then_some(person)
    }

    /// The organisation a reference means.
    pub(super) fn organisation(&self, reference: &Element<'a>) -> Option<Sourced<Organisation>> {
        let target = self.bundle.resolve(reference, &people::SOMEBODY)?;
        if target.resource_type() != "Organization" {
            return None;
        }
        let read = once(&self.organisations, target.path(), || {
            let mut from = self.sources();
            let value = people::organisation(&target, &mut from)?;
            Some(Sourced { value, from })
        });
        if self.pay(read.1) { read.0.clone() } else { None }
    }

    /// Professionals and organisations among references to performers; each is named once.
    pub(super) fn performers(
        &self,
        references: impl IntoIterator<Item = Element<'a>>,
    ) -> (Vec<Sourced<Practitioner>>, Vec<Sourced<Organisation>>) {
        let (mut people, mut organisations) = (Vec::new(), Vec::new());
        let mut named = HashSet::new();
        for reference in references {
            if reference.string("reference").is_some_and(|text| !named.insert(text)) {
                continue;
            }
            match self.organisation(&reference) {
                Some(organisation) => organisations.push(organisation),
                None => people.extend(self.professional(&reference)),
            }
        }
        (people, organisations)
    }

    /// The reference to the person, read for its type only: there is one Patient in the Bundle.
    pub(super) fn about(&self, resource: &Element<'a>, member: &str) {
        if let Some(reference) = resource.child(member) {
            let _one_patient = self.bundle.resolve(&reference, &["Patient"]);
        }
    }

    /// Reports what no document carries: nothing is left out in silence.
    pub(super) fn leftovers(&self) {
        let findings = self.bundle.head().findings();
        let visits = self.visits.borrow();
        for encounter in self.bundle.all("Encounter").filter(|encounter| !visits.contains_key(encounter.path())) {
            let text = "No document refers to this Encounter, so it is not carried further. Refer to it.";
            let issue = Issue::warning(IssueKind::Incomplete, "encounter.not-used", text);
            findings.report(issue.at(encounter.path()).zh("沒有文件參照此就醫紀錄"));
        }
        let mut unknown: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let used = self.used.borrow();
        let placed = |path: &str, kind: &str| PLACED.contains(&kind) || used.contains(path);
        for entry in self.bundle.entries().iter().filter(|it| !placed(it.resource.path(), it.resource_type())) {
            unknown.entry(entry.resource_type()).or_default().push(entry.resource.path().to_owned());
        }
        for places in unknown.into_values() {
            let text = "Nothing refers to these, or they have no place in the evidence: they are not carried further.";
            let mut issue = Issue::warning(IssueKind::NotSupported, "resource.not-mapped", text).zh("此類資源不會轉送");
            issue.expression = places;
            findings.report(issue);
        }
    }
}

/// The paths of some resources.
pub(super) fn paths<'e, 'a: 'e>(resources: impl IntoIterator<Item = &'e Element<'a>>) -> Vec<String> {
    resources.into_iter().map(|resource| resource.path().to_owned()).collect()
}

/// Reports each of these elements that is there and has no place in the evidence.
pub(super) fn none_carried(element: &Element<'_>, members: &[&str]) {
    for member in members {
        not_carried(element, member, "There is no place for it; write what matters as a note or text.");
    }
}

/// Reports an element that has no place in the evidence.
pub(super) fn not_carried(element: &Element<'_>, member: &str, instead: &str) {
    if element.has(member) {
        let text = format!("This element is not carried further. {instead}");
        let issue = Issue::warning(IssueKind::NotSupported, "element.not-mapped", text);
        element.report(issue.zh("此欄位不會轉送"), member);
    }
}

fn once<T: Serialize>(
    known: &Shared<T>,
    path: &str,
    read: impl FnOnce() -> Option<Sourced<T>>,
) -> Rc<(Option<Sourced<T>>, usize)> {
    if let Some(found) = known.borrow().get(path) {
        return Rc::clone(found);
    }
    let value = read();
    let weight = weight(&value.as_ref().map(|read| &read.value));
    let found = Rc::new((value, weight));
    known.borrow_mut().insert(path.to_owned(), Rc::clone(&found));
    found
}

/// Bytes as JSON, and a few for the tree itself.
pub(super) fn weight(value: &impl Serialize) -> usize {
    64 + serde_json::to_vec(value).map_or(0, |json| json.len())
}
