//! The certificate and key requests to wallets are signed with, and the client id they give (OpenID4VP 1.0 §5.9.3).
//!
//! In: the files of `[wallet]`, or in a sandbox nothing: a certificate is made then, good until the process ends. Out:
//! signed request objects. The key is none of the gateway's others, because a wallet trusts its certificate.

use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use claimgate_adapters::wallet::key::PublicKey;
use claimgate_adapters::wallet::oid4vp::client::Client;
use claimgate_adapters::wallet::oid4vp::request::{RequestObject, SignedBy};
use claimgate_adapters::wallet::session::Dialect;
use claimgate_adapters::wallet::trust::host_of;
use claimgate_adapters::wallet::twdiw::did::did_of;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::jose::jws::{JwsError, sign_under};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::config::{ClientName, Wallet};

/// The largest file read.
const FILE_BYTES: u64 = 1 << 20;
/// What TWDIW's requests name their key by.
const TWDIW_KEY: &str = "key-1";
/// Certificates of a chain.
const CHAIN: usize = 4;

/// Signs requests.
pub struct Verifier {
    client: Client,
    /// The key as a DID, which TWDIW's wallet and registry know verifiers by.
    did: Client,
    /// What a request under a DID names its key by.
    kid: String,
    chain: Vec<Vec<u8>>,
    key: PrivateJwk,
}

claimgate_packet::opaque_debug!(Verifier);

/// Why requests cannot be signed. Names files, which the operator chose, and never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// A file cannot be read, or is larger than 1 MiB.
    #[error("wallet: {0} cannot be read, or is larger than 1 MiB")]
    Unreadable(PathBuf),
    /// No chain of certificates.
    #[error("wallet.certificate: {0} holds no chain of one to four certificates in PEM")]
    Certificate(PathBuf),
    /// No key for ES256.
    #[error("wallet.key: {0} holds no P-256 key in PKCS#8 PEM")]
    Key(PathBuf),
    /// They do not belong together.
    #[error("wallet.key is not the key of the first certificate in wallet.certificate")]
    Mismatch,
    /// The certificate has another name.
    #[error(
        "wallet.certificate does not name the host of wallet.address, which wallet.client = \"x509_san_dns\" needs"
    )]
    Name,
    /// The library refuses.
    #[error("wallet: a certificate for the sandbox cannot be made")]
    Made,
}

impl Verifier {
    /// Reads certificate and key; none where there are none. `address` is where wallets reach the gateway.
    ///
    /// # Errors
    /// [`VerifierError`].
    pub fn open(settings: &Wallet, address: &str, sandbox: bool) -> Result<Option<Self>, VerifierError> {
        let Some(host) = host_of(address) else { return Ok(None) };
        if settings.certificate.as_os_str().is_empty() {
            return if sandbox { made(settings.client, &host) } else { Ok(None) };
        }
        let unusable = || VerifierError::Certificate(settings.certificate.clone());
        let pem = read(&settings.certificate)?;
        let chain = CertificateDer::pem_slice_iter(&pem).map(|one| Ok(one.map_err(|_| unusable())?.to_vec()));
        let chain = chain.collect::<Result<Vec<_>, _>>()?;
        if !(1..=CHAIN).contains(&chain.len()) {
            return Err(unusable());
        }
        let pem = read(&settings.key)?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(&pem).ok();
        let key = key.and_then(|der| private(der.secret_pkcs8_der()));
        let key = key.ok_or_else(|| VerifierError::Key(settings.key.clone()))?;
        Self::of(settings.client, &host, chain, key).map(Some)
    }

    fn of(name: ClientName, host: &str, chain: Vec<Vec<u8>>, key: PrivateJwk) -> Result<Self, VerifierError> {
        let leaf = chain.first().ok_or(VerifierError::Mismatch)?;
        let read = Certificate::from_der(leaf).map_err(|_| VerifierError::Mismatch)?;
        let point = read.tbs_certificate().subject_public_key_info().subject_public_key.as_bytes();
        if point.is_none() || point != point_of(&key).as_deref() {
            return Err(VerifierError::Mismatch);
        }
        let did = point.and_then(PublicKey::from_point).map(|key| did_of(&key)).ok_or(VerifierError::Mismatch)?;
        let client = match name {
            ClientName::X509Hash => Client::of_certificate(leaf),
            ClientName::X509SanDns if names(&read, host) => Client::X509SanDns(host.to_owned()),
            ClientName::X509SanDns => return Err(VerifierError::Name),
            ClientName::DecentralizedIdentifier => Client::DecentralizedIdentifier(did.clone()),
        };
        // The one key of a did:key stands under its own name (did:key §3.1.2).
        let kid = format!("{did}#{}", did.trim_start_matches("did:key:"));
        Ok(Self { client, did: Client::BareDid(did), kid, chain, key })
    }

    /// Who asks wallets of a dialect.
    #[must_use]
    pub fn client_for(&self, dialect: Dialect) -> &Client {
        if dialect == Dialect::Twdiw { &self.did } else { &self.client }
    }

    /// How a request of this client is signed: by certificate, or by the key of the DID.
    #[must_use]
    pub fn signs(&self, client: &Client) -> SignedBy<'_> {
        match client {
            Client::BareDid(_) => SignedBy::Key(TWDIW_KEY),
            Client::DecentralizedIdentifier(_) => SignedBy::Key(&self.kid),
            Client::X509SanDns(_) | Client::X509Hash(_) | Client::RedirectUri(_) => SignedBy::Certificates(&self.chain),
        }
    }

    /// Signs a request object.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn sign(&self, object: RequestObject) -> Result<String, JwsError> {
        sign_under(object.header, Value::Object(object.claims).to_string().as_bytes(), &self.key)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, VerifierError> {
    let unreadable = || VerifierError::Unreadable(path.to_owned());
    let fits = std::fs::metadata(path).is_ok_and(|about| about.len() <= FILE_BYTES);
    if fits { std::fs::read(path).map_err(|_| unreadable()) } else { Err(unreadable()) }
}

/// A P-256 key in PKCS#8 as the JWK the packet's signer takes.
fn private(pkcs8: &[u8]) -> Option<PrivateJwk> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
    let number: EcPrivateKeyBin<'static> = pair.private_key().as_be_bytes().ok()?;
    let (x, y) = pair.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
    let [x, y, d] = [x, y, number.as_ref()].map(base64url::encode);
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "wallet", "x": x, "y": y, "d": d,
    });
    PrivateJwk::from_json(&jwk).ok()
}

fn point_of(key: &PrivateJwk) -> Option<Vec<u8>> {
    let public = key.public();
    let (x, y) = public.coordinates()?;
    Some([vec![4], base64url::decode(x)?, base64url::decode(y)?].concat())
}

fn names(read: &Certificate, host: &str) -> bool {
    let names = read.tbs_certificate().get_extension::<SubjectAltName>().ok().flatten();
    let same =
        |name: &GeneralName| matches!(name, GeneralName::DnsName(one) if one.as_str().eq_ignore_ascii_case(host));
    names.is_some_and(|(_, names)| names.0.iter().any(same))
}

/// An authority of its own and a leaf for the host: wallets of a sandbox trust it for its digest, or not at all.
#[cfg(feature = "sandbox")]
fn made(name: ClientName, host: &str) -> Result<Option<Verifier>, VerifierError> {
    let make = || {
        let mut root = rcgen::CertificateParams::default();
        root.distinguished_name.push(rcgen::DnType::CommonName, "ClaimGate sandbox");
        root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        let root = rcgen::CertifiedIssuer::self_signed(root, rcgen::KeyPair::generate()?)?;
        let mut leaf = rcgen::CertificateParams::new(vec![host.to_owned()])?;
        leaf.distinguished_name.push(rcgen::DnType::CommonName, "ClaimGate sandbox verifier");
        leaf.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        let key = rcgen::KeyPair::generate()?;
        let leaf = leaf.signed_by(&key, &root)?;
        Ok::<_, rcgen::Error>((leaf.der().to_vec(), key.serialize_der()))
    };
    let (leaf, key) = make().map_err(|_| VerifierError::Made)?;
    let key = private(&key).ok_or(VerifierError::Made)?;
    Verifier::of(name, host, vec![leaf], key).map(Some)
}

#[cfg(not(feature = "sandbox"))]
#[expect(clippy::unnecessary_wraps, reason = "as the one that makes one in a sandbox")]
fn made(_: ClientName, _: &str) -> Result<Option<Verifier>, VerifierError> {
    Ok(None)
}

#[cfg(all(test, feature = "sandbox"))]
mod tests {
    use super::*;

    fn settings(client: ClientName, folder: &Path) -> Wallet {
        Wallet {
            address: String::new(),
            certificate: folder.join("chain.pem"),
            key: folder.join("key.pem"),
            client,
            universal_link: String::new(),
            queries: PathBuf::new(),
            trust: PathBuf::new(),
            stand_in: String::new(),
            document_authorities_dir: PathBuf::new(),
            module_address: String::new(),
            module_token_file: PathBuf::new(),
            document_revocation_lists_dir: PathBuf::new(),
            session_seconds: 300,
            keep_hours: 24,
        }
    }

    #[test]
    fn files_are_taken_where_they_belong_together() {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf = rcgen::CertificateParams::new(vec!["gate.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        std::fs::write(folder.path().join("chain.pem"), leaf.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        let open = |client, address| Verifier::open(&settings(client, folder.path()), address, false);
        let verifier = open(ClientName::X509SanDns, "https://gate.example").unwrap().unwrap();
        assert_eq!(verifier.client_for(Dialect::Haip).id(), "x509_san_dns:gate.example");
        assert!(matches!(open(ClientName::X509SanDns, "https://other.example"), Err(VerifierError::Name)));
        let by_hash = open(ClientName::X509Hash, "https://other.example").unwrap().unwrap();
        assert_eq!(by_hash.client_for(Dialect::Haip), &Client::of_certificate(leaf.der()));
        assert!(open(ClientName::X509Hash, "http://gate.example").unwrap().is_none(), "wallets need https");
        std::fs::write(folder.path().join("key.pem"), rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(matches!(open(ClientName::X509Hash, "https://gate.example"), Err(VerifierError::Mismatch)));
        std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
        assert!(matches!(open(ClientName::X509Hash, "https://gate.example"), Err(VerifierError::Key(_))));
    }

    #[test]
    fn a_sandbox_makes_its_own() {
        let empty = Wallet {
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            ..settings(ClientName::X509SanDns, Path::new(""))
        };
        assert!(Verifier::open(&empty, "https://gate.example", false).unwrap().is_none());
        let made = Verifier::open(&empty, "https://gate.example", true).unwrap().unwrap();
        assert_eq!(made.client_for(Dialect::Haip).id(), "x509_san_dns:gate.example");
    }
}
