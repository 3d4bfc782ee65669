//! `/claims/v1/accidents`, `/insurer/v1/accidents`, `/police/v1`: accidents are filed and followed, sources see who uses their
//! papers and tell of changed ones.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::police::api::{GroundKind, Item, is_case_number};
use claimgate_packet::evidence::accident::{AccidentStatement, Occurrence, PoliceRecord, Standing, StatedVehicle};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::body::{self, Small};
use super::caller::{Caller, FileAccidents, FollowClaims, GiveNotice, ReadDeliveries, ReadUses, ReportStatus};
use super::confirm::Call;
use super::form::Form;
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::accident::FiledRecipient;
use crate::core::accident::source::Jurisdiction;
use crate::flows::accident::{AccidentSeen, NotOpened, Opening};
use crate::id::UseId;

pub mod channels;

/// A filing with its vehicles and recipients.
const FILING: Small = Small { bytes: 64 << 10, members: 600 };
/// The most uses of a page, and what it has where nothing is said.
const MOST: i64 = 500;
const USUAL: i64 = 100;

/// Body of `POST /claims/v1/accidents`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewAccident"))]
#[serde(deny_unknown_fields)]
pub struct AccidentBody {
    /// Your own number of this filing. The same again is the filing that is there.
    #[validate(length(min = 1, max = 100))]
    pub reference: String,
    /// When and where, as the party says; a day or an instant is needed.
    pub occurrence: Occurrence,
    /// What the party is in the accident (身分).
    pub standing: Standing,
    /// Whether the police recorded it (報案紀錄).
    pub record: PoliceRecord,
    /// The vehicles the party names.
    #[serde(default)]
    #[validate(length(max = 20))]
    pub vehicles: Vec<StatedVehicle>,
    /// What happened, in the party's words.
    #[validate(length(max = 4000))]
    pub account: Option<String>,
    /// Who is to get it, each on its ground.
    #[validate(length(min = 1, max = 32))]
    pub recipients: Vec<AccidentRecipientBody>,
}

/// A recipient.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewAccidentRecipient"))]
#[serde(deny_unknown_fields)]
pub struct AccidentRecipientBody {
    /// The insurer's party id.
    pub party: String,
    /// The line of insurance (險種).
    pub line: Line,
    /// Its policy or claim number, where known.
    pub number: Option<String>,
    /// The person's consent or mandate (委託書); without one the recipient gets the result of the check alone.
    pub ground: Option<GroundBody>,
}

/// On what ground a recipient gets papers.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentGround"))]
#[serde(deny_unknown_fields)]
pub struct GroundBody {
    /// Which kind.
    pub kind: GroundKind,
    /// Your number of the consent or mandate, or the file number of the inquiry; told to the police.
    pub reference: String,
}

/// Body of `POST /insurer/v1/accidents`: an insurer's own inquiry (強制汽車責任保險法 §4). In another line than compulsory cover it
/// gets the result of the check alone.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentInquiry"))]
#[serde(deny_unknown_fields)]
pub struct InquiryBody {
    /// Your own number of this inquiry. The same again is the one that is there.
    #[validate(length(min = 1, max = 100))]
    pub reference: String,
    /// When and where, as far as you know; a day or an instant is needed.
    pub occurrence: Occurrence,
    /// Whose record it is, and its number.
    pub record: PoliceRecord,
    /// The vehicles you know of.
    #[serde(default)]
    #[validate(length(max = 20))]
    pub vehicles: Vec<StatedVehicle>,
    /// In which line you ask.
    pub line: Line,
    /// Your claim number.
    #[validate(length(max = 100))]
    pub number: Option<String>,
}

/// Body of `POST /police/v1/notices`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PoliceNotice"))]
#[serde(deny_unknown_fields)]
pub struct NoticeBody {
    /// Your jurisdiction.
    #[validate(length(min = 1, max = 40))]
    pub jurisdiction: String,
    /// The case number (案件編號).
    #[validate(length(min = 1, max = 40))]
    pub case: String,
    /// The paper that was changed.
    pub item: Item,
}

claimgate_packet::opaque_debug!(AccidentBody, AccidentRecipientBody, GroundBody, InquiryBody, NoticeBody);

/// An accident and its papers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Accident"))]
pub struct AccidentShown {
    /// The claim of this filing, `clm_` and a UUID.
    pub claim_id: String,
    /// The accident, `acc_` and a UUID: the same for every filing of one police record.
    pub accident_id: String,
    /// Whose record it is (管轄); absent where the police recorded nothing.
    pub jurisdiction: Option<&'static str>,
    /// The same in Chinese.
    pub jurisdiction_zh: Option<&'static str>,
    /// The papers, each with its day.
    pub documents: Vec<PaperShown>,
    /// Who gets what.
    pub recipients: Vec<AccidentRecipientShown>,
    /// For the app that filed it: what it answered to the question whether filings are linked (`agreed`, `refused`), `open`
    /// where it has not, `not-possible` where no instant or no vehicle is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linking: Option<&'static str>,
    /// What was stated beside what the police recorded; for people, nothing is decided by it.
    pub comparison: Vec<PointShown>,
}

/// A police paper.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentDocument"))]
pub struct PaperShown {
    /// Its evidence type.
    pub item: &'static str,
    /// In Chinese.
    pub item_zh: &'static str,
    /// `expected`, `asked`, `withheld`, `arrived` or `not-available`.
    pub state: &'static str,
    /// From which day it is given, in Taiwan.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub on: Date,
    /// By which article.
    pub article: &'static str,
    /// Why it is not here, as a stable word.
    pub reason: Option<String>,
    /// The source's version.
    pub version: Option<i64>,
    /// Until when the check is relied on.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub verified_until: Option<Timestamp>,
    /// For the app that filed it: how what was handed in of it is labelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handed_in: Option<HandedInShown>,
}

/// The label of a paper that was handed in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HandedInLabel"))]
pub struct HandedInShown {
    /// `handed-in`, `pdf-signature` or `number-check`.
    pub method: String,
    /// What that found, for example `unverified`, `signed`, `confirmed`, `not-found`, `other-number`.
    pub result: String,
}

/// A recipient and its share.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentRecipient"))]
pub struct AccidentRecipientShown {
    /// Party id.
    pub party: String,
    /// Line of insurance.
    pub line: Line,
    /// `content`, or `check`: the result of the check alone.
    pub share: &'static str,
    /// Its policy or claim number, as it was filed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

claimgate_packet::opaque_debug!(AccidentRecipientShown);

/// A point on which both speak.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentComparison"))]
pub struct PointShown {
    /// The paper.
    pub item: &'static str,
    /// What is compared: `day`, `time`, `number`, `vehicles`.
    pub of: &'static str,
    /// Whether both say the same.
    pub agrees: bool,
}

/// Who uses a source's papers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PoliceUses"))]
pub struct UsesShown {
    /// Oldest first.
    pub uses: Vec<UseShown>,
    /// Whether there are more behind the last.
    pub more: bool,
}

/// That a recipient got a paper, or what its check found.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PoliceUse"))]
pub struct UseShown {
    /// Id; the next page is asked for behind it.
    pub id: String,
    /// The accident.
    pub accident_id: String,
    /// The paper.
    pub item: String,
    /// Its version.
    pub version: i64,
    /// The recipient's party id.
    pub party: String,
    /// Its line.
    pub line: Line,
    /// `content` or `check`.
    pub share: String,
    /// When.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub at: Timestamp,
}

/// What a notice answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PoliceNoticeTaken"))]
pub struct NoticeTaken {
    /// Always `taken`: whether anybody here has the paper is not told.
    pub notice: &'static str,
}

fn shown(seen: &AccidentSeen) -> AccidentShown {
    AccidentShown {
        claim_id: seen.claim.to_string(),
        accident_id: seen.accident.to_string(),
        jurisdiction: seen.jurisdiction.map(Jurisdiction::as_str),
        jurisdiction_zh: seen.jurisdiction.map(Jurisdiction::chinese),
        documents: seen
            .papers
            .iter()
            .map(|paper| PaperShown {
                item: paper.item.as_str(),
                item_zh: paper.item.chinese(),
                state: paper.state.as_str(),
                on: paper.on,
                article: paper.article,
                reason: paper.reason.clone(),
                version: paper.version,
                verified_until: paper.holds_until,
                handed_in: paper.handed_in.clone().map(|(method, result)| HandedInShown { method, result }),
            })
            .collect(),
        recipients: seen
            .recipients
            .iter()
            .map(|one| AccidentRecipientShown {
                party: one.party.to_string(),
                line: one.line,
                share: one.share,
                number: one.number.clone(),
            })
            .collect(),
        linking: seen.linking,
        comparison: seen
            .comparison
            .iter()
            .map(|point| PointShown { item: point.paper, of: point.of, agrees: point.agrees })
            .collect(),
    }
}

/// `POST /claims/v1/accidents`. The same filing again is the one that is there.
///
/// # Errors
/// 409 for a reference that was used otherwise, 422 for a filing that does not hold together.
pub async fn file(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let asked: AccidentBody = body::json_within(&app, &request, payload, FILING).await?;
    let statement = AccidentStatement {
        occurrence: asked.occurrence,
        standing: asked.standing,
        record: asked.record,
        vehicles: asked.vehicles,
        account: asked.account,
    };
    let recipients = asked.recipients.into_iter().map(|one| FiledRecipient {
        party: one.party,
        line: one.line,
        number: one.number,
        ground: one.ground.map(|ground| (ground.kind, ground.reference)),
    });
    let opening = Opening { reference: asked.reference, statement, recipients: recipients.collect() };
    let (seen, new) = app.engine.open_accident(&caller.party, opening).await?;
    let mut answer = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header(("Cache-Control", "no-store")).json(shown(&seen)))
}

/// `GET /claims/v1/accidents/{id}`.
///
/// # Errors
/// 404 where it is another's.
pub async fn of_app(app: Data<App>, caller: Caller<FollowClaims>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(shown(&app.engine.accident_of_filer(&caller.party.id, id).await?)))
}

/// `POST /claims/v1/accidents/{id}/recipients/{party}/withdraw`: a consent or mandate is taken back.
///
/// # Errors
/// 404 where it is another's or names no such recipient.
pub async fn withdraw(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, party) = path.into_inner();
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let party = party.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(shown(&app.engine.end_ground(&caller.party.id, id, &party).await?)))
}

/// `POST /insurer/v1/accidents`: in compulsory cover by the insurer's own statutory inquiry, in any other line for the result
/// of the check alone.
///
/// # Errors
/// As [`file()`].
pub async fn inquire(
    app: Data<App>,
    caller: Caller<ReportStatus>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::read(&app, &caller, request, payload, FILING).await?;
    let asked: InquiryBody = call.json()?;
    let statutory = asked.line == Line::MotorCompulsory;
    let ground = statutory.then(|| (GroundKind::Statutory, asked.reference.clone()));
    let recipient =
        FiledRecipient { party: caller.party.id.to_string(), line: asked.line, number: asked.number, ground };
    let statement = AccidentStatement {
        occurrence: asked.occurrence,
        standing: Standing::Insurer,
        record: asked.record,
        vehicles: asked.vehicles,
        account: None,
    };
    let opening = Opening { reference: asked.reference, statement, recipients: vec![recipient] };
    let (seen, _) = app.engine.open_accident(&caller.party, opening).await?;
    call.confirm(&app, &shown(&seen))
}

/// `GET /insurer/v1/accidents/{id}`.
///
/// # Errors
/// 404 where the insurer is no recipient of it.
pub async fn of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(no_store().json(shown(&app.engine.accident_of_insurer(&caller.party.id, id).await?)))
}

/// `GET /police/v1/uses?after=&limit=`: who got what of the source's papers.
///
/// # Errors
/// 400 for a parameter that is none.
pub async fn uses(app: Data<App>, caller: Caller<ReadUses>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (after, limit) = page(request.query_string())
        .ok_or_else(|| Problem::new(400, "query.invalid", format!("after an id of a use; limit 1 to {MOST}")))?;
    let mut found = app.engine.police_uses(&caller.party.id, after, limit + 1).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let uses = found.into_iter().map(|one| UseShown {
        id: one.id.to_string(),
        accident_id: one.accident.to_string(),
        item: one.item,
        version: one.version,
        party: one.party.to_string(),
        line: one.line,
        share: one.share,
        at: one.at,
    });
    Ok(no_store().json(UsesShown { uses: uses.collect(), more }))
}

fn page(query: &str) -> Option<(Option<UseId>, i64)> {
    let form = Form::read(query)?;
    if form.names().any(|name| !matches!(name, "after" | "limit") || form.one(name).is_none()) {
        return None;
    }
    let after = form.one("after").map(str::parse).transpose().ok()?;
    let limit = form.one("limit").map_or(Some(USUAL), |text| text.parse().ok())?;
    (1..=MOST).contains(&limit).then_some((after, limit))
}

/// `POST /police/v1/notices`: a paper was changed.
///
/// # Errors
/// 404 for a jurisdiction that is another source's, 422 for another form.
pub async fn notice(
    app: Data<App>,
    caller: Caller<GiveNotice>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let asked: NoticeBody = body::json(&app, &request, payload).await?;
    let jurisdiction = asked.jurisdiction.parse().map_err(|_| Problem::not_found())?;
    if !is_case_number(&asked.case) {
        return Err(Problem::new(422, "body.value", "case has 1 to 40 letters, digits and hyphens").at("/case"));
    }
    app.engine.police_notice(&caller.party, (jurisdiction, &asked.case), asked.item).await?;
    Ok(no_store().json(NoticeTaken { notice: "taken" }))
}

impl From<NotOpened> for Problem {
    fn from(reason: NotOpened) -> Self {
        match reason {
            NotOpened::NotFound => Self::not_found(),
            NotOpened::Faulty(fault) => Self::new(422, fault.code, fault.text).at(fault.at),
            NotOpened::ReferenceUsed => {
                Problem::new(409, "accident.reference-used", "This reference was used for another filing")
                    .at("/reference")
            }
            NotOpened::Fault(fault) => fault.into(),
        }
    }
}
