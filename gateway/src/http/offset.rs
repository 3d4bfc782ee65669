//! Offset at discharge (理賠抵繳): a hospital opens a case and makes its steps, insurers promise and pay. What each may see
//! of it is said in `shown`.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::body::{self, Small};
use super::caller::{Caller, PushBundles, ReadBundles, ReadDeliveries, ReportStatus, Right};
use super::confirm::Call;
use super::form::Form;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::offset::{BillKind, Canceller, Instruction, NotOffset, Signer, Step};
use crate::flows::insurer::Moving;
use crate::flows::offset::{ClaimNamed, NotTaken, Opening, Seen};
use crate::id::OffsetId;
use crate::store::OffsetOf;

mod shown;

pub use shown::{OffsetForInsurer, OffsetPage, OffsetView};

/// How many cases a page has.
const PAGE: i64 = 50;

/// A claim by its case number.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaseNumber {
    /// Its system; left out, any.
    #[validate(length(max = 512))]
    pub system: Option<String>,
    /// The number (案件編號).
    #[validate(length(min = 1, max = 255))]
    pub value: String,
}

/// An insurer that is asked.
#[derive(Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AskedInsurer {
    /// Party id.
    #[validate(length(min = 3, max = 64))]
    pub party: String,
    /// The line (險種) the claim was sent to it in.
    pub line: Line,
}

/// Body of `POST /hospital/v1/offsets`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenOffset {
    /// The claim, or its case number.
    #[validate(length(max = 64))]
    pub claim_id: Option<String>,
    /// The case number, or the claim.
    #[validate(nested)]
    pub case_number: Option<CaseNumber>,
    /// The provisional bill: what the patient would owe.
    pub bill: Twd,
    /// The day the patient is to leave.
    pub discharge_on: Date,
    /// In the order in which they bear the bill.
    #[validate(length(min = 1, max = 10), nested)]
    pub insurers: Vec<AskedInsurer>,
}

/// Body of `PUT /hospital/v1/offsets/{id}/bill`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BillBody {
    /// `provisional`, or `final`: also for a late change.
    pub kind: BillKind,
    /// What the patient owes.
    pub amount: Twd,
    /// Another day of discharge.
    pub discharge_on: Option<Date>,
}

/// How an instruction was given.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// On paper, which the hospital keeps.
    Paper,
    /// In a session with a wallet.
    Wallet,
    /// Signed on the hospital's device.
    Device,
}

/// Body of `POST /hospital/v1/offsets/{id}/instruction`: the insured's written instruction to pay the hospital (給付指示).
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InstructionBody {
    /// How.
    pub method: Method,
    /// Where it is kept; insurers name it with each payment. No name in it.
    #[validate(length(min = 1, max = 64))]
    pub reference: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// Who signed it; `heirs` after a death, and only then.
    pub by: Signer,
}

/// Body of `POST /hospital/v1/offsets/{id}/cancel`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CancelOffset"))]
#[serde(deny_unknown_fields)]
pub struct CancelBody {
    /// Who calls it off.
    pub by: Canceller,
    /// Why, for people.
    #[validate(length(min = 1, max = 200))]
    pub reason: Option<String>,
}

/// A day in Taiwan.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "DayBody"))]
#[serde(deny_unknown_fields)]
pub struct DayBody {
    /// The day.
    pub on: Date,
}

/// No member.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NoMembers"))]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Body of `POST /insurer/v1/offsets/{id}/promise`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PromiseOffset"))]
#[serde(deny_unknown_fields)]
pub struct PromiseBody {
    /// How much at most.
    pub amount: Twd,
    /// Until when the hospital can accept it.
    pub expires_at: Timestamp,
    /// Under which conditions.
    #[validate(length(min = 1, max = 500))]
    pub conditions: Option<String>,
}

/// Body of an insurer's `decline` and `cancel`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OffsetReason"))]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// Why, for people.
    #[validate(length(min = 1, max = 200))]
    pub reason: Option<String>,
}

/// Body of an insurer's `settle` and `refund`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OffsetMoney"))]
#[serde(deny_unknown_fields)]
pub struct MoneyBody {
    /// How much.
    pub amount: Twd,
    /// The day the money moves (入帳日).
    pub value_date: Date,
    /// The insurer's own reference; each once at this insurer.
    #[validate(length(min = 1, max = 64))]
    pub reference: String,
}

opaque_debug!(
    CaseNumber,
    AskedInsurer,
    OpenOffset,
    BillBody,
    InstructionBody,
    CancelBody,
    DayBody,
    Nothing,
    PromiseBody,
    ReasonBody,
    MoneyBody
);

/// `POST /hospital/v1/offsets`. The same again is the case that is open.
///
/// # Errors
/// 404 for a claim that is none, 409 where another case is open, 422 for another form or an insurer without the claim.
pub async fn open(
    app: Data<App>,
    caller: Caller<PushBundles>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body: OpenOffset = body::json(&app, &request, payload).await?;
    let unknown_id = || Problem::new(404, "not-found", "There is no claim of yours with this id").at("/claim_id");
    let claim = match (body.claim_id, body.case_number) {
        (Some(id), None) => ClaimNamed::Id(id.parse().map_err(|_| unknown_id())?),
        (None, Some(case)) => ClaimNamed::Case(case.system, case.value),
        _ => return Err(Problem::new(422, "offset.claim", "Name the claim by claim_id or by case_number")),
    };
    let insurers = body.insurers.into_iter().enumerate().map(|(place, one)| {
        let party = one.party.parse().map_err(|_| Problem::from(NotTaken::Insurer(place)))?;
        Ok((party, one.line))
    });
    let insurers = insurers.collect::<Result<_, Problem>>()?;
    let opening = Opening { claim, bill: body.bill, discharge_on: body.discharge_on, insurers };
    let opened = app.engine.open_offset(&caller.party.id, &opening).await;
    let (seen, new) = opened.map_err(|reason| match (reason, &opening.claim) {
        (NotTaken::NotFound, ClaimNamed::Id(_)) => unknown_id(),
        (NotTaken::NotFound, ClaimNamed::Case(..)) => {
            let detail = "There is no case of yours with this number; push it first";
            Problem::new(404, "not-found", detail).at("/case_number")
        }
        (reason, _) => reason.into(),
    })?;
    let mut response = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.insert_header(("Cache-Control", "no-store")).json(OffsetView::of(&seen)))
}

/// `GET /hospital/v1/offsets/{id}`.
///
/// # Errors
/// 404 where it is another's.
pub async fn of_hospital(
    app: Data<App>,
    caller: Caller<ReadBundles>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let seen = app.engine.offset(OffsetOf::Hospital(&caller.party.id), offset_id(&id)?).await?;
    Ok(no_store().json(OffsetView::of(&seen)))
}

/// A step of the hospital.
async fn hospital_step<B: DeserializeOwned + Validate>(
    (app, caller, id): (&App, &Caller<PushBundles>, &str),
    (request, payload): (&HttpRequest, Payload),
    step: impl FnOnce(B) -> Step,
) -> Result<HttpResponse, Problem> {
    let id = offset_id(id)?;
    let body: B = body::json(app, request, payload).await?;
    let seen = app.engine.step_offset(OffsetOf::Hospital(&caller.party.id), id, &step(body)).await?;
    Ok(no_store().json(OffsetView::of(&seen)))
}

macro_rules! hospital_steps {
    ($($(#[$doc:meta])* $name:ident: $body:ty => $step:expr;)+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// 404 where it is another's, 409 where the case takes no such step, 422 for another form.
        pub async fn $name(
            app: Data<App>,
            caller: Caller<PushBundles>,
            id: Path<String>,
            request: HttpRequest,
            payload: Payload,
        ) -> Result<HttpResponse, Problem> {
            hospital_step::<$body>((&app, &caller, &id), (&request, payload), $step).await
        }
    )+};
}

hospital_steps! {
    /// `PUT /hospital/v1/offsets/{id}/bill`.
    bill: BillBody => |body| Step::Bill(body.kind, body.amount, body.discharge_on);
    /// `POST /hospital/v1/offsets/{id}/instruction`.
    instruct: InstructionBody => |body| {
        let method = match body.method {
            Method::Paper => "paper",
            Method::Wallet => "wallet",
            Method::Device => "device",
        };
        let InstructionBody { reference, signed_at, by, .. } = body;
        Step::Instruct(Instruction { method: method.to_owned(), reference, signed_at, by })
    };
    /// `POST /hospital/v1/offsets/{id}/accept`.
    accept: Nothing => |_| Step::Accept;
    /// `POST /hospital/v1/offsets/{id}/cancel`.
    cancel: CancelBody => |body| Step::Cancel(body.by, body.reason);
    /// `POST /hospital/v1/offsets/{id}/death`.
    death: DayBody => |body| Step::Death(body.on);
    /// `POST /hospital/v1/offsets/{id}/discharge`.
    discharge: DayBody => |body| Step::Discharge(body.on);
}

/// `GET /insurer/v1/offsets?after=`: an insurer's cases, oldest first.
///
/// # Errors
/// 400 for a query that is none.
pub async fn list(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let wrong = || Problem::new(400, "query.invalid", "The one parameter is after: the id of a case, off_…");
    let form = Form::read(request.query_string()).ok_or_else(wrong)?;
    if form.names().any(|name| name != "after") {
        return Err(wrong());
    }
    let after = match form.names().next() {
        None => None,
        Some(_) => Some(form.one("after").and_then(|id| id.parse().ok()).ok_or_else(wrong)?),
    };
    let seen = app.engine.offsets_of_insurer(&caller.party.id, after, PAGE).await?;
    Ok(no_store().json(OffsetPage::of(&seen, &caller.party.id)))
}

/// `GET /insurer/v1/offsets/{id}`.
///
/// # Errors
/// 404 where it was not asked.
pub async fn of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let seen = app.engine.offset(OffsetOf::Insurer(&caller.party.id), offset_id(&id)?).await?;
    Ok(no_store().json(own(&seen, &caller)?))
}

/// `POST /insurer/v1/offsets/{id}/promise`.
///
/// # Errors
/// 404, 409 above the bill or where the case or the submission takes no promise, 422 for another form.
pub async fn promise(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (id, call) = called(&app, &caller, &id, request, payload).await?;
    let PromiseBody { amount, expires_at, conditions } = call.json()?;
    let step = Step::Promise { party: caller.party.id.clone(), amount, expires_at, conditions };
    let seen = app.engine.step_offset(OffsetOf::Insurer(&caller.party.id), id, &step).await?;
    call.confirm(&app, &own(&seen, &caller)?)
}

/// `POST /insurer/v1/offsets/{id}/decline`.
///
/// # Errors
/// As [`promise`].
pub async fn decline(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (id, call) = called(&app, &caller, &id, request, payload).await?;
    let body: ReasonBody = call.json()?;
    let step = Step::Decline(caller.party.id.clone(), body.reason);
    let seen = app.engine.step_offset(OffsetOf::Insurer(&caller.party.id), id, &step).await?;
    call.confirm(&app, &own(&seen, &caller)?)
}

/// `POST /insurer/v1/offsets/{id}/cancel`: takes the promise back.
///
/// # Errors
/// As [`promise`].
pub async fn withdraw(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (id, call) = called(&app, &caller, &id, request, payload).await?;
    let body: ReasonBody = call.json()?;
    let step = Step::Withdraw(caller.party.id.clone(), body.reason);
    let seen = app.engine.step_offset(OffsetOf::Insurer(&caller.party.id), id, &step).await?;
    call.confirm(&app, &own(&seen, &caller)?)
}

/// `POST /insurer/v1/offsets/{id}/settle`: paid to the hospital; goes into the ledger of the submission as well.
///
/// # Errors
/// As [`promise`]; 409 for more than is due, and where the ledger does not allow it.
pub async fn settle(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    moved((app, caller), id, (request, payload), false).await
}

/// `POST /insurer/v1/offsets/{id}/refund`: the hospital gave money back, and the insurer has it.
///
/// # Errors
/// As [`settle`].
pub async fn refund(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    moved((app, caller), id, (request, payload), true).await
}

async fn moved(
    (app, caller): (Data<App>, Caller<ReportStatus>),
    id: Path<String>,
    (request, payload): (HttpRequest, Payload),
    back: bool,
) -> Result<HttpResponse, Problem> {
    let (id, call) = called(&app, &caller, &id, request, payload).await?;
    let MoneyBody { amount, value_date, reference } = call.json()?;
    let moving = Moving { amount, value_date, reference, back };
    let seen: Seen = app.engine.move_offset(&caller.party.id, id, &moving).await?;
    call.confirm(&app, &own(&seen, &caller)?)
}

async fn called<R: Right>(
    app: &App,
    caller: &Caller<R>,
    id: &str,
    request: HttpRequest,
    payload: Payload,
) -> Result<(OffsetId, Call), Problem> {
    let id = offset_id(id)?;
    Ok((id, Call::read(app, caller, request, payload, Small::default()).await?))
}

fn own<R: Right>(seen: &Seen, caller: &Caller<R>) -> Result<OffsetForInsurer, Problem> {
    OffsetForInsurer::of(seen, &caller.party.id).ok_or_else(Problem::not_found)
}

fn offset_id(text: &str) -> Result<OffsetId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

impl From<NotTaken> for Problem {
    fn from(reason: NotTaken) -> Self {
        let detail = format!("Nothing was kept: {reason}");
        match reason {
            NotTaken::NotFound => Problem::not_found(),
            NotTaken::NotDone(reason) => reason.into(),
            NotTaken::Exists => Problem::new(409, "offset.exists", detail),
            NotTaken::Insurers => Problem::new(422, "offset.insurers", detail).at("/insurers"),
            NotTaken::Insurer(place) => Problem::new(422, "offset.insurer", detail).at(format!("/insurers/{place}")),
            NotTaken::Submission(_) => Problem::new(409, "offset.submission", detail),
            NotTaken::Refused(reason) => match reason {
                NotOffset::State(_) => Problem::new(409, "offset.state", detail),
                NotOffset::Party => Problem::not_found(),
                NotOffset::Amount => Problem::new(422, "offset.amount", detail).at("/amount"),
                NotOffset::AboveBill => Problem::new(409, "offset.above-bill", detail).at("/amount"),
                NotOffset::AboveDue => Problem::new(409, "offset.above-due", detail).at("/amount"),
                NotOffset::Expires => Problem::new(422, "offset.expires", detail).at("/expires_at"),
                NotOffset::FinalBill => Problem::new(409, "offset.final-bill", detail).at("/kind"),
                NotOffset::NoInstruction => Problem::new(409, "offset.no-instruction", detail),
                NotOffset::Instruction => Problem::new(422, "offset.instruction", detail).at("/signed_at"),
                NotOffset::Heirs => Problem::new(409, "offset.heirs", detail).at("/by"),
                NotOffset::Discharged => Problem::new(409, "offset.discharged", detail),
                NotOffset::Day => Problem::new(422, "offset.day", detail),
                NotOffset::Full => Problem::new(409, "offset.full", detail),
            },
        }
    }
}
