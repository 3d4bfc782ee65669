//! The running gateway's parts, put together once: all that handlers and commands get.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claimgate_fhir::package::{NamedBytes, PackageError, PackageLimits};
use claimgate_fhir::profile::Rules as PackageRules;
use claimgate_fhir::taiwan::{Aliases, BadAlias};
use claimgate_packet::log::checkpoint::LogSigner;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::access::jwt;
use crate::access::limits::Limits;
use crate::access::streams::Streams;
use crate::clock::Clock;
use crate::config::{Config, Fhir, Webhooks};
use crate::core::disclosure::{Origin, Policy, PolicyError};
use crate::core::term::{TermError, Terms};
use crate::flows::floor::Floor;
use crate::flows::identity::{IdentityError, Setup as IdentitySetup};
use crate::flows::masters::{WrongMaster, open_vault};
use crate::flows::mydata::{Setup as MydataSetup, SetupError as MydataError};
use crate::flows::wallet::{Setup as WalletSetup, SetupError as WalletError};
use crate::flows::{DueRules, Engine, Reading, Rules, Turns};
use crate::id::Random;
use crate::keys::authorities::{AuthoritiesError, SourceAuthorities};
use crate::keys::provider::MasterKeys;
use crate::keys::published::PublishedKeys;
use crate::keys::ring::{self, KeyRingError, Ring, SigningUse};
use crate::keys::sealers::Sealers;
use crate::objects::{self, Objects};
use crate::sender::mail::{MailError, Mailer};
use crate::sender::{self, Sender, SenderError, SystemLookup};
use crate::store::{Store, StoreError};
use crate::telemetry::{Metrics, TelemetryError};
use crate::tls::{Tls, TlsError};

/// The unit in which room for bodies is counted.
pub const PAGE: usize = 1_024;
/// Room for the bodies of those who are not authenticated, in bytes: more than one address can hold.
const STRANGERS: usize = 64 << 20;
/// What an attempt may need beside the exchange itself: the lookup of a name, the packet, the write.
const LEASE_MARGIN_SECONDS: i64 = 25;

/// The running gateway.
#[derive(Debug)]
pub struct App {
    /// Configuration.
    pub config: Config,
    /// The businesses.
    pub engine: Arc<Engine>,
    /// Metrics.
    pub metrics: Metrics,
    /// Room for bodies, in pages of 1 KiB.
    pub room: Arc<Semaphore>,
    /// Room for bodies of those who are not authenticated, in pages of 1 KiB; apart, so that nobody keeps a party out.
    pub strangers: Arc<Semaphore>,
    /// Room for files being uploaded, in pages of 1 KiB; apart, so that a slow upload keeps no push out.
    pub uploads: Arc<Semaphore>,
    /// Room for attachments being sealed and sent, in pages of 1 KiB; apart, so that a slow reader keeps no hospital out.
    pub files: Arc<Semaphore>,
    /// How much each party has asked of late.
    pub limits: Arc<Limits>,
    /// How many streams of events are open.
    pub streams: Arc<Streams>,
    ready: AtomicBool,
}

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master keys and the database.
    #[error(transparent)]
    Master(#[from] WrongMaster),
    /// The object store.
    #[error(transparent)]
    Objects(#[from] objects::OpenError),
    /// The certificate authorities for webhooks cannot be read.
    #[error("webhooks.authorities: {path} cannot be read")]
    AuthoritiesFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The gateway's client certificate or its key cannot be read.
    #[error("webhooks.client_certificate, client_key: {path} cannot be read")]
    IdentityFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The way out to endpoints.
    #[error("webhooks: {0}")]
    Sender(#[from] SenderError),
    /// The way out for mail.
    #[error("mail: {0}")]
    Mail(#[from] MailError),
    /// Metrics.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The log's name, made from `gateway.base_url`, holds a space or plus sign.
    #[error("gateway.base_url cannot name the public log: it holds a space or a plus sign")]
    LogName,
    /// A FHIR package cannot be read.
    #[error("fhir.packages: {path} cannot be read")]
    PackageFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The FHIR packages cannot be used.
    #[error("fhir.packages: {0}")]
    Packages(#[from] PackageError),
    /// An alias is none.
    #[error("fhir.aliases: {0}")]
    Aliases(#[from] BadAlias),
    /// The disclosure policy cannot be read.
    #[error("disclosure.policy: {path} cannot be read")]
    PolicyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The disclosure policy cannot be used.
    #[error("disclosure.policy: {0}")]
    Policy(PolicyError),
    /// The terms to pay cannot be read.
    #[error("claims.terms: {path} cannot be read")]
    TermsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The terms to pay cannot be used.
    #[error("claims.terms: {0}")]
    Terms(TermError),
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The authorities trusted for source signatures.
    #[error("signatures: {0}")]
    Authorities(#[from] AuthoritiesError),
    /// How credentials are asked of wallets.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// How sure persons must be identified.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// How data sets are fetched from MyData.
    #[error("mydata: {0}")]
    Mydata(#[from] MydataError),
    /// jsonwebtoken has another backend already.
    #[error("another cryptography backend is installed in this process")]
    Backend,
}

impl From<PolicyError> for StartError {
    // Not as a source: the text is whole, and a chain would say it twice.
    fn from(error: PolicyError) -> Self {
        Self::Policy(error)
    }
}

impl From<TermError> for StartError {
    fn from(error: TermError) -> Self {
        Self::Terms(error)
    }
}

impl App {
    /// Opens keys and database and puts the parts together. `issuer` is the address parties use.
    ///
    /// # Errors
    /// Missing keys, another schema, no access.
    pub async fn open(config: Config, issuer: String, clock: Clock, random: Random) -> Result<Self, StartError> {
        jwt::install_backend().map_err(|_| StartError::Backend)?;
        let engine = Box::pin(open_engine(&config, issuer, clock, random)).await?;
        let room = || Arc::new(Semaphore::new(config.http.bodies_total_bytes / PAGE));
        let (room, uploads, files) = (room(), room(), room());
        let strangers = Arc::new(Semaphore::new(STRANGERS / PAGE));
        let ready = AtomicBool::new(true);
        let limits = Limits::new(&config.limits);
        let streams = Streams::new(config.events.per_party, config.events.total);
        let (engine, metrics) = (Arc::new(engine), Metrics::new()?);
        Ok(Self { config, engine, metrics, room, strangers, uploads, files, limits, streams, ready })
    }

    /// Whether new requests are wanted.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    /// From now on `/readyz` says no.
    pub fn unready(&self) {
        self.ready.store(false, Ordering::SeqCst);
        // Streams of events end now and not when their readers have had enough.
        self.engine.store.told().wake_all();
    }
}

async fn open_engine(config: &Config, issuer: String, clock: Clock, random: Random) -> Result<Engine, StartError> {
    let (masters, folder) = ring::open_folder(config, &random)?;
    let keys = Ring::open(folder)?;
    for usage in [SigningUse::Packet, SigningUse::Token] {
        keys.present().signing(usage, clock.now())?;
    }
    let name = issuer.split_once("://").map_or(issuer.as_str(), |(_, rest)| rest);
    let name = format!("{}/log", name.trim_end_matches('/'));
    let log = LogSigner::new(&name, keys.folder().log_seed().map_err(KeyRingError::from)?)
        .map_err(|_| StartError::LogName)?;
    let store = Store::open(&config.database(), config.store.readers).await?;
    let (vault, roots) = open_vault(&store, masters, (&random, clock.now())).await?;
    let floor = Floor::new(store.newest_line().await?);
    let sender = sender(&config.webhooks)?;
    Ok(Engine {
        floor,
        wallet: WalletSetup::open(&config.wallet, &issuer, config.gateway.sandbox)?,
        identity: IdentitySetup::open(&config.identity.policy)?,
        mydata: MydataSetup::open(&config.mydata, &issuer, &sender)?.map(Box::new),
        issuer,
        store,
        ring: keys,
        sealers: Sealers::default(),
        verified: jwt::Verified::default(),
        objects: Objects::open(config)?,
        masters: MasterKeys::of(config),
        vault,
        index: roots.index(),
        log,
        tracking: roots.tracking(),
        sender,
        tls: Tls::open(config.tls.clone())?,
        published: PublishedKeys::default(),
        mailer: Mailer::open(&config.mail)?,
        nonces: config.tokens.dpop_nonce.then(|| roots.nonces()),
        reading: Arc::new(reading(&config.fhir)?),
        policy: policy(&config.disclosure.policy)?,
        due_rules: DueRules {
            terms: terms(&config.claims.terms)?,
            county: config.claims.county.clone(),
            remind_working_days: config.claims.remind_working_days,
        },
        authorities: SourceAuthorities::open(config.signatures.clone())?,
        rules: Rules {
            body_bytes: config.http.body_limit_bytes,
            database_bytes: config.objects.database_bytes,
            upload_bytes: (config.objects.file_bytes, config.objects.video_bytes),
            uploads: config.objects.uploads,
            upload_hours: config.objects.upload_hours,
            access_seconds: config.tokens.access_seconds,
            leeway_seconds: config.tokens.leeway_seconds,
            tracking_code_days: config.claims.tracking_code_days,
            idempotency_days: config.claims.idempotency_days,
            pushes_at_once: config.webhooks.at_once,
            push_lease_seconds: i64::from(config.webhooks.total_seconds) + LEASE_MARGIN_SECONDS,
            sandbox: config.gateway.sandbox,
            four_eyes: config.operators.four_eyes,
            named_operators: config.operators.names.len(),
            endpoint_failing_minutes: config.alerts.endpoint_failing_minutes,
            work_overdue_minutes: config.alerts.work_overdue_minutes,
        },
        turns: Turns::default(),
        clock,
        random,
    })
}

fn sender(webhooks: &Webhooks) -> Result<Sender, StartError> {
    let policy = sender::Policy { ports: webhooks.ports.clone(), loopback: webhooks.allow_loopback };
    let mut authorities = Vec::new();
    if !webhooks.authorities.as_os_str().is_empty() {
        let path = &webhooks.authorities;
        let read = std::fs::read(path);
        authorities.push(read.map_err(|source| StartError::AuthoritiesFile { path: path.clone(), source })?);
    }
    let total = Duration::from_secs(webhooks.total_seconds.into());
    let mut identity = Zeroizing::new(Vec::new());
    for path in [&webhooks.client_certificate, &webhooks.client_key] {
        if !path.as_os_str().is_empty() {
            let read = std::fs::read(path);
            let pem = read.map_err(|source| StartError::IdentityFile { path: path.clone(), source })?;
            identity.extend(Zeroizing::new(pem).iter());
            identity.push(b'\n');
        }
    }
    let identity = (!identity.is_empty()).then_some(identity.as_slice());
    Ok(Sender::identified(policy, total, (&authorities, identity), Arc::new(SystemLookup))?)
}

fn reading(fhir: &Fhir) -> Result<Reading, StartError> {
    let aliases = Aliases::new(&fhir.aliases)?;
    let mut files = Vec::new();
    for path in &fhir.packages {
        let bytes = std::fs::read(path).map_err(|source| StartError::PackageFile { path: path.clone(), source })?;
        files.push((path.display().to_string(), bytes));
    }
    let named: Vec<_> = files.iter().map(|(name, bytes)| NamedBytes { name, bytes }).collect();
    let packages = if named.is_empty() { None } else { Some(PackageRules::load(&named, &PackageLimits::default())?) };
    Ok(Reading { packages, aliases })
}

/// The disclosure policy in force: the operator's file, or the built-in table where none is named.
///
/// # Errors
/// A file that cannot be read, or a table that does not hold together.
pub fn policy(file: &Path) -> Result<Policy, StartError> {
    if file.as_os_str().is_empty() {
        return Ok(Policy::built_in()?);
    }
    let text =
        std::fs::read_to_string(file).map_err(|source| StartError::PolicyFile { path: file.to_owned(), source })?;
    Ok(Policy::read(Origin::File(file.to_owned()), &text)?)
}

/// The terms to pay: the operator's file, or the built-in ones where none is named.
fn terms(file: &Path) -> Result<Terms, StartError> {
    if file.as_os_str().is_empty() {
        return Ok(Terms::built_in()?);
    }
    let text =
        std::fs::read_to_string(file).map_err(|source| StartError::TermsFile { path: file.to_owned(), source })?;
    Ok(Terms::read(&text)?)
}
