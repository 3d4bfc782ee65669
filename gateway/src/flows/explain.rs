//! What a recipient got of a stored claim, what not, and why: read from the packets that were sent, for the operator.
//!
//! In: claim and party. Out: names, ids, times and reasons; no value of any document. Looking is audited.

use claimgate_packet::signed::{Signed, SignedError};
use claimgate_packet::words::{Line, Purpose};
use serde::Deserialize;
use serde_json::Value;

use super::health::stored_evidence;
use super::{Engine, Fault};
use crate::consent::Limits;
use crate::core::change::Change;
use crate::core::disclosure::explain::OfKind;
use crate::core::disclosure::shown::Shown;
use crate::core::disclosure::{Addressee, Why};
use crate::core::route::addressee;
use crate::id::ClaimId;
use crate::keys::at_rest::{AtRestError, ClaimKey, Place};
use crate::party::{PartyId, Role};
use crate::store::StoreError;
use crate::store::read::{ConsentKept, EvidenceKept, PacketSent};

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error)]
pub enum NotExplained {
    /// No such claim.
    #[error("there is no such claim")]
    NoClaim,
    /// Nothing of the claim was ever made for the party.
    #[error("no packet of this claim was made for this recipient: its coverages do not name it, or it is held")]
    NothingSent,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

macro_rules! faults {
    ($($error:ty),+) => {$(
        impl From<$error> for NotExplained {
            fn from(error: $error) -> Self {
                Self::Fault(error.into())
            }
        }
    )+};
}

faults!(StoreError, AtRestError);

impl From<SignedError> for NotExplained {
    fn from(_: SignedError) -> Self {
        Self::Fault(Fault::Stored("packet"))
    }
}

/// One delivery, explained.
#[derive(Debug)]
pub struct Explained {
    /// The delivery with its packet.
    pub sent: PacketSent,
    /// The purpose the packet states.
    pub purpose: Purpose,
    /// The policy in force when it was signed, by digest; packets of before this was recorded have none.
    pub policy: Option<String>,
    /// The consent it rested on.
    pub consent: Option<ConsentKept>,
    /// What that consent takes away from this recipient.
    pub limits: Option<Limits>,
    /// The claim's evidence of that revision by id, given or not.
    pub evidence: Vec<(String, OfKind)>,
}

#[derive(Deserialize)]
struct Named {
    party: String,
    line: Line,
    #[serde(default)]
    limits: Option<Limits>,
}

impl Engine {
    /// What a party got of a claim, delivery by delivery; of one line where one is asked for.
    ///
    /// # Errors
    /// No such claim, nothing sent, or a fault of ours.
    pub async fn explain(
        &self,
        claim: ClaimId,
        party: &PartyId,
        line: Option<Line>,
    ) -> Result<Vec<Explained>, NotExplained> {
        let head = self.store.claim(claim).await?.ok_or(NotExplained::NoClaim)?;
        let mut sent = self.store.packets_sent(claim, party).await?;
        sent.retain(|one| line.is_none_or(|line| one.line == line));
        if sent.is_empty() {
            return Err(NotExplained::NothingSent);
        }
        // Before anything is opened: who looks is on record, whatever comes of it.
        let mut change = Change::new("explain_packet");
        change.push(self.audit("operator", "packet.explained", &claim, [("recipient", party.to_string())]));
        self.store.commit(change).await?;
        let key = self.vault.open_claim_key(head.id, &head.wrapped_key)?;
        let evidence = self.store.all_evidence(claim).await?;
        let consents = self.store.consents(claim).await?;
        let signings = self.store.signings(claim).await?;
        let role = self.store.party(party).await?.map_or(Role::Insurer, |party| party.role());
        let one = |sent| self.explain_one(&key, (party, role), sent, &evidence, &consents, &signings);
        sent.into_iter().map(one).collect()
    }

    fn explain_one(
        &self,
        key: &ClaimKey,
        (party, role): (&PartyId, Role),
        sent: PacketSent,
        evidence: &[EvidenceKept],
        consents: &[ConsentKept],
        signings: &[(String, String)],
    ) -> Result<Explained, NotExplained> {
        let packet = sent.packet.to_string();
        let stored = key.open(Place { table: "packet", row: &packet, column: "body" }, &sent.body)?;
        let signed = Signed::from_stored(&stored)?;
        let element = signed.recipients().find(|one| one.aud == party.as_str() && one.line == sent.line);
        let purpose = element.ok_or(SignedError::NoRecipient)?.purpose;
        let disclosed = signed.disclosed(party.as_str(), sent.line)?;
        let detail = signings.iter().find(|(subject, _)| *subject == packet).map(|(_, detail)| detail);
        let detail: Option<Value> = detail.and_then(|detail| serde_json::from_str(detail).ok());
        let policy = detail.as_ref().and_then(|detail| detail.get("policy")).and_then(Value::as_str);
        let covering = |one: &&ConsentKept| one.at <= sent.created && named(one, party, sent.line).is_some();
        let consent = consents.iter().rev().find(covering);
        let limits = consent.and_then(|one| named(one, party, sent.line)).and_then(|named| named.limits);
        let mut told = Vec::new();
        for kept in evidence.iter().filter(|one| one.revision == sent.claim_revision) {
            let whole = stored_evidence(key, kept.id.clone(), &kept.body)?;
            let whole = whole.document.to_json().map_err(|_| Fault::Stored("evidence"))?;
            let shown = Shown {
                kind: &kept.kind,
                whole: &whole,
                disclosed: disclosed.get(&kept.id).and_then(|one| one.get("document")),
            };
            told.push((
                kept.id.clone(),
                self.explain_evidence(shown, addressee(role, sent.line), purpose, limits.as_ref()),
            ));
        }
        Ok(Explained {
            purpose,
            policy: policy.map(ToOwned::to_owned),
            consent: consent.cloned(),
            limits,
            evidence: told,
            sent,
        })
    }

    fn explain_evidence(&self, shown: Shown<'_>, to: Addressee, purpose: Purpose, limits: Option<&Limits>) -> OfKind {
        let whole = self.policy.grant(to, purpose, shown.kind);
        let now = match limits {
            Some(limits) => self.policy.narrowed_by(limits, to, purpose, shown.kind),
            None => whole.cloned(),
        };
        let nothing = match whole {
            Some(_) => Why::by_consent(),
            None => self.policy.why_nothing(to, purpose, shown.kind).cloned().unwrap_or_else(Why::not_listed),
        };
        self.policy.told(shown, now.as_ref(), &nothing)
    }
}

fn named(consent: &ConsentKept, party: &PartyId, line: Line) -> Option<Named> {
    let all: Vec<Named> = serde_json::from_str(&consent.recipients).ok()?;
    all.into_iter().find(|one| one.party == party.as_str() && one.line == line)
}
