//! What happens, as it happens: `GET …/events` as `text/event-stream` (WHATWG HTML §9.2), for a hospital, an insurer, and an app
//! and one claim.
//!
//! Each stream has a task that reads pages beyond its place and hands them on one at a time: a reader that takes nothing has
//! two pages waiting at most, and after a while none, with a last word for when it reads again. A stream ends with its token,
//! with its reader's right, and when the gateway stops; `Last-Event-ID` goes on where it ended.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use futures_util::stream::{Stream as Pieces, unfold};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;

use super::caller::{Caller, FollowClaims, ReadBundles, ReadDeliveries, ReadJobs, Right};
use super::form::Form;
use super::problem::Problem;
use super::timeline::{EntryView, entry};
use crate::access::limits::Entered;
use crate::access::streams::{NoPlace, Place};
use crate::app::App;
use crate::store::{Listening, Stream, StreamLine};

/// How many entries are read at once.
const PAGE: i64 = 100;
/// Milliseconds a reader waits before it comes again, by its own clock.
const AGAIN: u32 = 2_000;
/// The longest anybody waits, in seconds; its token ends before.
const LONGEST: u64 = 3_600;
/// The header a browser sends when it comes again.
const LAST: &str = "last-event-id";

/// The data of an event: an entry, and whose claim it is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StreamedEvent"))]
pub struct EventView {
    /// Claim id.
    pub claim_id: String,
    /// The entry.
    #[serde(flatten)]
    pub entry: EntryView,
}

/// `GET /hospital/v1/events?after=&wait=`.
///
/// # Errors
/// 400 for a place that is none, 429 where it has too many streams.
pub async fn of_hospital(
    app: Data<App>,
    caller: Caller<ReadBundles>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let stream = Stream::Hospital(caller.party.id.clone());
    begin(&app, caller, &request, stream).await
}

/// `GET /insurer/v1/events?after=&wait=`.
///
/// # Errors
/// As [`of_hospital`].
pub async fn of_insurer(
    app: Data<App>,
    caller: Caller<ReadDeliveries>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let stream = Stream::Insurer(caller.party.id.clone());
    begin(&app, caller, &request, stream).await
}

/// `GET /shops/v1/events?after=&wait=`.
///
/// # Errors
/// As [`of_hospital`].
pub async fn of_shop(app: Data<App>, caller: Caller<ReadJobs>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let stream = Stream::Shop(caller.party.id.clone());
    begin(&app, caller, &request, stream).await
}

/// `GET /claims/v1/claims/{id}/events?after=&wait=`.
///
/// # Errors
/// As [`of_hospital`]; 404 for a claim this app is not linked to.
pub async fn of_owner(
    app: Data<App>,
    caller: Caller<FollowClaims>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let claim = id.parse().map_err(|_| Problem::not_found())?;
    let stream = Stream::Owner(caller.party.id.clone(), claim);
    if !app.engine.may_follow(&stream, caller.bearer.expires).await? {
        return Err(Problem::not_found());
    }
    begin(&app, caller, &request, stream).await
}

async fn begin<R: Right>(
    app: &Data<App>,
    caller: Caller<R>,
    request: &HttpRequest,
    stream: Stream,
) -> Result<HttpResponse, Problem> {
    let (after, wait) = asked(request).ok_or_else(|| {
        let detail = "after, or the header Last-Event-ID, is the position of the last event you have: a whole number from 0; \
                      wait is 0 to 3600 seconds";
        Problem::new(400, "query.invalid", detail)
    })?;
    let place = app.streams.enter(&caller.party.id).map_err(|reason| match reason {
        NoPlace::Party => Problem::too_many_streams(),
        NoPlace::Gateway => Problem::busy(),
    })?;
    // Listened to before the first look, so that nothing slips in between.
    let ear = app.engine.store.told().listen(stream.name());
    let after = match after {
        Some(after) => after,
        None => app.engine.store.stream_end(&stream).await.map_err(crate::flows::Fault::from)?,
    };
    let (pieces, taken) = mpsc::channel(1);
    let ended = Arc::new(OnceLock::new());
    let ends = wait.map(|wait| app.engine.clock.elapsed() + wait);
    let expires = caller.bearer.expires;
    let following = Following { app: app.clone(), stream, after, expires, ends, pieces, _place: place };
    let end = Arc::clone(&ended);
    actix_web::rt::spawn(async move {
        let (last, reason) = following.run(ear).await;
        // Read by whoever takes what is left.
        let _ = end.set(last_word(last, reason));
    });
    // It is no request in hand any more: streams are counted apart.
    drop(caller);
    request.extensions_mut().remove::<Arc<Entered>>();
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body(taken, ended)))
}

/// Where the reader goes on, nothing for "from now on", and how long it waits; nothing at all where the query is none.
fn asked(request: &HttpRequest) -> Option<(Option<i64>, Option<Duration>)> {
    let place = |text: &str| text.trim().parse::<i64>().ok().filter(|place| *place >= 0);
    let form = Form::read(request.query_string())?;
    if form.names().any(|name| name != "after" && name != "wait") {
        return None;
    }
    let named = |name: &str| form.names().any(|known| known == name);
    let wait = match form.one("wait") {
        Some(text) => Some(Duration::from_secs(text.parse().ok().filter(|wait| *wait <= LONGEST)?)),
        None if named("wait") => return None,
        None => None,
    };
    // A browser that comes again asks for the same address with a newer header.
    if let Some(header) = request.headers().get(LAST) {
        return Some((Some(header.to_str().ok().and_then(place)?), wait));
    }
    match form.one("after") {
        Some(text) => Some((Some(place(text)?), wait)),
        None if named("after") => None,
        None => Some((None, wait)),
    }
}

/// Pieces until the task is gone, then its last word.
fn body(taken: mpsc::Receiver<Bytes>, ended: Arc<OnceLock<Bytes>>) -> impl Pieces<Item = Result<Bytes, Error>> + use<> {
    unfold(Some((taken, ended)), |state| async move {
        let (mut taken, ended) = state?;
        match taken.recv().await {
            Some(piece) => Some((Ok(piece), Some((taken, ended)))),
            // The task has said it before it went: both run on one thread.
            None => ended.get().filter(|word| !word.is_empty()).map(|word| (Ok(word.clone()), None)),
        }
    })
}

/// Why a stream ends, as its reader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// The token has expired, or the right is gone.
    Token,
    /// The gateway stops.
    Stopping,
    /// The reader stood still.
    Slow,
    /// It has waited as long as its reader asked for.
    Waited,
    /// The reader is gone.
    Gone,
    /// A fault of ours.
    Fault,
}

fn last_word(last: i64, reason: Reason) -> Bytes {
    let (word, hint) = match reason {
        Reason::Token => ("token-expired", "get a new token and come again with Last-Event-ID"),
        Reason::Stopping => ("stopping", "come again with Last-Event-ID; another gateway may answer"),
        Reason::Slow => ("too-slow", "read faster, or ask for pages of the timeline; go on with Last-Event-ID"),
        Reason::Waited => ("waited", "come again with Last-Event-ID"),
        Reason::Gone => return Bytes::new(),
        Reason::Fault => ("fault", "come again with Last-Event-ID"),
    };
    let data = serde_json::json!({ "reason": word, "hint": hint, "last_event_id": last });
    Bytes::from(format!("event: end\ndata: {data}\n\n"))
}

/// A stream on its way.
struct Following {
    app: Data<App>,
    stream: Stream,
    after: i64,
    expires: Timestamp,
    /// When it has waited long enough, by the clock that only goes on.
    ends: Option<Duration>,
    pieces: mpsc::Sender<Bytes>,
    _place: Place,
}

impl Following {
    /// Runs to the end; says where, and why.
    async fn run(mut self, mut ear: Listening) -> (i64, Reason) {
        let reason = match self.follow(&mut ear).await {
            Ok(reason) | Err(reason) => reason,
        };
        (self.after, reason)
    }

    async fn follow(&mut self, ear: &mut Listening) -> Result<Reason, Reason> {
        let beat = Duration::from_secs(self.app.config.events.heartbeat_seconds);
        self.give(Bytes::from(format!("retry: {AGAIN}\n: from {}\n\n", self.after))).await?;
        loop {
            if !self.app.is_ready() {
                return Ok(Reason::Stopping);
            }
            let page = self.app.engine.events(&self.stream, self.after, PAGE).await.map_err(|error| {
                tracing::error!(%error, "a stream of events could not be read; its reader comes again");
                Reason::Fault
            })?;
            if let Some(last) = page.last().map(|line| line.position) {
                // What is read is given only to whoever may still read it.
                self.look().await?;
                self.give(written(page)).await?;
                self.after = last;
                continue;
            }
            let left = Duration::try_from(self.expires.duration_since(self.app.engine.now())).unwrap_or_default();
            let wait = self.ends.map_or(left, |ends| ends.saturating_sub(self.app.engine.clock.elapsed()));
            if wait.is_zero() && self.ends.is_some() {
                return Ok(Reason::Waited);
            }
            tokio::select! {
                () = ear.heard() => continue,
                () = tokio::time::sleep(beat.min(left).min(wait)) => {}
                () = self.pieces.closed() => return Ok(Reason::Gone),
            }
            self.look().await?;
            self.give(Bytes::from_static(b": still here\n\n")).await?;
        }
    }

    /// Ends it where its reader may read no more.
    async fn look(&self) -> Result<(), Reason> {
        match self.app.engine.may_follow(&self.stream, self.expires).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Reason::Token),
            Err(error) => {
                tracing::error!(%error, "a stream's right could not be looked at; its reader comes again");
                Err(Reason::Fault)
            }
        }
    }

    /// Hands a piece on, as long as the reader takes one in time.
    async fn give(&self, piece: Bytes) -> Result<(), Reason> {
        hand_on(&self.pieces, piece, Duration::from_secs(self.app.config.events.slow_seconds)).await
    }
}

async fn hand_on(pieces: &mpsc::Sender<Bytes>, piece: Bytes, patience: Duration) -> Result<(), Reason> {
    match pieces.send_timeout(piece, patience).await {
        Ok(()) => Ok(()),
        Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(Reason::Slow),
        Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Reason::Gone),
    }
}

/// Entries as events. JSON has no line break in it, so that each is one line of data.
fn written(page: Vec<StreamLine>) -> Bytes {
    let mut text = String::new();
    for StreamLine { position, claim, line } in page {
        let event = line.event.clone();
        let view = EventView { claim_id: claim.to_string(), entry: entry(line) };
        let data = serde_json::to_string(&view).unwrap_or_default();
        // Writing into a text does not fail.
        let _ = write!(text, "id: {position}\nevent: {event}\ndata: {data}\n\n");
    }
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use futures_util::StreamExt;

    use super::*;

    #[test]
    fn a_reader_goes_on_by_header_or_address_and_otherwise_from_now_on() {
        let of = |address: &str, header: Option<&str>| {
            let mut request = TestRequest::with_uri(address);
            if let Some(header) = header {
                request = request.insert_header((LAST, header.to_owned()));
            }
            asked(&request.to_http_request())
        };
        assert_eq!(of("/x", None), Some((None, None)));
        assert_eq!(of("/x?after=7", None), Some((Some(7), None)));
        assert_eq!(of("/x?after=7", Some("9")), Some((Some(9), None)), "the header is newer");
        assert_eq!(of("/x?wait=3600&after=0", None), Some((Some(0), Some(Duration::from_hours(1)))));
        for (address, header) in [
            ("/x?after=", None),
            ("/x?after=-1", None),
            ("/x?a=1", None),
            ("/x?after=1&after=2", None),
            ("/x", Some("x")),
            ("/x?wait=3601", None),
            ("/x?wait=", None),
        ] {
            assert_eq!(of(address, header), None, "{address} {header:?}");
        }
    }

    #[tokio::test]
    async fn a_reader_that_stands_still_has_one_piece_waiting_and_is_let_go() {
        let (pieces, mut taken) = mpsc::channel(1);
        let (one, patience) = (Bytes::from_static(b"one"), Duration::from_millis(20));
        assert_eq!(hand_on(&pieces, one.clone(), patience).await, Ok(()));
        assert_eq!(hand_on(&pieces, one.clone(), patience).await, Err(Reason::Slow));
        assert!(taken.recv().await.is_some());
        assert_eq!(hand_on(&pieces, one.clone(), patience).await, Ok(()), "it reads again");
        drop(taken);
        assert_eq!(hand_on(&pieces, one, patience).await, Err(Reason::Gone));
    }

    #[tokio::test]
    async fn what_is_left_comes_before_the_last_word() {
        let (pieces, taken) = mpsc::channel(1);
        let ended = Arc::new(OnceLock::new());
        pieces.send(Bytes::from_static(b"one")).await.unwrap();
        ended.set(last_word(7, Reason::Slow)).unwrap();
        drop(pieces);
        let got: Vec<Bytes> = body(taken, ended).map(|piece| piece.unwrap()).collect().await;
        assert_eq!(got.len(), 2);
        let last = String::from_utf8(got[1].to_vec()).unwrap();
        assert!(last.starts_with("event: end\n") && last.contains("\"too-slow\"") && last.contains(":7"), "{last}");
    }
}
