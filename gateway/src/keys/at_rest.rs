//! Encryption at rest: one data key per claim, wrapped by the master key, every value bound to its place.
//!
//! AES-256-GCM with (table, row, column) as associated data, so that a ciphertext moved elsewhere does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::master::{KeyPurpose, MasterKey};
use crate::id::{ClaimId, Random};

const NONCE: usize = 12;

/// Where a value stands in the database.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Table name.
    pub table: &'static str,
    /// Row id.
    pub row: &'a str,
    /// Column name.
    pub column: &'static str,
}

/// A value that does not open: changed, moved, or of another key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encrypted value in {table}.{column} does not open: changed, moved, or of another key")]
pub struct AtRestError {
    table: &'static str,
    column: &'static str,
}

/// Wraps and unwraps the data keys of claims; seals what the registry keeps of people and of endpoints.
pub struct Vault {
    wrapping: Zeroizing<[u8; 32]>,
    registry: Zeroizing<[u8; 32]>,
    random: Random,
}

/// The data key of one claim. Erasing its wrapped form erases the claim.
pub struct ClaimKey {
    key: Zeroizing<[u8; 32]>,
    random: Random,
}

claimgate_packet::opaque_debug!(Vault, ClaimKey);

impl Vault {
    /// A vault under the master key.
    #[must_use]
    pub fn new(master: &MasterKey, random: Random) -> Self {
        let (wrapping, registry) = (master.derive(KeyPurpose::ClaimKeys), master.derive(KeyPurpose::Registry));
        Self { wrapping, registry, random }
    }

    /// Encrypts a value of the registry, which belongs to no claim.
    ///
    /// # Errors
    /// As [`ClaimKey::seal`].
    pub fn seal_registry(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, AtRestError> {
        seal(&self.registry, &self.random, place, plain)
    }

    /// Decrypts a value of the registry.
    ///
    /// # Errors
    /// A value that was changed, moved, or is of another key.
    pub fn open_registry(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AtRestError> {
        open(&self.registry, place, sealed)
    }

    /// A new data key and its wrapped form for the row of that claim.
    ///
    /// # Errors
    /// As [`ClaimKey::seal`].
    pub fn new_claim_key(&self, claim: ClaimId) -> Result<(ClaimKey, Vec<u8>), AtRestError> {
        let key = Zeroizing::new(self.random.bytes::<32>());
        let row = claim.to_string();
        let wrapped = seal(&self.wrapping, &self.random, wrapped_at(&row), key.as_slice())?;
        Ok((ClaimKey { key, random: self.random.clone() }, wrapped))
    }

    /// The data key of a claim from its wrapped form.
    ///
    /// # Errors
    /// A wrapped form of another claim or master key.
    pub fn open_claim_key(&self, claim: ClaimId, wrapped: &[u8]) -> Result<ClaimKey, AtRestError> {
        let row = claim.to_string();
        let place = wrapped_at(&row);
        let bytes = open(&self.wrapping, place, wrapped)?;
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| failed(place))?;
        Ok(ClaimKey { key: Zeroizing::new(key), random: self.random.clone() })
    }
}

impl ClaimKey {
    /// Encrypts a value for its place: nonce, ciphertext, tag.
    ///
    /// # Errors
    /// Only if the cipher itself fails.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, AtRestError> {
        seal(&self.key, &self.random, place, plain)
    }

    /// Decrypts a value of its place.
    ///
    /// # Errors
    /// A value that was changed, moved, or is of another claim.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AtRestError> {
        open(&self.key, place, sealed)
    }
}

fn wrapped_at(row: &str) -> Place<'_> {
    Place { table: "claim_key", row, column: "wrapped" }
}

fn failed(place: Place<'_>) -> AtRestError {
    AtRestError { table: place.table, column: place.column }
}

fn bound_to(place: Place<'_>) -> Aad<Vec<u8>> {
    // A length before each part: no two places share one text.
    let mut aad = Vec::new();
    for part in [place.table, place.row, place.column] {
        aad.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        aad.extend_from_slice(part.as_bytes());
    }
    Aad::from(aad)
}

fn cipher(key: &[u8; 32], place: Place<'_>) -> Result<LessSafeKey, AtRestError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| failed(place))
}

/// Encrypts under a key for a place: nonce, ciphertext, tag.
pub(super) fn seal(key: &[u8; 32], random: &Random, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, AtRestError> {
    let nonce = random.bytes::<NONCE>();
    let mut body = plain.to_vec();
    cipher(key, place)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(place), &mut body)
        .map_err(|_| failed(place))?;
    Ok([nonce.as_slice(), body.as_slice()].concat())
}

/// Decrypts what [`seal`] made for the same place.
pub(super) fn open(key: &[u8; 32], place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AtRestError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or_else(|| failed(place))?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = cipher(key, place)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), bound_to(place), &mut body)
        .map_err(|_| failed(place))?
        .len();
    body.truncate(length);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn a_value_opens_only_in_its_place_and_under_its_claim() {
        let random = Random::system();
        let vault = Vault::new(&MasterKey::generate(&random), random.clone());
        let claim = ClaimId::new(Timestamp::UNIX_EPOCH, &random);
        let other = ClaimId::new(Timestamp::UNIX_EPOCH, &random);
        let (key, wrapped) = vault.new_claim_key(claim).unwrap();
        let place = Place { table: "evidence", row: "evd_1", column: "body" };
        let sealed = key.seal(place, b"diagnosis").unwrap();

        let again = vault.open_claim_key(claim, &wrapped).unwrap();
        assert_eq!(again.open(place, &sealed).unwrap().as_slice(), b"diagnosis");
        assert!(again.open(Place { row: "evd_2", ..place }, &sealed).is_err());
        assert!(again.open(Place { column: "answer", ..place }, &sealed).is_err());
        assert!(vault.open_claim_key(other, &wrapped).is_err());
        for cut in 0..sealed.len() {
            assert!(again.open(place, &sealed[..cut]).is_err());
        }
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert!(again.open(place, &changed).is_err());
    }
}
