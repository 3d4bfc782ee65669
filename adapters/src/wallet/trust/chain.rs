//! Issuers' certificates in `x5c` (RFC 7515 §4.1.6): the path to an anchor, the name, the key.
//!
//! The path is rustls-webpki's to judge. HAIP's rules count for every dialect: a leaf that signed itself and an anchor
//! sent along are refused.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Decode;
use der::asn1::ObjectIdentifier;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use serde_json::{Map, Value};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, aws_lc_rs};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{KeyUsage, SubjectAltName};

use super::host_of;
use crate::wallet::key::PublicKey;
use crate::wallet::limits::{CERTIFICATE_BYTES, CERTIFICATES};
use crate::wallet::reason::Reason;

const ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 7] = [
    aws_lc_rs::ECDSA_P256_SHA256,
    aws_lc_rs::ECDSA_P256_SHA384,
    aws_lc_rs::ECDSA_P384_SHA256,
    aws_lc_rs::ECDSA_P384_SHA384,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
];
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// The certificates an issuer's path must end at.
#[derive(Debug)]
pub struct Anchors {
    anchors: Vec<TrustAnchor<'static>>,
    certificates: Vec<Vec<u8>>,
}

impl Anchors {
    /// Reads trusted certificates in DER; `None` for none, more than 16, or one that is no certificate.
    #[must_use]
    pub fn new(certificates: &[Vec<u8>]) -> Option<Self> {
        let anchor = |der: &Vec<u8>| {
            let der = CertificateDer::from(der.as_slice());
            Some(webpki::anchor_from_trusted_cert(&der).ok()?.to_owned())
        };
        let anchors = certificates.iter().map(anchor).collect::<Option<Vec<_>>>()?;
        let fits = (1..=16).contains(&anchors.len());
        fits.then(|| Self { anchors, certificates: certificates.to_vec() })
    }

    /// The leaf's key, where the path leads here and the leaf names the issuer: its host as DNS name, or the whole
    /// address as URI.
    pub(in crate::wallet) fn key_of(
        &self,
        included: &[Vec<u8>],
        issuer: &str,
        now: Timestamp,
    ) -> Result<PublicKey, Reason> {
        let (leaf, others) = included.split_first().ok_or(Reason::IssuerKeyUnresolved)?;
        self.leads_here(leaf, others, now).ok_or(Reason::IssuerUntrusted)?;
        let read = Certificate::from_der(leaf).map_err(|_| Reason::IssuerUntrusted)?;
        if !names(leaf, &read, issuer) {
            return Err(Reason::IssuerUntrusted);
        }
        point_of(&read).ok_or(Reason::IssuerKeyUnresolved)
    }

    fn leads_here(&self, leaf: &[u8], others: &[Vec<u8>], now: Timestamp) -> Option<()> {
        let read = Certificate::from_der(leaf).ok()?;
        let body = read.tbs_certificate();
        let signs = match body.get_extension::<KeyUsage>() {
            Ok(None) => true,
            Ok(Some((_, usage))) => usage.digital_signature(),
            Err(_) => false,
        };
        let anchor_sent = others.iter().any(|one| self.certificates.contains(one));
        if !signs || body.issuer() == body.subject() || anchor_sent {
            return None;
        }
        let der = CertificateDer::from(leaf);
        let end = EndEntityCert::try_from(&der).ok()?;
        let others: Vec<_> = others.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.as_second()).ok()?));
        end.verify_for_usage(&ALGORITHMS, &self.anchors, &others, now, Purpose, None, None).ok().map(|_| ())
    }
}

/// The certificates of a header, decoded; none where it has no `x5c`.
pub(in crate::wallet) fn included(header: &Map<String, Value>) -> Result<Vec<Vec<u8>>, Reason> {
    let Some(chain) = header.get("x5c") else { return Ok(Vec::new()) };
    let chain = chain.as_array().filter(|chain| (1..=CERTIFICATES).contains(&chain.len()));
    let chain = chain.ok_or(Reason::IssuerKeyUnresolved)?;
    let der = |one: &Value| STANDARD.decode(one.as_str()?).ok().filter(|der| der.len() <= CERTIFICATE_BYTES);
    chain.iter().map(der).collect::<Option<_>>().ok_or(Reason::IssuerKeyUnresolved)
}

/// The first DNS name of a certificate.
pub(super) fn first_host(der: &[u8]) -> Option<String> {
    let read = Certificate::from_der(der).ok()?;
    let (_, names) = read.tbs_certificate().get_extension::<SubjectAltName>().ok()??;
    names.0.iter().find_map(|name| match name {
        GeneralName::DnsName(name) => host_of(&format!("https://{}", name.as_str())),
        _ => None,
    })
}

fn names(der: &[u8], read: &Certificate, issuer: &str) -> bool {
    let der = CertificateDer::from(der);
    let by_host = || {
        let host = ServerName::try_from(host_of(issuer)?).ok()?;
        EndEntityCert::try_from(&der).ok()?.verify_is_valid_for_subject_name(&host).ok()
    };
    let by_address = || {
        let (_, names) = read.tbs_certificate().get_extension::<SubjectAltName>().ok()??;
        let same =
            |name: &GeneralName| matches!(name, GeneralName::UniformResourceIdentifier(uri) if uri.as_str() == issuer);
        names.0.iter().any(same).then_some(())
    };
    by_host().or_else(by_address).is_some()
}

fn point_of(read: &Certificate) -> Option<PublicKey> {
    let spki = read.tbs_certificate().subject_public_key_info();
    let curve = spki.algorithm.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok()?;
    if curve != P256 {
        return None;
    }
    PublicKey::from_point(spki.subject_public_key.as_bytes()?)
}

/// Issuers of credentials have purposes of their own, or none: no list of them is settled.
struct Purpose;

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        purposes.into_iter().try_for_each(|purpose| purpose.map(|_| ()))
    }
}
