//! `/insurer/v1/deliveries/{id}/attachments`: an insurer fetches a file (附件) its packet names.
//!
//! A file is larger than most packets: it takes room before it is read, goes out in pieces, and gives its room back when
//! it is sent or took too long.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::error::ErrorRequestTimeout;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{Error, HttpResponse};
use futures_util::stream::{Stream, poll_fn};
use tokio::sync::OwnedSemaphorePermit;

use super::caller::{Caller, ReadDeliveries};
use super::insurer::{content_digest, no_store};
use super::problem::Problem;
use crate::app::{App, PAGE};

/// What goes to the connection at once.
const PIECE: usize = 65_536;
/// Sealing holds a file about so many times: read, decrypted, sealed, as text.
const TIMES: usize = 4;
/// How long a reader may take: enough for the largest file at a megabit a second.
const PATIENCE: Duration = Duration::from_mins(5);

/// `GET /insurer/v1/deliveries/{id}/attachments/{attachment}`: the sealed file (JWE compact, `application/jose`).
///
/// # Errors
/// 404 where it is another's or not disclosed in this delivery, 409 before its packet was fetched or without consent or
/// key, 410 where the delivery was withdrawn, 503 where there is no room now.
pub async fn fetch(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (delivery, attachment) = path.into_inner();
    let delivery = delivery.parse().map_err(|_| Problem::not_found())?;
    let attachment = attachment.parse().map_err(|_| Problem::not_found())?;
    let insurer = &caller.party.id;
    let bytes = app.engine.attachment_bytes(insurer, delivery, attachment).await?;
    let room = room(&app, bytes)?;
    let sealed = app.engine.fetch_attachment(insurer, delivery, attachment).await?;
    let (digest, size) = (content_digest(&sealed), u64::try_from(sealed.len()).unwrap_or(u64::MAX));
    Ok(no_store()
        .content_type("application/jose")
        .insert_header(("Content-Digest", digest))
        .body(SizedStream::new(size, pieces(sealed.into(), room, PATIENCE))))
}

/// Room for a file of that size; all there is where it is larger.
fn room(app: &App, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let all = app.config.http.bodies_total_bytes / PAGE;
    let pages = bytes.saturating_mul(TIMES).div_ceil(PAGE).min(all);
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    Arc::clone(&app.files).try_acquire_many_owned(pages).map_err(|_| Problem::busy())
}

/// The text in pieces, so that a slow reader fills no buffer. Text and room are gone when the last piece is, or when
/// patience ends: a reader that stands still asks for no further piece.
fn pieces(
    text: Bytes,
    room: OwnedSemaphorePermit,
    patience: Duration,
) -> impl Stream<Item = Result<Bytes, Error>> + use<> {
    let sending = Arc::new(Mutex::new(Some((text, room))));
    let late = Arc::downgrade(&sending);
    tokio::spawn(async move {
        tokio::time::sleep(patience).await;
        if let Some(sending) = late.upgrade() {
            sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    });
    poll_fn(move |_| {
        let mut sending = sending.lock().unwrap_or_else(PoisonError::into_inner);
        Poll::Ready(match sending.as_mut() {
            None => Some(Err(ErrorRequestTimeout("the reader took too long"))),
            Some((text, _)) if text.is_empty() => None,
            Some((text, _)) => Some(Ok(text.split_to(text.len().min(PIECE)))),
        })
    })
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn room_is_free_when_all_is_sent_or_patience_ends() {
        let all = Arc::new(Semaphore::new(9));
        let send = |patience| {
            let room = Arc::clone(&all).try_acquire_many_owned(9).unwrap();
            pieces(Bytes::from(vec![b'a'; PIECE + 7]), room, patience)
        };
        let sizes: Vec<usize> = send(PATIENCE).map(|piece| piece.unwrap().len()).collect().await;
        assert_eq!((sizes, all.available_permits()), (vec![PIECE, 7], 9));

        let patience = Duration::from_millis(200);
        let mut slow = send(patience);
        assert!(slow.next().await.unwrap().is_ok());
        assert_eq!(all.available_permits(), 0);
        tokio::time::sleep(patience * 2).await;
        assert_eq!(all.available_permits(), 9, "what nobody takes is not kept");
        assert!(slow.next().await.unwrap().is_err(), "the rest is not sent as if it were all");
    }
}
