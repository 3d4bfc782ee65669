//! What a party sees and asks of its webhooks, and what a hospital sees of its claim's deliveries.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::RedriveBody;
use claimgate_adapters::insurer::told::{Attempt, Attempts, EndpointShown, SentDeliveries, SentDelivery};

use super::body::{self, Small};
use super::caller::{AckDeliveries, Caller, FollowClaims, ReadBundles, ReadDeliveries};
use super::confirm::Call;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::push::{Selection, Whose};
use crate::flows::endpoint::NotChanged;
use crate::id::{ClaimId, DeliveryId};
use crate::store::{AttemptView, EndpointView};

/// `GET /insurer/v1/endpoint`: where the party is told, whether it works, how many messages wait.
///
/// # Errors
/// 404 where it has none.
pub async fn endpoint(app: Data<App>, caller: Caller<ReadDeliveries>) -> Result<HttpResponse, Problem> {
    let known = app.engine.store.endpoint(&caller.party.id).await?.ok_or_else(no_endpoint)?;
    Ok(no_store().json(shown(known)))
}

/// `POST /insurer/v1/endpoint/redrive`: told again of a range, under the same message ids.
///
/// # Errors
/// 404 without an endpoint, 422 for another form.
pub async fn redrive(
    app: Data<App>,
    caller: Caller<AckDeliveries>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::read(&app, &caller, request, payload, Small::default()).await?;
    let asked: RedriveBody = call.json()?;
    let selection = selection(&app, asked)?;
    let party = &caller.party.id;
    let known = app.engine.redrive(party.as_str(), party, selection).await?;
    call.confirm(&app, &shown(known))
}

/// `GET /claims/v1/endpoint`: the same for an app backend.
///
/// # Errors
/// 404 where it has none.
pub async fn endpoint_of_app(app: Data<App>, caller: Caller<FollowClaims>) -> Result<HttpResponse, Problem> {
    let known = app.engine.store.endpoint(&caller.party.id).await?.ok_or_else(no_endpoint)?;
    Ok(no_store().json(shown(known)))
}

/// `POST /claims/v1/endpoint/redrive`: told again of events that did not arrive, or of a span of time.
///
/// # Errors
/// 404 without an endpoint, 422 for another form.
pub async fn redrive_app(
    app: Data<App>,
    caller: Caller<FollowClaims>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let asked: RedriveBody = body::json(&app, &request, payload).await?;
    let selection = match selection(&app, asked)? {
        Selection::After(_) | Selection::One(_) => {
            let detail = "Events of several claims have no position in common: say {\"open\": true}, or from and to";
            return Err(Problem::new(422, "redrive.which", detail));
        }
        selection => selection,
    };
    let party = &caller.party.id;
    Ok(no_store().json(shown(app.engine.redrive(party.as_str(), party, selection).await?)))
}

/// Which deliveries a body names.
pub(super) fn selection(app: &App, asked: RedriveBody) -> Result<Selection, Problem> {
    Ok(match (asked.after, asked.from, asked.to, asked.open) {
        (Some(position), None, None, None) => Selection::After(position),
        (None, Some(from), to, None) => Selection::Between(from, to.unwrap_or(app.engine.now())),
        (None, None, None, Some(true)) => Selection::Open,
        _ => {
            return Err(Problem::new(
                422,
                "redrive.which",
                "Say which deliveries: {\"open\": true}, {\"after\": <position>}, or {\"from\": <time>, \"to\": <time>}",
            ));
        }
    })
}

/// `POST /insurer/v1/deliveries/{id}/redrive`: told again of one delivery.
///
/// # Errors
/// 404 where it is another's, or there is no endpoint.
pub async fn redrive_one(
    app: Data<App>,
    caller: Caller<AckDeliveries>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id: DeliveryId = id.parse().map_err(|_| Problem::not_found())?;
    let call = Call::read(&app, &caller, request, payload, Small::default()).await?;
    let party = &caller.party.id;
    app.engine.store.delivery(party, id).await?.ok_or_else(Problem::not_found)?;
    let known = app.engine.redrive(party.as_str(), party, Selection::One(id)).await?;
    call.confirm(&app, &shown(known))
}

/// `GET /insurer/v1/deliveries/{id}/attempts`: every attempt to tell of it, and whose fault a failure is.
///
/// # Errors
/// 404 where it is another's.
pub async fn attempts(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: DeliveryId = id.parse().map_err(|_| Problem::not_found())?;
    let party = &caller.party.id;
    app.engine.store.delivery(party, id).await?.ok_or_else(Problem::not_found)?;
    let attempts = app.engine.store.attempts(party, id).await?.into_iter().map(attempt).collect();
    let repository = app.engine.repository_answer(party, id).await?;
    Ok(no_store().json(Attempts { delivery_id: id.to_string(), repository, attempts }))
}

/// `GET /hospital/v1/claims/{id}/deliveries`: where the hospital's own claim has got to, with the same attempts.
///
/// # Errors
/// 404 where it is another's.
pub async fn sent(app: Data<App>, caller: Caller<ReadBundles>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let claim = uuid::Uuid::try_parse(&id).map(ClaimId::from_uuid).ok().or_else(|| id.parse().ok());
    let claim = claim.ok_or_else(Problem::not_found)?;
    let store = &app.engine.store;
    store.claim_of_hospital(&caller.party.id, claim).await?.ok_or_else(Problem::not_found)?;
    let mut deliveries = Vec::new();
    for one in store.sent(&caller.party.id, claim).await? {
        deliveries.push(SentDelivery {
            submission_id: one.submission.to_string(),
            id: one.id.to_string(),
            recipient: one.party.to_string(),
            line: one.line,
            revision: one.revision,
            state: one.state.as_str(),
            created: one.created,
            fetched: one.left,
            acknowledged: one.acknowledged,
            acknowledgement: one.acknowledgement,
            attempts: store.attempts(&one.party, one.id).await?.into_iter().map(told_sender).collect(),
        });
    }
    Ok(no_store().json(SentDeliveries { claim_id: claim.to_string(), deliveries }))
}

/// What a receiver's server said is between it and us; whose fault it was is the sender's to know.
fn told_sender(one: AttemptView) -> Attempt {
    let answered = one.fault.as_deref() == Some(Whose::Recipient.as_str());
    let shown = attempt(one);
    if answered { Attempt { answer: String::new(), ..shown } } else { shown }
}

pub(super) fn attempt(one: AttemptView) -> Attempt {
    Attempt {
        message_id: one.message,
        event: one.kind,
        number: one.number,
        at: one.at,
        milliseconds: one.millis,
        status: one.status,
        fault: one.fault,
        answer: one.words,
    }
}

pub(super) fn shown(known: EndpointView) -> EndpointShown {
    EndpointShown {
        url: known.url,
        content: known.content.as_str(),
        state: known.state.as_str(),
        failures: known.failures,
        failing_since: known.failing_since,
        waiting: known.due,
        given_up: known.dead,
        changed: known.changed,
    }
}

fn no_endpoint() -> Problem {
    Problem::new(
        404,
        "endpoint.none",
        "No webhook endpoint is registered for you; the operator sets one. Pulling works",
    )
}

impl From<NotChanged> for Problem {
    fn from(reason: NotChanged) -> Self {
        match reason {
            // An address is named by operators alone.
            NotChanged::None
            | NotChanged::NotAnInsurer
            | NotChanged::NoPackets
            | NotChanged::Address(_)
            | NotChanged::SecondOperator => no_endpoint(),
            NotChanged::Meanwhile => {
                Problem::new(409, "endpoint.changed", "The endpoint was just changed; do it again")
            }
            NotChanged::Fault(fault) => fault.into(),
        }
    }
}
