//! TLS of the gateway's own listener, and the authorities whose client certificates count.
//!
//! In: the files `[tls]` names, read again when they change. Out: the server's settings, over aws-lc-rs alone, and whether
//! an authority stands behind a certificate. A client may show a certificate and need not; the handshake makes sure that
//! it has the key. It knows no parties: whose certificate it is, and whether it counts, is asked at the token endpoint.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use x509_cert::der::Decode;

use crate::config;

mod handshake;

use handshake::{AnyClient, Present};

/// The settings of a listener.
pub use rustls::ServerConfig;

/// The largest file read.
const FILE_BYTES: u64 = 1 << 20;
/// TLS 1.3, and of TLS 1.2 what RFC 9325 §4.2 recommends (FAPI 2.0 Security Profile §5.2.1).
const SUITES: [rustls::SupportedCipherSuite; 7] = [
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// Why `[tls]` cannot be used. Names files, which the operator chose, and never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("tls: {path} cannot be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than any of its kind.
    #[error("tls: {0} is larger than 1 MiB")]
    TooLarge(PathBuf),
    /// No certificate where one is expected.
    #[error("tls: {0} holds no certificate in PEM that can be used")]
    Certificate(PathBuf),
    /// No private key where one is expected.
    #[error("tls.key: {0} holds no private key in PEM that can be used")]
    Key(PathBuf),
    /// They do not belong together.
    #[error("tls.key is not the key of the first certificate in tls.certificate")]
    Mismatch,
    /// The library refuses.
    #[error("tls: {0}")]
    Library(#[from] rustls::Error),
}

/// A file as it stood when it was read: path, size, time of change, inode.
type Stamp = (PathBuf, u64, i64, i64, u64);

/// What the files said when they were read last.
struct Loaded {
    server: Option<Arc<CertifiedKey>>,
    ends: Option<Timestamp>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    stamps: Vec<Stamp>,
}

/// TLS as the operator set it, read again when a file changes.
pub struct Tls {
    settings: config::Tls,
    provider: Arc<CryptoProvider>,
    present: RwLock<Arc<Loaded>>,
}

claimgate_packet::opaque_debug!(Tls);

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn open(settings: config::Tls) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(CryptoProvider { cipher_suites: SUITES.to_vec(), ..aws_lc_rs::default_provider() });
        let present = RwLock::new(Arc::new(Loaded::read(&settings, &provider)?));
        Ok(Arc::new(Self { settings, provider, present }))
    }

    fn present(&self) -> Arc<Loaded> {
        Arc::clone(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again if one of them changed; what was read before stays where that fails. Connections stay.
    ///
    /// # Errors
    /// As [`Tls::open`].
    pub fn reload(&self) -> Result<bool, TlsError> {
        if stamps(&self.settings)? == self.present().stamps {
            return Ok(false);
        }
        let fresh = Arc::new(Loaded::read(&self.settings, &self.provider)?);
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// The settings of the listener; nothing where TLS ends in front. They follow what is read later.
    ///
    /// # Errors
    /// The library refuses them.
    pub fn server(self: &Arc<Self>) -> Result<Option<ServerConfig>, TlsError> {
        if self.present().server.is_none() {
            return Ok(None);
        }
        let versions = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?;
        let mut server = versions
            .with_client_cert_verifier(Arc::new(AnyClient::new(&self.provider)))
            .with_cert_resolver(Arc::new(Present(Arc::clone(self))));
        server.ignore_client_order = true;
        Ok(Some(server))
    }

    /// Whether a trusted authority stands behind this certificate, for the authentication of clients, at this time.
    /// `chain`: DER, the client's own first.
    #[must_use]
    pub fn trusts(&self, chain: &[Vec<u8>], now: Timestamp) -> bool {
        let Some(clients) = self.present().clients.clone() else { return false };
        let Some((own, between)) = chain.split_first() else { return false };
        let between: Vec<CertificateDer<'_>> = between.iter().map(|one| CertificateDer::from(one.as_slice())).collect();
        let now = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
        let own = CertificateDer::from(own.as_slice());
        clients.verify_client_cert(&own, &between, UnixTime::since_unix_epoch(now)).is_ok()
    }

    /// Whether client certificates of an authority can count at all.
    #[must_use]
    pub fn knows_authorities(&self) -> bool {
        self.present().clients.is_some()
    }

    /// When the gateway's own certificate ends, where it has one.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.present().ends
    }

    fn certified(&self) -> Option<Arc<CertifiedKey>> {
        self.present().server.clone()
    }
}

impl Loaded {
    fn read(settings: &config::Tls, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        // Looked at before they are read: what changes meanwhile is found the next time.
        let stamps = stamps(settings)?;
        let mut server = None;
        let mut ends = None;
        if settings.is_on() {
            let chain = certificates(&settings.certificate)?;
            ends = chain.first().and_then(end_of);
            let path = &settings.key;
            let key = PrivateKeyDer::from_pem_slice(&zeroize::Zeroizing::new(bytes(path)?));
            let key = key.map_err(|_| TlsError::Key(path.clone()))?;
            let key = provider.key_provider.load_private_key(key).map_err(|_| TlsError::Key(path.clone()))?;
            let certified = CertifiedKey::new(chain, key);
            match certified.keys_match() {
                Ok(()) => {}
                Err(rustls::Error::InconsistentKeys(_)) => return Err(TlsError::Mismatch),
                Err(error) => return Err(error.into()),
            }
            server = Some(Arc::new(certified));
        }
        Ok(Self { server, ends, clients: clients(settings, provider)?, stamps })
    }
}

fn clients(
    settings: &config::Tls,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    if settings.client_authorities.is_empty() {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    for path in &settings.client_authorities {
        for one in certificates(path)? {
            roots.add(one).map_err(|_| TlsError::Certificate(path.clone()))?;
        }
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(Some(verifier.map_err(|error| rustls::Error::General(error.to_string()))?))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unusable = || TlsError::Certificate(path.to_owned());
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes(path)?).collect();
    let found = found.map_err(|_| unusable())?;
    if found.is_empty() { Err(unusable()) } else { Ok(found) }
}

fn end_of(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let read = x509_cert::Certificate::from_der(certificate).ok()?;
    let end = read.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    Timestamp::from_second(i64::try_from(end).ok()?).ok()
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> TlsError {
    let path = path.to_owned();
    |source| TlsError::Unreadable { path, source }
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    if fs::metadata(path).map_err(unreadable(path))?.len() > FILE_BYTES {
        return Err(TlsError::TooLarge(path.to_owned()));
    }
    fs::read(path).map_err(unreadable(path))
}

fn stamps(settings: &config::Tls) -> Result<Vec<Stamp>, TlsError> {
    let own = [&settings.certificate, &settings.key].into_iter().filter(|_| settings.is_on());
    own.chain(&settings.client_authorities)
        .map(|path| {
            let about = fs::metadata(path).map_err(unreadable(path))?;
            Ok((path.clone(), about.len(), about.mtime(), about.mtime_nsec(), about.ino()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
