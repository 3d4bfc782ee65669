//! `/fhir/Bundle`: hospitals push, read and replace bundles (FHIR R4 §3.1.0 create, read, update).

use actix_web::http::header::{ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_fhir::outcome::OperationOutcome;

use super::body;
use super::caller::{Caller, PushBundles, ReadBundles, ReplaceBundles};
use super::fhir;
use super::form::{Form, percent_decoded, token};
use super::problem::Problem;
use super::signed;
use crate::app::App;
use crate::flows::health::{Answer, ByIdentifier, Conditions};
use crate::id::ClaimId;
use crate::party::PartyId;

/// `POST /fhir/Bundle`.
///
/// # Errors
/// An OperationOutcome that names every problem and its place.
pub async fn push(
    app: Data<App>,
    caller: Caller<PushBundles>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let conditions = Conditions { request: signed::request(&request)?, ..conditions(request.headers())? };
    let preference = Preference::of(request.headers());
    let bytes = body::fhir(&app, &request, payload).await?;
    let answer = app.engine.accept(&caller.party.id, fhir::sent(request.headers()), &bytes, conditions).await?;
    reply(&app, &caller.party.id, &answer, preference).await
}

/// `POST /fhir/Bundle/$validate`: what a push would be told, keeping nothing. Always 200 with an OperationOutcome.
///
/// # Errors
/// A body that is too large, too slow or of another media type.
pub async fn validate(
    app: Data<App>,
    caller: Caller<PushBundles>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let signed = signed::request(&request)?;
    let bytes = body::fhir(&app, &request, payload).await?;
    let issues = app.engine.validate(&caller.party, fhir::sent(request.headers()), &bytes, signed).await?;
    let outcome = OperationOutcome { issues }.to_json();
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    Ok(fhir::answer(response, &outcome))
}

/// `PUT /fhir/Bundle/{id}` with `If-Match`.
///
/// # Errors
/// 400 with `If-None-Exist`, 428 without `If-Match`, 412 where it is not the present revision, otherwise as [`push`].
pub async fn replace(
    app: Data<App>,
    caller: Caller<ReplaceBundles>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let claim = claim_id(&id)?;
    no_if_none_exist(request.headers())?;
    let given = request.headers().get(IF_MATCH).ok_or_else(|| {
        Problem::new(
            428,
            "bundle.if-match-missing",
            "PUT needs If-Match with the ETag of the revision it replaces: W/\"1\"",
        )
    })?;
    let revision = etag(given)?;
    let signed = signed::request(&request)?;
    let conditions = Conditions { replace: Some((claim, revision)), request: signed, ..conditions(request.headers())? };
    let preference = Preference::of(request.headers());
    let bytes = body::fhir(&app, &request, payload).await?;
    let answer = app.engine.accept(&caller.party.id, fhir::sent(request.headers()), &bytes, conditions).await?;
    reply(&app, &caller.party.id, &answer, preference).await
}

/// `PUT /fhir/Bundle?identifier=<system>|<value>` (conditional update, FHIR R4 §3.1.0.4.3): replaces the case with this
/// number, or makes it. The scope of an update is enough for both, as SMART 2 has it.
///
/// # Errors
/// 412 where several cases fit or `If-Match` is not the present revision, 422 where the number is not the bundle's own,
/// 428 where the bytes are those of an earlier revision and `If-Match` is missing, otherwise as [`push`].
pub async fn update(
    app: Data<App>,
    caller: Caller<ReplaceBundles>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let headers = request.headers();
    let identifier = addressed(request.query_string()).ok_or_else(|| {
        Problem::new(
            400,
            "bundle.update-address",
            "PUT to /fhir/Bundle/{id}, or to /fhir/Bundle?identifier=<system>|<value>",
        )
    })?;
    no_if_none_exist(headers)?;
    let revision = headers.get(IF_MATCH).map(etag).transpose()?;
    let update = Some(ByIdentifier { identifier, revision });
    let conditions = Conditions { update, request: signed::request(&request)?, ..conditions(headers)? };
    let preference = Preference::of(headers);
    let bytes = body::fhir(&app, &request, payload).await?;
    let answer = app.engine.accept(&caller.party.id, fhir::sent(request.headers()), &bytes, conditions).await?;
    reply(&app, &caller.party.id, &answer, preference).await
}

/// `GET /fhir/Bundle/{id}`.
///
/// # Errors
/// 404 where it is not there or another hospital's.
pub async fn read(
    app: Data<App>,
    caller: Caller<ReadBundles>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    stored(&app, &caller.party.id, claim_id(&id)?, None, request.headers()).await
}

/// `GET /fhir/Bundle/{id}/_history/{revision}`.
///
/// # Errors
/// 404 where it is not there or another hospital's.
pub async fn read_revision(
    app: Data<App>,
    caller: Caller<ReadBundles>,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (id, revision) = path.into_inner();
    let revision = revision.parse().map_err(|_| Problem::not_found())?;
    stored(&app, &caller.party.id, claim_id(&id)?, Some(revision), request.headers()).await
}

async fn stored(
    app: &App,
    hospital: &PartyId,
    id: ClaimId,
    revision: Option<i64>,
    headers: &HeaderMap,
) -> Result<HttpResponse, Problem> {
    let found = app.engine.stored_bundle(hospital, id, revision).await?.ok_or_else(Problem::not_found)?;
    let etag = format!("W/\"{}\"", found.revision);
    if headers.get(IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == etag.as_bytes()) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, etag)).finish());
    }
    let mut response = HttpResponse::Ok();
    response
        .insert_header((ETAG, etag))
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Last-Modified", http_date(found.received)));
    fhir::answer_stored(response, found.body)
}

/// `Prefer: return=…` (FHIR R4 §3.1.0.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preference {
    Minimal,
    Representation,
    OperationOutcome,
}

impl Preference {
    fn of(headers: &HeaderMap) -> Self {
        let wanted =
            headers.get_all("prefer").filter_map(|value| value.to_str().ok()).flat_map(|text| text.split([',', ';']));
        wanted
            .filter_map(|part| part.trim().strip_prefix("return="))
            .find_map(|word| match word.trim_matches('"') {
                "minimal" => Some(Self::Minimal),
                "representation" => Some(Self::Representation),
                "OperationOutcome" => Some(Self::OperationOutcome),
                _ => None,
            })
            .unwrap_or(Self::Minimal)
    }
}

async fn reply(
    app: &App,
    hospital: &PartyId,
    answer: &Answer,
    preference: Preference,
) -> Result<HttpResponse, Problem> {
    let id = answer.claim.uuid();
    let location = format!("{}/fhir/Bundle/{id}/_history/{}", app.engine.issuer, answer.revision);
    let status = actix_web::http::StatusCode::from_u16(answer.status).unwrap_or(actix_web::http::StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response
        .insert_header((LOCATION, location))
        .insert_header((ETAG, format!("W/\"{}\"", answer.revision)))
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("ClaimGate-Claim-Id", answer.claim.to_string()))
        .insert_header(("ClaimGate-Tracking-Code", app.engine.tracking.code(answer.claim)));
    match preference {
        Preference::Minimal => Ok(response.finish()),
        Preference::Representation => {
            let found = app.engine.stored_bundle(hospital, answer.claim, Some(answer.revision)).await?;
            fhir::answer_stored(response, found.ok_or_else(Problem::not_found)?.body)
        }
        Preference::OperationOutcome => Ok(fhir::answer(response, &answer.outcome)),
    }
}

/// `Idempotency-Key`, where there is one.
///
/// # Errors
/// 400 for one of another form.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| (1..=255).contains(&text.len()));
    let wrong = || Problem::new(400, "idempotency.key-form", "Idempotency-Key is 1 to 255 printable ASCII characters");
    Ok(Some(text.ok_or_else(wrong)?.to_owned()))
}

fn conditions(headers: &HeaderMap) -> Result<Conditions, Problem> {
    let idempotency_key = idempotency_key(headers)?;
    let if_none_exist = match headers.get("if-none-exist") {
        None => None,
        Some(value) => Some(search_identifier(value.to_str().unwrap_or_default()).ok_or_else(|| {
            Problem::new(400, "bundle.if-none-exist", "If-None-Exist is supported as identifier=<system>|<value>")
        })?),
    };
    Ok(Conditions { idempotency_key, if_none_exist, ..Conditions::default() })
}

/// Obeyed, it would answer with another case than the one in the address.
fn no_if_none_exist(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key("if-none-exist") {
        let detail = "If-None-Exist is for POST; this PUT has its own condition";
        return Err(Problem::new(400, "bundle.if-none-exist", detail));
    }
    Ok(())
}

/// The one `identifier` of an address, and beside it at most `_format`.
fn addressed(query: &str) -> Option<(Option<String>, String)> {
    let form = Form::read(query)?;
    if form.names().any(|name| !matches!(name, "identifier" | "_format")) {
        return None;
    }
    token(form.one("identifier")?)
}

fn etag(given: &HeaderValue) -> Result<i64, Problem> {
    given.to_str().ok().and_then(version_of).ok_or_else(|| {
        Problem::new(400, "bundle.if-match-form", "If-Match is one ETag as the gateway gave it: W/\"1\"")
    })
}

/// `identifier=system|value`, percent-decoded.
fn search_identifier(query: &str) -> Option<(Option<String>, String)> {
    let text = query.trim_start_matches('?').strip_prefix("identifier=")?;
    if text.contains('&') || text.len() > 1_024 {
        return None;
    }
    token(&percent_decoded(text)?)
}

pub(super) fn claim_id(text: &str) -> Result<ClaimId, Problem> {
    // FHIR logical ids have no underscore, so a bundle's id is the bare UUID of its claim.
    format!("clm_{text}").parse().map_err(|_| Problem::not_found())
}

fn version_of(etag: &str) -> Option<i64> {
    etag.trim().trim_start_matches("W/").trim_matches('"').parse().ok()
}

fn http_date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
