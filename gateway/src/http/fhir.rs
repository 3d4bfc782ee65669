//! FHIR's two written forms over HTTP: which one a caller sends, which one it wants back (FHIR R4 §3.1.0.1.9).

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpResponse, HttpResponseBuilder};
use claimgate_fhir::format::Format;
use claimgate_fhir::xml;
use serde_json::Value;

use super::context;
use super::form::Form;
use super::problem::Problem;

/// The form the caller wants: `_format` before `Accept`; nothing where it states no wish we know.
#[must_use]
pub fn wanted(headers: &HeaderMap, query: &str) -> Option<Format> {
    if let Some(named) = format_parameter(query) {
        return Format::from_media_type(&named);
    }
    let ranges = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let known = ranges.filter_map(|range| Some((Format::from_media_type(range)?, weight(range))));
    // The first of those that weigh most: `max_by` would give the last.
    let heaviest =
        known.filter(|(_, weight)| *weight > 0).reduce(|one, other| if other.1 > one.1 { other } else { one });
    heaviest.map(|(format, _)| format)
}

/// The weight of one range of an `Accept` in thousandths (RFC 9110 §12.4.2); nought says never.
fn weight(range: &str) -> u16 {
    let given = range.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(given) = given else { return 1_000 };
    let (whole, fraction) = given.split_once('.').unwrap_or((given, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(1_000),
        _ => 1_000,
    }
}

/// Refuses a `_format` that names no form we write.
///
/// # Errors
/// 406.
pub fn check_wanted(query: &str) -> Result<(), Problem> {
    match format_parameter(query) {
        Some(named) if Format::from_media_type(&named).is_none() => Err(Problem::new(
            406,
            "format.unknown",
            "_format names a form that is not written here; it takes json or xml",
        )),
        _ => Ok(()),
    }
}

/// The form of a request's body.
#[must_use]
pub fn sent(headers: &HeaderMap) -> Format {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Format::from_media_type(given).unwrap_or_default()
}

/// Answers with a resource in the form the caller wants, JSON where it does not say.
#[must_use]
pub fn answer(response: HttpResponseBuilder, resource: &Value) -> HttpResponse {
    answer_in(context::current().format.unwrap_or_default(), response, resource)
}

/// Answers with a resource in the form a search's own parameters ask for, otherwise as [`answer`].
#[must_use]
pub fn answer_search(parameters: &str, response: HttpResponseBuilder, resource: &Value) -> HttpResponse {
    let named = format_parameter(parameters).and_then(|named| Format::from_media_type(&named));
    answer_in(named.or(context::current().format).unwrap_or_default(), response, resource)
}

fn answer_in(format: Format, mut response: HttpResponseBuilder, resource: &Value) -> HttpResponse {
    let (format, text) = written(resource, format);
    response.content_type(content_type(format)).body(text)
}

/// Answers with stored bytes: as they are where that form is wanted, otherwise in the other form.
///
/// # Errors
/// 500 where what was stored cannot be read again.
pub fn answer_stored(mut response: HttpResponseBuilder, body: Vec<u8>) -> Result<HttpResponse, Problem> {
    let stored = Format::of_bytes(&body);
    match context::current().format {
        Some(format) if format != stored => {
            let resource = stored.read(&body).ok_or_else(|| Problem::from(crate::flows::Fault::Stored("bundle")))?;
            Ok(answer(response, &resource))
        }
        _ => Ok(response.content_type(content_type(stored)).body(body)),
    }
}

/// `Content-Type` of a form.
#[must_use]
pub fn content_type(format: Format) -> &'static str {
    match format {
        Format::Json => "application/fhir+json; charset=utf-8",
        Format::Xml => "application/fhir+xml; charset=utf-8",
    }
}

/// A resource in a form; what cannot be XML is given in JSON rather than not at all.
fn written(resource: &Value, format: Format) -> (Format, String) {
    match format {
        Format::Xml => match xml::write(resource) {
            Ok(text) => (Format::Xml, text),
            Err(error) => {
                tracing::warn!(%error, "a resource could not be written as XML");
                (Format::Json, resource.to_string())
            }
        },
        Format::Json => (Format::Json, resource.to_string()),
    }
}

fn format_parameter(query: &str) -> Option<String> {
    Form::read(query)?.one("_format").map(ToOwned::to_owned)
}
