//! Sealing a presentation to one recipient's key (packet.md, layer 5). The one place that calls josekit.
//!
//! In: a presentation and an approved encryption key. Out: a compact JWE. josekit draws the ephemeral key,
//! content key and IV from OpenSSL; it never decrypts here (security.md §0.1).

use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm;
use josekit::jwe::alg::rsaes::RsaesJweAlgorithm;
use josekit::jwe::{JweEncrypter, JweHeader, serialize_compact};
use josekit::jwk::Jwk;
use josekit::{JoseError, Value};

use crate::jose::jwe::{ENC, Jwe};
use crate::jose::jwk::{KeyAlg, PublicJwk};
use crate::manifest::{SEALED_TYP, TYP};
use crate::sealed::{OUTER, Sealed};
use crate::signed::Presentation;

/// Why a presentation cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key is not for `ECDH-ES+A256KW` or `RSA-OAEP-256`.
    #[error("the key is not an encryption key for packets")]
    Key,
    /// The library refused, or wrote something this crate would not open.
    #[error("the packet could not be sealed")]
    Failed,
}

impl Presentation {
    /// Seals the presentation to a key. Each call makes a fresh ephemeral key, content key and IV.
    ///
    /// Which of a recipient's keys counts now is the caller's: see `JwkSet::newest`.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, to: &PublicJwk) -> Result<Sealed, SealError> {
        if !(to.alg.seals_packets() && to.is(to.alg)) {
            return Err(SealError::Key);
        }
        let text = encrypt(self.as_str().as_bytes(), to).map_err(|_| SealError::Failed)?;
        let readable = Jwe::parse(&text, OUTER).is_ok_and(|jwe| jwe.kid() == Some(&to.kid));
        if readable { Sealed::parse(&text).map_err(|_| SealError::Failed) } else { Err(SealError::Failed) }
    }
}

fn encrypt(plain: &[u8], to: &PublicJwk) -> Result<String, JoseError> {
    let mut key = Jwk::new("");
    for (name, value) in to.parameters() {
        key.set_parameter(name, Some(Value::from(value)))?;
    }
    let encrypter: Box<dyn JweEncrypter> = if to.alg == KeyAlg::RsaOaep256 {
        Box::new(RsaesJweAlgorithm::RsaOaep256.encrypter_from_jwk(&key)?)
    } else {
        Box::new(EcdhEsJweAlgorithm::EcdhEsA256kw.encrypter_from_jwk(&key)?)
    };
    let mut header = JweHeader::new();
    header.set_token_type(SEALED_TYP);
    header.set_content_type(TYP);
    header.set_key_id(&to.kid);
    header.set_content_encryption(ENC);
    serialize_compact(plain, &header, encrypter.as_ref())
}

#[cfg(test)]
mod tests;
