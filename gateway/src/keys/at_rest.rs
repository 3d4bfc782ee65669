//! Encryption at rest: one data key per claim, wrapped by the master key, every value bound to its place.
//!
//! AES-256-GCM with (table, row, column) as associated data, so that a ciphertext moved elsewhere does not open. What
//! a master key encrypts itself begins with the key's id; what was written before ids were has none and is tried.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::master::{KeyPurpose, MasterKey, MasterKeyId};
use crate::id::{ClaimId, Random};

const NONCE: usize = 12;
/// Stands before the id of the master key; what has none begins with chance.
pub const MARK: [u8; 4] = *b"CGm1";
/// Mark and id.
const MARKED: usize = 12;

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

/// A value that cannot be encrypted or does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AtRestError {
    /// Changed, moved, or of another key.
    #[error("the encrypted value in {table}.{column} does not open: changed, moved, or of another key")]
    Unopened {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
    },
    /// Its master key is not here.
    #[error("master key {0} is not here: lay master-{0}.key into keys.dir")]
    Absent(MasterKeyId),
}

/// Wraps and unwraps the data keys of claims; seals what the registry keeps of people and of endpoints.
pub struct Vault {
    present: RwLock<Arc<Present>>,
    random: Random,
}

/// The keys of the master keys there are.
struct Present {
    wrapping: Versions,
    registry: Versions,
}

/// The keys for one purpose, one of each master key: the first encrypts, all of them decrypt.
pub(super) struct Versions {
    keys: Vec<(MasterKeyId, Zeroizing<[u8; 32]>)>,
    /// The key that would encrypt and is not here: until it is, nothing is encrypted.
    lacks: Option<MasterKeyId>,
}

/// The data key of one claim. Erasing its wrapped form erases the claim.
pub struct ClaimKey {
    key: Zeroizing<[u8; 32]>,
    random: Random,
}

claimgate_packet::opaque_debug!(Vault, ClaimKey);

impl Vault {
    /// A vault under one master key.
    #[must_use]
    pub fn new(master: &MasterKey, random: Random) -> Self {
        Self::of(std::slice::from_ref(master), random)
    }

    /// A vault under master keys, of which the first encrypts.
    #[must_use]
    pub fn of(masters: &[MasterKey], random: Random) -> Self {
        Self { present: RwLock::new(Arc::new(Present::of(masters))), random }
    }

    /// Goes on under these master keys, of which the first encrypts.
    pub fn renew(&self, masters: &[MasterKey]) {
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Present::of(masters));
    }

    /// Goes on under these master keys, of which none may encrypt: the one that must is not here.
    pub fn wait_for(&self, lacks: MasterKeyId, masters: &[MasterKey]) {
        let mut present = Present::of(masters);
        (present.wrapping.lacks, present.registry.lacks) = (Some(lacks), Some(lacks));
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(present);
    }

    /// The master key that encrypts what is new.
    #[must_use]
    pub fn leads(&self) -> Option<MasterKeyId> {
        let present = self.present();
        present.wrapping.keys.first().map(|(id, _)| *id).filter(|_| present.wrapping.lacks.is_none())
    }

    /// The master key that must encrypt and is not here.
    #[must_use]
    pub fn lacks(&self) -> Option<MasterKeyId> {
        self.present().wrapping.lacks
    }

    /// Every master key there is, the one that encrypts first.
    #[must_use]
    pub fn knows(&self) -> Vec<MasterKeyId> {
        self.present().wrapping.keys.iter().map(|(id, _)| *id).collect()
    }

    fn present(&self) -> Arc<Present> {
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Encrypts a value of the registry, which belongs to no claim.
    ///
    /// # Errors
    /// As [`ClaimKey::seal`].
    pub fn seal_registry(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, AtRestError> {
        self.present().registry.seal(&self.random, place, plain)
    }

    /// Decrypts a value of the registry.
    ///
    /// # Errors
    /// A value that was changed, moved, or is of another key.
    pub fn open_registry(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AtRestError> {
        self.present().registry.open(place, sealed)
    }

    /// A new data key and its wrapped form for the row of that claim.
    ///
    /// # Errors
    /// As [`ClaimKey::seal`].
    pub fn new_claim_key(&self, claim: ClaimId) -> Result<(ClaimKey, Vec<u8>), AtRestError> {
        let key = Zeroizing::new(self.random.bytes::<32>());
        let row = claim.to_string();
        let wrapped = self.present().wrapping.seal(&self.random, wrapped_at(&row), key.as_slice())?;
        Ok((ClaimKey { key, random: self.random.clone() }, wrapped))
    }

    /// The data key of a claim from its wrapped form.
    ///
    /// # Errors
    /// A wrapped form of another claim or master key.
    pub fn open_claim_key(&self, claim: ClaimId, wrapped: &[u8]) -> Result<ClaimKey, AtRestError> {
        let row = claim.to_string();
        let place = wrapped_at(&row);
        let bytes = self.present().wrapping.open(place, wrapped)?;
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| failed(place))?;
        Ok(ClaimKey { key: Zeroizing::new(key), random: self.random.clone() })
    }

    /// The same under the master key that encrypts now; nothing where it is so already. `claim_key` holds data keys
    /// of claims, every other table values of the registry.
    ///
    /// # Errors
    /// A value that does not open.
    pub fn rewrap(&self, place: Place<'_>, sealed: &[u8]) -> Result<Option<Vec<u8>>, AtRestError> {
        let present = self.present();
        let versions = if place.table == CLAIM_KEY { &present.wrapping } else { &present.registry };
        versions.again(&self.random, place, sealed)
    }
}

impl Present {
    fn of(masters: &[MasterKey]) -> Self {
        let of = |purpose| Versions::of(masters, purpose);
        Self { wrapping: of(KeyPurpose::ClaimKeys), registry: of(KeyPurpose::Registry) }
    }
}

/// The master key a value was encrypted under; none in one from before ids were.
#[must_use]
pub fn encrypted_by(sealed: &[u8]) -> Option<MasterKeyId> {
    let (mark, rest) = sealed.split_first_chunk::<4>()?;
    let (id, _) = rest.split_first_chunk::<8>()?;
    (*mark == MARK).then_some(MasterKeyId::from_bytes(*id))
}

impl Versions {
    pub(super) fn of(masters: &[MasterKey], purpose: KeyPurpose) -> Self {
        let keys = masters.iter().map(|master| (master.id(), master.derive(purpose))).collect();
        Self { keys, lacks: None }
    }

    /// Encrypts under the first: mark, id, nonce, ciphertext, tag.
    pub(super) fn seal(&self, random: &Random, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, AtRestError> {
        if let Some(id) = self.lacks {
            return Err(AtRestError::Absent(id));
        }
        let (id, key) = self.keys.first().ok_or_else(|| failed(place))?;
        Ok([MARK.as_slice(), id.as_bytes(), &seal(key, random, place, plain)?].concat())
    }

    /// Decrypts under the master key the value names, or under whichever fits one that names none.
    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AtRestError> {
        if let Some(id) = encrypted_by(sealed)
            && let Some((_, key)) = self.keys.iter().find(|(known, _)| *known == id)
        {
            return open(key, place, sealed.get(MARKED..).unwrap_or_default());
        }
        let opened = self.keys.iter().find_map(|(_, key)| open(key, place, sealed).ok());
        opened.ok_or_else(|| encrypted_by(sealed).map_or_else(|| failed(place), AtRestError::Absent))
    }

    /// The same under the first key; nothing where it is so already.
    pub(super) fn again(
        &self,
        random: &Random,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, AtRestError> {
        match (encrypted_by(sealed), self.keys.first()) {
            (Some(by), Some((id, _))) if by == *id => Ok(None),
            _ => self.seal(random, place, &self.open(place, sealed)?).map(Some),
        }
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

/// The table of the data keys of claims.
const CLAIM_KEY: &str = "claim_key";

fn wrapped_at(row: &str) -> Place<'_> {
    Place { table: CLAIM_KEY, row, column: "wrapped" }
}

fn failed(place: Place<'_>) -> AtRestError {
    AtRestError::Unopened { table: place.table, column: place.column }
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
fn seal(key: &[u8; 32], random: &Random, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, AtRestError> {
    let nonce = random.bytes::<NONCE>();
    let mut body = plain.to_vec();
    cipher(key, place)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(place), &mut body)
        .map_err(|_| failed(place))?;
    Ok([nonce.as_slice(), body.as_slice()].concat())
}

/// Decrypts what [`seal`] made for the same place.
fn open(key: &[u8; 32], place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AtRestError> {
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

    #[test]
    fn a_new_master_key_opens_what_others_encrypted_and_encrypts_alone() {
        let random = Random::system();
        let [old, new] = [(); 2].map(|()| MasterKey::generate(&random));
        let (both, copy) = ([new, old], |key: &MasterKey| MasterKey::parse(&key.to_text()).unwrap());
        let vault = Vault::new(&both[1], random.clone());
        let claim = ClaimId::new(Timestamp::UNIX_EPOCH, &random);
        let (key, wrapped) = vault.new_claim_key(claim).unwrap();
        let row = claim.to_string();
        let place = Place { table: "party", row: "hospital-cgh", column: "contacts" };
        let contacts = vault.seal_registry(place, b"somebody").unwrap();
        // As before there were ids.
        let bare = seal(&both[1].derive(KeyPurpose::ClaimKeys), &random, wrapped_at(&row), key.key.as_slice()).unwrap();
        assert_eq!((encrypted_by(&wrapped), encrypted_by(&bare)), (Some(both[1].id()), None));

        vault.renew(&both);
        assert_eq!((vault.leads(), vault.knows()), (Some(both[0].id()), both.iter().map(MasterKey::id).collect()));
        let again = [&wrapped, &bare].map(|old| vault.rewrap(wrapped_at(&row), old).unwrap().unwrap());
        let moved = vault.rewrap(place, &contacts).unwrap().unwrap();
        assert!(vault.rewrap(place, &moved).unwrap().is_none() && vault.rewrap(place, &wrapped).is_err());
        let alone = Vault::new(&copy(&both[0]), random);
        for one in &again {
            assert_eq!(alone.open_claim_key(claim, one).unwrap().key, key.key);
        }
        assert_eq!(alone.open_registry(place, &moved).unwrap().as_slice(), b"somebody");
        assert!([&wrapped, &bare].iter().all(|old| alone.open_claim_key(claim, old).is_err()));

        // The one that must encrypt is not here: what others encrypted opens, and nothing is encrypted.
        vault.wait_for(both[0].id(), &both[1..]);
        assert_eq!((vault.leads(), vault.lacks()), (None, Some(both[0].id())));
        assert_eq!(vault.open_registry(place, &contacts).unwrap().as_slice(), b"somebody");
        let absent = AtRestError::Absent(both[0].id());
        assert_eq!(vault.open_registry(place, &moved).unwrap_err(), absent);
        assert_eq!(vault.seal_registry(place, b"somebody").unwrap_err(), absent);
        assert_eq!(vault.new_claim_key(claim).err(), Some(absent));
        vault.renew(&both);
        assert_eq!((vault.leads(), vault.lacks()), (Some(both[0].id()), None));
    }
}
