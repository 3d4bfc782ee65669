//! The timeline (進度): what happened, for people. One entry per audience; no audience means nobody.

use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::id::{AccidentId, ClaimId, EventId, OffsetId, Random, RepairId, TaskId};
use crate::party::{PartyId, Role};

mod words;

pub use words::sentence;

/// Who may read an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One party.
    Party(Role, PartyId),
    /// Every app backend linked to the claim: the owner's eyes.
    Owner,
}

/// What happened. Parameters carry no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A hospital's bundle was accepted.
    Received {
        /// Revision of the claim.
        revision: i64,
        /// Evidence types in it.
        evidence: Vec<String>,
    },
    /// Nothing leaves: the hospital has no consent basis.
    HeldForConsent,
    /// A packet was signed.
    Signed {
        /// How many recipients it names.
        recipients: usize,
    },
    /// A delivery waits for its recipient.
    Ready {
        /// To whom.
        party: PartyId,
        /// For which line.
        line: Line,
    },
    /// A delivery is held because the recipient is not active.
    HeldForRecipient {
        /// To whom.
        party: PartyId,
        /// For which line.
        line: Line,
    },
    /// A delivery is held because its recipient needs the person identified more surely (身分保證等級).
    HeldForIdentity {
        /// To whom.
        party: PartyId,
        /// For which line.
        line: Line,
        /// What it needs at least.
        least: &'static str,
    },
    /// The content for every recipient is as before: nothing new was sent.
    Unchanged,
    /// A recipient fetched its packet.
    Fetched {
        /// Who.
        party: PartyId,
        /// For which line.
        line: Line,
    },
    /// A recipient acknowledged its packet (簽收).
    Acknowledged {
        /// Who.
        party: PartyId,
        /// For which line.
        line: Line,
        /// `accepted` or `rejected`.
        result: &'static str,
        /// SHA-256 of its signed receipt, base64url, where it gave one.
        receipt: Option<String>,
    },
    /// A delivery was taken back before it left.
    Withdrawn {
        /// Whose.
        party: PartyId,
        /// For which line.
        line: Line,
    },
    /// The hospital withdrew documents that a recipient holds (作廢、退費、換發、更正).
    TakenBack {
        /// Who holds them.
        party: PartyId,
        /// For which line.
        line: Line,
        /// How many.
        withdrawn: usize,
        /// Why, each word once.
        reasons: Vec<String>,
    },
    /// The hospital withdrew the whole case (全案作廢).
    Voided {
        /// Who holds it.
        party: PartyId,
        /// For which line.
        line: Line,
    },
    /// An insurer decided or paid on documents that were withdrawn since; for it alone.
    Flagged {
        /// Who.
        party: PartyId,
        /// For which line.
        line: Line,
        /// What it did.
        flag: &'static str,
    },
    /// A recipient gave a delivery back as not its own (退件).
    Returned {
        /// Who.
        party: PartyId,
        /// For which line.
        line: Line,
        /// Why.
        reason: &'static str,
    },
    /// A claim was handed on to another insurer (轉送).
    Forwarded {
        /// To whom.
        party: PartyId,
        /// For which line.
        line: Line,
        /// The how-manieth hand it is.
        hops: i64,
    },
    /// A returned delivery was not handed on as its recipient suggests: the hospital must look at its Coverage.
    NotForwarded {
        /// Who gave it back.
        party: PartyId,
        /// For which line.
        line: Line,
        /// Why not.
        code: &'static str,
    },
    /// An insurer has the case by another rail too.
    Linked {
        /// Who.
        party: PartyId,
        /// For which line.
        line: Line,
        /// Which rail.
        rail: &'static str,
    },
    /// An insurer decided, or corrected its decision (決定).
    Decided {
        /// Who.
        party: PartyId,
        /// For which line.
        line: Line,
        /// The how-manieth decision it is.
        version: i64,
        /// Its outcome.
        outcome: &'static str,
    },
    /// An entry of the ledger of payments (給付).
    Payment {
        /// Who.
        party: PartyId,
        /// For which line.
        line: Line,
        /// What it is.
        kind: &'static str,
    },
    /// What others pay of the same expenses changed (損害填補): told to the one alone whose consent names it.
    Coordination {
        /// Who is told.
        party: PartyId,
        /// For which line.
        line: Line,
    },
    /// An insurer asks for papers, or such a request came a step on (補件).
    Request {
        /// Who asks.
        party: PartyId,
        /// For which line.
        line: Line,
        /// The request.
        request: TaskId,
        /// Where it stands.
        state: &'static str,
    },
    /// A step of an offset at discharge (理賠抵繳).
    Offset {
        /// The case.
        offset: OffsetId,
        /// What was done.
        step: &'static str,
        /// Where it stands now.
        state: &'static str,
        /// Every insurer of it: each reads it.
        insurers: Vec<PartyId>,
        /// The insurers whose step it is, where it is theirs: what they did, the others do not read.
        by: Vec<PartyId>,
    },
    /// A step of a repair (維修): for the owner, its shop, and the insurers that bear damage of the vehicle.
    Repair {
        /// The job.
        repair: RepairId,
        /// Its shop.
        shop: PartyId,
        /// What was done.
        step: &'static str,
        /// Where it stands now.
        state: &'static str,
        /// Every insurer of it: each reads it.
        insurers: Vec<PartyId>,
    },
    /// A last day is near, or over: for whoever is on turn (期限提醒).
    Deadline {
        /// What ends.
        kind: &'static str,
        /// A submission, a request, a case of offset.
        subject: String,
        /// For which line.
        line: Line,
        /// `soon` or `past`.
        told: &'static str,
        /// The last day.
        due_on: jiff::civil::Date,
    },
    /// Data sets from MyData were proved, or not.
    Mydata {
        /// Where the transaction stands.
        state: &'static str,
        /// How many came.
        datasets: usize,
    },
    /// An accident was filed.
    AccidentOpened {
        /// Whether the police recorded it, as the filer says.
        recorded: bool,
        /// Every recipient: each reads it.
        insurers: Vec<PartyId>,
    },
    /// How a police paper of an accident stands (警方文件).
    AccidentPaper {
        /// Its evidence type.
        item: &'static str,
        /// Where it stands.
        state: &'static str,
        /// From which day it is given.
        on: Date,
        /// Every recipient: each reads it.
        insurers: Vec<PartyId>,
    },
    /// A paper of an accident is given now, and the person can have it over MyData.
    AccidentMydata {
        /// Its evidence type.
        item: &'static str,
        /// From which day it is given.
        on: Date,
        /// Where its app begins a transaction for it.
        link: String,
    },
    /// Filings are one accident, as both filers said.
    AccidentLinked,
    /// The same damage is claimed from another insurer too; told to each of them, and not who the other is.
    SameDamage {
        /// Who is told.
        party: PartyId,
        /// For which line.
        line: Line,
    },
    /// The first insurer took in a claim under compulsory cover; every other insurer of the accident is told
    /// (強制汽車責任保險承保及理賠作業處理辦法 §14 III).
    FirstInsurer {
        /// The accident.
        accident: AccidentId,
        /// Who took it in.
        party: PartyId,
        /// Every other insurer, and the fund.
        insurers: Vec<PartyId>,
    },
    /// An insurer reported a status.
    Status {
        /// Who.
        party: PartyId,
        /// For which line.
        line: Line,
        /// State of the submission.
        state: &'static str,
    },
}

impl Event {
    /// The stable code of the event.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Received { .. } => "claim.received",
            Self::HeldForConsent => "claim.held-for-consent",
            Self::Signed { .. } => "packet.signed",
            Self::Ready { .. } => "delivery.ready",
            Self::HeldForRecipient { .. } => "delivery.held",
            Self::HeldForIdentity { .. } => "delivery.identity-too-weak",
            Self::Unchanged => "claim.unchanged",
            Self::Fetched { .. } => "delivery.fetched",
            Self::Acknowledged { .. } => "delivery.acknowledged",
            Self::Withdrawn { .. } => "delivery.withdrawn",
            Self::TakenBack { .. } => "evidence.withdrawn",
            Self::Voided { .. } => "claim.voided",
            Self::Flagged { .. } => "submission.flagged",
            Self::Returned { .. } => "delivery.returned",
            Self::Forwarded { .. } => "delivery.forwarded",
            Self::NotForwarded { .. } => "delivery.not-forwarded",
            Self::Linked { .. } => "submission.linked",
            Self::Decided { .. } => "submission.decided",
            Self::Payment { .. } => "submission.payment",
            Self::Coordination { .. } => "submission.coordination",
            Self::Request { .. } => "submission.request",
            Self::Offset { .. } => "offset.step",
            Self::Repair { .. } => "repair.step",
            Self::Deadline { .. } => "deadline.near",
            Self::Mydata { .. } => "claim.mydata",
            Self::AccidentOpened { .. } => "accident.filed",
            Self::AccidentPaper { .. } => "accident.paper",
            Self::AccidentMydata { .. } => "accident.mydata",
            Self::AccidentLinked => "accident.linked",
            Self::SameDamage { .. } => "claim.same-damage",
            Self::FirstInsurer { .. } => "accident.first-insurer",
            Self::Status { .. } => "submission.status",
        }
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> Value {
        match self {
            Self::Received { revision, evidence } => json!({ "revision": revision, "evidence": evidence }),
            Self::HeldForConsent | Self::Unchanged | Self::AccidentLinked => json!({}),
            Self::HeldForIdentity { party, line, least } => json!({ "party": party, "line": line, "least": least }),
            Self::Signed { recipients } => json!({ "recipients": recipients }),
            Self::Ready { party, line }
            | Self::HeldForRecipient { party, line }
            | Self::Coordination { party, line }
            | Self::SameDamage { party, line }
            | Self::Fetched { party, line }
            | Self::Withdrawn { party, line }
            | Self::Voided { party, line } => json!({ "party": party, "line": line }),
            Self::TakenBack { party, line, withdrawn, reasons } => {
                json!({ "party": party, "line": line, "documents": withdrawn, "reasons": reasons })
            }
            Self::Flagged { party, line, flag } => json!({ "party": party, "line": line, "flag": flag }),
            Self::Acknowledged { party, line, result, receipt: None } => {
                json!({ "party": party, "line": line, "result": result })
            }
            Self::Acknowledged { party, line, result, receipt } => {
                json!({ "party": party, "line": line, "result": result, "receipt": receipt })
            }
            Self::Returned { party, line, reason } => json!({ "party": party, "line": line, "reason": reason }),
            Self::Forwarded { party, line, hops } => json!({ "party": party, "line": line, "hops": hops }),
            Self::NotForwarded { party, line, code } => json!({ "party": party, "line": line, "code": code }),
            Self::Linked { party, line, rail } => json!({ "party": party, "line": line, "rail": rail }),
            Self::Decided { party, line, version, outcome } => {
                json!({ "party": party, "line": line, "version": version, "outcome": outcome })
            }
            Self::Payment { party, line, kind } => json!({ "party": party, "line": line, "kind": kind }),
            Self::Request { party, line, request, state } => {
                json!({ "party": party, "line": line, "request": request.to_string(), "state": state })
            }
            Self::Offset { offset, step, state, .. } => {
                json!({ "offset": offset.to_string(), "step": step, "state": state })
            }
            Self::Repair { repair, shop, step, state, .. } => {
                json!({ "repair": repair.to_string(), "shop": shop.to_string(), "step": step, "state": state })
            }
            Self::Deadline { kind, subject, line, told, due_on } => {
                json!({ "kind": kind, "subject": subject, "line": line, "told": told, "due_on": due_on })
            }
            Self::Mydata { state, datasets } => json!({ "state": state, "datasets": datasets }),
            Self::AccidentOpened { recorded, .. } => json!({ "recorded": recorded }),
            Self::AccidentMydata { item, on, link } => json!({ "item": item, "on": on, "link": link }),
            Self::AccidentPaper { item, state, on, .. } => json!({ "item": item, "state": state, "on": on }),
            Self::FirstInsurer { accident, party, .. } => json!({ "accident": accident.to_string(), "party": party }),
            Self::Status { party, line, state } => json!({ "party": party, "line": line, "state": state }),
        }
    }
}

/// The word an insurer reads for a step of another one.
const OTHERS_STEP: &str = "other-insurer";

/// One entry for one audience.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Id.
    pub id: EventId,
    /// The claim.
    pub claim: ClaimId,
    /// When.
    pub at: Timestamp,
    /// For whom.
    pub audience: Audience,
    /// What.
    pub event: Event,
}

/// Writes an event for the pushing hospital, the owner and, where it concerns one, the recipient; a flag for its insurer
/// alone.
#[must_use]
pub fn entries(claim: ClaimId, hospital: &PartyId, event: &Event, at: Timestamp, random: &Random) -> Vec<Entry> {
    let insurer = |party: &PartyId| Audience::Party(Role::Insurer, party.clone());
    let entry = |audience, event| Entry { id: EventId::new(at, random), claim, at, audience, event };
    let mut told = Vec::new();
    if !matches!(event, Event::Flagged { .. } | Event::Coordination { .. } | Event::SameDamage { .. }) {
        let hospital = Audience::Party(Role::Hospital, hospital.clone());
        told.extend([hospital, Audience::Owner].map(|audience| entry(audience, event.clone())));
    }
    match event {
        Event::Ready { party, .. }
        | Event::HeldForRecipient { party, .. }
        | Event::Fetched { party, .. }
        | Event::Acknowledged { party, .. }
        | Event::Withdrawn { party, .. }
        | Event::TakenBack { party, .. }
        | Event::Voided { party, .. }
        | Event::Flagged { party, .. }
        | Event::Returned { party, .. }
        | Event::Forwarded { party, .. }
        | Event::NotForwarded { party, .. }
        | Event::Linked { party, .. }
        | Event::Decided { party, .. }
        | Event::Payment { party, .. }
        | Event::Request { party, .. }
        | Event::Coordination { party, .. }
        | Event::SameDamage { party, .. }
        | Event::Status { party, .. } => told.push(entry(insurer(party), event.clone())),
        Event::AccidentOpened { insurers, .. }
        | Event::AccidentPaper { insurers, .. }
        | Event::FirstInsurer { insurers, .. } => {
            told.extend(insurers.iter().map(|party| entry(insurer(party), event.clone())));
        }
        Event::Repair { shop, insurers, .. } => {
            told.extend(insurers.iter().map(|party| entry(insurer(party), event.clone())));
            told.push(entry(Audience::Party(Role::Shop, shop.clone()), event.clone()));
        }
        Event::Offset { offset, step, state, insurers, by } => told.extend(insurers.iter().map(|party| {
            // Another insurer's step is no business of this one: it reads that the case came on.
            let step = if by.is_empty() || by.contains(party) { step } else { OTHERS_STEP };
            let event = Event::Offset { offset: *offset, step, state, insurers: Vec::new(), by: Vec::new() };
            entry(insurer(party), event)
        })),
        Event::Received { .. }
        | Event::HeldForConsent
        | Event::Signed { .. }
        | Event::HeldForIdentity { .. }
        | Event::Deadline { .. }
        | Event::Mydata { .. }
        | Event::AccidentMydata { .. }
        | Event::AccidentLinked
        | Event::Unchanged => {}
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insurer_reads_that_another_came_on_and_not_how_and_a_flag_is_its_own() {
        let random = Random::system();
        let (claim, offset) =
            (ClaimId::new(Timestamp::UNIX_EPOCH, &random), OffsetId::new(Timestamp::UNIX_EPOCH, &random));
        let [hospital, one, other]: [PartyId; 3] =
            ["hospital-a", "insurer-a", "insurer-b"].map(|id| id.parse().unwrap());
        let insurers = vec![one.clone(), other.clone()];
        let event = Event::Offset { offset, step: "decline", state: "asked", insurers, by: vec![one.clone()] };
        let told = entries(claim, &hospital, &event, Timestamp::UNIX_EPOCH, &random);
        let step = |of: &Audience| {
            let found = told.iter().find(|entry| entry.audience == *of).unwrap();
            found.event.parameters()["step"].as_str().unwrap().to_owned()
        };
        assert_eq!(step(&Audience::Party(Role::Insurer, one.clone())), "decline");
        assert_eq!(step(&Audience::Party(Role::Insurer, other)), OTHERS_STEP);
        assert_eq!((step(&Audience::Owner), told.len()), ("decline".to_owned(), 4));

        let event = Event::Flagged { party: one.clone(), line: Line::Life, flag: "paid-on-withdrawn-evidence" };
        let told = entries(claim, &hospital, &event, Timestamp::UNIX_EPOCH, &random);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].audience, Audience::Party(Role::Insurer, one));
    }
}
