//! `/wallet/v1`: an app's backend asks for credentials and reads what was proved; a wallet fetches the request and answers.
//!
//! The two legs share nothing but the store: a wallet's addresses hold a handle nobody can guess, and a wallet is told no
//! more than that its answer was taken or not.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::limits::ANSWER_BYTES;
use claimgate_adapters::wallet::mandate::scope::cents;
use claimgate_adapters::wallet::mandate::terms::Level;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use validator::Validate;

use super::body::{self, Small};
use super::caller::{AskWallets, Caller};
use super::form::Form;
use super::limited;
use super::problem::Problem;
use super::qr::Square;
use crate::app::App;
use crate::core::mandate::Giving;
use crate::core::wallet::{Act, Assurance};
use crate::flows::wallet::{NewSession, NoRequest, NotStarted, NotTaken, Shown, Started};

/// Characters of one text of a consent.
const TEXT: usize = 200;
/// Characters of a response code at most.
const CODE: usize = 64;
/// Texts of one list of a consent.
const TEXTS: usize = 16;

/// Body of `POST /wallet/v1/sessions`.
#[derive(Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "WalletAsk"))]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The name of a query of this gateway, such as `driving-licence`.
    #[validate(length(min = 1, max = 64))]
    query: String,
    /// What for, one of the query's purposes, such as `motor-claim`.
    #[validate(length(min = 1, max = 64))]
    purpose: String,
    /// The claim (理賠案件) it is for, one this app is linked to; its person is compared.
    #[validate(length(min = 40, max = 40))]
    claim_id: Option<String>,
    /// What the person consents to by presenting (同意事項): the wallet shows it, and its hash is signed.
    consent: Option<Consent>,
    /// Where the wallet sends its user after the answer, on the same device: https, without a fragment. What was proved is
    /// then told only with the `response_code` that comes along.
    #[validate(length(min = 9, max = 1024))]
    return_to: Option<String>,
    /// What is to be done under a mandate (委託), with a query that asks for one.
    action: Option<Act>,
    /// A mandate (委託) the person gives by presenting: the wallet shows its terms, and their hash is signed. Record it with
    /// `POST /mandates/v1/records` and this session.
    mandate: Option<Giving>,
    /// How sure the identity must be (身分保證等級), one of the words of docs/wallet.md: a query of a lower level is refused.
    #[validate(length(min = 1, max = 32))]
    at_least: Option<String>,
}

/// What a person consents to.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "WalletConsent"))]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// What is shared (提供項目).
    what: Vec<String>,
    /// With whom (提供對象).
    with: Vec<String>,
    /// For what (用途).
    r#for: String,
}

/// A session that begins.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WalletSession {
    /// Session id, `wse_` + UUIDv7.
    pub session_id: String,
    /// Until when a wallet may answer (UTC).
    pub expires_at: Timestamp,
    /// Invokes a wallet on the same device; what the QR code holds.
    pub link: String,
    /// The same at the wallet's https address, where the operator named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub universal_link: Option<String>,
    /// The QR code for another device (SVG).
    pub qr_svg: String,
    /// The same (PNG, base64).
    pub qr_png: String,
}

/// A session as its backend reads it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WalletResult {
    /// Session id.
    pub session_id: String,
    /// `waiting`, `opened`, `verified`, `held` (looked at again), `refused` or `expired`.
    #[cfg_attr(feature = "schema", schemars(with = "State"))]
    pub state: &'static str,
    /// The query.
    pub query: String,
    /// What for.
    pub purpose: String,
    /// Until when a wallet may answer (UTC).
    pub expires_at: Timestamp,
    /// The claim it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_id: Option<String>,
    /// Why it is refused or held, as docs/wallet.md lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<&'static str>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text_zh: Option<&'static str>,
    /// What the wallet said, where it refused: `access-denied`, `our-request`, `not-supported`, `unavailable`, `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet_said: Option<String>,
    /// The names of what was proved, never the values.
    pub claims: Vec<String>,
    /// The names of what was shown, not asked for, and dropped.
    pub surplus: Vec<String>,
    /// How sure the identity is (身分保證等級), as the operator named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assurance: Option<String>,
    /// Whether the credential's person is the claim's; absent where that cannot be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_matches: Option<bool>,
    /// The id of the mandate (委託) the action is allowed under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mandate_id: Option<String>,
    /// How the mandate was signed, the weakest first: `paper_scanned`, `wallet_key_only`,
    /// `issuer_verified_electronic_signature`, `issuer_verified_digital_signature`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub mandate_level: Option<Level>,
}

claimgate_packet::opaque_debug!(Ask, Consent, WalletSession, WalletResult);

/// What a wallet is told of an answer that was taken.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WalletTaken {
    /// Where to send the user, on the same device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
}

/// The words of a state, for the description.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(rename = "WalletState", rename_all = "kebab-case")]
#[expect(dead_code, reason = "its names alone are written")]
enum State {
    Waiting,
    Opened,
    Verified,
    Held,
    Refused,
    Expired,
}

/// `POST /wallet/v1/sessions`: asks for credentials.
///
/// # Errors
/// 404 for a claim this app is not linked to, 422 for a query there is not, 503 where nothing is asked here.
pub async fn ask(
    app: Data<App>,
    caller: Caller<AskWallets>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body: Ask = body::json(&app, &request, payload).await?;
    let consent = body.consent.as_ref().map(written).transpose()?;
    if body.return_to.as_deref().is_some_and(|address| !is_return_address(address)) {
        let detail = "return_to is an https address without a fragment, in visible ASCII";
        return Err(Problem::new(422, "wallet.return-to", detail).at("/return_to"));
    }
    let amount = body.action.as_ref().and_then(|action| action.amount.as_deref());
    if amount.is_some_and(|amount| cents(amount).is_none()) {
        let detail = "amount is New Taiwan dollars: digits, and at most two behind a point";
        return Err(Problem::new(422, "body.value", detail).at("/action/amount"));
    }
    let claim = body.claim_id.map(|id| id.parse().map_err(|_| Problem::not_found())).transpose()?;
    let unknown = |_| Problem::new(422, "body.value", "at_least is a level of docs/wallet.md").at("/at_least");
    let at_least = body.at_least.as_deref().map(str::parse::<Assurance>).transpose().map_err(unknown)?;
    let new = NewSession {
        at_least,
        query: body.query,
        purpose: body.purpose,
        claim,
        consent,
        return_to: body.return_to,
        act: body.action,
        gives: body.mandate,
    };
    let started = app.engine.start_wallet_session(&caller.party.id, new).await;
    let started = started.map_err(|reason| not_started(&app, reason))?;
    let drawn = drawn(&started).ok_or_else(|| not_started(&app, NotStarted::Off))?;
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(drawn))
}

fn drawn(started: &Started) -> Option<WalletSession> {
    let square = Square::of(&started.link)?;
    Some(WalletSession {
        session_id: started.id.to_string(),
        expires_at: started.closes_at,
        link: started.link.clone(),
        universal_link: started.universal_link.clone(),
        qr_svg: square.svg(),
        qr_png: STANDARD.encode(square.png()?),
    })
}

/// The members of the transaction, bounded.
fn written(consent: &Consent) -> Result<Map<String, Value>, Problem> {
    let text = |text: &String| (1..=TEXT).contains(&text.chars().count()) && !text.contains(char::is_control);
    let list = |list: &Vec<String>| (1..=TEXTS).contains(&list.len()) && list.iter().all(text);
    if !list(&consent.what) || !list(&consent.with) || !text(&consent.r#for) {
        let detail = "Out of bounds: consent; what and with are 1 to 16 texts, for is one, each of 1 to 200 characters";
        return Err(Problem::new(422, "body.value", detail).at("/consent"));
    }
    let members = [
        ("what", Value::from(consent.what.clone())),
        ("with", consent.with.clone().into()),
        ("for", consent.r#for.clone().into()),
    ];
    Ok(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn is_return_address(address: &str) -> bool {
    let rest = address.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    !host.is_empty()
        && !host.contains('@')
        && !address.contains(['#', '\\'])
        && address.bytes().all(|byte| byte.is_ascii_graphic())
}

fn not_started(app: &App, reason: NotStarted) -> Problem {
    match reason {
        NotStarted::Off => Problem::new(
            503,
            "wallet.off",
            "Nothing is asked of wallets here: the operator sets wallet.address, wallet.certificate and wallet.key",
        ),
        NotStarted::Query => {
            let detail = format!("There is no such query; there are: {}", app.engine.wallet.queries().join(", "));
            Problem::new(422, "wallet.query-unknown", detail).at("/query")
        }
        NotStarted::Purpose => {
            Problem::new(422, "wallet.purpose", "This query is not for this purpose; ask the operator for its purposes")
                .at("/purpose")
        }
        NotStarted::Action => {
            let detail = "action goes with a query for a mandate, and with no other";
            Problem::new(422, "wallet.action", detail).at("/action")
        }
        NotStarted::Assurance => {
            let detail =
                "This query identifies a person less surely than at_least asks: name a query of a higher level";
            Problem::new(422, "wallet.assurance", detail).at("/at_least")
        }
        NotStarted::Consent => {
            let detail = "Wallets of this query's dialect sign no consent: leave consent out, or name another query";
            Problem::new(422, "wallet.consent", detail).at("/consent")
        }
        NotStarted::Gives(detail) => Problem::new(422, "body.value", detail).at("/mandate"),
        NotStarted::Module(reason) => {
            let detail = format!("The verifier module cannot be asked now ({}); send it again later", reason.as_str());
            Problem::new(503, "wallet.module-away", detail)
        }
        NotStarted::Claim => Problem::not_found().at("/claim_id"),
        NotStarted::Fault(fault) => fault.into(),
    }
}

/// `GET /wallet/v1/sessions/{id}`: where a session of this app stands.
///
/// # Errors
/// 404 for a session that is not this app's.
pub async fn session(
    app: Data<App>,
    caller: Caller<AskWallets>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let query = Form::read(request.query_string());
    let fits = |query: &Form| {
        let code = query.one("response_code").map_or(0, str::len);
        query.names().all(|name| name == "response_code") && code <= CODE
    };
    let query = query.filter(fits);
    let wrong =
        || Problem::new(400, "query.invalid", "The only parameter here is response_code, once, as it was given");
    let query = query.ok_or_else(wrong)?;
    let shown = app.engine.wallet_session(&caller.party.id, id, query.one("response_code")).await?;
    let shown = shown.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(result(shown)))
}

fn result(shown: Shown) -> WalletResult {
    let Shown { session, outcome, state } = shown;
    let reason = session.reason.as_deref();
    let reason = reason.and_then(|code| Reason::ALL.iter().copied().find(|one| one.code() == code));
    let outcome = outcome.unwrap_or_default();
    WalletResult {
        session_id: session.id.to_string(),
        state,
        query: session.query,
        purpose: session.purpose,
        expires_at: session.closes_at,
        claim_id: session.claim.map(|claim| claim.to_string()),
        reason: reason.map(Reason::code),
        reason_text: reason.map(Reason::english),
        reason_text_zh: reason.map(Reason::chinese),
        wallet_said: outcome.wallet_said,
        claims: outcome.claims,
        surplus: outcome.surplus,
        assurance: outcome.assurance,
        person_matches: outcome.person,
        mandate_id: outcome.mandate,
        mandate_level: outcome.mandate_level,
    }
}

/// `GET /wallet/v1/requests/{id}`: the signed request, for a wallet.
///
/// # Errors
/// 404 for no such request, 410 for one that was answered or is over.
pub async fn request(app: Data<App>, request: HttpRequest, handle: Path<String>) -> Result<HttpResponse, Problem> {
    bound(&app, &request)?;
    signed(&app, &handle, None).await
}

/// `POST /wallet/v1/requests/{id}`: the same with a nonce of the wallet's in it (OpenID4VP 1.0 §5.10).
///
/// # Errors
/// As [`request`].
pub async fn request_with_nonce(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
    handle: Path<String>,
) -> Result<HttpResponse, Problem> {
    bound(&app, &request)?;
    let text = body::form(&app, &request, payload).await?;
    let form = Form::read(&text).ok_or_else(|| nonce_problem(NONCE_FORM))?;
    let nonce = form.one("wallet_nonce");
    // One that is there and empty is none of the form it must have.
    if nonce.is_none() && form.names().any(|name| name == "wallet_nonce") {
        return Err(nonce_problem(NONCE_FORM));
    }
    signed(&app, &handle, nonce).await
}

const NONCE_FORM: &str = "The form has wallet_nonce and wallet_metadata, each once and well encoded";

fn nonce_problem(detail: &'static str) -> Problem {
    Problem::new(400, "wallet.nonce", detail)
}

async fn signed(app: &App, handle: &str, nonce: Option<&str>) -> Result<HttpResponse, Problem> {
    match app.engine.wallet_request(handle, nonce).await {
        Ok(signed) => Ok(HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .content_type("application/oauth-authz-req+jwt")
            .body(signed)),
        Err(NoRequest::Unknown) => Err(Problem::not_found()),
        Err(NoRequest::Over) => {
            let detail = "This request was answered or its time is over; have the app begin a new session";
            Err(Problem::new(410, "wallet.session-over", detail))
        }
        Err(NoRequest::WalletNonce) => {
            Err(nonce_problem("wallet_nonce is at most 512 characters of base64url, with . and ~"))
        }
        Err(NoRequest::Fault(fault)) => Err(fault.into()),
    }
}

/// `POST /wallet/v1/responses/{id}`: a wallet's answer (`direct_post`, `direct_post.jwt`).
///
/// # Errors
/// 400 for an answer that proves nothing, 409 for a second one. Why, the app's backend reads.
pub async fn answer(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
    handle: Path<String>,
) -> Result<HttpResponse, Problem> {
    bound(&app, &request)?;
    let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = body::small(&app, &request, payload, Small { bytes: ANSWER_BYTES, ..Small::default() }).await?;
    match app.engine.take_wallet_answer(&handle, kind, &body).await {
        Ok(taken) => Ok(HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .json(WalletTaken { redirect_uri: taken.redirect_uri })),
        Err(NotTaken::Refused(Reason::SessionReplayed)) => Err(Problem::new(
            409,
            "wallet.answered-before",
            "This request was answered before: each takes one answer; have the app begin a new session",
        )),
        Err(NotTaken::Refused(_)) => Err(Problem::new(
            400,
            "wallet.answer-refused",
            "invalid_request: this answer is not taken; the app that asked knows why",
        )),
        Err(NotTaken::Fault(fault)) => Err(fault.into()),
    }
}

/// Nobody is authenticated here: what one address asks is bounded.
pub(super) fn bound(app: &App, request: &HttpRequest) -> Result<(), Problem> {
    match limited::peer(request, &app.config.limits.proxies) {
        Some(peer) => app.limits.ask_as_wallet(peer, app.engine.clock.elapsed()).map_err(Problem::limited),
        None => Ok(()),
    }
}
