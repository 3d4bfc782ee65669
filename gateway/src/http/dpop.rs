//! Proofs (DPoP, RFC 9449) in headers: the one that comes in, what a refusal says, the nonce that goes out.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

use super::problem::Problem;
use crate::access::dpop::DpopError;
use crate::app::App;

/// The header a proof comes in.
const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The header a nonce goes out in.
pub const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The challenge where any token would do.
pub const EITHER: &str = "Bearer, DPoP algs=\"ES256 EdDSA\"";
/// The challenge where the token is none, or not the right one.
pub const INVALID_TOKEN: &str = "DPoP error=\"invalid_token\", algs=\"ES256 EdDSA\"";
/// The challenge where the token does not carry the scope.
pub const INSUFFICIENT_SCOPE: &str = "DPoP error=\"insufficient_scope\", algs=\"ES256 EdDSA\"";
const INVALID_PROOF: &str = "DPoP error=\"invalid_dpop_proof\", algs=\"ES256 EdDSA\"";
/// The challenge where a nonce is asked for.
pub const USE_NONCE: &str = "DPoP error=\"use_dpop_nonce\", algs=\"ES256 EdDSA\"";

/// The proof of a request, if there is one.
///
/// # Errors
/// More than one, or other than visible ASCII.
pub fn header(request: &HttpRequest) -> Result<Option<&str>, DpopError> {
    let mut values = request.headers().get_all(PROOF);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| DpopError::Malformed),
        (Some(_), Some(_)) => Err(DpopError::Several),
    }
}

/// The error word of a refused proof at the token endpoint (RFC 9449 §5, §8).
#[must_use]
pub fn error(reason: DpopError) -> &'static str {
    if reason == DpopError::Nonce { "use_dpop_nonce" } else { "invalid_dpop_proof" }
}

/// 401 for a proof that does not count (RFC 9449 §7.1, §9).
#[must_use]
pub fn refused(app: &App, reason: DpopError) -> Problem {
    let detail = format!("The DPoP proof is refused: {reason}");
    match reason {
        DpopError::Nonce => Problem::nonce_needed("dpop.nonce", detail, app.engine.nonce().unwrap_or_default()),
        DpopError::OtherKey => Problem::unauthorized("dpop.other-key", detail, INVALID_TOKEN),
        _ => Problem::unauthorized("dpop.invalid", detail, INVALID_PROOF),
    }
}
