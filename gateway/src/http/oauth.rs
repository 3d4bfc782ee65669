//! `POST /oauth/token`: client credentials with `private_key_jwt` (RFC 6749 §4.4, RFC 7523, SMART Backend Services).

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::body;
use super::problem::Problem;
use crate::access::assertion::ASSERTION_TYPE;
use crate::app::App;
use crate::flows::token::NoToken;

/// Exchanges a client assertion for an access token. Refusals have the shape of RFC 6749 §5.2.
///
/// # Errors
/// A body that is too large, too slow or no form; faults of ours.
pub async fn token(app: Data<App>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let text = body::form(&app, &request, payload).await?;
    let Some(form) = Form::read(&text) else {
        return Ok(refusal(400, "invalid_request", "The form has a field twice or is not well encoded"));
    };
    if form.one("grant_type") != Some("client_credentials") {
        return Ok(refusal(400, "unsupported_grant_type", "grant_type must be client_credentials"));
    }
    if form.one("client_assertion_type") != Some(ASSERTION_TYPE) {
        let wanted = format!("client_assertion_type must be {ASSERTION_TYPE}");
        return Ok(refusal(400, "invalid_request", &wanted));
    }
    let Some(assertion) = form.one("client_assertion") else {
        return Ok(refusal(400, "invalid_request", "client_assertion is missing"));
    };
    match app.engine.token(assertion, form.one("scope")).await {
        Ok(token) => Ok(HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .insert_header(("Pragma", "no-cache"))
            .json(json!({
                "access_token": token.access_token,
                "token_type": "Bearer",
                "expires_in": token.expires_in,
                "scope": token.scope,
            }))),
        Err(NoToken::Fault(fault)) => Err(fault.into()),
        Err(NoToken::InvalidScope) => Ok(refusal(400, "invalid_scope", &NoToken::InvalidScope.to_string())),
        Err(reason) => Ok(refusal(401, "invalid_client", &reason.to_string())),
    }
}

fn refusal(status: u16, error: &str, description: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::BAD_REQUEST);
    HttpResponse::build(status).insert_header(("Cache-Control", "no-store")).json(json!({
        "error": error,
        "error_description": description,
        "request_id": super::context::current().id,
    }))
}

/// A form whose fields each stand once.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(text: &str) -> Option<Self> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()).take(32) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = percent_decoded(&name.replace('+', " "))?;
            if fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            fields.push((name, percent_decoded(&value.replace('+', " "))?));
        }
        Some(Self(fields))
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// Percent-decoded UTF-8 text, or nothing where it is not well encoded.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_first_chunk::<2>()?;
            let digits =
                std::str::from_utf8(digits).ok().filter(|two| two.bytes().all(|one| one.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_field_stands_once_and_is_decoded() {
        let form = Form::read("scope=a+b%2Fc&grant_type=x").unwrap();
        assert_eq!(form.one("scope"), Some("a b/c"));
        assert!(Form::read("a=1&a=2").is_none());
        for broken in ["a=%", "a=%2", "a=%zz", "a=%ff"] {
            assert!(Form::read(broken).is_none(), "{broken}");
        }
    }
}
