//! A floor under the clock: nothing is signed at a time that lies before what was signed, or written down, already.
//!
//! In: times of the audit trail and of signatures. Out: whether a time may be signed. A clock that was set back would
//! otherwise date packets, receipts and tokens before those they follow.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::{Engine, Fault};

/// How far back a clock may go, as time servers set it, and how far those of several gateways may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// The newest time that counts, in milliseconds since 1970.
#[derive(Debug)]
pub struct Floor(AtomicI64);

impl Floor {
    /// A floor at the newest time that was written down, if any.
    #[must_use]
    pub fn new(newest: Option<Timestamp>) -> Self {
        Self(AtomicI64::new(newest.map_or(i64::MIN, Timestamp::as_millisecond)))
    }

    /// Raises the floor to this time, or refuses it: then by how much it lies too low.
    fn raise(&self, now: Timestamp) -> Result<(), SignedDuration> {
        let newest = self.0.fetch_max(now.as_millisecond(), Ordering::SeqCst);
        below(newest, now).map_or(Ok(()), Err)
    }

    fn below(&self, now: Timestamp) -> Option<SignedDuration> {
        below(self.0.load(Ordering::SeqCst), now)
    }
}

fn below(newest: i64, now: Timestamp) -> Option<SignedDuration> {
    let back = SignedDuration::from_millis(newest.saturating_sub(now.as_millisecond()));
    (back > SKEW).then_some(back)
}

impl Engine {
    /// The present, for something that is signed now.
    ///
    /// # Errors
    /// The clock was set back by more than a minute.
    pub fn time_to_sign(&self) -> Result<Timestamp, Fault> {
        let now = self.now();
        self.floor.raise(now).map_err(Fault::ClockBehind)?;
        Ok(now)
    }

    /// By how much the clock lies before what was signed or written down, where that is more than a minute.
    #[must_use]
    pub fn clock_behind(&self) -> Option<SignedDuration> {
        self.floor.below(self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_go_back_a_minute_and_no_further() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let floor = Floor::new(Some(at(1_000)));
        assert_eq!(floor.raise(at(939)), Err(SignedDuration::from_secs(61)));
        assert_eq!(floor.raise(at(940)), Ok(()));
        assert_eq!(floor.raise(at(5_000)), Ok(()));
        assert_eq!(floor.below(at(4_939)), Some(SignedDuration::from_secs(61)));
        assert_eq!(floor.raise(at(1_400)), Err(SignedDuration::from_hours(1)));
        // What was refused lowers nothing.
        assert_eq!(floor.raise(at(4_000)), Err(SignedDuration::from_secs(1_000)));
        assert_eq!(floor.raise(at(4_941)), Ok(()));
        assert_eq!(Floor::new(None).raise(at(-5)), Ok(()));
    }
}
