//! The kit for a data provider (資料提供者) of MyData, such as a police bureau: one address that the platform calls, apart
//! from the gateway and without its database.
//!
//! In: the platform's call with a token of a person. Out: a signed archive of that person's case, or why not. The token is
//! worth what the platform says of it at that moment. Nothing of a person is written down here.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Data, get};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::mydata::{NotPacked, Signer};
use claimgate_packet::jose::json::{Limits, parse_object};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::sender::exchange::Ask;
use crate::sender::{AddressError, SendError, Sender, Target};

mod cases;

pub use cases::{Cases, NoCase};

/// What the platform says of a token is small.
const ANSWER: Limits = Limits { bytes: 64 << 10, depth: 6, members: 500 };
/// How long the platform may take to say it.
const WITHIN: Duration = Duration::from_secs(10);
/// Characters of a token.
const TOKEN: usize = 4_096;

/// A provider of one data set.
pub struct Provider {
    introspect: Target,
    userinfo: Target,
    secret: Zeroizing<String>,
    verifications: Vec<String>,
    header: String,
    cases: Cases,
    signer: Signer,
    sender: Sender,
    clock: Clock,
}

claimgate_packet::opaque_debug!(Provider);

/// How the platform and the provider know one another.
pub struct Agreed<'a> {
    /// The platform's address.
    pub platform: &'a str,
    /// The data set's id (resource id).
    pub resource: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// Ways of identification (驗證方式) that are enough, such as `CER`; empty: any.
    pub verifications: Vec<String>,
    /// The header, in lower case, in which a person's choice of a case comes.
    pub header: &'a str,
}

claimgate_packet::opaque_debug!(Agreed<'_>);

/// Why a call brings no archive.
enum No {
    Token,
    Verification,
    Case(NoCase),
    Platform,
    Packing(NotPacked),
}

impl Provider {
    /// One that signs so and has these cases.
    ///
    /// # Errors
    /// The platform's address is none that may be reached.
    pub fn new(
        agreed: Agreed<'_>,
        (cases, signer): (Cases, Signer),
        sender: Sender,
        clock: Clock,
    ) -> Result<Self, AddressError> {
        let at = |path: &str| Target::parse(&format!("{}{path}", agreed.platform), sender.policy());
        Ok(Self {
            introspect: at("/connect/introspect")?,
            userinfo: at("/connect/userinfo")?,
            secret: Zeroizing::new(STANDARD.encode(format!("{}:{}", agreed.resource, agreed.secret))),
            verifications: agreed.verifications,
            header: agreed.header.to_owned(),
            cases,
            signer,
            sender,
            clock,
        })
    }

    /// Serves on a socket until the server is told to stop.
    ///
    /// # Errors
    /// The socket cannot be used.
    pub fn serve(self, listener: TcpListener) -> std::io::Result<Server> {
        let provider = Data::from(Arc::new(self));
        let app = move || App::new().app_data(provider.clone()).route("/", get().to(hand_out));
        let server =
            HttpServer::new(app).workers(2).max_connections(128).client_request_timeout(Duration::from_secs(5));
        Ok(server.listen(listener)?.run())
    }

    async fn archive(&self, request: &HttpRequest) -> Result<Vec<u8>, No> {
        let mut shown = request.headers().get_all(AUTHORIZATION);
        let (Some(shown), None) = (shown.next(), shown.next()) else { return Err(No::Token) };
        let token = shown.to_str().ok().and_then(|text| text.strip_prefix("Bearer mydata::")).ok_or(No::Token)?;
        let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
        if !plain || !(1..=TOKEN).contains(&token.len()) {
            return Err(No::Token);
        }
        self.check(token).await?;
        let bearer = [("authorization", format!("Bearer {token}"))];
        let person = self.ask(&self.userinfo, &bearer, None).await?;
        let verified = person.get("uid_verified").is_none_or(|value| value == true || value == "true");
        let number = person.get("uid").and_then(Value::as_str).filter(|_| verified).ok_or(No::Token)?;
        let chosen = request.headers().get(self.header.as_str()).and_then(|value| value.to_str().ok());
        let files = self.cases.of(number.trim(), chosen).map_err(No::Case)?;
        self.signer.pack(&files).map_err(No::Packing)
    }

    /// Whether a token counts now, and whoever it is of was identified well enough.
    async fn check(&self, token: &str) -> Result<(), No> {
        let headers = [
            ("authorization", format!("Basic {}", self.secret.as_str())),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        let body = token.bytes().fold("token=".to_owned(), |all, byte| format!("{all}%{byte:02X}"));
        let said = self.ask(&self.introspect, &headers, Some(body.into_bytes())).await?;
        let now = self.clock.now().as_second();
        let second = |name: &str| said.get(name).and_then(Value::as_i64);
        let in_force = second("nbf").is_none_or(|from| from <= now) && second("exp").is_none_or(|until| now < until);
        if said.get("active") != Some(&Value::Bool(true)) || !in_force {
            return Err(No::Token);
        }
        let way = said.get("verification").and_then(Value::as_str).unwrap_or_default();
        let enough = self.verifications.is_empty() || self.verifications.iter().any(|known| known == way);
        if enough { Ok(()) } else { Err(No::Verification) }
    }

    async fn ask(
        &self,
        target: &Target,
        headers: &[(&'static str, String)],
        body: Option<Vec<u8>>,
    ) -> Result<Map<String, Value>, No> {
        let ask = Ask { headers, body, most: ANSWER.bytes, within: WITHIN };
        let answer = self.sender.ask(target, ask).await.map_err(|_: SendError| No::Platform)?;
        match answer.status {
            200 => parse_object(&answer.body, ANSWER).map_err(|_| No::Platform),
            400 | 401 | 403 => Err(No::Token),
            _ => Err(No::Platform),
        }
    }
}

/// `GET /`: the platform asks for the data set of a person.
async fn hand_out(provider: Data<Provider>, request: HttpRequest) -> HttpResponse {
    let (status, code) = match provider.archive(&request).await {
        Ok(archive) => {
            tracing::info!(bytes = archive.len(), "a case was handed to the platform");
            return HttpResponse::Ok()
                .insert_header(("Cache-Control", "no-store"))
                .content_type("application/zip")
                .body(archive);
        }
        Err(No::Case(NoCase::None)) => return HttpResponse::NoContent().finish(),
        Err(No::Token) => (401, "token"),
        Err(No::Verification) => (403, "verification"),
        Err(No::Case(NoCase::Several)) => (409, "several-cases"),
        Err(No::Case(NoCase::Unreadable)) => (503, "cases-unreadable"),
        Err(No::Case(NoCase::TooLarge)) => (500, "case-too-large"),
        Err(No::Platform) => (503, "platform-unreachable"),
        Err(No::Packing(why)) => {
            tracing::error!(%why, "a case cannot be packed");
            (500, "case-unpacked")
        }
    };
    tracing::warn!(status, code, "a call of the platform was refused");
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    let mut response = HttpResponse::build(status);
    if status == 401 {
        response.insert_header(("WWW-Authenticate", "Bearer error=\"invalid_token\""));
    }
    response.json(serde_json::json!({ "code": code }))
}
