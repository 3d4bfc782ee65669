//! Where the master keys come from: one from a file or the configuration, and others from the key folder.
//!
//! A key kept in an HSM (PKCS#11) or a cloud's key management is one more [`KeyProvider`]: it holds the wrapped master
//! key beside the database and has the device unwrap it once, at the start. Everything else is derived from it here,
//! so no other code changes.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::folder::{FolderError, master_files, read_secret};
use super::master::{MasterKey, MasterKeyError};
use crate::config::{Config, MasterKeyPlace};

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The file.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The text.
    #[error(transparent)]
    Form(#[from] MasterKeyError),
}

/// Gives the master key, once at every start. There is no default key: without one nothing starts.
pub trait KeyProvider {
    /// The master key.
    ///
    /// # Errors
    /// It is missing, out of reach, or malformed.
    fn master_key(&self) -> Result<MasterKey, ProviderError>;
}

/// A file its owner alone can read.
#[derive(Debug)]
pub struct FileProvider(pub PathBuf);

/// The value itself, from the environment or the configuration file.
pub struct ValueProvider(pub Zeroizing<String>);

claimgate_packet::opaque_debug!(ValueProvider);

impl KeyProvider for FileProvider {
    fn master_key(&self) -> Result<MasterKey, ProviderError> {
        Ok(MasterKey::parse(&read_secret(&self.0)?)?)
    }
}

impl KeyProvider for ValueProvider {
    fn master_key(&self) -> Result<MasterKey, ProviderError> {
        Ok(MasterKey::parse(&self.0)?)
    }
}

/// The provider the configuration names.
#[must_use]
pub fn configured(config: &Config) -> Box<dyn KeyProvider + Send + Sync> {
    match config.master_key() {
        MasterKeyPlace::Value(text) => Box::new(ValueProvider(text)),
        MasterKeyPlace::File(path) => Box::new(FileProvider(path)),
    }
}

/// All master keys of a gateway: the one its configuration names, and `master-<id>.key` in its key folder. Which of
/// them encrypts what is new, the database says.
pub struct MasterKeys {
    configured: Box<dyn KeyProvider + Send + Sync>,
    dir: PathBuf,
}

claimgate_packet::opaque_debug!(MasterKeys);

impl MasterKeys {
    /// Those the configuration names; they are not read yet.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self { configured: configured(config), dir: config.keys_dir() }
    }

    /// Reads them: the configured one first, each once.
    ///
    /// # Errors
    /// One is missing, exposed or malformed.
    pub fn read(&self) -> Result<Vec<MasterKey>, ProviderError> {
        let mut keys = vec![self.configured.master_key()?];
        for path in master_files(&self.dir)? {
            let key = MasterKey::parse(&read_secret(&path)?)?;
            if keys.iter().all(|known| known.id() != key.id()) {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}
