//! The client certificate of a request: the one of its connection, or the one a trusted proxy says it was shown
//! (`Client-Cert`, RFC 9440). What anybody else writes into that header is not looked at.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::rt::net::TcpStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::certificate::PeerCertificate;

const OWN: HeaderName = HeaderName::from_static("client-cert");
const CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");

/// Notes the certificate of a new connection beside it.
pub fn note(stream: &dyn Any, beside: &mut Extensions) {
    let Some(stream) = stream.downcast_ref::<TlsStream<TcpStream>>() else { return };
    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
    if let Some(certificate) = PeerCertificate::new(shown.iter().map(|one| one.to_vec()).collect()) {
        beside.insert(Arc::new(certificate));
    }
}

/// The certificate of whoever makes this request; nothing where it showed none.
#[must_use]
pub fn of(request: &HttpRequest, proxies: &[IpAddr]) -> Option<Arc<PeerCertificate>> {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    if proxies.iter().any(|proxy| Some(proxy.to_canonical()) == peer) {
        // Its own certificate, if it has one, is not its callers'.
        return said(request.headers()).map(Arc::new);
    }
    request.conn_data::<Arc<PeerCertificate>>().cloned()
}

/// One byte sequence in `Client-Cert`, and as many as there are in `Client-Cert-Chain` (RFC 9440 §2.2, §2.3).
fn said(headers: &HeaderMap) -> Option<PeerCertificate> {
    let mut values = headers.get_all(OWN);
    let (Some(own), None) = (values.next(), values.next()) else { return None };
    let mut chain = vec![byte_sequence(own.to_str().ok()?)?];
    for line in headers.get_all(CHAIN) {
        for one in line.to_str().ok()?.split(',') {
            chain.push(byte_sequence(one)?);
        }
    }
    PeerCertificate::new(chain)
}

/// A byte sequence (RFC 9651 §3.3.5) without parameters.
fn byte_sequence(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.trim().strip_prefix(':')?.strip_suffix(':')?).ok()
}
