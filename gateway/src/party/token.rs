//! What access tokens a party may hold, and by which certificate it is known.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Registration, Role};

/// Whether a party's access tokens must be bound to something of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenRule {
    /// Whoever holds the token may use it; a party that asks with a proof or a certificate gets a bound one all the
    /// same. Of an insurer outside a sandbox this says: bound, as it likes.
    #[default]
    Bearer,
    /// None without a proof (DPoP, RFC 9449), neither given nor taken.
    Dpop,
    /// None without the client certificate of the connection (RFC 8705 §3), neither given nor taken.
    Mtls,
}

/// What a party's tokens must be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing.
    Free,
    /// A key or a certificate.
    Either,
    /// A key (DPoP).
    Key,
    /// A certificate (mTLS).
    Certificate,
}

impl Binding {
    /// Whether a token bound like this is enough.
    #[must_use]
    pub fn holds(self, key: bool, certificate: bool) -> bool {
        match self {
            Self::Free => true,
            Self::Either => key || certificate,
            Self::Key => key,
            Self::Certificate => certificate,
        }
    }
}

/// By which client certificate a party proves itself at the token endpoint, in place of an assertion (RFC 8705 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateRule {
    /// One of a trusted authority with this subject, as RFC 4514 writes it (`tls_client_auth_subject_dn`).
    SubjectDn(String),
    /// One of a trusted authority for this DNS name (`tls_client_auth_san_dns`).
    SanDns(String),
    /// One of a trusted authority for this URI (`tls_client_auth_san_uri`).
    SanUri(String),
    /// One of a trusted authority for this IP address (`tls_client_auth_san_ip`).
    SanIp(IpAddr),
    /// One of a trusted authority for this e-mail address (`tls_client_auth_san_email`).
    SanEmail(String),
    /// Any whose key is one of the party's keys with use `sig` (`self_signed_tls_client_auth`).
    SelfSigned,
}

/// What a registration says of tokens and certificates and may not.
pub(super) fn broken(registration: &Registration) -> Option<&'static str> {
    let hospital = registration.role == Role::Hospital;
    if hospital && registration.token.is_some() {
        return Some("token: only an insurer or an app carries a rule for its tokens");
    }
    if hospital && registration.certificate.is_some() {
        return Some("certificate: a hospital proves itself by a signed assertion (SMART Backend Services)");
    }
    let text = match registration.certificate.as_ref()? {
        CertificateRule::SubjectDn(text)
        | CertificateRule::SanDns(text)
        | CertificateRule::SanUri(text)
        | CertificateRule::SanEmail(text) => text,
        CertificateRule::SanIp(_) | CertificateRule::SelfSigned => return None,
    };
    let plain = (1..=512).contains(&text.len()) && !text.chars().any(char::is_control) && text.trim() == text;
    (!plain).then_some("certificate: the name is 1 to 512 bytes without control characters or spaces around it")
}
