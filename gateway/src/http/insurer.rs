//! `/insurer/v1`: insurers pull deliveries, acknowledge them, report the status of submissions.

use std::time::Duration;

use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::{AckBody, Envelope, Page, ReceiptView, StatusBody, SubmissionView};
use serde::Deserialize;

use super::body;
use super::caller::{AckDeliveries, Caller, ReadDeliveries, ReportStatus};
use super::problem::Problem;
use crate::app::App;
use crate::core::change::Acknowledgement;
use crate::flows::insurer::{Ack, Report};
use crate::party::PartyId;
use crate::store::read::{Listing, Which};
use crate::store::{DeliveryView, StoreError};

/// Query of the listing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
    #[serde(default)]
    wait: u64,
    state: Option<String>,
}

/// `GET /insurer/v1/deliveries?after=&limit=&wait=&state=open`: a repeatable log, never a lease.
///
/// # Errors
/// 400 for a bound that is not one.
pub async fn list(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let pull = Query::<Pull>::from_query(request.query_string()).map_err(|_| wrong_query(&app))?.into_inner();
    let limit = pull.limit.unwrap_or(50);
    let wait = Duration::from_secs(pull.wait);
    let which = match pull.state.as_deref() {
        None => Which::All,
        Some("open") => Which::Open,
        Some(_) => return Err(wrong_query(&app)),
    };
    let bounds = &app.config.delivery;
    if pull.after < 0 || limit == 0 || limit > bounds.max_limit || pull.wait > bounds.max_wait_seconds {
        return Err(wrong_query(&app));
    }
    let listing = Listing { after: pull.after, limit: i64::from(limit), which };
    let deliveries = wait_for(&app, &caller.party.id, listing, wait).await?;
    let next_after = deliveries.last().map_or(pull.after, |last| last.position);
    let more = deliveries.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(no_store().json(Page { deliveries: deliveries.iter().map(envelope).collect(), next_after, more }))
}

/// `GET /insurer/v1/deliveries/{id}`: the sealed packet (JWE compact, `application/jose`).
///
/// # Errors
/// 404 where it is another's, 410 where it was withdrawn.
pub async fn fetch(app: Data<App>, caller: Caller<ReadDeliveries>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let (delivery, sealed) = app.engine.fetch(&caller.party.id, id).await?;
    Ok(no_store()
        .content_type("application/jose")
        .insert_header(("Content-Digest", content_digest(&sealed)))
        .insert_header(("ClaimGate-Packet-Id", delivery.packet.to_string()))
        .body(sealed))
}

/// `POST /insurer/v1/deliveries/{id}/ack`.
///
/// # Errors
/// 404, 409 for another digest or result, 422 for another form or a receipt that does not count.
pub async fn acknowledge(
    app: Data<App>,
    caller: Caller<AckDeliveries>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let ack: AckBody = body::json(&app, &request, payload).await?;
    let result = if ack.is_accepted() { Acknowledgement::Accepted } else { Acknowledgement::Rejected };
    let ack = Ack { result, presentation_digest: ack.presentation_digest, receipt: ack.receipt };
    let delivery = app.engine.acknowledge(&caller.party.id, id, &ack).await?;
    Ok(no_store().json(envelope(&delivery)))
}

/// `GET /insurer/v1/deliveries/{id}/receipt`: what the insurer signed, with the key that verified it.
///
/// # Errors
/// 404 where it is another's, or where no receipt was given.
pub async fn receipt(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let (delivery, kept) = app.engine.receipt(&caller.party.id, id).await?;
    let kept = kept.ok_or_else(|| {
        Problem::new(404, "receipt.none", "This delivery was acknowledged without a signed receipt, or not yet")
    })?;
    Ok(no_store().json(ReceiptView {
        delivery_id: delivery.id.to_string(),
        packet_id: delivery.packet.to_string(),
        line: delivery.line,
        presentation_digest: delivery.presentation_digest,
        result: kept.result,
        signed_at: kept.signed_at,
        received_at: kept.received_at,
        digest: kept.digest,
        receipt: kept.text,
        keys: vec![kept.key],
    }))
}

/// `POST /insurer/v1/submissions/{id}/status`.
///
/// # Errors
/// 404, 409 for a step that does not exist, 422 for another form.
pub async fn report(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let status: StatusBody = body::json(&app, &request, payload).await?;
    let state = status
        .state
        .parse()
        .map_err(|error| Problem::new(422, "submission.unknown-state", format!("{error}")).at("/state"))?;
    let report = Report { state, number: status.number, note: status.note };
    let submission = app.engine.report(&caller.party.id, id, &report).await?;
    Ok(no_store().json(SubmissionView {
        submission_id: submission.id.to_string(),
        claim_id: submission.claim.to_string(),
        line: submission.line,
        state: submission.state.as_str().to_owned(),
    }))
}

async fn wait_for(
    app: &App,
    insurer: &PartyId,
    listing: Listing,
    wait: Duration,
) -> Result<Vec<DeliveryView>, StoreError> {
    let store = &app.engine.store;
    // Subscribed before the first read, so that nothing slips in between.
    let mut changed = store.deliveries_changed();
    let start = app.engine.clock.elapsed();
    loop {
        let found = store.deliveries(insurer, listing).await?;
        let left = wait.saturating_sub(app.engine.clock.elapsed().saturating_sub(start));
        if !found.is_empty() || left.is_zero() || !app.is_ready() {
            return Ok(found);
        }
        // Looked at again every second: the server may be stopping, or another process may have written.
        let _ = tokio::time::timeout(left.min(Duration::from_secs(1)), changed.changed()).await;
    }
}

fn envelope(delivery: &DeliveryView) -> Envelope {
    Envelope {
        id: delivery.id.to_string(),
        position: delivery.position,
        packet_id: delivery.packet.to_string(),
        claim_id: delivery.claim.to_string(),
        submission_id: delivery.submission.to_string(),
        line: delivery.line,
        revision: delivery.revision,
        state: delivery.state.as_str().to_owned(),
        bytes: delivery.bytes,
        digest: delivery.digest.clone(),
        kid: delivery.kid.clone(),
        created: delivery.created,
        acknowledgement: delivery.acknowledgement.clone(),
        receipt: delivery.receipt.clone(),
    }
}

/// RFC 9530.
pub(super) fn content_digest(bytes: &[u8]) -> String {
    use base64::Engine;
    let digest = claimgate_packet::jose::digest::sha256(bytes);
    format!("sha-256=:{}:", base64::engine::general_purpose::STANDARD.encode(digest))
}

pub(super) fn no_store() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    response
}

fn wrong_query(app: &App) -> Problem {
    let bounds = &app.config.delivery;
    let detail = format!(
        "The query takes after (a position, from 0), limit (1 to {}), wait (seconds, 0 to {}) and state=open",
        bounds.max_limit, bounds.max_wait_seconds
    );
    Problem::new(400, "query.invalid", detail)
}
