//! A recipient's own FHIR repository, small and real: conditional create by identifier (FHIR R4 §3.1.0.8.1), each Bundle
//! read by our own reader with its signature; over plain sockets, or over TLS with a client certificate (mTLS).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use claimgate_adapters::hospital::{self, HospitalBundle, Settings};
use claimgate_adapters::signature::{self, Push, Trust};
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_packet::jose::jwk::PublicJwk;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What the repository does with the next requests instead of its work.
#[derive(Clone, Debug)]
pub enum Whim {
    /// Does its work, and the answer is lost on the way.
    LosesTheAnswer,
    /// Refuses with this status and an OperationOutcome of these words.
    Refuses(u16, String),
}

/// A running repository.
#[derive(Clone)]
pub struct Repository {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    keys: Vec<PublicJwk>,
    at: Timestamp,
    whims: Vec<Whim>,
    requests: usize,
    /// Bundles by `system|value` of their identifier.
    bundles: BTreeMap<String, Vec<u8>>,
}

impl Repository {
    /// Starts one that trusts these keys of a gateway.
    ///
    /// # Panics
    /// No port is free.
    pub async fn start(keys: Vec<PublicJwk>, at: Timestamp) -> Self {
        Self::start_over(keys, at, None).await
    }

    /// The same over TLS.
    ///
    /// # Panics
    /// No port is free.
    pub async fn start_over(keys: Vec<PublicJwk>, at: Timestamp, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let state = Arc::new(Mutex::new(State { keys, at, ..State::default() }));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (shared, acceptor) = (Arc::clone(&state), tls.map(|config| TlsAcceptor::from(Arc::new(config))));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(socket, shared).await,
                        Some(acceptor) => {
                            if let Ok(socket) = acceptor.accept(socket).await {
                                serve(socket, shared).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url: format!("{scheme}://{address}/fhir"), state }
    }

    /// Its base address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it does first.
    pub fn does(&self, whims: impl IntoIterator<Item = Whim>) {
        self.state().whims = whims.into_iter().collect();
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.state().requests
    }

    /// The Bundles it has, as they came.
    #[must_use]
    pub fn bundles(&self) -> Vec<Vec<u8>> {
        self.state().bundles.values().cloned().collect()
    }

    /// The Bundles it has, as our own reader reads them.
    ///
    /// # Panics
    /// One cannot be read.
    #[must_use]
    pub fn read(&self) -> Vec<HospitalBundle> {
        let read = |bytes: &Vec<u8>| {
            hospital::read(bytes, &Settings::default()).unwrap_or_else(|refused| panic!("{:#?}", refused.issues))
        };
        self.bundles().iter().map(read).collect()
    }

    /// Waits until it has so many Bundles.
    ///
    /// # Panics
    /// They do not come within ten seconds.
    pub async fn wait_for(&self, count: usize) {
        for _ in 0..500 {
            if self.bundles().len() >= count {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{} of {count} Bundles came in {} requests", self.bundles().len(), self.requests());
    }
}

async fn serve(mut socket: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) {
    while let Some((head, body)) = request(&mut socket).await {
        let (answer, lost) = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.requests += 1;
            let whim = if state.whims.is_empty() { None } else { Some(state.whims.remove(0)) };
            match whim {
                Some(Whim::Refuses(status, words)) => (refusal(status, &words), false),
                Some(Whim::LosesTheAnswer) => {
                    let _ = create(&mut state, &head, body);
                    (Vec::new(), true)
                }
                None => (create(&mut state, &head, body), false),
            }
        };
        if lost || socket.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// Conditional create: 200 for the one that is there, 201 for a new one, 422 for what cannot be read or is not signed.
fn create(state: &mut State, head: &str, body: Vec<u8>) -> Vec<u8> {
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    if !head.starts_with("POST /fhir/Bundle HTTP/1.1") {
        return refusal(404, "no such address");
    }
    let Some(wanted) = field("if-none-exist").and_then(|text| text.strip_prefix("identifier=").map(str::to_owned))
    else {
        return refusal(400, "If-None-Exist is missing");
    };
    if state.bundles.contains_key(&wanted) {
        return made(200, &wanted);
    }
    let read = match hospital::read(&body, &Settings::default()) {
        Ok(read) => read,
        Err(refused) => return refusal(422, &format!("{:?}", refused.issues)),
    };
    let headers: [(&str, &str); 0] = [];
    let push = Push {
        method: "POST",
        scheme: "https",
        authority: "repository.example",
        path: "/fhir/Bundle",
        query: None,
        headers: &headers,
        body: &body,
        format: Format::Json,
    };
    let trust = Trust { keys: &state.keys, http_keys: &[], authorities: None, required: true };
    if signature::check(&push, &read.institution.code, &trust, &Limits::default(), state.at).is_err() {
        return refusal(422, "the signature does not verify");
    }
    let number = format!("{}|{}", read.identifier.system.unwrap_or_default(), read.identifier.value);
    assert_eq!(number, wanted, "the condition names another Bundle than the one sent");
    state.bundles.insert(number, body);
    made(201, &wanted)
}

fn made(status: u16, number: &str) -> Vec<u8> {
    let id = number.rsplit('_').next().unwrap_or_default();
    format!(
        "HTTP/1.1 {status} X\r\nLocation: https://repository.example/fhir/Bundle/{id}/_history/1\r\nETag: W/\"1\"\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn refusal(status: u16, words: &str) -> Vec<u8> {
    let issue = json!({ "severity": "error", "code": "processing", "diagnostics": words });
    let body: Value = json!({ "resourceType": "OperationOutcome", "issue": [issue] });
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn request(socket: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 65_536]);
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let count = socket.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(piece.get(..count)?);
    };
    let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    })?;
    let mut body = bytes.get(end + 4..)?.to_vec();
    while body.len() < length {
        let count = socket.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(piece.get(..count)?);
    }
    Some((head, body))
}
