//! A verifier module (驗證端模組) of the digital wallet as far as a relying party calls it: a request by reference, a result that
//! is told once, and faults on demand. A person is made up by one more address, in place of a wallet.
//!
//! In: calls on loopback with the token `sandbox`. Out: what the module's API says. A reference that ends in `_down` is
//! answered with 503, one that ends in `_other` with another's transaction.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_web::web::{Bytes, Data, Path, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The access token it wants.
pub const TOKEN: &str = "sandbox";

/// Transactions it keeps at once.
const MOST: usize = 1_000;

/// What is asked, and what came: the result or the code of a refusal.
#[derive(Debug, Default)]
pub(super) struct Module(Mutex<HashMap<String, (String, Option<Came>)>>);

#[derive(Debug)]
enum Came {
    Shown(Value),
    Code(i64),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    r#ref: String,
    transaction_id: String,
    #[serde(rename = "isCallback")]
    _callback: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    transaction_id: String,
}

/// What the made-up person does.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Presented {
    credential_type: Option<String>,
    #[serde(default)]
    claims: Map<String, Value>,
    /// The module's code of a refusal: 2001 the person said no, 2005 another nonce, 4003 over.
    code: Option<i64>,
    /// Whether the module finds it wrong and says so in the result.
    #[serde(default)]
    wrong: bool,
}

/// Its addresses.
pub(super) fn routes(service: &mut ServiceConfig) {
    service
        .route("/api/oidvp/qrcode", get().to(ask))
        .route("/api/oidvp/result", post().to(result))
        .route("/module/{transaction}", post().to(present));
}

impl Module {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<String, (String, Option<Came>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stranger(request: &HttpRequest) -> bool {
    request.headers().get("access-token").is_none_or(|token| token.as_bytes() != TOKEN.as_bytes())
}

fn refusal(code: i64) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "code": code, "message": "" }))
}

/// `GET /api/oidvp/qrcode`.
async fn ask(module: Data<Module>, request: HttpRequest, asked: Query<Asked>) -> HttpResponse {
    if stranger(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    if asked.r#ref.ends_with("_down") {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let id = if asked.r#ref.ends_with("_other") { "another" } else { &asked.transaction_id };
    let mut all = module.all();
    if all.len() >= MOST {
        all.clear();
    }
    all.insert(asked.transaction_id.clone(), (asked.r#ref.clone(), None));
    HttpResponse::Ok().json(json!({
        "transactionId": id, "qrcodeImage": "data:image/png;base64,",
        "authUri": format!("modadigitalwallet://authorize?client_id=sandbox&request_uri={id}"),
    }))
}

/// `POST /api/oidvp/result`: told once.
async fn result(module: Data<Module>, request: HttpRequest, body: Bytes) -> HttpResponse {
    if stranger(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let Ok(wanted) = serde_json::from_slice::<Wanted>(&body) else { return refusal(4_001) };
    let mut all = module.all();
    match all.remove(&wanted.transaction_id) {
        None => refusal(4_003),
        Some((reference, None)) => {
            all.insert(wanted.transaction_id, (reference, None));
            refusal(4_002)
        }
        Some((_, Some(Came::Code(code)))) => refusal(code),
        Some((_, Some(Came::Shown(shown)))) => HttpResponse::Ok().json(shown),
    }
}

/// `POST /module/{transaction}`: what the person's wallet would do.
async fn present(module: Data<Module>, id: Path<String>, body: Bytes) -> HttpResponse {
    let Ok(said) = serde_json::from_slice::<Presented>(&body) else { return HttpResponse::BadRequest().finish() };
    let claims = said.claims.iter().map(|(name, value)| json!({ "ename": name, "cname": name, "value": value }));
    let claims: Vec<Value> = claims.collect();
    let shown = json!({
        "verifyResult": !said.wrong, "resultDescription": "", "transactionId": id.as_str(),
        "data": [{ "credentialType": said.credential_type, "claims": claims }],
    });
    match module.all().get_mut(id.as_str()) {
        None => HttpResponse::NotFound().finish(),
        Some((_, came)) => {
            *came = Some(said.code.map_or(Came::Shown(shown), Came::Code));
            HttpResponse::NoContent().finish()
        }
    }
}
