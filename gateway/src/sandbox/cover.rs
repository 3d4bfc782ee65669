//! Desks of cover over HTTP, for who tries a look-up: the institute's certificate check and an insurer's own. They speak
//! docs/cover-api.md, do wrong on demand, and count what they were asked.
//!
//! In: signed questions on loopback. Out: signed answers. A desk knows of the gateway its published keys and, an insurer's, the key
//! of their pair.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::{Bytes, Data, post};
use actix_web::{App, HttpResponse, HttpServer};
use claimgate_adapters::exchange::{Answer, Form, MEDIA_TYPE, Sent, asked};
use claimgate_adapters::institute::{self, Certificate, CertificateAnswer, CertificateQuestion, Found, plain_plate};
use claimgate_adapters::insurer::cover::{self, CoverAnswer, CoverQuestion, Covers, PairKey, ProbeAnswer};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk, PublicJwk};
use claimgate_packet::open::TrustedKeys;
use claimgate_packet::words::Line;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::{Answer as Got, ClientError, http_client};
use crate::clock::Clock;

/// How long a slow answer takes: longer than the gateway waits.
const SLOW: Duration = Duration::from_secs(10);

/// What a desk does wrong, or otherwise than by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers late.
    Slow,
    /// 429.
    Busy,
    /// 503.
    Away,
    /// Signs with a key nobody registered.
    WrongKey,
    /// Signs an answer to another question.
    OtherQuestion,
    /// Says more than it is asked: a line with a no, a certificate of another day.
    Strange,
    /// Does not know.
    Unknown,
    /// Does not take the ground; an insurer does not know then.
    Refused,
}

/// A policy in the books.
#[derive(Clone)]
pub struct Policy {
    /// The plate, made up.
    pub plate: String,
    /// The insurer's 統一編號.
    pub insurer: String,
    /// First and last day of cover.
    pub term: (Date, Date),
    /// Its lines.
    pub lines: Vec<Line>,
}

claimgate_packet::opaque_debug!(Policy);

/// A desk; clones are the same one.
#[derive(Clone)]
pub struct Desk(Arc<Shared>);

struct Shared {
    id: String,
    gateway: String,
    issuer: String,
    clock: Clock,
    key: PrivateJwk,
    stranger: PrivateJwk,
    http: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    policies: Vec<Policy>,
    pair: Option<PairKey>,
    faults: Vec<Fault>,
    asked: Vec<String>,
    keys: Vec<PublicJwk>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({})", self.0.id)
    }
}

impl Desk {
    /// A desk of this party id and key, for the gateway that listens there and calls itself so.
    ///
    /// # Errors
    /// No client can be made.
    pub fn new(
        (id, key): (&str, PrivateJwk),
        (gateway, issuer): (&str, &str),
        clock: Clock,
    ) -> Result<Self, ClientError> {
        let stranger = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, clock.now());
        Ok(Self(Arc::new(Shared {
            id: id.to_owned(),
            gateway: gateway.to_owned(),
            issuer: issuer.to_owned(),
            key,
            stranger: stranger.map_err(|_| ClientError::Form("desk key"))?,
            clock,
            http: http_client()?,
            state: Mutex::default(),
        })))
    }

    /// Puts a policy into the books.
    pub fn put(&self, policy: Policy) {
        self.state().policies.push(policy);
    }

    /// The key of the pair of gateway and insurer, as the gateway gave it.
    pub fn keyed(&self, pair: PairKey) {
        self.state().pair = Some(pair);
    }

    /// What is wrong with the next answers, one each.
    pub fn does(&self, faults: &[Fault]) {
        self.state().faults.extend(faults);
    }

    /// Everything that was asked, in order: plates at an institute, digests at an insurer.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// Serves on a socket until the server is told to stop.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<Server> {
        let desk = Data::new(self.clone());
        let app = move || {
            App::new()
                .app_data(desk.clone())
                .route("/v1/certificates", post().to(certificates))
                .route("/v1/covers", post().to(covers))
        };
        Ok(HttpServer::new(app).workers(1).listen(listener)?.run())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The gateway's published keys; asked for once.
    async fn gateway_keys(&self) -> Result<Vec<PublicJwk>, ClientError> {
        let known = self.state().keys.clone();
        if !known.is_empty() {
            return Ok(known);
        }
        let address = format!("{}/.well-known/claim-packet-keys", self.0.gateway);
        let got = Got::read(self.0.http.get(address).send().await?).await?.expect("packet keys", 200)?;
        let keys = TrustedKeys::parse(&got.body).map_err(|_| ClientError::Form("packet keys"))?;
        self.state().keys = keys.keys().to_vec();
        Ok(keys.keys().to_vec())
    }

    async fn answer<Q: DeserializeOwned, A: Serialize>(
        &self,
        body: &Bytes,
        form: Form,
        said: impl Fn(&State, &Q, Option<Fault>) -> (Vec<String>, A),
    ) -> HttpResponse {
        let now = self.0.clock.now();
        let Ok(keys) = self.gateway_keys().await else { return HttpResponse::BadGateway().finish() };
        let Ok(text) = std::str::from_utf8(body) else { return HttpResponse::BadRequest().finish() };
        let sent: Sent<Q> = match asked(text, form, &keys, (&self.0.issuer, &self.0.id), now) {
            Ok(sent) => sent,
            Err(reason) => return HttpResponse::Unauthorized().body(format!("{reason}\n")),
        };
        let (fault, said) = {
            let mut state = self.state();
            let fault = if state.faults.is_empty() { None } else { Some(state.faults.remove(0)) };
            let (asked, said) = said(&state, &sent.question.ask, fault);
            state.asked.extend(asked);
            (fault, said)
        };
        match fault {
            Some(Fault::Slow) => tokio::time::sleep(SLOW).await,
            Some(Fault::Busy) => return HttpResponse::TooManyRequests().finish(),
            Some(Fault::Away) => return HttpResponse::ServiceUnavailable().finish(),
            _ => {}
        }
        let mut answer = Answer::to(&sent, said, now);
        if fault == Some(Fault::OtherQuestion) {
            "another".clone_into(&mut answer.question);
        }
        let key = if fault == Some(Fault::WrongKey) { &self.0.stranger } else { &self.0.key };
        match answer.sign(form, key) {
            Ok(text) => HttpResponse::Ok().content_type(MEDIA_TYPE).body(text),
            Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
        }
    }
}

/// Whether a policy holds on a day for what its plate makes.
fn holds(policy: &Policy, on: Date, is: impl Fn(&str) -> bool) -> bool {
    policy.term.0 <= on && on <= policy.term.1 && plain_plate(&policy.plate).is_some_and(|plate| is(&plate))
}

/// `POST /v1/certificates`: the institute's check.
async fn certificates(desk: Data<Desk>, body: Bytes) -> HttpResponse {
    desk.answer(&body, institute::FORM, |state, question: &CertificateQuestion, fault| {
        let policies = state.policies.iter().filter(|one| one.lines.contains(&Line::MotorCompulsory));
        let mut of_plate = policies.filter(|one| holds(one, question.on, |plate| plate == question.plate));
        let certificate = of_plate.next().map(|one| Certificate {
            insurer: one.insurer.clone(),
            number: Some("DEMO-0001".to_owned()),
            from: one.term.0,
            until: if fault == Some(Fault::Strange) { one.term.0 } else { one.term.1 },
        });
        let answer = match (fault, certificate) {
            (Some(Fault::Unknown), _) => CertificateAnswer { found: Found::Unknown, certificate: None },
            (Some(Fault::Refused), _) => CertificateAnswer { found: Found::Refused, certificate: None },
            (_, None) => CertificateAnswer { found: Found::NotInsured, certificate: None },
            (_, certificate) => CertificateAnswer { found: Found::Insured, certificate },
        };
        (vec![question.plate.clone()], answer)
    })
    .await
}

/// `POST /v1/covers`: an insurer's.
async fn covers(desk: Data<Desk>, body: Bytes) -> HttpResponse {
    desk.answer(&body, cover::FORM, |state, question: &CoverQuestion, fault| {
        let one = |probe: &String| {
            let is = |plate: &str| state.pair.as_ref().is_some_and(|pair| pair.probe(plate, question.on) == *probe);
            let found = state.policies.iter().filter(|one| holds(one, question.on, is));
            let mut lines: Vec<Line> = found.flat_map(|one| one.lines.iter().copied()).collect();
            let covers = match (fault, lines.is_empty()) {
                (Some(Fault::Unknown | Fault::Refused), _) => Covers::Unknown,
                (Some(Fault::Strange), _) | (_, true) => Covers::No,
                (_, false) => Covers::Yes,
            };
            if covers == Covers::Unknown {
                lines.clear();
            }
            ProbeAnswer { probe: probe.clone(), covers, lines }
        };
        (question.probes.clone(), CoverAnswer { answers: question.probes.iter().map(one).collect() })
    })
    .await
}
