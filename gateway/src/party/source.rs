//! What a hospital or an insurer registers for its signatures (電子簽章): further keys, and whether it must sign.
//!
//! In: a registration. Out: keys that go with their algorithm, or the rule that is broken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::signature::{Authorities, HttpAlgorithm, SourceKey, Trust};
use claimgate_packet::jose::jwk::JwkSet;
use serde::{Deserialize, Serialize};

use super::RegistrationError::Rule;
use super::{Party, Registration, RegistrationError, Role};

/// Keys a party can register for HTTP message signatures.
const KEYS: usize = 20;

/// A key for HTTP message signatures that is no JWK for signatures here, such as RSA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceKeyEntry {
    /// Its id, the `keyid` of a signature.
    pub kid: String,
    /// `rsa-pss-sha512`, `rsa-v1_5-sha256`, `ed25519`, `ecdsa-p256-sha256` or `ecdsa-p384-sha384` (RFC 9421 §6.2.2).
    pub alg: String,
    /// `SubjectPublicKeyInfo` in base64: what stands between the lines of a PEM `PUBLIC KEY`.
    pub spki: String,
}

/// Checks what a registration says of signatures.
pub(super) fn keys(registration: &Registration, jwks: &JwkSet) -> Result<Vec<SourceKey>, RegistrationError> {
    if registration.signed_answers && !registration.role.receives() {
        return Err(Rule("signed_answers: only an insurer or the fund gets signed answers"));
    }
    if registration.role != Role::Hospital && !registration.role.receives() {
        if registration.signature_required || !registration.source_keys.is_empty() {
            return Err(Rule(
                "signature_required, source_keys: only a hospital, an insurer or the fund signs what it sends",
            ));
        }
        return Ok(Vec::new());
    }
    if registration.source_keys.len() > KEYS {
        return Err(Rule("source_keys: at most 20"));
    }
    let mut keys: Vec<SourceKey> = Vec::new();
    for entry in &registration.source_keys {
        // One id names one key, also one that is in force no more.
        let taken =
            jwks.0.iter().any(|key| key.kid == entry.kid) || keys.iter().any(|key| key.id() == entry.kid.as_str());
        if taken {
            return Err(Rule("source_keys: each kid once, and none that is in jwks"));
        }
        let algorithm = HttpAlgorithm::from_name(&entry.alg).ok_or(Rule(
            "source_keys: alg is rsa-pss-sha512, rsa-v1_5-sha256, ed25519, ecdsa-p256-sha256 or ecdsa-p384-sha384",
        ))?;
        let text: String = entry.spki.chars().filter(|sign| !sign.is_ascii_whitespace()).collect();
        let spki = STANDARD.decode(text).map_err(|_| Rule("source_keys: spki is base64 with padding"))?;
        keys.push(SourceKey::from_spki(&entry.kid, algorithm, &spki)?);
    }
    Ok(keys)
}

impl Party {
    /// What is trusted for the signatures of its pushes.
    #[must_use]
    pub fn source_trust<'a>(&'a self, authorities: Option<&'a Authorities>) -> Trust<'a> {
        Trust {
            keys: &self.keys.0,
            http_keys: &self.source_keys,
            authorities,
            required: self.registration.signature_required,
        }
    }

    /// Its further keys for HTTP message signatures, beside those of its `jwks`.
    #[must_use]
    pub fn further_keys(&self) -> &[SourceKey] {
        &self.source_keys
    }

    /// Whether what it sends, so far as it changes something, must be signed.
    #[must_use]
    pub fn must_sign_requests(&self) -> bool {
        self.registration.signature_required
    }

    /// Whether it gets signed answers to unsigned requests too.
    #[must_use]
    pub fn wants_signed_answers(&self) -> bool {
        self.registration.signed_answers
    }
}

#[cfg(test)]
mod tests;
