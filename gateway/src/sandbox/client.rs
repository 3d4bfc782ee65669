//! A party's HTTP client: the one place that opens outbound sockets. Redirects, proxies and cookies are off,
//! every request has a deadline, every answer a size.

use std::sync::Mutex;
use std::time::Duration;

use claimgate_packet::jose::jwk::PrivateJwk;
use jiff::Timestamp;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::access::assertion::ASSERTION_TYPE;
use crate::access::dpop::{self, Draft};
use crate::access::jwt;
use crate::clock::Clock;
use crate::id::{Random, RequestId};
use crate::party::AuthProfile;

/// The largest answer read.
const ANSWER_BYTES: usize = 32 << 20;

/// Who a client is and how it proves itself.
#[derive(Debug)]
pub struct Identity {
    /// `client_id`.
    pub id: String,
    /// How it proves itself.
    pub profile: AuthProfile,
    /// Its key for signatures.
    pub key: PrivateJwk,
}

/// A party's client.
#[derive(Debug)]
pub struct PartyClient {
    http: reqwest::Client,
    base: String,
    /// Where its connections go, if not to `base`.
    door: Option<String>,
    identity: Identity,
    clock: Clock,
    random: Random,
    token: Option<String>,
    /// The key its tokens are bound to.
    bound: Option<PrivateJwk>,
    /// What the gateway wants to see in the next proof.
    nonce: Mutex<Option<String>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The network.
    #[error("the gateway cannot be reached: {0}")]
    Network(#[from] reqwest::Error),
    /// An answer that was not expected.
    #[error("{what}: the gateway answered {status}: {body}")]
    Unexpected {
        /// Which call.
        what: &'static str,
        /// Its status.
        status: u16,
        /// Its body, which holds no personal data.
        body: String,
    },
    /// An answer that cannot be read.
    #[error("{0}: the answer is not of the documented form")]
    Form(&'static str),
    /// A signature could not be made.
    #[error("the client assertion cannot be made: {0}")]
    Assertion(#[from] jwt::JwtError),
    /// A receipt that cannot be signed.
    #[error("a receipt cannot be signed: {0}")]
    Receipt(#[from] claimgate_packet::receipt::Refusal),
    /// A packet that does not open.
    #[error("a packet does not open: {0}")]
    Packet(#[from] claimgate_packet::open::OpenError),
    /// An attachment that is not the one its packet names.
    #[error("an attachment does not open: {0}")]
    Attachment(#[from] claimgate_packet::open::AttachmentError),
}

/// A client with the settings every outbound connection has here.
///
/// # Errors
/// The client cannot be built.
#[expect(clippy::disallowed_methods, reason = "this is the one place that opens outbound sockets")]
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_mins(1))
        .build()
}

impl PartyClient {
    /// A client of the gateway at this address.
    ///
    /// # Errors
    /// The client cannot be built.
    pub fn new(base: &str, identity: Identity, clock: Clock, random: Random) -> Result<Self, ClientError> {
        let (http, base) = (http_client()?, base.to_owned());
        Ok(Self { http, base, door: None, identity, clock, random, token: None, bound: None, nonce: Mutex::default() })
    }

    /// From the next token on a plain bearer.
    pub fn unbind(&mut self) {
        (self.bound, self.token) = (None, None);
    }

    /// The same with tokens bound to a key (DPoP): every request carries a proof of it.
    #[must_use]
    pub fn bound_to(self, key: PrivateJwk) -> Self {
        Self { bound: Some(key), ..self }
    }

    /// From now on through one of several processes that serve the same address: what it signs still names that one.
    pub fn through(&mut self, door: &str) {
        self.door = Some(door.to_owned());
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.identity.id
    }

    /// The key it proves itself and signs receipts with.
    #[must_use]
    pub fn key(&self) -> &PrivateJwk {
        &self.identity.key
    }

    /// The time by its clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The access token it holds.
    #[must_use]
    pub fn access_token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Discovers the token endpoint, proves itself with a fresh assertion and keeps the token.
    ///
    /// # Errors
    /// Anything but a token.
    pub async fn authenticate(&mut self) -> Result<(), ClientError> {
        let found = self.call(Method::GET, "/.well-known/smart-configuration", &[], Vec::new()).await?;
        let found = found.json("discovery")?;
        let text = |name: &str| found.get(name).and_then(Value::as_str).ok_or(ClientError::Form("discovery"));
        let (issuer, token_url) = (text("issuer")?, text("token_endpoint")?);
        let audience = match self.identity.profile {
            AuthProfile::Smart => token_url,
            AuthProfile::Fapi => issuer,
        };
        let assertion = self.assertion(audience)?;
        let form = format!(
            "grant_type=client_credentials&client_assertion_type={}&client_assertion={assertion}",
            ASSERTION_TYPE.replace(':', "%3A")
        );
        let path = token_url.strip_prefix(issuer).unwrap_or("/oauth/token").to_owned();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        // The one before belongs to no token request.
        self.token = None;
        let answer = self.call(Method::POST, &path, &headers, form.into_bytes()).await?.expect("token", 200)?;
        let token = answer.json("token")?;
        self.token = token.get("access_token").and_then(Value::as_str).map(ToOwned::to_owned);
        Ok(())
    }

    /// A fresh client assertion for an audience.
    ///
    /// # Errors
    /// A key that cannot sign.
    pub fn assertion(&self, audience: &str) -> Result<String, ClientError> {
        let now = self.clock.now();
        let claims = json!({
            "iss": self.identity.id,
            "sub": self.identity.id,
            "aud": audience,
            "iat": now.as_second(),
            "exp": now.as_second() + 120,
            "jti": RequestId::new(now, &self.random).to_string(),
        });
        Ok(jwt::write(&self.identity.key, "JWT", &claims)?)
    }

    /// A fresh proof (DPoP) for a request, where its tokens are bound to a key.
    ///
    /// # Errors
    /// A key that cannot sign.
    pub fn proof(&self, method: &Method, path: &str) -> Result<Option<String>, ClientError> {
        let Some(key) = &self.bound else { return Ok(None) };
        let (now, url) = (self.clock.now(), format!("{}{path}", self.base));
        let jti = RequestId::new(now, &self.random).to_string();
        let nonce = self.nonce.lock().ok().and_then(|nonce| nonce.clone());
        let url = url.split('?').next().unwrap_or_default();
        let draft =
            Draft { method: method.as_str(), url, token: self.access_token(), nonce: nonce.as_deref(), jti: &jti };
        Ok(Some(dpop::write(key, &draft, now)?))
    }

    /// Sends a request, with the token if there is one, and once more where the gateway wants a nonce in the proof.
    ///
    /// # Errors
    /// The network, or an answer beyond the size limit.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, ClientError> {
        let again = self.bound.as_ref().map(|_| body.clone());
        let answer = self.send(&method, path, headers, body).await?;
        let Some(nonce) = answer.header("dpop-nonce") else { return Ok(answer) };
        if let Ok(mut kept) = self.nonce.lock() {
            *kept = Some(nonce.to_owned());
        }
        match again {
            Some(body) if !answer.status.is_success() => self.send(&method, path, headers, body).await,
            _ => Ok(answer),
        }
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, ClientError> {
        let door = self.door.as_deref().unwrap_or(&self.base);
        let mut request = self.http.request(method.clone(), format!("{door}{path}"));
        let proof = self.proof(method, path)?;
        if let Some(token) = &self.token {
            let scheme = if proof.is_some() { "DPoP" } else { "Bearer" };
            request = request.header("authorization", format!("{scheme} {token}"));
        }
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.body(body).send().await?).await
    }
}

impl Answer {
    pub(super) async fn read(mut response: Response) -> Result<Self, ClientError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(ClientError::Form("an answer beyond the size limit"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status, headers, body })
    }

    /// The answer, if it has this status.
    ///
    /// # Errors
    /// Another status, with the body as the reason.
    pub fn expect(self, what: &'static str, status: u16) -> Result<Self, ClientError> {
        if self.status.as_u16() == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body).into_owned();
        Err(ClientError::Unexpected { what, status: self.status.as_u16(), body })
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self, what: &'static str) -> Result<Value, ClientError> {
        serde_json::from_slice(&self.body).map_err(|_| ClientError::Form(what))
    }
}
