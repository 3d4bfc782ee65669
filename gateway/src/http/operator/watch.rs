//! The audit trail and the findings of `doctor`, for who watches over the gateway.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Cursor, Query};
use crate::app::App;
use crate::doctor::{self, Finding, Findings};
use crate::http::caller::{Caller, ReadOperator};
use crate::http::insurer::no_store;
use crate::http::problem::Problem;
use crate::store::read::AuditQuery;

/// A line of the audit trail (稽核軌跡): ids and words, no personal data.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditShown {
    /// Its place; the chain of hashes follows it.
    pub position: i64,
    /// Its id.
    pub id: String,
    /// When (UTC).
    pub at: Timestamp,
    /// A party, `operator:` and a name, `operator` or `gateway`.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// Further ids and words.
    pub detail: Value,
}

/// What `GET /operator/v1/audit` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Audit {
    /// Lines in the order of their positions.
    pub lines: Vec<AuditShown>,
    /// Where the next page begins.
    #[serde(flatten)]
    pub cursor: Cursor,
}

/// What `GET /operator/v1/health` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Examined {
    /// Whether nothing is to be mended.
    pub sound: bool,
    /// Every finding, as `claimgate doctor` says it.
    pub findings: Vec<Finding>,
}

/// `GET /operator/v1/audit?actor=&action=&subject=&after=&limit=`.
///
/// # Errors
/// 400 for a query that is none.
pub async fn audit(
    app: Data<App>,
    _caller: Caller<ReadOperator>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["actor", "action", "subject", "after", "limit"])?;
    let limit = query.limit()?;
    let own = |name| query.text(name).map(ToOwned::to_owned);
    let after = query.parsed("after")?.unwrap_or_default();
    let (actor, action, subject) = (own("actor"), own("action"), own("subject"));
    let mut rows =
        app.engine.store.audit_lines(&AuditQuery { after, actor, action, subject, limit: limit + 1 }).await?;
    let cursor = Cursor::of(&mut rows, limit, |line| line.position.to_string());
    let lines = rows.into_iter().map(|line| AuditShown {
        position: line.position,
        id: line.id,
        at: line.at,
        actor: line.actor,
        action: line.action,
        subject: line.subject,
        detail: line.detail,
    });
    Ok(no_store().json(Audit { lines: lines.collect(), cursor }))
}

/// `GET /operator/v1/health`: recomputes the audit trail and the log, one request at a time.
///
/// # Errors
/// 503 where the database is away.
pub async fn health(app: Data<App>, _caller: Caller<ReadOperator>) -> Result<HttpResponse, Problem> {
    // It reads everything: whoever asks meanwhile waits.
    let _turn = app.engine.turns.long().await;
    let mut findings = Findings::default();
    doctor::examine(&app, &mut findings).await?;
    Ok(no_store().json(Examined { sound: findings.sound(), findings: findings.all().to_vec() }))
}
