//! What the platform tells a service provider: the package is there, or some data sets will not come.

use claimgate_packet::jose::json::{Limits, parse_object};
use claimgate_packet::opaque_debug;
use serde_json::{Map, Value};

use super::RESOURCES;
use super::refusal::Refusal;

const LIMITS: Limits = Limits { bytes: 16 << 10, depth: 2, members: 128 };
/// Characters of an id.
const ID: usize = 128;

/// A notification.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// The transaction it is of (`tx_id`).
    pub transaction: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a transaction.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The package can be fetched, once.
    Ready {
        /// `permission_ticket`.
        ticket: String,
        /// `secret_key`, still encrypted: [`super::Client::secret_key`].
        secret_key: String,
    },
    /// `unable_to_deliver`: these data sets will not come.
    Unable(Vec<String>),
}

opaque_debug!(Notice, Outcome);

impl Notice {
    /// Reads the body of a notification.
    ///
    /// # Errors
    /// [`Refusal::NoticeForm`].
    pub fn read(body: &[u8]) -> Result<Self, Refusal> {
        let members = parse_object(body, LIMITS).map_err(|_| Refusal::NoticeForm)?;
        let transaction = id(&members, "tx_id").ok_or(Refusal::NoticeForm)?;
        // A platform that writes every member of one type writes those that do not apply as null.
        let given = |name: &str| members.get(name).filter(|value| !value.is_null());
        let outcome = match given("unable_to_deliver") {
            None => Outcome::Ready {
                ticket: id(&members, "permission_ticket").ok_or(Refusal::NoticeForm)?,
                secret_key: id(&members, "secret_key").ok_or(Refusal::NoticeForm)?,
            },
            Some(Value::Array(all)) if given("permission_ticket").is_none() && all.len() <= RESOURCES => {
                let text = |one: &Value| one.as_str().filter(|one| one.len() <= ID).map(str::to_owned);
                Outcome::Unable(all.iter().map(text).collect::<Option<_>>().ok_or(Refusal::NoticeForm)?)
            }
            Some(_) => return Err(Refusal::NoticeForm),
        };
        Ok(Self { transaction, outcome })
    }
}

fn id(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name)?.as_str().filter(|text| (1..=ID).contains(&text.len())).map(str::to_owned)
}
