//! Names to addresses, all of them checked: what the connector gets is what was checked, nothing else.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::SendError;
use super::address::Policy;

const WAIT: Duration = Duration::from_secs(5);
/// More addresses of one name are not looked at.
const MOST_ADDRESSES: usize = 32;

/// Addresses of a name, on their way.
pub(super) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Where names are looked up.
pub trait Lookup: Send + Sync {
    /// All addresses of a name.
    fn lookup(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The machine's own resolver.
#[derive(Clone, Copy, Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> Found {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::time::timeout(WAIT, tokio::net::lookup_host((name, 0))).await;
            Ok(found.map_err(|_| io::ErrorKind::TimedOut)??.map(|address| address.ip()).collect())
        })
    }
}

/// Refuses a name of which any address may not be reached: one that is half inside is an attack or a mistake.
pub(super) struct CheckedResolver {
    policy: Policy,
    lookup: Arc<dyn Lookup>,
}

#[derive(Debug)]
struct Refused(SendError);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Refused {}

impl CheckedResolver {
    pub(super) fn new(policy: Policy, lookup: Arc<dyn Lookup>) -> Self {
        Self { policy, lookup }
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str());
        let policy = self.policy.clone();
        Box::pin(async move {
            let found = found.await.map_err(|_| Refused(SendError::Unresolved))?;
            if found.is_empty() || found.len() > MOST_ADDRESSES {
                return Err(Refused(SendError::Unresolved).into());
            }
            if !found.iter().all(|address| policy.allows(*address)) {
                return Err(Refused(SendError::Forbidden).into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// Our own refusal, if one lies at the bottom of a client's error.
pub(super) fn refusal(error: &reqwest::Error) -> Option<SendError> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(Refused(refused)) = inner.downcast_ref() {
            return Some(*refused);
        }
        cause = inner.source();
    }
    None
}
