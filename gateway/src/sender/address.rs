//! Which addresses may be reached: https, a host name, a listed port; and no address with a special purpose.
//!
//! Pure. A text is parsed once into a [`Target`]; the addresses its name stands for are checked by the resolver at
//! every connection, because a name can be changed after it was approved.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Longer ones serve no purpose.
const MOST_CHARACTERS: usize = 1_024;

/// What may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Ports besides 443.
    pub ports: Vec<u16>,
    /// Whether this machine itself may be reached, also over plain http: for the sandbox and tests only.
    pub loopback: bool,
}

/// A text that is no address to send to. The text itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No URL, or too long a one.
    #[error("the endpoint is no absolute URL of at most 1024 characters")]
    Malformed,
    /// Another scheme.
    #[error("the endpoint's URL must begin with https://")]
    Scheme,
    /// User, password or fragment.
    #[error("the endpoint's URL may hold no user name, password or fragment")]
    Extras,
    /// An IP address in whatever spelling.
    #[error("the endpoint's URL must name its host by a domain name, not by an IP address")]
    Literal,
    /// A name that only means something inside a network.
    #[error("the endpoint's host name must be a public domain name")]
    LocalName,
    /// A port that is not listed.
    #[error("the endpoint's port is not allowed here; 443 always is, webhooks.ports lists more")]
    Port,
}

/// An address that may be sent to, as far as its text tells.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

impl fmt::Debug for Target {
    // Path and query may hold a receiver's own secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.host())
    }
}

impl Target {
    /// Reads a URL under a policy.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn parse(text: &str, policy: &Policy) -> Result<Self, AddressError> {
        if text.len() > MOST_CHARACTERS {
            return Err(AddressError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
        let host = url.host_str().ok_or(AddressError::Malformed)?;
        // The parser has brought every spelling (decimal, octal, hexadecimal, full-width) to one form.
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        let this_machine = policy.loopback && literal.map_or(host == "localhost", |address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if this_machine => {}
            _ => return Err(AddressError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(AddressError::Extras);
        }
        if this_machine {
            return Ok(Self(url));
        }
        if literal.is_some() {
            return Err(AddressError::Literal);
        }
        if !is_public_name(host) {
            return Err(AddressError::LocalName);
        }
        let port = url.port_or_known_default().unwrap_or(443);
        if port != 443 && !policy.ports.contains(&port) {
            return Err(AddressError::Port);
        }
        Ok(Self(url))
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The host, for people.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

fn is_public_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let inside = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "test", "invalid"];
    let mut labels = host.rsplit('.');
    let top = labels.next().unwrap_or_default();
    let second = labels.next().unwrap_or_default();
    !second.is_empty()
        && !inside.contains(&top)
        && (second, top) != ("home", "arpa")
        && !top.bytes().all(|byte| byte.is_ascii_digit())
}

impl Policy {
    /// Whether a connection to this address may be made: globally reachable ones, and nothing else.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        if address.is_loopback() {
            return self.loopback;
        }
        match address {
            IpAddr::V4(address) => !is_special_v4(address),
            IpAddr::V6(address) => !is_special_v6(address),
        }
    }
}

/// IANA IPv4 Special-Purpose Address Registry (RFC 6890 and later), multicast and the reserved rest.
const SPECIAL_V4: [([u8; 4], u32); 19] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    // Answers metadata requests in one large cloud although the registry calls it global.
    ([168, 63, 129, 16], 32),
];

/// Special blocks inside `2000::/3`, the only block that is allocated for global unicast (RFC 4291).
const SPECIAL_V6: [(u128, u32); 5] = [
    // Protocol assignments, with Teredo and ORCHID.
    (0x2001_0000 << 96, 23),
    // Documentation.
    (0x2001_0db8 << 96, 32),
    // 6to4 carries an IPv4 address.
    (0x2002_0000 << 96, 16),
    // AS112.
    (0x2620_004f_8000 << 80, 48),
    // Documentation.
    (0x3fff_0000 << 96, 20),
];

fn is_special_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    SPECIAL_V4.iter().any(|(block, length)| {
        let shift = 32 - length;
        bits.checked_shr(shift) == Ipv4Addr::from(*block).to_bits().checked_shr(shift)
    })
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    // Outside 2000::/3 stand loopback, IPv4-mapped, NAT64, unique-local, link-local, SRv6, discard, multicast.
    bits >> 125 != 1 || SPECIAL_V6.iter().any(|(block, length)| bits >> (128 - length) == block >> (128 - length))
}

#[cfg(test)]
mod tests;
