//! A file in sealed segments: 1 MiB of the file each, AES-256-GCM, any of them opened alone.
//!
//! After STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
//! Misuse-Resistance, 2015 §7), as age and Tink have it: a key for one file alone, derived with HKDF-SHA-256 from a
//! random one and the file's id; each segment bound to its number and to whether it is the last, so that segments
//! cannot be moved, left out, cut off or mixed. One thing differs: the number is associated data and the nonce is
//! random. A segment may be written twice with other bytes, when an upload is taken up again; with a counter as nonce
//! the same nonce would then cover two texts.
//!
//! ```text
//! key      = HKDF-SHA-256(ikm: 32 random bytes, salt: id (16 bytes), info: "claimgate/v1/object"), 32 bytes
//! segment  = nonce (12) ‖ AES-256-GCM(key, nonce, plain, aad: number (4, big-endian) ‖ last (1: 0 or 1)) ‖ tag (16)
//! ```

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use super::ObjectsError;
use crate::id::{ObjectId, Random};

/// Bytes of a file in one segment; the last may have fewer.
pub const SEGMENT: usize = 1 << 20;
/// The same as a size of a file.
pub const SEGMENT_BYTES: u64 = 1 << 20;
/// What a sealed segment has beyond its bytes: nonce and tag.
pub const OVERHEAD: usize = NONCE + 16;
const NONCE: usize = 12;

/// How many segments a file of that size has.
#[must_use]
pub fn segments(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(SEGMENT_BYTES)).unwrap_or(u32::MAX)
}

/// The key of one file.
#[derive(Clone)]
pub struct ObjectKey(Zeroizing<[u8; 32]>);

/// Seals and opens the segments of one file.
pub struct FileCipher {
    id: ObjectId,
    key: LessSafeKey,
    random: Random,
    last: u32,
}

/// The bytes of an opened segment.
pub type Unsealed = Zeroizing<Vec<u8>>;

claimgate_packet::opaque_debug!(ObjectKey, FileCipher);

impl ObjectKey {
    /// A new key.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self(Zeroizing::new(random.bytes()))
    }

    /// A key that was kept.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, to be wrapped.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of the segments themselves, as a recipient gets it: it opens this one file.
    ///
    /// # Errors
    /// Only if the library itself fails.
    pub fn of_file(&self, id: ObjectId) -> Result<Zeroizing<[u8; 32]>, ObjectsError> {
        let mut derived = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, id.uuid().as_bytes())
            .extract(self.0.as_slice())
            .expand(&[b"claimgate/v1/object"], &AES_256_GCM)
            .and_then(|output| output.fill(derived.as_mut_slice()))
            .map_err(|_| ObjectsError::Damaged(id))?;
        Ok(derived)
    }

    /// Makes ready to seal and open a file of that size.
    ///
    /// # Errors
    /// Only if the library itself fails.
    pub fn cipher(&self, id: ObjectId, bytes: u64, random: &Random) -> Result<FileCipher, ObjectsError> {
        let key = self.of_file(id)?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| ObjectsError::Damaged(id))?;
        let key = LessSafeKey::new(key);
        Ok(FileCipher { id, key, random: random.clone(), last: segments(bytes).saturating_sub(1) })
    }
}

impl FileCipher {
    /// Seals a segment.
    ///
    /// # Errors
    /// Only if the cipher itself fails.
    pub fn seal(&self, number: u32, plain: &[u8]) -> Result<Vec<u8>, ObjectsError> {
        let nonce = self.random.bytes::<NONCE>();
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), self.bound_to(number), &mut body)
            .map_err(|_| ObjectsError::Damaged(self.id))?;
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens a segment.
    ///
    /// # Errors
    /// It is not that segment of that file, or was changed.
    pub fn open(&self, number: u32, sealed: &[u8]) -> Result<Unsealed, ObjectsError> {
        let damaged = || ObjectsError::Damaged(self.id);
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), self.bound_to(number), &mut body)
            .map_err(|_| damaged())?
            .len();
        body.truncate(length);
        Ok(body)
    }

    fn bound_to(&self, number: u32) -> Aad<[u8; 5]> {
        let [a, b, c, d] = number.to_be_bytes();
        Aad::from([a, b, c, d, u8::from(number == self.last)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_opens_in_its_own_place_alone() {
        let random = Random::system();
        let (id, other) = (ObjectId::at_random(&random), ObjectId::at_random(&random));
        let key = ObjectKey::generate(&random);
        assert_eq!(u64::try_from(SEGMENT), Ok(SEGMENT_BYTES));
        let size = 2 * SEGMENT_BYTES + 5;
        let cipher = key.cipher(id, size, &random).unwrap();
        assert_eq!([0, 1, 1 << 20, (1 << 20) + 1].map(segments), [0, 1, 1, 2]);
        let sealed = cipher.seal(2, b"video").unwrap();
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_ne!(sealed, cipher.seal(2, b"video").unwrap());
        let again = ObjectKey::from_bytes(*key.as_bytes()).cipher(id, size, &random).unwrap();
        assert_eq!(again.open(2, &sealed).unwrap().as_slice(), b"video");
        assert!(again.open(1, &sealed).is_err(), "another place");
        let longer = key.cipher(id, size * 2, &random).unwrap();
        assert!(longer.open(2, &sealed).is_err(), "no longer the last");
        assert!(key.cipher(other, size, &random).unwrap().open(2, &sealed).is_err(), "another file");
        let foreign = ObjectKey::generate(&random).cipher(id, size, &random).unwrap();
        assert!(foreign.open(2, &sealed).is_err(), "another key");
        for cut in 0..sealed.len() {
            assert!(again.open(2, &sealed[..cut]).is_err());
            let mut changed = sealed.clone();
            changed[cut] ^= 1;
            assert!(again.open(2, &changed).is_err());
        }
    }
}
