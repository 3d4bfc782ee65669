//! Giving back a delivery, linking a submission, and the trace both of its sides read.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::handover::{
    DoorView, LinkBody, LinkedSubmission, ReturnBody, ReturnedView, SubmissionTrace, TracedDelivery, TracedLink,
    TracedReturn,
};

use super::body::Small;
use super::caller::{AckDeliveries, Caller, ReadBundles, ReadDeliveries, ReportStatus};
use super::confirm::Call;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::handover::{Door, NotForwarded};
use crate::flows::insurer::{Link, Return, Suggested, Trace};
use crate::id::SubmissionId;
use crate::party::PartyId;
use crate::store;

/// `POST /insurer/v1/deliveries/{id}/return`: not ours.
///
/// # Errors
/// 404, 409 where it was never fetched, is decided, was given back otherwise or may not be handed on, 422 for another form.
pub async fn give_back(
    app: Data<App>,
    caller: Caller<AckDeliveries>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let call = Call::read(&app, &caller, request, payload, Small::default()).await?;
    let asked: ReturnBody = call.json()?;
    let unknown = |error| Problem::new(422, "return.unknown-reason", format!("A reason is {error}")).at("/reason");
    let suggested = asked.suggested_recipient;
    let back = Return {
        reason: asked.reason.parse().map_err(unknown)?,
        suggested: suggested.map(|one| Suggested { system: one.system, value: one.value, line: one.line }),
    };
    let done = app.engine.give_back(&caller.party.id, id, &back).await?;
    let view = ReturnedView {
        delivery_id: done.delivery.id.to_string(),
        submission_id: done.delivery.submission.to_string(),
        state: done.delivery.state.as_str(),
        reason: done.reason.as_str(),
        forwarded_to: done.forwarded_to.map(|to| door(&to, None)),
    };
    call.confirm(&app, &view)
}

/// `POST /insurer/v1/submissions/{id}/link`: we have this case already.
///
/// # Errors
/// 404, 422 for another form.
pub async fn link(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let call = Call::read(&app, &caller, request, payload, Small::default()).await?;
    let asked: LinkBody = call.json()?;
    let unknown = |error| Problem::new(422, "link.unknown-rail", format!("A rail is {error}")).at("/rail");
    let link = Link { rail: asked.rail.parse().map_err(unknown)?, number: asked.number };
    let linked = app.engine.link(&caller.party.id, id, &link).await?;
    let view = LinkedSubmission {
        submission_id: linked.submission.id.to_string(),
        claim_id: linked.submission.claim.to_string(),
        line: linked.submission.line,
        state: linked.submission.state.as_str().to_owned(),
        linked: linked.rails.iter().map(|rail| rail.as_str()).collect(),
        same_case: linked.same_case.iter().map(ToString::to_string).collect(),
    };
    call.confirm(&app, &view)
}

/// `GET /insurer/v1/submissions/{id}/trace`.
///
/// # Errors
/// 404 where it is another's.
pub async fn of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    traced(&app, &caller.party.id, &id).await
}

/// `GET /hospital/v1/submissions/{id}/trace`: the same for the hospital.
///
/// # Errors
/// 404 where it is another's.
pub async fn of_hospital(
    app: Data<App>,
    caller: Caller<ReadBundles>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    traced(&app, &caller.party.id, &id).await
}

async fn traced(app: &App, side: &PartyId, id: &str) -> Result<HttpResponse, Problem> {
    let id: SubmissionId = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(shown(app.engine.submission_trace(side, id).await?)))
}

fn shown(trace: Trace) -> SubmissionTrace {
    let Trace { submission, deliveries, links, same_case } = trace;
    SubmissionTrace {
        submission_id: submission.id.to_string(),
        claim_id: submission.claim.to_string(),
        recipient: submission.party.to_string(),
        line: submission.line,
        state: submission.state.as_str().to_owned(),
        deliveries: deliveries.into_iter().map(delivery).collect(),
        linked: links.into_iter().map(|(rail, at, number)| TracedLink { rail: rail.as_str(), at, number }).collect(),
        same_case: same_case.iter().map(ToString::to_string).collect(),
    }
}

fn delivery(one: store::TracedDelivery) -> TracedDelivery {
    TracedDelivery {
        delivery_id: one.id.to_string(),
        revision: one.revision,
        state: one.state.as_str(),
        created: one.created,
        fetched: one.left,
        acknowledged: one.acknowledged,
        returned: one.returned.map(|back| TracedReturn {
            reason: back.reason.as_str(),
            at: back.at,
            not_forwarded: back.refused.map(NotForwarded::code),
        }),
        forwarded_to: one.forwarded_to.map(|to| door(&to, None)),
        forwarded_from: one.forwarded_from.map(|(from, hops)| door(&from, Some(hops))),
    }
}

fn door(door: &Door, hops: Option<i64>) -> DoorView {
    DoorView { recipient: door.party.to_string(), line: door.line, submission_id: door.submission.to_string(), hops }
}
