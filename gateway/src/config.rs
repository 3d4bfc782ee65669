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
mod limits;
mod operators;
mod retention;
mod signatures;
mod tls;

pub use alerts::{Alerts, Mail, MailTls};
pub use database::{Database, DatabaseUrl};
pub use limits::Limits;
pub use operators::Operators;
pub use retention::Retention;
pub use signatures::Signatures;
pub use tls::Tls;

/// Every setting with its default and one comment.
pub const DEFAULTS: &str = include_str!("config/default.toml");

const PREFIX: &str = "CLAIMGATE_";
/// Names the folder of the tests' real examples; no setting.
const TEST_DATA: &str = "CLAIMGATE_SHARED";
/// What tests tell one another; no settings.
const TESTS: &str = "CLAIMGATE_TEST_";

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
    /// How mail is sent.
    pub mail: Mail,
    /// How much one party may ask.
    pub limits: Limits,
    /// How long things are kept.
    pub retention: Retention,
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
            let name = name.into_string().ok().filter(|name| is_setting(name))?;
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
            merge(&mut table, read_file(path)?);
        }
        for (name, value) in variables {
            override_one(&mut table, &name, value)?;
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
        let rules: [(bool, &str); 14] = [
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
            .or(self.mail.broken())
            .or(self.retention.broken());
        broken.map_or(Ok(()), |rule| Err(invalid(rule)))
    }
}

fn is_setting(name: &str) -> bool {
    name.starts_with(PREFIX) && name != TEST_DATA && !name.starts_with(TESTS)
}

fn or_in(path: &Path, folder: &Path, name: &str) -> PathBuf {
    if path.as_os_str().is_empty() { folder.join(name) } else { path.to_owned() }
}

fn invalid(message: &str) -> ConfigError {
    ConfigError::Invalid { message: message.to_owned() }
}

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
        path: path.to_owned(),
        message: match error.span() {
            Some(span) => format!("{} (at byte {})", error.message(), span.start),
            None => error.message().to_owned(),
        },
    })
}

fn merge(into: &mut Table, from: Table) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Table(inner)), Value::Table(outer)) => merge(inner, outer),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

fn override_one(table: &mut Table, name: &str, text: String) -> Result<(), ConfigError> {
    let unknown = || ConfigError::UnknownVariable { name: name.to_owned() };
    let path = name.strip_prefix(PREFIX).ok_or_else(unknown)?.to_ascii_lowercase();
    let (section, key) = path.split_once("__").ok_or_else(unknown)?;
    let present = table.get_mut(section).and_then(|inner| inner.get_mut(key)).ok_or_else(unknown)?;
    let wrong = |wanted: &str| invalid(&format!("environment variable {name} must be {wanted}"));
    *present = match present {
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Value::Array(_) => Value::Array(text.split(',').map(|one| Value::String(one.trim().to_owned())).collect()),
        _ => Value::String(text),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_layers(None, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_defaults_alone_are_a_configuration() {
        let config = with(&[]).unwrap();
        assert_eq!(config.http.listen, "127.0.0.1:8080");
        assert_eq!(config.database(), Database::Sqlite(PathBuf::from("claimgate-data/claimgate.db")));
    }

    #[test]
    fn the_environment_overrides_with_the_right_type() {
        let config = with(&[("CLAIMGATE_HTTP__WORKERS", "3"), ("CLAIMGATE_STORE__PATH", "/x.db")]).unwrap();
        assert_eq!(config.http.workers, 3);
        assert_eq!(config.database(), Database::Sqlite(PathBuf::from("/x.db")));
    }

    #[test]
    fn what_is_unknown_or_wrong_is_refused_without_its_value() {
        let error = with(&[("CLAIMGATE_HTTP__PORT", "1")]).unwrap_err().to_string();
        assert!(error.contains("CLAIMGATE_HTTP__PORT"), "{error}");
        let error = with(&[("CLAIMGATE_HTTP__WORKERS", "hunter2")]).unwrap_err().to_string();
        assert!(error.contains("whole number") && !error.contains("hunter2"), "{error}");
        let error = with(&[("CLAIMGATE_KEYS__MASTER_KEY", "s3cret"), ("CLAIMGATE_KEYS__MASTER_KEY_FILE", "/f")]);
        assert!(!error.unwrap_err().to_string().contains("s3cret"));
    }

    #[test]
    fn four_eyes_need_two_operators() {
        let with_names =
            |names| with(&[("CLAIMGATE_OPERATORS__FOUR_EYES", "true"), ("CLAIMGATE_OPERATORS__NAMES", names)]);
        for few in ["alice", "alice,alice", "alice,Bob", "alice,"] {
            assert!(with_names(few).is_err(), "{few}");
        }
        assert!(with_names("alice,bob").unwrap().operators.four_eyes);
        assert!(!with(&[]).unwrap().operators.four_eyes);
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let config = with(&[("CLAIMGATE_KEYS__MASTER_KEY", "s3cret")]).unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn a_file_with_an_unknown_name_is_refused() {
        let path = std::env::temp_dir().join(format!("claimgate-config-{}.toml", std::process::id()));
        std::fs::write(&path, "[http]\nlistn = \"x\"\n").unwrap();
        let error = Config::from_layers(Some(&path), []).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains("listn"), "{error}");
    }
}
