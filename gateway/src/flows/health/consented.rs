//! What the patient consented to for a case, where the hospital's basis is the patient's own consent: the newest
//! application, if it is of the person the documents speak of.

use std::collections::BTreeSet;

use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_packet::evidence::{CLAIM_APPLICATION, CONSENT, Document, Evidence, Patient};

use super::{evidence, sharing};
use crate::consent::{ByPatient, Given, Limits, NoPermit};
use crate::core::application::Signed;
use crate::core::coordination::Share;
use crate::core::master::Encrypted;
use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::keys::index::Mac;
use crate::party::{ConsentBasis, Party, PartyId, Role};
use crate::store::ApplicationView;
use claimgate_packet::words::Line;

/// The form of evidence that came as an application.
const FORM: &str = "claimgate-application";

/// A patient's consent for a case, and the documents it becomes.
pub(super) struct Consented {
    /// To whom.
    pub by: ByPatient,
    /// Its consents in the order of the application, those that were taken back among them.
    pub order: Vec<Share>,
    documents: Vec<Document>,
}

impl Consented {
    const NOTHING: Self = Self { by: ByPatient::Nothing, order: Vec::new(), documents: Vec::new() };

    /// What was signed as evidence beside that of the documents: what is there stays as it is, what it replaces goes, the
    /// rest is new. The new ones are counted from the place that is given back.
    pub(super) fn beside(&self, engine: &Engine, hospital: &PartyId, evidence: &mut Vec<Evidence>) -> usize {
        let ours = |one: &Evidence| matches!(one.document.kind(), CLAIM_APPLICATION | CONSENT);
        evidence.retain(|one| !ours(one) || self.documents.contains(&one.document));
        let missing = self.documents.iter().filter(|one| !evidence.iter().any(|there| there.document == **one));
        let missing = missing.cloned().collect();
        let first = evidence.len();
        evidence.extend(evidence::obtained(engine, hospital, FORM, missing, None, engine.now()));
        first
    }
}

impl Engine {
    /// What the patient consented to.
    pub(super) async fn consented<'d>(
        &self,
        hospital: &Party,
        case: &Mac,
        documents: impl IntoIterator<Item = &'d Document>,
    ) -> Result<Consented, Fault> {
        if !matches!(hospital.registration().consent, Some(ConsentBasis::Patient { .. })) {
            return Ok(Consented::NOTHING);
        }
        let Some(view) = self.store.application_of_case(&hospital.id, case).await? else {
            return Ok(Consented::NOTHING);
        };
        let signed = self.signed(&view)?;
        if !documents.into_iter().filter_map(patient).all(|patient| signed.is_of(patient)) {
            return Ok(Consented { by: ByPatient::OtherPerson, ..Consented::NOTHING });
        }
        let open: Vec<(PartyId, Line)> = self
            .store
            .application_recipients(view.id)
            .await?
            .into_iter()
            .filter(|(_, _, withdrawn)| withdrawn.is_none())
            .map(|(party, line, _)| (party, line))
            .collect();
        let order = sharing::order(&signed, &open);
        let (mut given, mut documents) = (Vec::new(), Vec::new());
        for consent in signed.consents {
            let named = open.iter().find(|(party, line)| party.as_str() == consent.insurer && *line == consent.line);
            let Some((party, line)) = named else { continue };
            let kinds = self.policy.kinds().iter().map(|kind| kind.name.to_owned());
            let only: BTreeSet<String> = kinds.filter(|kind| !consent.without.contains(kind)).collect();
            let limits = Limits { only: Some(only).filter(|_| !consent.without.is_empty()), ..Limits::default() };
            given.push(Given { party: party.clone(), line: *line, limits });
            documents.push(Document::Consent(Box::new(consent)));
        }
        if given.is_empty() {
            return Ok(Consented::NOTHING);
        }
        documents.insert(0, Document::ClaimApplication(Box::new(signed.application)));
        Ok(Consented { by: ByPatient::Given(given), order, documents })
    }

    /// What an application holds.
    pub(in crate::flows) fn signed(&self, view: &ApplicationView) -> Result<Signed, Fault> {
        let row = view.id.to_string();
        let plain = self.vault.open_registry(Encrypted::Application.place(&row), &view.body)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Stored("application"))
    }

    /// Whether a delivery may still leave: records that were asked for on the person's own consent to that; all else by the
    /// hospital's basis, and where that is the patient's consent, by that.
    pub(in crate::flows) async fn consents_still(
        &self,
        hospital: &Party,
        claim: ClaimId,
        (party, line): (&PartyId, Line),
    ) -> Result<bool, Fault> {
        if hospital.role() != Role::Hospital {
            return Ok(self.store.accident_goes_to(claim, party, line).await?);
        }
        if let Some(part) = self.store.record_part(claim).await? {
            return self.records_may_leave(claim, &part).await;
        }
        Ok(match hospital.registration().consent {
            Some(ConsentBasis::HospitalAttested { .. }) => true,
            Some(ConsentBasis::Patient { .. }) => self.store.patient_consents(claim, party, line).await?,
            None => false,
        })
    }
}

/// Of whom a document speaks.
pub(super) fn patient(document: &Document) -> Option<&Patient> {
    match document {
        Document::DiagnosisCertificate(one) => Some(&one.patient),
        Document::MedicalReceipt(one) => Some(&one.patient),
        Document::LabReport(one) => Some(&one.patient),
        Document::Prescription(one) => Some(&one.patient),
        Document::MedicalRecord(one) => Some(&one.patient),
        _ => None,
    }
}

/// Why a claim is held, for the hospital.
pub(super) fn held(reason: NoPermit) -> Issue {
    match reason {
        NoPermit::NoBasis => super::accept::consent_missing(),
        NoPermit::NotGiven => Issue::warning(
            IssueKind::BusinessRule,
            "consent.not-given",
            "accepted and held: no application of this case has the patient's consent for any of its insurers; POST one to \
             /hospital/v1/applications, the claim is then sent by itself",
        )
        .zh("已收件並保留：本案尚無病人對承保公司之同意書，完成院內申請後自動送出"),
        NoPermit::OtherPerson => Issue::warning(
            IssueKind::BusinessRule,
            "consent.other-person",
            "accepted and held: the application of this case names another person than the documents (number, or name and \
             date of birth); correct the documents, or send the application of the right person",
        )
        .zh("已收件並保留：理賠申請書之被保險人與文件所載病人不符，請更正後再送"),
    }
}

/// Insurers of the coverages that the patient does not consent to.
pub(super) fn not_named(count: usize) -> Issue {
    Issue::warning(
        IssueKind::Informational,
        "consent.not-named",
        format!("{count} insurer(s) of the coverages get nothing: the patient's consent does not name them"),
    )
    .zh("病人之同意書未列之承保公司，未予送出")
}
