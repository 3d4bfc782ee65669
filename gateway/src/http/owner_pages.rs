//! `POST /claims/v1/claims/{id}/page`: an app asks for a link to the page its user follows a claim on.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::body;
use super::caller::{Caller, FollowClaims};
use super::owner::address_of;
use super::problem::Problem;
use crate::app::App;
use crate::core::application::page::Language;
use crate::id::ClaimId;

/// How long a link lives where nothing is said, in minutes.
const USUAL: i64 = 15;

/// Body of `POST /claims/v1/claims/{id}/page`.
#[derive(Debug, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewOwnerPage"))]
#[serde(deny_unknown_fields)]
pub struct OwnerPageBody {
    /// In which language the page begins; 繁體中文 where nothing is said.
    #[serde(default)]
    pub language: Language,
    /// How long the link can be used, in minutes: 1 to 60, 15 where nothing is said.
    #[validate(range(min = 1, max = 60))]
    pub minutes: Option<i64>,
}

/// A link to a page.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OwnerPage"))]
pub struct OwnerPageBegun {
    /// Id, `opg_` and a UUID: who did what on the page stands in the audit trail under it.
    pub id: String,
    /// The link for the person's browser: a secret, for one session, told once.
    pub link: String,
    /// Until when the link can be used.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub expires_at: Timestamp,
}

claimgate_packet::opaque_debug!(OwnerPageBegun);

/// `POST /claims/v1/claims/{id}/page`.
///
/// # Errors
/// 404 for a claim this app is not linked to.
pub async fn begin(
    app: Data<App>,
    caller: Caller<FollowClaims>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let claim: ClaimId = id.parse().map_err(|_| Problem::not_found())?;
    let asked: OwnerPageBody = body::json(&app, &request, payload).await?;
    let wanted = (asked.minutes.unwrap_or(USUAL), asked.language);
    let begun = app.engine.begin_owner_page(&caller.party.id, claim, wanted).await?.ok_or_else(Problem::not_found)?;
    let link = address_of(&app.engine.issuer, &begun.secret);
    let answer = OwnerPageBegun { id: begun.id.to_string(), link, expires_at: begun.until };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(answer))
}
