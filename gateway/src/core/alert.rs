//! Alerts (警示): what somebody must be told of, as long as it lasts. Functions over values.
//!
//! In: the alerts that are open, and what is wrong now. Out: what to open, to touch, to close, and whom to tell. An alert
//! holds ids, words and times; never an address, a name or a secret.

use jiff::Timestamp;

use super::proposal::words;
use crate::id::AlertId;
use crate::party::PartyId;

mod text;

pub use text::{Letter, letter};

words! {
    /// What is wrong.
    AlertKind {
        /// An endpoint has had no success for longer than `alerts.endpoint_failing_minutes`.
        EndpointFailing = "endpoint.failing";
        /// An endpoint is switched off after seven days without success.
        EndpointOff = "endpoint.off";
        /// An endpoint is switched off because it answered 410.
        EndpointGone = "endpoint.gone";
        /// A party has no valid key of one use in thirty days.
        KeyThirtyDays = "key.expires-30-days";
        /// In seven days.
        KeySevenDays = "key.expires-7-days";
        /// Tomorrow.
        KeyOneDay = "key.expires-1-day";
        /// A party has none now.
        KeyExpired = "key.expired";
        /// A certificate authority or revocation list is not in force.
        AuthorityEnded = "authority.ended";
        /// The audit trail's chain is broken.
        AuditBroken = "audit.broken";
        /// The public log does not hold together.
        LogBroken = "log.broken";
        /// An insurer has payments whose term ends soon.
        TermEnds = "term.ends-soon";
        /// An insurer has payments whose term is over.
        TermPast = "term.past";
        /// Deferred steps are due and nobody does them.
        WorkOverdue = "work.overdue";
    }
    /// Where an alert stands.
    AlertState {
        /// It lasts, and nobody has said that they know.
        Open = "open";
        /// It lasts, and an operator knows.
        Acknowledged = "acknowledged";
        /// It is over.
        Closed = "closed";
    }
    /// What a mail tells.
    MailEvent {
        /// That an alert began.
        Opened = "opened";
        /// That it is over.
        Closed = "closed";
    }
    /// Whom a mail tells.
    Audience {
        /// The party's technical contacts.
        Party = "party";
        /// The addresses in `mail.operators`.
        Operators = "operators";
    }
}

impl AlertKind {
    /// The part of the word before the dot: alerts of one family follow one another.
    #[must_use]
    pub fn family(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }

    /// Whether the end of it is told too.
    fn ends_are_told(self) -> bool {
        self.family() == "endpoint"
    }
}

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What.
    pub kind: AlertKind,
    /// Whose.
    pub party: Option<PartyId>,
    /// Tells two of one kind apart: a party, a party and a use of keys, the name of a file.
    pub subject: String,
    /// Times and counts, in a few words.
    pub detail: String,
}

/// An alert as it is stored.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Id.
    pub id: AlertId,
    /// What is wrong.
    pub kind: AlertKind,
    /// Whose.
    pub party: Option<PartyId>,
    /// See [`Condition`].
    pub subject: String,
    /// Where it stands.
    pub state: AlertState,
    /// See [`Condition`].
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// Which operator knows.
    pub acknowledged_by: Option<String>,
    /// When it ended.
    pub closed: Option<Timestamp>,
}

/// A mail that is due, under a lease.
#[derive(Clone, Debug)]
pub struct DueMail {
    /// The alert it tells of.
    pub alert: Alert,
    /// What it tells.
    pub event: MailEvent,
    /// Whom.
    pub audience: Audience,
    /// Fencing number.
    pub fence: i64,
    /// Attempts made.
    pub tries: i64,
}

/// What comes next for a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailNext {
    /// It has been sent, or there is nobody to send it to.
    Done(Timestamp),
    /// It is given up.
    Dead(Timestamp),
    /// It is tried again then.
    Again(Timestamp),
}

/// What is written of alerts.
#[derive(Debug)]
pub enum AlertWrite {
    /// A new alert, with the mails that tell of it. Nothing happens where one of its kind and subject is open.
    Open(Box<Alert>, Vec<Audience>),
    /// It was seen again, with these words.
    Seen(AlertId, String, Timestamp),
    /// It is over, with the mails that tell of it.
    Close(AlertId, Timestamp, Vec<Audience>),
    /// An operator knows.
    Acknowledge(AlertId, String, Timestamp),
    /// A mail is taken in hand until then; only under the fencing number it was read at.
    LeaseMail(Box<DueMail>, Timestamp),
    /// What came of a mail; only by the holder of the fencing number.
    Mailed(Box<DueMail>, MailNext),
}

/// What a look at everything leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// New alerts.
    pub open: Vec<Condition>,
    /// Open ones that last, with their present words.
    pub seen: Vec<(AlertId, String)>,
    /// Those that are over, and whether their end is told.
    pub close: Vec<(AlertId, bool)>,
}

/// Compares what is open with what is wrong now; `looked_at` says which kinds were looked at this time.
#[must_use]
pub fn steps(open: &[Alert], now: Vec<Condition>, looked_at: impl Fn(AlertKind) -> bool) -> Steps {
    let is = |alert: &Alert, condition: &Condition| alert.kind == condition.kind && alert.subject == condition.subject;
    let mut steps = Steps::default();
    for alert in open.iter().filter(|alert| looked_at(alert.kind)) {
        if let Some(same) = now.iter().find(|condition| is(alert, condition)) {
            steps.seen.push((alert.id, same.detail.clone()));
        } else {
            // An endpoint that failed and is off now has not recovered.
            let follows = |next: &Condition| next.kind.family() == alert.kind.family() && next.subject == alert.subject;
            steps.close.push((alert.id, alert.kind.ends_are_told() && !now.iter().any(follows)));
        }
    }
    steps.open = now.into_iter().filter(|condition| !open.iter().any(|alert| is(alert, condition))).collect();
    steps
}

/// How long before a key's end somebody is told; nothing while there is more time.
#[must_use]
pub fn of_key(ends: Option<Timestamp>, now: Timestamp) -> Option<AlertKind> {
    let left = ends?.duration_since(now);
    match left.as_hours() {
        _ if !left.is_positive() => Some(AlertKind::KeyExpired),
        0..24 => Some(AlertKind::KeyOneDay),
        24..168 => Some(AlertKind::KeySevenDays),
        168..720 => Some(AlertKind::KeyThirtyDays),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
