//! `POST /oauth/token`: client credentials with `private_key_jwt` (RFC 6749 §4.4, RFC 7523, SMART Backend Services) or a
//! client certificate (RFC 8705 §2), and what the token is to be bound to: a key (DPoP, RFC 9449 §5), a certificate.

use actix_web::http::header::HeaderValue;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::codes::{self, Family, Retryable};
use super::form::Form;
use super::limited;
use super::problem::Problem;
use super::{body, certificate, dpop};
use crate::access::assertion::{self, ASSERTION_TYPE};
use crate::access::dpop::DpopError;
use crate::app::App;
use crate::flows::token::{Asking, NoToken};

/// A token (RFC 6749 §5.1).
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Token"))]
pub struct Granted {
    /// The access token, a JWT to be used as it is.
    pub access_token: String,
    /// `Bearer`, or `DPoP` for one that is bound to a key.
    pub token_type: &'static str,
    /// Seconds it lasts.
    pub expires_in: i64,
    /// What it allows, separated by spaces.
    pub scope: String,
}

claimgate_packet::opaque_debug!(Granted);

/// A refusal (RFC 6749 §5.2).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "TokenRefusal"))]
pub struct Refused {
    /// The code.
    pub error: &'static str,
    /// What is wrong and how to mend it.
    pub error_description: String,
    /// Who failed.
    pub family: Family,
    /// Whether sending again helps.
    pub retryable: Retryable,
    /// What the operator asks for.
    pub request_id: String,
}

/// Exchanges a client assertion for an access token. Refusals have the shape of RFC 6749 §5.2.
///
/// # Errors
/// A body that is too large, too slow or no form; 429 where it is asked too often; faults of ours.
pub async fn token(app: Data<App>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let peer = limited::peer(&request, &app.config.limits.proxies);
    if let Some(peer) = peer {
        app.limits.ask_token(peer, app.engine.clock.elapsed()).map_err(Problem::limited)?;
    }
    let text = body::form(&app, &request, payload).await?;
    let Some(form) = Form::read(&text) else {
        return Ok(refusal(
            400,
            "invalid_request",
            "The form has a field twice, more than 32 fields, or is not well encoded",
        ));
    };
    if form.one("grant_type").is_none() {
        return Ok(refusal(400, "invalid_request", "grant_type is missing; it must be client_credentials"));
    }
    if form.one("grant_type") != Some("client_credentials") {
        return Ok(refusal(400, "unsupported_grant_type", "grant_type must be client_credentials"));
    }
    let certificate = certificate::of(&request, &app.config.tls.client_cert_from);
    let given = match prover(&form) {
        Ok(given) => given,
        Err(wanted) => return Ok(refusal(400, "invalid_request", &wanted)),
    };
    let client_id = form.one("client_id");
    if let Some(peer) = peer {
        // Whom it says it is; whether it is, costs more to find out.
        let client = match given {
            Some(given) => assertion::read(given).ok().and_then(|(_, client)| client.parse().ok()),
            None => client_id.and_then(|client| client.parse().ok()),
        };
        app.limits.ask_token_for(peer, client, app.engine.clock.elapsed()).map_err(Problem::limited)?;
    }
    let outcome = match dpop::header(&request) {
        Ok(proof) => {
            let (certificate, scope) = (certificate.as_deref(), form.one("scope"));
            app.engine.token(Asking { assertion: given, proof, certificate, client_id, scope }).await
        }
        Err(reason) => Err(NoToken::InvalidProof(reason)),
    };
    match outcome {
        Ok(token) => {
            let mut answer = HttpResponse::Ok();
            answer.insert_header(("Cache-Control", "no-store")).insert_header(("Pragma", "no-cache"));
            if let Some(nonce) = app.engine.nonce().filter(|_| token.bound) {
                answer.insert_header((dpop::NONCE, nonce));
            }
            Ok(answer.json(Granted {
                access_token: token.access_token,
                token_type: if token.bound { "DPoP" } else { "Bearer" },
                expires_in: token.expires_in,
                scope: token.scope,
            }))
        }
        Err(NoToken::Fault(fault)) => Err(fault.into()),
        Err(NoToken::InvalidProof(reason)) => {
            let description = NoToken::InvalidProof(reason).to_string();
            let mut answer = refusal(400, dpop::error(reason), &description);
            let nonce = app.engine.nonce().filter(|_| reason == DpopError::Nonce);
            if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
                answer.headers_mut().insert(dpop::NONCE, nonce);
            }
            Ok(answer)
        }
        Err(reason @ NoToken::NotBound(_)) => Ok(refusal(400, "invalid_request", &reason.to_string())),
        Err(NoToken::InvalidScope) => Ok(refusal(400, "invalid_scope", &NoToken::InvalidScope.to_string())),
        Err(reason @ NoToken::NoInterface(_)) => Ok(refusal(400, "unauthorized_client", &reason.to_string())),
        Err(reason) => Ok(refusal(401, "invalid_client", &reason.to_string())),
    }
}

/// The assertion; none where a `client_id` stands alone, for a client that is proven by its certificate (RFC 8705 §2).
fn prover(form: &Form) -> Result<Option<&str>, String> {
    let (kind, assertion) = (form.one("client_assertion_type"), form.one("client_assertion"));
    if kind.is_none() && assertion.is_none() && form.one("client_id").is_some() {
        return Ok(None);
    }
    if kind != Some(ASSERTION_TYPE) {
        return Err(format!("client_assertion_type must be {ASSERTION_TYPE}"));
    }
    assertion.map(Some).ok_or_else(|| "client_assertion is missing".to_owned())
}

fn refusal(status: u16, error: &'static str, description: &str) -> HttpResponse {
    let (family, retryable) = codes::judge(error, status);
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::BAD_REQUEST);
    HttpResponse::build(status).insert_header(("Cache-Control", "no-store")).json(Refused {
        error,
        error_description: description.to_owned(),
        family,
        retryable,
        request_id: super::context::current().id,
    })
}
