//! `/hospital/v1/uploads`, `/claims/v1/uploads`: a hospital, or an app's backend, uploads a file (上傳) in as many requests as it
//! takes, by tus 1.0 (tus.io): core, creation, expiration, termination.
//!
//! A body is not held here: it goes on in pieces, and what came counts even where the connection broke.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_fhir::media::Media;
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Serialize;

use super::caller::{Caller, Right};
use super::limited;
use super::problem::Problem;
use crate::app::{App, PAGE};
use crate::flows::upload::{Appending, Declared, NotUploaded, Standing, digest_of};
use crate::id::UploadId;
use crate::party::Role;

/// The one version spoken.
const VERSION: &str = "1.0.0";
/// Where an app's backend finds its uploads.
const UPLOADS_OF_APP: &str = "/claims/v1/uploads/";
/// What a request holds of an upload: a segment, its sealed form, what is in between.
const ROOM: usize = 3 << 20;
/// One hospital's uploads in hand get at most this part of all room, but for one.
const PART: usize = 4;
/// How long an upload may take before its pace counts.
const GRACE: Duration = Duration::from_secs(5);
const SECOND: Duration = Duration::from_secs(1);
/// Seconds a party that has sent too much is made to wait before it is told so.
const PATIENCE: u32 = 60;

/// An upload (上傳) as it stands.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Upload"))]
pub struct UploadBody {
    /// Id, `upl_` and a UUID.
    pub id: String,
    /// Its address: what a Bundle writes into `Attachment.url`.
    pub url: String,
    /// Bytes kept.
    pub offset: u64,
    /// Bytes declared.
    pub bytes: u64,
    /// Media type.
    pub media_type: String,
    /// Whether all is there and as declared: a Bundle may refer to it.
    pub complete: bool,
    /// Whether a claim has it.
    pub used: bool,
    /// When it is forgotten, unless a claim has it.
    pub expires: Timestamp,
}

/// `POST /hospital/v1/uploads`: begins one.
///
/// # Errors
/// 412 for another protocol version, 400 for missing headers, 413 too large, 415 another kind, 422 too many.
pub async fn begin<R: Right>(app: Data<App>, caller: Caller<R>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    version(request.headers())?;
    let declared = declared(request.headers())?;
    let standing = app.engine.new_upload(&caller.party.id, declared).await?;
    let mut response = tus(HttpResponse::Created(), &standing);
    response.insert_header(("Location", url::<R>(&app, standing.id)));
    Ok(response.json(body::<R>(&app, &standing)))
}

/// `HEAD /hospital/v1/uploads/{id}`: how far it is, in headers.
///
/// # Errors
/// 404 where it is not there, another hospital's or forgotten.
pub async fn offset<R: Right>(app: Data<App>, caller: Caller<R>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let standing = app.engine.upload(&caller.party.id, upload_id(&id)?).await?;
    Ok(tus(HttpResponse::Ok(), &standing).finish())
}

/// `GET /hospital/v1/uploads/{id}`: the same as JSON.
///
/// # Errors
/// As [`offset`].
pub async fn read<R: Right>(app: Data<App>, caller: Caller<R>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let standing = app.engine.upload(&caller.party.id, upload_id(&id)?).await?;
    Ok(tus(HttpResponse::Ok(), &standing).json(body::<R>(&app, &standing)))
}

/// `PATCH /hospital/v1/uploads/{id}`: goes on with it from an offset.
///
/// # Errors
/// 409 at another offset or where another request goes on with it, 422 where its bytes are not those declared, 507
/// where there is no space; 408 and 400 where the body came too slowly or ended early: what came is kept.
pub async fn append<R: Right>(
    app: Data<App>,
    caller: Caller<R>,
    id: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (id, headers) = (upload_id(&id)?, request.headers());
    version(headers)?;
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !matches!(kind, Some("application/offset+octet-stream" | "application/octet-stream")) {
        let detail = "Content-Type must be application/offset+octet-stream";
        return Err(Problem::new(415, "body.media-type", detail));
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding.as_bytes() != b"identity") {
        return Err(Problem::new(415, "body.encoded", "Send the body without Content-Encoding"));
    }
    let from = number(headers, "upload-offset")?;
    let all = app.config.http.bodies_total_bytes;
    let _share = caller.entered.send(ROOM, all / PART).map_err(Problem::limited)?;
    let pages = u32::try_from(ROOM.min(all) / PAGE).unwrap_or(u32::MAX);
    let _room = Arc::clone(&app.uploads).try_acquire_many_owned(pages).map_err(|_| Problem::busy())?;
    let mut appending = app.engine.take_up(&caller.party.id, id, from).await?;
    let outcome = receive(&app, &request, payload, &mut appending).await;
    let kept = appending.close().await;
    // Why it ended early says more than how far it got.
    outcome?;
    Ok(tus(HttpResponse::NoContent(), &kept?).finish())
}

/// `DELETE /hospital/v1/uploads/{id}`: gives it up.
///
/// # Errors
/// As [`offset`], and 409 where a claim has it.
pub async fn give_up<R: Right>(app: Data<App>, caller: Caller<R>, id: Path<String>) -> Result<HttpResponse, Problem> {
    app.engine.give_up_upload(&caller.party.id, upload_id(&id)?).await?;
    Ok(HttpResponse::NoContent().insert_header(("Tus-Resumable", VERSION)).finish())
}

async fn receive(
    app: &App,
    request: &HttpRequest,
    mut payload: Payload,
    appending: &mut Appending<'_>,
) -> Result<(), Problem> {
    let slow =
        || Problem::new(408, "upload.too-slow", "The bytes came too slowly; what came is kept: go on from there");
    let start = app.engine.clock.elapsed();
    let pace = app.config.http.body_min_bytes_per_second;
    let (mut came, mut held) = (0_u64, Duration::ZERO);
    loop {
        let passed = app.engine.clock.elapsed().saturating_sub(start).saturating_sub(held);
        if came < pace.saturating_mul(passed.saturating_sub(GRACE).as_secs()) {
            return Err(slow());
        }
        match tokio::time::timeout(SECOND, payload.next()).await {
            Err(_) => {}
            Ok(None) => return Ok(()),
            Ok(Some(Ok(chunk))) => {
                // What we make it wait for is not its own slowness.
                let before = app.engine.clock.elapsed();
                patiently(app, request, chunk.len()).await?;
                appending.take(&chunk).await?;
                held += app.engine.clock.elapsed().saturating_sub(before);
                came = came.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            }
            Ok(Some(Err(_))) => {
                let detail = "The body ended early; what came is kept: go on from there";
                return Err(Problem::new(400, "upload.broken", detail));
            }
        }
    }
}

/// Takes bytes from the party's allowance, waiting for it a while: a file may be larger than a minute's allowance.
async fn patiently(app: &App, request: &HttpRequest, bytes: usize) -> Result<(), Problem> {
    for _ in 0..PATIENCE {
        if limited::take_bytes(app, request, bytes).is_ok() {
            return Ok(());
        }
        tokio::time::sleep(SECOND).await;
    }
    limited::take_bytes(app, request, bytes)
}

fn url<R: Right>(app: &App, id: UploadId) -> String {
    let path = if R::ROLE == Role::App { UPLOADS_OF_APP } else { claimgate_fhir::evidence::UPLOADS };
    format!("{}{path}{id}", app.engine.issuer.trim_end_matches('/'))
}

fn body<R: Right>(app: &App, standing: &Standing) -> UploadBody {
    UploadBody {
        id: standing.id.to_string(),
        url: url::<R>(app, standing.id),
        offset: standing.offset,
        bytes: standing.bytes,
        media_type: standing.media_type.clone(),
        complete: standing.complete,
        used: standing.used,
        expires: standing.expires,
    }
}

fn tus(mut response: HttpResponseBuilder, standing: &Standing) -> HttpResponseBuilder {
    response
        .insert_header(("Tus-Resumable", VERSION))
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Upload-Offset", standing.offset.to_string()))
        .insert_header(("Upload-Length", standing.bytes.to_string()));
    if let Ok(expires) = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&standing.expires) {
        response.insert_header(("Upload-Expires", expires));
    }
    response
}

fn version(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get("tus-resumable").is_some_and(|value| value.as_bytes() == VERSION.as_bytes()) {
        return Ok(());
    }
    Err(Problem::new(412, "upload.version", "Send Tus-Resumable: 1.0.0 (tus.io); no other version is spoken"))
}

fn wrong(detail: &'static str) -> Problem {
    Problem::new(400, "upload.header", detail)
}

fn number(headers: &HeaderMap, name: &str) -> Result<u64, Problem> {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let digits = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| wrong("Upload-Length (POST) and Upload-Offset (PATCH) are needed, each a number of bytes"))
}

fn declared(headers: &HeaderMap) -> Result<Declared, Problem> {
    let bytes = number(headers, "upload-length")?;
    let metadata = headers.get("upload-metadata").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let value = |name: &str| {
        let mut pairs = metadata.split(',').filter_map(|pair| pair.trim().split_once(' '));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        String::from_utf8(STANDARD.decode(value).ok()?).ok()
    };
    let digest = value("sha256").and_then(|text| digest_of(&text)).ok_or_else(|| {
        wrong("Upload-Metadata needs filetype and sha256, each with its value in base64; sha256 in hexadecimal digits")
    })?;
    let media = value("filetype").as_deref().and_then(Media::declared).ok_or_else(|| {
        let detail = "filetype in Upload-Metadata must be a media type that is passed on: application/pdf, image/jpeg, \
                      image/png, image/tiff, image/webp, image/heic, application/dicom, video/mp4, video/quicktime";
        Problem::new(415, "upload.media-type", detail)
    })?;
    Ok(Declared { bytes, media, digest })
}

fn upload_id(text: &str) -> Result<UploadId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

impl From<NotUploaded> for Problem {
    fn from(reason: NotUploaded) -> Self {
        match reason {
            NotUploaded::NotFound => Self::not_found(),
            NotUploaded::Size(most) => {
                Problem::new(413, "upload.too-large", format!("A file of this kind has 1 to {most} bytes"))
            }
            NotUploaded::TooMany => Problem::new(
                422,
                "upload.too-many",
                "There are too many uploads of yours that nothing refers to; send what they belong to, or DELETE them",
            ),
            NotUploaded::Offset(offset) => Problem::new(
                409,
                "upload.offset",
                format!("Upload-Offset is not where this upload is; go on from {offset}"),
            ),
            NotUploaded::TooLong => Problem::new(
                400,
                "upload.too-long",
                "There are more bytes than Upload-Length said; none beyond it are kept",
            ),
            NotUploaded::Complete => {
                Problem::new(409, "upload.complete", "This upload is complete; nothing is added or taken away any more")
            }
            NotUploaded::TakenOver => Problem::new(
                409,
                "upload.taken-over",
                "Another request goes on with this upload; ask with HEAD where it is",
            ),
            NotUploaded::Digest => Problem::new(
                422,
                "upload.digest-differs",
                "The bytes have another SHA-256 than declared; the upload was given up. Begin a new one",
            ),
            NotUploaded::Kind => Problem::new(
                422,
                "upload.type-differs",
                "The first bytes are not of the declared media type; the upload was given up. Begin a new one",
            ),
            NotUploaded::Fault(fault) => fault.into(),
        }
    }
}
