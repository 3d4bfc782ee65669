//! Which documents stand together in one Bundle: as many as a reader can tell apart again.

use claimgate_packet::evidence::{Document, MedicalRecord, Prescription, PrescriptionAct};

use super::parts::{ICLAIM, TWCORE};
use super::{Given, visit_of};

/// What a Bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// iClaim: certificates, receipts, laboratory reports, prescriptions with nothing beside their drugs.
    Claim,
    /// TW Core: one medical record.
    Record,
    /// TW EMPD: one prescription or dispensing slip with diagnoses, measurements or organisations.
    Prescription(PrescriptionAct),
}

impl Kind {
    /// The profile its Bundle names.
    pub(super) fn profile(self) -> String {
        match self {
            Self::Claim => format!("{ICLAIM}/StructureDefinition/bundle-iclaim"),
            Self::Record => format!("{TWCORE}/StructureDefinition/Bundle-document-twcore"),
            Self::Prescription(_) => "https://nhicore.nhi.gov.tw/empd/StructureDefinition/Bundle-empd".to_owned(),
        }
    }
}

/// One Bundle to write.
pub(super) struct Planned<'g> {
    pub(super) kind: Kind,
    pub(super) given: Vec<&'g Given>,
}

impl Planned<'_> {
    /// Whether one more document without a visit would be taken for part of one that is here.
    fn would_merge(&self, one: &Document) -> bool {
        let alike = |known: &&&Given| {
            std::mem::discriminant(&known.document) == std::mem::discriminant(one)
                && visit_of(&known.document).is_none()
        };
        let merges = matches!(one, Document::DiagnosisCertificate(_) | Document::Prescription(_));
        merges && visit_of(one).is_none() && self.given.iter().any(|known| alike(&known))
    }
}

/// The Bundles, the one of iClaim first.
pub(super) fn of(given: &[Given]) -> Vec<Planned<'_>> {
    let (mut claims, mut own): (Vec<Planned<'_>>, Vec<Planned<'_>>) = (Vec::new(), Vec::new());
    for one in given {
        let kind = match &one.document {
            Document::Other { .. } => continue,
            Document::MedicalRecord(record) if is_only_a_file(record, one) => Kind::Claim,
            Document::MedicalRecord(_) => Kind::Record,
            Document::Prescription(prescription) if says_more(prescription) => Kind::Prescription(prescription.act),
            _ => {
                match claims.iter_mut().find(|planned| !planned.would_merge(&one.document)) {
                    Some(planned) => planned.given.push(one),
                    None => claims.push(Planned { kind: Kind::Claim, given: vec![one] }),
                }
                continue;
            }
        };
        own.push(Planned { kind, given: vec![one] });
    }
    claims.extend(own);
    claims
}

/// A record that is a file and what its `DocumentReference` says of it.
pub(super) fn is_only_a_file(record: &MedicalRecord, given: &Given) -> bool {
    !given.files.is_empty()
        && record.text.is_none()
        && record.confidentiality.is_none()
        && record.attesters.len() <= 1
        && record.sections.is_empty()
        && record.diagnoses.is_empty()
        && record.procedures.is_empty()
        && record.measurements.is_empty()
        && record.notes.is_empty()
}

/// Whether a prescription says what iClaim's Bundle has no place for.
fn says_more(prescription: &Prescription) -> bool {
    !(prescription.organisations.is_empty()
        && prescription.diagnoses.is_empty()
        && prescription.measurements.is_empty()
        && prescription.notes.is_empty())
}
