//! Certificate authorities (憑證管理中心) trusted for source signatures, and their revocation lists: two folders.
//!
//! Read at the start and again while running, for lists are renewed every day. What was read last stays in use where a
//! file cannot be read or a list is half written.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use claimgate_adapters::signature::{Authorities, AuthorityError, Standing, certificates_in, lists_in};
use jiff::Timestamp;

use crate::config::Signatures;

/// The largest file read; a national authority's complete list has a few MiB.
const FILE_BYTES: u64 = 64 << 20;

/// Why the folders cannot be used. Names files, which the operator chose.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// A folder or file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than any list.
    #[error("{0} is larger than 64 MiB")]
    TooLarge(PathBuf),
    /// A file is neither PEM nor DER.
    #[error("{0} holds nothing in PEM or DER of what its folder is for")]
    Form(PathBuf),
    /// What a file holds cannot be used.
    #[error("{path}: {error}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: AuthorityError,
    },
    /// The settings themselves.
    #[error("{0}")]
    Settings(AuthorityError),
    /// Lists without authorities.
    #[error("revocation_lists_dir needs authorities_dir: lists count for trusted authorities only")]
    ListsAlone,
}

/// A file as it stood when it was read: path, size, time of change, inode.
type Stamp = (PathBuf, u64, i64, i64, u64);

/// The authorities of one moment, with the file each came from.
#[derive(Debug)]
pub struct Loaded {
    /// The authorities and lists.
    pub authorities: Authorities,
    certificate_files: Vec<PathBuf>,
    list_files: Vec<PathBuf>,
    stamps: Vec<Stamp>,
}

impl Loaded {
    fn read(settings: &Signatures) -> Result<Self, AuthoritiesError> {
        let certificate_stamps = files(&settings.authorities_dir)?;
        let list_stamps = list_files(settings)?;
        let (certificates, certificate_files) = each(&certificate_stamps, certificates_in)?;
        let (lists, list_files) = each(&list_stamps, lists_in)?;
        let authorities = Authorities::new(&certificates, &lists, &settings.institution_attributes);
        let authorities = authorities.map_err(|error| {
            let path = match error {
                AuthorityError::Certificate(place) => certificate_files.get(place),
                AuthorityError::RevocationList(place) => list_files.get(place),
                AuthorityError::Attribute(_) | AuthorityError::Count => None,
            };
            match path {
                Some(path) => AuthoritiesError::Content { path: path.clone(), error },
                None => AuthoritiesError::Settings(error),
            }
        })?;
        let stamps = [certificate_stamps, list_stamps].concat();
        Ok(Self { authorities, certificate_files, list_files, stamps })
    }

    /// How they stand at a time.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        self.authorities.standing(now)
    }

    /// The file of a trusted certificate.
    #[must_use]
    pub fn certificate_file(&self, place: usize) -> Option<&Path> {
        self.certificate_files.get(place).map(PathBuf::as_path)
    }

    /// The file of a revocation list.
    #[must_use]
    pub fn list_file(&self, place: usize) -> Option<&Path> {
        self.list_files.get(place).map(PathBuf::as_path)
    }
}

/// The authorities as they were read last; none where the operator names no folder.
#[derive(Debug)]
pub struct SourceAuthorities {
    settings: Signatures,
    present: RwLock<Option<Arc<Loaded>>>,
}

impl SourceAuthorities {
    /// Reads the folders.
    ///
    /// # Errors
    /// [`AuthoritiesError`].
    pub fn open(settings: Signatures) -> Result<Self, AuthoritiesError> {
        if !settings.authorities_dir.as_os_str().is_empty() {
            let loaded = Some(Arc::new(Loaded::read(&settings)?));
            return Ok(Self { settings, present: RwLock::new(loaded) });
        }
        if settings.revocation_lists_dir.as_os_str().is_empty() {
            return Ok(Self { settings, present: RwLock::new(None) });
        }
        Err(AuthoritiesError::ListsAlone)
    }

    /// The authorities as they were read last.
    #[must_use]
    pub fn present(&self) -> Option<Arc<Loaded>> {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the folders again if a file of theirs changed; what was read before stays where that fails.
    ///
    /// # Errors
    /// As [`SourceAuthorities::open`].
    pub fn reload(&self) -> Result<(), AuthoritiesError> {
        let Some(present) = self.present() else { return Ok(()) };
        let mut stamps = files(&self.settings.authorities_dir)?;
        stamps.extend(list_files(&self.settings)?);
        if stamps != present.stamps {
            let fresh = Arc::new(Loaded::read(&self.settings)?);
            *self.present.write().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        }
        Ok(())
    }
}

fn list_files(settings: &Signatures) -> Result<Vec<Stamp>, AuthoritiesError> {
    let folder = &settings.revocation_lists_dir;
    if folder.as_os_str().is_empty() { Ok(Vec::new()) } else { files(folder) }
}

/// The files of a folder by name; hidden ones and folders are not looked at.
fn files(folder: &Path) -> Result<Vec<Stamp>, AuthoritiesError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| AuthoritiesError::Unreadable { path, source }
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let about = fs::metadata(&path).map_err(unreadable(&path))?;
        if about.is_file() && !hidden {
            found.push((path, about.len(), about.mtime(), about.mtime_nsec(), about.ino()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

type Read = fn(&[u8]) -> Option<Vec<Vec<u8>>>;

/// What the files hold, and the file of each.
fn each(stamps: &[Stamp], read: Read) -> Result<(Vec<Vec<u8>>, Vec<PathBuf>), AuthoritiesError> {
    let (mut all, mut from) = (Vec::new(), Vec::new());
    for (path, size, ..) in stamps {
        if *size > FILE_BYTES {
            return Err(AuthoritiesError::TooLarge(path.clone()));
        }
        let bytes = fs::read(path).map_err(|source| AuthoritiesError::Unreadable { path: path.clone(), source })?;
        let found = read(&bytes).ok_or_else(|| AuthoritiesError::Form(path.clone()))?;
        from.extend(found.iter().map(|_| path.clone()));
        all.extend(found);
    }
    Ok((all, from))
}
