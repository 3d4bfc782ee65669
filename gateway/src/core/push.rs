//! Webhooks: when a message is tried again, what an answer means, and what of it is kept. Functions over values.
//!
//! The schedule is the one of Standard Webhooks and its peers: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, then every 10 h
//! until seven days after the first try, each with 20 % jitter.

use std::str::FromStr;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

use crate::id::DeliveryId;
use crate::party::PartyId;
use crate::sender::{Reply, SendError};

mod redact;

pub use redact::excerpt;

/// How long a message, and an endpoint, is tried without success.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The least wait after 429.
const AFTER_429: SignedDuration = SignedDuration::from_secs(60);
/// The longest wait a receiver can ask for.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(10);
/// Failures in a row until the whole endpoint is given a rest.
const TRUSTED_FAILURES: u32 = 3;
const SHORTEST_REST: i64 = 5;
const LONGEST_REST: i64 = 600;
const STEPS: [i64; 6] = [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600];

/// What an endpoint is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A thin event; the packet is fetched with a token.
    Event,
    /// The sealed packet itself.
    Packet,
}

/// A word that is none: the row is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such word")]
pub struct UnknownWord;

impl Content {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Packet => "packet",
        }
    }
}

impl FromStr for Content {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Event, Self::Packet].into_iter().find(|one| one.as_str() == text).ok_or(UnknownWord)
    }
}

/// Whether an endpoint is sent to, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointState {
    /// Sent to.
    On,
    /// Switched off by an operator.
    Off,
    /// Switched off after seven days without success.
    Failing,
    /// Switched off because it answered 410.
    Gone,
}

impl EndpointState {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }
}

impl FromStr for EndpointState {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::On, Self::Off, Self::Failing, Self::Gone].into_iter().find(|one| one.as_str() == text).ok_or(UnknownWord)
    }
}

/// An endpoint as it is stored.
#[derive(Debug)]
pub struct EndpointRow {
    /// Whose.
    pub party: PartyId,
    /// Where.
    pub url: String,
    /// What it is sent.
    pub content: Content,
    /// Its signing secrets, sealed.
    pub secrets: Vec<u8>,
    /// Whether it is sent to.
    pub state: EndpointState,
    /// The version it was read at; 0 for a new one.
    pub version: i64,
    /// When.
    pub at: Timestamp,
}

/// What is written for webhooks.
#[derive(Debug)]
pub enum PushWrite {
    /// A new or changed endpoint; its health begins anew.
    Endpoint(EndpointRow),
    /// One attempt and what follows from it; only by the holder of the fencing number.
    Attempt(Box<AttemptRow>),
    /// Messages that are due again, or for the first time.
    Redrive(PartyId, Selection, Span, Timestamp),
}

/// Positions beyond the one and up to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub i64, pub i64);

impl Span {
    /// Every position.
    pub const ALL: Self = Self(0, i64::MAX);
}

/// Which deliveries are told of again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// One.
    One(DeliveryId),
    /// Those made in a span of time; the end does not belong to it.
    Between(Timestamp, Timestamp),
    /// All beyond a position.
    After(i64),
    /// All that are not acknowledged.
    Open,
}

/// One attempt as it is kept.
#[derive(Debug)]
pub struct AttemptRow {
    /// The message.
    pub message: String,
    /// The fencing number it was leased under.
    pub fence: i64,
    /// Whose endpoint.
    pub party: PartyId,
    /// The endpoint's version that was told: another one's health is not this attempt's to change.
    pub endpoint: i64,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: i64,
    /// The answer's status, if there was one.
    pub status: Option<u16>,
    /// Whose fault it is, if it is one's.
    pub fault: Option<Whose>,
    /// The beginning of a failed answer, or what went wrong.
    pub words: String,
    /// What follows.
    pub next: Next,
}

/// Who failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The receiver: it answered, and not with success.
    Recipient,
    /// The way there: name, connection, time.
    Network,
    /// We.
    Gateway,
}

impl Whose {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Network => "network",
            Self::Gateway => "gateway",
        }
    }
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Done: a 2xx.
    Done,
    /// Done, and nothing was sent: it says nothing of the endpoint.
    Moot,
    /// Again at this time; until the other time nothing else is sent there.
    Again {
        /// When this message is due.
        due: Timestamp,
        /// Until when the endpoint rests.
        rest: Option<Timestamp>,
    },
    /// This message is not tried any more; a redrive brings it back.
    Dead,
    /// The endpoint is switched off; this and all other messages wait.
    Off(EndpointState),
}

/// What is known of a message and its endpoint when an attempt is judged.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// Attempts made before this one.
    pub tries: u32,
    /// When the first one was since the gateway itself held the message back.
    pub first_try: Option<Timestamp>,
    /// The endpoint's failures in a row before this one.
    pub failures: u32,
    /// Since when the endpoint has had no success.
    pub failing_since: Option<Timestamp>,
}

/// What an outcome means. `chance` spreads what would come together: 0 is 20 % early, 65,535 is 20 % late.
#[must_use]
pub fn judge(
    outcome: &Result<Reply, SendError>,
    history: &History,
    now: Timestamp,
    chance: u16,
) -> (Option<Whose>, Next) {
    let (whose, status, asked) = match outcome {
        Ok(reply) if (200..300).contains(&reply.status) => return (None, Next::Done),
        Ok(reply) if reply.status == 410 => return (Some(Whose::Recipient), Next::Off(EndpointState::Gone)),
        Ok(reply) => (Whose::Recipient, reply.status, reply.retry_after.as_deref().and_then(|text| asked(text, now))),
        Err(SendError::Unsendable | SendError::Anonymous) => (Whose::Gateway, 0, None),
        Err(_) => (Whose::Network, 0, None),
    };
    // What we hold back ourselves is nobody's failure: it waits as long as it must.
    let ours = whose == Whose::Gateway;
    let too_long = |since: Option<Timestamp>| since.is_some_and(|since| !ours && now.duration_since(since) >= PATIENCE);
    if too_long(history.failing_since) {
        return (Some(whose), Next::Off(EndpointState::Failing));
    }
    if too_long(history.first_try) {
        return (Some(whose), Next::Dead);
    }
    let least = if status == 429 { AFTER_429 } else { SignedDuration::ZERO };
    let asked = asked.unwrap_or_default().max(least);
    let due = later(now, delay(history.tries, chance).max(asked));
    let rest = asked.max(rest(history.failures + 1));
    (Some(whose), Next::Again { due, rest: (rest > SignedDuration::ZERO).then(|| later(now, rest)) })
}

/// The wait after an attempt, the first being number 0.
fn delay(tries: u32, chance: u16) -> SignedDuration {
    let place = usize::try_from(tries).unwrap_or(usize::MAX).min(STEPS.len() - 1);
    let seconds = STEPS.get(place).copied().unwrap_or(36_000);
    // 800 to 1,200 thousandths.
    let thousandths = 800 + i64::from(chance) * 400 / i64::from(u16::MAX);
    SignedDuration::from_millis(seconds * thousandths)
}

/// How long an endpoint is left alone after so many failures in a row: nothing at first, then ever longer.
fn rest(failures: u32) -> SignedDuration {
    let Some(beyond) = failures.checked_sub(TRUSTED_FAILURES) else { return SignedDuration::ZERO };
    let factor = 1_i64.checked_shl(beyond).unwrap_or(i64::MAX);
    SignedDuration::from_secs(SHORTEST_REST.saturating_mul(factor).clamp(SHORTEST_REST, LONGEST_REST))
}

/// `Retry-After` in either form (RFC 9110 §10.2.3), within what we put up with.
fn asked(text: &str, now: Timestamp) -> Option<SignedDuration> {
    let text = text.trim();
    let wait = match text.parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(i64::from(seconds)),
        Err(_) => DateTimeParser::new().parse_timestamp(text).ok()?.duration_since(now),
    };
    Some(wait.clamp(SignedDuration::ZERO, LONGEST_ASKED))
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
