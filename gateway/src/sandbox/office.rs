//! An issuer's office over HTTP, for who tries a wallet's flow: it issues what it is asked for, tells status lists, and does
//! wrong on demand. Beside it lies the registry of trusted issuers that names it.
//!
//! In: orders on loopback. Out: credentials and lists. It knows nothing of the gateway but the form of that registry.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::{Bytes, Data, Path, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::issuer::{Fault, Issuer, IssuerError, Order};
use crate::clock::Clock;
use crate::id::Random;

pub mod module;

/// How long a slow list takes: longer than the gateway waits.
const SLOW: Duration = Duration::from_secs(20);
/// The name of an issuer nobody registered.
const STRANGER: &str = "https://stranger.example";

/// An office.
#[derive(Debug)]
pub struct Office {
    issuer: Issuer,
    stranger: Issuer,
    clock: Clock,
}

/// What a wallet orders.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ordered {
    /// The type.
    vct: String,
    /// The wallet's public key.
    holder: Value,
    /// Claims, each disclosed selectively.
    #[serde(default)]
    claims: Map<String, Value>,
    /// Claims that stand in the clear.
    #[serde(default)]
    clear: Map<String, Value>,
    /// What is to be wrong with it.
    fault: Option<Fault>,
}

impl Office {
    /// An office of this https address.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn new(id: &str, clock: Clock, random: &Random) -> Result<Self, IssuerError> {
        let now = clock.now();
        let issuer = Issuer::new(id, now, random.clone())?;
        Ok(Self { issuer, stranger: Issuer::new(STRANGER, now, random.clone())?, clock })
    }

    /// Its authority's certificate (PEM).
    #[must_use]
    pub fn anchor(&self) -> &str {
        self.issuer.anchor()
    }

    /// Serves on a socket until the server is told to stop.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub fn serve(self, listener: TcpListener) -> std::io::Result<Server> {
        let (office, verifier) = (Data::new(self), Data::new(module::Module::default()));
        let app = move || {
            App::new()
                .app_data(office.clone())
                .app_data(verifier.clone())
                .configure(module::routes)
                .route("/credentials", post().to(issue))
                .route("/status/{name}", get().to(list))
        };
        Ok(HttpServer::new(app).workers(1).listen(listener)?.run())
    }

    fn issued(&self, order: &Ordered, now: Timestamp) -> Result<String, IssuerError> {
        let clear = Some(&order.clear).filter(|clear| !clear.is_empty());
        let (vct, claims, holder) = (order.vct.as_str(), &order.claims, &order.holder);
        let good = Order { vct, claims, clear, holder, index: Some(0) };
        match order.fault {
            None => self.issuer.issue(&good, now),
            Some(fault @ Fault::Stranger) => self.stranger.issue_wrongly(&good, fault, now),
            Some(fault) => self.issuer.issue_wrongly(&good, fault, now),
        }
    }
}

/// The entry of a registry of trusted issuers that names an office, as of the demo world.
#[must_use]
pub fn registered(id: &str, types: &[String], anchor: &str) -> String {
    let quoted: Vec<String> = types.iter().map(|one| Value::from(one.as_str()).to_string()).collect();
    let (id, anchor) = (Value::from(id), Value::from(anchor));
    format!("[[issuer]]\nid = {id}\ntypes = [{}]\ndomain = \"demo\"\ncertificates = {anchor}\n", quoted.join(", "))
}

/// `POST /credentials`.
async fn issue(office: Data<Office>, body: Bytes) -> HttpResponse {
    let Ok(order) = serde_json::from_slice::<Ordered>(&body) else {
        let words: Vec<&str> = Fault::ALL.iter().map(|fault| fault.as_str()).collect();
        let said = format!("vct, holder, and perhaps claims, clear, fault (one of {})\n", words.join(", "));
        return HttpResponse::BadRequest().body(said);
    };
    match office.issued(&order, office.clock.now()) {
        Ok(credential) => HttpResponse::Ok().content_type("application/dc+sd-jwt").body(credential),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

/// `GET /status/{name}`.
async fn list(office: Data<Office>, name: Path<String>) -> HttpResponse {
    if *name == Fault::Down.as_str() {
        return HttpResponse::ServiceUnavailable().finish();
    }
    if *name == Fault::Slow.as_str() {
        tokio::time::sleep(SLOW).await;
    }
    match office.issuer.told_list(&name, office.clock.now()) {
        Ok(Some(list)) => HttpResponse::Ok().content_type("application/statuslist+jwt").body(list),
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}
