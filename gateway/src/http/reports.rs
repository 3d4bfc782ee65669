//! Reports: the last days a party is on turn for, how long its steps take, and the consortium's report for operators.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::Date;
use serde::Serialize;

use super::caller::{Caller, ReadBundles, ReadDeliveries, ReadOperator};
use super::form::Form;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::deadline::Deadline;
use crate::core::ledger::day;
use crate::core::report::Window;
use crate::party::PartyId;
use crate::store::TimesOf;

/// Deadlines a list has.
const MOST: i64 = 500;
/// How many days a window has where nothing is said, up to today.
const USUAL_DAYS: i32 = 31;
/// The longest window of a party, and of the consortium, in days.
const OWN_DAYS: i32 = 92;
const ALL_DAYS: i32 = 366;

/// A last day (期限) its reader is on turn for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Deadline"))]
pub struct DeadlineShown {
    /// `payment`: an insurer pays; `papers`: papers come; `offset`: an insurer pays the hospital its part of a bill.
    pub kind: &'static str,
    /// The submission, the request or the case of offset.
    pub subject: String,
    /// Claim id.
    pub claim_id: String,
    /// Line of insurance (險種).
    pub line: claimgate_packet::words::Line,
    /// The last day in Taiwan.
    pub due_on: Date,
    /// What you were reminded of: `nothing`, `soon` or `past`.
    pub told: &'static str,
}

/// The last days a party is on turn for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Deadlines {
    /// The first last day first.
    pub deadlines: Vec<DeadlineShown>,
    /// Whether there are more than these.
    pub more: bool,
}

/// `GET /insurer/v1/deadlines`.
///
/// # Errors
/// Only what every route has.
pub async fn deadlines_of_insurer(app: Data<App>, caller: Caller<ReadDeliveries>) -> Result<HttpResponse, Problem> {
    deadlines(&app, &caller.party.id).await
}

/// `GET /hospital/v1/deadlines`.
///
/// # Errors
/// As [`deadlines_of_insurer`].
pub async fn deadlines_of_hospital(app: Data<App>, caller: Caller<ReadBundles>) -> Result<HttpResponse, Problem> {
    deadlines(&app, &caller.party.id).await
}

async fn deadlines(app: &App, party: &PartyId) -> Result<HttpResponse, Problem> {
    let mut rows = app.engine.store.deadlines_of(party, MOST + 1).await?;
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    Ok(no_store().json(Deadlines { deadlines: rows.into_iter().map(shown).collect(), more }))
}

fn shown(deadline: Deadline) -> DeadlineShown {
    DeadlineShown {
        kind: deadline.kind.as_str(),
        subject: deadline.subject,
        claim_id: deadline.claim.to_string(),
        line: deadline.line,
        due_on: deadline.due_on,
        told: deadline.told.as_str(),
    }
}

/// `GET /insurer/v1/turnaround?from=&to=`.
///
/// # Errors
/// 400 for a window that is none.
pub async fn turnaround_of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (window, _) = asked(day(app.engine.now()), &request, OWN_DAYS, false)?;
    let party = &caller.party.id;
    Ok(no_store().json(app.engine.turnaround(TimesOf::Insurers(Some(party)), party, window).await?))
}

/// `GET /hospital/v1/turnaround?from=&to=`.
///
/// # Errors
/// As [`turnaround_of_insurer`].
pub async fn turnaround_of_hospital(
    app: Data<App>,
    caller: Caller<ReadBundles>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (window, _) = asked(day(app.engine.now()), &request, OWN_DAYS, false)?;
    let party = &caller.party.id;
    Ok(no_store().json(app.engine.turnaround(TimesOf::Hospitals(Some(party)), party, window).await?))
}

/// `GET /operator/v1/reports/consortium?from=&to=&format=`.
///
/// # Errors
/// 400 for a window or a format that is none.
pub async fn consortium(
    app: Data<App>,
    _caller: Caller<ReadOperator>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (window, csv) = asked(day(app.engine.now()), &request, ALL_DAYS, true)?;
    let report = app.engine.consortium(window, &app.config.reports).await?;
    if csv {
        return Ok(no_store().content_type("text/csv; charset=utf-8").body(report.to_csv()));
    }
    Ok(no_store().json(report))
}

/// The window, and whether a table is wanted.
fn asked(today: Date, request: &HttpRequest, most: i32, tables: bool) -> Result<(Window, bool), Problem> {
    let wrong = || {
        let format = if tables { "; format is json (the default) or csv" } else { "" };
        let detail = format!("from and to are days in Taiwan, both included, at most {most} of them{format}");
        Problem::new(400, "query.invalid", detail)
    };
    let form = Form::read(request.query_string()).ok_or_else(wrong)?;
    if form.names().any(|name| !(matches!(name, "from" | "to") || tables && name == "format")) {
        return Err(wrong());
    }
    let day = |name| match form.one(name) {
        Some(text) => text.parse::<Date>().map(Some).map_err(|_| wrong()),
        None if form.names().any(|one| one == name) => Err(wrong()),
        None => Ok(None),
    };
    let to = day("to")?.unwrap_or(today);
    let usual = to.checked_sub(jiff::Span::new().days(USUAL_DAYS - 1)).unwrap_or(to);
    let window = Window::new(day("from")?.unwrap_or(usual), to, most).ok_or_else(wrong)?;
    let csv = match form.one("format") {
        Some("csv") => true,
        Some("json") => false,
        None if form.names().all(|name| name != "format") => false,
        _ => return Err(wrong()),
    };
    Ok((window, csv))
}
