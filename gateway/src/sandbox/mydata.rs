//! The platform MyData (個人化資料自主運用平臺) and a data provider behind it, made up: for who tries the flow.
//!
//! In: the address a gateway sends a person to, what the person says there, the gateway's fetch. Out: notifications, the
//! way back, packages; and every fault on demand. It shares with the gateway what a service provider is handed, and no more.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::{Bytes, Data, get, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::mydata::{Client, DataFile};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub mod bureau;
pub mod package;

use bureau::{Bureau, BureauError, vehicle};
use package::{Delivered, Wrong, encrypted, outer};

use super::client::http_client;
use crate::http::form::Form;
use crate::id::Random;

/// The data set 車籍.
const VEHICLE: &str = "API.60GGfgGX1A";
/// How long a slow package takes.
const SLOW: Duration = Duration::from_secs(3);

/// What the platform and a service provider share.
#[derive(Clone)]
pub struct Agreed {
    /// `CLI.…`.
    pub client_id: String,
    /// Sixteen characters.
    pub client_secret: String,
    /// Sixteen characters.
    pub cbc_iv: String,
    /// Where it is notified.
    pub notifications: String,
    /// The key it is shown then; empty: none.
    pub key: String,
}

claimgate_packet::opaque_debug!(Agreed);

/// What a person does at the portal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// The address the gateway sent them to.
    pub address: String,
    /// The code they come back with; none: 200.
    #[serde(default)]
    pub code: Option<String>,
    /// Whether, and how, the gateway is told.
    #[serde(default)]
    pub notify: Notify,
    /// What goes wrong.
    #[serde(default)]
    pub wrong: Option<Wrong>,
}

/// When the gateway is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notify {
    /// Before the browser returns.
    #[default]
    First,
    /// When `/sandbox/notify` is asked.
    Later,
    /// Twice, the same.
    Twice,
    /// Twice, with two tickets.
    Two,
    /// Of a transaction nobody began.
    Unknown,
    /// That nothing will come.
    Unable,
}

/// What became of what a person did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Said {
    /// Where the browser goes.
    pub back: String,
    /// What the gateway answered to each notification.
    pub notified: Vec<u16>,
}

/// A package that can be fetched.
#[derive(Clone)]
struct Ready {
    package: String,
    wrong: Option<Wrong>,
    taken: bool,
    asked: usize,
}

/// A transaction as it was read from its address.
struct Read {
    transaction: String,
    resources: Vec<String>,
    back: String,
    person: String,
}

/// The portal.
pub struct Portal {
    agreed: Agreed,
    client: Client,
    bureau: Bureau,
    http: reqwest::Client,
    random: Random,
    ready: Mutex<BTreeMap<String, Ready>>,
    later: Mutex<BTreeMap<String, Value>>,
    data: Mutex<BTreeMap<String, Vec<DataFile>>>,
    providers: Mutex<BTreeMap<String, String>>,
    tokens: Mutex<BTreeMap<String, String>>,
}

claimgate_packet::opaque_debug!(Portal);

/// The portal cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// Its provider.
    #[error(transparent)]
    Bureau(#[from] BureauError),
    /// What is shared.
    #[error("{0}")]
    Agreed(#[from] claimgate_adapters::mydata::ClientError),
    /// Its client.
    #[error("the portal's HTTP client cannot be built")]
    Http(#[from] reqwest::Error),
}

impl Portal {
    /// One that serves this service provider.
    ///
    /// # Errors
    /// [`PortalError`].
    pub fn new(agreed: Agreed, random: Random) -> Result<Arc<Self>, PortalError> {
        Ok(Arc::new(Self {
            client: Client::new(&agreed.client_id, &agreed.client_secret, &agreed.cbc_iv)?,
            bureau: Bureau::new()?,
            http: http_client()?,
            agreed,
            random,
            ready: Mutex::default(),
            later: Mutex::default(),
            data: Mutex::default(),
            providers: Mutex::default(),
            tokens: Mutex::default(),
        }))
    }

    /// Its data provider.
    #[must_use]
    pub fn bureau(&self) -> &Bureau {
        &self.bureau
    }

    /// What a data set brings from now on.
    pub fn put(&self, resource: &str, files: Vec<DataFile>) {
        lock(&self.data).insert(resource.to_owned(), files);
    }

    /// Has a data set come from a provider that runs elsewhere.
    pub fn provide(&self, resource: &str, address: &str) {
        lock(&self.providers).insert(resource.to_owned(), address.to_owned());
    }

    /// Serves on a socket until the server is told to stop.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub fn serve(self: &Arc<Self>, listener: TcpListener) -> std::io::Result<Server> {
        let portal = Data::from(Arc::clone(self));
        let app = move || {
            App::new()
                .app_data(portal.clone())
                .route("/service/data", get().to(data))
                .route("/service/{client}/{resources}/{transaction}", get().to(page))
                .route("/sandbox/person", post().to(by_form))
                .route("/sandbox/consent", post().to(by_json))
                .route("/sandbox/notify", post().to(notify))
                .route("/connect/introspect", post().to(introspect))
                .route("/connect/userinfo", get().to(userinfo))
        };
        Ok(HttpServer::new(app).workers(1).listen(listener)?.run())
    }

    /// Reads the address a person was sent to; nothing for one of no service provider of the portal's.
    fn read(&self, address: &str) -> Option<Read> {
        let (path, query) = address.split_once('?')?;
        let path = path.split("/service/").nth(1)?;
        let mut parts = path.split('/');
        let (client, resources, transaction) = (parts.next()?, parts.next()?, parts.next()?);
        let resources = STANDARD.decode(crate::http::form::percent_decoded(resources)?).ok()?;
        let query = Form::read(query)?;
        let person = self.client.transaction(query.one("pid")?).ok()?;
        (client == self.client.id()).then_some(())?;
        Some(Read {
            transaction: transaction.to_owned(),
            resources: String::from_utf8(resources).ok()?.split(':').map(str::to_owned).collect(),
            back: query.one("returnUrl")?.to_owned(),
            person,
        })
    }

    /// A person says something at the portal.
    async fn says(&self, says: &Says) -> Option<Said> {
        let read = self.read(&says.address)?;
        let code = says.code.as_deref().unwrap_or("200");
        let mut notified = Vec::new();
        if code == "200" {
            let notice = self.prepare(&read, says).await?;
            match says.notify {
                Notify::First => notified.push(self.tell(&notice).await),
                Notify::Later => {
                    lock(&self.later).insert(read.transaction.clone(), notice);
                }
                Notify::Twice => {
                    notified.push(self.tell(&notice).await);
                    notified.push(self.tell(&notice).await);
                }
                Notify::Two => {
                    notified.push(self.tell(&notice).await);
                    notified.push(self.tell(&self.prepare(&read, says).await?).await);
                }
                Notify::Unknown => {
                    let mut notice = notice;
                    *notice.get_mut("tx_id")? = "01990000-0000-7000-8000-000000000000".into();
                    notified.push(self.tell(&notice).await);
                }
                Notify::Unable => {
                    let notice = json!({ "tx_id": read.transaction, "unable_to_deliver": read.resources });
                    notified.push(self.tell(&notice).await);
                }
            }
        }
        let transaction = percent(&self.client.pid(&read.transaction)?);
        Some(Said { back: format!("{}?code={code}&tx_id={transaction}", read.back), notified })
    }

    /// Makes the package of a transaction, to be fetched once; what the gateway is told of it.
    async fn prepare(&self, read: &Read, says: &Says) -> Option<Value> {
        let mut datasets: Vec<Delivered> = Vec::new();
        for resource in &read.resources {
            let archive = self.archive(resource, &read.person, says.wrong).await?;
            let named = if says.wrong == Some(Wrong::OtherResource) { "API.AnotherOne" } else { resource };
            datasets.push((named.to_owned(), archive.filter(|_| says.wrong != Some(Wrong::NoData))));
        }
        let key = self.key();
        let mut package = encrypted(&outer(&datasets)?, self.client.id(), &key, &self.random)?;
        if says.wrong == Some(Wrong::Tampered) {
            // Not the last sign of the tag, of which some bits say nothing: that would be no base64url.
            let tag = package.rfind('.')? + 1;
            let other = if package.get(tag..)?.starts_with('A') { "B" } else { "A" };
            package.replace_range(tag..=tag, other);
        }
        let ticket = uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid().to_string();
        let ready = Ready { package, wrong: says.wrong, taken: false, asked: 0 };
        lock(&self.ready).insert(ticket.clone(), ready);
        let secret = self.client.pid(std::str::from_utf8(&key).ok()?)?;
        Some(json!({ "tx_id": read.transaction, "permission_ticket": ticket, "secret_key": secret }))
    }

    /// Thirty-two characters.
    fn key(&self) -> [u8; 32] {
        self.random.bytes::<32>().map(|byte| b'a' + byte % 26)
    }

    /// A provider's archive of a data set; the second level is none where it has no data.
    async fn archive(&self, resource: &str, person: &str, wrong: Option<Wrong>) -> Option<Option<Vec<u8>>> {
        let elsewhere = lock(&self.providers).get(resource).cloned();
        if let Some(address) = elsewhere {
            let token = uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid().to_string();
            lock(&self.tokens).insert(token.clone(), person.to_owned());
            let asked = self.http.get(address).header("authorization", format!("Bearer mydata::{token}"));
            let answer = asked.send().await.ok()?;
            let came = answer.status() == 200;
            let bytes = answer.bytes().await.ok()?.to_vec();
            return Some(came.then_some(bytes));
        }
        let put = lock(&self.data).get(resource).map(|files| {
            files.iter().map(|one| DataFile { name: one.name.clone(), bytes: one.bytes.clone() }).collect::<Vec<_>>()
        });
        let files = match (put, resource) {
            (Some(files), _) => files,
            (None, VEHICLE) => vec![vehicle(person)],
            (None, _) => return Some(None),
        };
        self.bureau.archive(&files, wrong).ok().map(Some)
    }

    async fn tell(&self, notice: &Value) -> u16 {
        let mut request = self.http.post(&self.agreed.notifications).header("content-type", "application/json");
        if !self.agreed.key.is_empty() {
            request = request.header("apiKey", &self.agreed.key);
        }
        let sent = request.body(notice.to_string()).send().await;
        sent.map_or(0, |answer| answer.status().as_u16())
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Percent-encodes every byte.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"))
}

/// `GET /service/…`: the page a person is asked on.
async fn page(portal: Data<Portal>, request: HttpRequest) -> HttpResponse {
    let Some(read) = portal.read(&request.uri().to_string()) else { return HttpResponse::NotFound().finish() };
    let address = request.uri().to_string().replace('&', "&amp;").replace('"', "&quot;");
    let text = format!(
        "<!doctype html><html lang=\"zh-Hant-TW\"><meta charset=\"utf-8\"><title>MyData (sandbox)</title>\
         <h1>MyData 模擬平臺</h1><p>是否同意提供下列資料集？</p><p>{}</p>\
         <form method=\"post\" action=\"/sandbox/person\"><input type=\"hidden\" name=\"address\" value=\"{address}\">\
         <button name=\"code\" value=\"200\">同意</button> <button name=\"code\" value=\"205\">取消</button></form></html>",
        read.resources.join("、").replace('<', "&lt;")
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text)
}

/// `POST /sandbox/person`: the buttons of the page.
async fn by_form(portal: Data<Portal>, body: Bytes) -> HttpResponse {
    let form = std::str::from_utf8(&body).ok().and_then(Form::read);
    let says = form.and_then(|form| {
        let (address, code) = (form.one("address")?.to_owned(), Some(form.one("code")?.to_owned()));
        Some(Says { address, code, ..Says::default() })
    });
    let Some(says) = says else { return HttpResponse::BadRequest().finish() };
    match portal.says(&says).await {
        Some(said) => HttpResponse::SeeOther().insert_header(("Location", said.back)).finish(),
        None => HttpResponse::BadRequest().finish(),
    }
}

/// `POST /sandbox/consent`: the same for programs, with what is to go wrong.
async fn by_json(portal: Data<Portal>, body: Bytes) -> HttpResponse {
    let Ok(says) = serde_json::from_slice::<Says>(&body) else {
        let words: Vec<&str> = Wrong::ALL.iter().map(|(_, word)| *word).collect();
        let text = format!("address, and perhaps code, notify, wrong (one of {})\n", words.join(", "));
        return HttpResponse::BadRequest().body(text);
    };
    match portal.says(&says).await {
        Some(said) => HttpResponse::Ok().json(said),
        None => HttpResponse::NotFound().finish(),
    }
}

/// `POST /sandbox/notify`: tells the gateway what it was not told then.
async fn notify(portal: Data<Portal>, transaction: Bytes) -> HttpResponse {
    let transaction = String::from_utf8_lossy(&transaction).trim().to_owned();
    let later = lock(&portal.later).remove(&transaction);
    match later {
        Some(notice) => HttpResponse::Ok().json(json!({ "notified": portal.tell(&notice).await })),
        None => HttpResponse::NotFound().finish(),
    }
}

/// `GET /service/data`: hands a package out, once.
async fn data(portal: Data<Portal>, request: HttpRequest) -> HttpResponse {
    let ticket = request.headers().get("permission_ticket").and_then(|value| value.to_str().ok());
    let Some(ticket) = ticket.filter(|ticket| !ticket.is_empty()) else { return HttpResponse::BadRequest().finish() };
    let (ready, before) = {
        let mut all = lock(&portal.ready);
        let Some(ready) = all.get_mut(ticket) else { return HttpResponse::Forbidden().finish() };
        let before = ready.clone();
        ready.asked += 1;
        ready.taken |= !matches!(ready.wrong, Some(Wrong::Busy | Wrong::Failed | Wrong::Unknown)) || before.asked > 0;
        (ready.package.clone(), before)
    };
    match before.wrong {
        _ if before.taken => return HttpResponse::Created().finish(),
        Some(Wrong::Fetched) => return HttpResponse::Created().finish(),
        Some(Wrong::Unknown) => return HttpResponse::Forbidden().finish(),
        Some(Wrong::Failed) => return HttpResponse::GatewayTimeout().finish(),
        Some(Wrong::Busy) if before.asked == 0 => {
            return HttpResponse::TooManyRequests().insert_header(("Retry-After", "1")).finish();
        }
        Some(Wrong::Slow) => tokio::time::sleep(SLOW).await,
        Some(Wrong::Broken) => {
            let half = ready.get(..ready.len() / 2).unwrap_or_default().to_owned();
            let body = futures_util::stream::iter([
                Ok(Bytes::from(half)),
                Err(std::io::Error::other("the connection breaks here")),
            ]);
            return HttpResponse::Ok().streaming(body);
        }
        _ => {}
    }
    HttpResponse::Ok().content_type("application/jwe").body(ready)
}

/// `POST /connect/introspect`: whether a token is one the portal gave.
async fn introspect(portal: Data<Portal>, body: Bytes) -> HttpResponse {
    let form = std::str::from_utf8(&body).ok().and_then(Form::read);
    let token = form.as_ref().and_then(|form| form.one("token")).unwrap_or_default();
    let active = lock(&portal.tokens).contains_key(token);
    HttpResponse::Ok().json(json!({ "active": active, "verification": "CER", "scope": "sandbox" }))
}

/// `GET /connect/userinfo`: whose a token is.
async fn userinfo(portal: Data<Portal>, request: HttpRequest) -> HttpResponse {
    let token = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let token = token.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    let person = lock(&portal.tokens).get(token).cloned();
    match person {
        Some(person) => HttpResponse::Ok().json(json!({ "sub": "s", "uid": person, "uid_verified": true })),
        None => HttpResponse::Unauthorized().finish(),
    }
}
