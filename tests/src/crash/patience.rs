//! How a good client asks: the same bytes again until they are answered, at another door where one is closed.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::party::AuthProfile;
use claimgate_gateway::sandbox::client::{Answer, Identity, PartyClient};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use reqwest::Method;

use crate::gateway::must;

/// How often a client comes again before it gives up.
const PATIENCE: usize = 1_200;

/// What all clients share.
#[derive(Debug)]
pub struct Scene {
    base: String,
    doors: Vec<String>,
    /// Nothing new is to be begun.
    pub over: AtomicBool,
    /// All hospitals are done.
    pub pushed: AtomicBool,
    /// Deliveries that were pushed and not yet dealt with.
    pub behind: AtomicI64,
    /// Requests sent.
    pub requests: AtomicU64,
    /// Writes answered.
    pub writes: AtomicU64,
    /// Answers 503 with a time to come again.
    pub refused: AtomicU64,
    odd: Mutex<Vec<String>>,
}

impl Scene {
    /// Gateways that serve one address at several doors.
    #[must_use]
    pub fn new(base: String, doors: Vec<String>) -> Self {
        let (over, pushed, behind, requests, writes, refused) = Default::default();
        Self { base, doors, over, pushed, behind, requests, writes, refused, odd: Mutex::default() }
    }

    /// Notes an answer that should not have been given.
    pub fn note(&self, what: fmt::Arguments<'_>) {
        self.odd.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_string());
    }

    /// Waits until a gateway has refused more than so often.
    ///
    /// # Panics
    /// It does not within half a minute.
    pub async fn wait_for_refusal(&self, before: u64) {
        for _ in 0..1_500 {
            if self.refused.load(Ordering::SeqCst) > before {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no request is refused with 503: {:?}", self.noted().first());
    }

    /// All that was noted.
    #[must_use]
    pub fn noted(&self) -> Vec<String> {
        self.odd.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A party of which any number of clients can be made.
#[derive(Clone, Debug)]
pub struct Party {
    id: String,
    fapi: bool,
    key: PrivateJwk,
}

impl Party {
    /// The party of a client.
    #[must_use]
    pub fn of(client: &PartyClient, fapi: bool) -> Self {
        Self { id: client.id().to_owned(), fapi, key: client.key().clone() }
    }

    /// A client that has no token yet. An insurer's is bound to a key of its own.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn client(&self, scene: &Scene) -> Patient {
        let profile = if self.fapi { AuthProfile::Fapi } else { AuthProfile::Smart };
        let identity = Identity { id: self.id.clone(), profile, key: self.key.clone() };
        let clock = Clock::system();
        let made = must(PartyClient::new(&scene.base, identity, clock.clone(), Random::system()));
        let client = if self.fapi {
            made.bound_to(must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, clock.now())))
        } else {
            made
        };
        Patient { client, door: 0 }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Path with query.
    pub path: &'a str,
    /// Headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// A body makes it a POST.
    pub body: Option<&'a [u8]>,
}

/// A client that comes again.
#[derive(Debug)]
pub struct Patient {
    /// The client.
    pub client: PartyClient,
    door: usize,
}

impl Patient {
    /// Asks until there is an answer below 500 that is not about the token.
    ///
    /// # Panics
    /// There is none for a minute.
    pub async fn ask(&mut self, scene: &Scene, asked: Asked<'_>) -> Answer {
        for _ in 0..PATIENCE {
            scene.requests.fetch_add(1, Ordering::SeqCst);
            if self.client.access_token().is_none() {
                let _ = self.client.authenticate().await;
            }
            let method = if asked.body.is_some() { Method::POST } else { Method::GET };
            let body = asked.body.map(<[u8]>::to_vec).unwrap_or_default();
            match self.client.call(method, asked.path, asked.headers, body).await {
                Ok(answer) if answer.status == 401 => {
                    let _ = self.client.authenticate().await;
                }
                Ok(answer) if answer.status == 503 => {
                    scene.refused.fetch_add(1, Ordering::SeqCst);
                    if answer.header("retry-after").is_none() {
                        scene.note(format_args!("{}: 503 without Retry-After", asked.path));
                    }
                }
                Ok(answer) if answer.status.is_server_error() => {
                    scene.note(format_args!("{}: {}", asked.path, answer.status));
                }
                Ok(answer) => return answer,
                Err(_) => {}
            }
            self.door += 1;
            if let Some(door) = scene.doors.get(self.door % scene.doors.len().max(1)) {
                self.client.through(door);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}: no answer", asked.path);
    }

    /// Writes, and notes any answer but the expected ones.
    ///
    /// # Panics
    /// There is no answer for a minute.
    pub async fn write(&mut self, scene: &Scene, asked: Asked<'_>, expected: &[u16]) -> Option<Answer> {
        let answer = self.ask(scene, asked).await;
        if expected.contains(&answer.status.as_u16()) {
            scene.writes.fetch_add(1, Ordering::SeqCst);
            return Some(answer);
        }
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        scene.note(format_args!("{}: {} {body}", asked.path, answer.status));
        None
    }
}
