//! From sealed to decrypted to authentic: outer header, decryption, inner header, signature, key, issuer.

use jiff::{SignedDuration, Timestamp};

use super::authentic::Authentic;
use super::{OpenError, TrustedKeys};
use crate::jose::digest;
use crate::jose::jwe::{Jwe, JweError};
use crate::jose::jwk::PrivateJwk;
use crate::jose::jws::{Jws, JwsError};
use crate::limits::{MANIFEST_JSON, PRESENTATION_BYTES};
use crate::manifest::{Manifest, NoManifest, TYP};
use crate::sdjwt::SdJwt;
use crate::sealed::{OUTER, Sealed};

/// How far ahead of the opener's clock a packet may be dated (security.md J9).
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// A decrypted presentation: still anybody's words.
pub struct Decrypted {
    parts: SdJwt,
    presentation_digest: String,
}

crate::opaque_debug!(Decrypted);

impl Sealed {
    /// Checks the outer header and decrypts with the key it names.
    ///
    /// # Errors
    /// [`OpenError::Header`], then [`OpenError::Decrypt`] for whatever fails in decryption, then
    /// [`OpenError::TooLarge`] or [`OpenError::Malformed`] when what was sealed is no presentation.
    pub fn decrypt(&self, keys: &[PrivateJwk]) -> Result<Decrypted, OpenError> {
        let jwe = Jwe::parse(self.as_str(), OUTER).map_err(refused)?;
        let plain = jwe.decrypt(keys).map_err(refused)?;
        if plain.len() > PRESENTATION_BYTES {
            return Err(OpenError::TooLarge("a presentation is at most 8 MiB"));
        }
        let text = std::str::from_utf8(&plain).map_err(|_| OpenError::Malformed)?;
        let parts = SdJwt::parse(text).ok_or(OpenError::Malformed)?;
        Ok(Decrypted { parts, presentation_digest: digest::sha256_text(&plain) })
    }
}

fn refused(error: JweError) -> OpenError {
    match error {
        JweError::TooLarge => OpenError::TooLarge("a sealed packet holds a presentation of at most 8 MiB"),
        JweError::Malformed => OpenError::Malformed,
        JweError::Header => OpenError::Header,
        JweError::Decrypt => OpenError::Decrypt,
    }
}

impl Decrypted {
    /// SHA-256 of the compact JWS: the leaf of the public log.
    #[must_use]
    pub fn manifest_digest(&self) -> [u8; 32] {
        digest::sha256(self.parts.jwt.as_bytes())
    }

    /// SHA-256 of the presentation, base64url: what a receipt names. It says nothing of who made the packet.
    #[must_use]
    pub fn presentation_digest(&self) -> &str {
        &self.presentation_digest
    }

    /// Checks the signature with a trusted key that counted at `iat` and still counts now.
    ///
    /// # Errors
    /// [`OpenError::Header`], [`OpenError::UnknownKey`], [`OpenError::Signature`], [`OpenError::Malformed`],
    /// [`OpenError::Version`], [`OpenError::Issuer`], [`OpenError::Future`], [`OpenError::Key`].
    pub fn verify(self, trust: &TrustedKeys, now: Timestamp) -> Result<Authentic, OpenError> {
        self.verify_logged(trust, now, now)
    }

    /// As [`Decrypted::verify`] where the key has ended since, for a manifest whose inclusion in the
    /// public log the caller has proven: `logged_at` is the time of that checkpoint, which must lie
    /// before the key's end (packet.md, "Keys").
    ///
    /// # Errors
    /// As [`Decrypted::verify`].
    pub fn verify_logged(
        self,
        trust: &TrustedKeys,
        now: Timestamp,
        logged_at: Timestamp,
    ) -> Result<Authentic, OpenError> {
        let jws = Jws::parse(&self.parts.jwt, Some(TYP), MANIFEST_JSON.bytes).map_err(not_signed)?;
        let key = trust.find(jws.kid()).ok_or(OpenError::UnknownKey)?;
        let payload = jws.verify(key).map_err(not_signed)?;
        let manifest = Manifest::read(&payload).map_err(|reason| match reason {
            NoManifest::Version => OpenError::Version,
            NoManifest::Form => OpenError::Malformed,
        })?;
        if manifest.issuer != trust.issuer() {
            return Err(OpenError::Issuer);
        }
        let known_by = now.min(logged_at);
        if manifest.issued_at.duration_since(known_by) > AHEAD {
            return Err(OpenError::Future);
        }
        if !key.valid_at(manifest.issued_at) || key.ends().is_some_and(|end| end <= known_by) {
            return Err(OpenError::Key);
        }
        Ok(Authentic {
            manifest,
            kid: key.kid.clone(),
            log_entry: digest::sha256(self.parts.jwt.as_bytes()),
            disclosures: self.parts.disclosures,
            presentation_digest: self.presentation_digest,
        })
    }
}

fn not_signed(error: JwsError) -> OpenError {
    match error {
        JwsError::Malformed => OpenError::Malformed,
        JwsError::TooLarge => OpenError::TooLarge("a manifest is at most 256 KiB"),
        JwsError::Header => OpenError::Header,
        JwsError::Signature | JwsError::Key => OpenError::Signature,
    }
}
