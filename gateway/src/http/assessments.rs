//! `POST /claims/v1/assessments`, `POST /insurer/v1/assessments`: who must pay whom, who may claim, about how much, with which
//! papers, by the rules of compulsory motor insurance (docs/motor-rules.md). Nothing is kept.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::motor::Fault;
use serde::Deserialize;
use validator::Validate;

use super::body::{self, Small};
use super::caller::{Caller, FollowClaims, ReadDeliveries};
use super::confirm::Call;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::assessment::{Assessing, assess};
use crate::core::ledger::day;

/// Facts of an accident with its victims, their relatives and costs.
const FACTS: Small = Small { bytes: 256 << 10, members: 8_000 };
/// Faults told at once.
const MOST_TOLD: usize = 10;

/// Body of both.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct AssessmentBody {
    /// The facts; their rules are those of the tables.
    pub facts: Assessing,
}

claimgate_packet::opaque_debug!(AssessmentBody);

/// `POST /claims/v1/assessments`.
///
/// # Errors
/// 422 with every fault of the facts.
pub async fn of_app(
    app: Data<App>,
    _caller: Caller<FollowClaims>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let asked: AssessmentBody = body::json_within(&app, &request, payload, FACTS).await?;
    let found = assess(&asked.facts, day(app.engine.now())).map_err(|faults| told(&faults))?;
    Ok(no_store().json(found))
}

/// `POST /insurer/v1/assessments`.
///
/// # Errors
/// As [`of_app`].
pub async fn of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::read(&app, &caller, request, payload, FACTS).await?;
    let asked: AssessmentBody = call.json()?;
    let found = assess(&asked.facts, day(app.engine.now())).map_err(|faults| told(&faults))?;
    call.confirm(&app, &found)
}

/// The first fault with its place; the others, as far as they go, with theirs.
fn told(faults: &[Fault]) -> Problem {
    let mut all = faults.iter().take(MOST_TOLD);
    let Some(first) = all.next() else { return Problem::not_found() };
    let mut problem = Problem::new(422, "assessment.facts", first.text).at(first.at.clone());
    for fault in all {
        problem = problem.and(&format!("; {}: {}", fault.at, fault.text));
    }
    problem
}
