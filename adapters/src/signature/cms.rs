//! A detached PKCS#7 / CMS signature (RFC 5652), as cards of the 醫事憑證 (HCA) and `openssl cms` make it.
//!
//! The profile: DER, one signer, no content inside, signed attributes, SHA-256 or better, the signer's certificate
//! included. In: DER, the bytes that may be signed, the trusted authorities. Out: who signed, or why not.

use claimgate_packet::opaque_debug;
use jiff::Timestamp;

use super::authority::{Authorities, Signer};
use super::fault::{Fault, invalid, not_checked};

mod signed;

use signed::Signed;

/// Bytes of a signature with its certificates.
pub(super) const BYTES: usize = 64 << 10;

/// A signature that verifies.
pub(super) struct Verified {
    /// Who.
    pub(super) signer: Signer,
    /// How, for example `rsassa-pss-sha256`.
    pub(super) algorithm: &'static str,
    /// When, by the signer's own clock (signingTime).
    pub(super) signed_at: Option<Timestamp>,
    /// Which of the contents it covers.
    pub(super) content: usize,
}

opaque_debug!(Verified);

/// Verifies a signature over one of some contents.
///
/// # Errors
/// What is wrong with form, content, signature or certificate, in this order.
pub(super) fn verify(
    der: &[u8],
    contents: &[&[u8]],
    authorities: Option<&Authorities>,
    now: Timestamp,
) -> Result<Verified, Fault> {
    let Some(authorities) = authorities else {
        return Err(not_checked(
            "There is a PKCS#7 signature, but this gateway trusts no certificate authority yet. Ask the operator to \
             register the authority (憑證管理中心) of your certificate.",
        ));
    };
    if der.len() > BYTES {
        return Err(invalid(
            "The PKCS#7 signature is larger than 64 KiB. Include your certificate and its issuers only.",
        ));
    }
    let read = Signed::read(der)?;
    let content = contents.iter().position(|content| read.covers(content)).ok_or(invalid(
        "The PKCS#7 signature is over other bytes: its messageDigest is not that of what was sent. Sign exactly the \
         bytes docs/source-signatures.md names, in binary mode, and change nothing afterwards.",
    ))?;
    let certificate = read.certificate()?;
    let key = certificate.key()?;
    if !key.verifies(read.scheme, &read.attributes, read.signature) {
        return Err(invalid(
            "The PKCS#7 signature does not fit the signer's certificate. Sign with the key of that certificate: RSA of \
             2048 bits or more, P-256 or P-384; for RSA-PSS the salt is as long as the hash.",
        ));
    }
    let signer = authorities.trust(&certificate, &read.certificates, now)?;
    Ok(Verified { signer, algorithm: read.algorithm(), signed_at: read.time, content })
}
