//! What the gateway says of its own interfaces: the list of errors and the OpenAPI description. No token; cacheable.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use claimgate_packet::jose::digest::sha256_text;
use serde_json::json;

use super::codes;

/// The description as `examples/contract.rs` wrote it; a test compares it with the types.
const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// A text with its strong validator (RFC 9110 §8.8.3).
struct Published {
    text: String,
    etag: String,
}

impl Published {
    fn new(text: String) -> Self {
        let etag = format!("\"{}\"", sha256_text(text.as_bytes()));
        Self { text, etag }
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let given = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
        // Compared weakly, as RFC 9110 §13.1.2 has it.
        let mut tags = given.flat_map(|text| text.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
        let known = tags.any(|tag| tag == "*" || tag == self.etag);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, self.etag.as_str())).insert_header((CACHE_CONTROL, "public, max-age=3600"));
        if known { response.finish() } else { response.content_type("application/json").body(self.text.clone()) }
    }
}

/// `GET /errors.json`: every code, who failed, whether sending again helps, what to do.
pub async fn errors(request: HttpRequest) -> HttpResponse {
    static ERRORS: LazyLock<Published> = LazyLock::new(|| Published::new(json!(codes::published()).to_string()));
    ERRORS.answer(&request)
}

/// `GET /openapi.json`: the interfaces that are not FHIR (OpenAPI 3.1).
pub async fn openapi(request: HttpRequest) -> HttpResponse {
    static DESCRIPTION: LazyLock<Published> = LazyLock::new(|| Published::new(OPENAPI.to_owned()));
    DESCRIPTION.answer(&request)
}
