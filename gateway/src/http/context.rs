//! Around every request: an id, a log line, a metric. Nothing of the request's content is logged.

use std::future::Future;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use claimgate_fhir::format::Format;

use super::fhir;
use crate::app::App;
use crate::id::RequestId;

/// The header every response carries; a caller's own value is taken over if it is a UUID.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What errors need to know of the request they belong to.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Request id.
    pub id: String,
    /// Whether errors are written as OperationOutcome here.
    pub fhir: bool,
    /// The written form of FHIR the caller asked for.
    pub format: Option<Format>,
}

tokio::task_local! {
    static CONTEXT: Context;
}

/// Who made the request, for the log line; set once the caller is known.
#[derive(Clone, Debug)]
pub struct CallerName(pub String);

/// The context of the running request.
#[must_use]
pub fn current() -> Context {
    CONTEXT.try_with(Clone::clone).unwrap_or_default()
}

/// Runs something as part of a request: for tests of error faces.
pub fn within<F: Future>(context: Context, future: F) -> impl Future<Output = F::Output> {
    CONTEXT.scope(context, future)
}

/// The middleware.
///
/// # Errors
/// Only what inner middleware gives; handlers answer errors themselves.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let app = request.app_data::<Data<App>>().cloned();
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_plain(id));
    let id = match (given, &app) {
        (Some(id), _) => id.to_owned(),
        (None, Some(app)) => RequestId::new(app.engine.now(), &app.engine.random).to_string(),
        (None, None) => String::new(),
    };
    let method = request.method().to_string();
    let fhir = request.path().starts_with("/fhir/");
    let format = if fhir { fhir::wanted(request.headers(), request.query_string()) } else { None };
    let start = app.as_ref().map(|app| app.engine.clock.elapsed());
    let mut response = within(Context { id: id.clone(), fhir, format }, next.call(request)).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let status = response.status().as_u16();
    if let (Some(app), Some(start)) = (&app, start) {
        let took = app.engine.clock.elapsed().saturating_sub(start);
        // Unknown methods share one label: a metric per invented word would fill the memory.
        let method = if method.len() <= 7 && known(&method) { method.as_str() } else { "other" };
        app.metrics.answered(method, &route, status, took.as_secs_f64());
        let caller = response.request().extensions().get::<CallerName>().map(|name| name.0.clone());
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(request = %id, method, route, status, millis, caller, "answered");
    }
    Ok(response)
}

fn known(method: &str) -> bool {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"].contains(&method)
}

/// A UUID, or an id of ours: anything freer could carry a person's number into the log.
fn is_plain(id: &str) -> bool {
    id.parse::<RequestId>().is_ok() || (id.len() == 36 && uuid::Uuid::try_parse(id).is_ok())
}
