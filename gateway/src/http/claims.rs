//! `/claims/v1`: app backends link themselves to a claim by its tracking code and follow it.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;
use serde_json::{Value, json};
use validator::Validate;

use super::body;
use super::caller::{Caller, FollowClaims};
use super::problem::Problem;
use crate::app::App;
use crate::core::timeline::sentence;
use crate::store::{AppView, TimelineLine};

/// Body of `POST /claims/v1/links`.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    #[validate(length(min = 25, max = 40))]
    tracking_code: String,
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
        Some(claim) => Ok(HttpResponse::Created().json(json!({
            "claim_id": claim.to_string(),
            "timeline": format!("{}/claims/v1/claims/{claim}/timeline", app.engine.issuer),
        }))),
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
    let view = app.engine.app_view(&caller.party.id, id).await?.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(shown(&view)))
}

fn shown(view: &AppView) -> Value {
    let submissions: Vec<Value> = view
        .submissions
        .iter()
        .map(|(party, line, state)| {
            json!({ "party": party.as_str(), "line": line, "line_zh": line.chinese(), "state": state.as_str() })
        })
        .collect();
    let timeline: Vec<Value> = view.timeline.iter().map(entry).collect();
    json!({
        "claim_id": view.claim.to_string(),
        "revision": view.revision,
        "submissions": submissions,
        "timeline": timeline,
    })
}

fn entry(line: &TimelineLine) -> Value {
    let (text, text_zh) = sentence(&line.event);
    json!({
        "at": line.at.to_string(),
        "at_taipei": in_taipei(line.at),
        "event": line.event,
        "text": text,
        "text_zh": text_zh,
        "parameters": line.parameters,
    })
}

/// Taiwan has kept UTC+8 without summer time since 1980.
#[must_use]
pub fn in_taipei(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(Offset::constant(8))).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
