//! Limits as callers see them: a party's place among its requests, the headers that say how it stands, the address of
//! who asks for a token.
//!
//! `RateLimit-Policy` and `RateLimit` have the form of draft-ietf-httpapi-ratelimit-headers-10.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpRequest};

use super::problem::Problem;
use crate::access::limits::{Entered, Standing, Unfinished};
use crate::app::App;
use crate::party::{Allowed, Party};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Gives a request of an authenticated party its place.
///
/// # Errors
/// 429 where it has too many.
pub fn enter(app: &App, request: &HttpRequest, party: &Party) -> Result<Arc<Entered>, Problem> {
    let allowed = Allowed::new(&app.config.limits, party.registration().limits);
    let (standing, entered) = app.limits.enter(&party.id, allowed, app.engine.clock.elapsed());
    request.extensions_mut().insert(standing);
    let entered = Arc::new(entered.map_err(Problem::limited)?);
    request.extensions_mut().insert(Arc::clone(&entered));
    Ok(entered)
}

/// Takes bytes of a body from its party; from nobody where nobody is authenticated, whose bodies are small.
///
/// # Errors
/// 429 where the party has sent too much of late.
pub fn take_bytes(app: &App, request: &HttpRequest, bytes: usize) -> Result<(), Problem> {
    let entered = request.extensions().get::<Arc<Entered>>().cloned();
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let taken = entered.map_or(Ok(()), |entered| entered.take_bytes(bytes, app.engine.clock.elapsed()));
    taken.map_err(Problem::limited)
}

/// Whether the request's party is authenticated and has its place.
#[must_use]
pub fn is_known(request: &HttpRequest) -> bool {
    request.extensions().get::<Arc<Entered>>().is_some()
}

/// A place for a body whose sender is nobody yet.
///
/// # Errors
/// 429 where its address has too many such bodies unfinished.
pub fn unfinished(app: &App, request: &HttpRequest) -> Result<Option<Unfinished>, Problem> {
    let Some(peer) = peer(request, &app.config.limits.proxies) else { return Ok(None) };
    app.limits.begin_body(peer, app.engine.clock.elapsed()).map(Some).map_err(Problem::limited)
}

/// The address that asks: the nearest that is not one of the operator's proxies.
#[must_use]
pub fn peer(request: &HttpRequest, proxies: &[IpAddr]) -> Option<IpAddr> {
    let is_proxy = |address: IpAddr| proxies.iter().any(|proxy| proxy.to_canonical() == address.to_canonical());
    let mut peer = request.peer_addr()?.ip();
    let said: Vec<&str> = request.headers().get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()).collect();
    for said in said.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(before) = said.trim().parse().ok().filter(|_| is_proxy(peer)) else { break };
        peer = before;
    }
    Some(peer)
}

/// The middleware: a request keeps its place until its answer is sent, and the answer says how the party stands.
///
/// # Errors
/// Only what inner middleware gives; handlers answer errors themselves.
pub async fn hold(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let entered = response.request().extensions_mut().remove::<Arc<Entered>>();
    let standing = response.request().extensions_mut().remove::<Standing>();
    if let Some(standing) = standing {
        tell(response.headers_mut(), &standing);
    }
    Ok(response.map_body(|_, body| Held { body: body.boxed(), _entered: entered }))
}

fn tell(headers: &mut HeaderMap, standing: &Standing) {
    let Standing { allowed, requests, bytes, concurrent } = standing;
    let (rate, burst) = (allowed.requests_per_second, allowed.burst);
    let policy = format!(
        "\"requests\";q={burst};w={}, \"bytes\";q={};qu=\"content-bytes\";w=60, \
         \"concurrent\";q={};qu=\"concurrent-requests\"",
        burst.div_ceil(rate.max(1)),
        allowed.bytes_per_minute,
        allowed.concurrent
    );
    let left = format!(
        "\"requests\";r={};t={}, \"bytes\";r={};t={}, \"concurrent\";r={concurrent}",
        requests.0, requests.1, bytes.0, bytes.1
    );
    for (name, value) in [(POLICY, policy), (LEFT, left)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// A body that holds its request's place until it is sent or given up.
struct Held {
    body: BoxBody,
    _entered: Option<Arc<Entered>>,
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_a_named_proxy_is_believed() {
        let proxy: IpAddr = "10.0.0.2".parse().unwrap();
        let peer = |from: &str, said: &str, proxies: &[IpAddr]| {
            let request = TestRequest::default().peer_addr(format!("{from}:9").parse().unwrap());
            peer(&request.insert_header(("x-forwarded-for", said)).to_http_request(), proxies).unwrap().to_string()
        };
        assert_eq!(peer("10.0.0.2", "203.0.113.9", &[]), "10.0.0.2");
        assert_eq!(peer("203.0.113.1", "203.0.113.9", &[proxy]), "203.0.113.1");
        assert_eq!(peer("10.0.0.2", "198.51.100.1, 203.0.113.9", &[proxy]), "203.0.113.9", "what it adds is last");
        assert_eq!(peer("10.0.0.2", "203.0.113.9, 10.0.0.2", &[proxy]), "203.0.113.9");
        assert_eq!(peer("10.0.0.2", "unknown", &[proxy]), "10.0.0.2");
    }
}
