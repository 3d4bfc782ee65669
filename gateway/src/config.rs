//! Configuration, parsed once: built-in defaults, then a TOML file, then the environment.
//!
//! In: paths and `CLAIMGATE_<SECTION>__<NAME>` variables. Out: a typed [`Config`]. Unknown names are refused.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

mod alerts;
mod database;
mod events;
mod identity;
mod layers;
mod limits;
mod mydata;
mod objects;
mod operators;
mod reports;
mod retention;
mod signatures;
mod tls;
mod wallet;

pub use alerts::{Alerts, Mail, MailTls};
pub use database::{Database, DatabaseUrl};
pub use events::Events;
pub use identity::Identity;
pub use limits::Limits;
pub use mydata::Mydata;
pub use objects::{BucketKey, Objects, ObjectsPlace};
pub use operators::Operators;
pub use reports::Reports;
pub use retention::Retention;
pub use signatures::Signatures;
pub use tls::Tls;
pub use wallet::{ClientName, Wallet};

/// Every setting with its default and one comment.
pub const DEFAULTS: &str = include_str!("config/default.toml");

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who the gateway is and where it keeps things.
    pub gateway: Gateway,
    /// The server.
    pub http: Http,
    /// Certificates.
    pub tls: Tls,
    /// The database.
    pub store: Store,
    /// Larger files of claims.
    pub objects: Objects,
    /// Keys.
    pub keys: Keys,
    /// Access tokens.
    pub tokens: Tokens,
    /// Pulling deliveries.
    pub delivery: Delivery,
    /// Telling parties of their deliveries.
    pub webhooks: Webhooks,
    /// Claims.
    pub claims: Claims,
    /// Who gets what.
    pub disclosure: Disclosure,
    /// Reading FHIR.
    pub fhir: Fhir,
    /// What hospitals sign.
    pub signatures: Signatures,
    /// Who changes the registry.
    pub operators: Operators,
    /// What operators and parties are told of.
    pub alerts: Alerts,
    /// Streams of events.
    pub events: Events,
    /// How mail is sent.
    pub mail: Mail,
    /// How much one party may ask.
    pub limits: Limits,
    /// What reports assume.
    pub reports: Reports,
    /// How long things are kept.
    pub retention: Retention,
    /// Credentials from wallets.
    pub wallet: Wallet,
    /// Data sets from MyData.
    pub mydata: Mydata,
    /// How sure persons must be identified.
    pub identity: Identity,
    /// Logs.
    pub log: Log,
}

/// Section `gateway`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Issuer of tokens and packets; empty means derived from the listening address.
    pub base_url: String,
    /// Where files live.
    pub data_dir: PathBuf,
    /// Whether it is for trying programs with made-up data.
    pub sandbox: bool,
}

/// Section `http`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Socket address.
    pub listen: String,
    /// Threads.
    pub workers: usize,
    /// Largest body in bytes.
    pub body_limit_bytes: usize,
    /// All bodies in hand together, in bytes.
    pub bodies_total_bytes: usize,
    /// Deadline of a body in seconds.
    pub body_deadline_seconds: u64,
    /// Slowest pace of a body in bytes per second, after five seconds.
    pub body_min_bytes_per_second: u64,
    /// Grace of running requests at stop, in seconds.
    pub shutdown_seconds: u64,
    /// Seconds of unreadiness before the stop.
    pub drain_seconds: u64,
    /// Who may read metrics.
    pub metrics_from: MetricsFrom,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsFrom {
    /// Direct connections from the same machine.
    Loopback,
    /// Anyone who reaches the port.
    Any,
}

/// Section `store`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    url: String,
    /// SQLite file; empty means in the data directory.
    pub path: PathBuf,
    /// Reading connections.
    pub readers: u32,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path).field("readers", &self.readers).finish_non_exhaustive()
    }
}

/// Section `keys`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Key folder; empty means in the data directory.
    pub dir: PathBuf,
    master_key: String,
    master_key_file: PathBuf,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// Where the master key is.
pub enum MasterKeyPlace {
    /// Its base64url text was configured.
    Value(zeroize::Zeroizing<String>),
    /// It is in this file.
    File(PathBuf),
}

/// Section `tokens`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Life of an access token in seconds.
    pub access_seconds: i64,
    /// Clock skew allowed, in seconds; at most ten.
    pub leeway_seconds: i64,
    /// Whether proofs (DPoP) must hold a nonce of the gateway.
    pub dpop_nonce: bool,
}

/// Section `delivery`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Longest wait of a pull in seconds.
    pub max_wait_seconds: u64,
    /// Most deliveries in one answer.
    pub max_limit: u32,
}

/// Section `disclosure`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// The policy table; empty means the built-in one.
    pub policy: PathBuf,
}

/// Section `fhir`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fhir {
    /// Packages (.tgz) whose rules are checked.
    pub packages: Vec<PathBuf>,
    /// Spellings of systems and what they mean.
    pub aliases: BTreeMap<String, String>,
}

/// Section `webhooks`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Ports an endpoint may have besides 443.
    pub ports: Vec<u16>,
    /// File with further certificate authorities (PEM); empty means the system's alone.
    pub authorities: PathBuf,
    /// The gateway's client certificate with its chain (PEM); empty means none.
    pub client_certificate: PathBuf,
    /// Its private key (PEM).
    pub client_key: PathBuf,
    /// Seconds an attempt may take.
    pub total_seconds: u32,
    /// Messages sent to one endpoint at once.
    pub at_once: u32,
    /// Whether an endpoint may be on this machine, without TLS.
    pub allow_loopback: bool,
}

/// Section `claims`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Life of a tracking code in days.
    pub tracking_code_days: i64,
    /// Memory of idempotency keys in days.
    pub idempotency_days: i64,
    /// Terms to pay and calendars; empty means the built-in terms.
    pub terms: PathBuf,
    /// The county whose closures count.
    pub county: String,
    /// How many working days before a last day somebody is reminded.
    pub remind_working_days: u32,
}

/// Section `log`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Least severe level written.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

/// Why the configuration cannot be used. Values are never repeated: they may be secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file {path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("configuration file {path} is not valid TOML: {message}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// What and where, without the text.
        message: String,
    },
    /// A variable names no setting.
    #[error("environment variable {name} names no setting; `claimgate doctor --settings` lists them all")]
    UnknownVariable {
        /// The variable.
        name: String,
    },
    /// A value of the wrong type or an unknown name.
    #[error("configuration: {message}")]
    Invalid {
        /// What is wrong.
        message: String,
    },
}

impl Config {
    /// Reads defaults, the file if one is given, and the process environment.
    ///
    /// # Errors
    /// Anything unknown, unreadable or of the wrong type.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let ours = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| layers::is_setting(name))?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Self::from_layers(file, ours)
    }

    /// The same from given variables.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_layers(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table: Table = DEFAULTS.parse().map_err(|error: toml::de::Error| invalid(error.message()))?;
        if let Some(path) = file {
            layers::merge(&mut table, layers::read_file(path)?);
        }
        for (name, value) in variables {
            layers::override_one(&mut table, &name, value)?;
        }
        let config: Self = Value::Table(table).try_into().map_err(|error: toml::de::Error| invalid(error.message()))?;
        config.check()?;
        Ok(config)
    }

    /// Where the database is.
    #[must_use]
    pub fn database(&self) -> Database {
        let file = or_in(&self.store.path, &self.gateway.data_dir, "claimgate.db");
        Database::read(&self.store.url).ok().flatten().unwrap_or(Database::Sqlite(file))
    }

    /// The same configuration over another database: `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// It is neither.
    pub fn with_database(mut self, url: String) -> Result<Self, ConfigError> {
        self.store = Store { url, path: PathBuf::new(), readers: self.store.readers };
        self.check()?;
        Ok(self)
    }

    /// The list of erasures, which backups of the database do not hold.
    #[must_use]
    pub fn erasures_file(&self) -> PathBuf {
        or_in(&self.retention.erasures_file, &self.gateway.data_dir, "erasures.jsonl")
    }

    /// The key folder.
    #[must_use]
    pub fn keys_dir(&self) -> PathBuf {
        or_in(&self.keys.dir, &self.gateway.data_dir, "keys")
    }

    /// Where the master key is.
    #[must_use]
    pub fn master_key(&self) -> MasterKeyPlace {
        if self.keys.master_key.is_empty() {
            MasterKeyPlace::File(or_in(&self.keys.master_key_file, &self.keys_dir(), "master.key"))
        } else {
            MasterKeyPlace::Value(zeroize::Zeroizing::new(self.keys.master_key.clone()))
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let base = &self.gateway.base_url;
        let everywhere = self.http.listen.starts_with("0.0.0.0") || self.http.listen.starts_with("[::]");
        let rules: [(bool, &str); 16] = [
            (has_port(&self.http.listen), "http.listen is an address and a port, such as 127.0.0.1:8080"),
            (
                (self.http.body_limit_bytes..=17_179_869_184).contains(&self.http.bodies_total_bytes),
                "http.bodies_total_bytes is at least http.body_limit_bytes and at most 17179869184",
            ),
            (!(base.is_empty() && everywhere), "gateway.base_url is needed when http.listen is every interface"),
            (
                base.is_empty()
                    || ((base.starts_with("https://") || base.starts_with("http://")) && !base.ends_with('/')),
                "gateway.base_url starts with https:// and has no trailing slash",
            ),
            (
                self.keys.master_key.is_empty() || self.keys.master_key_file.as_os_str().is_empty(),
                "keys.master_key and keys.master_key_file exclude each other",
            ),
            ((1..=64).contains(&self.http.workers), "http.workers is 1 to 64"),
            (
                (65_536..=104_857_600).contains(&self.http.body_limit_bytes),
                "http.body_limit_bytes is 65536 to 104857600",
            ),
            ((1..=600).contains(&self.http.body_deadline_seconds), "http.body_deadline_seconds is 1 to 600"),
            ((30..=900).contains(&self.tokens.access_seconds), "tokens.access_seconds is 30 to 900"),
            ((0..=10).contains(&self.tokens.leeway_seconds), "tokens.leeway_seconds is 0 to 10"),
            ((1..=60).contains(&self.delivery.max_wait_seconds), "delivery.max_wait_seconds is 1 to 60"),
            (self.claims.remind_working_days <= 60, "claims.remind_working_days is 0 to 60"),
            ((1..=64).contains(&self.store.readers), "store.readers is 1 to 64"),
            (Database::read(&self.store.url).is_ok(), "store.url is sqlite:PATH or postgres://user@host/database"),
            (
                self.store.url.is_empty() || self.store.path.as_os_str().is_empty(),
                "store.url and store.path exclude each other",
            ),
            (
                self.limits.hold(),
                "limits: rates and bursts are 1 to 1000000, concurrent 1 to 100000, bytes_per_minute 65536 to \
                 1099511627776",
            ),
        ];
        let broken = rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule);
        let broken = broken
            .or(self.operators.broken())
            .or(self.tls.broken())
            .or(self.alerts.broken())
            .or(self.events.broken())
            .or(self.mail.broken())
            .or(self.reports.broken())
            .or(self.retention.broken())
            .or(self.wallet.broken())
            .or(self.mydata.broken())
            .or(self.objects.broken());
        broken.map_or(Ok(()), |rule| Err(invalid(rule)))
    }
}

/// Whether it ends in a port; what stands before may be a name.
fn has_port(listen: &str) -> bool {
    listen.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn or_in(path: &Path, folder: &Path, name: &str) -> PathBuf {
    if path.as_os_str().is_empty() { folder.join(name) } else { path.to_owned() }
}

fn invalid(message: &str) -> ConfigError {
    ConfigError::Invalid { message: message.to_owned() }
}

#[cfg(test)]
mod tests;
