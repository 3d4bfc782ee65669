//! The issuers of credentials that count, by type and purpose: a file of the operator's and the keys beside it.
//!
//! Read at the start and again while running. What was read last stays in use where the file cannot be read. Issuers of
//! the demo world count in a sandbox alone, and there no others do.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use claimgate_adapters::wallet::key::Keys;
use claimgate_adapters::wallet::trust::chain::Anchors;
use claimgate_adapters::wallet::trust::{Domain, Issuer, IssuerKeys, Trust, host_of};
use claimgate_adapters::wallet::twdiw::registry::{SnapshotError, snapshot};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

/// The largest file read.
const FILE_BYTES: u64 = 1 << 20;
/// Issuers of one file.
const MOST: usize = 1_000;

/// Why the file cannot be used. Names files and issuers' places, from 1.
#[derive(Debug, thiserror::Error)]
pub enum IssuersError {
    /// A file cannot be read, or is larger than 1 MiB.
    #[error("wallet.trust: {0} cannot be read, or is larger than 1 MiB")]
    Unreadable(PathBuf),
    /// Not the form of the file.
    #[error("wallet.trust: {0}")]
    Form(String),
    /// An issuer is no https address, or stands twice for one purpose.
    #[error("wallet.trust: issuer {0}: id is an https address, and stands once")]
    Id(usize),
    /// Not exactly one kind of keys.
    #[error("wallet.trust: issuer {0}: say either certificates or jwks")]
    Keys(usize),
    /// The snapshot of TWDIW's registry.
    #[error("wallet.trust: {0}: {1}")]
    Snapshot(PathBuf, SnapshotError),
    /// A file of keys holds none.
    #[error("wallet.trust: {0} holds no certificates in PEM, or no key set")]
    Content(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// A snapshot of TWDIW's trust registry (信任清單), for every purpose.
    registry: Option<PathBuf>,
    #[serde(default)]
    issuer: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    types: Vec<String>,
    #[serde(default)]
    purposes: Vec<String>,
    #[serde(default)]
    domain: World,
    certificates: Option<PathBuf>,
    jwks: Option<PathBuf>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum World {
    #[default]
    Production,
    Demo,
}

/// A file as it stood when it was read: path, size, time of change, inode.
type Stamp = (PathBuf, u64, i64, i64, u64);

/// The registry of one moment, one for each purpose that is named and one for every other.
#[derive(Debug, Default)]
struct Loaded {
    named: HashMap<String, Arc<Trust>>,
    other: Arc<Trust>,
    stamps: Vec<Stamp>,
}

/// The registry as it was read last.
#[derive(Debug)]
pub struct Issuers {
    file: PathBuf,
    domain: Domain,
    present: RwLock<Arc<Loaded>>,
}

impl Issuers {
    /// Reads the file; nobody counts where there is none.
    ///
    /// # Errors
    /// [`IssuersError`].
    pub fn open(file: &Path, sandbox: bool) -> Result<Self, IssuersError> {
        let domain = if sandbox { Domain::Demo } else { Domain::Production };
        let present = RwLock::new(Arc::new(Loaded::read(file, domain)?));
        Ok(Self { file: file.to_owned(), domain, present })
    }

    fn present(&self) -> Arc<Loaded> {
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who counts for a purpose.
    #[must_use]
    pub fn trust(&self, purpose: &str) -> Arc<Trust> {
        let present = self.present();
        Arc::clone(present.named.get(purpose).unwrap_or(&present.other))
    }

    /// Reads the file again if it or a file of keys changed; what was read before stays where that fails.
    ///
    /// # Errors
    /// As [`Issuers::open`].
    pub fn reload(&self) -> Result<(), IssuersError> {
        let present = self.present();
        let now = present.stamps.iter().map(|stamp| self::stamp(&stamp.0)).collect::<Result<Vec<_>, _>>()?;
        if now != present.stamps {
            let fresh = Arc::new(Loaded::read(&self.file, self.domain)?);
            *self.present.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }
}

impl Loaded {
    fn read(file: &Path, domain: Domain) -> Result<Self, IssuersError> {
        if file.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let mut stamps = Vec::new();
        let text =
            String::from_utf8(read(file, &mut stamps)?).map_err(|_| IssuersError::Form("not text".to_owned()))?;
        let form = |error: toml::de::Error| IssuersError::Form(error.message().to_owned());
        let File { registry, issuer: entries } = toml::from_str::<File>(&text).map_err(form)?;
        if entries.len() > MOST {
            return Err(IssuersError::Form(format!("more than {MOST} issuers")));
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut issuers = Vec::new();
        for (place, entry) in (1..).zip(&entries) {
            let others = entries.iter().filter(|other| other.id == entry.id);
            let twice = others.filter(|other| other.purposes == entry.purposes).count() > 1;
            if host_of(&entry.id).is_none() || twice {
                return Err(IssuersError::Id(place));
            }
            issuers.push(Material::read(entry, folder, &mut stamps)?.ok_or(IssuersError::Keys(place))?);
        }
        let pinned = registry.map(|path| folder.join(path));
        let pinned = pinned.map(|path| Ok::<_, IssuersError>((read(&path, &mut stamps)?, path))).transpose()?;
        let trust = |purpose: Option<&str>| -> Result<Arc<Trust>, IssuersError> {
            let mut chosen = Vec::new();
            if let Some((bytes, path)) = &pinned {
                chosen = snapshot(bytes).map_err(|error| IssuersError::Snapshot(path.clone(), error))?;
            }
            for (entry, material) in entries.iter().zip(&issuers) {
                let counts = match purpose {
                    None => entry.purposes.is_empty(),
                    Some(purpose) => entry.purposes.is_empty() || entry.purposes.iter().any(|one| one == purpose),
                };
                if counts {
                    chosen.push(entry.issuer(material)?);
                }
            }
            Ok(Arc::new(Trust { issuers: chosen, domain }))
        };
        let purposes: BTreeSet<&String> = entries.iter().flat_map(|entry| &entry.purposes).collect();
        let named = purposes.into_iter().map(|purpose| Ok((purpose.clone(), trust(Some(purpose))?)));
        Ok(Self { named: named.collect::<Result<_, IssuersError>>()?, other: trust(None)?, stamps })
    }
}

/// The keys of an entry, as they were read.
enum Material {
    Certificates(PathBuf, Vec<Vec<u8>>),
    Keys(Keys),
}

impl Material {
    fn read(entry: &Entry, folder: &Path, stamps: &mut Vec<Stamp>) -> Result<Option<Self>, IssuersError> {
        Ok(match (&entry.certificates, &entry.jwks) {
            (Some(path), None) => {
                let path = folder.join(path);
                let pem = read(&path, stamps)?;
                let all = CertificateDer::pem_slice_iter(&pem).map(|one| Some(one.ok()?.to_vec()));
                let all = all.collect::<Option<Vec<_>>>().ok_or_else(|| IssuersError::Content(path.clone()))?;
                Some(Self::Certificates(path, all))
            }
            (None, Some(path)) => {
                let path = folder.join(path);
                let keys = Keys::from_jwks(&read(&path, stamps)?);
                Some(Self::Keys(keys.ok_or(IssuersError::Content(path))?))
            }
            _ => None,
        })
    }
}

impl Entry {
    fn issuer(&self, material: &Material) -> Result<Issuer, IssuersError> {
        let keys = match material {
            Material::Certificates(path, all) => {
                IssuerKeys::Certificates(Anchors::new(all).ok_or_else(|| IssuersError::Content(path.clone()))?)
            }
            Material::Keys(keys) => IssuerKeys::Published(keys.clone()),
        };
        let domain = match self.domain {
            World::Production => Domain::Production,
            World::Demo => Domain::Demo,
        };
        Ok(Issuer { id: self.id.clone(), types: self.types.clone(), domain, keys })
    }
}

fn stamp(path: &Path) -> Result<Stamp, IssuersError> {
    let about = fs::metadata(path).map_err(|_| IssuersError::Unreadable(path.to_owned()))?;
    Ok((path.to_owned(), about.len(), about.mtime(), about.mtime_nsec(), about.ino()))
}

fn read(path: &Path, stamps: &mut Vec<Stamp>) -> Result<Vec<u8>, IssuersError> {
    let stamp = stamp(path)?;
    if stamp.1 > FILE_BYTES {
        return Err(IssuersError::Unreadable(path.to_owned()));
    }
    stamps.push(stamp);
    fs::read(path).map_err(|_| IssuersError::Unreadable(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn issuers_count_for_their_purpose_and_their_world_and_the_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, Timestamp::UNIX_EPOCH).unwrap();
        std::fs::write(folder.path().join("dmv.jwks"), JwkSet(vec![key.public()]).to_json().to_string()).unwrap();
        let file = folder.path().join("trust.toml");
        let entry =
            |id: &str, more: &str| format!("[[issuer]]\nid = \"{id}\"\ntypes = [\"t\"]\njwks = \"dmv.jwks\"\n{more}\n");
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        write(&(entry("https://a.example", "") + &entry("https://b.example", "purposes = [\"motor\"]")));
        let issuers = Issuers::open(&file, false).unwrap();
        let count = |purpose: &str| issuers.trust(purpose).issuers.len();
        assert_eq!((count("motor"), count("health")), (2, 1));
        write(&entry("https://a.example", "domain = \"demo\"").repeat(2));
        assert!(matches!(issuers.reload(), Err(IssuersError::Id(1))));
        assert_eq!(count("motor"), 2, "what was read before stays");
        write(&entry("https://a.example", "domain = \"demo\""));
        issuers.reload().unwrap();
        assert_eq!((count("motor"), issuers.trust("motor").domain), (1, Domain::Production));
        assert_eq!(Issuers::open(&file, true).unwrap().trust("motor").domain, Domain::Demo);
        write(&entry("https://a.example", "certificates = \"dmv.jwks\""));
        assert!(matches!(issuers.reload(), Err(IssuersError::Keys(1))));
        write(&entry("http://a.example", ""));
        assert!(matches!(issuers.reload(), Err(IssuersError::Id(1))));
        assert!(Issuers::open(Path::new(""), false).unwrap().trust("motor").issuers.is_empty());
    }
}
