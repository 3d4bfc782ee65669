//! A recipient's own FHIR repository: disclosed evidence → document Bundles of iClaim, TW Core and TW EMPD.
//!
//! In: the documents and files one recipient is given, and what the delivery is. Out: Bundles that the readers of a
//! hospital's Bundle read back as the same documents. Nothing of the hospital's own Bundle is in them, so nothing can
//! be in them that the disclosure policy withheld. Must not know: policies, keys, where it is sent.

use std::collections::HashMap;

use claimgate_packet::evidence::{Document, Institution, Organisation, Patient, Practitioner, Visit};
use claimgate_packet::jose::digest;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde_json::{Value, json};

mod clinical;
mod document;
mod files;
mod laboratory;
mod medication;
mod money;
mod parts;
mod people;
mod plan;
mod record;
mod taken_back;
mod visit;

use parts::{entry, object};

/// The namespace of what a Bundle is known by at the recipient: one delivery, however often it is sent.
pub const DELIVERY_SYSTEM: &str = "urn:claimgate:delivery";
/// The extension of a Composition that says which delivery it is part of.
pub const DELIVERY_EXTENSION: &str = "urn:claimgate:delivery";

/// What the delivery is: ids and words of the gateway, nothing of the person.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// Delivery id.
    pub delivery: String,
    /// The packet it is made from.
    pub packet: String,
    /// The claim.
    pub claim: String,
    /// The recipient's submission.
    pub submission: String,
    /// The line (險種).
    pub line: Line,
    /// The recipient's own count of revisions.
    pub revision: i64,
    /// SHA-256 of the packet's presentation, base64url: what an acknowledgement names.
    pub presentation_digest: String,
    /// When the delivery was made.
    pub created: Timestamp,
    /// The recipient's number and its namespace.
    pub recipient: (&'a str, &'a str),
    /// The recipient's name.
    pub name: &'a str,
    /// The delivery another insurer returned as not its own, where this one follows it.
    pub forwarded_from: Option<String>,
    /// Claims of the same hospital that carry the same receipt and that the recipient got too.
    pub same_receipt_as: Vec<String>,
    /// The delivery whose place this one takes: what the recipient has of the claim from before.
    pub replaces: Option<String>,
}

/// A file of a document, with its bytes.
pub struct FileOf {
    /// Media type, found by content.
    pub media_type: String,
    /// The bytes.
    pub content: Vec<u8>,
}

/// A document as one recipient gets it, with its files.
pub struct Given {
    /// The document, without what is withheld.
    pub document: Document,
    /// Its files; none where they are withheld.
    pub files: Vec<FileOf>,
}

claimgate_packet::opaque_debug!(FileOf, Given);

/// The Bundles of a delivery: one of iClaim for certificates, receipts, reports and plain prescriptions, and one for each
/// medical record and for each prescription with diagnoses of its own, because their guides make a document of each.
///
/// The same delivery gives the same Bundles, byte for byte. Each has an identifier in [`DELIVERY_SYSTEM`]: the delivery's
/// id, for the second one with `.2` behind it, and so on. Documents of types this build does not know are not in them;
/// [`carries`] says which are.
#[must_use]
pub fn bundles(letter: &Letter<'_>, given: &[Given]) -> Vec<Value> {
    let mut all = written(letter, given);
    // Which Bundle of before another one of now stands for is known of the first alone: the plan may be another.
    if let (Some(before), Some(first)) = (&letter.replaces, all.first_mut()) {
        taken_back::replaces(first, before);
    }
    all
}

/// The Bundles of a delivery that takes a whole case back (全案作廢): each takes the place of one of `before`, what the
/// recipient has, and holds nothing of it. Its Composition is `entered-in-error`, with the person, the hospital and the
/// coverage alone.
#[must_use]
pub fn taken_back(letter: &Letter<'_>, before: &[Given]) -> Vec<Value> {
    let mut all = written(letter, before);
    for (bundle, number) in all.iter_mut().zip(1_usize..) {
        taken_back::empty(bundle);
        if let Some(before) = &letter.replaces {
            taken_back::replaces(bundle, &numbered(before, number));
        }
    }
    all
}

fn written(letter: &Letter<'_>, given: &[Given]) -> Vec<Value> {
    let person = people::everything_of_the_patient(given);
    let Some((patient, institution)) = person else { return Vec::new() };
    let planned = plan::of(given);
    let all = planned.iter().zip(1_usize..);
    all.map(|(planned, number)| {
        Writing::new(letter, numbered(&letter.delivery, number)).bundle(planned, &patient, &institution)
    })
    .collect()
}

fn numbered(delivery: &str, number: usize) -> String {
    if number == 1 { delivery.to_owned() } else { format!("{delivery}.{number}") }
}

/// Whether a document has a form in FHIR here.
#[must_use]
pub fn carries(document: &Document) -> bool {
    matches!(
        document,
        Document::DiagnosisCertificate(_)
            | Document::MedicalReceipt(_)
            | Document::LabReport(_)
            | Document::Prescription(_)
            | Document::MedicalRecord(_)
    )
}

/// A Bundle under way.
struct Writing<'l> {
    letter: &'l Letter<'l>,
    number: String,
    /// How many of each kind there are.
    met: HashMap<&'static str, usize>,
    entries: Vec<Value>,
    /// What the sections of the Composition list.
    listed: Vec<Value>,
    patient: String,
    hospital: String,
    visits: Vec<visit::Written>,
    professionals: Vec<(Practitioner, String)>,
    organisations: Vec<(Organisation, String)>,
}

impl<'l> Writing<'l> {
    fn new(letter: &'l Letter<'l>, number: String) -> Self {
        let mut writing = Self {
            letter,
            number,
            met: HashMap::new(),
            entries: Vec::new(),
            listed: Vec::new(),
            patient: String::new(),
            hospital: String::new(),
            visits: Vec::new(),
            professionals: Vec::new(),
            organisations: Vec::new(),
        };
        writing.patient = writing.id("Patient");
        writing.hospital = writing.id("Organization");
        writing
    }

    fn bundle(mut self, planned: &plan::Planned<'_>, patient: &Patient, institution: &Institution) -> Value {
        let composition = self.document(planned);
        let head = vec![composition, self.patient(patient), self.hospital(institution)];
        let entries: Vec<Value> = head.into_iter().chain(std::mem::take(&mut self.entries)).collect();
        object([
            ("resourceType", Some(json!("Bundle"))),
            ("meta", Some(json!({ "profile": [planned.kind.profile()] }))),
            ("identifier", Some(json!({ "system": DELIVERY_SYSTEM, "value": self.number }))),
            ("type", Some(json!("document"))),
            ("timestamp", Some(json!(parts::instant(self.letter.created)))),
            ("entry", Some(Value::Array(entries))),
        ])
    }

    /// A `urn:uuid` from the Bundle's identifier and the kind of resource (version 8 over SHA-256, RFC 9562 §B.2).
    fn id(&mut self, kind: &'static str) -> String {
        let met = self.met.entry(kind).or_default();
        let name = format!("{}\n{kind}\n{met}", self.number);
        *met += 1;
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(digest::sha256(name.as_bytes())) {
            *to = from;
        }
        format!("{}{}", parts::URN, uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Adds a resource and says where it stands.
    fn add<const N: usize>(&mut self, kind: &'static str, members: [(&str, Option<Value>); N]) -> String {
        let id = self.id(kind);
        self.entries.push(entry(&id, kind, None, members));
        id
    }

    /// The same, and the Composition lists it.
    fn list<const N: usize>(&mut self, kind: &'static str, members: [(&str, Option<Value>); N]) -> String {
        let id = self.add(kind, members);
        self.listed.push(parts::reference(&id));
        id
    }

    /// The same under a profile it is sure to keep.
    fn list_as<const N: usize>(
        &mut self,
        kind: &'static str,
        profile: &str,
        members: [(&str, Option<Value>); N],
    ) -> String {
        let id = self.id(kind);
        self.entries.push(entry(&id, kind, Some(profile), members));
        self.listed.push(parts::reference(&id));
        id
    }
}

/// What the documents say of the one person and the one hospital, taken together.
pub(crate) fn person(given: &[Given]) -> Option<(Patient, Institution)> {
    people::everything_of_the_patient(given)
}

/// The visit of a document, where it has one.
pub(crate) fn visit_of(document: &Document) -> Option<&Visit> {
    match document {
        Document::DiagnosisCertificate(document) => document.visit.as_ref(),
        Document::MedicalReceipt(document) => document.visit.as_ref(),
        Document::Prescription(document) => document.visit.as_ref(),
        Document::MedicalRecord(document) => document.visit.as_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
