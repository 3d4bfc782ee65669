//! The key folder: the master key and the gateway's signing keys, one file each, readable by the owner only.
//!
//! `packet-<kid>.json` signs packets, `token-<kid>.json` signs access tokens; the two are published apart.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{JwkError, KeyAlg, KeyUse, PrivateJwk};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::master::{MasterKey, MasterKeyError};
use crate::config::{Config, MasterKeyPlace};
use crate::id::Random;

/// The file of the key that signs the public log's checkpoints.
const LOG_KEY: &str = "log.key";

/// What a signing key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningUse {
    /// Packets.
    Packet,
    /// Access tokens.
    Token,
}

impl SigningUse {
    /// The word in file names and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::Token => "token",
        }
    }
}

/// The gateway's signing keys. The newest whose time has come signs; all stay published.
#[derive(Debug)]
pub struct KeyRing {
    packet: Vec<PrivateJwk>,
    token: Vec<PrivateJwk>,
}

/// The key ring of a running gateway: read again from time to time, so that a new key is published at once and
/// signs later, without a restart.
#[derive(Debug)]
pub struct Ring {
    dir: PathBuf,
    present: RwLock<Arc<KeyRing>>,
}

impl Ring {
    /// Reads the folder.
    ///
    /// # Errors
    /// As [`KeyRing::load`].
    pub fn open(dir: PathBuf) -> Result<Self, KeyRingError> {
        let present = RwLock::new(Arc::new(KeyRing::load(&dir)?));
        Ok(Self { dir, present })
    }

    /// The keys as they were read last.
    #[must_use]
    pub fn present(&self) -> Arc<KeyRing> {
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the folder again; what was read before stays where that fails.
    ///
    /// # Errors
    /// As [`KeyRing::load`].
    pub fn reload(&self) -> Result<(), KeyRingError> {
        let fresh = Arc::new(KeyRing::load(&self.dir)?);
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

/// Why the key folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// A file or folder cannot be read or written.
    #[error("{path} cannot be read or written")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("{path} is readable by others; run: chmod 600 {path}")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key of ours.
    #[error("{path} holds no signing key: {source}")]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: JwkError,
    },
    /// The file holds no JSON.
    #[error("{path} is not JSON")]
    NotJson {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key of the log.
    #[error("{path} holds no log key: 32 bytes as base64url (43 characters)")]
    NotALogKey {
        /// The file.
        path: PathBuf,
    },
    /// The master key is unusable.
    #[error(transparent)]
    Master(#[from] MasterKeyError),
    /// A new key could not be made.
    #[error("a new key could not be made: {0}")]
    Generate(JwkError),
    /// No key can sign now.
    #[error("no {} key is valid now; run: claimgate keys new {}", .0.as_str(), .0.as_str())]
    NoKey(SigningUse),
}

impl KeyRing {
    /// Reads every signing key of the folder.
    ///
    /// # Errors
    /// An unreadable or exposed file, or one that holds no key.
    pub fn load(dir: &Path) -> Result<Self, KeyRingError> {
        let mut ring = Self { packet: Vec::new(), token: Vec::new() };
        for entry in fs::read_dir(dir).map_err(at(dir))? {
            let path = entry.map_err(at(dir))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            if name.starts_with("packet-") {
                ring.packet.push(read_key(&path)?);
            } else if name.starts_with("token-") {
                ring.token.push(read_key(&path)?);
            }
        }
        ring.packet.sort_by_key(|key| key.public().not_before);
        ring.token.sort_by_key(|key| key.public().not_before);
        Ok(ring)
    }

    /// All keys of one use, oldest first.
    #[must_use]
    pub fn keys(&self, usage: SigningUse) -> &[PrivateJwk] {
        match usage {
            SigningUse::Packet => &self.packet,
            SigningUse::Token => &self.token,
        }
    }

    /// The key that signs at this time: the newest whose time has come and not passed.
    ///
    /// # Errors
    /// No such key.
    pub fn signing(&self, usage: SigningUse, now: Timestamp) -> Result<&PrivateJwk, KeyRingError> {
        let valid = |key: &&PrivateJwk| {
            let public = key.public();
            public.revoked_at.is_none()
                && public.not_before.is_none_or(|from| from <= now)
                && public.not_after.is_none_or(|until| now < until)
        };
        self.keys(usage).iter().rev().find(valid).ok_or(KeyRingError::NoKey(usage))
    }
}

/// Makes a signing key and writes its file; returns its key id.
///
/// # Errors
/// The folder cannot be written.
pub fn create_signing_key(dir: &Path, usage: SigningUse, not_before: Timestamp) -> Result<String, KeyRingError> {
    create_folder(dir)?;
    let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, not_before).map_err(KeyRingError::Generate)?;
    let kid = key.public().kid.clone();
    let path = dir.join(format!("{}-{kid}.json", usage.as_str()));
    write_secret(&path, key.to_json().to_string().as_bytes())?;
    Ok(kid)
}

/// Reads the master key from where the configuration says.
///
/// # Errors
/// A missing, exposed or malformed file.
pub fn load_master(config: &Config) -> Result<MasterKey, KeyRingError> {
    match config.master_key() {
        MasterKeyPlace::Value(text) => Ok(MasterKey::parse(&text)?),
        MasterKeyPlace::File(path) => Ok(MasterKey::parse(&read_secret(&path)?)?),
    }
}

/// Reads the seed of the key that signs the public log's checkpoints.
///
/// # Errors
/// A missing, exposed or malformed file.
pub fn load_log_seed(config: &Config) -> Result<Zeroizing<[u8; 32]>, KeyRingError> {
    let path = config.keys_dir().join(LOG_KEY);
    let text = read_secret(&path)?;
    let bytes = Zeroizing::new(base64url::decode(text.trim()).unwrap_or_default());
    let seed = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyRingError::NotALogKey { path })?;
    Ok(Zeroizing::new(seed))
}

/// Makes what is missing: folder, master key, the log's key, one key of each use. Existing files are never touched.
///
/// # Errors
/// The folder cannot be written.
pub fn ensure(config: &Config, random: &Random, now: Timestamp) -> Result<Vec<String>, KeyRingError> {
    let dir = config.keys_dir();
    create_folder(&dir)?;
    let mut made = Vec::new();
    if let MasterKeyPlace::File(path) = config.master_key()
        && !path.exists()
    {
        write_secret(&path, MasterKey::generate(random).to_text().as_bytes())?;
        made.push(path.display().to_string());
    }
    let path = dir.join(LOG_KEY);
    if !path.exists() {
        let text = Zeroizing::new(base64url::encode(&random.bytes::<32>()));
        write_secret(&path, text.as_bytes())?;
        made.push(path.display().to_string());
    }
    let ring = KeyRing::load(&dir)?;
    for usage in [SigningUse::Packet, SigningUse::Token] {
        if ring.keys(usage).is_empty() {
            made.push(format!("{} key {}", usage.as_str(), create_signing_key(&dir, usage, now)?));
        }
    }
    Ok(made)
}

/// Writes a file only its owner can read; refuses to overwrite.
///
/// # Errors
/// The file exists or cannot be written.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), KeyRingError> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at(path))
}

/// Reads a private key file.
///
/// # Errors
/// An unreadable or exposed file, or one that holds no key.
pub fn read_key(path: &Path) -> Result<PrivateJwk, KeyRingError> {
    let text = read_secret(path)?;
    let json = serde_json::from_str(&text).map_err(|_| KeyRingError::NotJson { path: path.to_owned() })?;
    PrivateJwk::from_json(&json).map_err(|source| KeyRingError::NotAKey { path: path.to_owned(), source })
}

fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyRingError> {
    let mode = fs::metadata(path).map_err(at(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyRingError::Exposed { path: path.to_owned() });
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(at(path))
}

fn create_folder(dir: &Path) -> Result<(), KeyRingError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(at(dir))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> KeyRingError + '_ {
    move |source| KeyRingError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_new_key_is_published_before_it_signs() {
        let dir = std::env::temp_dir().join(format!("claimgate-ring-{}", std::process::id()));
        let now = Timestamp::from_second(1_000_000).unwrap();
        let old = create_signing_key(&dir, SigningUse::Packet, now).unwrap();
        let ring = Ring::open(dir.clone()).unwrap();
        let later = now + SignedDuration::from_mins(10);
        let new = create_signing_key(&dir, SigningUse::Packet, later).unwrap();
        assert_eq!(ring.present().keys(SigningUse::Packet).len(), 1);
        ring.reload().unwrap();
        let signs = |at| ring.present().signing(SigningUse::Packet, at).unwrap().public().kid.clone();
        assert_eq!(ring.present().keys(SigningUse::Packet).len(), 2);
        assert_eq!((signs(now), signs(later)), (old, new));
        fs::remove_dir_all(dir).unwrap();
    }
}
