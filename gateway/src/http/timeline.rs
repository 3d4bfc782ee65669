//! The timeline (進度) of a claim for its hospital and its insurers, with who is on turn. What an app reads stands in `claims`.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use claimgate_adapters::insurer::payment::FlagView;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::caller::{Caller, ReadBundles, ReadDeliveries};
use super::claims::in_taipei;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::timeline::sentence;
use crate::core::turn::{self, next_deadline};
use crate::flows::insurer::shown as flag_shown;
use crate::flows::timeline::{Followed, Stand};
use crate::store::TimelineLine;

/// A claim (理賠案件) as its hospital, or one of its insurers, sees it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FollowedClaim"))]
pub struct View {
    /// Claim id.
    pub claim_id: String,
    /// How it stands with each insurer and line; for an insurer with itself alone.
    pub submissions: Vec<StandView>,
    /// Who is on turn; what is due first comes first.
    pub on_turn: Vec<TurnView>,
    /// The next moment something is due (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Timestamp>,
    /// What its insurer decided or paid on and was withdrawn since; for that insurer alone.
    pub flags: Vec<FlagView>,
    /// What happened, oldest first.
    pub timeline: Vec<EntryView>,
}

/// How a claim stands with one insurer in one line.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubmissionStanding"))]
pub struct StandView {
    /// Submission id (受理案件).
    pub submission_id: String,
    /// Party id of the insurer.
    pub party: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The line in Chinese.
    pub line_zh: &'static str,
    /// State of the submission.
    pub state: &'static str,
    /// The state in Chinese.
    pub state_zh: &'static str,
}

/// Somebody who has something to do (輪到誰).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OnTurn"))]
pub struct TurnView {
    /// `hospital`, `insurer` or `person`.
    pub who: &'static str,
    /// Party id of the insurer it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// Line of insurance (險種).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// What is to be done, as a stable word.
    pub what: &'static str,
    /// What is to be done, in English.
    pub text: &'static str,
    /// What is to be done, in Chinese.
    pub text_zh: &'static str,
    /// Since when (UTC).
    pub since: Timestamp,
    /// Until when (UTC); left out where no day is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
}

/// One thing that happened.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Event"))]
pub struct EntryView {
    /// Its place in your stream of events; given a moment after it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
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

/// `GET /hospital/v1/claims/{id}/timeline`.
///
/// # Errors
/// 404 for a claim that is another's.
pub async fn of_hospital(
    app: Data<App>,
    caller: Caller<ReadBundles>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let followed = app.engine.followed_by_hospital(&caller.party.id, id).await?.ok_or_else(Problem::not_found)?;
    Ok(no_store().json(view(followed)))
}

/// `GET /insurer/v1/submissions/{id}/timeline`.
///
/// # Errors
/// 404 for a submission that is another's.
pub async fn of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(view(app.engine.followed_by_insurer(&caller.party.id, id).await?)))
}

fn view(followed: Followed) -> View {
    View {
        claim_id: followed.claim.to_string(),
        submissions: followed.stands.iter().map(stand).collect(),
        next_deadline: next_deadline(&followed.turns),
        on_turn: followed.turns.iter().map(turn_view).collect(),
        flags: followed.flag.into_iter().map(flag_shown).collect(),
        timeline: followed.timeline.into_iter().map(entry).collect(),
    }
}

fn stand(one: &Stand) -> StandView {
    StandView {
        submission_id: one.submission.to_string(),
        party: one.party.to_string(),
        line: one.line,
        line_zh: one.line.chinese(),
        state: one.state.as_str(),
        state_zh: one.state.chinese(),
    }
}

/// Who is on turn, as it is shown.
#[must_use]
pub fn turn_view(one: &turn::Turn) -> TurnView {
    let (text, text_zh) = turn::sentence(one.what);
    TurnView {
        who: one.who.as_str(),
        party: one.party.as_ref().map(ToString::to_string),
        line: one.line,
        what: one.what,
        text,
        text_zh,
        since: one.since,
        by: one.by,
    }
}

/// An entry as it is shown.
#[must_use]
pub fn entry(line: TimelineLine) -> EntryView {
    let (text, text_zh) = sentence(&line.event);
    EntryView {
        position: line.position,
        at: line.at,
        at_taipei: in_taipei(line.at),
        event: line.event,
        text,
        text_zh,
        parameters: line.parameters,
    }
}
