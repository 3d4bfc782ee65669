//! A dry run of a push: everything is checked, nothing is kept.

use std::sync::Arc;

use claimgate_fhir::format::Format;
use claimgate_fhir::outcome::{Issue, IssueKind};

use super::attachments;
use super::evidence::{obtained, written};
use super::{Refusal, Request, revised};
use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::party::Party;

impl Engine {
    /// Every finding a push of these bytes would meet, errors and warnings; none means that it would be accepted
    /// without a remark.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn validate(
        &self,
        hospital: &Party,
        format: Format,
        body: &[u8],
        request: Request,
    ) -> Result<Vec<Issue>, Fault> {
        let body: Arc<[u8]> = Arc::from(body);
        let bundle = match self.read_bundle(Arc::clone(&body), format, hospital.policy()).await {
            Ok(bundle) => bundle,
            Err(Refusal::Rejected(rejection)) => return Ok(rejection.issues),
            Err(Refusal::Fault(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Task),
        };
        let mut issues = bundle.warnings.clone();
        if !hospital.is_institution(&bundle.institution.code) {
            let text = "the institution code (醫事機構代碼) of the bundle is not one registered for your hospital";
            issues.push(Issue::error(IssueKind::Forbidden, "bundle.foreign-hospital", text));
        }
        match self.signatures(hospital, &Arc::new(request), (&body, format), &bundle.institution.code).await {
            Ok(checked) => issues.extend(checked.warnings),
            Err(Refusal::Rejected(rejection)) => issues.extend(rejection.issues),
            Err(Refusal::Fault(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Task),
        }
        match self.recipients(&bundle.coverages, false).await {
            Ok(_) => {}
            Err(Refusal::NoRoute(missing)) => issues.extend(missing),
            Err(Refusal::Fault(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Task),
        }
        let only_withdraws = revised::only_takes_back(&bundle);
        let mut evidence = obtained(self, &hospital.id, bundle.form, bundle.documents, None, self.now());
        // Named as in a claim of its own, since names have their size too; nothing is sealed.
        let case = self.case_index(&hospital.id, &bundle.identifier);
        let known = self.store.claim_by_case(&hospital.id, &case).await?;
        let key = known.as_ref().map(|head| self.vault.open_claim_key(head.id, &head.wrapped_key)).transpose()?;
        if known.is_none() && evidence.is_empty() && only_withdraws {
            issues.push(revised::nothing_to_withdraw());
        }
        let claim = known.as_ref().map(|head| head.id).zip(key.as_ref());
        match self.uploads(&hospital.id, claim, &bundle.attachments).await {
            Ok(uploads) => {
                let alone = ClaimId::new(self.now(), &self.random);
                let carried = attachments::carried(self, alone, &bundle.attachments, uploads);
                attachments::named(self, &mut evidence, &carried, Vec::new())?;
            }
            Err(Refusal::Rejected(rejection)) => issues.extend(rejection.issues),
            Err(Refusal::Fault(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Task),
        }
        match written(&evidence) {
            Ok(_) => {}
            Err(Refusal::TooMuch(bound)) => {
                issues.push(Issue::error(IssueKind::TooCostly, "bundle.too-much", bound).at("Bundle.entry"));
            }
            Err(Refusal::Fault(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Task),
        }
        if hospital.registration().consent.is_none() {
            issues.push(super::accept::consent_missing());
        }
        Ok(issues)
    }
}
