//! The books of a submission: decisions and payments as rows, and the balance that follows from them. No IO.
//!
//! Entries are only ever added. What is accepted is what the newest decision says; each later one reverses the one before.

use claimgate_packet::amount::Twd;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::submission::SubmissionState;
use crate::id::{ClaimId, PaymentId, SubmissionId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// The most decisions of a submission, and the most payments.
pub const MOST_ENTRIES: i64 = 200;

/// The day of a moment in Taiwan, which has kept UTC+8 without summer time since 1980.
#[must_use]
pub fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::fixed(Offset::constant(8))).date()
}

/// What is written.
#[derive(Debug)]
pub enum LedgerWrite {
    /// The next decision of a submission.
    Decision(Box<DecisionRow>),
    /// The next payment of a submission.
    Payment(Box<PaymentRow>),
    /// How the books of a submission stand now.
    Account(Box<AccountRow>),
}

/// A decision.
#[derive(Debug)]
pub struct DecisionRow {
    /// The submission.
    pub submission: SubmissionId,
    /// From 1, without gaps.
    pub version: i64,
    /// The claim.
    pub claim: ClaimId,
    /// What it comes to.
    pub outcome: SubmissionState,
    /// What was decided, sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// A payment, or money that came back.
#[derive(Debug)]
pub struct PaymentRow {
    /// Id.
    pub id: PaymentId,
    /// The submission.
    pub submission: SubmissionId,
    /// From 1, without gaps.
    pub number: i64,
    /// The claim.
    pub claim: ClaimId,
    /// The insurer.
    pub party: PartyId,
    /// What it is.
    pub kind: &'static str,
    /// Keyed digest of the insurer's reference.
    pub reference: Mac,
    /// What was paid, sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// Whether the books of a submission are open.
#[derive(Debug)]
pub struct AccountRow {
    /// The submission.
    pub submission: SubmissionId,
    /// The claim.
    pub claim: ClaimId,
    /// The insurer.
    pub party: PartyId,
    /// The hospital.
    pub hospital: PartyId,
    /// What is accepted is not what is paid.
    pub open: bool,
    /// When.
    pub at: Timestamp,
}

/// How the books of a submission stand.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// Accepted by the decision that stands.
    pub accepted: Twd,
    /// Everything that was paid.
    pub paid: Twd,
    /// Everything that came back.
    pub came_back: Twd,
}

claimgate_packet::opaque_debug!(Balance);

impl Balance {
    /// What is paid and did not come back; `None` beyond what an amount can be.
    #[must_use]
    pub fn kept(&self) -> Option<Twd> {
        self.paid.checked_sub(self.came_back)
    }

    /// What is accepted and not paid; negative where too much is paid.
    #[must_use]
    pub fn open(&self) -> Option<Twd> {
        self.accepted.checked_sub(self.kept()?)
    }

    /// Whether something was accepted and all of it is paid.
    #[must_use]
    pub fn is_paid_in_full(&self) -> bool {
        !self.accepted.is_zero() && self.open().is_some_and(|open| open <= Twd::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_is_what_is_accepted_less_what_stayed_paid() {
        let of = |accepted: &str, paid: &str, came_back: &str| Balance {
            accepted: accepted.parse().unwrap(),
            paid: paid.parse().unwrap(),
            came_back: came_back.parse().unwrap(),
        };
        assert_eq!(of("1200", "1200", "0").open(), Some(Twd::ZERO));
        assert_eq!(of("1200", "1200", "200").open().unwrap().to_string(), "200");
        assert_eq!(of("0", "500", "0").open().unwrap().to_string(), "-500");
        assert!(of("1200", "1300", "100").is_paid_in_full() && !of("1200", "1200", "1").is_paid_in_full());
        assert!(!Balance::default().is_paid_in_full(), "nothing was accepted");
    }

    #[test]
    fn a_day_begins_at_midnight_in_taiwan() {
        let at = |text: &str| day(text.parse().unwrap()).to_string();
        assert_eq!(at("2026-11-23T15:59:59Z"), "2026-11-23");
        assert_eq!(at("2026-11-23T16:00:00Z"), "2026-11-24");
    }
}
