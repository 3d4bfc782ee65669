//! Where the master key comes from at a start: a file or the configuration today.
//!
//! A key kept in an HSM (PKCS#11) or a cloud's key management is one more [`KeyProvider`]: it holds the wrapped master
//! key beside the database and has the device unwrap it once, at the start. Everything else is derived from it here,
//! so no other code changes.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::folder::{FolderError, read_secret};
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
pub fn configured(config: &Config) -> Box<dyn KeyProvider> {
    match config.master_key() {
        MasterKeyPlace::Value(text) => Box::new(ValueProvider(text)),
        MasterKeyPlace::File(path) => Box::new(FileProvider(path)),
    }
}
