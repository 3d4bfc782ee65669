//! A package, from the outside in: decrypt, payload, outer archive and its manifest, then each data set: its provider's
//! signature, the certificate's path, its manifest, its files by digest. Nothing is taken before everything holds.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest as hash};
use claimgate_packet::jose::json::{Limits, parse_object};
use claimgate_packet::jose::jwe::{JweError, mydata};
use claimgate_packet::jose::{base64url, digest};
use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use serde_json::Value;

use super::refusal::Refusal;
use super::zip::{Entry, entries};
use super::{PACKAGE, UNPACKED, manifest};
use crate::signature::provider::{Unproven, verify};
use crate::signature::{Authorities, Revocation, Untrusted};

pub(super) const MANIFEST: &str = "META-INFO/manifest.xml";
pub(super) const CERTIFICATE: &str = "META-INFO/certificate.cer";
pub(super) const SIGNATURE: &str = "META-INFO/manifest.sha256withrsa";
const PAYLOAD: Limits = Limits { bytes: PACKAGE, depth: 1, members: 8 };
const PREFIX: &str = "application/zip;data:";
/// The code of a data set that came; 204 is none there, others are refusals of its provider.
const DELIVERED: &str = "200";

/// One transfer: what the gateway knows of it before the package.
#[derive(Clone, Copy)]
pub struct Transfer<'a> {
    /// Whose registration it ran under.
    pub client_id: &'a str,
    /// The data sets the person consented to.
    pub resources: &'a [String],
    /// Out of the notification.
    pub key: &'a [u8; 32],
    /// When it came.
    pub at: Timestamp,
}

/// Whom a package is believed.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// Pinned authorities with their revocation lists.
    pub authorities: &'a Authorities,
    /// The subject of the certificate registered for a data set, as RFC 4514 writes it; one that is not here may be of
    /// any provider under the authorities.
    pub providers: &'a BTreeMap<String, String>,
    /// Whether a path that no list in force covers is refused.
    pub revocation_required: bool,
}

/// A package that holds.
pub struct Package {
    /// SHA-256 of the encrypted text, base64url: the platform signs nothing, so this is what it is known by.
    pub digest: String,
    /// In the manifest's order.
    pub datasets: Vec<Dataset>,
}

/// One data set.
pub struct Dataset {
    /// Its id, for example `API.60GGfgGX1A`.
    pub resource_id: String,
    /// Its name, as the platform writes it; empty where it does not.
    pub resource_name: String,
    /// The platform's code: 200 delivered, 204 no data.
    pub code: String,
    /// What came, where the code is 200.
    pub delivered: Option<Delivered>,
}

/// What a provider signed.
pub struct Delivered {
    /// Whose certificate signed it, as RFC 4514 writes a name.
    pub provider: String,
    /// SHA-256 of that certificate, base64url.
    pub fingerprint: String,
    /// Whether its path was in force.
    pub revocation: Revocation,
    /// Whether the subject was compared with the one registered for the data set.
    pub pinned: bool,
    /// The provider's archive as it came: what proves it to others.
    pub archive: Vec<u8>,
    /// The files the provider's manifest lists.
    pub files: Vec<DataFile>,
}

/// One file of a data set.
pub struct DataFile {
    /// Its name: a plain relative path.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

opaque_debug!(Transfer<'_>, Trust<'_>, Package, Dataset, Delivered, DataFile);

/// Opens a package and proves each data set.
///
/// # Errors
/// The first [`Refusal`], in the order of its list.
pub fn open(jwe: &str, transfer: &Transfer<'_>, trust: &Trust<'_>) -> Result<Package, Refusal> {
    let plain = mydata::decrypt(jwe, transfer.key, PACKAGE).map_err(|error| match error {
        JweError::TooLarge => Refusal::JweTooLarge,
        JweError::Malformed => Refusal::JweForm,
        JweError::Header => Refusal::JweHeader,
        JweError::Decrypt => Refusal::JweOpen,
    })?;
    let outer = payload(&plain, transfer.client_id)?;
    drop(plain);
    let mut left = UNPACKED;
    let mut files = Files::of(&outer, &mut left)?;
    let listed = manifest::read(&files.take(MANIFEST).ok_or(Refusal::ManifestMissing)??)?;
    let mut datasets = Vec::with_capacity(listed.len());
    for one in &listed {
        let dataset = Dataset {
            resource_id: one.member("resource_id")?.to_owned(),
            resource_name: one.member("resource_name").unwrap_or_default().to_owned(),
            code: one.member("code")?.to_owned(),
            delivered: None,
        };
        datasets.push((dataset, one.member("filename")?));
    }
    asked_for(&datasets, transfer.resources)?;
    let mut found = Vec::with_capacity(datasets.len());
    for (dataset, name) in datasets {
        let delivered = if dataset.code == DELIVERED {
            let archive = files.take(name).ok_or(Refusal::FileMissing)??;
            Some(prove(archive, &dataset.resource_id, transfer.at, trust, &mut left)?)
        } else {
            None
        };
        found.push(Dataset { delivered, ..dataset });
    }
    if files.is_empty() {
        Ok(Package { digest: digest::sha256_text(jwe.as_bytes()), datasets: found })
    } else {
        Err(Refusal::FileUnlisted)
    }
}

/// The archive inside what was encrypted.
fn payload(plain: &[u8], client_id: &str) -> Result<Vec<u8>, Refusal> {
    let members = parse_object(plain, PAYLOAD).map_err(|_| Refusal::PayloadForm)?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).ok_or(Refusal::PayloadForm);
    let (name, data) = (text("filename")?, text("data")?);
    if name.strip_suffix(".zip") != Some(client_id) {
        return Err(Refusal::PayloadName);
    }
    let data = data.strip_prefix(PREFIX).ok_or(Refusal::PayloadData)?;
    // Some of the platform's libraries pad base64url, some do not.
    let padded = data.ends_with('=') && data.len() % 4 == 0;
    let data = if padded { data.strip_suffix("==").or(data.strip_suffix('=')).unwrap_or(data) } else { data };
    base64url::decode(data).ok_or(Refusal::PayloadData)
}

/// Every data set that was asked for, each once, and no other.
fn asked_for(datasets: &[(Dataset, &str)], resources: &[String]) -> Result<(), Refusal> {
    let mut named = BTreeSet::new();
    for (dataset, _) in datasets {
        if !resources.contains(&dataset.resource_id) {
            return Err(Refusal::ResourceOther);
        }
        if !named.insert(&dataset.resource_id) {
            return Err(Refusal::ResourceTwice);
        }
    }
    if resources.iter().all(|one| named.contains(one)) { Ok(()) } else { Err(Refusal::ResourceMissing) }
}

/// A provider's archive: signature, path, manifest, files.
fn prove(
    archive: Vec<u8>,
    resource: &str,
    at: Timestamp,
    trust: &Trust<'_>,
    left: &mut u64,
) -> Result<Delivered, Refusal> {
    let mut files = Files::of(&archive, left)?;
    let manifest = files.take(MANIFEST).ok_or(Refusal::ManifestMissing)??;
    let signature = files.take(SIGNATURE).ok_or(Refusal::SignatureMissing)??;
    let certificate = files.take(CERTIFICATE).ok_or(Refusal::CertificateMissing)??;
    let provider =
        verify(&certificate, &manifest, &signature, trust.authorities, at).map_err(|unproven| match unproven {
            Unproven::Certificate => Refusal::CertificateForm,
            Unproven::Signature => Refusal::SignatureInvalid,
            Unproven::Path(why) => untrusted(why),
        })?;
    let registered = trust.providers.get(resource);
    if registered.is_some_and(|subject| *subject != provider.subject) {
        return Err(Refusal::CertificateSubject);
    }
    if trust.revocation_required && provider.revocation != Revocation::Good {
        return Err(Refusal::RevocationUnknown);
    }
    let taken = listed(&mut files, &manifest)?;
    drop(files);
    Ok(Delivered {
        provider: provider.subject,
        fingerprint: provider.fingerprint,
        revocation: provider.revocation,
        pinned: registered.is_some(),
        archive,
        files: taken,
    })
}

/// The files of a provider's archive that was proved before, as its manifest lists them: nobody's signature is looked at.
///
/// # Errors
/// The first [`Refusal`]: the archive is none.
pub fn files(archive: &[u8]) -> Result<Vec<DataFile>, Refusal> {
    let mut left = UNPACKED;
    let mut files = Files::of(archive, &mut left)?;
    let manifest = files.take(MANIFEST).ok_or(Refusal::ManifestMissing)??;
    files.entry(SIGNATURE).ok_or(Refusal::SignatureMissing)?;
    files.entry(CERTIFICATE).ok_or(Refusal::CertificateMissing)?;
    listed(&mut files, &manifest)
}

/// What a provider's manifest lists: every file by its digest, and none beside it.
fn listed(files: &mut Files<'_>, manifest: &[u8]) -> Result<Vec<DataFile>, Refusal> {
    let listed = manifest::read(manifest)?;
    let mut data = Vec::with_capacity(listed.len());
    for one in &listed {
        let (name, digest) = (one.member("filename")?, one.member("digest")?);
        let digest = hex(digest).ok_or(Refusal::ManifestForm)?;
        data.push((name, digest, files.entry(name).ok_or(Refusal::FileMissing)?));
    }
    if !files.is_empty() {
        return Err(Refusal::FileUnlisted);
    }
    let mut taken = Vec::with_capacity(data.len());
    for (name, digest, entry) in data {
        let bytes = entry.unpack()?;
        verify_slices_are_equal(hash(&SHA256, &bytes).as_ref(), &digest).map_err(|_| Refusal::DigestMismatch)?;
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") || bytes.starts_with(b"\x1F\x8B") {
            return Err(Refusal::ArchiveNested);
        }
        taken.push(DataFile { name: name.to_owned(), bytes });
    }
    Ok(taken)
}

fn untrusted(why: Untrusted) -> Refusal {
    match why {
        Untrusted::Usage | Untrusted::Purpose | Untrusted::Authority => Refusal::CertificateUsage,
        Untrusted::Expired => Refusal::CertificateExpired,
        Untrusted::NotYetValid => Refusal::CertificateNotYetValid,
        Untrusted::Revoked => Refusal::CertificateRevoked,
        Untrusted::UnknownIssuer => Refusal::CertificateUnknownIssuer,
        Untrusted::TooLong | Untrusted::Path => Refusal::CertificatePath,
    }
}

/// A SHA-256 in hexadecimal, in either case.
fn hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, place) in bytes.iter_mut().zip((0..64).step_by(2)) {
        let pair = text.get(place..place + 2)?;
        *byte = u8::from_str_radix(pair, 16).ok().filter(|_| !pair.starts_with('+'))?;
    }
    Some(bytes)
}

/// The files of an archive that nobody has taken yet.
struct Files<'a>(BTreeMap<String, Entry<'a>>);

impl<'a> Files<'a> {
    fn of(archive: &'a [u8], left: &mut u64) -> Result<Self, Refusal> {
        Ok(Self(entries(archive, left)?.into_iter().map(|entry| (entry.name.clone(), entry)).collect()))
    }

    fn entry(&mut self, name: &str) -> Option<Entry<'a>> {
        self.0.remove(name)
    }

    fn take(&mut self, name: &str) -> Option<Result<Vec<u8>, Refusal>> {
        self.entry(name).map(|entry| entry.unpack())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
