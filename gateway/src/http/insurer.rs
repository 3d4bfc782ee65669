//! `/insurer/v1`: insurers fetch deliveries, acknowledge them, report the status of submissions. `pull` lists them,
//! `acks` takes many acknowledgements at once.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::{AckBody, Envelope, ReceiptView, StatusBody, SubmissionView};

use super::body::Small;
use super::caller::{AckDeliveries, Caller, ReadDeliveries, ReportStatus};
use super::confirm::Call;
use super::hospital::idempotency_key;
use super::ledger::BOOKED;
use super::problem::Problem;
use super::sending::{Room, send};
use crate::app::App;
use crate::core::change::Acknowledgement;
use crate::flows::insurer::{Ack, NotDone, Report, Reported, Status};
use crate::store::DeliveryView;

/// `GET /insurer/v1/deliveries/{id}`: the sealed packet (JWE compact, `application/jose`).
///
/// # Errors
/// 404 where it is another's, 410 where it was withdrawn, 429 or 503 where there is no room now.
pub async fn fetch(app: Data<App>, caller: Caller<ReadDeliveries>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let delivery = app.engine.to_fetch(&caller.party.id, id).await?;
    let room = Room::take(&app, &caller.entered, app.engine.packet_bytes(&caller.party, &delivery).await?)?;
    let form = caller.party.form();
    let (delivery, sealed) = app.engine.fetch(caller.party, delivery).await?;
    let mut response = no_store();
    response
        .content_type("application/jose")
        .insert_header(("ClaimGate-Form", form.as_str()))
        .insert_header(("Content-Digest", content_digest(&sealed)))
        .insert_header(("ClaimGate-Packet-Id", delivery.packet.to_string()));
    Ok(send(response, sealed, room))
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
    let call = Call::read(&app, &caller, request, payload, Small::default()).await?;
    let ack: AckBody = call.json()?;
    let delivery = app.engine.acknowledge(&caller.party.id, id, &said(ack)).await?;
    call.confirm(&app, &envelope(&delivery))
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
/// 404, 409 for a step that does not exist, 422 for another form or a key that was used for something else.
pub async fn report(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let key = idempotency_key(request.headers())?;
    let call = Call::read(&app, &caller, request, payload, BOOKED).await?;
    let body: StatusBody = call.json()?;
    let state = body
        .state
        .parse()
        .map_err(|error| Problem::new(422, "submission.unknown-state", format!("{error}")).at("/state"))?;
    let StatusBody { state: _, number, note, policies, handler, complete_on, decision } = body;
    let status = Status { state, number, note, policies, handler, complete_on, decision };
    let report = Report { status, key: key.as_deref(), bytes: call.bytes() };
    let reported = app.engine.report(&caller.party.id, id, &report).await.map_err(|reason| match reason {
        NotDone::InvalidStep(_) => Problem::from(reason).at("/state"),
        other => other.into(),
    })?;
    let Reported { submission: submission_id, claim: claim_id, line, state } = reported;
    call.confirm(&app, &SubmissionView { submission_id, claim_id, line, state })
}

/// What the body says.
pub(super) fn said(body: AckBody) -> Ack {
    let result = if body.is_accepted() { Acknowledgement::Accepted } else { Acknowledgement::Rejected };
    Ack { result, presentation_digest: body.presentation_digest, receipt: body.receipt }
}

pub(super) fn envelope(delivery: &DeliveryView) -> Envelope {
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
        same_receipt_as: Vec::new(),
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
