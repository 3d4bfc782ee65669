//! RSA keys of recipients that have nothing else: 2048 to 4096 bits, exponent 65537, no known weak generator.
//!
//! In: the base64url numbers of a JWK (RFC 7518 §6.3). Out: a checked modulus, or a key that decrypts. Such keys are
//! read and never made here: who can choose takes a curve.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, OaepPrivateDecryptingKey, PrivateDecryptingKey, PublicKeyComponents};
#[cfg(feature = "seal")]
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{JwkError, base64url, text};

/// Bytes of a modulus.
const SIZES: std::ops::RangeInclusive<usize> = 256..=512;
/// The one exponent, 65537.
const EXPONENT: &str = "AQAB";
/// The private members, all of them (RFC 7518 §6.3.2); without the factors no key is read.
pub(super) const MEMBERS: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

/// The modulus of a public key; `None` where it is too short, too long, even, or of the weak kind below.
pub(super) fn modulus(n: &str, e: &str) -> Option<Vec<u8>> {
    let bytes = base64url::decode(n)?;
    let whole = SIZES.contains(&bytes.len()) && bytes.first().is_some_and(|byte| byte & 0x80 != 0 || bytes.len() > 256);
    let canonical = bytes.first().is_some_and(|byte| *byte != 0);
    let odd = bytes.last().is_some_and(|byte| byte & 1 == 1);
    (e == EXPONENT && whole && canonical && odd && !is_roca(&bytes)).then_some(bytes)
}

/// Whether a modulus has the mark of the keys of CVE-2017-15361 (ROCA): modulo each of these primes it is a power of
/// 65537. A good modulus has it by chance once in 2^27.
fn is_roca(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
    PRIMES.iter().all(|prime| {
        let rest = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * 65537 % prime;
            power == rest
        })
    })
}

/// The key that wraps content keys for a checked modulus.
#[cfg(feature = "seal")]
pub(super) fn oaep_key(modulus: &[u8]) -> Option<OaepPublicEncryptingKey> {
    let components = PublicKeyComponents { n: modulus.to_vec(), e: base64url::decode(EXPONENT)? };
    let key: PublicEncryptingKey = components.try_into().ok()?;
    OaepPublicEncryptingKey::new(key).ok()
}

/// The private members as they came, wiped on drop, and the key they make.
pub(super) fn private(map: &Map<String, Value>) -> Result<(PrivateMembers, OaepPrivateDecryptingKey), JwkError> {
    let mut members = Vec::with_capacity(MEMBERS.len());
    let mut numbers = Vec::with_capacity(MEMBERS.len());
    for name in MEMBERS {
        let member = text(map, name)?.ok_or(JwkError::NoPrivateMember)?;
        numbers.push(Zeroizing::new(base64url::decode(member).ok_or(JwkError::Rsa)?));
        members.push((name, Zeroizing::new(member.to_owned())));
    }
    let public = |name: &str| text(map, name)?.and_then(base64url::decode).ok_or(JwkError::Rsa);
    let public_key = PublicKeyComponents { n: public("n")?, e: public("e")? };
    let [exponent, first, second, first_exponent, second_exponent, coefficient] = numbers.as_slice() else {
        return Err(JwkError::Rsa);
    };
    // The library checks that all eight numbers belong together.
    let pair = KeyPair::from_components(&KeyPairComponents {
        public_key,
        d: exponent.as_slice(),
        p: first.as_slice(),
        q: second.as_slice(),
        dP: first_exponent.as_slice(),
        dQ: second_exponent.as_slice(),
        qInv: coefficient.as_slice(),
    })
    .map_err(|_| JwkError::Rsa)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| JwkError::Failed)?;
    let key = PrivateDecryptingKey::from_pkcs8(der.as_ref()).map_err(|_| JwkError::Failed)?;
    Ok((members, OaepPrivateDecryptingKey::new(key).map_err(|_| JwkError::Failed)?))
}

/// Names and base64url texts of the private numbers.
pub(super) type PrivateMembers = Vec<(&'static str, Zeroizing<String>)>;
