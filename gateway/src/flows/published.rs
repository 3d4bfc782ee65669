//! Keys parties publish at a URL: fetched when they are needed, kept as long as their header says within bounds, and for a
//! day while the URL does not answer.
//!
//! In: a party, its URL, which key is looked for. Out: the key. One fetch per party at a time and at most one in thirty
//! seconds, whoever asks for it in the party's name. The last good answer lies in the database: a restart finds it.

use std::sync::Arc;

use claimgate_packet::jose::jwk::PublicJwk;
use jiff::Timestamp;

use super::{Engine, Fault};
use crate::access::assertion;
use crate::core::change::{Change, PublishedRow, Write};
use crate::keys::published::{self, Kept, Known, MOST_BYTES, PublishedError, Slot};
use crate::party::Party;
use crate::sender::{AddressError, Policy, Sender, Target};

const ACCEPT: &str = "application/jwk-set+json, application/json";

impl Engine {
    /// Whether a URL may be asked for keys: https, and http only on this machine in a gateway of made-up data.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn keys_target(&self, url: &str) -> Result<Target, AddressError> {
        let policy = self.sender.policy();
        Target::parse(url, &Policy { ports: policy.ports.clone(), loopback: policy.loopback && self.rules.sandbox })
    }

    /// The key `pick` finds among those the party publishes; asks the URL where it is not there or no longer fresh.
    pub(super) async fn published_key(
        &self,
        party: &Party,
        url: &str,
        pick: impl Fn(&[PublicJwk]) -> Option<PublicJwk>,
    ) -> Result<Option<PublicJwk>, Fault> {
        let slot = self.published.of(party.id.as_str());
        let known = match slot.known(url) {
            Some(known) => known,
            None => self.remembered(party, url, &slot).await?,
        };
        let (found, settled) = self.known_key(&known, &pick);
        if settled {
            return Ok(found);
        }
        let turn = match Arc::clone(&slot.turn).try_lock_owned() {
            Ok(turn) => turn,
            // Somebody is at it: who has a key meanwhile need not wait.
            Err(_) if found.is_some() => return Ok(found),
            Err(_) => Arc::clone(&slot.turn).lock_owned().await,
        };
        let known = slot.known(url).unwrap_or(known);
        let (found, settled) = self.known_key(&known, &pick);
        if settled {
            return Ok(found);
        }
        let Ok(target) = self.keys_target(url) else {
            self.note(party, &slot, known, Err(PublishedError::Address)).await?;
            return Ok(found);
        };
        let (sender, rsa) = (self.sender.clone(), assertion::rsa_algorithm(party.auth()));
        // A task of its own: a caller that goes away ends no fetch others wait for.
        let fetching = tokio::spawn(async move {
            let fetched = fetch(&sender, &target, rsa).await;
            (turn, fetched)
        });
        let (turn, fetched) = fetching.await.map_err(|_| Fault::Task)?;
        let known = self.note(party, &slot, known, fetched).await?;
        drop(turn);
        Ok(self.known_key(&known, &pick).0)
    }

    /// What is found, and whether that is the answer.
    fn known_key(&self, known: &Known, pick: &impl Fn(&[PublicJwk]) -> Option<PublicJwk>) -> (Option<PublicJwk>, bool) {
        let now = self.now();
        let kept = known.kept.as_ref().filter(|kept| kept.counts(now));
        let found = kept.and_then(|kept| pick(&kept.keys));
        let fresh = kept.is_some_and(|kept| now < kept.fresh_until);
        let settled = known.rests(now) || (fresh && found.is_some());
        (found, settled)
    }

    /// What the database holds of this URL.
    async fn remembered(&self, party: &Party, url: &str, slot: &Slot) -> Result<Known, Fault> {
        let row = self.store.published(&party.id).await?.filter(|row| row.url == url);
        let mut known = Known { url: url.to_owned(), ..Known::default() };
        if let Some(row) = row {
            let keys = row.body.and_then(|body| published::read(&body, assertion::rsa_algorithm(party.auth())).ok());
            known.tried_at = Some(row.tried_at);
            known.kept = keys
                .zip(row.fetched_at.zip(row.fresh_until))
                .map(|(keys, (fetched_at, fresh_until))| Arc::new(Kept { keys, fetched_at, fresh_until }));
        }
        Ok(slot.remember(known))
    }

    /// Keeps how a try went, here and in the database.
    async fn note(
        &self,
        party: &Party,
        slot: &Slot,
        mut known: Known,
        fetched: Result<Answer, PublishedError>,
    ) -> Result<Known, Fault> {
        let now = self.now();
        let mut row = PublishedRow {
            party: party.id.clone(),
            url: known.url.clone(),
            body: None,
            fetched_at: None,
            fresh_until: None,
            tried_at: now,
            failure: None,
        };
        match fetched {
            Ok(answer) => {
                let fresh_until = now.saturating_add(answer.life).unwrap_or(Timestamp::MAX);
                (row.body, row.fetched_at, row.fresh_until) = (Some(answer.body), Some(now), Some(fresh_until));
                known.kept = Some(Arc::new(Kept { keys: answer.keys, fetched_at: now, fresh_until }));
            }
            Err(error) => {
                tracing::warn!(%error, party = %party.id, "jwks_url failed; keys fetched before count for a day");
                row.failure = Some(error.to_string());
            }
        }
        known.tried_at = Some(now);
        slot.keep(known.clone());
        let mut change = Change::new("fetch_keys");
        change.push(Write::PublishedKeys(Box::new(row)));
        self.store.commit(change).await?;
        Ok(known)
    }
}

/// A good answer.
struct Answer {
    keys: Vec<PublicJwk>,
    body: Vec<u8>,
    life: jiff::SignedDuration,
}

async fn fetch(
    sender: &Sender,
    target: &Target,
    rsa: claimgate_packet::jose::jwk::KeyAlg,
) -> Result<Answer, PublishedError> {
    let fetched = sender.get(target, ACCEPT, MOST_BYTES).await?;
    if fetched.status != 200 {
        return Err(PublishedError::Status(fetched.status));
    }
    if !published::is_key_set(fetched.content_type.as_deref()) {
        return Err(PublishedError::ContentType);
    }
    let keys = published::read(&fetched.body, rsa)?;
    Ok(Answer { keys, body: fetched.body, life: published::life(fetched.cache_control.as_deref()) })
}
