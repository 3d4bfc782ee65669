//! `/shops/v1`, `/claims/v1/accidents/{id}/shops`, `/insurer/v1/repairs`: a repair from the owner's invitation to the handover.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::shop::{Estimate, Fault as Wrong, Invoice, RepairDecision};
use claimgate_fhir::taiwan::Namespace;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use validator::Validate;

use super::body::{self, Small};
use super::caller::{Caller, FileAccidents, FollowClaims, ReadDeliveries, ReadJobs, ReportStatus, WriteJobs};
use super::confirm::Call;
use super::form::Form;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::repair::{Asked, Inspected, InspectionKind, InvoiceResult, NotRepair, Outcome, RepairPurpose, Step};
use crate::flows::repair::{Invitation, NotRepaired};
use crate::id::{ClaimId, RepairId};
use crate::party::Party;
use crate::store::RepairOf;

mod shown;

pub use shown::{JobPage, JobView, OwnerJob, OwnerJobs};

/// An estimate of 300 lines, a decision of each, an invoice of each.
const LARGE: Small = Small { bytes: 512 << 10, members: 12_000 };
/// Jobs of a page.
const PAGE: i64 = 50;
/// Faults that are named in one answer.
const MOST_NAMED: usize = 20;

/// Body of `POST /claims/v1/accidents/{id}/shops`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ShopInvitation"))]
#[serde(deny_unknown_fields)]
pub struct InvitationBody {
    /// The shop's party id.
    #[validate(length(min = 3, max = 64))]
    pub shop: String,
    /// What it is asked for; of a claim one shop repairs, and up to ten are asked at once.
    pub purpose: RepairPurpose,
    /// Your number of the owner's mandate (委託書), or the id of one you recorded here, `mdt_…`: then the shop is out as soon
    /// as that ends.
    #[validate(length(min = 1, max = 100))]
    pub mandate: String,
    /// What the owner says to the shop.
    #[validate(length(min = 1, max = 1000))]
    pub note: Option<String>,
}

/// A reason.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairReason"))]
#[serde(deny_unknown_fields)]
pub struct WhyBody {
    /// Why.
    #[validate(length(min = 1, max = 500))]
    pub reason: Option<String>,
}

/// Nothing.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NothingMore"))]
#[serde(deny_unknown_fields)]
pub struct NothingBody {}

/// Body of `POST /claims/v1/accidents/{id}/shops/{repair}/handover`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HandoverConfirmation"))]
#[serde(deny_unknown_fields)]
pub struct ConfirmBody {
    /// Whether the owner has the vehicle and finds it well.
    pub confirmed: bool,
    /// Why not.
    #[validate(length(min = 1, max = 500))]
    pub reason: Option<String>,
}

/// Body of `POST /shops/v1/jobs/{id}/inspection`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InspectionRequest"))]
#[serde(deny_unknown_fields)]
pub struct InspectionBody {
    /// How; `waiver` asks for none.
    pub kind: InspectionKind,
    /// When, of an appointment and of it alone.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub at: Option<Timestamp>,
    /// Where, of an appointment and of it alone.
    #[validate(length(min = 1, max = 200))]
    pub place: Option<String>,
    /// What the insurer should know.
    #[validate(length(min = 1, max = 500))]
    pub note: Option<String>,
}

/// What an insurer says of an inspection.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum InspectionOutcome {
    /// As the shop asks; a waiver that is agreed to is one.
    Agreed,
    /// Otherwise: say how in `instead`, and why.
    Instead,
    /// The vehicle was seen (已勘車).
    Done,
    /// It need not be (免勘).
    Waived,
}

/// Body of `POST /insurer/v1/repairs/{id}/inspection`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InspectionAnswer"))]
#[serde(deny_unknown_fields)]
pub struct InspectedBody {
    /// What is said.
    pub outcome: InspectionOutcome,
    /// How instead.
    pub instead: Option<InspectionBody>,
    /// Why, or what was found.
    #[validate(length(min = 1, max = 500))]
    pub note: Option<String>,
}

/// Body of `POST /shops/v1/jobs/{id}/handover`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HandoverReport"))]
#[serde(deny_unknown_fields)]
pub struct HandoverBody {
    /// The day the owner got the vehicle back.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub on: Date,
    /// What the odometer shows, in kilometres.
    pub odometer_km: Option<u32>,
}

/// Body of `POST /insurer/v1/repairs/{id}/invoice`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InvoiceAnswer"))]
#[serde(deny_unknown_fields)]
pub struct InvoiceAnswerBody {
    /// What is said.
    pub result: InvoiceResult,
    /// Why; needed where it is disputed, or accepted though it differs from what was approved.
    #[validate(length(min = 1, max = 500))]
    pub reason: Option<String>,
}

claimgate_packet::opaque_debug!(
    InvitationBody,
    WhyBody,
    NothingBody,
    ConfirmBody,
    InspectionBody,
    InspectedBody,
    HandoverBody,
    InvoiceAnswerBody
);

fn repair_id(text: &str) -> Result<RepairId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn claim_id(text: &str) -> Result<ClaimId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// `POST /claims/v1/accidents/{id}/shops`. The same again is the job that is there.
///
/// # Errors
/// 404 where the claim is another's, 409 for another job of the shop or a shop that repairs, 422 for no shop or mandate.
pub async fn invite(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let claim = claim_id(&id)?;
    let InvitationBody { shop, purpose, mandate, note } = body::json(&app, &request, payload).await?;
    let invitation = Invitation { shop, purpose, mandate, note };
    let (seen, new) = app.engine.invite_shop(&caller.party.id, claim, &invitation).await?;
    let mut answer = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header(("Cache-Control", "no-store")).json(OwnerJob::of(&seen)))
}

/// `GET /claims/v1/accidents/{id}/shops`.
///
/// # Errors
/// 404 where the claim is another's.
pub async fn of_owner(app: Data<App>, caller: Caller<FollowClaims>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let seen = app.engine.repairs_of_owner(&caller.party.id, claim_id(&id)?).await?;
    Ok(no_store().json(OwnerJobs { shops: seen.iter().map(OwnerJob::of).collect() }))
}

/// `POST /claims/v1/accidents/{id}/shops/{repair}/choose`.
///
/// # Errors
/// 404 where it is another's, 409 where another shop repairs or the job is over.
pub async fn choose(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    path: Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (claim, repair) = (claim_id(&path.0)?, repair_id(&path.1)?);
    let NothingBody {} = body::json(&app, &request, payload).await?;
    Ok(no_store().json(OwnerJob::of(&app.engine.choose_shop(&caller.party.id, claim, repair).await?)))
}

/// A step of the owner.
async fn owner_step<B: DeserializeOwned + Validate>(
    (app, caller, path): (&App, &Caller<FileAccidents>, &(String, String)),
    (request, payload): (&HttpRequest, Payload),
    step: impl FnOnce(B) -> Step,
) -> Result<HttpResponse, Problem> {
    let (claim, repair) = (claim_id(&path.0)?, repair_id(&path.1)?);
    let body: B = body::json(app, request, payload).await?;
    let of = RepairOf::Owner(&caller.party.id);
    if app.engine.repair(of, repair).await?.claim != claim {
        return Err(Problem::not_found());
    }
    Ok(no_store().json(OwnerJob::of(&app.engine.step_repair(of, repair, &step(body)).await?)))
}

/// `POST /claims/v1/accidents/{id}/shops/{repair}/withdraw`: the mandate is taken back, the shop is out at once.
///
/// # Errors
/// 404 where it is another's, 409 where it is done.
pub async fn withdraw(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    path: Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    owner_step((&app, &caller, &path), (&request, payload), |body: WhyBody| Step::Withdraw(body.reason)).await
}

/// `POST /claims/v1/accidents/{id}/shops/{repair}/handover`.
///
/// # Errors
/// 404 where it is another's, 409 where the shop has handed nothing over, 422 for an objection without a reason.
pub async fn confirm(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    path: Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let step = |body: ConfirmBody| Step::Confirm(body.confirmed, body.reason);
    owner_step((&app, &caller, &path), (&request, payload), step).await
}

fn after(request: &HttpRequest) -> Result<Option<RepairId>, Problem> {
    let wrong = || Problem::new(400, "query.invalid", "The one parameter is after: the id of a job, rpr_…");
    let form = Form::read(request.query_string()).ok_or_else(wrong)?;
    if form.names().any(|name| name != "after") {
        return Err(wrong());
    }
    match form.names().next() {
        None => Ok(None),
        Some(_) => Ok(Some(form.one("after").and_then(|id| id.parse().ok()).ok_or_else(wrong)?)),
    }
}

/// `GET /shops/v1/jobs?after=`.
///
/// # Errors
/// 400 for a query that is none.
pub async fn jobs(app: Data<App>, caller: Caller<ReadJobs>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let all = app.engine.repairs(RepairOf::Shop(&caller.party.id), after(&request)?, PAGE).await?;
    Ok(no_store().json(JobPage::of(&all, PAGE)))
}

/// `GET /shops/v1/jobs/{id}`.
///
/// # Errors
/// 403 where the mandate has ended, 404 where it is another's.
pub async fn job(app: Data<App>, caller: Caller<ReadJobs>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let seen = app.engine.repair(RepairOf::Shop(&caller.party.id), repair_id(&id)?).await?;
    Ok(no_store().json(JobView::of(&seen)))
}

/// A step of the shop.
async fn shop_step<B: DeserializeOwned + Validate>(
    (app, caller, id): (&App, &Caller<WriteJobs>, &str),
    (request, payload): (&HttpRequest, Payload),
    step: impl FnOnce(B, &Party) -> Step,
) -> Result<HttpResponse, Problem> {
    let id = repair_id(id)?;
    let body: B = body::json_within(app, request, payload, LARGE).await?;
    let step = step(body, &caller.party);
    let seen = app.engine.step_repair(RepairOf::Shop(&caller.party.id), id, &step).await?;
    Ok(no_store().json(JobView::of(&seen)))
}

macro_rules! shop_steps {
    ($($(#[$doc:meta])* $name:ident: $body:ty => $step:expr;)+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// 403 where the mandate has ended, 404 where it is another's, 409 where the job takes no such step, 422 for what
        /// does not hold together.
        pub async fn $name(
            app: Data<App>,
            caller: Caller<WriteJobs>,
            id: Path<String>,
            request: HttpRequest,
            payload: Payload,
        ) -> Result<HttpResponse, Problem> {
            shop_step::<$body>((&app, &caller, &id), (&request, payload), $step).await
        }
    )+};
}

shop_steps! {
    /// `POST /shops/v1/jobs/{id}/accept`.
    accept: NothingBody => |_, _| Step::Accept;
    /// `POST /shops/v1/jobs/{id}/decline`.
    decline: WhyBody => |body, _| Step::Decline(body.reason);
    /// `POST /shops/v1/jobs/{id}/inspection`.
    inspection: InspectionBody => |body, _| Step::AskInspection(asked(body));
    /// `POST /shops/v1/jobs/{id}/estimates`: the first is the estimate, each later one a supplement.
    estimate: Estimate => |body, _| Step::Estimate(Box::new(body));
    /// `POST /shops/v1/jobs/{id}/invoice`.
    invoice: Invoice => |body, shop| Step::Invoice(Box::new(body), ubn(shop));
    /// `POST /shops/v1/jobs/{id}/handover`.
    handover: HandoverBody => |body, _| Step::HandOver(body.on, body.odometer_km);
}

fn asked(InspectionBody { kind, at, place, note }: InspectionBody) -> Asked {
    Asked { kind, at, place, note }
}

/// The 統一編號 a shop is registered with.
fn ubn(shop: &Party) -> Option<String> {
    let mut numbers = shop.registration().identifiers.iter();
    numbers.find(|known| known.system == Namespace::Ubn.uri()).map(|known| known.value.clone())
}

/// `GET /insurer/v1/repairs?after=`.
///
/// # Errors
/// 400 for a query that is none.
pub async fn of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let all = app.engine.repairs(RepairOf::Insurer(&caller.party.id), after(&request)?, PAGE).await?;
    Ok(no_store().json(JobPage::of(&all, PAGE)))
}

/// `GET /insurer/v1/repairs/{id}`.
///
/// # Errors
/// 404 where the insurer bears no damage of that vehicle.
pub async fn one_of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let seen = app.engine.repair(RepairOf::Insurer(&caller.party.id), repair_id(&id)?).await?;
    Ok(no_store().json(JobView::of(&seen)))
}

/// A step of the insurer.
async fn insurer_step<B: DeserializeOwned + Validate>(
    (app, caller, id): (&App, &Caller<ReportStatus>, &str),
    (request, payload): (HttpRequest, Payload),
    step: impl FnOnce(B) -> Step,
) -> Result<HttpResponse, Problem> {
    let id = repair_id(id)?;
    let call = Call::read(app, caller, request, payload, LARGE).await?;
    let step = step(call.json()?);
    let seen = app.engine.step_repair(RepairOf::Insurer(&caller.party.id), id, &step).await?;
    call.confirm(app, &JobView::of(&seen))
}

macro_rules! insurer_steps {
    ($($(#[$doc:meta])* $name:ident: $body:ty => $step:expr;)+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// 404 where the insurer bears no damage of that vehicle, 409 where the job takes no such step, 422 for what does
        /// not hold together.
        pub async fn $name(
            app: Data<App>,
            caller: Caller<ReportStatus>,
            id: Path<String>,
            request: HttpRequest,
            payload: Payload,
        ) -> Result<HttpResponse, Problem> {
            insurer_step::<$body>((&app, &caller, &id), (request, payload), $step).await
        }
    )+};
}

insurer_steps! {
    /// `POST /insurer/v1/repairs/{id}/inspection`.
    inspect: InspectedBody => |body| Step::Inspect(Inspected {
        outcome: match body.outcome {
            InspectionOutcome::Agreed => Outcome::Agreed,
            InspectionOutcome::Instead => Outcome::Instead,
            InspectionOutcome::Done => Outcome::Done,
            InspectionOutcome::Waived => Outcome::Waived,
        },
        instead: body.instead.map(asked),
        note: body.note,
    });
    /// `POST /insurer/v1/repairs/{id}/decision`.
    decide: RepairDecision => |body| Step::Decide(Box::new(body));
    /// `POST /insurer/v1/repairs/{id}/invoice`.
    answer_invoice: InvoiceAnswerBody => |body| Step::AnswerInvoice(body.result, body.reason);
}

/// What is wrong, each with its place, and where the first is.
fn named(detail: &str, wrong: &[Wrong]) -> (String, String) {
    let all: Vec<String> = wrong.iter().take(MOST_NAMED).map(|one| format!("{}: {}", one.at, one.text)).collect();
    let first = wrong.first().map(|one| one.at.clone()).unwrap_or_default();
    (format!("{detail}: {}", all.join("; ")), first)
}

impl From<NotRepaired> for Problem {
    fn from(reason: NotRepaired) -> Self {
        let detail = format!("Nothing was kept: {reason}");
        match reason {
            NotRepaired::NotFound => Problem::not_found(),
            NotRepaired::Fault(fault) => fault.into(),
            NotRepaired::Shop => Problem::new(422, "repair.shop", detail).at("/shop"),
            NotRepaired::Mandate => Problem::new(422, "repair.mandate", detail).at("/mandate"),
            NotRepaired::NoInsurer => Problem::new(409, "repair.no-insurer", detail),
            NotRepaired::Asked => Problem::new(409, "repair.asked-otherwise", detail).at("/shop"),
            NotRepaired::Chosen => Problem::new(409, "repair.chosen", detail),
            NotRepaired::Full => Problem::new(409, "repair.full", detail),
            NotRepaired::Refused(reason) => refused(reason, &detail),
        }
    }
}

fn refused(reason: NotRepair, detail: &str) -> Problem {
    match reason {
        NotRepair::State(_) => Problem::new(409, "repair.state", detail),
        NotRepair::MandateEnded => Problem::new(403, "repair.mandate-ended", detail),
        NotRepair::Estimate(wrong) => {
            let (detail, at) = named(detail, &wrong);
            Problem::new(422, "repair.estimate", detail).at(at)
        }
        NotRepair::OtherVehicle => Problem::new(422, "repair.other-vehicle", detail).at("/vehicle/plate"),
        NotRepair::Decision(wrong) => {
            let (detail, at) = named(detail, &wrong);
            Problem::new(422, "repair.decision", detail).at(at)
        }
        NotRepair::Version => Problem::new(409, "repair.version", detail).at("/version"),
        NotRepair::QuoteOnly => Problem::new(409, "repair.quote-only", detail),
        NotRepair::NotInspected => Problem::new(409, "repair.not-inspected", detail),
        NotRepair::Inspection => Problem::new(422, "repair.inspection", detail),
        NotRepair::Invoice(wrong) => {
            let (detail, at) = named(detail, &wrong);
            Problem::new(422, "repair.invoice", detail).at(at)
        }
        NotRepair::Seller => Problem::new(422, "repair.seller", detail).at("/seller"),
        NotRepair::Invoiced => Problem::new(409, "repair.invoiced", detail),
        NotRepair::InvoiceUsed => Problem::new(409, "repair.invoice-used", detail).at("/number"),
        NotRepair::NothingApproved => Problem::new(409, "repair.nothing-approved", detail),
        NotRepair::Reason => Problem::new(422, "repair.reason", detail).at("/reason"),
        NotRepair::Day => Problem::new(422, "repair.day", detail).at("/on"),
        NotRepair::Full => Problem::new(409, "repair.full", detail),
    }
}
