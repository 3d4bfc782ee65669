//! Hospitals (醫事機構): a FHIR R4 document Bundle of iClaim, TW Core or TW EMPD → evidence or a rejection.
//!
//! In: bytes. Out: case number, hospital, coverages, documents and warnings, or everything that is wrong.
//! Must not know: whether the hospital may send this, who the payors are to us, what happens next.

use claimgate_fhir::bundle::Bundle;
use claimgate_fhir::evidence::{File, Withdrawn};
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::outcome::{Findings, Issue, IssueKind, OperationOutcome, Policy};
use claimgate_fhir::profile::Rules;
use claimgate_fhir::shape::Shape;
use claimgate_fhir::sources::{DocumentSources, Sources};
use claimgate_fhir::taiwan::Aliases;
use claimgate_fhir::{checks, evidence, parse, structure, xml};
use claimgate_packet::evidence::{Document, Institution};
use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::Timestamp;

mod case;
mod coverage;
mod institution;
pub mod uploads;

pub use coverage::LINE_SYSTEM;

/// What a hospital sent, in our words.
#[derive(Clone)]
pub struct HospitalBundle {
    /// Case number (案件編號).
    pub identifier: CaseIdentifier,
    /// When the Bundle was put together.
    pub timestamp: Timestamp,
    /// The hospital the Bundle names as its author.
    pub institution: Institution,
    /// Who may pay, in Bundle order.
    pub coverages: Vec<CoverageEntry>,
    /// Certificates, receipts, laboratory reports, prescriptions, records, in that order.
    pub documents: Vec<Document>,
    /// Documents the hospital takes back.
    pub withdrawn: Vec<Withdrawn>,
    /// Whether it takes the whole case back (全案作廢); then there are no documents.
    pub voided: bool,
    /// The files that belong to them, each with the position of its document.
    pub attachments: Vec<HospitalAttachment>,
    /// Where the fields of each document came from, in the order of the documents; empty unless asked for.
    pub sources: Vec<DocumentSources>,
    /// Warnings and remarks; they refuse nothing.
    pub warnings: Vec<Issue>,
    /// The form word of its evidence, by the guide the Bundle follows ([`Shape::form`]).
    pub form: &'static str,
}

/// Case number (案件編號), iClaim Bundle.identifier (1..1).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CaseIdentifier {
    /// URI of the namespace, in its one spelling.
    pub system: Option<String>,
    /// The number.
    pub value: String,
}

/// One payor of one Coverage (保險給付).
#[derive(Clone)]
pub struct CoverageEntry {
    /// Who pays.
    pub payor: PayorIdentifier,
    /// Line of insurance (險種), where Coverage.type says it.
    pub line: Option<Line>,
    /// Policy number (保單號碼): Coverage.identifier, otherwise Coverage.subscriberId.
    pub policy_number: Option<String>,
    /// Where the Coverage stands in the Bundle.
    pub path: String,
}

/// The number of the payor organisation; for an insurer its unified business number (統一編號).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PayorIdentifier {
    /// URI of the namespace, in its one spelling.
    pub system: Option<String>,
    /// The number.
    pub value: String,
}

/// A file (of a kind that is passed on, or uploaded before) that belongs to a document.
#[derive(Clone)]
pub struct HospitalAttachment {
    /// The position of its document in [`HospitalBundle::documents`].
    pub document: usize,
    /// Kind, bytes and place.
    pub file: File,
}

opaque_debug!(HospitalAttachment, HospitalBundle, CaseIdentifier, CoverageEntry);

/// Why an input is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Over a bound of size or count (413).
    TooLarge,
    /// Not readable as JSON or XML at all (400).
    Malformed,
    /// Readable, but not what its guide asks for (422).
    Unprocessable,
}

/// A refused input with everything found, errors first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Bundle is refused with {} findings", issues.len())]
pub struct Rejection {
    /// What kind of refusal.
    pub reason: Refused,
    /// All errors and warnings found.
    pub issues: Vec<Issue>,
}

impl Rejection {
    /// As an `OperationOutcome`.
    #[must_use]
    pub fn outcome(&self) -> OperationOutcome {
        OperationOutcome { issues: self.issues.clone() }
    }
}

/// What a reading is bounded and judged by. Cheap to make for each request.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// How much is read.
    pub limits: Limits,
    /// The profiles of the packages the operator loaded.
    pub rules: Option<&'a Rules>,
    /// Which warnings are errors for this hospital.
    pub policy: &'a Policy,
    /// Spellings of systems that are read as others, besides those built in.
    pub aliases: &'a Aliases,
}

static LENIENT: Policy = Policy::lenient();
static NO_ALIASES: Aliases = Aliases::none();

impl Default for Settings<'_> {
    /// The usual limits, no packages, no warning raised, no aliases of one's own.
    fn default() -> Self {
        Self { limits: Limits::default(), rules: None, policy: &LENIENT, aliases: &NO_ALIASES }
    }
}

/// Reads a hospital's Bundle.
///
/// A reference that leads nowhere is a warning: the guide's own example has six of them.
///
/// # Errors
/// A [`Rejection`] with all findings as soon as one of them is an error.
pub fn read(bytes: &[u8], settings: &Settings<'_>) -> Result<HospitalBundle, Rejection> {
    read_format(bytes, Format::Json, settings)
}

/// Reads a hospital's Bundle in either form; what it means is the same.
///
/// # Errors
/// As [`read`].
pub fn read_format(bytes: &[u8], format: Format, settings: &Settings<'_>) -> Result<HospitalBundle, Rejection> {
    read_as(bytes, format, settings, (For::Claim, false))
}

/// Reads a Bundle of records an insurer asked for (病歷調閱): it needs no Coverage, whoever asked is known.
///
/// # Errors
/// As [`read`].
pub fn read_records(bytes: &[u8], format: Format, settings: &Settings<'_>) -> Result<HospitalBundle, Rejection> {
    read_as(bytes, format, settings, (For::Records, false))
}

/// What a Bundle is sent for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Claim,
    Records,
}

/// As [`read_format`]; with `trace` it also says where each field came from ([`HospitalBundle::sources`]).
///
/// # Errors
/// As [`read`].
pub fn read_traced(
    bytes: &[u8],
    format: Format,
    settings: &Settings<'_>,
    trace: bool,
) -> Result<HospitalBundle, Rejection> {
    read_as(bytes, format, settings, (For::Claim, trace))
}

fn read_as(
    bytes: &[u8],
    format: Format,
    settings: &Settings<'_>,
    (sent_for, trace): (For, bool),
) -> Result<HospitalBundle, Rejection> {
    let limits = &settings.limits;
    let root = match format {
        Format::Json => parse::parse(bytes, limits),
        Format::Xml => xml::parse(bytes, limits),
    };
    let mut root = root.map_err(|issue| {
        let reason = if issue.kind == IssueKind::TooCostly { Refused::TooLarge } else { Refused::Malformed };
        Rejection { reason, issues: vec![issue] }
    })?;
    let findings = Findings::under(settings.policy);
    settings.aliases.apply(&mut root, &findings);
    let read = Bundle::open(&root, limits, &findings).and_then(|bundle| {
        let shape = Shape::of(&bundle);
        checks::look(&bundle, shape);
        let voided = case::is_voided(&bundle);
        let head = case::head(&bundle, shape, voided);
        let mut from = [Sources::new(trace), Sources::new(trace)];
        let [of_patient, of_institution] = &mut from;
        let institution = institution::of(&bundle, shape, of_institution);
        let needed = sent_for == For::Claim || bundle.all("Coverage").next().is_some();
        let coverages = if needed { coverage::entries(&bundle) } else { Vec::new() };
        let case = evidence::Case {
            number: (head.identifier.system.clone(), head.identifier.value.clone()),
            patient: case::patient(&bundle, of_patient),
            institution: institution.clone(),
            shape,
            sources: trace.then_some(from),
        };
        let mut documents = Vec::new();
        let (mut sources, mut attachments) = (Vec::new(), Vec::new());
        let (read, withdrawn) = if voided { (Vec::new(), Vec::new()) } else { evidence::documents(&bundle, &case) };
        for read in read {
            let document = documents.len();
            attachments.extend(read.files.into_iter().map(|file| HospitalAttachment { document, file }));
            documents.push(read.document);
            sources.extend(trace.then_some(read.sources));
        }
        // After the readers, so that no fault is told twice.
        structure::check(&root, &findings);
        if let Some(rules) = settings.rules {
            rules.check(&root, &findings);
        }
        let (identifier, timestamp) = (head.identifier, head.timestamp?);
        Some(HospitalBundle {
            identifier,
            timestamp,
            institution,
            coverages,
            documents,
            withdrawn,
            voided,
            attachments,
            sources,
            warnings: Vec::new(),
            form: shape.form(),
        })
    });
    let refused = findings.refused();
    let issues = findings.into_issues();
    match read {
        Some(bundle) if !refused => Ok(HospitalBundle { warnings: issues, ..bundle }),
        _ => {
            let costly = issues.iter().any(|issue| issue.refuses() && issue.kind == IssueKind::TooCostly);
            Err(Rejection { reason: if costly { Refused::TooLarge } else { Refused::Unprocessable }, issues })
        }
    }
}

#[cfg(test)]
mod tests;
