//! From when until when a registration counts (有效期間): days in Taiwan (UTC+8), first and last day included.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::RegistrationError::Rule;
use super::{Registration, RegistrationError};

/// The instants a registration counts between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// The first, where it has one.
    pub begins: Option<Timestamp>,
    /// The first after it, where it has one.
    pub ends: Option<Timestamp>,
}

impl Term {
    /// Reads the days of a registration.
    pub(super) fn read(registration: &Registration) -> Result<Self, RegistrationError> {
        let wrong = || Rule("effective_from, effective_until: days between 1950 and 2200, until not before from");
        let (from, until) = (registration.effective_from, registration.effective_until);
        let possible = |day: Date| (1950..=2200).contains(&day.year());
        let ordered = from.zip(until).is_none_or(|(from, until)| from <= until);
        if !ordered || !from.into_iter().chain(until).all(possible) {
            return Err(wrong());
        }
        let midnight = |day: Date| day.to_zoned(TimeZone::fixed(Offset::constant(8))).map(|at| at.timestamp());
        let begins = from.map(midnight).transpose().map_err(|_| wrong())?;
        let after = until.map(|day| day.tomorrow().and_then(midnight)).transpose().map_err(|_| wrong())?;
        Ok(Self { begins, ends: after })
    }

    /// Whether the registration counts now.
    #[must_use]
    pub fn holds(self, now: Timestamp) -> bool {
        self.begins.is_none_or(|from| from <= now) && self.ends.is_none_or(|end| now < end)
    }
}
