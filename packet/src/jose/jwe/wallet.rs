//! The profile of a wallet's answer (OpenID4VP 1.0 §8.3, HAIP 1.0): `ECDH-ES` on P-256, `A128GCM` or `A256GCM`.
//!
//! In: text from a wallet and the keys made for the request. Out: the plaintext, or one refusal that does not tell
//! why. `apu` and `apv` may stand in the header, because some wallets bind nonces by them; nothing else may.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Algorithm};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::agreement::{Context, Ephemeral};
use super::{Expected, JweError, Parts, open_gcm};
use crate::jose::base64url;
use crate::jose::jwk::{KeyAlg, Kind, PrivateJwk};

/// Bytes of `apu` and of `apv`.
const PARTY_INFO: usize = 256;

/// Decrypts a wallet's answer with the key its `kid` names, or with the only one when there is no `kid`.
///
/// `longest` bounds the characters of the text. The keys are those of [`KeyAlg::EcdhEs`].
///
/// # Errors
/// [`JweError`]; [`JweError::Decrypt`] for whatever fails once the form is right.
pub fn decrypt(
    text: &str,
    expected: Expected,
    keys: &[PrivateJwk],
    longest: usize,
) -> Result<Zeroizing<Vec<u8>>, JweError> {
    if text.len() > longest {
        return Err(JweError::TooLarge);
    }
    let parts = Parts::split(text)?;
    let header = parts.header()?;
    let content = Content::read(&header, expected).ok_or(JweError::Header)?;
    if !parts.key.is_empty() {
        return Err(JweError::Header);
    }
    let (nonce, sealed) = parts.gcm()?;
    let kid = header.get("kid").and_then(Value::as_str);
    let usable = |key: &&PrivateJwk| key.is(KeyAlg::EcdhEs) && kid.is_none_or(|kid| kid == key.kid());
    let key = keys.iter().find(usable).ok_or(JweError::Decrypt)?;
    let Content { ephemeral, enc, cipher, length, apu, apv } = content;
    let derived = ephemeral.derive(key, &Context { algorithm: enc, apu: &apu, apv: &apv, length });
    let derived = derived.ok_or(JweError::Decrypt)?;
    open_gcm(cipher, &derived, nonce, parts.protected, sealed).ok_or(JweError::Decrypt)
}

/// What the header says of the content, checked.
struct Content {
    ephemeral: Ephemeral,
    enc: &'static str,
    cipher: &'static Algorithm,
    length: usize,
    apu: Vec<u8>,
    apv: Vec<u8>,
}

impl Content {
    fn read(header: &Map<String, Value>, expected: Expected) -> Option<Self> {
        let member = |name: &str| header.get(name).and_then(Value::as_str);
        let (enc, cipher, length) = match member("enc")? {
            "A128GCM" => ("A128GCM", &AES_128_GCM, 16),
            "A256GCM" => ("A256GCM", &AES_256_GCM, 32),
            _ => return None,
        };
        let party = |name: &str| match header.get(name) {
            None => Some(Vec::new()),
            Some(info) => base64url::decode(info.as_str()?).filter(|info| info.len() <= PARTY_INFO),
        };
        let ephemeral = Ephemeral::read(header.get("epk")?).filter(|epk| epk.kind == Kind::P256)?;
        let (apu, apv) = (party("apu")?, party("apv")?);
        let given = ["apu", "apv"].iter().filter(|name| header.contains_key(**name)).count();
        let fits = header.len() == 3 + given + expected.members()
            && member("alg") == Some(KeyAlg::EcdhEs.as_str())
            && expected.fits(header);
        fits.then_some(Self { ephemeral, enc, cipher, length, apu, apv })
    }
}

#[cfg(test)]
mod tests;
