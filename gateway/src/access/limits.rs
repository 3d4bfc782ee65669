//! How much a party has asked of late, and whether it may ask more: requests, bytes in, requests at once.
//!
//! In: who asks, what it may, the time that passed. Out: a place that is given back when the request is over, or what
//! was exceeded and when to come again. Kept in memory, one process for itself. No HTTP, no clock of its own.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config;
use crate::party::{Allowed, PartyId};

mod bucket;

use bucket::{Buckets, Rate};

/// The most parties and askers whose use is kept apart.
const MOST: usize = 10_000;

/// The most bodies one address may have unfinished before anybody is authenticated. They come whole with their heads,
/// or nearly so, unless somebody holds them back.
const MOST_UNFINISHED: u32 = 64;

/// What was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Requests over time.
    Requests,
    /// Bytes of bodies over time.
    Bytes,
    /// Requests at once.
    Concurrent,
}

/// A limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Which.
    pub what: What,
    /// In how many seconds it makes sense to come again; at least one.
    pub retry_after: u64,
}

impl Exceeded {
    fn new(what: What, wait: Duration) -> Self {
        Self { what, retry_after: whole_seconds(wait).max(1) }
    }
}

/// How a party stands with its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it may.
    pub allowed: Allowed,
    /// Requests it may send at a stroke now, and the seconds until all of them are there again.
    pub requests: (u64, u64),
    /// Bytes it may send now, and the seconds until all of them are there again.
    pub bytes: (u64, u64),
    /// Requests it may have in hand besides those it has.
    pub concurrent: u32,
}

/// The limits with what was used of them.
#[derive(Debug)]
pub struct Limits {
    parties: Mutex<Buckets<PartyId>>,
    clients: Mutex<Buckets<(IpAddr, Option<PartyId>)>>,
    peers: Mutex<Buckets<IpAddr>>,
    wallets: Mutex<Buckets<IpAddr>>,
    bodies: Mutex<Buckets<IpAddr>>,
    client: Rate,
    peer: Rate,
}

/// A request of a party in hand: its place is free again when this is dropped.
#[derive(Debug)]
pub struct Entered {
    limits: Arc<Limits>,
    // None: more parties than are kept apart.
    party: Option<PartyId>,
    allowed: Allowed,
}

/// A body of nobody known that is being read: its place is free again when this is dropped.
#[derive(Debug)]
pub struct Unfinished {
    limits: Arc<Limits>,
    peer: Option<IpAddr>,
}

/// Bytes of an answer that is being sent to a party.
#[derive(Debug)]
pub struct Sending {
    limits: Arc<Limits>,
    party: Option<PartyId>,
    bytes: usize,
}

impl Limits {
    /// Nothing used yet.
    #[must_use]
    pub fn new(config: &config::Limits) -> Arc<Self> {
        Arc::new(Self {
            parties: Mutex::new(Buckets::new(MOST)),
            clients: Mutex::new(Buckets::new(MOST)),
            peers: Mutex::new(Buckets::new(MOST)),
            wallets: Mutex::new(Buckets::new(MOST)),
            bodies: Mutex::new(Buckets::new(MOST)),
            client: Rate::of_requests(config.token_requests_per_second, config.token_burst),
            peer: Rate::of_requests(config.token_peer_requests_per_second, config.token_peer_burst),
        })
    }

    /// A request of a party, `now` being the time that passed on a clock that never runs backwards. Also tells how the
    /// party stands after it.
    ///
    /// # Errors
    /// What it has too much of.
    pub fn enter(
        self: &Arc<Self>,
        party: &PartyId,
        allowed: Allowed,
        now: Duration,
    ) -> (Standing, Result<Entered, Exceeded>) {
        let requests = Rate::of_requests(allowed.requests_per_second, allowed.burst);
        let mut parties = lock(&self.parties);
        let (key, bucket) = parties.of(party, now);
        let entered = match requests.spend(&mut bucket.requests, now) {
            Err(wait) => Err(Exceeded::new(What::Requests, wait)),
            Ok(()) if bucket.in_hand >= allowed.concurrent => Err(Exceeded::new(What::Concurrent, Duration::ZERO)),
            Ok(()) => {
                bucket.in_hand += 1;
                Ok(())
            }
        };
        let standing = Standing {
            allowed,
            requests: requests.left(bucket.requests, now),
            bytes: Rate::of_bytes(allowed.bytes_per_minute).left(bucket.bytes, now),
            concurrent: allowed.concurrent.saturating_sub(bucket.in_hand),
        };
        drop(parties);
        (standing, entered.map(|()| Entered { limits: Arc::clone(self), party: key, allowed }))
    }

    /// A request of a wallet, from an address: as often as that address may ask for tokens, and counted apart.
    ///
    /// # Errors
    /// The address asks too often.
    pub fn ask_as_wallet(&self, peer: IpAddr, now: Duration) -> Result<(), Exceeded> {
        let spent = self.peer.spend(&mut lock(&self.wallets).of(&network(peer), now).1.requests, now);
        spent.map_err(|wait| Exceeded::new(What::Requests, wait))
    }

    /// A body from an address whose sender is not authenticated.
    ///
    /// # Errors
    /// The address has too many of them unfinished.
    pub fn begin_body(self: &Arc<Self>, peer: IpAddr, now: Duration) -> Result<Unfinished, Exceeded> {
        let mut bodies = lock(&self.bodies);
        let (peer, bucket) = bodies.of(&network(peer), now);
        if bucket.in_hand >= MOST_UNFINISHED {
            return Err(Exceeded::new(What::Requests, Duration::ZERO));
        }
        bucket.in_hand += 1;
        drop(bodies);
        Ok(Unfinished { limits: Arc::clone(self), peer })
    }

    /// A request at the token endpoint, from an address, before its body is read.
    ///
    /// # Errors
    /// The address asks too often.
    pub fn ask_token(&self, peer: IpAddr, now: Duration) -> Result<(), Exceeded> {
        let spent = self.peer.spend(&mut lock(&self.peers).of(&network(peer), now).1.requests, now);
        spent.map_err(|wait| Exceeded::new(What::Requests, wait))
    }

    /// The same by whom it says it is. Nobody is authenticated yet: what one
    /// address uses up in a client's name is no other address's loss.
    ///
    /// # Errors
    /// The address asks too often for this client.
    pub fn ask_token_for(&self, peer: IpAddr, client: Option<PartyId>, now: Duration) -> Result<(), Exceeded> {
        let spent = self.client.spend(&mut lock(&self.clients).of(&(network(peer), client), now).1.requests, now);
        spent.map_err(|wait| Exceeded::new(What::Requests, wait))
    }
}

impl Entered {
    /// Takes bytes of a body. One body may go over; the next has to wait until that is made up for.
    ///
    /// # Errors
    /// The party has sent too much of late.
    pub fn take_bytes(&self, bytes: u64, now: Duration) -> Result<(), Exceeded> {
        let rate = Rate::of_bytes(self.allowed.bytes_per_minute);
        let mut parties = lock(&self.limits.parties);
        let spent = rate.spend_beyond(&mut parties.known(self.party.as_ref()).bytes, bytes, now);
        spent.map_err(|wait| Exceeded::new(What::Bytes, wait))
    }

    /// Counts bytes of an answer the party has to read. It may have one answer of any size, and several up to `most`.
    ///
    /// # Errors
    /// It has not read enough of the others.
    pub fn send(&self, bytes: usize, most: usize) -> Result<Sending, Exceeded> {
        let mut parties = lock(&self.limits.parties);
        let sending = &mut parties.known(self.party.as_ref()).sending;
        if *sending > 0 && sending.saturating_add(bytes) > most {
            return Err(Exceeded::new(What::Concurrent, Duration::ZERO));
        }
        *sending = sending.saturating_add(bytes);
        drop(parties);
        Ok(Sending { limits: Arc::clone(&self.limits), party: self.party.clone(), bytes })
    }
}

impl Sending {
    /// From now on only so many.
    pub fn shrink(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.give_back(less);
        self.bytes -= less;
    }

    fn give_back(&self, bytes: usize) {
        let mut parties = lock(&self.limits.parties);
        let sending = &mut parties.known(self.party.as_ref()).sending;
        *sending = sending.saturating_sub(bytes);
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut parties = lock(&self.limits.parties);
        let in_hand = &mut parties.known(self.party.as_ref()).in_hand;
        *in_hand = in_hand.saturating_sub(1);
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut bodies = lock(&self.limits.bodies);
        let in_hand = &mut bodies.known(self.peer.as_ref()).in_hand;
        *in_hand = in_hand.saturating_sub(1);
    }
}

/// Who is one asker: an IPv4 address, or the /64 of an IPv6 one.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        four @ IpAddr::V4(_) => four,
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

// Held for a look-up and a sum, never across an await.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
