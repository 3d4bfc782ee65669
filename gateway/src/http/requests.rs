//! Requests for papers (補件; 病歷調閱 in `records`): an insurer makes and closes them, the hospital polls, reads and answers them, as plain JSON or as
//! FHIR `Task`; an app reads what its person is asked for.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::request::{
    CloseBody, RequestAnswer, RequestPage, RequestView, RequestsView, SupplementBody,
};
use claimgate_fhir::answer::searchset;
use claimgate_fhir::task::{Task, TaskInput, TaskRecords, task};
use serde_json::Value;

use super::body::{self, Small};
use super::caller::{Caller, FollowClaims, PushBundles, ReadBundles, ReadDeliveries, ReportStatus};
use super::confirm::Call;
use super::fhir;
use super::form::Form;
use super::hospital::idempotency_key;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::request::{ALL, RequestState};
use crate::flows::Fault;
use crate::flows::insurer::{Asking, NotAsked};
use crate::id::{ClaimId, TaskId};
use crate::party::{Party, PartyId};

/// Twenty documents with their notes.
const TEXTS: Small = Small { bytes: 131_072, members: 1_000 };
/// The most of a page, and what it has where nothing is said.
const MOST: i64 = 200;
const USUAL: i64 = 50;
/// The most Tasks of a search.
const MOST_TASKS: i64 = 20;

/// `POST /insurer/v1/submissions/{id}/supplements`.
///
/// # Errors
/// 404, 409 in a state in which nothing is asked for, 422 for another form.
pub async fn ask(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let key = idempotency_key(request.headers())?;
    let call = Call::read(&app, &caller, request, payload, TEXTS).await?;
    let body: SupplementBody = call.json()?;
    let asking = Asking { body, key: key.as_deref(), bytes: call.bytes() };
    let made = app.engine.ask_supplement(&caller.party.id, id, &asking).await?;
    call.confirm(&app, &made)
}

/// `GET /insurer/v1/submissions/{id}/requests`.
///
/// # Errors
/// 404 where it is another's.
pub async fn of_submission(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let requests = app.engine.requests(&caller.party.id, id).await?;
    Ok(no_store().json(RequestsView { requests }))
}

/// `POST /insurer/v1/requests/{id}/close`.
///
/// # Errors
/// 404, 409 where it is over.
pub async fn close(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let call = Call::read(&app, &caller, request, payload, Small::default()).await?;
    let body: CloseBody = call.json()?;
    let closed = app.engine.close_request(&caller.party.id, id, body.result).await?;
    call.confirm(&app, &closed)
}

/// `GET /hospital/v1/requests?state=&after=&limit=`: without a state those that wait for an answer.
///
/// # Errors
/// 400 for a parameter that is none.
pub async fn list(app: Data<App>, caller: Caller<ReadBundles>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (state, after, limit) = page(request.query_string()).ok_or_else(|| {
        let states: Vec<&str> = ALL.iter().map(|state| state.as_str()).collect();
        let states = states.join(", ");
        Problem::new(400, "query.invalid", format!("state is one of {states}; after an id; limit 1 to {MOST}"))
    })?;
    let mut requests = app.engine.requests_to(&caller.party.id, state, after, limit + 1).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = requests.len() > most;
    requests.truncate(most);
    Ok(no_store().json(RequestPage { requests, more }))
}

fn page(query: &str) -> Option<(Option<RequestState>, Option<TaskId>, i64)> {
    let form = Form::read(query)?;
    if form.names().any(|name| !matches!(name, "state" | "after" | "limit") || form.one(name).is_none()) {
        return None;
    }
    let state = form.one("state").map(str::parse).transpose().ok()?;
    let after = form.one("after").map(str::parse).transpose().ok()?;
    let limit = form.one("limit").map_or(Some(USUAL), |text| text.parse().ok())?;
    (1..=MOST).contains(&limit).then_some((state, after, limit))
}

/// `GET /hospital/v1/requests/{id}`.
///
/// # Errors
/// 404 where another hospital is asked.
pub async fn look(app: Data<App>, caller: Caller<ReadBundles>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(app.engine.look_at_request(&caller.party.id, id).await?))
}

/// `POST /hospital/v1/requests/{id}/answer`.
///
/// # Errors
/// 404, 409 where it is over or the revision does not answer it, 422 for another form.
pub async fn answer(
    app: Data<App>,
    caller: Caller<PushBundles>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let body: RequestAnswer = body::json_within(&app, &request, payload, TEXTS).await?;
    let requests = app.engine.answer_request(&caller.party.id, id, &body).await?;
    Ok(no_store().json(RequestPage { requests, more: false }))
}

/// `GET /claims/v1/claims/{id}/requests`: what the person is asked for.
///
/// # Errors
/// 404 for a claim this app is not linked to.
pub async fn of_person(
    app: Data<App>,
    caller: Caller<FollowClaims>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: ClaimId = id.parse().map_err(|_| Problem::not_found())?;
    let requests = app.engine.requests_to_person(&caller.party.id, id).await?;
    Ok(no_store().json(RequestsView { requests }))
}

/// `GET /fhir/Task/{id}`.
///
/// # Errors
/// 404 where another hospital is asked.
pub async fn read_task(app: Data<App>, caller: Caller<ReadBundles>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = format!("tsk_{id}").parse().map_err(|_| Problem::not_found())?;
    let view = app.engine.look_at_request(&caller.party.id, id).await?;
    let resource = as_task(&app, &caller.party, id, view).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    Ok(fhir::answer(response, &resource))
}

/// `GET /fhir/Task?status=`: without a status what waits for an answer, oldest first.
///
/// # Errors
/// 400 for a parameter that is not supported.
pub async fn tasks(app: Data<App>, caller: Caller<ReadBundles>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = request.query_string();
    let state = wanted(query)?;
    let mut found = app.engine.requests_to(&caller.party.id, state, None, MOST_TASKS + 1).await?;
    let most = usize::try_from(MOST_TASKS).unwrap_or(usize::MAX);
    let cut = found.len() > most;
    found.truncate(most);
    let mut entries = Vec::new();
    for head in found {
        let id: TaskId = head.request_id.parse().map_err(|_| Fault::Stored("claim_request"))?;
        let view = app.engine.look_at_request(&caller.party.id, id).await?;
        let resource = as_task(&app, &caller.party, id, view).await?;
        entries.push((format!("{}/fhir/Task/{}", app.engine.issuer, id.uuid()), resource));
    }
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    Ok(fhir::answer_search(query, response, &searchset(entries, cut)))
}

/// The state a search asks for, if for one.
fn wanted(query: &str) -> Result<Option<RequestState>, Problem> {
    let refused =
        || Problem::new(400, "search.parameter", "Search Tasks by status=<Task.status>, or without it for what waits");
    let form = Form::read(query).ok_or_else(refused)?;
    if form.names().any(|name| !matches!(name, "status" | "_format")) {
        return Err(refused());
    }
    if !form.names().any(|name| name == "status") {
        return Ok(None);
    }
    let word = form.one("status").unwrap_or_default();
    ALL.into_iter().find(|state| state.task_status() == word).map(Some).ok_or_else(refused)
}

async fn as_task(app: &App, hospital: &Party, id: TaskId, view: RequestView) -> Result<Value, Problem> {
    let insurer: PartyId = view.head.insurer.parse().map_err(|_| Fault::Stored("claim_request"))?;
    let insurer = app.engine.store.party(&insurer).await?;
    let state: RequestState = view.head.state.parse().map_err(|_| Fault::Stored("claim_request"))?;
    let claim: ClaimId = view.head.claim_id.parse().map_err(|_| Fault::Stored("claim_request"))?;
    Ok(task(&Task {
        id: id.uuid().to_string(),
        number: view.head.request_id,
        status: state.task_status(),
        state: (state.as_str(), state.chinese()),
        bundle: claim.uuid().to_string(),
        authored: view.head.made_at.to_string(),
        requester: insurer.map(|party| party.registration().name.clone()).unwrap_or_default(),
        owner: hospital.registration().name.clone(),
        due_on: view.head.due_on.to_string(),
        inputs: view
            .documents
            .into_iter()
            .map(|wanted| TaskInput {
                code: wanted.kind.as_str(),
                display: wanted.kind.chinese(),
                loinc: wanted.kind.loinc(),
                note: wanted.note,
            })
            .collect(),
        notes: view.note.into_iter().chain(view.why_not_before).collect(),
        revision: view.head.revision,
        records: view.records.map(|records| TaskRecords {
            person: records.person,
            period: (records.period.from.to_string(), records.period.until.to_string()),
            case_number: records.case_number,
            consent: records.consent.reference,
        }),
    }))
}

impl From<NotAsked> for Problem {
    fn from(reason: NotAsked) -> Self {
        let detail = format!("Nothing was kept: {reason}");
        match reason {
            NotAsked::Submission(_) => Problem::new(409, "submission.invalid-step", detail),
            NotAsked::DueOn => Problem::new(422, "request.due-on", detail).at("/due_on"),
            NotAsked::WhyNotBefore => Problem::new(422, "request.why-not-before", detail).at("/why_not_before"),
            NotAsked::Other(place) => {
                Problem::new(422, "request.note-missing", detail).at(format!("/documents/{place}/note"))
            }
            NotAsked::NoHospital => Problem::new(422, "request.no-hospital", detail).at("/to"),
            NotAsked::TooMany => Problem::new(409, "request.too-many", detail),
            NotAsked::Step(_) => Problem::new(409, "request.invalid-step", detail).at("/result"),
            NotAsked::RevisionMissing => Problem::new(422, "request.revision-missing", detail).at("/revision"),
            NotAsked::Revision { .. } => Problem::new(409, "request.revision", detail).at("/revision"),
            NotAsked::Reason => Problem::new(422, "request.reason", detail).at("/reason"),
            NotAsked::Also => Problem::new(422, "request.also", detail).at("/also"),
            NotAsked::NotWanted(_) | NotAsked::NothingHandedIn | NotAsked::File(_) | NotAsked::TooManyPapers => {
                Problem::new(422, "request.papers", detail).at("/documents")
            }
        }
    }
}
