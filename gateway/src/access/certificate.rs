//! Client certificates (RFC 8705): the one a caller showed, its fingerprint, and whether it is the one a party registered.
//!
//! In: DER, of which nothing is trusted but that its holder has the key. Out: a thumbprint tokens are bound to, and
//! answers. Whether an authority stands behind it, somebody else says; names count only after that.

use std::net::IpAddr;

use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PublicJwk};
use claimgate_packet::jose::{base64url, digest};
use jiff::Timestamp;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::party::CertificateRule;

/// Bytes of one certificate.
const MOST_BYTES: usize = 16 << 10;
/// Certificates between the caller's and its authority.
const MOST_BETWEEN: usize = 4;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The certificate a caller showed, with those it sent along.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    chain: Vec<Vec<u8>>,
    thumbprint: String,
}

// It may name a person.
claimgate_packet::opaque_debug!(PeerCertificate);

impl PeerCertificate {
    /// A chain as it came, the caller's own first; nothing where it is longer or larger than any chain of use.
    #[must_use]
    pub fn new(chain: Vec<Vec<u8>>) -> Option<Self> {
        let own = chain.first()?;
        if chain.len() > MOST_BETWEEN + 1 || chain.iter().any(|one| one.is_empty() || one.len() > MOST_BYTES) {
            return None;
        }
        let thumbprint = digest::sha256_text(own);
        Some(Self { chain, thumbprint })
    }

    /// SHA-256 of the certificate, base64url (`x5t#S256`, RFC 8705 §3.1).
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The certificates in DER, the caller's own first.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    fn read(&self) -> Option<Certificate> {
        Certificate::from_der(self.chain.first()?).ok()
    }

    /// Whether it bears the registered name. Ask only once an authority stands behind it.
    #[must_use]
    pub fn is_named(&self, rule: &CertificateRule) -> bool {
        let Some(read) = self.read() else { return false };
        let body = read.tbs_certificate();
        match rule {
            CertificateRule::SubjectDn(text) => {
                // Written anew on both sides, so that spaces and escapes of another writer do not matter.
                let subject = body.subject();
                !subject.is_empty() && text.parse::<Name>().is_ok_and(|name| name.to_string() == subject.to_string())
            }
            CertificateRule::SanDns(_)
            | CertificateRule::SanUri(_)
            | CertificateRule::SanIp(_)
            | CertificateRule::SanEmail(_) => {
                let Ok(Some((_, names))) = body.get_extension::<SubjectAltName>() else { return false };
                names.0.iter().any(|name| is_same(rule, name))
            }
            CertificateRule::SelfSigned => false,
        }
    }

    /// Whether it is in force.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        let Some(read) = self.read() else { return false };
        let validity = read.tbs_certificate().validity();
        let now = u64::try_from(now.as_second()).unwrap_or_default();
        validity.not_before.to_unix_duration().as_secs() <= now
            && now <= validity.not_after.to_unix_duration().as_secs()
    }

    /// The thumbprint of its public key as a JWK (RFC 7638); nothing for a key that is not taken here.
    #[must_use]
    pub fn key_thumbprint(&self) -> Option<String> {
        let read = self.read()?;
        let mut jwk = public_key(read.tbs_certificate().subject_public_key_info())?;
        jwk.as_object_mut()?.insert("kid".to_owned(), "certificate".into());
        Some(PublicJwk::from_json(&jwk).ok()?.thumbprint())
    }
}

fn is_same(rule: &CertificateRule, name: &GeneralName) -> bool {
    match (rule, name) {
        (CertificateRule::SanDns(wanted), GeneralName::DnsName(found)) => wanted.eq_ignore_ascii_case(found.as_str()),
        (CertificateRule::SanUri(wanted), GeneralName::UniformResourceIdentifier(found))
        | (CertificateRule::SanEmail(wanted), GeneralName::Rfc822Name(found)) => wanted == found.as_str(),
        (CertificateRule::SanIp(wanted), GeneralName::IpAddress(found)) => address(found.as_bytes()) == Some(*wanted),
        _ => false,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four: Option<[u8; 4]> = bytes.try_into().ok();
    let sixteen: Option<[u8; 16]> = bytes.try_into().ok();
    four.map(IpAddr::from).or(sixteen.map(IpAddr::from))
}

/// A certificate's key as a JWK; the reader of JWKs judges it.
fn public_key(info: &SubjectPublicKeyInfoOwned) -> Option<Value> {
    let bytes = info.subject_public_key.as_bytes()?;
    let usage = KeyUse::Sig.as_str();
    let curve = |name: &str, size: usize| {
        let (x, y) = bytes.strip_prefix(&[4])?.split_at_checked(size)?;
        Some(json!({ "kty": "EC", "crv": name, "use": usage, "x": base64url::encode(x), "y": base64url::encode(y) }))
    };
    if info.algorithm.oid == ED25519 {
        return Some(json!({ "kty": "OKP", "crv": "Ed25519", "use": usage, "x": base64url::encode(bytes) }));
    }
    if info.algorithm.oid == RSA {
        let mut reader = SliceReader::new(bytes).ok()?;
        let numbers = reader.sequence(|inner| -> Result<_, x509_cert::der::Error> {
            Ok((UintRef::decode(inner)?, UintRef::decode(inner)?))
        });
        let (n, e) = numbers.ok()?;
        let alg = KeyAlg::Ps256.as_str();
        let [n, e] = [n, e].map(|number| base64url::encode(number.as_bytes()));
        return Some(json!({ "kty": "RSA", "use": usage, "alg": alg, "n": n, "e": e }));
    }
    if info.algorithm.oid != EC {
        return None;
    }
    let named: ObjectIdentifier = info.algorithm.parameters.as_ref()?.decode_as().ok()?;
    if named == P256 {
        curve("P-256", 32)
    } else if named == P384 {
        curve("P-384", 48)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
