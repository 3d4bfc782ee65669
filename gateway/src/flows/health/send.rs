//! Sending: coverages to recipients, permit to packet, all as rows of one change. Used at the push itself and
//! when a held claim is released.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use claimgate_adapters::hospital::CoverageEntry;
use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_fhir::taiwan;
use claimgate_packet::evidence::Evidence;
use claimgate_packet::words::{ClaimKind, Line, Purpose};
use jiff::Timestamp;

use super::{Refusal, words};
use crate::consent::Permit;
use crate::core::change::{Change, SubmissionRow, Write};
use crate::core::coordination::Known;
use crate::core::identity::{Hold, IdentityWrite};
use crate::core::packet::{Previous, Workshop, assemble};
use crate::core::revision::Before;
use crate::core::route::{self, Coverage, NoRoute, Recipient};
use crate::core::timeline::{Event, entries};
use crate::core::wallet::Assurance;
use crate::flows::identity::Standing;
use crate::flows::{Engine, Fault};
use crate::id::{ClaimId, SubmissionId};
use crate::keys::at_rest::ClaimKey;
use crate::keys::ring::SigningUse;
use crate::party::{Party, PartyId, Role};

/// More than any person has policies.
const MOST_COVERAGES: usize = 256;

impl Engine {
    /// Finds the recipients of all coverages in the registry, each payor once. With `as_read_last` a payor may be as it
    /// was read last: whoever then commits relies on its version, and nobody is refused on such knowledge.
    pub(super) async fn recipients(
        &self,
        coverages: &[CoverageEntry],
        as_read_last: bool,
    ) -> Result<Vec<Recipient>, Refusal> {
        if as_read_last && let Ok(found) = self.recipients_read(coverages, true).await {
            return Ok(found);
        }
        self.recipients_read(coverages, false).await
    }

    async fn recipients_read(
        &self,
        coverages: &[CoverageEntry],
        as_read_last: bool,
    ) -> Result<Vec<Recipient>, Refusal> {
        if coverages.len() > MOST_COVERAGES {
            return Err(Refusal::TooMuch("a bundle carries at most 256 coverages"));
        }
        let mut payors: BTreeMap<(&str, &str), Option<Arc<Party>>> = BTreeMap::new();
        let mut found = Vec::new();
        for coverage in coverages {
            let system = coverage.payor.system.as_deref().map_or(taiwan::Namespace::Ubn.uri(), taiwan::canonical);
            let value = coverage.payor.value.trim();
            if let Entry::Vacant(place) = payors.entry((system, value)) {
                let known = as_read_last.then(|| self.store.payor_read_last(system, value)).flatten();
                let party = match known {
                    Some(party) => Some(party),
                    None => self.store.party_by_identifier(system, value).await?,
                };
                place.insert(party.map(Arc::new));
            }
            let payor = payors.get(&(system, value)).cloned().flatten();
            found.push(Coverage { path: coverage.path.clone(), line: coverage.line, payor });
        }
        route::recipients(&found).map_err(|missing| Refusal::NoRoute(missing.into_iter().map(issue).collect()))
    }
}

/// How a sending went.
pub(in crate::flows) struct Sent {
    /// Whether a packet was made.
    pub made: bool,
    /// Recipients that get nothing yet, each with the reason; the claim stays due for them.
    pub waiting: Vec<Issue>,
    /// Whether one of them waits for a surer identity from now on, or no more: that is to be written down.
    pub noted: bool,
}

/// Everything one sending needs.
pub(in crate::flows) struct Sending<'a> {
    pub claim: ClaimId,
    pub revision: i64,
    pub hospital: &'a Party,
    pub key: &'a ClaimKey,
    pub evidence: &'a [Evidence],
    pub permit: &'a Permit,
    pub recipients: &'a [Recipient],
    pub previous: &'a [Previous],
    /// What it is compared with.
    pub before: &'a Before,
    pub known: &'a Known,
    /// How sure the claim's person is.
    pub identity: &'a Standing,
}

impl Sending<'_> {
    /// Signs and seals, and writes consent, packet, deliveries, submissions and timeline into the change.
    pub(in crate::flows) fn write(&self, engine: &Engine, change: &mut Change) -> Result<Sent, Fault> {
        let now = engine.time_to_sign()?;
        let covered = || self.recipients.iter().filter(|one| self.permit.covers(&one.party.id, one.line));
        for recipient in covered() {
            change.push(Write::RelyOnParty(recipient.party.id.clone(), recipient.party.version));
        }
        let can_get = |one: &Recipient| one.party.is_live(now) && one.party.encryption_key(now).is_some();
        let (ready, held): (Vec<Recipient>, Vec<Recipient>) = covered().cloned().partition(can_get);
        let (ready, weak) = self.identified_for(engine, ready);
        let sharing = self.known.sharing(&route::named(&ready));
        let ring = engine.ring.present();
        let workshop = Workshop {
            issuer: &engine.issuer,
            kind: if self.hospital.role() == Role::Hospital { ClaimKind::Health } else { ClaimKind::Motor },
            now,
            random: &engine.random,
            signing: ring.signing(SigningUse::Packet, now)?,
            index: &engine.index,
            policy: &engine.policy,
            claim_key: self.key,
            sealers: &engine.sealers,
            sharing: &sharing,
        };
        let made =
            assemble(&workshop, (self.claim, self.revision), self.evidence, (self.permit, &ready), self.compared())?;
        self.tell_former_holders(engine, change);
        let mut waiting: Vec<Issue> = held.iter().map(|one| held_warning(one, now)).collect();
        let noted = self.note_weak(engine, &weak, &mut waiting, change);
        for one in held {
            self.tell(engine, change, &Event::HeldForRecipient { party: one.party.id.clone(), line: one.line });
        }
        let Some(outgoing) = made else {
            return Ok(Sent { made: false, waiting, noted });
        };
        change.push(Write::Consent(self.claim, self.permit.clone(), now));
        self.tell(engine, change, &Event::Signed { recipients: outgoing.deliveries.len() });
        change.push(engine.audit(
            "gateway",
            "packet.signed",
            &outgoing.packet.id,
            [
                ("claim", self.claim.to_string()),
                ("kid", workshop.signing.public().kid.clone()),
                ("policy", engine.policy.digest().to_owned()),
            ],
        ));
        change.push(Write::Packet(outgoing.packet));
        for delivery in outgoing.deliveries {
            change.push(Write::Submission(SubmissionRow {
                id: SubmissionId::new(now, &engine.random),
                claim: self.claim,
                party: delivery.party.clone(),
                line: delivery.line,
                at: now,
            }));
            self.tell(engine, change, &Event::Ready { party: delivery.party.clone(), line: delivery.line });
            self.tell_revised(engine, change, &delivery);
            change.push(Write::Delivery(Box::new(delivery)));
        }
        Ok(Sent { made: true, waiting, noted })
    }

    /// Those whose need is met, and those that wait for a surer identity. Records are asked for on a consent of their own: who
    /// signed that is not who files.
    fn identified_for(&self, engine: &Engine, ready: Vec<Recipient>) -> (Vec<Recipient>, Vec<Recipient>) {
        let asked = self.permit.purpose() == Purpose::RecordRequest;
        let weak = |one: &Recipient| self.identity.weak(engine, &one.party.id, one.line).is_some();
        ready.into_iter().partition(|one| asked || !weak(one))
    }

    /// Writes down who waits for a surer identity and who waits no more.
    fn note_weak(&self, engine: &Engine, weak: &[Recipient], waiting: &mut Vec<Issue>, change: &mut Change) -> bool {
        let mut noted = false;
        let named: Vec<(PartyId, Line)> = route::named(weak);
        for (party, line) in self.identity.released(&named) {
            noted = true;
            change.push(Write::Identity(IdentityWrite::Released(self.claim, party.clone(), line)));
        }
        for (party, line) in named {
            let Some(found) = self.identity.weak(engine, &party, line) else { continue };
            waiting.push(too_weak(&party, found.least));
            if !found.known {
                noted = true;
                let hold = Hold { party: party.clone(), line, least: found.least, since: engine.now() };
                change.push(Write::Identity(IdentityWrite::Hold(self.claim, hold)));
                let least = found.least.as_str();
                self.tell(engine, change, &Event::HeldForIdentity { party, line, least });
            }
        }
        noted
    }

    fn compared(&self) -> (&[Previous], &Before) {
        (self.previous, self.before)
    }

    fn tell(&self, engine: &Engine, change: &mut Change, event: &Event) {
        change.tell(entries(self.claim, &self.hospital.id, event, engine.now(), &engine.random));
    }
}

fn too_weak(party: &PartyId, least: Assurance) -> Issue {
    let text = format!(
        "insurer {party} needs the person identified by {} or surer (docs/wallet.md): its packet is made and sent when the \
         person has done that, in the app that follows the claim",
        least.as_str()
    );
    Issue::warning(IssueKind::BusinessRule, "identity-too-weak", text)
        .zh("保險公司要求較高之身分保證等級，當事人完成身分驗證後自動送出")
}

fn held_warning(recipient: &Recipient, now: Timestamp) -> Issue {
    let id = &recipient.party.id;
    if recipient.party.is_live(now) {
        let text = format!("insurer {id} has no valid encryption key now: its packet is made and sent when it has one");
        return Issue::warning(IssueKind::Informational, "recipient.no-key", text)
            .zh("保險公司目前沒有有效的加密金鑰，備妥後自動送出");
    }
    let text = format!("insurer {id} is registered but not active now: its packet is made and sent when it is active");
    Issue::warning(IssueKind::Informational, "recipient.inactive", text).zh("保險公司目前未啟用，啟用後自動送出")
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
