//! Alerts (警示) as operators see them, and as the party they concern does.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;

use super::{Cursor, Query, who};
use crate::app::App;
use crate::core::alert::Alert;
use crate::flows::alerts::NotAcknowledged;
use crate::http::caller::{Caller, ReadDeliveries, ReadOperator, WriteOperator};
use crate::http::insurer::no_store;
use crate::http::problem::Problem;
use crate::id::AlertId;
use crate::party::PartyId;
use crate::store::AlertQuery;

/// An alert.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AlertShown {
    /// Id.
    pub id: String,
    /// What is wrong, for example `endpoint.off`.
    pub kind: &'static str,
    /// Party id, where it concerns one.
    pub party: Option<String>,
    /// What exactly: a party, a party and a use of keys, a file.
    pub subject: String,
    /// `open`, `acknowledged` or `closed`.
    pub state: &'static str,
    /// Times and counts.
    pub detail: String,
    /// Since when (UTC).
    pub since: Timestamp,
    /// When it was seen last (UTC), to five minutes.
    pub last_seen: Timestamp,
    /// When it ended (UTC).
    pub closed: Option<Timestamp>,
}

/// A list of alerts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alerts {
    /// Alerts, oldest first.
    pub alerts: Vec<AlertShown>,
    /// Where the next page begins.
    #[serde(flatten)]
    pub cursor: Cursor,
}

/// `GET /operator/v1/alerts?closed=&party=&after=&limit=`.
///
/// # Errors
/// 400 for a query that is none.
pub async fn list(
    app: Data<App>,
    _caller: Caller<ReadOperator>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["closed", "party", "after", "limit"])?;
    let party = query.parsed("party")?;
    page(&app, &query, party).await
}

/// `GET /insurer/v1/alerts?closed=&after=&limit=`: those that concern the party itself.
///
/// # Errors
/// 400 for a query that is none.
pub async fn own(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["closed", "after", "limit"])?;
    page(&app, &query, Some(caller.party.id.clone())).await
}

async fn page(app: &App, query: &Query, party: Option<PartyId>) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let which = AlertQuery { closed: query.flag("closed")?, party, after: query.parsed("after")?, limit: limit + 1 };
    let mut rows = app.engine.store.alerts(&which).await?;
    let cursor = Cursor::of(&mut rows, limit, |one| one.id.to_string());
    Ok(no_store().json(Alerts { alerts: rows.into_iter().map(shown).collect(), cursor }))
}

/// `POST /operator/v1/alerts/{id}/acknowledge`: an operator knows.
///
/// # Errors
/// 404 where there is none, 409 where it is over.
pub async fn acknowledge(
    app: Data<App>,
    caller: Caller<WriteOperator>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found())?;
    match app.engine.acknowledge_alert(&who(&caller), id).await {
        Ok(alert) => Ok(no_store().json(shown(alert))),
        Err(NotAcknowledged::Unknown) => Err(Problem::not_found()),
        Err(NotAcknowledged::Over) => Err(Problem::new(409, "alert.over", "This alert is over; nothing is to be done")),
        Err(NotAcknowledged::Fault(fault)) => Err(fault.into()),
    }
}

fn shown(alert: Alert) -> AlertShown {
    AlertShown {
        id: alert.id.to_string(),
        kind: alert.kind.as_str(),
        party: alert.party.map(|party| party.to_string()),
        subject: alert.subject,
        state: alert.state.as_str(),
        detail: alert.detail,
        since: alert.since,
        last_seen: alert.last_seen,
        closed: alert.closed,
    }
}
