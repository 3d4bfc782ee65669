//! The profile of a sealed packet: `ECDH-ES+A256KW` on P-256 or X25519, or `RSA-OAEP-256`; always `A256GCM`.
//!
//! In: text from outsiders and the recipient's keys. Out: the plaintext, or one refusal that does not tell why.

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use aws_lc_rs::rsa::OAEP_SHA256_MGF1SHA256;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::agreement::{Context, Ephemeral};
use super::{Expected, JweError, Parts, open_gcm, read};
use crate::jose::jwk::{KeyAlg, Kind, PrivateJwk};

/// The content encryption of a packet.
pub const ENC: &str = "A256GCM";
/// Bytes of a content key under AES key wrap.
pub(super) const WRAPPED: usize = 40;
/// Bytes of a content key under RSA, 2048 to 4096 bits.
const RSA_SIZES: std::ops::RangeInclusive<usize> = 256..=512;

/// A compact JWE whose form, header and lengths are checked.
pub struct Jwe<'a> {
    protected: &'a str,
    kid: Option<String>,
    management: Management,
    wrapped: Vec<u8>,
    nonce: [u8; 12],
    /// Ciphertext with its 16-byte tag.
    sealed: Vec<u8>,
}

crate::opaque_debug!(Jwe<'_>);

/// How the content key travels.
enum Management {
    Agreed(Ephemeral),
    Rsa,
}

impl<'a> Jwe<'a> {
    /// Checks form, header and lengths: encrypted key 40 bytes (or a modulus), IV 12, tag 16, `epk` on its curve.
    ///
    /// # Errors
    /// [`JweError::Malformed`], [`JweError::Header`].
    pub fn parse(text: &'a str, expected: Expected) -> Result<Self, JweError> {
        let parts = Parts::split(text)?;
        let header = parts.header()?;
        let management = read_header(&header, expected).ok_or(JweError::Header)?;
        let wrapped = read(parts.key)?;
        let whole = match management {
            Management::Agreed(_) => wrapped.len() == WRAPPED,
            Management::Rsa => RSA_SIZES.contains(&wrapped.len()),
        };
        let (nonce, sealed) = parts.gcm()?;
        if !whole {
            return Err(JweError::Header);
        }
        let kid = header.get("kid").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { protected: parts.protected, kid, management, wrapped, nonce, sealed })
    }

    /// The `kid` of the header.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Decrypts with the key the `kid` names, or with the only one when there is no `kid`. The key decides: one of
    /// another algorithm or curve than the header's does not count.
    ///
    /// The work is the same whether the key is unknown, the wrapped key is wrong or the tag is wrong.
    ///
    /// # Errors
    /// [`JweError::Decrypt`], whatever the reason.
    pub fn decrypt(self, keys: &[PrivateJwk]) -> Result<Zeroizing<Vec<u8>>, JweError> {
        let (alg, kind) = match &self.management {
            Management::Agreed(ephemeral) => (KeyAlg::EcdhEsA256kw, ephemeral.kind),
            Management::Rsa => (KeyAlg::RsaOaep256, Kind::Rsa),
        };
        let mut usable = keys.iter().filter(|key| key.is(alg) && key.kind() == kind);
        let any = usable.clone().next();
        let named = usable.find(|key| self.kid().is_none_or(|kid| kid == key.kid()));
        let key = named.or(any).ok_or(JweError::Decrypt)?;
        let content = self.content_key(key);
        let known = named.is_some() && content.is_some();
        // A content key that could not be had is replaced by zeros, and the same work done (RFC 7516 §11.5).
        let content = content.unwrap_or_else(|| Zeroizing::new([0; 32]));
        let plain = open_gcm(&AES_256_GCM, content.as_slice(), self.nonce, self.protected, self.sealed);
        plain.filter(|_| known).ok_or(JweError::Decrypt)
    }

    fn content_key(&self, key: &PrivateJwk) -> Option<Zeroizing<[u8; 32]>> {
        let mut content = Zeroizing::new([0_u8; 32]);
        match &self.management {
            Management::Agreed(ephemeral) => {
                let algorithm = KeyAlg::EcdhEsA256kw.as_str();
                let wrapping = ephemeral.derive(key, &Context { algorithm, apu: &[], apv: &[], length: 32 })?;
                let wrapping = KeyEncryptionKey::new(&AES_256, &wrapping).ok()?;
                let unwrapped = wrapping.unwrap(&self.wrapped, content.as_mut_slice()).ok()?;
                (unwrapped.len() == 32).then_some(content)
            }
            Management::Rsa => {
                let key = key.rsa_key()?;
                let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
                let unwrapped = key.decrypt(&OAEP_SHA256_MGF1SHA256, &self.wrapped, &mut buffer, None).ok()?;
                *content = <[u8; 32]>::try_from(&*unwrapped).ok()?;
                Some(content)
            }
        }
    }
}

/// Reads the protected header by constraint: the expected members and no other.
fn read_header(header: &Map<String, Value>, expected: Expected) -> Option<Management> {
    let member = |name: &str| header.get(name).and_then(Value::as_str);
    let alg = KeyAlg::from_name(member("alg")?).filter(|alg| alg.seals_packets())?;
    let (management, own) = match alg {
        KeyAlg::RsaOaep256 => (Management::Rsa, 2),
        _ => (Management::Agreed(header.get("epk").and_then(Ephemeral::read)?), 3),
    };
    let fits = header.len() == own + expected.members() && member("enc") == Some(ENC) && expected.fits(header);
    fits.then_some(management)
}

#[cfg(test)]
mod tests;
