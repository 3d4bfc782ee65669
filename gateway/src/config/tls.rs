//! Section `tls`: the gateway's own certificate, and whose client certificates count.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// Section `tls`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The server's certificate and those between it and its authority (PEM); empty: TLS ends in front.
    pub certificate: PathBuf,
    /// Its private key (PEM); empty exactly where `certificate` is.
    pub key: PathBuf,
    /// Files of authorities whose client certificates prove a party (PEM).
    pub client_authorities: Vec<PathBuf>,
    /// Seconds a handshake may take.
    pub handshake_seconds: u64,
    /// Handshakes in hand at once, per worker.
    pub handshakes_at_once: usize,
    /// Proxies whose `Client-Cert` header (RFC 9440) is the certificate of the connection to them.
    pub client_cert_from: Vec<IpAddr>,
}

impl Tls {
    /// Whether the gateway's own listener speaks TLS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }

    /// The rule that does not hold, if there is one.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let rules = [
            (
                self.is_on() != self.key.as_os_str().is_empty(),
                "tls.certificate and tls.key belong together: both, or none where TLS ends in front",
            ),
            ((1..=60).contains(&self.handshake_seconds), "tls.handshake_seconds is 1 to 60"),
            ((1..=4_096).contains(&self.handshakes_at_once), "tls.handshakes_at_once is 1 to 4096"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
    }
}
