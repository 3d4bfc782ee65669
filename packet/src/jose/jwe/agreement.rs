//! ECDH-ES (RFC 7518 §4.6, RFC 8037 §3.2): an ephemeral key and a private key make a secret, Concat KDF makes a key.

use aws_lc_rs::agreement::{ParsedPublicKey, PrivateKey, agree};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::jose::jwk::{Kind, PrivateJwk, ephemeral};

/// The sender's ephemeral public key, a point of its curve.
pub(super) struct Ephemeral {
    pub(super) kind: Kind,
    key: ParsedPublicKey,
}

/// What goes into the derivation beside the secret.
pub(super) struct Context<'a> {
    /// `alg` where the key wraps another, `enc` where it encrypts by itself.
    pub(super) algorithm: &'static str,
    /// `PartyUInfo`, decoded.
    pub(super) apu: &'a [u8],
    /// `PartyVInfo`, decoded.
    pub(super) apv: &'a [u8],
    /// Bytes of the key.
    pub(super) length: usize,
}

impl Ephemeral {
    /// Reads `epk`: exactly `kty`, `crv` and the coordinates, on P-256 or X25519.
    pub(super) fn read(epk: &Value) -> Option<Self> {
        ephemeral(epk).map(|(kind, key)| Self { kind, key })
    }

    /// The derived key; `None` where the keys do not go together or the secret is zero.
    pub(super) fn derive(&self, key: &PrivateJwk, context: &Context<'_>) -> Option<Zeroizing<Vec<u8>>> {
        derive(key.agreement_key()?, self.key.clone(), context)
    }
}

/// The key both sides derive; `None` where the keys do not go together or the secret is zero.
pub(super) fn derive(private: &PrivateKey, peer: ParsedPublicKey, context: &Context<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let kdf = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?;
    let info = context.other_info()?;
    agree(private, peer, (), |secret| {
        let mut derived = Zeroizing::new(vec![0; context.length]);
        sskdf_digest(kdf, secret, &info, derived.as_mut_slice()).map_err(|_| ())?;
        Ok(derived)
    })
    .ok()
}

impl Context<'_> {
    /// `AlgorithmID ‖ PartyUInfo ‖ PartyVInfo ‖ SuppPubInfo`, the first three with their lengths.
    fn other_info(&self) -> Option<Vec<u8>> {
        let mut info = Vec::new();
        for part in [self.algorithm.as_bytes(), self.apu, self.apv] {
            info.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
            info.extend_from_slice(part);
        }
        info.extend_from_slice(&u32::try_from(self.length * 8).ok()?.to_be_bytes());
        Some(info)
    }
}
