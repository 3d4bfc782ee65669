//! `/claims/v1/accidents/{id}/papers`, `…/mydata`, `…/linking`: papers of an accident that are handed in or come over MyData,
//! and the question whether filings of two parties are one accident.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::police::api::Item;
use serde::{Deserialize, Serialize};
use validator::Validate;
use zeroize::Zeroizing;

use super::{AccidentShown, shown};
use crate::app::App;
use crate::core::accident::Linking;
use crate::core::accident::source::UnknownJurisdiction;
use crate::flows::accident::{Asking, FromMydata, HandedIn, NotTaken};
use crate::http::body::{self, Small};
use crate::http::caller::{AskMydata, Caller, FileAccidents};
use crate::http::insurer::no_store;
use crate::http::mydata::{begun, off};
use crate::http::problem::Problem;

/// A scan.
const SCAN: Small = Small { bytes: 7 << 20, members: 10 };

/// Body of `POST /claims/v1/accidents/{id}/papers`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HandedInPaper"))]
#[serde(deny_unknown_fields)]
pub struct HandedInBody {
    /// Which paper it is.
    pub item: Item,
    /// The scan: a PNG, a JPEG or a PDF in base64, at most 6 MiB of it.
    #[validate(length(min = 8, max = 6_291_456))]
    pub content: String,
    /// The police case number (案件編號) on it. An accident that has none gets it.
    #[validate(length(min = 1, max = 40))]
    pub number: Option<String>,
    /// Whose record it is (管轄), where the filing does not say.
    #[validate(length(min = 1, max = 40))]
    pub jurisdiction: Option<String>,
}

/// Body of `POST /claims/v1/accidents/{id}/mydata`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentMydataAsk"))]
#[serde(deny_unknown_fields)]
pub struct MydataBody {
    /// The person's number (身分證字號 or 統一證號): encrypted into the address the person is sent to, and kept nowhere.
    #[validate(length(min = 10, max = 10))]
    pub person: String,
    /// The papers; left out: each that is given by now and not here.
    #[serde(default)]
    #[validate(length(max = 4))]
    pub items: Vec<Item>,
    /// The page the person is sent back to, one the operator registered.
    #[validate(length(min = 9, max = 1024))]
    pub return_to: Option<String>,
}

/// Body of `POST /claims/v1/accidents/{id}/linking`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentLinking"))]
#[serde(deny_unknown_fields)]
pub struct LinkingBody {
    /// Whether filings that name a vehicle of this one in the same half hour are the same accident, as the person says.
    pub same: bool,
}

/// What became of a transaction's documents.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentMydataTaken"))]
pub struct TakenShown {
    /// The accident as it stands now.
    pub accident: AccidentShown,
    /// Each document.
    pub results: Vec<DocumentTaken>,
}

/// What became of one document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccidentMydataDocument"))]
pub struct DocumentTaken {
    /// The data set (資料集).
    pub dataset: String,
    /// Its evidence type.
    pub evidence: String,
    /// `taken`, `there-already`, `police-own-there`, `other-accident`, `other-person`, `unclear` or `twice`.
    pub result: &'static str,
}

claimgate_packet::opaque_debug!(MydataBody, HandedInBody);

/// `POST /claims/v1/accidents/{id}/papers`: a paper that was handed in goes out labelled unverified, until its source confirms
/// the number or gives its own.
///
/// # Errors
/// 404 where it is another's, 422 for what is no picture and no PDF.
pub async fn hand_in(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let asked: HandedInBody = body::json_within(&app, &request, payload, SCAN).await?;
    let content = STANDARD.decode(&asked.content);
    let content = content.map_err(|_| Problem::new(422, "body.value", "content is base64").at("/content"))?;
    let jurisdiction = asked.jurisdiction.map(|word| word.parse()).transpose();
    let jurisdiction = jurisdiction.map_err(|error: UnknownJurisdiction| {
        Problem::new(422, "accident.form", error.to_string()).at("/jurisdiction")
    })?;
    let handed = HandedIn { item: asked.item, content, number: asked.number, jurisdiction };
    Ok(no_store().json(shown(&app.engine.hand_in_paper(&caller.party.id, id, handed).await?)))
}

/// `POST /claims/v1/accidents/{id}/mydata`: begins a transaction for papers of an accident.
///
/// # Errors
/// As of `POST /mydata/v1/transactions`.
pub async fn begin(
    app: Data<App>,
    caller: Caller<AskMydata>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let body: MydataBody = body::json(&app, &request, payload).await?;
    let asking = Asking { person: Zeroizing::new(body.person), items: body.items, return_to: body.return_to };
    begun(&app, app.engine.begin_accident_mydata(&caller.party.id, id, asking).await)
}

/// `POST /claims/v1/accidents/{id}/mydata/{transaction}`: takes what came of a transaction into the claim.
///
/// # Errors
/// 404 where claim or transaction is another's, 409 for one of another claim or in which nothing is proved, 422 where no
/// document of it is of this accident.
pub async fn take(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, transaction) = path.into_inner();
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let transaction = transaction.parse().map_err(|_| Problem::not_found())?;
    let (seen, results) = app.engine.take_mydata(&caller.party.id, id, transaction).await?;
    let results = results.into_iter().map(|FromMydata { dataset, kind: evidence, result }| DocumentTaken {
        dataset,
        evidence,
        result,
    });
    Ok(no_store().json(TakenShown { accident: shown(&seen), results: results.collect() }))
}

/// `POST /claims/v1/accidents/{id}/linking`: the person's answer for this filing. Whether there is another is never told.
///
/// # Errors
/// 404 where it is another's.
pub async fn link(
    app: Data<App>,
    caller: Caller<FileAccidents>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let body: LinkingBody = body::json(&app, &request, payload).await?;
    let answer = if body.same { Linking::Agreed } else { Linking::Refused };
    Ok(no_store().json(shown(&app.engine.answer_linking(&caller.party.id, id, answer).await?)))
}

impl From<NotTaken> for Problem {
    fn from(reason: NotTaken) -> Self {
        match reason {
            NotTaken::NotFound => Self::not_found(),
            NotTaken::Off => off(),
            NotTaken::OtherClaim => Problem::new(
                409,
                "accident.mydata-claim",
                "The transaction was begun for another claim: begin one for this",
            ),
            NotTaken::Nothing => Problem::new(
                409,
                "mydata.nothing-proved",
                "Nothing is proved in this transaction; read its state and reason",
            ),
            NotTaken::OtherAccident(results) => {
                let said: Vec<String> = results.iter().map(|one| format!("{}: {}", one.dataset, one.result)).collect();
                let detail = format!("No document of the transaction is of this accident ({})", said.join(", "));
                Problem::new(422, "accident.other", detail)
            }
            NotTaken::Fault(fault) => fault.into(),
        }
    }
}
