//! Retention and erasure (個資法): whether a claim may be erased now, or is restricted until it may.
//!
//! In: how a claim stands, why it is to go, how long it must stay. Out: a verdict, and the rows of it. Knows no law by
//! number: periods are settings with a note of their source.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::id::{ApplicationId, CaseId, ClaimId};

/// An undelivered packet is kept this long, whatever the settings say: a recipient may be down for a month.
pub const UNDELIVERED_DAYS: i64 = 31;

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// The word in the database, the audit trail and at the command line.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord(concat!($($word, " "),+))),
                }
            }
        }
    };
}

/// A word that is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of: {0}")]
pub struct UnknownWord(&'static str);

words! {
    /// Why a claim is to be erased.
    Ground {
        /// The person asked for it (當事人請求).
        Request "request",
        /// What it was collected for is over (特定目的消失).
        PurposeEnded "purpose-ended",
        /// Its retention period is over (期限屆滿).
        PeriodOver "period-over",
        /// It was collected or used against the law (違法蒐集、處理或利用).
        Unlawful "unlawful",
        /// The person disputes that it is right (正確性爭議): it is restricted, never erased.
        Disputed "disputed",
    }
}

words! {
    /// What stands against erasing a claim now.
    Because {
        /// The claim is not closed, or a packet is not delivered.
        Open "open",
        /// It must be kept for some time after it was closed.
        Duty "duty",
        /// An operator placed a legal hold.
        Hold "hold",
        /// It is restricted because of a dispute, not on its way to erasure.
        Dispute "dispute",
    }
}

words! {
    /// What bars the use of a claim.
    Bar {
        /// Kept, and not used (處理限制).
        Restricted "restricted",
        /// Gone; ids, times, states and hashes remain.
        Erased "erased",
    }
}

/// How a claim stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The claim.
    pub claim: ClaimId,
    /// Counts changes.
    pub version: i64,
    /// What bars its use.
    pub barred: Option<Bar>,
    /// Whether something is still expected of it: an insurer's decision, a fetch, a deferred step.
    pub open: bool,
    /// Whether it is under a legal hold.
    pub held: bool,
    /// When something last happened to it.
    pub last: Timestamp,
}

/// What becomes of a claim that is to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes now.
    Erase,
    /// It stays and is not used.
    Restrict(Because),
    /// It is gone already.
    Gone,
}

/// Whether a claim may be erased now; `duty_days` is how long it must stay after something last happened to it.
#[must_use]
pub fn judge(standing: &Standing, ground: Ground, duty_days: i64, now: Timestamp) -> Verdict {
    if standing.barred == Some(Bar::Erased) {
        return Verdict::Gone;
    }
    if ground == Ground::Disputed {
        return Verdict::Restrict(Because::Dispute);
    }
    if standing.held {
        return Verdict::Restrict(Because::Hold);
    }
    if standing.open {
        return Verdict::Restrict(Because::Open);
    }
    if before(now, duty_days) < standing.last {
        return Verdict::Restrict(Because::Duty);
    }
    Verdict::Erase
}

/// So many days before a time.
#[must_use]
pub fn before(now: Timestamp, days: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(days.saturating_mul(24))).unwrap_or(Timestamp::MIN)
}

/// What retention writes.
#[derive(Debug)]
pub enum RetentionWrite {
    /// A legal hold, its reason sealed.
    Hold(Hold),
    /// A legal hold ends.
    Release(ClaimId),
    /// A claim read at this version is restricted.
    Restrict(Restriction),
    /// A restricted claim read at this version is in use again.
    Lift(ClaimId, i64),
    /// A claim is erased.
    Erase(Erasure),
    /// An application whose case never got any documents is deleted.
    Application(ApplicationId),
    /// A draft of a case that filed no claim is deleted.
    Case(CaseId),
    /// Attempts of finished messages to endpoints before this time are deleted, at most so many.
    Attempts(Timestamp, i64),
}

/// A legal hold.
#[derive(Debug)]
pub struct Hold {
    /// The claim.
    pub claim: ClaimId,
    /// Why, sealed.
    pub reason: Vec<u8>,
    /// Who placed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A restriction.
#[derive(Clone, Debug)]
pub struct Restriction {
    /// The claim.
    pub claim: ClaimId,
    /// The version it was read at.
    pub version: i64,
    /// Why it is to be erased.
    pub ground: Ground,
    /// Why it is not yet.
    pub because: Because,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// An erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The claim.
    pub claim: ClaimId,
    /// The version it was read at; none where it was erased before and comes back from a backup.
    pub version: Option<i64>,
    /// Why.
    pub ground: Ground,
    /// When it was erased first.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    #[test]
    fn what_stands_against_an_erasure_makes_it_a_restriction() {
        let now = Timestamp::from_second(100_000_000).unwrap();
        let claim = ClaimId::new(now, &Random::system());
        let last = before(now, 10);
        let closed = Standing { claim, version: 1, barred: None, open: false, held: false, last };
        assert_eq!(judge(&closed, Ground::Request, 10, now), Verdict::Erase);
        assert_eq!(judge(&closed, Ground::Request, 11, now), Verdict::Restrict(Because::Duty));
        assert_eq!(judge(&closed, Ground::Disputed, 0, now), Verdict::Restrict(Because::Dispute));
        let open = Standing { open: true, ..closed };
        assert_eq!(judge(&open, Ground::Unlawful, 0, now), Verdict::Restrict(Because::Open));
        let held = Standing { held: true, ..open };
        assert_eq!(judge(&held, Ground::Request, 0, now), Verdict::Restrict(Because::Hold));
        let restricted = Standing { barred: Some(Bar::Restricted), ..closed };
        assert_eq!(judge(&restricted, Ground::Request, 0, now), Verdict::Erase);
        let gone = Standing { barred: Some(Bar::Erased), ..held };
        assert_eq!(judge(&gone, Ground::Disputed, 0, now), Verdict::Gone);
        assert!("because".parse::<Ground>().is_err() && "purpose-ended".parse() == Ok(Ground::PurposeEnded));
    }
}
