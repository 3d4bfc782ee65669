//! The issuers of credentials that count, by type and purpose: a file of the operator's with the keys beside it, and before
//! it what two operators agreed on, which the store keeps.
//!
//! The file is read at the start and again while running. What was read last stays in use where it cannot be read; what
//! was agreed on stands before it all the same, so that an issuer that was revoked never counts because a file is broken.
//! Issuers of the demo world count in a sandbox alone, and there no others do.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::wallet::key::Keys;
use claimgate_adapters::wallet::trust::chain::Anchors;
use claimgate_adapters::wallet::trust::{Domain, Issuer, IssuerKeys, Trust, host_of};
use claimgate_adapters::wallet::twdiw::registry::{SnapshotError, snapshot};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

mod document;

pub use document::{DocumentError, Grant, IssuerDocument, IssuerState, RegisteredHost, World};

use document::{is_of_sandbox, same_issuer};

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
    #[error("wallet.trust: issuer {0}: id is an https address, and stands once for each purpose")]
    Id(usize),
    /// An anchor of the sandbox's own issuer in a production gateway.
    #[error("wallet.trust: {0} is an anchor of the sandbox's issuer: anybody gets any credential under it")]
    Sandbox(PathBuf),
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

#[derive(Debug, Deserialize)]
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

/// A file as it stood when it was read: path, size, time of change, inode.
type Stamp = (PathBuf, u64, i64, i64, u64);

/// What the file said.
#[derive(Debug, Default)]
struct Base {
    entries: Vec<Entry>,
    materials: Vec<Material>,
    pinned: Option<(Vec<u8>, PathBuf)>,
    stamps: Vec<Stamp>,
}

/// What two operators agreed on, as the store had it last.
#[derive(Debug, Default)]
struct Agreed {
    /// How often it was changed.
    version: i64,
    all: Vec<IssuerDocument>,
}

/// The registry of one moment, one for each purpose that is named and one for every other.
#[derive(Debug, Default)]
struct Loaded {
    named: HashMap<String, Arc<Trust>>,
    other: Arc<Trust>,
    base: Arc<Base>,
    agreed: Arc<Agreed>,
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
        let loaded = Loaded::of(Arc::new(Base::read(file, domain)?), Arc::default(), domain)?;
        Ok(Self { file: file.to_owned(), domain, present: RwLock::new(Arc::new(loaded)) })
    }

    fn present(&self) -> Arc<Loaded> {
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The gateway's world.
    #[must_use]
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// Who counts for a purpose.
    #[must_use]
    pub fn trust(&self, purpose: &str) -> Arc<Trust> {
        let present = self.present();
        Arc::clone(present.named.get(purpose).unwrap_or(&present.other))
    }

    /// How often what was agreed on had been changed when it was taken in.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.present().agreed.version
    }

    /// Takes in what was agreed on, where it is newer than what is known.
    ///
    /// # Errors
    /// As [`Issuers::open`]; then nothing changes.
    pub fn agree(&self, version: i64, all: Vec<IssuerDocument>) -> Result<(), IssuersError> {
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        if version > present.agreed.version {
            let agreed = Arc::new(Agreed { version, all });
            *present = Arc::new(Loaded::of(Arc::clone(&present.base), agreed, self.domain)?);
        }
        Ok(())
    }

    /// The issuers of the file, as documents: what is exported and shown beside what was agreed on.
    #[must_use]
    pub fn of_file(&self) -> Vec<IssuerDocument> {
        let base = Arc::clone(&self.present().base);
        base.entries.iter().zip(&base.materials).map(|(entry, material)| entry.document(material)).collect()
    }

    /// Reads the file again if it or a file of keys changed; what was read before stays where that fails.
    ///
    /// # Errors
    /// As [`Issuers::open`].
    pub fn reload(&self) -> Result<(), IssuersError> {
        let present = self.present();
        let now = present.base.stamps.iter().map(|stamp| self::stamp(&stamp.0)).collect::<Result<Vec<_>, _>>()?;
        if now != present.base.stamps {
            let base = Arc::new(Base::read(&self.file, self.domain)?);
            let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
            *present = Arc::new(Loaded::of(base, Arc::clone(&present.agreed), self.domain)?);
        }
        Ok(())
    }
}

impl Base {
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
        let mut materials = Vec::new();
        for (place, entry) in (1..).zip(&entries) {
            // Of two that count for one purpose only the first would be asked.
            let twice = entries.iter().filter(|other| other.id == entry.id && other.meets(entry)).count() > 1;
            if host_of(&entry.id).is_none() || twice {
                return Err(IssuersError::Id(place));
            }
            let material = Material::read(entry, folder, &mut stamps)?.ok_or(IssuersError::Keys(place))?;
            if let (Domain::Production, Material::Certificates(path, all)) = (domain, &material)
                && all.iter().any(|der| is_of_sandbox(der))
            {
                return Err(IssuersError::Sandbox(path.clone()));
            }
            materials.push(material);
        }
        let pinned = registry.map(|path| folder.join(path));
        let pinned = pinned.map(|path| Ok::<_, IssuersError>((read(&path, &mut stamps)?, path))).transpose()?;
        Ok(Self { entries, materials, pinned, stamps })
    }

    /// The issuers that count for a purpose.
    fn issuers(&self, purpose: Option<&str>) -> Result<Vec<Issuer>, IssuersError> {
        let mut chosen = Vec::new();
        if let Some((bytes, path)) = &self.pinned {
            chosen = snapshot(bytes).map_err(|error| IssuersError::Snapshot(path.clone(), error))?;
        }
        for (entry, material) in self.entries.iter().zip(&self.materials) {
            let counts = entry.purposes.is_empty()
                || purpose.is_some_and(|purpose| entry.purposes.iter().any(|one| one == purpose));
            if counts {
                chosen.push(entry.issuer(material)?);
            }
        }
        Ok(chosen)
    }
}

impl Loaded {
    fn of(base: Arc<Base>, agreed: Arc<Agreed>, domain: Domain) -> Result<Self, IssuersError> {
        let trust = |purpose: Option<&str>| -> Result<Arc<Trust>, IssuersError> {
            let mut chosen = base.issuers(purpose)?;
            for document in &agreed.all {
                chosen.retain(|issuer| !same_issuer(&issuer.id, &document.id));
                match document.issuer(purpose) {
                    Ok(issuer) => chosen.extend(issuer),
                    // It was checked when it was agreed on; now it counts for nothing, and no file counts in its place.
                    Err(error) => {
                        tracing::error!(issuer = document.id, %error, "an issuer that was agreed on cannot be used");
                    }
                }
            }
            Ok(Arc::new(Trust { issuers: chosen, domain }))
        };
        let of_file = base.entries.iter().flat_map(|entry| &entry.purposes);
        let granted = agreed.all.iter().flat_map(|one| &one.grants).flat_map(|grant| &grant.purposes);
        let purposes: BTreeSet<&String> = of_file.chain(granted).collect();
        let named = purposes.into_iter().map(|purpose| Ok((purpose.clone(), trust(Some(purpose))?)));
        let named = named.collect::<Result<_, IssuersError>>()?;
        let other = trust(None)?;
        Ok(Self { named, other, base, agreed })
    }
}

/// The keys of an entry, as they were read.
#[derive(Debug)]
enum Material {
    Certificates(PathBuf, Vec<Vec<u8>>),
    Keys(Keys, serde_json::Value),
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
                let bytes = read(&path, stamps)?;
                let keys = Keys::from_jwks(&bytes).zip(serde_json::from_slice(&bytes).ok());
                let (keys, text) = keys.ok_or(IssuersError::Content(path))?;
                Some(Self::Keys(keys, text))
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
            Material::Keys(keys, _) => IssuerKeys::Published(keys.clone()),
        };
        Ok(Issuer { id: self.id.clone(), types: self.types.clone(), domain: self.domain.into(), keys })
    }

    /// Whether both count for one purpose.
    fn meets(&self, other: &Self) -> bool {
        let every = self.purposes.is_empty() || other.purposes.is_empty();
        every || self.purposes.iter().any(|purpose| other.purposes.contains(purpose))
    }

    fn document(&self, material: &Material) -> IssuerDocument {
        let (certificates, jwks) = match material {
            Material::Certificates(_, all) => (Some(all.iter().map(|der| pem(der)).collect()), None),
            Material::Keys(_, text) => (None, Some(text.clone())),
        };
        IssuerDocument {
            id: self.id.clone(),
            name: String::new(),
            domain: self.domain,
            state: IssuerState::Trusted,
            grants: vec![Grant { types: self.types.clone(), purposes: self.purposes.clone() }],
            certificates,
            jwks,
            registered: None,
        }
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let (mut lines, mut rest) = (String::new(), text.as_str());
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
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
        // Of two for one purpose one would never be asked.
        let every = entry("https://a.example", "") + &entry("https://a.example", "purposes = [\"motor\"]");
        write(&every);
        assert!(matches!(issuers.reload(), Err(IssuersError::Id(1))));
        assert!(Issuers::open(Path::new(""), false).unwrap().trust("motor").issuers.is_empty());
    }

    #[test]
    fn what_was_agreed_on_stands_before_the_file_whatever_becomes_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, Timestamp::UNIX_EPOCH).unwrap();
        let jwks = JwkSet(vec![key.public()]).to_json();
        std::fs::write(folder.path().join("dmv.jwks"), jwks.to_string()).unwrap();
        let file = folder.path().join("trust.toml");
        let text = "[[issuer]]\nid = \"https://a.example\"\ntypes = [\"t\"]\njwks = \"dmv.jwks\"\n";
        std::fs::write(&file, text).unwrap();
        let issuers = Issuers::open(&file, false).unwrap();
        let counts = |id: &str| issuers.trust("motor").issuers.iter().any(|issuer| issuer.id == id);
        let document = |id: &str, state| IssuerDocument {
            id: id.to_owned(),
            name: String::new(),
            domain: World::Production,
            state,
            grants: vec![Grant { types: vec!["t".to_owned()], purposes: vec!["motor".to_owned()] }],
            certificates: None,
            jwks: Some(jwks.clone()),
            registered: None,
        };
        assert_eq!(issuers.of_file()[0].check(Domain::Production), Ok(()), "what is exported can be imported");
        issuers.agree(1, vec![document("https://b.example", IssuerState::Trusted)]).unwrap();
        assert!(counts("https://a.example") && counts("https://b.example"));
        assert_eq!(issuers.trust("health").issuers.len(), 1);
        let revoked = || vec![document("https://a.example", IssuerState::Revoked)];
        issuers.agree(3, revoked()).unwrap();
        assert!(!counts("https://a.example") && !counts("https://b.example"));
        issuers.agree(2, vec![document("https://a.example", IssuerState::Trusted)]).unwrap();
        assert!(!counts("https://a.example"), "an older state is not taken in again");
        std::fs::write(&file, "[[issuer").unwrap();
        assert!(issuers.reload().is_err() && !counts("https://a.example"));
        std::fs::write(&file, text).unwrap();
        issuers.reload().unwrap();
        assert!(!counts("https://a.example"), "the file does not bring it back");
    }
}
