//! Record requests (病歷調閱): an insurer makes, reads, closes and compares them; the hospital reads the consent, states a fee, and
//! answers with a Bundle. Poll, look and the records office's word are those of every request (`requests`).

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::records::{CloseRecords, FeeAnswer, FeeBody, RecordRequestPage, RecordsBody};

use super::body::{self, Small};
use super::caller::{Caller, PushBundles, ReadBundles, ReadDeliveries, ReportStatus};
use super::confirm::Call;
use super::fhir;
use super::form::Form;
use super::hospital::idempotency_key;
use super::insurer::no_store;
use super::problem::Problem;
use super::signed;
use crate::app::App;
use crate::core::records::Unfit;
use crate::flows::insurer::RecordsAsking;
use crate::id::RecordRequestId;

/// Ten hospitals with their documents, and a consent with its paper.
const REQUEST: Small = Small { bytes: 512 << 10, members: 4_000 };
/// The most of a page, and what it has where nothing is said.
const MOST: i64 = 200;
const USUAL: i64 = 50;

/// `POST /insurer/v1/record-requests`.
///
/// # Errors
/// 422 with every member that goes beyond the consent.
pub async fn ask(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let key = idempotency_key(request.headers())?;
    let call = Call::read(&app, &caller, request, payload, REQUEST).await?;
    let body: RecordsBody = call.json()?;
    let asking = RecordsAsking { body, key: key.as_deref(), bytes: call.bytes() };
    let made = app.engine.ask_records(&caller.party.id, &asking).await?;
    call.confirm(&app, &made)
}

/// `GET /insurer/v1/record-requests?after=&limit=`.
///
/// # Errors
/// 400 for a parameter that is none.
pub async fn list(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (after, limit) = page(request.query_string())
        .ok_or_else(|| Problem::new(400, "query.invalid", format!("after is an id; limit 1 to {MOST}")))?;
    let mut record_requests = app.engine.record_requests(&caller.party.id, after, limit + 1).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = record_requests.len() > most;
    record_requests.truncate(most);
    Ok(no_store().json(RecordRequestPage { record_requests, more }))
}

fn page(query: &str) -> Option<(Option<RecordRequestId>, i64)> {
    let form = Form::read(query)?;
    if form.names().any(|name| !matches!(name, "after" | "limit") || form.one(name).is_none()) {
        return None;
    }
    let after = form.one("after").map(str::parse).transpose().ok()?;
    let limit = form.one("limit").map_or(Some(USUAL), |text| text.parse().ok())?;
    (1..=MOST).contains(&limit).then_some((after, limit))
}

/// `GET /insurer/v1/record-requests/{id}`.
///
/// # Errors
/// 404 where it is another's.
pub async fn read(app: Data<App>, caller: Caller<ReadDeliveries>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(app.engine.record_request(&caller.party.id, id).await?))
}

/// `GET /insurer/v1/record-requests/{id}/comparison`.
///
/// # Errors
/// 404 where it is another's.
pub async fn comparison(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(app.engine.record_comparison(&caller.party.id, id).await?))
}

/// `POST /insurer/v1/record-requests/{id}/close`.
///
/// # Errors
/// 404 where it is another's.
pub async fn close(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let call = Call::read(&app, &caller, request, payload, Small::default()).await?;
    let body: CloseRecords = call.json()?;
    let closed = app.engine.close_records(&caller.party.id, id, body).await?;
    call.confirm(&app, &closed)
}

/// `POST /insurer/v1/requests/{id}/fee`.
///
/// # Errors
/// 404, 409 where there is no such fee to answer.
pub async fn answer_fee(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let call = Call::read(&app, &caller, request, payload, Small::default()).await?;
    let body: FeeAnswer = call.json()?;
    let view = app.engine.answer_fee(&caller.party.id, id, body).await?;
    call.confirm(&app, &view)
}

/// `POST /hospital/v1/requests/{id}/fee`.
///
/// # Errors
/// 404, 409 where nothing is left to be sent, 422 for an amount that is none.
pub async fn charge(
    app: Data<App>,
    caller: Caller<PushBundles>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let body: FeeBody = body::json(&app, &request, payload).await?;
    Ok(no_store().json(app.engine.charge_records(&caller.party.id, id, &body).await?))
}

/// `POST /hospital/v1/requests/{id}/withdraw`: the person took the consent back.
///
/// # Errors
/// 404 where another hospital is asked.
pub async fn withdraw(app: Data<App>, caller: Caller<PushBundles>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(app.engine.withdraw_records(&caller.party.id, id).await?))
}

/// `GET /hospital/v1/requests/{id}/consent`: the signed paper, or the mandate the request rests on.
///
/// # Errors
/// 404 where another hospital is asked, or where an application holds the consent.
pub async fn consent(app: Data<App>, caller: Caller<ReadBundles>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let paper = app.engine.consent_paper(&caller.party.id, id).await?;
    let mut response = no_store();
    response.insert_header(("X-Content-Type-Options", "nosniff"));
    let (name, kind) = if paper.starts_with(b"%PDF-") {
        ("consent.pdf", "application/pdf")
    } else {
        ("mandate.txt", "application/dc+sd-jwt")
    };
    response.insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")));
    Ok(response.content_type(kind).body(paper))
}

/// `POST /fhir/Task/{id}/$records`: the records, as a Bundle.
///
/// # Errors
/// An OperationOutcome that names every problem and its place.
pub async fn take(
    app: Data<App>,
    caller: Caller<PushBundles>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = format!("tsk_{id}").parse().map_err(|_| Problem::not_found())?;
    let signed = signed::request(&request)?;
    let bytes = body::fhir(&app, &request, payload).await?;
    let sent = (fhir::sent(request.headers()), &*bytes);
    let answer = app.engine.take_records(&caller.party.id, id, sent, signed).await?;
    let status = actix_web::http::StatusCode::from_u16(answer.status).unwrap_or(actix_web::http::StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header(("Cache-Control", "no-store"));
    response.insert_header(("ClaimGate-Claim-Id", answer.claim.to_string()));
    Ok(fhir::answer(response, &answer.outcome))
}

impl From<Unfit> for Problem {
    fn from(reason: Unfit) -> Self {
        let detail = format!("Nothing was kept: {}", reason.text);
        let code = reason.code;
        let problem = match code {
            "records.not-approved" => Problem::new(409, "records.not-approved", detail),
            "records.fee-open" => Problem::new(409, "records.fee-open", detail),
            "records.fee-late" => Problem::new(409, "records.fee-late", detail),
            "records.fee-none" => Problem::new(409, "records.fee-none", detail),
            "records.fee-other" => Problem::new(409, "records.fee-other", detail),
            "records.consent-over" => Problem::new(409, "records.consent-over", detail),
            "records.too-many" => Problem::new(409, "records.too-many", detail),
            "records.claim" => Problem::new(409, "records.claim", detail),
            "request.invalid-step" => Problem::new(409, "request.invalid-step", detail),
            // What is wrong with the body itself.
            code => Problem::new(422, code, detail),
        };
        if reason.at.is_empty() { problem } else { problem.at(reason.at) }
    }
}

/// Everything that is wrong with a request: the first in full, the others with code and place.
pub(super) fn all(reasons: Vec<Unfit>) -> Problem {
    let mut reasons = reasons.into_iter();
    let Some(mut first) = reasons.next() else { return Problem::not_found() };
    let others: Vec<String> = reasons.take(20).map(|one| format!("{} at {}", one.code, one.at)).collect();
    let at = std::mem::take(&mut first.at);
    let problem = Problem::from(first);
    let problem = if others.is_empty() { problem } else { problem.and(&format!(" Also: {}", others.join("; "))) };
    if at.is_empty() { problem } else { problem.at(at) }
}
