//! A status list, unpacked and bounded: a value to keep between presentations.

use std::io::Read;

use jiff::{SignedDuration, Timestamp};

use super::{Kind, Purpose};
use crate::wallet::limits::UNPACKED_BYTES;

/// Hours a list without a shorter life is kept before it is fetched again.
const LIFE: i64 = 12;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Bits of each entry (1, 2, 4 or 8), the least significant first.
    Token(u8),
    /// One bit for each entry, the most significant first.
    List2021(Purpose),
}

/// A list whose signature is right.
#[derive(Clone, PartialEq, Eq)]
pub struct List {
    /// Its address.
    pub uri: String,
    /// How it is written.
    pub form: Form,
    /// From when on it counts.
    pub since: Option<Timestamp>,
    /// Until when it counts.
    pub expires: Option<Timestamp>,
    /// When to fetch it again; it counts a while longer, so that a host that is down holds nothing at once.
    pub refresh_after: Timestamp,
    pub(super) bytes: Vec<u8>,
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "List({}, {:?}, {} bytes)", self.uri, self.form, self.bytes.len())
    }
}

impl List {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.form {
            Form::Token(_) => Kind::Token,
            Form::List2021(purpose) => Kind::List2021(purpose),
        }
    }

    /// How many bytes it takes, for who keeps several.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it counts at a time.
    #[must_use]
    pub fn counts_at(&self, now: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= now + SignedDuration::from_secs(30))
            && self.expires.is_none_or(|expires| now < expires)
    }

    /// The value of an entry; `None` past the end.
    #[must_use]
    pub fn get(&self, index: u64) -> Option<u8> {
        let (bits, lsb_first) = match self.form {
            Form::Token(bits) => (u64::from(bits), true),
            Form::List2021(_) => (1, false),
        };
        let each = 8_u64.checked_div(bits)?;
        let byte = *self.bytes.get(usize::try_from(index / each).ok()?)?;
        let place = u32::try_from((index % each) * bits).ok()?;
        let shift = if lsb_first { place } else { 7_u32.checked_sub(place)? };
        let mask = if bits == 8 { 0xff } else { (1_u8 << bits) - 1 };
        Some(byte.checked_shr(shift)? & mask)
    }
}

/// When a list is fetched again: after its `ttl`, never later than it expires, never later than half a day.
pub(super) fn refresh(ttl: Option<i64>, expires: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let life = SignedDuration::from_hours(LIFE);
    let kept = ttl.map_or(life, |ttl| SignedDuration::from_secs(ttl.max(60))).min(life);
    let after = now.saturating_add(kept).unwrap_or(Timestamp::MAX);
    expires.map_or(after, |expires| expires.min(after))
}

/// Unpacks, and stops at the bound: a small text may hold gigabytes.
pub(in crate::wallet) fn unpack(packed: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(UNPACKED_BYTES).ok()?;
    packed.take(most + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= UNPACKED_BYTES).then_some(bytes)
}
