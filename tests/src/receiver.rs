//! An insurer's webhook endpoint on loopback: plain sockets, so that it can lie, stall and break off as real ones do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with this status and no body.
    Status(u16),
    /// Answers with these very bytes.
    Raw(Vec<u8>),
    /// Answers 200 after a while.
    Slow(Duration),
    /// Answers with these very bytes at once, then with these one at a time, each after a pause.
    Trickle(Vec<u8>, Vec<u8>, Duration),
    /// Answers with this status and a body of so many bytes, which it really sends as far as they are taken.
    Flood(u16, u64),
    /// Reads and says nothing.
    Silence,
    /// Closes at once.
    Slam,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: Vec<u8>,
    /// When it was there whole, by the receiver's clock.
    pub at: Duration,
}

impl Received {
    /// A header, empty where it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// A running receiver.
#[derive(Clone, Debug)]
pub struct Receiver {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    acts: VecDeque<Act>,
    always: Act,
    received: Vec<Received>,
    flooded: u64,
}

impl Receiver {
    /// Starts one that always does the same.
    ///
    /// # Panics
    /// No port is free.
    pub async fn start(always: Act) -> Self {
        Self::start_by(always, Clock::system()).await
    }

    /// Starts one that notes by this clock when a request came.
    ///
    /// # Panics
    /// No port is free.
    pub async fn start_by(always: Act, clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let state = Arc::new(Mutex::new(State { acts: VecDeque::new(), always, received: Vec::new(), flooded: 0 }));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared), clock.clone()));
            }
        });
        Self { url: format!("http://{address}/hook?tenant=7"), state }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it does from now on, once the given ones are used up.
    pub fn does(&self, first: impl IntoIterator<Item = Act>, then: Act) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.acts = first.into_iter().collect();
        state.always = then;
    }

    /// Bytes of floods that were taken, those that lie in the system's buffers too.
    #[must_use]
    pub fn flooded(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).flooded
    }

    /// Everything that came.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).received.clone()
    }

    /// Waits until so many requests have come.
    ///
    /// # Panics
    /// They do not come within ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        for _ in 0..500 {
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} of {count} requests came", self.received().len());
    }
}

async fn serve(mut socket: TcpStream, state: Arc<Mutex<State>>, clock: Clock) {
    while let Some(mut received) = read(&mut socket).await {
        received.at = clock.elapsed();
        let act = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.received.push(received);
            state.acts.pop_front().unwrap_or_else(|| state.always.clone())
        };
        let answer = match act {
            Act::Status(status) => format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").into_bytes(),
            Act::Raw(bytes) => bytes,
            Act::Slow(time) => {
                tokio::time::sleep(time).await;
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()
            }
            Act::Trickle(first, slowly, pause) => {
                if socket.write_all(&first).await.is_err() {
                    return;
                }
                for byte in slowly {
                    tokio::time::sleep(pause).await;
                    if socket.write_all(&[byte]).await.is_err() {
                        return;
                    }
                }
                continue;
            }
            Act::Flood(status, bytes) => return flood(socket, &state, status, bytes).await,
            Act::Silence => {
                tokio::time::sleep(Duration::from_mins(5)).await;
                return;
            }
            Act::Slam => return,
        };
        if socket.write_all(&answer).await.is_err() {
            return;
        }
    }
}

async fn flood(mut socket: TcpStream, state: &Mutex<State>, status: u16, bytes: u64) {
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {bytes}\r\n\r\n");
    if socket.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let piece = vec![b'x'; 65_536];
    let mut left = bytes;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let Ok(taken) = socket.write(piece.get(..now).unwrap_or_default()).await else { return };
        let taken = u64::try_from(taken).unwrap_or_default();
        left -= taken;
        state.lock().unwrap_or_else(PoisonError::into_inner).flooded += taken;
    }
}

async fn read(socket: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 65_536];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let count = socket.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(piece.get(..count)?);
    };
    let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or_default();
    let mut body = bytes.get(end + 4..)?.to_vec();
    while body.len() < length {
        let count = socket.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(piece.get(..count)?);
    }
    Some(Received { headers, body, at: Duration::ZERO })
}
