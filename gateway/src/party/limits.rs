//! How much a party may ask: what the operator set for all, and what a registration says otherwise for one.

use serde::{Deserialize, Serialize};

use crate::config;

/// The member `limits` of a registration: what is left out is as for everyone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyLimits {
    /// Requests a second, over time; 1 to 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u32>,
    /// Requests at a stroke; 1 to 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Requests in hand at once; 1 to 100,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u32>,
    /// Bytes of bodies a minute; 64 KiB to 1 TiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_minute: Option<u64>,
}

impl PartyLimits {
    /// Whether each limit lets something through and can be counted.
    pub(super) fn hold(self) -> bool {
        let rate = |rate: Option<u32>| rate.is_none_or(|rate| (1..=1_000_000).contains(&rate));
        rate(self.requests_per_second)
            && rate(self.burst)
            && self.concurrent.is_none_or(|most| (1..=100_000).contains(&most))
            && self.bytes_per_minute.is_none_or(|bytes| (65_536..=1_099_511_627_776).contains(&bytes))
    }
}

/// What a party may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Requests a second, over time.
    pub requests_per_second: u32,
    /// Requests at a stroke.
    pub burst: u32,
    /// Requests in hand at once.
    pub concurrent: u32,
    /// Bytes of bodies a minute.
    pub bytes_per_minute: u64,
}

impl Allowed {
    /// What a registration says, and for the rest what is set for all.
    #[must_use]
    pub fn new(all: &config::Limits, own: Option<PartyLimits>) -> Self {
        let own = own.unwrap_or_default();
        Self {
            requests_per_second: own.requests_per_second.unwrap_or(all.requests_per_second),
            burst: own.burst.unwrap_or(all.burst),
            concurrent: own.concurrent.unwrap_or(all.concurrent),
            bytes_per_minute: own.bytes_per_minute.unwrap_or(all.bytes_per_minute),
        }
    }
}
