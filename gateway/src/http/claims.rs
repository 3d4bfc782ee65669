//! `/claims/v1`: app backends link themselves to a claim by its tracking code and follow it.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::Validate;

use super::body;
use super::caller::{Caller, FollowClaims};
use super::problem::Problem;
use super::timeline::{TurnView, turn_view};
use crate::app::App;
use crate::core::timeline::sentence;
use crate::core::turn::{Turn, next_deadline};
use crate::store::{AppView, TimelineLine};

/// Body of `POST /claims/v1/links`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "TrackingCode"))]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// The code (追蹤碼) as the patient typed it; case, spaces and hyphens do not matter.
    #[validate(length(min = 25, max = 40))]
    tracking_code: String,
}

/// What a redeemed code answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Link {
    /// Claim id, `clm_` + UUIDv7; to be kept.
    pub claim_id: String,
    /// Where to follow it.
    pub timeline: String,
}

/// A claim (理賠案件) as its owner's app sees it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// Claim id.
    pub claim_id: String,
    /// Newest revision.
    pub revision: i64,
    /// How it stands with each insurer and line.
    pub submissions: Vec<Stand>,
    /// Who is on turn; what is due first comes first.
    pub on_turn: Vec<TurnView>,
    /// The next moment something is due (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Timestamp>,
    /// What happened, oldest first.
    pub timeline: Vec<Entry>,
}

/// How a claim stands with one insurer in one line.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Standing"))]
pub struct Stand {
    /// Party id of the insurer.
    pub party: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The line in Chinese.
    pub line_zh: &'static str,
    /// State of the submission (受理案件).
    pub state: &'static str,
}

/// One thing that happened.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "TimelineEntry"))]
pub struct Entry {
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

/// `POST /claims/v1/links`: redeems the one-time code the hospital gave the patient.
///
/// # Errors
/// 404 for a code that is unknown, used or expired.
pub async fn redeem(
    app: Data<App>,
    caller: Caller<FollowClaims>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body: Redeem = body::json(&app, &request, payload).await?;
    match app.engine.redeem(&caller.party.id, &body.tracking_code).await? {
        Some(claim) => Ok(HttpResponse::Created().json(Link {
            claim_id: claim.to_string(),
            timeline: format!("{}/claims/v1/claims/{claim}/timeline", app.engine.issuer),
        })),
        None => Err(Problem::new(
            404,
            "tracking-code.unknown",
            "This tracking code is unknown, was used before, or has expired; ask the hospital for the claim's code",
        )
        .at("/tracking_code")),
    }
}

/// `GET /claims/v1/claims/{id}/timeline`.
///
/// # Errors
/// 404 for a claim this app is not linked to.
pub async fn timeline(app: Data<App>, caller: Caller<FollowClaims>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let followed = app.engine.followed_by_owner(&caller.party.id, id).await?.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(shown(&followed)))
}

fn shown((view, turns): &(AppView, Vec<Turn>)) -> Timeline {
    let submissions = view
        .submissions
        .iter()
        .map(|(party, line, state)| Stand {
            party: party.to_string(),
            line: *line,
            line_zh: line.chinese(),
            state: state.as_str(),
        })
        .collect();
    let timeline = view.timeline.iter().map(entry).collect();
    Timeline {
        claim_id: view.claim.to_string(),
        revision: view.revision,
        submissions,
        on_turn: turns.iter().map(turn_view).collect(),
        next_deadline: next_deadline(turns),
        timeline,
    }
}

fn entry(line: &TimelineLine) -> Entry {
    let (text, text_zh) = sentence(&line.event);
    Entry {
        at: line.at,
        at_taipei: in_taipei(line.at),
        event: line.event.clone(),
        text,
        text_zh,
        parameters: line.parameters.clone(),
    }
}

/// Taiwan has kept UTC+8 without summer time since 1980.
#[must_use]
pub fn in_taipei(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(Offset::constant(8))).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
