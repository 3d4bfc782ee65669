//! Token buckets, as the time at which each would be full again (generic cell rate algorithm): two sums and no timer.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use super::whole_seconds;

/// Buckets are looked through for such as are full again at most this often.
const SWEEP: Duration = Duration::from_secs(1);

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Units that come in one `period`.
    units: u64,
    period: Duration,
    /// What the bucket holds, as the time in which that much comes.
    room: Duration,
}

impl Rate {
    pub(super) fn of_requests(per_second: u32, burst: u32) -> Self {
        let rate = Self { units: u64::from(per_second).max(1), period: Duration::from_secs(1), room: Duration::ZERO };
        Self { room: rate.time_of(u64::from(burst)), ..rate }
    }

    /// A minute's worth may come at a stroke.
    pub(super) fn of_bytes(per_minute: u64) -> Self {
        let minute = Duration::from_mins(1);
        Self { units: per_minute.max(1), period: minute, room: minute }
    }

    /// Takes one unit, or tells how long until there is one.
    pub(super) fn spend(self, full_at: &mut Duration, now: Duration) -> Result<(), Duration> {
        let after = (*full_at).max(now).saturating_add(self.time_of(1));
        let missing = after.saturating_sub(now).saturating_sub(self.room);
        if missing > Duration::ZERO {
            return Err(missing);
        }
        *full_at = after;
        Ok(())
    }

    /// Takes any number of units as long as there is one, or tells how long until there is one.
    pub(super) fn spend_beyond(self, full_at: &mut Duration, units: u64, now: Duration) -> Result<(), Duration> {
        let used = full_at.saturating_sub(now);
        if used >= self.room {
            return Err(used.saturating_sub(self.room).saturating_add(self.time_of(1)));
        }
        *full_at = now.saturating_add(used).saturating_add(self.time_of(units));
        Ok(())
    }

    /// How many units there are, and in how many seconds all of them are.
    pub(super) fn left(self, full_at: Duration, now: Duration) -> (u64, u64) {
        let used = full_at.saturating_sub(now);
        let free = self.room.saturating_sub(used).as_nanos();
        let units = free.saturating_mul(u128::from(self.units)) / self.period.as_nanos().max(1);
        (u64::try_from(units).unwrap_or(u64::MAX), whole_seconds(used))
    }

    /// Rounded down, so that the whole room can be used.
    fn time_of(self, units: u64) -> Duration {
        let nanos = self.period.as_nanos().saturating_mul(u128::from(units)) / u128::from(self.units);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What one party or asker used.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// When all requests are there again.
    pub(super) requests: Duration,
    /// When all bytes are there again.
    pub(super) bytes: Duration,
    /// Requests in hand.
    pub(super) in_hand: u32,
    /// Bytes of answers being sent.
    pub(super) sending: usize,
}

impl Bucket {
    fn is_full(&self, now: Duration) -> bool {
        self.in_hand == 0 && self.sending == 0 && self.requests <= now && self.bytes <= now
    }
}

/// Buckets by whose they are: a bounded number, and one for all that come when there are so many.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    known: HashMap<K, Bucket>,
    others: Bucket,
    most: usize,
    swept: Option<Duration>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    pub(super) fn new(most: usize) -> Self {
        Self { known: HashMap::new(), others: Bucket::default(), most, swept: None }
    }

    /// The bucket of this key, and the key it is found by later; none where it is the one for all others.
    pub(super) fn of(&mut self, key: &K, now: Duration) -> (Option<K>, &mut Bucket) {
        if !self.known.contains_key(key) && self.known.len() >= self.most && self.is_sweep_due(now) {
            self.swept = Some(now);
            self.known.retain(|_, bucket| !bucket.is_full(now));
        }
        if self.known.contains_key(key) || self.known.len() < self.most {
            return (Some(key.clone()), self.known.entry(key.clone()).or_default());
        }
        (None, &mut self.others)
    }

    /// The bucket [`Buckets::of`] gave before; it is there as long as something of it is in hand.
    pub(super) fn known(&mut self, key: Option<&K>) -> &mut Bucket {
        match key.and_then(|key| self.known.get_mut(key)) {
            Some(bucket) => bucket,
            None => &mut self.others,
        }
    }

    fn is_sweep_due(&self, now: Duration) -> bool {
        self.swept.is_none_or(|swept| now.saturating_sub(swept) >= SWEEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_as_many_as_come_again() {
        let rate = Rate::of_requests(10, 3);
        let (mut full_at, start) = (Duration::ZERO, Duration::from_secs(7));
        assert_eq!(rate.left(full_at, start), (3, 0));
        for left in [2, 1, 0] {
            assert_eq!(rate.spend(&mut full_at, start), Ok(()));
            assert_eq!(rate.left(full_at, start).0, left);
        }
        assert_eq!(rate.spend(&mut full_at, start), Err(Duration::from_millis(100)));
        let later = start + Duration::from_millis(100);
        assert_eq!(rate.spend(&mut full_at, later), Ok(()));
        assert!(rate.spend(&mut full_at, later).is_err());
        assert_eq!(rate.left(full_at, later + Duration::from_hours(1)), (3, 0), "never more than it holds");
    }

    #[test]
    fn a_rate_that_divides_no_second_lets_its_whole_burst_through() {
        for (per_second, burst) in [(3, 7), (7, 1), (999_983, 1_000_000)] {
            let rate = Rate::of_requests(per_second, burst);
            let (mut full_at, now) = (Duration::ZERO, Duration::ZERO);
            let passed = (0..2 * burst).take_while(|_| rate.spend(&mut full_at, now).is_ok()).count();
            let burst = usize::try_from(burst).unwrap();
            assert!((burst..=burst + burst / 10_000).contains(&passed), "{per_second}/{burst}: {passed}");
        }
    }

    #[test]
    fn what_goes_over_is_made_up_for() {
        let rate = Rate::of_bytes(60_000);
        let (mut full_at, now) = (Duration::ZERO, Duration::from_secs(1));
        assert_eq!(rate.spend_beyond(&mut full_at, 90_000, now), Ok(()), "one body of any size");
        assert!(rate.spend_beyond(&mut full_at, 1, now + Duration::from_secs(29)).is_err());
        assert_eq!(rate.spend_beyond(&mut full_at, 1, now + Duration::from_secs(31)), Ok(()));
    }

    #[test]
    fn there_are_no_more_buckets_than_allowed_and_full_ones_make_room() {
        let rate = Rate::of_requests(1, 2);
        let mut buckets = Buckets::new(2);
        let now = Duration::from_secs(5);
        for key in ["a", "b"] {
            rate.spend(&mut buckets.of(&key, now).1.requests, now).unwrap();
        }
        assert_eq!(buckets.of(&"c", now).0, None, "both are in use");
        rate.spend(&mut buckets.of(&"c", now).1.requests, now).unwrap();
        rate.spend(&mut buckets.of(&"d", now).1.requests, now).unwrap();
        assert!(rate.spend(&mut buckets.of(&"e", now).1.requests, now).is_err(), "all others share one");
        assert_eq!(buckets.known.len(), 2);
        let later = now + Duration::from_secs(2);
        assert_eq!(buckets.of(&"c", later).0, Some("c"));
        assert_eq!(buckets.known.len(), 1);
    }
}
