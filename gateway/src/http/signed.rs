//! What a signature may cover of a request: method, address and header fields, taken only of one that has a signature.

use actix_web::HttpRequest;

use super::problem::Problem;
use crate::flows::health::Request;

/// Fields that say that something is signed.
const SIGNATURES: [&str; 3] = ["signature-input", "signature", "content-signature"];
/// Bytes of all header fields of a signed request together: signatures of 8 and 12 KiB with room beside them.
const FIELDS: usize = 48 << 10;

/// The request as far as a signature may cover it; empty where its header holds none.
///
/// # Errors
/// 431 where the header fields are larger together than any signed request needs.
pub fn request(request: &HttpRequest) -> Result<Request, Problem> {
    if !SIGNATURES.iter().any(|name| request.headers().contains_key(*name)) {
        return Ok(Request::default());
    }
    call(request)
}

/// The same of any request: an answer may be bound to one that has no signature.
///
/// # Errors
/// As [`request`].
pub fn call(request: &HttpRequest) -> Result<Request, Problem> {
    let fields = || request.headers().iter();
    if fields().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() > FIELDS {
        return Err(Problem::new(
            431,
            "signature.fields-too-large",
            "The header fields of a signed request are 48 KiB together at most; leave out certificates the signature does \
             not need",
        ));
    }
    // What is no UTF-8 becomes another value, so that a signature over it does not verify.
    let headers = fields()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Ok(Request {
        method: request.method().as_str().to_owned(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(ToOwned::to_owned),
        headers,
    })
}
