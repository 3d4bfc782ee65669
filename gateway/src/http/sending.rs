//! Large answers: they take room before they are read, go out in pieces, and give their room back when they are sent or
//! took too long.
//!
//! Room is shared by all insurers, and no one gets more than a part of it: who reads slowly waits for itself alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::error::ErrorRequestTimeout;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse, HttpResponseBuilder};
use futures_util::stream::{Stream, poll_fn};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::problem::Problem;
use crate::access::limits::{Entered, Sending};
use crate::app::{App, PAGE};

/// What goes to the connection at once.
const PIECE: usize = 65_536;
/// Making an answer holds it about so many times: read, decrypted, sealed, as text.
const TIMES: usize = 4;
/// One party gets at most this part of all room, but for one answer of any size.
const PART: usize = 4;
/// How long a reader may take: enough for the largest file at a megabit a second.
const PATIENCE: Duration = Duration::from_mins(5);

/// Room for one answer; free again when this is dropped.
pub struct Room {
    permit: OwnedSemaphorePermit,
    sending: Sending,
}

impl Room {
    /// Room for making an answer of about that size; all there is where it is larger.
    ///
    /// # Errors
    /// 429 where the party has not read enough of its other answers, 503 where there is none now.
    pub fn take(app: &App, entered: &Entered, bytes: usize) -> Result<Self, Problem> {
        let all = app.config.http.bodies_total_bytes;
        let wanted = bytes.saturating_mul(TIMES).min(all);
        let sending = entered.send(wanted, all / PART).map_err(Problem::limited)?;
        let pages = u32::try_from(wanted.div_ceil(PAGE).min(all / PAGE)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&app.files).try_acquire_many_owned(pages).map_err(|_| Problem::busy())?;
        Ok(Self { permit, sending })
    }

    /// Keeps what the answer itself needs.
    fn keep(&mut self, bytes: usize) {
        self.sending.shrink(bytes);
        let more = self.permit.num_permits().saturating_sub(bytes.div_ceil(PAGE));
        drop(self.permit.split(more));
    }
}

/// The answer, in pieces.
pub fn send(mut response: HttpResponseBuilder, text: Vec<u8>, mut room: Room) -> HttpResponse {
    room.keep(text.len());
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    response.body(SizedStream::new(size, pieces(text.into(), room, PATIENCE)))
}

/// The text in pieces, so that a slow reader fills no buffer. Text and room are gone when the last piece is, or when
/// patience ends: a reader that stands still asks for no further piece.
fn pieces<R: Send + 'static>(
    text: Bytes,
    room: R,
    patience: Duration,
) -> impl Stream<Item = Result<Bytes, Error>> + use<R> {
    let sending = Arc::new(Mutex::new(Some((text, room))));
    let late = Arc::downgrade(&sending);
    let clock = Watch::after(patience, move || {
        if let Some(sending) = late.upgrade() {
            sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    });
    poll_fn(move |_| {
        let _watched = &clock;
        let mut sending = sending.lock().unwrap_or_else(PoisonError::into_inner);
        Poll::Ready(match sending.as_mut() {
            None => Some(Err(ErrorRequestTimeout("the reader took too long"))),
            Some((text, _)) if text.is_empty() => None,
            Some((text, _)) => Some(Ok(text.split_to(text.len().min(PIECE)))),
        })
    })
}

/// Who looks at the clock while an answer goes out, and no longer: thousands of answers are gone before one's patience ends.
pub(super) struct Watch(JoinHandle<()>);

impl Watch {
    /// Does this when patience ends, unless the answer is gone before.
    pub(super) fn after(patience: Duration, late: impl FnOnce() + Send + 'static) -> Self {
        Self(tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            late();
        }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
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

        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        drop((slow, send(PATIENCE)));
        while tasks() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
