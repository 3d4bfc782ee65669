//! Who asks: the client id with its prefix (OpenID4VP 1.0 §5.9). The whole text is the audience of every answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::digest::sha256_text;
use serde::{Deserialize, Serialize};

use crate::wallet::trust::host_of;

/// A verifier as wallets know it. Prefixes that are not here are never used nor accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "prefix", content = "id", rename_all = "snake_case")]
pub enum Client {
    /// `x509_san_dns:`: a DNS name of the certificate that signs the request.
    X509SanDns(String),
    /// `x509_hash:`: the certificate's SHA-256, base64url (HAIP).
    X509Hash(String),
    /// `decentralized_identifier:`: a DID.
    DecentralizedIdentifier(String),
    /// `redirect_uri:`: the response address itself; such a request is never signed.
    RedirectUri(String),
    /// A bare DID, without prefix: what TWDIW's wallet expects.
    BareDid(String),
}

impl Client {
    /// Of a certificate in DER.
    #[must_use]
    pub fn of_certificate(der: &[u8]) -> Self {
        Self::X509Hash(sha256_text(der))
    }

    /// The whole client id: `client_id` of the request and `aud` of the answer.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::X509SanDns(name) => format!("x509_san_dns:{name}"),
            Self::X509Hash(hash) => format!("x509_hash:{hash}"),
            Self::DecentralizedIdentifier(did) => format!("decentralized_identifier:{did}"),
            Self::RedirectUri(uri) => format!("redirect_uri:{uri}"),
            Self::BareDid(did) => did.clone(),
        }
    }

    /// Whether its requests are signed.
    #[must_use]
    pub fn signs(&self) -> bool {
        !matches!(self, Self::RedirectUri(_))
    }

    /// Whether it may have its answers sent to an address: a DNS name must be the address's own, a redirect URI the
    /// address itself.
    #[must_use]
    pub fn owns(&self, response_uri: &str) -> bool {
        match (self, host_of(response_uri)) {
            (_, None) => false,
            (Self::X509SanDns(name), Some(host)) => name.eq_ignore_ascii_case(&host),
            (Self::RedirectUri(uri), Some(_)) => uri == response_uri,
            (Self::X509Hash(_) | Self::DecentralizedIdentifier(_) | Self::BareDid(_), Some(_)) => true,
        }
    }
}

/// The header member `x5c` of a signed request: the leaf and its issuers without the anchor, in DER.
#[must_use]
pub fn x5c(certificates: &[Vec<u8>]) -> Vec<String> {
    certificates.iter().map(|der| STANDARD.encode(der)).collect()
}
