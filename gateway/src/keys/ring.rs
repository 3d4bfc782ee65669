//! The gateway's signing keys by use and state: which one signs now, which comes next, which only verify.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use claimgate_packet::jose::jwk::{JwkError, KeyAlg, KeyUse, PrivateJwk, PublicJwk};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::folder::{FolderError, KeyFolder, create_folder, write_secret};
use super::master::MasterKey;
use super::provider::{MasterKeys, ProviderError};
use crate::config::{Config, MasterKeyPlace};
use crate::id::Random;

/// What a signing key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningUse {
    /// Packets.
    Packet,
    /// Access tokens.
    Token,
}

impl SigningUse {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Packet, Self::Token];

    /// The word in file names and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::Token => "token",
        }
    }

    fn prefix(self) -> String {
        format!("{}-", self.as_str())
    }
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, signs later.
    Next,
    /// Signs now.
    Current,
    /// Signs no more; what it signed counts as before.
    Previous,
    /// Its end has come: what it signed counts with a proof of the public log from before only.
    Retired,
    /// Taken back: as retired, from that moment.
    Revoked,
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        })
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
    folder: KeyFolder,
    present: RwLock<Arc<KeyRing>>,
}

impl Ring {
    /// Reads the folder.
    ///
    /// # Errors
    /// As [`KeyRing::load`].
    pub fn open(folder: KeyFolder) -> Result<Self, KeyRingError> {
        let present = RwLock::new(Arc::new(KeyRing::load(&folder)?));
        Ok(Self { folder, present })
    }

    /// The keys as they were read last.
    #[must_use]
    pub fn present(&self) -> Arc<KeyRing> {
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &KeyFolder {
        &self.folder
    }

    /// Reads the folder again; what was read before stays where that fails.
    ///
    /// # Errors
    /// As [`KeyRing::load`].
    pub fn reload(&self) -> Result<(), KeyRingError> {
        let fresh = Arc::new(KeyRing::load(&self.folder)?);
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

/// Why the signing keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The key folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The master key.
    #[error(transparent)]
    Master(#[from] ProviderError),
    /// A new key could not be made.
    #[error("a new key could not be made: {0}")]
    Generate(JwkError),
    /// No key can sign now.
    #[error("no {} key is valid now; run: claimgate keys rotate {} --at-once", .0.as_str(), .0.as_str())]
    NoKey(SigningUse),
    /// No key of that name.
    #[error("there is no signing key of that name; `claimgate keys list` shows all")]
    Unknown,
}

impl KeyRing {
    /// Reads every signing key of the folder.
    ///
    /// # Errors
    /// An unreadable or exposed file, or one that holds no key.
    pub fn load(folder: &KeyFolder) -> Result<Self, KeyRingError> {
        let read = |usage: SigningUse| -> Result<Vec<PrivateJwk>, KeyRingError> {
            let files = folder.files(&usage.prefix())?;
            let mut keys = files.iter().map(|path| folder.read(path)).collect::<Result<Vec<_>, _>>()?;
            keys.sort_by_key(|key| key.public().not_before);
            Ok(keys)
        };
        Ok(Self { packet: read(SigningUse::Packet)?, token: read(SigningUse::Token)? })
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
        let signs = |key: &&PrivateJwk| can_sign(&key.public(), now);
        self.keys(usage).iter().rev().find(signs).ok_or(KeyRingError::NoKey(usage))
    }

    /// Every key of one use with its state, oldest first.
    #[must_use]
    pub fn states(&self, usage: SigningUse, now: Timestamp) -> Vec<(PublicJwk, KeyState)> {
        let current = self.signing(usage, now).map(|key| key.kid().to_owned()).ok();
        let state = |key: &PublicJwk| match key {
            key if key.revoked_at.is_some_and(|at| at <= now) => KeyState::Revoked,
            key if key.not_after.is_some_and(|end| end <= now) => KeyState::Retired,
            key if current.as_deref() == Some(&key.kid) => KeyState::Current,
            key if key.not_before.is_some_and(|from| from > now) => KeyState::Next,
            _ => KeyState::Previous,
        };
        self.keys(usage).iter().map(PrivateJwk::public).map(|key| (key.clone(), state(&key))).collect()
    }
}

fn can_sign(key: &PublicJwk, now: Timestamp) -> bool {
    key.revoked_at.is_none()
        && key.not_before.is_none_or(|from| from <= now)
        && key.not_after.is_none_or(|until| now < until)
}

/// Makes a signing key and writes its file; returns its key id.
///
/// No two keys of one use begin in the same second, or which of them signs would be left to chance: then it begins a
/// second later.
///
/// # Errors
/// The folder cannot be read or written.
pub fn create_signing_key(
    folder: &KeyFolder,
    usage: SigningUse,
    not_before: Timestamp,
) -> Result<String, KeyRingError> {
    let ring = KeyRing::load(folder)?;
    let begins = |at: Timestamp| {
        let seconds = |key: &PrivateJwk| key.public().not_before.map(Timestamp::as_second);
        ring.keys(usage).iter().any(|key| seconds(key) == Some(at.as_second()))
    };
    let mut not_before = not_before;
    while begins(not_before) {
        not_before += SignedDuration::from_secs(1);
    }
    let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, not_before).map_err(KeyRingError::Generate)?;
    folder.add(&usage.prefix(), &key)?;
    Ok(key.kid().to_owned())
}

/// How a key's life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At this time, as planned.
    Retire(Timestamp),
    /// From this time on it is not to be trusted.
    Revoke(Timestamp),
}

/// Writes the end of a key's life into its file.
///
/// # Errors
/// No key of that name, or a file that cannot be written.
pub fn end(folder: &KeyFolder, kid: &str, end: End) -> Result<(), KeyRingError> {
    for usage in SigningUse::ALL {
        for path in folder.files(&usage.prefix())? {
            if folder.read(&path)?.kid() == kid {
                let (member, at) = match end {
                    End::Retire(at) => ("exp", at),
                    End::Revoke(at) => ("revoked_at", at),
                };
                return Ok(folder.note(&path, member, json!(at.as_second()))?);
            }
        }
    }
    Err(KeyRingError::Unknown)
}

/// The master keys, the configured one first, and the key folder the configuration names.
///
/// # Errors
/// A missing, exposed or malformed master key.
pub fn open_folder(config: &Config, random: &Random) -> Result<(Vec<MasterKey>, KeyFolder), KeyRingError> {
    let masters = MasterKeys::of(config).read()?;
    let folder = KeyFolder::of(config.keys_dir(), &masters, random.clone());
    Ok((masters, folder))
}

/// Makes what is missing: folder, master key, the log's key, one key of each use. Existing files are never touched.
///
/// # Errors
/// The folder cannot be written.
pub fn ensure(config: &Config, random: &Random, now: Timestamp) -> Result<Vec<String>, KeyRingError> {
    create_folder(&config.keys_dir())?;
    let mut made = Vec::new();
    if let MasterKeyPlace::File(path) = config.master_key()
        && !path.exists()
    {
        write_secret(&path, MasterKey::generate(random).to_text().as_bytes())?;
        made.push(path.display().to_string());
    }
    let (_, folder) = open_folder(config, random)?;
    made.extend(folder.ensure_log_seed()?.map(|path: PathBuf| path.display().to_string()));
    let ring = KeyRing::load(&folder)?;
    for usage in SigningUse::ALL {
        if ring.keys(usage).is_empty() {
            made.push(format!("{} key {}", usage.as_str(), create_signing_key(&folder, usage, now)?));
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_published_before_it_signs_and_an_ended_one_signs_no_more() {
        let dir = std::env::temp_dir().join(format!("claimgate-ring-{}", std::process::id()));
        let random = Random::system();
        let open = || KeyFolder::new(dir.clone(), &MasterKey::parse(&"A".repeat(43)).unwrap(), random.clone());
        let folder = open();
        folder.create().unwrap();
        let now = Timestamp::from_second(1_000_000).unwrap();
        let old = create_signing_key(&folder, SigningUse::Packet, now).unwrap();
        let ring = Ring::open(open()).unwrap();
        let later = now + SignedDuration::from_mins(10);
        let new = create_signing_key(&folder, SigningUse::Packet, later).unwrap();
        assert_eq!(ring.present().keys(SigningUse::Packet).len(), 1);
        ring.reload().unwrap();
        let signs = |at| ring.present().signing(SigningUse::Packet, at).map(|key| key.kid().to_owned()).ok();
        assert_eq!(ring.present().keys(SigningUse::Packet).len(), 2);
        assert_eq!((signs(now).as_ref(), signs(later).as_ref()), (Some(&old), Some(&new)));
        let states = |at| {
            let states = ring.present().states(SigningUse::Packet, at);
            states.into_iter().map(|(_, state)| state).collect::<Vec<_>>()
        };
        assert_eq!(states(now), [KeyState::Current, KeyState::Next]);
        assert_eq!(states(later), [KeyState::Previous, KeyState::Current]);

        end(&folder, &new, End::Revoke(later)).unwrap();
        end(&folder, &old, End::Retire(later)).unwrap();
        assert!(matches!(end(&folder, "nobody", End::Revoke(later)), Err(KeyRingError::Unknown)));
        ring.reload().unwrap();
        assert_eq!((signs(now).as_ref(), signs(later)), (Some(&old), None));
        assert_eq!(states(later), [KeyState::Retired, KeyState::Revoked]);

        // Three made at once begin one after the other.
        let made = [(); 3].map(|()| create_signing_key(&folder, SigningUse::Token, now).unwrap());
        ring.reload().unwrap();
        let order: Vec<String> =
            ring.present().keys(SigningUse::Token).iter().map(|key| key.kid().to_owned()).collect();
        assert_eq!(order, made);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
