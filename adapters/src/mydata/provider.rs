//! The other side: a data provider (資料提供者) packs the files of one data set and signs their manifest.
//!
//! In: files, a certificate and its RSA key. Out: the archive the platform takes from a provider, which [`super::open`]
//! proves. What is packed is read again by the same reader before it goes out, so that no bound is kept twice.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use claimgate_packet::opaque_debug;

use super::package::{CERTIFICATE, DataFile, MANIFEST, SIGNATURE, files};
use super::refusal::Refusal;
use super::zip::write::archive;
use crate::signature::certificates_in;
use crate::signature::provider::is_signed_by;

/// What a new signer signs once, to see whether key and certificate belong together.
const TRIAL: &[u8] = b"claimgate";

/// Who signs.
pub struct Signer {
    certificate: Vec<u8>,
    key: RsaKeyPair,
}

opaque_debug!(Signer);

/// Why nobody can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// Not exactly one certificate.
    #[error("the certificate is not one X.509 certificate in PEM or DER")]
    Certificate,
    /// No RSA key, or not in PKCS#8.
    #[error("the key is no RSA key in PKCS#8")]
    Key,
    /// They are of two.
    #[error("the key is not the certificate's")]
    Apart,
}

/// Why files cannot be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPacked {
    /// Whoever opens it would refuse it.
    #[error("{}", .0.text())]
    Refused(Refusal),
    /// The key does not sign.
    #[error("the manifest cannot be signed")]
    Unsigned,
}

impl Signer {
    /// From a certificate (PEM or DER) and its key (PKCS#8, DER).
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn new(certificate: &[u8], key: &[u8]) -> Result<Self, SignerError> {
        let found = certificates_in(certificate).unwrap_or_default();
        let [certificate] = found.as_slice() else { return Err(SignerError::Certificate) };
        let key = RsaKeyPair::from_pkcs8(key).map_err(|_| SignerError::Key)?;
        let signer = Self { certificate: certificate.clone(), key };
        let signature = signer.sign(TRIAL).ok_or(SignerError::Key)?;
        if is_signed_by(&signer.certificate, TRIAL, &signature) { Ok(signer) } else { Err(SignerError::Apart) }
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }

    /// Packs and signs the files of a data set.
    ///
    /// # Errors
    /// [`NotPacked`]: names, sizes and contents are bounded as docs/mydata.md says.
    pub fn pack(&self, data: &[DataFile]) -> Result<Vec<u8>, NotPacked> {
        let manifest = manifest(data);
        let signature = self.sign(manifest.as_bytes()).ok_or(NotPacked::Unsigned)?;
        let beside = [
            (MANIFEST, manifest.as_bytes()),
            (CERTIFICATE, self.certificate.as_slice()),
            (SIGNATURE, signature.as_slice()),
        ];
        let all: Vec<(&str, &[u8])> =
            data.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())).chain(beside).collect();
        let packed = pack(&all).ok_or(NotPacked::Refused(Refusal::ArchiveTooLarge))?;
        files(&packed).map_err(NotPacked::Refused)?;
        Ok(packed)
    }
}

/// An archive of such files as they are, whatever a reader may say to their names. `None` beyond what ZIP can count.
#[must_use]
pub fn pack(files: &[(&str, &[u8])]) -> Option<Vec<u8>> {
    archive(files)
}

fn manifest(data: &[DataFile]) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<files>\n".to_owned();
    for file in data {
        let _ = write!(text, "  <file><filename>{}</filename><digest>", file.name);
        for byte in digest(&SHA256, &file.bytes).as_ref() {
            let _ = write!(text, "{byte:02x}");
        }
        text.push_str("</digest></file>\n");
    }
    text.push_str("</files>\n");
    text
}
