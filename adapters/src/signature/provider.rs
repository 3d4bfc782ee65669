//! A bare RSA signature with its certificate beside it, as data providers of MyData (資料提供者) sign a manifest.
//!
//! In: certificate, signed bytes, signature, the trusted authorities and the time. Out: whose it is, or what is wrong.

use claimgate_packet::opaque_debug;
use jiff::Timestamp;

use super::authority::{Authorities, Certificate, Revocation, Untrusted, certificates_in};
use super::key::{Hash, Scheme};

/// Bytes of a certificate, PEM or DER.
const BYTES: usize = 16 << 10;

/// Who signed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Provider {
    /// Whose certificate it is, as RFC 4514 writes a name.
    pub(crate) subject: String,
    /// SHA-256 of the certificate, base64url.
    pub(crate) fingerprint: String,
    /// Whether the path was in force.
    pub(crate) revocation: Revocation,
}

opaque_debug!(Provider);

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// Not one X.509 certificate.
    Certificate,
    /// Not RSA, or not this certificate's signature over these bytes.
    Signature,
    /// No path to a trusted authority.
    Path(Untrusted),
}

/// Verifies RSASSA-PKCS1-v1_5 with SHA-256, then follows the certificate's path.
///
/// # Errors
/// [`Unproven`], in this order.
pub(crate) fn verify(
    certificate: &[u8],
    message: &[u8],
    signature: &[u8],
    authorities: &Authorities,
    at: Timestamp,
) -> Result<Provider, Unproven> {
    let files = Some(certificate).filter(|file| file.len() <= BYTES).and_then(certificates_in);
    let files = files.unwrap_or_default();
    let [der] = files.as_slice() else { return Err(Unproven::Certificate) };
    let certificate = Certificate::read(der).ok_or(Unproven::Certificate)?;
    let key = certificate.key().map_err(|_| Unproven::Signature)?;
    if !key.verifies(Scheme::RsaPkcs1(Hash::Sha256), message, signature) {
        return Err(Unproven::Signature);
    }
    let signer = authorities.follow(&certificate, &[], at).map_err(Unproven::Path)?;
    Ok(Provider { subject: certificate.subject(), fingerprint: signer.fingerprint, revocation: signer.revocation })
}

/// Whether a signature over a message is that of a certificate's key.
pub(crate) fn is_signed_by(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = Certificate::read(certificate).and_then(|certificate| certificate.key().ok());
    key.is_some_and(|key| key.verifies(Scheme::RsaPkcs1(Hash::Sha256), message, signature))
}
