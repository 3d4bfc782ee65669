//! A police source (警察機關) over HTTP, for who tries the flow of accidents: it speaks docs/police-api.md, does wrong on
//! demand, and counts what it was asked.
//!
//! In: signed requests on loopback. Out: signed answers. It knows of the gateway what a source knows: its published keys.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::{Bytes, Data, Path, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use claimgate_adapters::police::api::{
    Answer, Item, Listed, MEDIA_TYPE, Operation, Outcome, Paper, PaperState, Sent, asked, digest,
};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk, PublicJwk};
use claimgate_packet::open::TrustedKeys;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{Answer as Got, ClientError, http_client};
use crate::clock::Clock;

/// How long a slow answer takes: longer than the gateway waits.
const SLOW: Duration = Duration::from_secs(30);
/// A drawing of nothing: the smallest picture that is one.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55";

/// What a source does wrong, or otherwise than by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Answers late.
    Slow,
    /// 429 with `Retry-After: 120`.
    Busy,
    /// 504.
    Timeout,
    /// Signs with a key nobody registered.
    WrongKey,
    /// Signs an answer to another request.
    OtherRequest,
    /// Withholds it: a criminal investigation goes on.
    Withheld,
    /// Says that there is no such case.
    Unknown,
    /// Does not take the ground.
    Refused,
}

impl Fault {
    /// All of them.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Slow, "slow"),
        (Self::Busy, "busy"),
        (Self::Timeout, "timeout"),
        (Self::WrongKey, "wrong-key"),
        (Self::OtherRequest, "other-request"),
        (Self::Withheld, "withheld"),
        (Self::Unknown, "unknown"),
        (Self::Refused, "refused"),
    ];
}

/// A case in the books.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its number.
    pub number: String,
    /// The day of the accident.
    pub on: Date,
    /// Plates of the parties, made up.
    #[serde(default)]
    pub plates: Vec<String>,
    /// Whose record it is, where another's.
    #[serde(default)]
    pub elsewhere: Option<String>,
}

/// A source; clones are the same one.
#[derive(Clone)]
pub struct Police(Arc<Shared>);

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
    cases: HashMap<String, Case>,
    versions: HashMap<(String, Item), u32>,
    faults: Vec<Fault>,
    asked: Vec<(Operation, Option<Item>)>,
    keys: Vec<PublicJwk>,
}

/// What is told to do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// A case to put into the books.
    case: Option<Case>,
    /// What is wrong with the next answers, one each.
    #[serde(default)]
    faults: Vec<Fault>,
    /// A paper to amend: case number and paper.
    amend: Option<(String, Item)>,
}

impl std::fmt::Debug for Police {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Police({})", self.0.id)
    }
}

impl Police {
    /// A source of this party id, for the gateway that listens there and calls itself so.
    ///
    /// # Errors
    /// No key or client can be made.
    pub fn new(id: &str, (gateway, issuer): (&str, &str), clock: Clock) -> Result<Self, ClientError> {
        let make = || PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, clock.now());
        let key = |made: Result<PrivateJwk, _>| made.map_err(|_| ClientError::Form("police key"));
        Ok(Self(Arc::new(Shared {
            id: id.to_owned(),
            gateway: gateway.to_owned(),
            issuer: issuer.to_owned(),
            key: key(make())?,
            stranger: key(make())?,
            clock,
            http: http_client()?,
            state: Mutex::default(),
        })))
    }

    /// Its key, which proves it at the token endpoint too.
    #[must_use]
    pub fn key(&self) -> &PrivateJwk {
        &self.0.key
    }

    /// Puts a case into the books.
    pub fn put(&self, case: Case) {
        self.state().cases.insert(case.number.clone(), case);
    }

    /// What is wrong with the next answers, one each.
    pub fn does(&self, faults: &[Fault]) {
        self.state().faults.extend(faults);
    }

    /// Amends a paper: its next version.
    pub fn amend(&self, number: &str, item: Item) {
        *self.state().versions.entry((number.to_owned(), item)).or_insert(1) += 1;
    }

    /// Every request that was signed well, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<(Operation, Option<Item>)> {
        self.state().asked.clone()
    }

    /// Serves on a socket until the server is told to stop.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<Server> {
        let police = Data::new(self.clone());
        let app = move || {
            App::new()
                .app_data(police.clone())
                .route("/v1/{operation}", post().to(answer))
                .route("/orders", post().to(order))
                .route("/asked", get().to(told))
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

    /// What the books say to a request.
    fn said(&self, sent: &Sent, fault: Option<Fault>, now: Timestamp) -> Answer {
        let request = &sent.request;
        let outcome = |outcome| Answer::to(sent, outcome, now);
        match fault {
            Some(Fault::Withheld) => return outcome(Outcome::Withheld),
            Some(Fault::Unknown) => return outcome(Outcome::Unknown),
            Some(Fault::Refused) => return outcome(Outcome::Refused),
            _ => {}
        }
        let state = self.state();
        let Some(case) = state.cases.get(&request.case) else { return outcome(Outcome::Unknown) };
        if case.elsewhere.is_some() {
            return Answer { jurisdiction: case.elsewhere.clone(), ..outcome(Outcome::Elsewhere) };
        }
        let today = jiff::tz::offset(8).to_datetime(now).date();
        let version = |item| state.versions.get(&(request.case.clone(), item)).copied().unwrap_or(1);
        let paper = |item| made(case, item, version(item), &request.jurisdiction, now);
        let from = |item| case.on.saturating_add(Span::new().days(days(item)));
        let listed = |item| {
            let given = from(item) <= today;
            Listed {
                item,
                state: if given { PaperState::Available } else { PaperState::NotYet },
                from: Some(from(item)),
                version: given.then(|| version(item)),
                digest: given.then(|| paper(item).digest),
            }
        };
        match (request.op, request.item) {
            (Operation::List, _) => {
                Answer { papers: Item::ALL.into_iter().map(listed).collect(), ..outcome(Outcome::Found) }
            }
            (_, None) => outcome(Outcome::Unknown),
            (_, Some(item)) if from(item) > today => Answer { from: Some(from(item)), ..outcome(Outcome::NotYet) },
            (Operation::Check, Some(item)) => Answer { papers: vec![listed(item)], ..outcome(Outcome::Found) },
            (Operation::Fetch, Some(_)) if request.ground.is_none() => outcome(Outcome::Refused),
            (Operation::Fetch, Some(item)) => Answer { paper: Some(paper(item)), ..outcome(Outcome::Found) },
        }
    }
}

/// Days after the accident on which a paper is given.
fn days(item: Item) -> i64 {
    match item {
        Item::AccidentRegistrationSlip => 0,
        Item::AccidentSceneSketch | Item::AccidentScenePhotos => 7,
        Item::AccidentPreliminaryAnalysis => 30,
    }
}

/// A made-up paper.
fn made(case: &Case, item: Item, version: u32, jurisdiction: &str, now: Timestamp) -> Paper {
    let parties: Vec<Value> =
        (1..).zip(&case.plates).map(|(order, plate)| json!({ "order": order, "plate": plate })).collect();
    let mut document = json!({
        "number": case.number,
        "occurrence": { "on": case.on, "class": { "code": "A3", "name": "僅車輛財物損失", "city_code": false },
            "place": { "text": "示範路一段1號前" } },
        "unit": { "name": format!("示範分局 {jurisdiction}") },
    });
    let more = match item {
        Item::AccidentRegistrationSlip => json!({ "parties": parties }),
        Item::AccidentSceneSketch => json!({ "scale": "1:200", "drawing": "sketch.png" }),
        Item::AccidentScenePhotos => json!({ "photos": [{ "attachment": "photo-1.png", "caption": "車損" }] }),
        Item::AccidentPreliminaryAnalysis => {
            json!({ "parties": parties, "notice": format!("僅供參考（第{version}版）") })
        }
    };
    if let (Some(members), Value::Object(more)) = (document.as_object_mut(), more) {
        members.extend(more);
    }
    let files: Vec<(&str, &str, Vec<u8>)> = match item {
        Item::AccidentSceneSketch => vec![("sketch.png", "image/png", PICTURE.to_vec())],
        Item::AccidentScenePhotos => vec![("photo-1.png", "image/png", PICTURE.to_vec())],
        Item::AccidentRegistrationSlip | Item::AccidentPreliminaryAnalysis => Vec::new(),
    };
    Paper::of(item, version, now, document.to_string().as_bytes(), &files)
}

/// `POST /v1/{operation}`.
async fn answer(police: Data<Police>, operation: Path<String>, body: Bytes) -> HttpResponse {
    let now = police.0.clock.now();
    let Ok(keys) = police.gateway_keys().await else { return HttpResponse::BadGateway().finish() };
    let Ok(text) = std::str::from_utf8(&body) else { return HttpResponse::BadRequest().finish() };
    let sent = match asked(text, &keys, (&police.0.issuer, &police.0.id), now) {
        Ok(sent) if sent.request.op.path() == operation.as_str() => sent,
        Ok(_) => return HttpResponse::NotFound().finish(),
        Err(reason) => return HttpResponse::Unauthorized().body(format!("{reason}\n")),
    };
    let fault = {
        let mut state = police.state();
        state.asked.push((sent.request.op, sent.request.item));
        if state.faults.is_empty() { None } else { Some(state.faults.remove(0)) }
    };
    match fault {
        Some(Fault::Slow) => tokio::time::sleep(SLOW).await,
        Some(Fault::Busy) => return HttpResponse::TooManyRequests().insert_header(("Retry-After", "120")).finish(),
        Some(Fault::Timeout) => return HttpResponse::GatewayTimeout().finish(),
        _ => {}
    }
    let mut answer = police.said(&sent, fault, now);
    if fault == Some(Fault::OtherRequest) {
        answer.request = digest(b"another", &[]);
    }
    let key = if fault == Some(Fault::WrongKey) { &police.0.stranger } else { &police.0.key };
    match answer.sign(key) {
        Ok(text) => {
            let status = actix_web::http::StatusCode::from_u16(answer.outcome.status()).unwrap_or_default();
            HttpResponse::build(status).content_type(MEDIA_TYPE).body(text)
        }
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

/// `POST /orders`: what to do from now on.
async fn order(police: Data<Police>, body: Bytes) -> HttpResponse {
    let Ok(order) = serde_json::from_slice::<Order>(&body) else {
        let words: Vec<&str> = Fault::ALL.iter().map(|(_, word)| *word).collect();
        let said = format!("case, faults (of {}), amend [case, paper]\n", words.join(", "));
        return HttpResponse::BadRequest().body(said);
    };
    if let Some(case) = order.case {
        police.put(case);
    }
    police.does(&order.faults);
    if let Some((number, item)) = order.amend {
        police.amend(&number, item);
    }
    HttpResponse::NoContent().finish()
}

/// `GET /asked`: every request so far.
async fn told(police: Data<Police>) -> HttpResponse {
    let asked: Vec<Value> = police.asked().into_iter().map(|(op, item)| json!({ "op": op, "item": item })).collect();
    HttpResponse::Ok().json(json!({ "requests": asked.len(), "asked": asked }))
}
