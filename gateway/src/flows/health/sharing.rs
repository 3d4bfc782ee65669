//! Who reimburses the same expenses of a claim (損害填補): from the patient's application, the submissions and their
//! payments, to what one recipient may know of the others.

use std::collections::BTreeSet;

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Consent, Document, Evidence, MEDICAL_RECEIPT, MedicalReceipt};
use claimgate_packet::words::Line;

use crate::core::application::Signed;
use crate::core::coordination::{Holder, Known, Share, Sharing};
use crate::flows::insurer::open_payment;
use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::keys::at_rest::ClaimKey;
use crate::party::{ConsentBasis, PartyId};

/// The receipts among a claim's evidence.
fn receipts(evidence: &[Evidence]) -> impl Iterator<Item = &MedicalReceipt> {
    evidence.iter().filter_map(as_receipt)
}

fn as_receipt(evidence: &Evidence) -> Option<&MedicalReceipt> {
    match &evidence.document {
        Document::MedicalReceipt(receipt) => Some(receipt),
        _ => None,
    }
}

/// The consents of an application in its order; `open` are those that were not taken back.
pub(super) fn order(signed: &Signed, open: &[(PartyId, Line)]) -> Vec<Share> {
    let share = |consent: &Consent| {
        let party: PartyId = consent.insurer.parse().ok()?;
        let stands = open.iter().any(|(to, line)| *to == party && *line == consent.line);
        let gets_receipts = !consent.without.iter().any(|kind| kind == MEDICAL_RECEIPT);
        let may_know = stands && gets_receipts && consent.coordination;
        Some(Share { party, line: consent.line, gets_receipts, may_know })
    };
    signed.consents.iter().filter_map(share).collect()
}

impl Engine {
    /// What is known of a claim's sharing. Nothing is read where no consent names it.
    pub(super) async fn known_sharing(
        &self,
        (hospital, claim, key): (&PartyId, ClaimId, &ClaimKey),
        order: &[Share],
        evidence: &[Evidence],
    ) -> Result<Known, Fault> {
        if !order.iter().any(|share| share.may_know && share.line.reimburses()) {
            return Ok(Known::default());
        }
        let holders = self.holders(claim, key).await?;
        let mut elsewhere = BTreeSet::new();
        for key in receipts(evidence).filter_map(|receipt| receipt.key.as_ref()) {
            let mac = self.receipt_key(hospital, &key.institution, &key.number, Some(key.date));
            if !self.store.same_claims(hospital, claim, &[mac]).await?.is_empty() {
                elsewhere.insert((key.institution.clone(), key.number.clone()));
            }
        }
        Ok(Known { order: order.to_vec(), holders, elsewhere })
    }

    /// The submissions of a claim that may reimburse, with what stayed paid.
    async fn holders(&self, claim: ClaimId, key: &ClaimKey) -> Result<Vec<Holder>, Fault> {
        let mut all = self.store.holders(claim).await?;
        all.retain(|(_, _, line, _)| line.reimburses());
        let ids: Vec<_> = all.iter().map(|(id, ..)| *id).collect();
        let mut payments = self.store.payments(&ids).await?;
        let mut found = Vec::new();
        for (id, party, line, state) in all {
            let mut kept = Twd::ZERO;
            for row in payments.remove(&id).unwrap_or_default() {
                let payment = open_payment(key, &row)?;
                let next = if payment.kind.comes_back() {
                    kept.checked_sub(payment.amount)
                } else {
                    kept.checked_add(payment.amount)
                };
                kept = next.ok_or(Fault::Stored("payment"))?;
            }
            found.push(Holder { party, line, state, kept });
        }
        Ok(found)
    }

    /// How a claim is shared by the application that counts now, with the receipts it holds: nothing where the application
    /// is another person's, or there is none.
    pub(in crate::flows) async fn shared_now(
        &self,
        (claim, key): (ClaimId, &ClaimKey),
    ) -> Result<Option<(Sharing, Vec<Evidence>)>, Fault> {
        let Some(head) = self.store.claim(claim).await? else { return Ok(None) };
        let hospital = self.store.party(&head.hospital).await?.ok_or(Fault::Stored("party"))?;
        if !matches!(hospital.registration().consent, Some(ConsentBasis::Patient { .. })) {
            return Ok(None);
        }
        let mut evidence = Vec::new();
        for (id, body) in self.store.current_evidence(claim).await? {
            evidence.push(super::evidence::from_row(key, id, &body)?);
        }
        let Some(case) = self.store.case_of(claim).await? else { return Ok(None) };
        let consented = self.consented(&hospital, &case, evidence.iter().map(|one| &one.document)).await?;
        let known = self.known_sharing((&hospital.id, claim, key), &consented.order, &evidence).await?;
        let sharing = known.sharing(&[]);
        Ok(Some((sharing, evidence)))
    }
}
