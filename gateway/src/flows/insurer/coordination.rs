//! Coordination (損害填補): what a recipient that reimburses may know of the others now, and who is told that it changed.
//! The packet has it as of its signature; this is the same under the consent as it stands.

use claimgate_packet::coordination::Coordination;
use claimgate_packet::evidence::{Document, Evidence, MEDICAL_RECEIPT, MedicalReceipt};
use claimgate_packet::words::Purpose;

use super::{Engine, Fault, NotDone};
use crate::core::change::Change;
use crate::core::route::addressee;
use crate::core::timeline::{Event, entries};
use crate::id::SubmissionId;
use crate::keys::at_rest::ClaimKey;
use crate::party::PartyId;
use crate::store::{StoreError, SubmissionView};

impl Engine {
    /// What an insurer may know of those that reimburse the same expenses. Every look is audited.
    ///
    /// # Errors
    /// Not there, not named by the consent that stands, a line of a fixed sum, or a fault of ours.
    pub async fn coordination(&self, insurer: &PartyId, id: SubmissionId) -> Result<Coordination, NotDone> {
        let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key).map_err(Fault::from)?;
        let party = self.store.party(insurer).await?.ok_or(Fault::Stored("party"))?;
        let to = addressee(party.role(), submission.line);
        let grant = self.policy.grant(to, Purpose::ClaimAssessment, MEDICAL_RECEIPT);
        let given = submission.line.reimburses() && grant.is_some_and(|grant| !grant.withholds("/key"));
        let Some((sharing, evidence)) = (if given { self.shared_now((submission.claim, &key)).await? } else { None })
        else {
            return Err(NotDone::NotCoordinated);
        };
        let receipts: Vec<&MedicalReceipt> = evidence.iter().filter_map(receipt).collect();
        let element = sharing.element((insurer, submission.line), &receipts, self.now());
        let element = element.ok_or(NotDone::NotCoordinated)?;
        let mut change = Change::new("look_at_coordination");
        let of = [("claim", submission.claim.to_string())];
        change.push(self.audit(insurer.as_str(), "coordination.viewed", &id, of));
        self.store.commit(change).await?;
        Ok(element)
    }

    /// Money of one that reimburses moved: the others whose consent names it are told to look, and nothing more.
    pub(super) async fn tell_sharers(
        &self,
        insurer: &PartyId,
        (submission, key): (&SubmissionView, &ClaimKey),
        change: &mut Change,
    ) -> Result<(), NotDone> {
        if !submission.line.reimburses() {
            return Ok(());
        }
        let shared = match self.shared_now((submission.claim, key)).await {
            // Nobody is told anything of a claim that is restricted; an insurer goes on paying.
            Err(Fault::Store(StoreError::Barred(_))) => return Ok(()),
            shared => shared?,
        };
        let Some((sharing, _)) = shared else { return Ok(()) };
        for (party, line) in sharing.told_of(insurer, submission.line) {
            let event = Event::Coordination { party: party.clone(), line };
            change.tell(entries(submission.claim, &submission.hospital, &event, self.now(), &self.random));
        }
        Ok(())
    }
}

fn receipt(evidence: &Evidence) -> Option<&MedicalReceipt> {
    match &evidence.document {
        Document::MedicalReceipt(receipt) => Some(receipt),
        _ => None,
    }
}
