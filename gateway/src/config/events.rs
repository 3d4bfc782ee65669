//! Section `events`: streams of what happens, sent as it happens (server-sent events).

use serde::Deserialize;

/// Section `events`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Streams of one party at once.
    pub per_party: u32,
    /// Streams of all parties at once.
    pub total: u32,
    /// Seconds between two signs of life on a quiet stream.
    pub heartbeat_seconds: u64,
    /// Seconds a reader may stand still until its stream is ended.
    pub slow_seconds: u64,
}

impl Events {
    /// The rule that is broken, if one is.
    pub(super) fn broken(&self) -> Option<&'static str> {
        let fits = (1..=10_000).contains(&self.per_party)
            && (self.per_party..=10_000).contains(&self.total)
            && (1..=60).contains(&self.heartbeat_seconds)
            && (1..=300).contains(&self.slow_seconds);
        (!fits).then_some(
            "events: per_party is 1 to total, that at most 10000; heartbeat_seconds 1 to 60, slow_seconds 1 to 300",
        )
    }
}
