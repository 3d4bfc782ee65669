//! Checkpoints: the log's size and root, signed as a C2SP signed note with Ed25519 (C2SP tlog-checkpoint).

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Hash, hash};

/// A note longer than this is not read: room for the log's own line and a crowd of witnesses.
pub const LONGEST: usize = 64 * 1024;
const MOST_SIGNATURES: usize = 64;
const ED25519_TYPE: u8 = 0x01;

/// What a log says of itself at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: its address without scheme.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// Root of the tree of these entries.
    pub root: Hash,
}

/// A text that is no checkpoint of the log we trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not of the form of a signed note with a checkpoint.
    #[error("not a checkpoint")]
    Malformed,
    /// Another log's.
    #[error("a checkpoint of another log")]
    Origin,
    /// No signature of the log's key.
    #[error("not signed by the log's key")]
    Unsigned,
    /// A signature of the log's key that does not verify.
    #[error("the log's signature does not verify")]
    Signature,
}

/// The public key of a log, written `name+id+key` (C2SP signed-note verifier key).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

/// The private key of a log: a 32-byte Ed25519 seed, wiped on drop.
pub struct LogSigner {
    seed: Zeroizing<[u8; 32]>,
    public: LogKey,
}

crate::opaque_debug!(LogSigner);

/// A text that is no verifier key, or a name no log can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a log")]
pub struct LogKeyError;

impl LogKey {
    fn new(name: &str, key: [u8; 32]) -> Result<Self, LogKeyError> {
        let fits = |sign: char| !sign.is_whitespace() && !sign.is_control() && sign != '+';
        if name.is_empty() || name.len() > 255 || !name.chars().all(fits) {
            return Err(LogKeyError);
        }
        let [a, b, c, d, ..] = hash(&[name.as_bytes(), b"\n", &[ED25519_TYPE], &key]);
        Ok(Self { name: name.to_owned(), id: [a, b, c, d], key })
    }

    /// Reads a verifier key.
    ///
    /// # Errors
    /// Another form or algorithm, or an id that is not this key's.
    pub fn parse(text: &str) -> Result<Self, LogKeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(LogKeyError);
        };
        let bytes = STANDARD.decode(key).map_err(|_| LogKeyError)?;
        let [ED25519_TYPE, key @ ..] = bytes.as_slice() else { return Err(LogKeyError) };
        let known = Self::new(name, key.try_into().map_err(|_| LogKeyError)?)?;
        if known.id_text() == id { Ok(known) } else { Err(LogKeyError) }
    }

    /// The text form.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = vec![ED25519_TYPE];
        bytes.extend(self.key);
        format!("{}+{}+{}", self.name, self.id_text(), STANDARD.encode(bytes))
    }

    /// The same key under another name: a log that was renamed.
    ///
    /// # Errors
    /// A name no log can have.
    pub fn named(&self, name: &str) -> Result<Self, LogKeyError> {
        Self::new(name, self.key)
    }

    /// The log's name, which is the origin of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id_text(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id))
    }

    fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(text.as_bytes(), signature).is_ok()
    }
}

impl LogSigner {
    /// The signer of a log of that name.
    ///
    /// # Errors
    /// A name no log can have.
    pub fn new(name: &str, seed: Zeroizing<[u8; 32]>) -> Result<Self, LogKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| LogKeyError)?;
        let key = pair.public_key().as_ref().try_into().map_err(|_| LogKeyError)?;
        Ok(Self { seed, public: LogKey::new(name, key)? })
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &LogKey {
        &self.public
    }

    /// A signed checkpoint.
    ///
    /// # Errors
    /// The library refuses the key.
    pub fn sign(&self, size: u64, root: &Hash) -> Result<String, LogKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(self.seed.as_slice()).map_err(|_| LogKeyError)?;
        let name = &self.public.name;
        let text = format!("{name}\n{size}\n{}\n", STANDARD.encode(root));
        let mut signature = self.public.id.to_vec();
        signature.extend(pair.sign(text.as_bytes()).as_ref());
        Ok(format!("{text}\n— {name} {}\n", STANDARD.encode(signature)))
    }
}

impl Checkpoint {
    /// Reads a checkpoint that the log signed; signatures of others (witnesses) are passed over.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn open(note: &str, key: &LogKey) -> Result<Self, CheckpointError> {
        if note.len() > LONGEST || note.chars().any(|sign| sign.is_control() && sign != '\n') {
            return Err(CheckpointError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(CheckpointError::Malformed)?;
        let text = format!("{text}\n");
        let checkpoint = Self::read(&text).ok_or(CheckpointError::Malformed)?;
        if checkpoint.origin != key.name {
            return Err(CheckpointError::Origin);
        }
        let lines = signatures.strip_suffix('\n').ok_or(CheckpointError::Malformed)?;
        let mut signed = false;
        for (number, line) in lines.split('\n').enumerate() {
            let (name, bytes) =
                signature_line(line).filter(|_| number < MOST_SIGNATURES).ok_or(CheckpointError::Malformed)?;
            let Some((id, signature)) = bytes.split_first_chunk::<4>() else { return Err(CheckpointError::Malformed) };
            if name != key.name || *id != key.id {
                continue;
            }
            if !key.verifies(&text, signature) {
                return Err(CheckpointError::Signature);
            }
            signed = true;
        }
        if signed { Ok(checkpoint) } else { Err(CheckpointError::Unsigned) }
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        // Extension lines are allowed and never empty; they mean nothing here.
        if origin.is_empty() || lines.any(str::is_empty) {
            return None;
        }
        let root = STANDARD.decode(root).ok()?.as_slice().try_into().ok()?;
        Some(Self { origin: origin.to_owned(), size: decimal(size)?, root })
    }
}

/// A decimal without sign and leading noughts.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}

fn signature_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
    Some((name, STANDARD.decode(signature).ok()?)).filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> LogSigner {
        LogSigner::new("gateway.example/log", Zeroizing::new([7; 32])).unwrap()
    }

    #[test]
    fn a_checkpoint_reads_back_and_nothing_else_does() {
        let key = LogKey::parse(&signer().public().to_text()).unwrap();
        let note = signer().sign(20_852_163, &[9; 32]).unwrap();
        let open = |note: &str| Checkpoint::open(note, &key);
        assert_eq!(open(&note).unwrap(), Checkpoint { origin: key.name.clone(), size: 20_852_163, root: [9; 32] });
        assert_eq!(open(&note.replace("20852163", "20852164")), Err(CheckpointError::Signature));
        assert_eq!(open(&note.replace("20852163", "020852163")), Err(CheckpointError::Malformed));
        assert_eq!(open(&note.replace("gateway.example", "other.example")), Err(CheckpointError::Origin));
        let witness = format!("{note}— witness.example {}\n", STANDARD.encode([1; 76]));
        assert!(open(&witness).is_ok(), "a witness is passed over");
        let other = LogSigner::new("gateway.example/log", Zeroizing::new([8; 32])).unwrap();
        assert_eq!(Checkpoint::open(&note, other.public()), Err(CheckpointError::Unsigned));
        for length in 0..note.len() {
            if let Some(cut) = note.get(..length) {
                assert!(open(cut).is_err(), "{length}");
            }
        }
        assert!(open(&"a".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn a_key_reads_back_and_its_id_must_fit() {
        let text = signer().public().to_text();
        assert_eq!(LogKey::parse(&text).unwrap().to_text(), text);
        for wrong in
            [text.replace("gateway", "getaway"), text.replacen('+', " ", 1), text.to_uppercase(), String::new()]
        {
            assert_eq!(LogKey::parse(&wrong), Err(LogKeyError), "{wrong}");
        }
        assert!(LogSigner::new("a b", Zeroizing::new([7; 32])).is_err());
    }
}
