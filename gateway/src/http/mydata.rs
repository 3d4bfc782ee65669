//! `/mydata/v1`: an app has a person's data sets fetched from MyData and reads what came; the platform notifies; a browser
//! comes back.
//!
//! Who comes back proves nothing, and is sent on to a registered page alone. No answer holds the person's number but the
//! address the person is sent to, where it is encrypted.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_packet::jose::digest::sha256_text;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::Validate;
use zeroize::Zeroizing;

use super::body::{self, Small};
use super::caller::{AskMydata, Caller};
use super::certificate;
use super::form::Form;
use super::limited;
use super::problem::Problem;
use crate::app::App;
use crate::core::mydata::{DatasetRow, reason_texts};
use crate::flows::mydata::{self, Begun, NotBegun, NotNotified, Order, Proved, Returned, Setup, Showing, Shown};
use crate::id::MydataId;

/// Bytes of a notification.
const NOTICE: usize = 16 << 10;

/// Body of `POST /mydata/v1/transactions`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MydataAsk {
    /// The person's number (身分證字號 or 統一證號): encrypted into the address the person is sent to, and kept nowhere.
    #[validate(length(min = 10, max = 10))]
    person: String,
    /// What for, one of the data sets' purposes, such as `motor-claim`.
    #[validate(length(min = 1, max = 64))]
    purpose: String,
    /// Names of data sets (資料集) of this gateway, such as `vehicle-registration`.
    #[validate(length(min = 1, max = 64))]
    datasets: Vec<String>,
    /// The page the person is sent back to, one the operator registered.
    #[validate(length(min = 9, max = 1024))]
    return_to: Option<String>,
    /// The claim (理賠案件) it is for, one this app is linked to.
    #[validate(length(min = 40, max = 40))]
    claim_id: Option<String>,
}

/// A transaction that begins.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MydataBegun {
    /// Transaction id, `myd_` + UUIDv7; the UUID is the platform's `tx_id`.
    pub transaction_id: String,
    /// Where to send the person; for once, and to nobody else.
    pub address: String,
    /// Until when the person may consent there (UTC).
    pub expires_at: Timestamp,
    /// What the person consents to (同意事項), to be shown before.
    pub consent: MydataConsent,
}

/// What a person consents to.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MydataConsent {
    /// 正體中文.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A transaction as its app reads it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MydataTransaction {
    /// Transaction id.
    pub transaction_id: String,
    /// `waiting`, `ready`, `fetching`, `fetched`, `verified`, `refused`, `unavailable`, `failed`, `lost` or `expired`.
    pub state: &'static str,
    /// Why, as docs/mydata.md lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<&'static str>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text_zh: Option<&'static str>,
    /// What the browser came back with, such as `consented` or `cancelled`: proves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<String>,
    /// What for.
    pub purpose: String,
    /// The claim it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_id: Option<String>,
    /// Until when the person may consent (UTC).
    pub expires_at: Timestamp,
    /// SHA-256 of the encrypted package, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_sha256: Option<String>,
    /// What was asked for, in that order.
    pub datasets: Vec<MydataDataset>,
}

/// One data set.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MydataDataset {
    /// Its name here.
    pub name: String,
    /// The platform's id.
    pub resource_id: String,
    /// `waiting`, `verified`, `unavailable` or `refused`.
    pub state: &'static str,
    /// The platform's code: 204 no data, others are refusals of its provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it is refused (the contract's reason), or why it became no document: `unknown`, `files`, `form`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whose certificate signed it (RFC 4514).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// `good`, or `unchecked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<String>,
    /// Whether the provider is the one registered for the data set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_registered: Option<bool>,
    /// The evidence type it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// How many documents.
    pub documents: i64,
    /// Whether they are of the person that was asked for: `same` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// The documents of a transaction.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MydataDocuments {
    /// Transaction id.
    pub transaction_id: String,
    /// What each data set that was proved became.
    pub datasets: Vec<MydataProved>,
}

/// What one data set became.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MydataProved {
    /// Its name here.
    pub name: String,
    /// The platform's id.
    pub resource_id: String,
    /// Whose certificate signed it (RFC 4514).
    pub provider: String,
    /// SHA-256 of that certificate, base64url.
    pub provider_certificate_sha256: String,
    /// `good`, or `unchecked`.
    pub revocation: String,
    /// SHA-256 of the encrypted package, base64url.
    pub package_sha256: String,
    /// SHA-256 of the provider's archive, base64url.
    pub archive_sha256: String,
    /// When it came (UTC).
    pub obtained: Timestamp,
    /// The documents.
    pub documents: Vec<MydataDocument>,
    /// Members of the source that have no place in them: names alone.
    pub left: Vec<String>,
    /// The files beside them.
    pub files: Vec<MydataFile>,
}

/// A document.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MydataDocument {
    /// Schema name and version, such as `vehicle-registration/1`.
    pub schema: String,
    /// In the form of that schema (docs/schemas).
    pub document: Value,
}

/// A file beside the documents.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MydataFile {
    /// Its name.
    pub name: String,
    /// Size in bytes.
    pub bytes: usize,
    /// SHA-256, base64url.
    pub sha256: String,
}

claimgate_packet::opaque_debug!(
    MydataAsk,
    MydataBegun,
    MydataConsent,
    MydataTransaction,
    MydataDataset,
    MydataDocuments,
    MydataProved,
    MydataDocument,
    MydataFile
);

/// `POST /mydata/v1/transactions`: has data sets of a person fetched.
///
/// # Errors
/// 404 for a claim this app is not linked to, 422 for what cannot be asked for, 501 where nothing is fetched here.
pub async fn begin(
    app: Data<App>,
    caller: Caller<AskMydata>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body: MydataAsk = body::json(&app, &request, payload).await?;
    let claim = body.claim_id.map(|id| id.parse().map_err(|_| Problem::not_found().at("/claim_id"))).transpose()?;
    let order = Order {
        person: Zeroizing::new(body.person),
        purpose: body.purpose,
        datasets: body.datasets,
        return_to: body.return_to,
        claim,
    };
    begun(&app, app.engine.begin_mydata(&caller.party.id, order).await)
}

/// What an app is told of a transaction it began.
///
/// # Errors
/// Why none begins.
pub(super) fn begun(app: &App, begun: Result<Begun, NotBegun>) -> Result<HttpResponse, Problem> {
    let Begun { id, address, consent, closes_at } = begun.map_err(|reason| not_begun(app, reason))?;
    let consent = MydataConsent { zh: consent.zh, en: consent.en };
    let begun = MydataBegun { transaction_id: id.to_string(), address, expires_at: closes_at, consent };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(begun))
}

pub(super) fn off() -> Problem {
    Problem::new(501, "mydata.off", "Nothing is fetched from MyData here: the operator sets up the section mydata")
}

fn not_begun(app: &App, reason: NotBegun) -> Problem {
    match reason {
        NotBegun::Off => off(),
        NotBegun::Person => {
            let detail = "person is no national ID (身分證字號) or resident number (統一證號) with its check digit";
            Problem::new(422, "mydata.person", detail).at("/person")
        }
        NotBegun::Dataset => {
            let names = app.engine.mydata.as_deref().map(Setup::datasets).unwrap_or_default().join(", ");
            let detail = format!("A data set is unknown or stands twice; there are: {names}");
            Problem::new(422, "mydata.dataset-unknown", detail).at("/datasets")
        }
        NotBegun::Paper => {
            let detail = "MyData has no data set of a paper that is given by now and not here; name papers in items";
            Problem::new(422, "mydata.dataset-unknown", detail).at("/items")
        }
        NotBegun::Purpose => {
            let detail = "A data set is not for this purpose; ask the operator for its purposes";
            Problem::new(422, "mydata.purpose", detail).at("/purpose")
        }
        NotBegun::ReturnTo => {
            let detail = "return_to is none of the pages the operator registered (mydata.return_pages)";
            Problem::new(422, "mydata.return-to", detail).at("/return_to")
        }
        NotBegun::Claim => Problem::not_found().at("/claim_id"),
        NotBegun::Fault(fault) => fault.into(),
    }
}

/// `GET /mydata/v1/transactions/{id}`: where a transaction of this app stands.
///
/// # Errors
/// 404 for one that is not this app's.
pub async fn transaction(app: Data<App>, caller: Caller<AskMydata>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let shown = found(&app, &caller, &id).await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(view(shown)))
}

async fn found(app: &App, caller: &Caller<AskMydata>, id: &str) -> Result<Shown, Problem> {
    if app.engine.mydata.is_none() {
        return Err(off());
    }
    let id: MydataId = id.parse().map_err(|_| Problem::not_found())?;
    app.engine.mydata_shown(&caller.party.id, id).await?.ok_or_else(Problem::not_found)
}

fn view(shown: Shown) -> MydataTransaction {
    let Shown { transaction, state, kept, datasets } = shown;
    let texts = transaction.reason.as_deref().and_then(reason_texts);
    let waiting = kept.datasets.iter().map(|asked| MydataDataset {
        name: asked.name.clone(),
        resource_id: asked.resource.clone(),
        state: if kept.unable.contains(&asked.resource) { "unavailable" } else { "waiting" },
        code: None,
        reason: None,
        provider: None,
        revocation: None,
        provider_registered: None,
        evidence: None,
        documents: 0,
        person: None,
    });
    let datasets = if datasets.is_empty() { waiting.collect() } else { datasets.into_iter().map(dataset).collect() };
    MydataTransaction {
        transaction_id: transaction.id.to_string(),
        state,
        reason: transaction.reason,
        reason_text: texts.map(|(english, _)| english),
        reason_text_zh: texts.map(|(_, chinese)| chinese),
        returned: transaction.returned,
        purpose: transaction.purpose,
        claim_id: transaction.claim.map(|claim| claim.to_string()),
        expires_at: transaction.closes_at,
        package_sha256: transaction.package_digest,
        datasets,
    }
}

fn dataset(row: DatasetRow) -> MydataDataset {
    MydataDataset {
        name: row.name,
        resource_id: row.resource,
        state: row.state.as_str(),
        code: row.code,
        reason: row.reason,
        provider_registered: row.provider.as_ref().map(|_| row.pinned),
        provider: row.provider,
        revocation: row.revocation,
        evidence: row.kind,
        documents: row.documents,
        person: row.person,
    }
}

/// `GET /mydata/v1/transactions/{id}/documents`: what came, for the app that asked.
///
/// # Errors
/// 404 for one that is not this app's, 409 where nothing is proved yet, or never will be.
pub async fn documents(app: Data<App>, caller: Caller<AskMydata>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let shown = found(&app, &caller, &id).await?;
    let id = shown.transaction.id;
    let proved = mydata::documents(&app.engine, id).await?;
    if proved.is_empty() {
        let detail = "Nothing is proved in this transaction; read its state and reason";
        return Err(Problem::new(409, "mydata.nothing-proved", detail));
    }
    app.engine.mydata_read(&caller.party.id, id, proved.len()).await?;
    let datasets = proved.into_iter().map(proven).collect::<Result<_, _>>()?;
    let answer = MydataDocuments { transaction_id: id.to_string(), datasets };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(answer))
}

fn proven(proved: Proved) -> Result<MydataProved, Problem> {
    let documents = proved.documents.iter().map(|document| {
        let written = document.to_json().map_err(|_| crate::flows::Fault::Stored("mydata_dataset"))?;
        Ok(MydataDocument { schema: document.schema(), document: written })
    });
    let documents = documents.collect::<Result<_, crate::flows::Fault>>()?;
    let file = |file: &claimgate_adapters::mydata::DataFile| MydataFile {
        name: file.name.clone(),
        bytes: file.bytes.len(),
        sha256: sha256_text(&file.bytes),
    };
    Ok(MydataProved {
        documents,
        files: proved.files.iter().map(file).collect(),
        name: proved.dataset,
        resource_id: proved.resource,
        provider: proved.provider,
        provider_certificate_sha256: proved.fingerprint,
        revocation: proved.revocation,
        package_sha256: proved.package,
        archive_sha256: sha256_text(&proved.archive),
        obtained: proved.at,
        left: proved.left,
    })
}

/// `POST /mydata/v1/notifications`: the platform says that a package is there, or will not be.
///
/// # Errors
/// 400 for none of the two forms, 403 for who does not prove itself, 404 for no transaction of ours, 409 for a second one.
pub async fn notify(app: Data<App>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    bound(&app, &request)?;
    let within = Small { bytes: NOTICE, ..Small::default() };
    let body = body::small(&app, &request, payload, within).await?;
    let certificate =
        certificate::of(&request, &app.config.tls.client_cert_from).map(|one| one.thumbprint().to_owned());
    let key = request.headers().get("apikey").and_then(|value| value.to_str().ok());
    let showing = Showing { key, certificate: certificate.as_deref() };
    match app.engine.mydata_notified(showing, &body).await {
        Ok(()) => Ok(HttpResponse::Ok().finish()),
        Err(NotNotified::Off) => Err(off()),
        Err(NotNotified::Unproved) => Err(Problem::new(
            403,
            "mydata.notifier",
            "Who notifies shows the key and the certificate the operator set up for the platform",
        )),
        Err(NotNotified::Form) => Err(Problem::new(
            400,
            "mydata.notification",
            "A notification is tx_id with permission_ticket and secret_key for this service provider, or with \
             unable_to_deliver",
        )),
        Err(NotNotified::Unknown) => Err(Problem::not_found()),
        Err(NotNotified::Other) => {
            let detail = "Another ticket came for this transaction before: each takes one";
            Err(Problem::new(409, "mydata.notified-before", detail))
        }
        Err(NotNotified::Over) => {
            let detail = "The time of this transaction is over; the person is asked anew";
            Err(Problem::new(410, "mydata.transaction-over", detail))
        }
        Err(NotNotified::Fault(fault)) => Err(fault.into()),
    }
}

/// `GET /mydata/v1/return`: a browser comes back from the platform and goes on to the app's page.
///
/// # Errors
/// 400 for what is no return of a transaction of ours.
pub async fn returned(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    bound(&app, &request)?;
    if app.engine.mydata.is_none() {
        return Err(off());
    }
    let wrong = || {
        let detail = "This is no return from MyData: code and tx_id come as the platform wrote them";
        Problem::new(400, "mydata.return", detail)
    };
    let query = Form::read(request.query_string()).ok_or_else(wrong)?;
    let (code, transaction) = query.one("code").zip(query.one("tx_id")).ok_or_else(wrong)?;
    let Returned { page, english, chinese } = app.engine.mydata_returned(code, transaction).await?.ok_or_else(wrong)?;
    if let Some(page) = page {
        let headers = [("Location", page.as_str()), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")];
        let mut response = HttpResponse::SeeOther();
        for header in headers {
            response.insert_header(header);
        }
        return Ok(response.finish());
    }
    let text = format!(
        "<!doctype html><html lang=\"zh-Hant-TW\"><meta charset=\"utf-8\"><title>MyData</title>\
         <p>{chinese}您可以關閉此頁。</p><p lang=\"en\">{english} You may close this page.</p></html>"
    );
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .content_type("text/html; charset=utf-8")
        .body(text))
}

/// Nobody is authenticated here: what one address asks is bounded.
fn bound(app: &App, request: &HttpRequest) -> Result<(), Problem> {
    match limited::peer(request, &app.config.limits.proxies) {
        Some(peer) => app.limits.ask_as_wallet(peer, app.engine.clock.elapsed()).map_err(Problem::limited),
        None => Ok(()),
    }
}
