//! Payments of a submission, how it stands, and the day's statements of insurers and hospitals.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::insurer::payment::Payment;

use super::body::Small;
use super::caller::{Caller, ReadBundles, ReadDeliveries, ReportStatus};
use super::confirm::Call;
use super::form::Form;
use super::hospital::idempotency_key;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::flows::insurer::{NotBooked, NotStated, Paying};
use crate::party::PartyId;
use crate::store::AccountsOf;

/// A payment with a calculation sheet of some hundred lines, and a decision of five hundred lines with their reasons.
pub(super) const BOOKED: Small = Small { bytes: 262_144, members: 20_000 };

/// `POST /insurer/v1/submissions/{id}/payments`.
///
/// # Errors
/// 404, 409 where the books do not allow it, 422 for another form or a key that was used for something else.
pub async fn pay(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let key = idempotency_key(request.headers())?;
    let call = Call::read(&app, &caller, request, payload, BOOKED).await?;
    let payment: Payment = call.json()?;
    let paying = Paying { payment, key: key.as_deref(), bytes: call.bytes() };
    let booked = app.engine.pay(&caller.party.id, id, &paying).await?;
    call.confirm(&app, &booked)
}

/// `GET /insurer/v1/submissions/{id}`.
///
/// # Errors
/// 404 where it is another's.
pub async fn standing(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(app.engine.submission_standing(&caller.party.id, id).await?))
}

/// `GET /insurer/v1/submissions/{id}/coordination`.
///
/// # Errors
/// 404 where it is another's, 409 where the consent does not name it.
pub async fn coordination(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(app.engine.coordination(&caller.party.id, id).await?))
}

/// `GET /insurer/v1/statements/{date}?format=`.
///
/// # Errors
/// 400 for a format or a day that is none, 404 for a day that has not begun or is too long ago.
pub async fn of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    date: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    statement(&app, (AccountsOf::Insurer, &caller.party.id), &date, request.query_string()).await
}

/// `GET /hospital/v1/statements/{date}?format=`: the same from the other side.
///
/// # Errors
/// As [`of_insurer`].
pub async fn of_hospital(
    app: Data<App>,
    caller: Caller<ReadBundles>,
    date: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    statement(&app, (AccountsOf::Hospital, &caller.party.id), &date, request.query_string()).await
}

async fn statement(
    app: &App,
    (of, party): (AccountsOf, &PartyId),
    date: &str,
    query: &str,
) -> Result<HttpResponse, Problem> {
    let wrong = || Problem::new(400, "query.invalid", "The one parameter is format: json (the default) or csv");
    let form = Form::read(query).ok_or_else(wrong)?;
    if form.names().any(|name| name != "format") {
        return Err(wrong());
    }
    let csv = match form.one("format") {
        None if form.names().next().is_none() => false,
        Some("json") => false,
        Some("csv") => true,
        _ => return Err(wrong()),
    };
    let no_day = |_| Problem::new(400, "query.invalid", "The date is a day in Taiwan, such as 2026-11-23");
    let date = date.parse().map_err(no_day)?;
    let statement = app.engine.statement(of, party, date).await?;
    if csv {
        return Ok(no_store().content_type("text/csv; charset=utf-8").body(statement.to_csv()));
    }
    Ok(no_store().json(statement))
}

impl From<NotStated> for Problem {
    fn from(reason: NotStated) -> Self {
        match reason {
            NotStated::NotYet => {
                Problem::new(404, "statement.not-yet", "The day has not begun in Taiwan; ask again when it has")
            }
            NotStated::TooOld => Problem::new(404, "statement.too-old", "A statement goes back 400 days at most"),
            NotStated::Fault(fault) => fault.into(),
        }
    }
}

impl From<NotBooked> for Problem {
    fn from(reason: NotBooked) -> Self {
        let detail = format!("Nothing was kept: {reason}");
        match reason {
            NotBooked::Unbalanced(place) => {
                Problem::new(422, "decision.unbalanced", detail).at(format!("/decision{}", place.at))
            }
            NotBooked::Outcome => Problem::new(422, "decision.outcome", detail).at("/state"),
            NotBooked::Corrects(_) => Problem::new(409, "decision.corrects", detail).at("/decision/corrects"),
            NotBooked::NotPaid => Problem::new(409, "submission.not-paid", detail).at("/state"),
            NotBooked::Full => Problem::new(409, "ledger.full", detail),
            NotBooked::Amount => Problem::new(422, "payment.amount", detail).at("/amount"),
            NotBooked::Sheet => Problem::new(422, "payment.sheet", detail).at("/sheet"),
            NotBooked::Form => Problem::new(422, "payment.form", detail).at("/kind"),
            NotBooked::Instruction => Problem::new(422, "payment.instruction", detail).at("/payee/instruction"),
            NotBooked::Reference => Problem::new(409, "payment.reference", detail).at("/reference"),
            NotBooked::State => Problem::new(409, "payment.state", detail).at("/kind"),
            NotBooked::NoDecision => Problem::new(409, "payment.no-decision", detail).at("/kind"),
            NotBooked::AboveAccepted => Problem::new(409, "payment.above-accepted", detail).at("/amount"),
            NotBooked::ReversesUnknown => Problem::new(409, "payment.reverses-unknown", detail).at("/reverses"),
            NotBooked::ReversesTooMuch => Problem::new(409, "payment.reverses-too-much", detail).at("/amount"),
        }
    }
}
