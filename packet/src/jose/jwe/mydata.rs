//! The profile of a MyData package (數位發展部 MyData 平臺): `A256KW`, `A256CBC-HS512`, the MAC before the padding.
//!
//! In: text from the platform and the 32 bytes it gave for this transfer. Out: the plaintext, or one refusal that does
//! not tell why. `typ`, `cty` and `kid` may stand in the header and mean nothing: the platform's specification is not
//! public, and the key belongs to one transfer.

use aws_lc_rs::cipher::{AES_256 as CBC_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{JweError, Parts, read};

/// Bytes of the wrapped content key: 64 and AES key wrap's 8.
const WRAPPED: usize = 72;
/// Members of the header that mean nothing here.
const IDLE: [&str; 3] = ["typ", "cty", "kid"];

/// Decrypts a package with the key of its transfer. `longest` bounds the characters of the text.
///
/// # Errors
/// [`JweError`]; [`JweError::Decrypt`] for whatever fails once the form is right.
pub fn decrypt(text: &str, key: &[u8; 32], longest: usize) -> Result<Zeroizing<Vec<u8>>, JweError> {
    if text.len() > longest {
        return Err(JweError::TooLarge);
    }
    let parts = Parts::split(text)?;
    if !expected(&parts.header()?) {
        return Err(JweError::Header);
    }
    let (wrapped, iv) = (read(parts.key)?, read(parts.iv)?);
    let (ciphertext, tag) = (read(parts.ciphertext)?, read(parts.tag)?);
    let blocks = !ciphertext.is_empty() && ciphertext.len() % 16 == 0;
    let iv = <[u8; 16]>::try_from(iv.as_slice()).map_err(|_| JweError::Header)?;
    if wrapped.len() != WRAPPED || tag.len() != 32 || !blocks {
        return Err(JweError::Header);
    }
    open(key, &wrapped, parts.protected, iv, ciphertext, &tag).ok_or(JweError::Decrypt)
}

fn expected(header: &Map<String, Value>) -> bool {
    let member = |name: &str| header.get(name).and_then(Value::as_str);
    let idle = IDLE.iter().filter(|name| member(name).is_some()).count();
    header.len() == 2 + idle && member("alg") == Some("A256KW") && member("enc") == Some("A256CBC-HS512")
}

/// RFC 7518 §5.2.5: unwrap, compare the MAC in constant time, only then decrypt and take the padding off.
fn open(
    key: &[u8; 32],
    wrapped: &[u8],
    protected: &str,
    iv: [u8; 16],
    ciphertext: Vec<u8>,
    tag: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new([0_u8; 64]);
    let unwrapped = KeyEncryptionKey::new(&AES_256, key)
        .and_then(|kek| kek.unwrap(wrapped, content.as_mut_slice()).map(|key| key.len()));
    let known = unwrapped.is_ok_and(|length| length == 64);
    let (mac_key, cipher_key) = content.split_at_checked(32)?;

    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, mac_key));
    mac.update(protected.as_bytes());
    mac.update(&iv);
    mac.update(&ciphertext);
    mac.update(&u64::try_from(protected.len()).ok()?.checked_mul(8)?.to_be_bytes());
    let mac = mac.sign();
    let authentic = verify_slices_are_equal(mac.as_ref().get(..32)?, tag).is_ok();
    if !(known && authentic) {
        return None;
    }
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&CBC_256, cipher_key).ok()?).ok()?;
    let mut plain = Zeroizing::new(ciphertext);
    let length = cipher.decrypt(&mut plain, DecryptionContext::Iv128(FixedLength::from(&iv))).ok()?.len();
    plain.truncate(length);
    Some(plain)
}

#[cfg(test)]
mod tests;
