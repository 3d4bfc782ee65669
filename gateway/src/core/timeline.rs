//! The timeline (進度): what happened, for people. One entry per audience; no audience means nobody.

use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::id::{ClaimId, EventId, OffsetId, Random, TaskId};
use crate::party::{PartyId, Role};

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
        /// For which line.
        line: Line,
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
            Self::Unchanged => "claim.unchanged",
            Self::Fetched { .. } => "delivery.fetched",
            Self::Acknowledged { .. } => "delivery.acknowledged",
            Self::Withdrawn { .. } => "delivery.withdrawn",
            Self::Returned { .. } => "delivery.returned",
            Self::Forwarded { .. } => "delivery.forwarded",
            Self::NotForwarded { .. } => "delivery.not-forwarded",
            Self::Linked { .. } => "submission.linked",
            Self::Decided { .. } => "submission.decided",
            Self::Payment { .. } => "submission.payment",
            Self::Coordination { .. } => "submission.coordination",
            Self::Request { .. } => "submission.request",
            Self::Offset { .. } => "offset.step",
            Self::Status { .. } => "submission.status",
        }
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> Value {
        match self {
            Self::Received { revision, evidence } => json!({ "revision": revision, "evidence": evidence }),
            Self::HeldForConsent | Self::Unchanged => json!({}),
            Self::Signed { recipients } => json!({ "recipients": recipients }),
            Self::Ready { party, line }
            | Self::HeldForRecipient { party, line }
            | Self::Coordination { party, line }
            | Self::Fetched { party, line } => {
                json!({ "party": party, "line": line })
            }
            Self::Acknowledged { party, line, result, receipt: None } => {
                json!({ "party": party, "line": line, "result": result })
            }
            Self::Acknowledged { party, line, result, receipt } => {
                json!({ "party": party, "line": line, "result": result, "receipt": receipt })
            }
            Self::Withdrawn { line } => json!({ "line": line }),
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
            Self::Status { party, line, state } => json!({ "party": party, "line": line, "state": state }),
        }
    }
}

/// The sentences of an event code in English and Chinese, for people.
#[must_use]
pub fn sentence(code: &str) -> (&'static str, &'static str) {
    match code {
        "claim.received" => ("The hospital's documents were received and checked", "已收到並查核醫院文件"),
        "claim.held-for-consent" => ("Held: no consent on record", "保留中：尚無同意書"),
        "packet.signed" => ("The claim packet was signed", "理賠封包已簽章"),
        "delivery.ready" => ("Ready for the insurer", "已可由保險公司領取"),
        "delivery.held" => ("Held: the insurer is not active", "保留中：保險公司未啟用"),
        "claim.unchanged" => ("A revision without changes for any insurer", "更新內容與各保險公司無關"),
        "delivery.fetched" => ("Fetched by the insurer", "保險公司已領取"),
        "delivery.acknowledged" => ("Acknowledged by the insurer", "保險公司已簽收"),
        "delivery.withdrawn" => ("Taken back before it left: no consent any more", "同意已撤回，未送出即收回"),
        "delivery.returned" => ("Given back by the insurer as not its own", "保險公司退件"),
        "delivery.forwarded" => ("Handed on to another insurer", "已轉送另一保險公司"),
        "delivery.not-forwarded" => {
            ("Not handed on: the hospital checks the insurers it named", "未轉送：請醫院確認投保公司")
        }
        "submission.linked" => ("The insurer has the case by another way too", "保險公司已由其他管道收件"),
        "offset.step" => ("A step of the offset at discharge", "理賠抵繳進度更新"),
        "submission.decided" => ("The insurer decided", "保險公司已作成決定"),
        "submission.payment" => ("A payment of the insurer", "保險公司給付紀錄"),
        "submission.coordination" => ("What others pay of the same expenses changed", "同一費用之其他給付有變動"),
        "submission.request" => ("Papers the insurer asks for", "保險公司要求補件"),
        "submission.status" => ("Status reported by the insurer", "保險公司回報進度"),
        _ => ("Something happened", "有新進度"),
    }
}

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

/// Writes an event for the pushing hospital, the owner and, where it concerns one, the recipient.
#[must_use]
pub fn entries(claim: ClaimId, hospital: &PartyId, event: &Event, at: Timestamp, random: &Random) -> Vec<Entry> {
    if let Event::Coordination { party, .. } = event {
        let audience = Audience::Party(Role::Insurer, party.clone());
        return vec![Entry { id: EventId::new(at, random), claim, at, audience, event: event.clone() }];
    }
    let mut audiences = vec![Audience::Party(Role::Hospital, hospital.clone()), Audience::Owner];
    match event {
        Event::Ready { party, .. }
        | Event::HeldForRecipient { party, .. }
        | Event::Fetched { party, .. }
        | Event::Acknowledged { party, .. }
        | Event::Returned { party, .. }
        | Event::Forwarded { party, .. }
        | Event::NotForwarded { party, .. }
        | Event::Linked { party, .. }
        | Event::Decided { party, .. }
        | Event::Payment { party, .. }
        | Event::Request { party, .. }
        | Event::Status { party, .. } => audiences.push(Audience::Party(Role::Insurer, party.clone())),
        Event::Offset { insurers, .. } => {
            audiences.extend(insurers.iter().map(|party| Audience::Party(Role::Insurer, party.clone())));
        }
        Event::Received { .. }
        | Event::HeldForConsent
        | Event::Signed { .. }
        | Event::Unchanged
        | Event::Coordination { .. }
        | Event::Withdrawn { .. } => {}
    }
    audiences
        .into_iter()
        .map(|audience| Entry { id: EventId::new(at, random), claim, at, audience, event: event.clone() })
        .collect()
}
