//! The key folder: one file per key, readable by its owner only, the private part encrypted under the master key.
//!
//! `packet-<kid>.json` and `token-<kid>.json` are public JWKs with a member `sealed`; `log.key` is the sealed seed of
//! the public log's key. A file that holds a bare private key is refused: `claimgate keys seal` encrypts it.
//! `master-<id>.key` are master keys beside the configured one: the next, and former ones.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{JwkError, PrivateJwk};
use serde_json::Value;
use zeroize::Zeroizing;

use super::at_rest::{AtRestError, Place, Versions};
use super::master::{KeyPurpose, MasterKey, MasterKeyId};
use crate::id::Random;

/// The member that holds the encrypted private part.
const SEALED: &str = "sealed";
/// The file of the key that signs the public log's checkpoints.
const LOG_KEY: &str = "log.key";
/// Where the configured master key is, unless the configuration says otherwise.
const MASTER_KEY: &str = "master.key";

/// The folder, with the keys its files are encrypted under.
pub struct KeyFolder {
    dir: PathBuf,
    keys: RwLock<Arc<Versions>>,
    random: Random,
}

claimgate_packet::opaque_debug!(KeyFolder);

/// The names, sizes and times of key files, to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, u64, u64, i64, i64)>);

/// Why the key folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no key yet.
    #[error(
        "{path} is not there: `claimgate serve --init` makes the gateway's keys; or name the right file or folder \
        under [keys]"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// What would be written over.
    #[error("{path} is there already and is kept")]
    Exists {
        /// The file.
        path: PathBuf,
    },
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
    /// The file is not of the form of a key file.
    #[error("{path} is no key file")]
    NotAKeyFile {
        /// The file.
        path: PathBuf,
    },
    /// The private key stands in the file as it is.
    #[error("{path} holds a private key in the clear; run: claimgate keys seal")]
    Bare {
        /// The file.
        path: PathBuf,
    },
    /// The private part does not open under this master key.
    #[error("{path} does not open: it was changed, or written under another master key")]
    Sealed {
        /// The file.
        path: PathBuf,
    },
}

impl KeyFolder {
    /// The folder under a master key; it is not read yet.
    #[must_use]
    pub fn new(dir: PathBuf, master: &MasterKey, random: Random) -> Self {
        Self::of(dir, std::slice::from_ref(master), random)
    }

    /// The folder under master keys, of which the first encrypts.
    #[must_use]
    pub fn of(dir: PathBuf, masters: &[MasterKey], random: Random) -> Self {
        let keys = RwLock::new(Arc::new(Versions::of(masters, KeyPurpose::KeyFiles)));
        Self { dir, keys, random }
    }

    /// Goes on under these master keys, of which the first encrypts.
    pub fn renew(&self, masters: &[MasterKey]) {
        let keys = Arc::new(Versions::of(masters, KeyPurpose::KeyFiles));
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn keys(&self) -> Arc<Versions> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the folder if it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(&self) -> Result<(), FolderError> {
        create_folder(&self.dir)
    }

    /// The paths of all signing key files whose name begins with a prefix.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self, prefix: &str) -> Result<Vec<PathBuf>, FolderError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(at(&self.dir))? {
            let path = entry.map_err(at(&self.dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let json = path.extension().is_some_and(|extension| extension == "json");
            if json && name.starts_with(prefix) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// What the folder's signing key files look like from outside: it changes when one comes, goes or is written anew.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn stamp(&self) -> Result<Stamp, FolderError> {
        let mut files = Vec::new();
        for path in [self.files("")?, master_files(&self.dir)?, vec![self.dir.join(MASTER_KEY)]].concat() {
            if !path.exists() {
                continue;
            }
            let seen = fs::metadata(&path).map_err(at(&path))?;
            files.push((path, seen.ino(), seen.len(), seen.mtime(), seen.mtime_nsec()));
        }
        files.sort_unstable();
        Ok(Stamp(files))
    }

    /// Reads a signing key.
    ///
    /// # Errors
    /// An unreadable or exposed file, a bare key, another master key.
    pub fn read(&self, path: &Path) -> Result<PrivateJwk, FolderError> {
        let mut value = read_json(path)?;
        let not_a_file = || FolderError::NotAKeyFile { path: path.to_owned() };
        let members = value.as_object_mut().ok_or_else(not_a_file)?;
        if members.contains_key("d") {
            return Err(FolderError::Bare { path: path.to_owned() });
        }
        let sealed = members.remove(SEALED);
        let kid = members.get("kid").and_then(Value::as_str).ok_or_else(not_a_file)?;
        let private = self.open(path, kid, sealed.as_ref().and_then(Value::as_str))?;
        members.insert("d".to_owned(), String::from_utf8_lossy(&private).into_owned().into());
        PrivateJwk::from_json(&value).map_err(|source| FolderError::NotAKey { path: path.to_owned(), source })
    }

    /// Writes a new signing key; never overwrites.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub fn add(&self, prefix: &str, key: &PrivateJwk) -> Result<(), FolderError> {
        let path = self.dir.join(format!("{prefix}{}.json", key.kid()));
        // It appears whole: a running gateway may read the folder now.
        let next = written_beside(&path, self.sealed(&path, key.to_json())?.to_string().as_bytes())?;
        let linked = fs::hard_link(&next, &path).map_err(at(&path));
        fs::remove_file(&next).map_err(at(&next))?;
        linked.and_then(|()| keep_names(&path))
    }

    /// Encrypts the private part of a file that holds it in the clear; `true` if it did.
    ///
    /// # Errors
    /// A file that is no key, or cannot be written.
    pub fn seal_file(&self, path: &Path) -> Result<bool, FolderError> {
        let value = read_json(path)?;
        if value.get("d").is_none() {
            return Ok(false);
        }
        PrivateJwk::from_json(&value).map_err(|source| FolderError::NotAKey { path: path.to_owned(), source })?;
        replace(path, self.sealed(path, value)?.to_string().as_bytes())?;
        Ok(true)
    }

    /// Writes public members into a key's file, for example the end of its life.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn note(&self, path: &Path, member: &str, value: Value) -> Result<(), FolderError> {
        let mut file = read_json(path)?;
        let members = file.as_object_mut().ok_or_else(|| FolderError::NotAKeyFile { path: path.to_owned() })?;
        members.insert(member.to_owned(), value);
        replace(path, file.to_string().as_bytes())
    }

    /// The seed of the key that signs the public log's checkpoints.
    ///
    /// # Errors
    /// A missing, exposed or changed file, or another master key.
    pub fn log_seed(&self) -> Result<Zeroizing<[u8; 32]>, FolderError> {
        let path = self.dir.join(LOG_KEY);
        let text = read_secret(&path)?;
        let seed = self.open(&path, LOG_KEY, Some(text.trim()))?;
        let seed = seed.as_slice().try_into().map_err(|_| FolderError::NotAKeyFile { path })?;
        Ok(Zeroizing::new(seed))
    }

    /// Makes the log's key if it is missing; its path if it was.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn ensure_log_seed(&self) -> Result<Option<PathBuf>, FolderError> {
        let path = self.dir.join(LOG_KEY);
        if path.exists() {
            return Ok(None);
        }
        let seed = Zeroizing::new(self.random.bytes::<32>());
        write_secret(&path, self.seal(&path, LOG_KEY, seed.as_slice())?.as_bytes())?;
        Ok(Some(path))
    }

    fn sealed(&self, path: &Path, mut key: Value) -> Result<Value, FolderError> {
        let not_a_file = || FolderError::NotAKeyFile { path: path.to_owned() };
        let members = key.as_object_mut().ok_or_else(not_a_file)?;
        let private = members.remove("d").and_then(|private| private.as_str().map(str::to_owned)).map(Zeroizing::new);
        let kid = members.get("kid").and_then(Value::as_str).ok_or_else(not_a_file)?;
        let sealed = self.seal(path, kid, private.ok_or_else(not_a_file)?.as_bytes())?;
        members.insert(SEALED.to_owned(), sealed.into());
        Ok(key)
    }

    /// Encrypts every key file anew that the first master key did not encrypt; how many it were.
    ///
    /// # Errors
    /// A file that does not open or cannot be written.
    pub fn rewrap(&self) -> Result<usize, FolderError> {
        let mut rewrapped = 0;
        for path in self.files("")? {
            let mut file = read_json(&path)?;
            let not_a_file = || FolderError::NotAKeyFile { path: path.clone() };
            let members = file.as_object_mut().ok_or_else(not_a_file)?;
            // A bare key is for `keys seal`, another file is nobody's here.
            let (Some(kid), Some(sealed)) = (text(members.get("kid")), text(members.get(SEALED))) else { continue };
            if let Some(again) = self.again(&path, &kid, &sealed)? {
                members.insert(SEALED.to_owned(), again.into());
                replace(&path, file.to_string().as_bytes())?;
                rewrapped += 1;
            }
        }
        let path = self.dir.join(LOG_KEY);
        if path.exists()
            && let Some(again) = self.again(&path, LOG_KEY, read_secret(&path)?.trim())?
        {
            replace(&path, again.as_bytes())?;
            rewrapped += 1;
        }
        Ok(rewrapped)
    }

    fn again(&self, path: &Path, row: &str, sealed: &str) -> Result<Option<String>, FolderError> {
        let sealed = base64url::decode(sealed).ok_or_else(|| FolderError::NotAKeyFile { path: path.to_owned() })?;
        let again = self.keys().again(&self.random, place(row), &sealed).map_err(closed(path))?;
        Ok(again.map(|again| base64url::encode(&again)))
    }

    fn seal(&self, path: &Path, row: &str, private: &[u8]) -> Result<String, FolderError> {
        let sealed = self.keys().seal(&self.random, place(row), private);
        sealed.map(|sealed| base64url::encode(&sealed)).map_err(closed(path))
    }

    fn open(&self, path: &Path, row: &str, sealed: Option<&str>) -> Result<Zeroizing<Vec<u8>>, FolderError> {
        let sealed = sealed.and_then(base64url::decode);
        let sealed = sealed.ok_or_else(|| FolderError::NotAKeyFile { path: path.to_owned() })?;
        self.keys().open(place(row), &sealed).map_err(closed(path))
    }
}

fn closed(path: &Path) -> impl FnOnce(AtRestError) -> FolderError + '_ {
    move |_| FolderError::Sealed { path: path.to_owned() }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(ToOwned::to_owned)
}

/// The file of a master key beside the configured one.
#[must_use]
pub fn master_file(dir: &Path, id: MasterKeyId) -> PathBuf {
    dir.join(format!("master-{id}.key"))
}

/// The files of all master keys beside the configured one, in order.
///
/// # Errors
/// The folder cannot be read.
pub fn master_files(dir: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(dir) {
        // Made later, or never where the one key is a value.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries.map_err(at(dir))?,
    };
    for entry in entries {
        let path = entry.map_err(at(dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let id = name.strip_prefix("master-").and_then(|name| name.strip_suffix(".key"));
        if id.is_some_and(|id| id.parse::<MasterKeyId>().is_ok()) {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Lets another master key be the one of a file. The former one is kept beside it first, under its own name.
///
/// # Errors
/// A file cannot be read or written.
pub fn exchange_master(file: &Path, dir: &Path, former: &MasterKey, next: &MasterKey) -> Result<PathBuf, FolderError> {
    let kept = master_file(dir, former.id());
    if !kept.exists() {
        write_secret(&kept, former.to_text().as_bytes())?;
        keep_names(&kept)?;
    }
    replace(file, next.to_text().as_bytes())?;
    let prepared = master_file(dir, next.id());
    fs::remove_file(&prepared).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(at(&prepared)(error)),
    })?;
    Ok(kept)
}

fn place(row: &str) -> Place<'_> {
    Place { table: "key_file", row, column: SEALED }
}

fn read_json(path: &Path) -> Result<Value, FolderError> {
    let text = read_secret(path)?;
    serde_json::from_str(&text).map_err(|_| FolderError::NotAKeyFile { path: path.to_owned() })
}

/// Writes a file only its owner can read; refuses to overwrite.
///
/// # Errors
/// The file exists or cannot be written.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at(path))
}

/// Exchanges a file at once: a reader sees the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let next = written_beside(path, bytes)?;
    fs::rename(&next, path).map_err(at(path))?;
    keep_names(path)
}

/// Writes what will take a file's place. One that a crash has left there is nobody's.
fn written_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, FolderError> {
    let next = path.with_extension("next");
    match fs::remove_file(&next) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(at(&next)(error)),
        _ => write_secret(&next, bytes)?,
    }
    Ok(next)
}

/// A new name outlives a loss of power only once its folder is on disk.
fn keep_names(path: &Path) -> Result<(), FolderError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

/// Reads a file that only its owner may read.
///
/// # Errors
/// It is missing, or others may read it.
pub fn read_secret(path: &Path) -> Result<Zeroizing<String>, FolderError> {
    let mode = fs::metadata(path).map_err(missing(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(FolderError::Exposed { path: path.to_owned() });
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(at(path))
}

/// As [`at`], where what is not there has not been made yet.
fn missing(path: &Path) -> impl FnOnce(io::Error) -> FolderError + '_ {
    move |source| match source.kind() {
        io::ErrorKind::NotFound => FolderError::Missing { path: path.to_owned() },
        _ => at(path)(source),
    }
}

pub(super) fn create_folder(dir: &Path) -> Result<(), FolderError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(at(dir))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError + '_ {
    move |source| match source.kind() {
        io::ErrorKind::AlreadyExists => FolderError::Exists { path: path.to_owned() },
        _ => FolderError::Io { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use claimgate_packet::jose::jwk::{KeyAlg, KeyUse};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_private_key_is_never_in_its_file_and_opens_under_its_master_key_only() {
        let dir = std::env::temp_dir().join(format!("claimgate-folder-{}", std::process::id()));
        let random = Random::system();
        let master = MasterKey::generate(&random);
        let folder = KeyFolder::new(dir.clone(), &master, random.clone());
        folder.create().unwrap();
        let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, Timestamp::UNIX_EPOCH).unwrap();
        folder.add("packet-", &key).unwrap();
        assert!(folder.add("packet-", &key).is_err(), "never overwritten");
        let path = folder.files("packet-").unwrap().pop().unwrap();
        let private = key.to_json()["d"].as_str().unwrap().to_owned();
        assert!(!fs::read_to_string(&path).unwrap().contains(&private));
        assert_eq!(folder.read(&path).unwrap().to_json(), key.to_json());
        let other = KeyFolder::new(dir.clone(), &MasterKey::generate(&random), random);
        assert!(matches!(other.read(&path), Err(FolderError::Sealed { .. })));

        // A key under another name does not open either: the encryption is bound to its kid.
        folder.note(&path, "kid", "other".into()).unwrap();
        assert!(matches!(folder.read(&path), Err(FolderError::Sealed { .. })));

        let bare = dir.join("packet-bare.json");
        write_secret(&bare, key.to_json().to_string().as_bytes()).unwrap();
        assert!(matches!(folder.read(&bare), Err(FolderError::Bare { .. })));
        assert!(folder.seal_file(&bare).unwrap() && !folder.seal_file(&bare).unwrap());
        assert_eq!(folder.read(&bare).unwrap().to_json(), key.to_json());

        folder.ensure_log_seed().unwrap().unwrap();
        assert!(folder.ensure_log_seed().unwrap().is_none());
        assert_eq!(folder.log_seed().unwrap(), folder.log_seed().unwrap());
        assert!(matches!(other.log_seed(), Err(FolderError::Sealed { .. })));

        folder.note(&path, "kid", key.kid().into()).unwrap();
        // Under a new master key, encrypted anew: the old one opens nothing any more.
        let former = MasterKey::parse(&master.to_text()).unwrap();
        let next = MasterKey::generate(&Random::system());
        folder.renew(&[next, former]);
        assert_eq!((folder.rewrap().unwrap(), folder.rewrap().unwrap()), (3, 0));
        assert_eq!(folder.read(&bare).unwrap().to_json(), key.to_json());
        let old = KeyFolder::new(dir.clone(), &master, Random::system());
        assert!(matches!(old.read(&bare), Err(FolderError::Sealed { .. })));
        fs::remove_dir_all(dir).unwrap();
    }
}
