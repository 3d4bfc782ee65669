//! `/insurer/v1/deliveries/{id}/attachments/{attachment}/key` and `/content`: a file (附件) too large for one sealed text.
//!
//! The key is sealed to the insurer; the content goes out as it is kept, whole or a range of it (RFC 9110 §14).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::error::{ErrorInternalServerError, ErrorRequestTimeout};
use actix_web::http::header::{ByteRangeSpec, Header, Range};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{Error, HttpRequest, HttpResponse};
use futures_util::stream::{Stream, unfold};

use super::caller::{Caller, ReadDeliveries};
use super::insurer::{content_digest, no_store};
use super::problem::Problem;
use super::sending::{Room, Watch, send};
use crate::app::App;
use crate::flows::insurer::{SEALED_SEGMENT, SealedContent};
use crate::id::{AttachmentId, DeliveryId};

/// A key document is at most so large: 2048 leaves and a few names.
const KEY_BYTES: usize = 128 << 10;
/// A segment as it goes out, one being read, and what is between.
const PIECES: usize = 1 << 20;
/// How long a reader may take: this, and a second for each 64 KiB.
const PATIENCE: Duration = Duration::from_mins(5);

/// `GET …/key`: the file's key and digests (JWE compact, `application/jose`).
///
/// # Errors
/// As for an attachment; 409 where the file is not kept in segments.
pub async fn key(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (delivery, attachment) = ids(&path)?;
    let room = Room::take(&app, &caller.entered, KEY_BYTES)?;
    let sealed = app.engine.fetch_attachment_key(&caller.party.id, delivery, attachment).await?;
    let mut response = no_store();
    response.content_type("application/jose").insert_header(("Content-Digest", content_digest(&sealed)));
    Ok(send(response, sealed, room))
}

/// `GET …/content`: the sealed segments one after the other, or a range of them.
///
/// # Errors
/// As for an attachment; 409 before its key was fetched, 416 for a range that is not there.
pub async fn content(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (delivery, attachment) = ids(&path)?;
    let content = app.engine.attachment_content(&caller.party.id, delivery, attachment).await?;
    let room = Room::take(&app, &caller.entered, PIECES)?;
    let all = content.bytes();
    let tag = content.tag();
    let (mut response, from, to) = match range(&request, &tag, all)? {
        None => (no_store(), 0, all),
        Some((from, to)) => {
            let mut response = HttpResponse::PartialContent();
            response.insert_header(("Cache-Control", "no-store"));
            response.insert_header(("Content-Range", format!("bytes {from}-{}/{all}", to.saturating_sub(1))));
            (response, from, to)
        }
    };
    response
        .content_type("application/octet-stream")
        .insert_header(("Accept-Ranges", "bytes"))
        .insert_header(("ETag", tag));
    let size = to.saturating_sub(from);
    Ok(response.body(SizedStream::new(size, pieces(app, content, (from, to), room))))
}

fn ids(path: &(String, String)) -> Result<(DeliveryId, AttachmentId), Problem> {
    let delivery = path.0.parse().map_err(|_| Problem::not_found())?;
    Ok((delivery, path.1.parse().map_err(|_| Problem::not_found())?))
}

/// The range wanted, its end not in it; nothing where the whole is.
fn range(request: &HttpRequest, tag: &str, all: u64) -> Result<Option<(u64, u64)>, Problem> {
    if request.headers().get("if-range").is_some_and(|wanted| wanted.as_bytes() != tag.as_bytes()) {
        return Ok(None);
    }
    // What is no range of bytes, or several, is as if it were not there (RFC 9110 §14.2).
    let Ok(Range::Bytes(wanted)) = Range::parse(request) else { return Ok(None) };
    let [one] = wanted.as_slice() else { return Ok(None) };
    one.to_satisfiable_range(all).map(|(from, to)| Some((from, to + 1))).ok_or_else(|| {
        let what = match one {
            ByteRangeSpec::Last(_) => "no bytes",
            _ => "bytes beyond its end",
        };
        Problem::new(416, "attachment.range", format!("The range asks for {what}; the content has {all} bytes"))
    })
}

type Sending = Arc<Mutex<Option<Room>>>;

/// The bytes from one place to another, a segment at a time. The room is free when all is sent or patience ends.
fn pieces(
    app: Data<App>,
    content: SealedContent,
    (from, to): (u64, u64),
    room: Room,
) -> Pin<Box<dyn Stream<Item = Result<Bytes, Error>>>> {
    let room: Sending = Arc::new(Mutex::new(Some(room)));
    let late = Arc::downgrade(&room);
    let patience = PATIENCE.saturating_add(Duration::from_secs((to - from) >> 16));
    let clock = Watch::after(patience, move || {
        if let Some(room) = late.upgrade() {
            room.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    });
    Box::pin(unfold((app, content, from, (room, clock)), move |(app, content, at, (room, clock))| async move {
        if at >= to {
            return None;
        }
        if room.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Some((Err(ErrorRequestTimeout("the reader took too long")), (app, content, to, (room, clock))));
        }
        match app.engine.content_from(&content, at).await {
            Ok(mut piece) => {
                let left = to - at;
                piece.truncate(usize::try_from(left.min(SEALED_SEGMENT)).unwrap_or(usize::MAX));
                let next = at + u64::try_from(piece.len()).unwrap_or(u64::MAX);
                Some((Ok(Bytes::from(piece)), (app, content, next, (room, clock))))
            }
            Err(error) => {
                tracing::error!(%error, "a file could not be read to its end");
                Some((Err(ErrorInternalServerError("the rest is not there now")), (app, content, to, (room, clock))))
            }
        }
    }))
}
