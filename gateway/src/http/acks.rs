//! `POST /insurer/v1/acks`: many acknowledgements (簽收) in one request, each done as if it had come alone.
//!
//! The items are independent: one that is refused changes nothing for the others, and the same body again is the same
//! answer. They are worked on together, so that their changes are committed together.

use std::collections::BTreeSet;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::told::{AckOutcome, AcksView};
use claimgate_adapters::insurer::{AckItem, AcksBody, Envelope};
use futures_util::{StreamExt, stream};
use validator::Validate;

use super::body::Small;
use super::caller::{AckDeliveries, Caller};
use super::confirm::Call;
use super::insurer::{envelope, said};
use super::problem::Problem;
use crate::app::App;
use crate::id::DeliveryId;
use crate::party::PartyId;

/// The largest body: two hundred receipts of the largest size.
const BODY: Small = Small { bytes: 1 << 20, members: 2_000 };
/// How many items are in work at once.
const AT_ONCE: usize = 32;

/// Acknowledges up to 200 deliveries.
///
/// # Errors
/// A body that is not of the form; what is wrong with one item stands in its outcome.
pub async fn acknowledge(
    app: Data<App>,
    caller: Caller<AckDeliveries>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::read(&app, &caller, request, payload, BODY).await?;
    let AcksBody { acks } = call.json()?;
    let mut named = BTreeSet::new();
    let firsts: Vec<bool> = acks.iter().map(|item| named.insert(item.delivery_id.clone())).collect();
    let (app, insurer) = (&app, &caller.party.id);
    let outcomes: Vec<AckOutcome> = stream::iter(acks.into_iter().zip(firsts))
        .map(|(item, first)| async move {
            // Nothing but an id is repeated.
            let id = item.delivery_id.parse::<DeliveryId>().ok().map(|id| id.to_string());
            let done = if first { one(app, insurer, item).await } else { Err(repeated()) };
            outcome(id.as_deref(), done)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    call.confirm(app, &AcksView { outcomes })
}

async fn one(app: &App, insurer: &PartyId, item: AckItem) -> Result<Envelope, Problem> {
    let id = item.delivery_id.parse().map_err(|_| Problem::not_found())?;
    let ack = item.into_ack();
    ack.validate().map_err(|_| Problem::new(422, "body.value", "presentation_digest is 43 signs of base64url"))?;
    let delivery = app.engine.acknowledge(insurer, id, &said(ack)).await?;
    Ok(envelope(&delivery))
}

fn repeated() -> Problem {
    Problem::new(422, "ack.repeated", "This delivery stands earlier in the same body; that item counts")
}

fn outcome(id: Option<&str>, done: Result<Envelope, Problem>) -> AckOutcome {
    let delivery_id = id.map(ToOwned::to_owned);
    match done {
        Ok(delivery) => {
            AckOutcome { delivery_id, status: 200, code: "acknowledged", delivery: Some(delivery), detail: None }
        }
        Err(problem) => {
            let (status, code, detail) = problem.parts();
            AckOutcome { delivery_id, status, code, delivery: None, detail: Some(detail.to_owned()) }
        }
    }
}
