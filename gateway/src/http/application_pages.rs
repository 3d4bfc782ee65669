//! `/hospital/v1/application-pages`: a hospital asks for a link to the page a patient applies on, and reads what came of it.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_adapters::hospital::CaseIdentifier;
use claimgate_packet::evidence::Patient;
use claimgate_packet::evidence::application::ApplicationChannel;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::body;
use super::caller::{Caller, PushBundles, ReadBundles};
use super::insurer::no_store;
use super::problem::Problem;
use crate::app::App;
use crate::core::application::page::Language;
use crate::flows::health::NewPage;

/// How long a link lives where nothing is said, in minutes.
const USUAL: i64 = 15;

/// Body of `POST /hospital/v1/application-pages`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "NewApplicationPage"))]
#[serde(deny_unknown_fields)]
pub struct PageBody {
    /// System of the case number, as `Bundle.identifier.system` has it.
    #[validate(length(max = 500))]
    pub case_system: Option<String>,
    /// Case number (案件編號), as `Bundle.identifier.value` has it.
    #[validate(length(min = 1, max = 200))]
    pub case_number: String,
    /// `bedside` or `counter`.
    pub channel: ApplicationChannel,
    /// In which language the page begins; 繁體中文 where nothing is said.
    #[serde(default)]
    pub language: Language,
    /// The insured, as the hospital knows it: filled in already, and the patient may correct it.
    pub insured: Option<Patient>,
    /// Whom the page offers; all insurers that take part where nothing is said.
    #[serde(default)]
    #[validate(length(max = 24))]
    pub offered: Vec<OfferBody>,
    /// How long the link can be used, in minutes: 1 to 60, 15 where nothing is said.
    #[validate(range(min = 1, max = 60))]
    pub minutes: Option<i64>,
}

/// An insurer and line that is offered.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OfferedInsurer"))]
#[serde(deny_unknown_fields)]
pub struct OfferBody {
    /// The insurer's party id.
    pub party: String,
    /// The line of insurance (險種).
    pub line: Line,
}

claimgate_packet::opaque_debug!(PageBody, OfferBody, PageBegun);

/// A page that begins.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ApplicationPage"))]
pub struct PageBegun {
    /// Id, `apg_` and a UUID.
    pub id: String,
    /// The link for the patient's browser: a secret, for one session, told once.
    pub link: String,
    /// Until when the link can be used.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub expires_at: Timestamp,
}

/// What came of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ApplicationPageState"))]
pub struct PageShown {
    /// Id.
    pub id: String,
    /// `waiting`: the link was not used; `open`: somebody fills it in; `signed`; `expired`.
    pub state: &'static str,
    /// The application that was signed.
    pub application_id: Option<String>,
}

/// `POST /hospital/v1/application-pages`.
///
/// # Errors
/// 422 where it offers somebody who takes no part.
pub async fn begin(
    app: Data<App>,
    caller: Caller<PushBundles>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let asked: PageBody = body::json(&app, &request, payload).await?;
    if asked.channel == ApplicationChannel::Phone {
        let detail = "A page is filled in at the bedside or the counter; by telephone send the application itself";
        return Err(Problem::new(422, "body.value", detail).at("/channel"));
    }
    let unknown = || {
        let detail = "Offer each insurer and line once, and only those that take part";
        Problem::new(422, "application.recipient", detail).at("/offered")
    };
    let offered = asked.offered.iter().map(|one| Ok((one.party.parse().map_err(|_| unknown())?, one.line)));
    let new = NewPage {
        case: CaseIdentifier { system: asked.case_system, value: asked.case_number },
        channel: asked.channel,
        language: asked.language,
        offered: offered.collect::<Result<_, Problem>>()?,
        fields: asked.insured.as_ref().map(filled).unwrap_or_default(),
        minutes: asked.minutes.unwrap_or(USUAL),
    };
    let begun = app.engine.begin_page(&caller.party.id, new).await?;
    let link = format!("{}/apply/link/{}", app.engine.issuer, begun.secret);
    let answer = PageBegun { id: begun.id.to_string(), link, expires_at: begun.until };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(answer))
}

/// What the hospital knows of the insured, by field of the page.
fn filled(insured: &Patient) -> BTreeMap<String, String> {
    let known = ["national-id", "resident-certificate", "passport", "medical-record"];
    let number = insured.identifiers.iter().find(|one| one.kind.as_deref().is_some_and(|kind| known.contains(&kind)));
    let fields = [
        ("insured-name", insured.name.clone()),
        ("insured-birth", insured.birth_date.clone()),
        ("insured-kind", number.and_then(|one| one.kind.clone())),
        ("insured-number", number.map(|one| one.value.clone())),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.chars().take(200).collect()))).collect()
}

/// `GET /hospital/v1/application-pages/{id}`.
///
/// # Errors
/// 404 where it is another's, or forgotten.
pub async fn read(app: Data<App>, caller: Caller<ReadBundles>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let view = app.engine.page_of_hospital(&caller.party.id, id).await?;
    let until = view.open_until.unwrap_or(view.link_until);
    let state = match (&view.application, view.used) {
        (Some(_), _) => "signed",
        (None, _) if app.engine.now() >= until => "expired",
        (None, true) => "open",
        (None, false) => "waiting",
    };
    let application_id = view.application.map(|id| id.to_string());
    Ok(no_store().json(PageShown { id: view.id.to_string(), state, application_id }))
}
