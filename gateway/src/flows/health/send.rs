//! Sending: coverages to recipients, permit to packet, all as rows of one change. Used at the push itself and
//! when a held claim is released.

use claimgate_adapters::hospital::CoverageEntry;
use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_fhir::taiwan;
use claimgate_packet::evidence::Evidence;

use super::{Refusal, words};
use crate::consent::Permit;
use crate::core::change::{Change, SubmissionRow, Write};
use crate::core::delivery::DeliveryState;
use crate::core::packet::{Previous, Workshop, assemble};
use crate::core::route::{self, Coverage, NoRoute, Recipient};
use crate::core::timeline::{Event, entries};
use crate::flows::{Engine, Fault};
use crate::id::{ClaimId, SubmissionId};
use crate::keys::at_rest::ClaimKey;
use crate::keys::ring::SigningUse;
use crate::party::{Party, PartyId};

impl Engine {
    /// Finds the recipients of all coverages in the registry.
    pub(super) async fn recipients(&self, coverages: &[CoverageEntry]) -> Result<Vec<Recipient>, Refusal> {
        let mut found = Vec::new();
        for coverage in coverages {
            let system = coverage.payor.system.as_deref().map_or(taiwan::Namespace::Ubn.uri(), taiwan::canonical);
            let payor = self.store.party_by_identifier(system, coverage.payor.value.trim()).await?;
            found.push(Coverage { path: coverage.path.clone(), line: coverage.line, payor });
        }
        route::recipients(&found).map_err(|missing| Refusal::NoRoute(missing.into_iter().map(issue).collect()))
    }
}

/// How a sending went.
pub(super) struct Sent {
    /// Whether a packet was made.
    pub made: bool,
    /// Recipients that cannot be sealed for now; the claim stays due for them.
    pub without_key: Vec<PartyId>,
    /// Recipients whose delivery is held.
    pub held: Vec<PartyId>,
}

impl Sent {
    /// What the hospital is told.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Issue> {
        self.held.iter().map(inactive).chain(self.without_key.iter().map(without_key))
    }
}

/// Everything one sending needs.
pub(super) struct Sending<'a> {
    pub claim: ClaimId,
    pub revision: i64,
    pub hospital: &'a Party,
    pub key: &'a ClaimKey,
    pub evidence: &'a [Evidence],
    pub permit: &'a Permit,
    pub recipients: &'a [Recipient],
    pub previous: &'a [Previous],
}

impl Sending<'_> {
    /// Signs and seals, and writes consent, packet, deliveries, submissions and timeline into the change.
    pub(super) fn write(&self, engine: &Engine, change: &mut Change) -> Result<Sent, Fault> {
        let now = engine.now();
        let workshop = Workshop {
            issuer: &engine.issuer,
            now,
            random: &engine.random,
            signing: engine.ring.signing(SigningUse::Packet, now)?,
            index: &engine.index,
            claim_key: self.key,
        };
        for recipient in self.recipients {
            change.push(Write::RelyOnParty(recipient.party.id.clone(), recipient.party.version));
        }
        let (ready, waiting): (Vec<Recipient>, Vec<Recipient>) =
            self.recipients.iter().cloned().partition(|one| one.party.encryption_key(now).is_some());
        let made =
            assemble(&workshop, (self.claim, self.revision), self.evidence, (self.permit, &ready), self.previous)?;
        let without_key: Vec<PartyId> = waiting.iter().map(|one| one.party.id.clone()).collect();
        for one in waiting {
            self.tell(engine, change, &Event::HeldForRecipient { party: one.party.id, line: one.line });
        }
        let Some(outgoing) = made else {
            if without_key.is_empty() {
                self.tell(engine, change, &Event::Unchanged);
            }
            return Ok(Sent { made: false, without_key, held: Vec::new() });
        };
        change.push(Write::Consent(self.claim, self.permit.clone(), now));
        self.tell(engine, change, &Event::Signed { recipients: outgoing.deliveries.len() });
        change.push(engine.audit(
            "gateway",
            "packet.signed",
            &outgoing.packet.id,
            [("claim", self.claim.to_string()), ("kid", workshop.signing.public().kid.clone())],
        ));
        change.push(Write::Packet(outgoing.packet));
        let mut held = Vec::new();
        for delivery in outgoing.deliveries {
            change.push(Write::Submission(SubmissionRow {
                id: SubmissionId::new(now, &engine.random),
                claim: self.claim,
                party: delivery.party.clone(),
                line: delivery.line,
                at: now,
            }));
            let (party, line) = (delivery.party.clone(), delivery.line);
            if delivery.state == DeliveryState::Held {
                held.push(party.clone());
                self.tell(engine, change, &Event::HeldForRecipient { party, line });
            } else {
                self.tell(engine, change, &Event::Ready { party, line });
            }
            change.push(Write::Delivery(Box::new(delivery)));
        }
        Ok(Sent { made: true, without_key, held })
    }

    fn tell(&self, engine: &Engine, change: &mut Change, event: &Event) {
        change.tell(entries(self.claim, &self.hospital.id, event, engine.now(), &engine.random));
    }
}

fn without_key(party: &PartyId) -> Issue {
    Issue::warning(
        IssueKind::Informational,
        "recipient.no-key",
        format!("insurer {party} has no valid encryption key now: its packet is made and sent when it has one"),
    )
    .zh("保險公司目前沒有有效的加密金鑰，備妥後自動送出")
}

fn inactive(party: &PartyId) -> Issue {
    Issue::warning(
        IssueKind::Informational,
        "recipient.inactive",
        format!("insurer {party} is registered but not active now: its delivery is held and leaves when it is active"),
    )
    .zh("保險公司目前未啟用，封包已保留，啟用後送出")
}

fn issue(reason: NoRoute) -> Issue {
    match reason {
        NoRoute::UnknownInsurer { path } => Issue::error(
            IssueKind::NotFound,
            "insurer.unknown",
            "the payor of this Coverage is not a registered insurer; check the 統一編號 (system \
             https://gcis.nat.gov.tw) of the Organization that Coverage.payor refers to, or ask the operator which \
             insurers take part",
        )
        .zh("承保公司未參加本平台，請確認統一編號")
        .at(format!("{path}.payor")),
        NoRoute::LineNotOffered { path, offered } => Issue::error(
            IssueKind::BusinessRule,
            "insurer.line-not-offered",
            format!(
                "the insurer of this Coverage does not take this line of insurance here; it takes: {}",
                words(&offered)
            ),
        )
        .zh("該保險公司未開放此險種")
        .at(format!("{path}.type")),
    }
}
