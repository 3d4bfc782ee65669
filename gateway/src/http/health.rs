//! `/healthz`, `/readyz`, `/metrics`: for orchestrators and operators.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::problem::Problem;
use crate::app::App;
use crate::config::MetricsFrom;
use crate::flows::Fault;

/// How it stands.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    /// `ok` or `ready`.
    pub status: &'static str,
}

/// The process runs.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Requests are wanted and the database can be read and written.
///
/// # Errors
/// 503 otherwise.
pub async fn ready(app: Data<App>) -> Result<HttpResponse, Problem> {
    if !app.is_ready() {
        return Err(Problem::new(503, "stopping", "The gateway is stopping; ask another replica"));
    }
    if let Some(back) = app.engine.clock_behind() {
        return Err(Fault::ClockBehind(back).into());
    }
    if let Some(id) = app.engine.vault.lacks() {
        let detail = format!("Master key {id} encrypts and is not on this gateway: lay master-{id}.key into keys.dir");
        return Err(Problem::new(503, "unavailable", detail));
    }
    app.engine.store.probe().await?;
    Ok(HttpResponse::Ok().json(Health { status: "ready" }))
}

/// Prometheus text form. By default only for direct connections from the same machine.
///
/// # Errors
/// 404 for anyone else.
pub async fn metrics(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let proxied =
        ["forwarded", "x-forwarded-for", "x-real-ip"].iter().any(|name| request.headers().contains_key(*name));
    let near = request.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
    if app.config.http.metrics_from == MetricsFrom::Loopback && (proxied || !near) {
        return Err(Problem::not_found());
    }
    let counts = app.engine.store.counts().await?;
    let text = app.metrics.to_text(counts).map_err(|error| {
        tracing::error!(%error, "metrics could not be written");
        Problem::new(500, "internal", "Metrics could not be written")
    })?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
