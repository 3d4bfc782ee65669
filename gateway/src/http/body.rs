//! Request bodies: bounded in size, time and pace before anything reads them; JSON bodies also in form.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::{BytesMut, Payload};
use claimgate_packet::jose::json::{JsonError, Limits, parse};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use validator::Validate;

use super::limited;
use super::problem::Problem;
use crate::app::{App, PAGE};

mod typed;

use typed::out_of_bounds;
pub(super) use typed::typed;

/// How long a body may take before its pace counts.
const GRACE: Duration = Duration::from_secs(5);
/// Room for bodies is taken in steps of this size.
const STEP: usize = 16 * PAGE;
/// Largest form, and largest JSON body of most interfaces that are not FHIR.
const SMALL: usize = 65_536;

/// Bounds of a JSON body of an interface that is not FHIR.
#[derive(Clone, Copy, Debug)]
pub struct Small {
    /// Bytes.
    pub bytes: usize,
    /// Members of all objects and elements of all arrays.
    pub members: usize,
}

impl Default for Small {
    fn default() -> Self {
        Self { bytes: SMALL, members: 200 }
    }
}

/// A body with the room it takes; the room is free again when the body is dropped.
pub struct Body {
    bytes: BytesMut,
    room: Vec<OwnedSemaphorePermit>,
}

claimgate_packet::opaque_debug!(Body);

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body {
    /// Takes a piece in, if there is room for it.
    fn take(&mut self, room: &Arc<Semaphore>, piece: &[u8]) -> Result<(), Problem> {
        let held = self.room.len();
        let wanted = (self.bytes.len() + piece.len()).div_ceil(STEP);
        for _ in held..wanted {
            let pages = u32::try_from(STEP / PAGE).unwrap_or(u32::MAX);
            let permit = Arc::clone(room).try_acquire_many_owned(pages);
            self.room.push(permit.map_err(|_| Problem::busy())?);
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

/// Reads a FHIR body.
///
/// # Errors
/// 413 too large, 408 too slow, 415 another media type or an encoding.
pub async fn fhir(app: &App, request: &HttpRequest, payload: Payload) -> Result<Body, Problem> {
    require_type(
        request.headers(),
        &["application/fhir+json", "application/json", "application/fhir+xml", "application/xml"],
    )?;
    read(app, request, payload, app.config.http.body_limit_bytes).await
}

/// Reads a form body as text.
///
/// # Errors
/// As [`fhir`], and 400 where it is not UTF-8.
pub async fn form(app: &App, request: &HttpRequest, payload: Payload) -> Result<String, Problem> {
    form_within(app, request, payload, SMALL).await
}

/// The same with another bound.
///
/// # Errors
/// As [`form`].
pub async fn form_within(app: &App, request: &HttpRequest, payload: Payload, most: usize) -> Result<String, Problem> {
    require_type(request.headers(), &["application/x-www-form-urlencoded"])?;
    let bytes = read(app, request, payload, most).await?;
    String::from_utf8(bytes.to_vec()).map_err(|_| Problem::new(400, "body.not-text", "The form is not UTF-8 text"))
}

/// Reads a small JSON body of a known form; each member once, unknown members refused. An empty body reads as `{}`.
///
/// # Errors
/// As [`fhir`], 400 where it is not JSON, 422 where it is not of the form.
pub async fn json<T: DeserializeOwned + Validate>(
    app: &App,
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, Problem> {
    json_within(app, request, payload, Small::default()).await
}

/// The same with other bounds.
///
/// # Errors
/// As [`json`].
pub async fn json_within<T: DeserializeOwned + Validate>(
    app: &App,
    request: &HttpRequest,
    payload: Payload,
    within: Small,
) -> Result<T, Problem> {
    of_form(request, &small(app, request, payload, within).await?, within)
}

/// Reads the bytes of a small body.
///
/// # Errors
/// As [`fhir`], but for the media type.
pub async fn small(app: &App, request: &HttpRequest, payload: Payload, within: Small) -> Result<Body, Problem> {
    read(app, request, payload, within.bytes).await
}

/// Reads such bytes as [`json`] does.
///
/// # Errors
/// 400 where they are not JSON, 415 where they are not called so, 422 where they are not of the form.
pub fn of_form<T: DeserializeOwned + Validate>(
    request: &HttpRequest,
    bytes: &[u8],
    within: Small,
) -> Result<T, Problem> {
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    if bytes != b"{}" {
        require_type(request.headers(), &["application/json"])?;
    }
    let limits = Limits { bytes: within.bytes, depth: 8, members: within.members };
    let value = parse(bytes, limits).map_err(|error| match error {
        JsonError::DuplicateMember => Problem::new(400, "body.duplicate-member", "A JSON object has a member twice"),
        _ => Problem::new(400, "body.not-json", "The body is not JSON, or nested too deep"),
    })?;
    let read: T = typed(value).map_err(|found| {
        let detail = format!("The body is not of this form: {}", found.words);
        Problem::new(422, "body.form", detail).at(found.pointer)
    })?;
    read.validate().map_err(|errors| {
        let found = out_of_bounds(&errors);
        Problem::new(422, "body.value", found.words).at(found.pointer)
    })?;
    Ok(read)
}

async fn read(app: &App, request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<Body, Problem> {
    if request.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding.as_bytes() != b"identity") {
        return Err(Problem::new(415, "body.encoded", "Send the body without Content-Encoding"));
    }
    let too_large = || {
        Problem::new(
            413,
            "body.too-large",
            format!("The body is larger than {limit} bytes; send fewer documents at once"),
        )
    };
    let declared = request.headers().get("content-length").and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > limit) {
        return Err(too_large());
    }
    if let Some(bytes) = declared {
        limited::take_bytes(app, request, bytes)?;
    }
    let slow = || Problem::new(408, "body.too-slow", "The body came too slowly; nothing was kept, send it again");
    let settings = &app.config.http;
    let deadline = Duration::from_secs(settings.body_deadline_seconds);
    let start = app.engine.clock.elapsed();
    // Who is nobody yet fills a room of their own, and no more of it than one address may.
    let (room, _place) = if limited::is_known(request) {
        (&app.room, None)
    } else {
        (&app.strangers, limited::unfinished(app, request)?)
    };
    let mut body = Body { bytes: BytesMut::new(), room: Vec::new() };
    loop {
        let passed = app.engine.clock.elapsed().saturating_sub(start);
        let paced = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let wanted = settings.body_min_bytes_per_second.saturating_mul(passed.saturating_sub(GRACE).as_secs());
        if passed >= deadline || paced < wanted {
            return Err(slow());
        }
        // A silent sender is looked at again within a second, so that its pace counts too.
        let wait = deadline.saturating_sub(passed).min(Duration::from_secs(1));
        match tokio::time::timeout(wait, payload.next()).await {
            Err(_) => {}
            Ok(None) => return Ok(body),
            Ok(Some(Ok(chunk))) if body.len() + chunk.len() <= limit => {
                if declared.is_none() {
                    limited::take_bytes(app, request, chunk.len())?;
                }
                body.take(room, &chunk)?;
            }
            Ok(Some(Ok(_))) => return Err(too_large()),
            Ok(Some(Err(_))) => {
                return Err(Problem::new(400, "body.broken", "The body ended early or was not framed well"));
            }
        }
    }
}

fn require_type(headers: &HeaderMap, accepted: &[&str]) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if accepted.iter().any(|one| one.eq_ignore_ascii_case(essence)) {
        return Ok(());
    }
    let detail = format!("Content-Type must be {}", accepted.join(" or "));
    Err(Problem::new(415, "body.media-type", detail))
}
