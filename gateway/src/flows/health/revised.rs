//! What a revision takes back (作廢、退費、換發、更正): written down by keyed digest, told to everybody who holds it, and flagged
//! where an insurer has decided or paid already. Nothing an insurer decided is changed here.

use std::collections::BTreeSet;

use claimgate_adapters::hospital::{HospitalBundle, Refused, Rejection};
use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_packet::evidence::{Evidence, RevisionMark};
use claimgate_packet::words::Line;
use serde_json::Value;

use super::Refusal;
use super::send::Sending;
use crate::core::change::{Change, DeliveryRow, Write};
use crate::core::revision::{Before, Holding, TakenBack, TakenBackRows, identity, is_compared, takes_away};
use crate::core::timeline::{Event, entries};
use crate::flows::{Engine, Fault};
use crate::id::{ClaimId, DeliveryId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// Whether a bundle only takes back, so that there must be something to take back from.
pub(super) fn only_takes_back(bundle: &HospitalBundle) -> bool {
    bundle.documents.is_empty() && (bundle.voided || !bundle.withdrawn.is_empty())
}

/// The finding of a bundle that takes back what was never here.
pub(super) fn nothing_to_withdraw() -> Issue {
    let text = "The bundle only withdraws, and there is no case with this number here. Check the case number; a document that \
                was never sent needs no withdrawal.";
    Issue::error(IssueKind::NotFound, "bundle.nothing-to-withdraw", text).zh("查無此案件，無可作廢之文件").at("Bundle")
}

/// The same as a refusal.
pub(super) fn refused() -> Refusal {
    Refusal::Rejected(Rejection { reason: Refused::Unprocessable, issues: vec![nothing_to_withdraw()] })
}

impl Engine {
    /// What a revision is compared with, without what the same change recalls; what it takes back itself is written down.
    pub(super) async fn before(
        &self,
        (claim, revision, first): (ClaimId, i64, bool),
        (bundle, recalled): (&HospitalBundle, &[DeliveryId]),
        change: &mut Change,
    ) -> Result<Before, Fault> {
        let mut before = if first { Before::default() } else { self.store.before_revision(claim, recalled).await? };
        let mac = |kind: &str, number: &str| identity(&self.index, claim, kind, number);
        let documents = || -> Vec<TakenBack> {
            let of = bundle.withdrawn.iter().filter_map(|one| {
                Some(TakenBack {
                    kind: one.kind.to_owned(),
                    identity: mac(one.kind, one.number.as_deref()?),
                    reason: one.reason.clone(),
                    replaced_by: one.replaced_by.as_deref().map(|number| mac(one.kind, number)),
                })
            });
            of.collect()
        };
        let rows = documents();
        if !rows.is_empty() {
            change.push(Write::TakenBack(TakenBackRows { claim, revision, documents: documents() }));
        }
        before.said_now = rows.len();
        before.taken_back.extend(rows);
        before.voided_now = bundle.voided;
        Ok(before)
    }
}

impl Sending<'_> {
    /// Tells what a delivery takes back from its recipient, and flags what rests on it.
    pub(super) fn tell_revised(&self, engine: &Engine, change: &mut Change, delivery: &DeliveryRow) {
        let (party, line) = (&delivery.party, delivery.line);
        let count = |mark: &RevisionMark| delivery.documents.iter().filter(|one| one.mark == *mark).count();
        let withdrawn = count(&RevisionMark::Withdrawn);
        let voided = !self.evidence.iter().any(|one| is_compared(one.document.kind()));
        if voided && withdrawn > 0 {
            self.say(engine, change, &Event::Voided { party: party.clone(), line });
        } else if withdrawn > 0 {
            let reasons = delivery.documents.iter().filter_map(|one| Some(one.reason.as_ref()?.as_str().to_owned()));
            let reasons: BTreeSet<String> = reasons.collect();
            let (party, reasons) = (party.clone(), reasons.into_iter().collect());
            self.say(engine, change, &Event::TakenBack { party, line, withdrawn, reasons });
        }
        if delivery.documents.iter().any(|one| takes_away(&one.mark, &one.known.kind)) {
            self.flag(engine, change, (party, line));
        }
    }

    fn taken(&self) -> TakenFrom<'_> {
        let (claim, hospital) = (self.claim, &self.hospital.id);
        TakenFrom { claim, hospital, evidence: self.evidence, before: self.before }
    }

    /// Tells whoever holds what is taken back now and gets no packet that says so.
    pub(super) fn tell_former_holders(&self, engine: &Engine, change: &mut Change) {
        let named =
            |party: &PartyId, line| self.recipients.iter().any(|one| one.party.id == *party && one.line == line);
        self.taken().tell(engine, change, |party, line| named(party, line) && self.permit.covers(party, line));
    }

    fn flag(&self, engine: &Engine, change: &mut Change, of: (&PartyId, Line)) {
        self.taken().flag(engine, change, of);
    }

    fn say(&self, engine: &Engine, change: &mut Change, event: &Event) {
        self.taken().say(engine, change, event);
    }
}

/// A revision as far as it takes back. To say so needs no consent: no document goes with it.
pub(super) struct TakenFrom<'a> {
    pub claim: ClaimId,
    pub hospital: &'a PartyId,
    pub evidence: &'a [Evidence],
    pub before: &'a Before,
}

impl TakenFrom<'_> {
    /// Tells every holder that gets no packet.
    pub(super) fn tell(&self, engine: &Engine, change: &mut Change, gets: impl Fn(&PartyId, Line) -> bool) {
        if self.before.said_now == 0 && !self.before.voided_now {
            return;
        }
        let here = self.numbers(engine);
        for holding in &self.before.holdings {
            let Holding { party, line, documents, .. } = holding;
            if gets(party, *line) {
                continue;
            }
            let said: Vec<&TakenBack> = self.before.taken_back.iter().rev().take(self.before.said_now).collect();
            let gone = |digest: &Mac| said.iter().find(|one| one.identity == *digest && !here.contains(digest));
            let gone: Vec<_> = documents.iter().filter_map(|one| gone(one.identity.as_ref()?)).collect();
            if self.before.voided_now {
                self.say(engine, change, &Event::Voided { party: party.clone(), line: *line });
            } else if gone.is_empty() {
                continue;
            } else {
                let reasons: BTreeSet<String> = gone.iter().map(|one| one.reason.as_str().to_owned()).collect();
                let (withdrawn, reasons) = (gone.len(), reasons.into_iter().collect());
                self.say(engine, change, &Event::TakenBack { party: party.clone(), line: *line, withdrawn, reasons });
            }
            self.flag(engine, change, (party, *line));
        }
    }

    /// The numbers of the documents that are there now, as keyed digests.
    fn numbers(&self, engine: &Engine) -> BTreeSet<Mac> {
        let compared = self.evidence.iter().filter(|one| is_compared(one.document.kind()));
        let number = |one: &Evidence| {
            let json = one.document.to_json().ok()?;
            let number = json.get("number").and_then(Value::as_str)?;
            Some(identity(&engine.index, self.claim, one.document.kind(), number))
        };
        compared.filter_map(number).collect()
    }

    /// Says that a submission was decided or paid on what is taken back. Its state stays the insurer's.
    fn flag(&self, engine: &Engine, change: &mut Change, (party, line): (&PartyId, Line)) {
        let Some(standing) = self.before.standing(party, line) else { return };
        let Some(flag) = standing.done.flag() else { return };
        self.say(engine, change, &Event::Flagged { party: party.clone(), line, flag });
        let detail = [("flag", flag.to_owned()), ("claim", self.claim.to_string()), ("party", party.to_string())];
        change.push(engine.audit("gateway", "submission.flagged", &standing.submission, detail));
    }

    fn say(&self, engine: &Engine, change: &mut Change, event: &Event) {
        change.tell(entries(self.claim, self.hospital, event, engine.now(), &engine.random));
    }
}
