//! The one way out: a request to an address a partner named, to which nothing inside may be reached.
//!
//! In: a checked [`Target`], headers, a body. Out: status and the beginning of the answer, or what failed and whose
//! fault it is. Redirects, proxies, cookies and compression are off; connecting, the whole exchange and the answer
//! are bounded. It knows nothing of parties, claims or when to try again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::{Certificate, Client, Response};

pub mod address;
pub mod mail;
mod resolver;

pub use address::{AddressError, Policy, Target};
pub use resolver::{Lookup, SystemLookup};

use resolver::CheckedResolver;

/// The most of an answer that is looked at.
const EXCERPT_BYTES: usize = 1_024;
const CONNECT: Duration = Duration::from_secs(5);
/// Connections are not kept for an attacker's name to change behind them.
const IDLE: Duration = Duration::from_secs(30);

/// Sends. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    policy: Policy,
    total: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// `Retry-After`, as it was sent.
    pub retry_after: Option<String>,
    /// The beginning of the body, at most 1 KiB; the rest is never read.
    pub excerpt: Vec<u8>,
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
    /// The connection broke, or what came was no HTTP.
    #[error("the connection broke before an answer was complete, or the answer was no HTTP")]
    Broken,
    /// Our own fault: a header that cannot be sent.
    #[error("the request cannot be written")]
    Unsendable,
}

impl SendError {
    /// The stable word for records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "address-forbidden",
            Self::Unresolved => "name-unresolved",
            Self::Unconnected => "not-connected",
            Self::TimedOut(_) => "timed-out",
            Self::Broken => "answer-broken",
            Self::Unsendable => "unsendable",
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
    #[expect(clippy::disallowed_methods, reason = "the one place that opens sockets to partners")]
    pub fn new(
        policy: Policy,
        total: Duration,
        authorities: &[Vec<u8>],
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, SenderError> {
        let mut roots = Vec::new();
        for pem in authorities {
            roots.extend(Certificate::from_pem_bundle(pem)?);
        }
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(!policy.loopback)
            .dns_resolver(Arc::new(CheckedResolver::new(policy.clone(), lookup)))
            .tls_certs_merge(roots)
            .connect_timeout(CONNECT)
            .timeout(total)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(4)
            .build()?;
        Ok(Self { client, policy, total })
    }

    /// What may be reached.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
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
        all.insert(USER_AGENT, HeaderValue::from_static(concat!("ClaimGate/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| SendError::Unsendable)?;
            all.insert(HeaderName::from_static(name), value);
        }
        let request = self.client.post(target.url().clone()).headers(all).body(body);
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        if !response.remote_addr().is_none_or(|peer: SocketAddr| self.policy.allows(peer.ip())) {
            // Behind the resolver's check: a connection that came to be in another way is not trusted either.
            return Err(SendError::Forbidden);
        }
        self.read(response).await
    }

    async fn read(&self, mut response: Response) -> Result<Reply, SendError> {
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.filter(|text| text.len() <= 64).map(ToOwned::to_owned);
        let mut excerpt = Vec::new();
        // A success is one at its status line; only of a failure are some words wanted.
        while !(200..300).contains(&status) && excerpt.len() < EXCERPT_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => excerpt.extend(chunk.iter().take(EXCERPT_BYTES - excerpt.len())),
                Ok(None) => break,
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(Reply { status, retry_after, excerpt })
    }

    fn failed(&self, error: &reqwest::Error) -> SendError {
        if let Some(refused) = resolver::refusal(error) {
            return refused;
        }
        if error.is_timeout() {
            SendError::TimedOut(self.total.as_secs())
        } else if error.is_connect() {
            SendError::Unconnected
        } else if error.is_builder() {
            SendError::Unsendable
        } else {
            SendError::Broken
        }
    }
}

#[cfg(test)]
mod tests;
