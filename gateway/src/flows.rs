//! The businesses: what arriving evidence means and what is due next. Each flow reads, computes a change, commits
//! it, and does the step again when something it relied on has changed meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use claimgate_fhir::profile;
use claimgate_fhir::taiwan::Aliases;
use claimgate_packet::log::checkpoint::LogSigner;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use crate::access::jwt::Verified;
use crate::clock::Clock;
use crate::core::change::{AuditLine, WorkRow, Write};
use crate::core::disclosure::Policy;
use crate::core::packet::PacketError;
use crate::core::term::Terms;
use crate::id::{AuditId, ClaimId, Random, WorkId};
use crate::keys::at_rest::{AtRestError, Vault};
use crate::keys::authorities::SourceAuthorities;
use crate::keys::index::BlindIndex;
use crate::keys::nonces::Nonces;
use crate::keys::provider::{MasterKeys, ProviderError};
use crate::keys::published::PublishedKeys;
use crate::keys::ring::{KeyRingError, Ring};
use crate::keys::sealers::Sealers;
use crate::keys::tracking::Tracking;
use crate::objects::{Objects, ObjectsError};
use crate::party::Party;
use crate::sender::Sender;
use crate::sender::mail::Mailer;
use crate::store::{Store, StoreError};
use crate::tls::Tls;

pub mod accident;
pub mod alerts;
pub mod cases;
mod deadlines;
pub mod endpoint;
pub mod explain;
pub mod exposure;
mod files;
pub mod floor;
mod form;
pub mod health;
pub mod identity;
pub mod insurer;
pub mod log;
pub mod mail;
pub mod mandate;
pub mod masters;
pub mod mydata;
pub mod offset;
pub mod owner;
pub mod published;
pub mod push;
pub mod registry;
pub mod repair;
mod reports;
pub mod retention;
pub mod strays;
pub mod timeline;
pub mod token;
pub mod upload;
pub mod wallet;

use floor::Floor;

/// How often a step is done again before it is given up as contended.
const TRIES: u32 = 8;

/// What every flow works with.
#[derive(Debug)]
pub struct Engine {
    /// The gateway's URI: issuer of tokens and packets.
    pub issuer: String,
    /// Time.
    pub clock: Clock,
    /// Before this nothing is signed.
    pub floor: Floor,
    /// Chance.
    pub random: Random,
    /// The database.
    pub store: Store,
    /// The gateway's signing keys.
    pub ring: Ring,
    /// Recipients' keys, ready for sealing.
    pub sealers: Sealers,
    /// Access tokens whose signature was verified.
    pub verified: Verified,
    /// Where the master keys are.
    pub masters: MasterKeys,
    /// Larger files, outside the database.
    pub objects: Objects,
    /// Encryption at rest.
    pub vault: Vault,
    /// Blind indexes.
    pub index: BlindIndex,
    /// Signs the public log's checkpoints.
    pub log: LogSigner,
    /// Tracking codes.
    pub tracking: Tracking,
    /// The way out to parties' endpoints.
    pub sender: Sender,
    /// The listener's TLS, and whose client certificates count.
    pub tls: Arc<Tls>,
    /// Keys parties publish themselves.
    pub published: PublishedKeys,
    /// The way out for mail, where the operator named a server.
    pub mailer: Option<Mailer>,
    /// Nonces, where proofs (DPoP) must hold one.
    pub nonces: Option<Nonces>,
    /// How bundles are read.
    pub reading: Arc<Reading>,
    /// Who gets what (揭露政策).
    pub policy: Policy,
    /// When payment is due.
    pub due_rules: DueRules,
    /// Whose certificates count for what hospitals sign.
    pub authorities: SourceAuthorities,
    /// How credentials are asked of wallets.
    pub wallet: wallet::Setup,
    /// How sure persons must be identified, and by which means.
    pub identity: identity::Setup,
    /// How data sets are fetched from MyData, where they are.
    pub mydata: Option<Box<mydata::Setup>>,
    /// Bounds and lives.
    pub rules: Rules,
    /// Who is at work on what.
    pub turns: Turns,
}

/// When payment is due (給付期限).
#[derive(Debug)]
pub struct DueRules {
    /// Terms and calendars.
    pub terms: Terms,
    /// The county whose closures count.
    pub county: String,
    /// How many working days before a last day somebody is reminded; 0 for not at all.
    pub remind_working_days: u32,
}

/// What bundles are checked against besides R4 and the built-in guides.
#[derive(Debug, Default)]
pub struct Reading {
    /// Rules of FHIR packages, where the operator named some.
    pub packages: Option<profile::Rules>,
    /// Other spellings of systems.
    pub aliases: Aliases,
}

/// Lets steps on the same thing follow one another. It saves work only: what keeps them apart are the versions
/// the store compares.
#[derive(Debug)]
pub struct Turns {
    each: [Mutex<()>; 64],
    long: Mutex<()>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { each: std::array::from_fn(|_| Mutex::new(())), long: Mutex::default() }
    }
}

impl Turns {
    /// Waits for the turn of whatever shares this digest's place.
    pub async fn of(&self, digest: &[u8]) -> Option<MutexGuard<'_, ()>> {
        let place = usize::from(digest.last().copied().unwrap_or_default()) % self.each.len();
        match self.each.get(place) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }

    /// Waits for the turn of whatever reads for long: one after another, and in nobody else's way.
    pub async fn long(&self) -> MutexGuard<'_, ()> {
        self.long.lock().await
    }
}

/// Bounds and lives that flows apply.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Largest body in bytes.
    pub body_bytes: usize,
    /// Seconds of an access token.
    pub access_seconds: i64,
    /// Seconds of clock skew.
    pub leeway_seconds: i64,
    /// A file of a Bundle of at most so many bytes stays in the database.
    pub database_bytes: usize,
    /// The largest uploaded file, and the largest video.
    pub upload_bytes: (u64, u64),
    /// Uploads of a hospital that nothing refers to.
    pub uploads: i64,
    /// Hours until such an upload is forgotten.
    pub upload_hours: i64,
    /// Days of a tracking code.
    pub tracking_code_days: i64,
    /// Days of an idempotency key.
    pub idempotency_days: i64,
    /// Messages sent to one endpoint at once.
    pub pushes_at_once: u32,
    /// Seconds an attempt may take until another worker takes the message over.
    pub push_lease_seconds: i64,
    /// Whether parties that try their programs are let in.
    pub sandbox: bool,
    /// Whether a second operator must approve.
    pub four_eyes: bool,
    /// How many operators the configuration names.
    pub named_operators: usize,
    /// Minutes an endpoint may have no success until it is an alert.
    pub endpoint_failing_minutes: i64,
    /// Minutes a deferred step may be due with nobody doing it.
    pub work_overdue_minutes: i64,
}

/// A fault of ours: logged with its cause, shown as an internal error.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored value does not open.
    #[error(transparent)]
    AtRest(#[from] AtRestError),
    /// No signing key.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// A master key cannot be read.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The master keys do not fit.
    #[error(transparent)]
    Master(#[from] masters::WrongMaster),
    /// A packet could not be made.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The object store.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// A stored value cannot be read.
    #[error("stored {0} cannot be read")]
    Stored(&'static str),
    /// The clock was set back.
    #[error("the clock is {0:#} behind what this gateway has signed or written down already; set it right")]
    ClockBehind(SignedDuration),
    /// The same step collided too often.
    #[error("the step was done again {TRIES} times and collided each time")]
    Contended,
    /// A task died.
    #[error("a task died")]
    Task,
}

impl Fault {
    /// Whether the database is away or busy, so that trying again later makes sense.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            // The last three: a gateway that was forgotten when the next master key was laid out.
            Self::Contended
            | Self::ClockBehind(_)
            | Self::Objects(ObjectsError::Away(_))
            | Self::AtRest(AtRestError::Absent(_))
            | Self::Packet(PacketError::AtRest(AtRestError::Absent(_)))
            | Self::Master(masters::WrongMaster::Missing(_)) => true,
            Self::Store(error) => {
                matches!(error, StoreError::Database(_) | StoreError::Together(_) | StoreError::Closed)
            }
            _ => false,
        }
    }

    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict { .. }))
    }
}

impl Engine {
    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether a party is let in now.
    fn lets_in(&self, party: &Party) -> bool {
        party.may_enter(self.now(), self.rules.sandbox)
    }

    fn audit<const N: usize>(
        &self,
        actor: &str,
        action: &'static str,
        subject: &dyn std::fmt::Display,
        detail: [(&'static str, String); N],
    ) -> Write {
        Write::Audit(AuditLine {
            id: AuditId::new(self.now(), &self.random),
            at: self.now(),
            actor: actor.to_owned(),
            action,
            subject: subject.to_string(),
            detail: BTreeMap::from(detail),
        })
    }

    /// A step the worker finishes when what the claim lacks is there.
    fn due(&self, claim: ClaimId) -> Write {
        Write::Work(WorkRow { id: WorkId::new(self.now(), &self.random), claim, due_at: self.now() })
    }

    fn in_hours(&self, hours: i64) -> Timestamp {
        self.now().checked_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX)
    }

    fn in_days(&self, days: i64) -> Timestamp {
        let later = SignedDuration::from_hours(days.saturating_mul(24));
        self.now().checked_add(later).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn who_reads_for_long_is_in_no_steps_way() {
        let turns = Turns::default();
        let _long = turns.long().await;
        for place in 0..=u8::MAX {
            let step = tokio::time::timeout(Duration::from_secs(5), turns.of(&[place])).await;
            assert!(step.is_ok_and(|turn| turn.is_some()), "{place}");
        }
        assert!(tokio::time::timeout(Duration::from_millis(20), turns.long()).await.is_err());
    }
}
