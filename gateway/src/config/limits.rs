//! Section `limits`: how much one party, and one asker at the token endpoint, may ask.

use std::net::IpAddr;

use serde::Deserialize;

/// Section `limits`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests a second of one party, over time.
    pub requests_per_second: u32,
    /// Requests of one party at a stroke.
    pub burst: u32,
    /// Requests of one party in hand at once, waiting pulls and answers being sent among them.
    pub concurrent: u32,
    /// Bytes of bodies a minute from one party.
    pub bytes_per_minute: u64,
    /// Token requests a second of one client at one address.
    pub token_requests_per_second: u32,
    /// Token requests of one client at one address at a stroke.
    pub token_burst: u32,
    /// Token requests a second of one address, whatever the client.
    pub token_peer_requests_per_second: u32,
    /// Token requests of one address at a stroke, whatever the client.
    pub token_peer_burst: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
}

impl Limits {
    /// Whether each limit is one that lets something through and can be counted.
    pub(super) fn hold(&self) -> bool {
        let rates = [
            self.requests_per_second,
            self.burst,
            self.token_requests_per_second,
            self.token_burst,
            self.token_peer_requests_per_second,
            self.token_peer_burst,
        ];
        rates.iter().all(|rate| (1..=1_000_000).contains(rate))
            && (1..=100_000).contains(&self.concurrent)
            && (65_536..=1_099_511_627_776).contains(&self.bytes_per_minute)
    }
}
