//! What app backends see of an owner's case.

use std::collections::BTreeMap;

use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use super::FiledByBody;
use crate::core::cases::draft::{Draft, Held, Merged, Other};
use crate::core::cases::papers::{Needed, State};
use crate::core::cases::plan::words;
use crate::core::disclosure::chinese;
use crate::core::disclosure::explain::OfKind;
use crate::core::submission::SubmissionState;
use crate::core::timeline::sentence;
use crate::core::turn::next_deadline;
use crate::flows::cases::{CaseSeen, ClaimSeen, ConsentAsked, Invited, OtherSeen};
use crate::http::claims::in_taipei;
use crate::http::timeline::{TurnView, turn_view};
use crate::store::TimelineLine;

/// An owner's case (車禍理賠案件).
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Case"))]
pub struct CaseShown {
    /// Id, `cas_` and a UUID.
    pub case_id: String,
    /// The accident, `acc_` and a UUID, once a claim was filed.
    pub accident_id: Option<String>,
    /// Who fills it in, where it is not the person.
    pub filed_by: Option<FiledByBody>,
    /// What was filled in, by the name of the field.
    pub fields: BTreeMap<String, FieldShown>,
    /// Fields that were changed since the insurers got them; they go with the next submit.
    pub unsent: Vec<String>,
    /// The others of the accident, as far as it is joint or they share it.
    pub others: Vec<OtherShown>,
    /// The claims.
    pub claims: Vec<ClaimShown>,
    /// What people should look at; nothing is refused for it.
    pub checks: Vec<CheckShown>,
    /// Who is on turn; what is due first comes first.
    pub on_turn: Vec<CaseTurn>,
    /// The next moment something is due (UTC).
    pub next_deadline: Option<Timestamp>,
    /// What happened, oldest first.
    pub timeline: Vec<CaseEvent>,
}

/// A field.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseField"))]
pub struct FieldShown {
    /// The value; null where it was taken out again.
    pub value: Value,
    /// Its version: the `base` of the next edit.
    pub version: u32,
    /// When it was changed last (UTC).
    pub at: Timestamp,
    /// Values that were saved on an older version and differ; choose by saving on the newest version.
    pub others: Vec<OtherValue>,
}

/// A value beside the one that stands.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseOtherValue"))]
pub struct OtherValue {
    /// The value.
    pub value: Value,
    /// The version it was made on.
    pub base: u32,
    /// When it came (UTC).
    pub at: Timestamp,
}

/// Another person of the accident.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseOther"))]
pub struct OtherShown {
    /// Its joint and shared fields.
    pub fields: BTreeMap<String, Value>,
    /// Where both speak of the same, and whether they agree: `day`, `time`, `vehicle`.
    pub agrees: BTreeMap<&'static str, bool>,
}

/// A claim of a case.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseClaim"))]
pub struct ClaimShown {
    /// Its key: `own` for the field `claim.own`.
    pub claim: String,
    /// What is claimed.
    pub kind: &'static str,
    /// The same in Chinese.
    pub kind_zh: &'static str,
    /// Party id of who is to pay.
    pub party: String,
    /// The line of insurance (險種).
    pub line: Line,
    /// `planned`, `waiting` (consented to; papers are missing) or `filed`.
    pub state: &'static str,
    /// The claim it became, `clm_` and a UUID.
    pub claim_id: Option<String>,
    /// State of the insurer's submission (受理案件), once it has the packet.
    pub submission: Option<&'static str>,
    /// Whether nothing is missing.
    pub complete: bool,
    /// Its documents.
    pub documents: Vec<DocumentShown>,
}

/// A document a claim needs.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseDocument"))]
pub struct DocumentShown {
    /// Which, as a stable word.
    pub document: &'static str,
    /// Its name.
    pub document_zh: &'static str,
    /// `there`, `coming` or `missing`.
    pub state: &'static str,
    /// The day it comes by itself, in Taiwan.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub on: Option<Date>,
    /// How to get it, where it is missing.
    pub how: Option<&'static str>,
    /// The same in Chinese.
    pub how_zh: Option<&'static str>,
}

/// A check.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseCheck"))]
pub struct CheckShown {
    /// Which, as a stable word.
    pub code: &'static str,
    /// The field it is about.
    pub field: Option<String>,
    /// In English.
    pub text: &'static str,
    /// In Chinese.
    pub text_zh: &'static str,
}

/// Somebody who has something to do (輪到誰).
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseOnTurn"))]
pub struct CaseTurn {
    /// The claim's key, where it is about one.
    pub claim: Option<String>,
    /// Who has to do what.
    #[serde(flatten)]
    pub turn: TurnView,
}

/// One thing that happened.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseEvent"))]
pub struct CaseEvent {
    /// The claim's key.
    pub claim: String,
    /// When (UTC).
    pub at: Timestamp,
    /// The same in Taiwan's time, for people.
    pub at_taipei: String,
    /// What, as a stable code.
    pub event: String,
    /// What, in English.
    pub text: &'static str,
    /// What, in Chinese.
    pub text_zh: &'static str,
    /// Parameters of the event.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, Value>"))]
    pub parameters: Value,
}

/// What saving answers.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseSaved"))]
pub struct SavedShown {
    /// The fields of the edits, as they are now.
    pub fields: BTreeMap<String, FieldShown>,
    /// Fields that were saved on an older version and differ: both values stand, choose one.
    pub conflicts: Vec<String>,
    /// Fields whose value was not taken.
    pub faults: Vec<FaultShown>,
    /// The case.
    pub case: CaseShown,
}

/// Why a value was not taken.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseFault"))]
pub struct FaultShown {
    /// The field.
    pub field: String,
    /// Why, as a stable word.
    pub code: &'static str,
    /// In English.
    pub text: &'static str,
    /// In Chinese.
    pub text_zh: &'static str,
}

/// An invitation.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseInvitation"))]
pub struct InvitationShown {
    /// The code: 25 letters and digits in groups of five. It works once.
    pub code: String,
    /// What a QR code of it holds.
    pub qr: String,
    /// Until when (UTC).
    pub expires: Timestamp,
}

/// Who gets what for what.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseConsents"))]
pub struct ConsentsShown {
    /// The disclosure policy in force, by its digest; to be sent with the consents.
    pub policy: String,
    /// One switch for each claim.
    pub consents: Vec<ConsentShown>,
}

/// A switch of the consent screen.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseConsentAsked"))]
pub struct ConsentShown {
    /// The claim's key.
    pub claim: String,
    /// Party id of who gets it.
    pub party: String,
    /// The line of insurance (險種).
    pub line: Line,
    /// The line in Chinese.
    pub line_zh: &'static str,
    /// Why: `claim-assessment`.
    pub purpose: &'static str,
    /// The same in Chinese.
    pub purpose_zh: &'static str,
    /// Whether the person has consented already.
    pub given: bool,
    /// What it gets, and not, by type of document.
    pub documents: Vec<SharedShown>,
}

/// What a recipient gets of a type of document.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CaseShared"))]
pub struct SharedShown {
    /// The evidence type.
    pub document: String,
    /// Its name.
    pub document_zh: &'static str,
    /// Whether it is given at all.
    pub given: bool,
    /// Fields that are given: JSON pointers.
    pub fields: Vec<String>,
    /// Fields that are withheld.
    pub withheld: Vec<String>,
    /// Whether its files go with it.
    pub files: bool,
    /// Why, or why not.
    pub why: String,
    /// The same in Chinese.
    pub why_zh: String,
    /// The statute or clause it rests on.
    pub basis: String,
}

/// A case as it is shown.
#[must_use]
pub fn shown(seen: &CaseSeen) -> CaseShown {
    let turns: Vec<_> = seen.turns.iter().map(|(_, turn)| turn.clone()).collect();
    CaseShown {
        case_id: seen.id.to_string(),
        accident_id: seen.accident.map(|id| id.to_string()),
        filed_by: seen.filed_by.as_ref().map(|by| FiledByBody { kind: by.kind, mandate: by.mandate.clone() }),
        fields: seen.draft.fields.iter().map(|(name, held)| (name.clone(), field(held))).collect(),
        unsent: seen.unsent.clone(),
        others: seen.others.iter().map(other).collect(),
        claims: seen.claims.iter().map(claim).collect(),
        checks: seen
            .flags
            .iter()
            .map(|flag| CheckShown {
                code: flag.code,
                field: flag.field.clone(),
                text: flag.text,
                text_zh: flag.chinese,
            })
            .collect(),
        next_deadline: next_deadline(&turns),
        on_turn: seen
            .turns
            .iter()
            .map(|(claim, turn)| CaseTurn { claim: claim.clone(), turn: turn_view(turn) })
            .collect(),
        timeline: seen.timeline.iter().map(|(claim, line)| event(claim, line)).collect(),
    }
}

fn field(held: &Held) -> FieldShown {
    let other = |other: &Other| OtherValue { value: other.value.clone(), base: other.base, at: other.at };
    FieldShown {
        value: held.value.clone(),
        version: held.version,
        at: held.at,
        others: held.others.iter().map(other).collect(),
    }
}

fn other(seen: &OtherSeen) -> OtherShown {
    OtherShown { fields: seen.facts.iter().cloned().collect(), agrees: seen.agrees.iter().copied().collect() }
}

fn claim(seen: &ClaimSeen) -> ClaimShown {
    let (kind, kind_zh) = words(seen.plan.kind);
    ClaimShown {
        claim: seen.key.clone(),
        kind,
        kind_zh,
        party: seen.plan.insurer.clone(),
        line: seen.line,
        state: seen.state,
        claim_id: seen.claim.map(|id| id.to_string()),
        submission: seen.submission.map(SubmissionState::as_str),
        complete: !seen.papers.iter().any(|(_, state)| *state == State::Missing),
        documents: seen.papers.iter().map(document).collect(),
    }
}

fn document((needed, state): &(Needed, State)) -> DocumentShown {
    let (word, on) = match state {
        State::There => ("there", None),
        State::Coming(on) => ("coming", Some(*on)),
        State::Missing => ("missing", None),
    };
    let how = (*state == State::Missing).then_some(needed.how);
    DocumentShown {
        document: needed.what,
        document_zh: needed.chinese,
        state: word,
        on,
        how: how.map(|(english, _)| english),
        how_zh: how.map(|(_, chinese)| chinese),
    }
}

fn event(claim: &str, line: &TimelineLine) -> CaseEvent {
    let (text, text_zh) = sentence(&line.event);
    CaseEvent {
        claim: claim.to_owned(),
        at: line.at,
        at_taipei: in_taipei(line.at),
        event: line.event.clone(),
        text,
        text_zh,
        parameters: line.parameters.clone(),
    }
}

impl SavedShown {
    /// What became of edits.
    #[must_use]
    pub fn of(seen: &CaseSeen, merged: Merged) -> Self {
        let named = |draft: &Draft, name: &String| draft.fields.get(name).map(|held| (name.clone(), field(held)));
        let touched = merged.changed.iter().chain(&merged.conflicts);
        Self {
            fields: touched.filter_map(|name| named(&seen.draft, name)).collect(),
            faults: merged
                .faults
                .into_iter()
                .map(|(field, fault)| FaultShown { field, code: fault.code, text: fault.text, text_zh: fault.chinese })
                .collect(),
            conflicts: merged.conflicts,
            case: shown(seen),
        }
    }
}

impl InvitationShown {
    /// An invitation as it is shown, once.
    #[must_use]
    pub fn of(invited: &Invited) -> Self {
        Self { code: invited.code.clone(), qr: format!("claimgate:join:{}", invited.code), expires: invited.expires }
    }
}

impl ConsentsShown {
    /// The data of a consent screen.
    #[must_use]
    pub fn of(policy: &str, asked: Vec<ConsentAsked>) -> Self {
        let purpose = claimgate_packet::words::Purpose::ClaimAssessment;
        let consents = asked.into_iter().map(|one| ConsentShown {
            claim: one.claim,
            party: one.party.to_string(),
            line: one.line,
            line_zh: one.line.chinese(),
            purpose: purpose.as_str(),
            purpose_zh: purpose.chinese(),
            given: one.given,
            documents: one.gets.iter().map(shared).collect(),
        });
        Self { policy: policy.to_owned(), consents: consents.collect() }
    }
}

fn shared(one: &OfKind) -> SharedShown {
    let pointers = |given: bool| one.pointers(given).map(ToOwned::to_owned).collect();
    SharedShown {
        document: one.kind.clone(),
        document_zh: chinese(&one.kind),
        given: one.given,
        fields: pointers(true),
        withheld: pointers(false),
        files: one.files == Some(true),
        why: one.why.reason.clone(),
        why_zh: one.why.chinese.clone(),
        basis: one.why.basis.clone(),
    }
}
