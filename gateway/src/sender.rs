//! The one way out: a request to an address a partner named, to which nothing inside may be reached.
//!
//! In: a checked [`Target`], headers, a body. Out: status and the beginning of the answer, or what failed and whose
//! fault it is. Redirects, proxies, cookies and compression are off; connecting, the whole exchange and the answer
//! are bounded. It knows nothing of parties, claims or when to try again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Certificate, Client, Identity, Response};

pub mod address;
pub mod exchange;
pub mod mail;
mod resolver;

pub use address::{AddressError, Policy, Target};
pub use resolver::{Lookup, SystemLookup};

use resolver::CheckedResolver;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("ClaimGate/", env!("CARGO_PKG_VERSION")));
/// The most of an answer that is looked at.
const EXCERPT_BYTES: usize = 1_024;
/// The most of `Location` and `ETag` that is kept.
const MOST_OF_A_HEADER: usize = 1_024;
const CONNECT: Duration = Duration::from_secs(5);
/// How long a document may take: somebody waits for it.
const FETCH: Duration = Duration::from_secs(5);
/// Connections are not kept for an attacker's name to change behind them.
const IDLE: Duration = Duration::from_secs(30);

/// Sends. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    policy: Policy,
    total: Duration,
    identified: bool,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// `Retry-After`, as it was sent.
    pub retry_after: Option<String>,
    /// The beginning of the body, at most 1 KiB; the rest is never read.
    pub excerpt: Vec<u8>,
    /// `Location`, where a success made something.
    pub location: Option<String>,
    /// `ETag`, the version of what was made.
    pub etag: Option<String>,
}

/// A document that was fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Status.
    pub status: u16,
    /// `Content-Type`, as it was sent.
    pub content_type: Option<String>,
    /// `Cache-Control`, as it was sent.
    pub cache_control: Option<String>,
    /// The body; empty unless the status is 200.
    pub body: Vec<u8>,
}

/// Why no answer came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The name leads, at this moment, where nothing may be sent.
    #[error("the host's name leads to an address that may not be reached from here")]
    Forbidden,
    /// The name is unknown.
    #[error("the host's name cannot be resolved")]
    Unresolved,
    /// No connection, or TLS failed.
    #[error("no connection: refused, unreachable, or TLS failed")]
    Unconnected,
    /// Time ran out.
    #[error("no complete answer within {0} seconds")]
    TimedOut(u64),
    /// More than was asked for.
    #[error("the answer is larger than it may be")]
    TooLarge,
    /// The connection broke, or what came was no HTTP.
    #[error("the connection broke before an answer was complete, or the answer was no HTTP")]
    Broken,
    /// Our own fault: a header that cannot be sent.
    #[error("the request cannot be written")]
    Unsendable,
    /// Our own fault: the receiver asks for a client certificate, and the gateway has none.
    #[error("the gateway has no client certificate; the operator sets webhooks.client_certificate and client_key")]
    Anonymous,
}

impl SendError {
    /// Whether it is certain that no byte of the request went out.
    #[must_use]
    pub fn nothing_left(self) -> bool {
        match self {
            Self::Forbidden | Self::Unresolved | Self::Unconnected | Self::Unsendable | Self::Anonymous => true,
            Self::TimedOut(_) | Self::Broken | Self::TooLarge => false,
        }
    }

    /// The stable word for records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "address-forbidden",
            Self::Unresolved => "name-unresolved",
            Self::Unconnected => "not-connected",
            Self::TimedOut(_) => "timed-out",
            Self::TooLarge => "answer-too-large",
            Self::Broken => "answer-broken",
            Self::Unsendable => "unsendable",
            Self::Anonymous => "no-client-certificate",
        }
    }
}

/// A sender that cannot be built: TLS roots that are no certificates.
#[derive(Debug, thiserror::Error)]
#[error("the outbound HTTP client cannot be built: {0}")]
pub struct SenderError(#[from] reqwest::Error);

impl Sender {
    /// A sender under a policy, with further certificate authorities (PEM) beside the system's.
    ///
    /// # Errors
    /// Authorities that are no certificates.
    pub fn new(
        policy: Policy,
        total: Duration,
        authorities: &[Vec<u8>],
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, SenderError> {
        Self::identified(policy, total, (authorities, None), lookup)
    }

    /// The same with a client certificate and its key (PEM, both in one text), shown to servers that ask for one (mTLS).
    ///
    /// # Errors
    /// Authorities that are no certificates, or an identity that is none.
    #[expect(clippy::disallowed_methods, reason = "the one place that opens sockets to partners")]
    pub fn identified(
        policy: Policy,
        total: Duration,
        (authorities, identity): (&[Vec<u8>], Option<&[u8]>),
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, SenderError> {
        let mut roots = Vec::new();
        for pem in authorities {
            roots.extend(Certificate::from_pem_bundle(pem)?);
        }
        let mut builder = Client::builder();
        if let Some(pem) = identity {
            builder = builder.identity(Identity::from_pem(pem)?);
        }
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            // Whatever other crates switch on: endpoints are told over HTTP/1.1.
            .http1_only()
            .https_only(!policy.loopback)
            .dns_resolver(Arc::new(CheckedResolver::new(policy.clone(), lookup)))
            .tls_certs_merge(roots)
            .connect_timeout(CONNECT)
            .timeout(total)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(4)
            .build()?;
        Ok(Self { client, policy, total, identified: identity.is_some() })
    }

    /// What may be reached.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether it has a client certificate, or none is needed on this machine itself.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        self.identified || self.policy.loopback
    }

    /// Posts a body. Any status is an answer.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn post(
        &self,
        target: &Target,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Reply, SendError> {
        let mut all = HeaderMap::new();
        all.insert(USER_AGENT, AGENT);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| SendError::Unsendable)?;
            all.insert(HeaderName::from_static(name), value);
        }
        let request = self.client.post(target.url().clone()).headers(all).body(body);
        let response = request.send().await.map_err(|error| failed(&error, self.total))?;
        self.check_peer(&response)?;
        self.read(response).await
    }

    /// Gets a document of at most so many bytes, within five seconds. Any status is an answer; a redirect is one too and
    /// is not followed.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn get(&self, target: &Target, accept: &'static str, most: usize) -> Result<Fetched, SendError> {
        let mut all = HeaderMap::new();
        all.insert(USER_AGENT, AGENT);
        all.insert(ACCEPT, HeaderValue::from_static(accept));
        let within = FETCH.min(self.total);
        let request = self.client.get(target.url().clone()).headers(all).timeout(within);
        let broken = |error: reqwest::Error| failed(&error, within);
        let mut response = request.send().await.map_err(broken)?;
        self.check_peer(&response)?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let (content_type, cache_control) =
            (header(CONTENT_TYPE).map(ToOwned::to_owned), header(CACHE_CONTROL).map(ToOwned::to_owned));
        let mut body = Vec::new();
        if status == 200 {
            while let Some(chunk) = response.chunk().await.map_err(broken)? {
                if body.len() + chunk.len() > most {
                    return Err(SendError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
        }
        Ok(Fetched { status, content_type, cache_control, body })
    }

    /// Asks a service of the operator's own: POST with a body, GET without. Whatever the status, its answer of at most so many
    /// bytes is read, within five seconds; a redirect is an answer and is not followed.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn exchange(
        &self,
        target: &Target,
        headers: &[(&'static str, String)],
        body: Option<Vec<u8>>,
        most: usize,
    ) -> Result<Fetched, SendError> {
        let mut all = HeaderMap::new();
        all.insert(USER_AGENT, AGENT);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| SendError::Unsendable)?;
            all.insert(HeaderName::from_static(name), value);
        }
        let within = FETCH.min(self.total);
        let url = target.url().clone();
        let request = match body {
            Some(body) => self.client.post(url).body(body),
            None => self.client.get(url),
        };
        let broken = |error: reqwest::Error| failed(&error, within);
        let mut response = request.headers(all).timeout(within).send().await.map_err(broken)?;
        self.check_peer(&response)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > most {
                return Err(SendError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched { status, content_type: None, cache_control: None, body })
    }

    /// Behind the resolver's check: a connection that came to be in another way is not trusted either.
    fn check_peer(&self, response: &Response) -> Result<(), SendError> {
        let allowed = response.remote_addr().is_some_and(|peer: SocketAddr| self.policy.allows(peer.ip()));
        if allowed { Ok(()) } else { Err(SendError::Forbidden) }
    }

    async fn read(&self, mut response: Response) -> Result<Reply, SendError> {
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.filter(|text| text.len() <= 64).map(ToOwned::to_owned);
        let kept = |name| {
            let text = response.headers().get(name).and_then(|value| value.to_str().ok());
            text.filter(|text| text.len() <= MOST_OF_A_HEADER).map(ToOwned::to_owned)
        };
        let (location, etag) = (kept(LOCATION), kept(ETAG));
        let mut excerpt = Vec::new();
        // A success is one at its status line; only of a failure are some words wanted.
        while !(200..300).contains(&status) && excerpt.len() < EXCERPT_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => excerpt.extend(chunk.iter().take(EXCERPT_BYTES - excerpt.len())),
                // The status line is the answer; a body that breaks off takes nothing of it back.
                Ok(None) | Err(_) => break,
            }
        }
        Ok(Reply { status, retry_after, excerpt, location, etag })
    }
}

fn failed(error: &reqwest::Error, within: Duration) -> SendError {
    if let Some(refused) = resolver::refusal(error) {
        return refused;
    }
    // Also a connection that takes too long is none.
    if error.is_connect() {
        SendError::Unconnected
    } else if error.is_timeout() {
        SendError::TimedOut(within.as_secs())
    } else if error.is_builder() {
        SendError::Unsendable
    } else {
        SendError::Broken
    }
}

#[cfg(test)]
mod tests;
