//! The same receipt, or the same visit, under another case number of the same hospital: found by keyed digest, told to the
//! hospital, never across hospitals.

use std::collections::BTreeSet;

use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_packet::evidence::{Document, Visit};
use jiff::civil::Date;

use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::keys::index::Mac;
use crate::party::PartyId;

impl Engine {
    /// What makes a claim the same as another: institution, number and day of each receipt (收據鍵), since numbers begin anew
    /// with a year; where there is no receipt, number and first day of each visit.
    pub(super) fn receipt_keys(&self, hospital: &PartyId, documents: &[Document]) -> Vec<Mac> {
        let key = |domain, parts: &[&str]| {
            let mut all = vec![hospital.as_str()];
            all.extend_from_slice(parts);
            self.index.text(domain, &all)
        };
        let receipts = documents.iter().filter_map(|document| match document {
            Document::MedicalReceipt(receipt) => Some(self.receipt_key(
                hospital,
                &receipt.institution.code,
                receipt.number.as_deref()?,
                receipt.issued_on,
            )),
            _ => None,
        });
        let receipts: BTreeSet<Mac> = receipts.collect();
        let any = documents.iter().any(|document| matches!(document, Document::MedicalReceipt(_)));
        if any {
            return receipts.into_iter().collect();
        }
        let visits = documents
            .iter()
            .filter_map(visit)
            .filter_map(|visit| Some(key("visit.key", &[visit.number.as_deref()?, &visit.first_day?.to_string()])));
        visits.collect::<BTreeSet<Mac>>().into_iter().collect()
    }

    /// The digest of a receipt (收據鍵): institution, number and day.
    pub(super) fn receipt_key(
        &self,
        hospital: &PartyId,
        institution: &str,
        number: &str,
        issued_on: Option<Date>,
    ) -> Mac {
        let day = issued_on.map(|day| day.to_string()).unwrap_or_default();
        self.index.text("receipt.key", &[hospital.as_str(), institution, number, &day])
    }

    /// A warning for each open claim of the hospital that holds the same.
    pub(super) async fn same_receipt(
        &self,
        hospital: &PartyId,
        claim: ClaimId,
        keys: &[Mac],
    ) -> Result<Vec<Issue>, Fault> {
        let known = self.store.same_claims(hospital, claim, keys).await?;
        Ok(known.into_iter().map(warning).collect())
    }
}

fn visit(document: &Document) -> Option<&Visit> {
    match document {
        Document::DiagnosisCertificate(document) => document.visit.as_ref(),
        Document::Prescription(document) => document.visit.as_ref(),
        Document::MedicalRecord(document) => document.visit.as_ref(),
        Document::MedicalReceipt(document) => document.visit.as_ref(),
        _ => None,
    }
}

fn warning(known: ClaimId) -> Issue {
    let text = format!(
        "The same receipt, or the same visit, was sent already as claim {known} under another case number. Both are kept \
         and linked: an insurer that gets both is told so. If it is a supplement, send it as a new revision of that case."
    );
    Issue::warning(IssueKind::Duplicate, "claim.same-receipt", text)
        .zh("相同收據或就醫紀錄已以另一案件編號送出，兩案已關聯")
}
