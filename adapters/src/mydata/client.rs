//! What a service provider (服務提供者) shares with the platform: its id, a secret and an IV; and what they encrypt.
//!
//! AES-256-CBC with a fixed IV and a key made of a secret written twice: that is the platform's contract, not our choice.
//! It hides a person's number from the address bar and proves nothing.

use std::fmt::Write as _;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::opaque_debug;
use zeroize::Zeroizing;

use super::RESOURCES;
use super::refusal::Refusal;

/// Characters of an encrypted parameter.
const PARAMETER: usize = 512;

/// Why the operator's settings are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// `CLI.` and letters, digits, underscores.
    #[error("the client id is not of the form CLI.xxxxxxxx")]
    Id,
    /// Sixteen ASCII characters.
    #[error("the client secret is not 16 ASCII characters")]
    Secret,
    /// Sixteen ASCII characters.
    #[error("the IV is not 16 ASCII characters")]
    Iv,
}

/// A registered service provider.
pub struct Client {
    id: String,
    key: Zeroizing<[u8; 32]>,
    iv: [u8; 16],
}

opaque_debug!(Client);

impl Client {
    /// From what the platform handed out: `client_id`, `client_secret`, `cbc_iv`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(id: &str, secret: &str, iv: &str) -> Result<Self, ClientError> {
        let plain =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !id.strip_prefix("CLI.").is_some_and(plain) || id.len() > 64 {
            return Err(ClientError::Id);
        }
        let ascii = |text: &str| <[u8; 16]>::try_from(text.as_bytes()).ok().filter(|bytes| bytes.is_ascii());
        let secret = Zeroizing::new(ascii(secret).ok_or(ClientError::Secret)?);
        let mut key = Zeroizing::new([0; 32]);
        let (first, second) = key.split_at_mut(16);
        first.copy_from_slice(secret.as_slice());
        second.copy_from_slice(secret.as_slice());
        Ok(Self { id: id.to_owned(), key, iv: ascii(iv).ok_or(ClientError::Iv)? })
    }

    /// The client id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The parameter `pid`: a national ID (身分證字號), encrypted; base64, still to be percent-encoded in an address.
    /// `None` for an empty text or one of more than 64 bytes.
    #[must_use]
    pub fn pid(&self, number: &str) -> Option<String> {
        if number.is_empty() || number.len() > 64 {
            return None;
        }
        let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, self.key.as_slice()).ok()?);
        let mut text = number.as_bytes().to_vec();
        let context = EncryptionContext::Iv128(FixedLength::from(&self.iv));
        cipher.ok()?.less_safe_encrypt(&mut text, context).ok()?;
        Some(STANDARD.encode(text))
    }

    /// The path to send a person to: `/service/{client_id}/{resources}/{tx_id}`, every segment percent-encoded.
    /// `None` for no resource, more than 64, or one that holds a colon, which parts them.
    #[must_use]
    pub fn path(&self, resources: &[String], transaction: &str) -> Option<String> {
        let sound = |one: &String| !one.is_empty() && !one.contains(':');
        if resources.is_empty() || resources.len() > RESOURCES || !resources.iter().all(sound) {
            return None;
        }
        let resources = escaped(&STANDARD.encode(resources.join(":")));
        Some(format!("/service/{}/{resources}/{}", escaped(&self.id), escaped(transaction)))
    }

    /// The transaction a returning browser names (`tx_id`). Anybody can repeat one: it proves nothing but which it is.
    ///
    /// # Errors
    /// [`Refusal::OtherTransaction`] where it is none of this client.
    pub fn transaction(&self, parameter: &str) -> Result<String, Refusal> {
        let plain = self.decrypt(parameter).ok_or(Refusal::OtherTransaction)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Refusal::OtherTransaction)?;
        Ok(text.to_owned())
    }

    /// The key of a transfer out of a notification: 32 ASCII characters.
    ///
    /// # Errors
    /// [`Refusal::SecretKey`].
    pub fn secret_key(&self, parameter: &str) -> Result<Zeroizing<[u8; 32]>, Refusal> {
        let plain = self.decrypt(parameter).filter(|plain| plain.is_ascii()).ok_or(Refusal::SecretKey)?;
        <[u8; 32]>::try_from(plain.as_slice()).map(Zeroizing::new).map_err(|_| Refusal::SecretKey)
    }

    fn decrypt(&self, parameter: &str) -> Option<Zeroizing<Vec<u8>>> {
        if parameter.len() > PARAMETER {
            return None;
        }
        let mut text = Zeroizing::new(STANDARD.decode(parameter).ok()?);
        if text.is_empty() || text.len() % 16 != 0 {
            return None;
        }
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, self.key.as_slice()).ok()?);
        let context = DecryptionContext::Iv128(FixedLength::from(&self.iv));
        let length = cipher.ok()?.decrypt(&mut text, context).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

/// Everything but RFC 3986's unreserved characters as %XX.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
