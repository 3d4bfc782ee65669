//! Status lists of credentials: fetched by the one way out, kept until their time, bounded in number and size.
//!
//! Of many who need one list at the same time one fetches it, and the others wait for that.
//!
//! A list that cannot be fetched or read says nothing: the outcome is *unknown*, and the session is held. The last good
//! list counts until its end while its host does not answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::limits::LIST_BYTES;
use claimgate_adapters::wallet::status::{Kind, List, Outcome, Reference, list2021, outcome, token};
use claimgate_adapters::wallet::trust::Trust;
use jiff::{SignedDuration, Timestamp};

use crate::core::wallet::Proved;
use crate::flows::Engine;

/// Lists kept at once, and their bytes together.
const LISTS: usize = 64;
const KEPT_BYTES: usize = 64 << 20;
/// Lists looked at for one answer.
const MOST: usize = 8;
/// Seconds until a host that failed is asked again.
const REST: i64 = 30;
const ACCEPT: &str = "application/statuslist+jwt, application/json;q=0.5";

/// The lists that were fetched, and whose turn it is to fetch one.
#[derive(Debug, Default)]
pub struct Lists {
    kept: Mutex<HashMap<Key, Entry>>,
    turns: Mutex<HashMap<Key, Weak<Turn>>>,
}

type Turn = tokio::sync::Mutex<()>;

/// Address, issuer, kind: what one issuer says is no word of another's.
type Key = (String, String, &'static str);

/// A list, or why there is none.
type Found = Result<Arc<List>, Reason>;

#[derive(Clone, Debug)]
struct Entry {
    list: Option<Arc<List>>,
    tried: Timestamp,
}

impl Lists {
    fn known(&self, key: &Key) -> Option<Entry> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn keep(&self, key: Key, entry: Entry) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(key, entry);
        let bytes = |all: &HashMap<Key, Entry>| -> usize {
            all.values().filter_map(|entry| entry.list.as_ref()).map(|list| list.bytes()).sum()
        };
        while all.len() > LISTS || bytes(&all) > KEPT_BYTES {
            let Some(oldest) = all.iter().min_by_key(|(_, entry)| entry.tried).map(|(key, _)| key.clone()) else {
                break;
            };
            all.remove(&oldest);
        }
    }

    /// The turn to fetch one list: as many are kept as are being fetched or waited for.
    fn turn(&self, key: &Key) -> Arc<Turn> {
        let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = all.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        all.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::default());
        all.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }

    /// What is known of a list, where nobody needs to ask for it now; otherwise the last good one, where there is one.
    fn at_hand(&self, key: &Key, now: Timestamp) -> Result<Found, Option<Arc<List>>> {
        let known = self.known(key);
        let good = known.as_ref().and_then(|entry| entry.list.clone()).filter(|list| list.counts_at(now));
        let rests = known.as_ref().is_some_and(|entry| now < entry.tried + SignedDuration::from_secs(REST));
        match good {
            Some(list) if now < list.refresh_after || rests => Ok(Ok(list)),
            None if rests => Ok(Err(Reason::StatusUnavailable)),
            good => Err(good),
        }
    }
}

impl Engine {
    /// What the lists say of everything that was proved: one refusal decides, otherwise one unknown does.
    pub(super) async fn status_of(&self, proved: &[Proved], trust: &Trust) -> Outcome {
        let now = self.now();
        let mut found: Vec<(&Reference, &str, Found)> = Vec::new();
        for one in proved {
            for reference in one.status.iter().filter(|reference| reference.fetchable) {
                let list = if found.len() < MOST {
                    self.status_list(reference, &one.issuer, trust).await
                } else {
                    Err(Reason::StatusUnavailable)
                };
                found.push((reference, &one.issuer, list));
            }
        }
        let mut whole = Outcome::Valid;
        for one in proved {
            let find = |wanted: &Reference| {
                let list = found.iter().find(|(known, issuer, _)| *known == wanted && *issuer == one.issuer);
                let list = list.map_or(Err(Reason::StatusUnavailable), |(.., list)| list.as_ref().map_err(|why| *why));
                list.map(|list| &**list)
            };
            match outcome(&one.status, find, now) {
                Outcome::Valid => {}
                refused @ Outcome::Refused(_) => return refused,
                unknown @ Outcome::Unknown(_) => whole = unknown,
            }
        }
        whole
    }

    async fn status_list(&self, reference: &Reference, issuer: &str, trust: &Trust) -> Found {
        let now = self.now();
        let kind = match reference.kind {
            Kind::Token => "token",
            Kind::List2021(purpose) => purpose.as_str(),
        };
        let key = (reference.uri.clone(), issuer.to_owned(), kind);
        let lists = &self.wallet.lists;
        if let Ok(found) = lists.at_hand(&key, now) {
            return found;
        }
        let turn = lists.turn(&key);
        let _turn = turn.lock().await;
        // Who had the turn before may have brought it.
        let good = match lists.at_hand(&key, now) {
            Ok(found) => return found,
            Err(good) => good,
        };
        let read = match self.fetch_list(&reference.uri).await {
            None => Err(Reason::StatusUnavailable),
            Some(body) => read(&body, reference, issuer, trust, now),
        };
        // The last good one stays beside a host that is down or writes nonsense, until its own end.
        let read = read.map(Arc::new).or_else(|reason| good.ok_or(reason));
        lists.keep(key, Entry { list: read.clone().ok(), tried: now });
        read
    }

    async fn fetch_list(&self, uri: &str) -> Option<Vec<u8>> {
        let address = self.wallet.stand_in(uri);
        let target = self.keys_target(&address).ok()?;
        let fetched = self.sender.get(&target, ACCEPT, LIST_BYTES).await;
        if let Err(error) = &fetched {
            tracing::warn!(error = error.as_str(), "a status list could not be fetched; its credentials are held");
        }
        fetched.ok().filter(|fetched| fetched.status == 200).map(|fetched| fetched.body)
    }
}

fn read(body: &[u8], reference: &Reference, issuer: &str, trust: &Trust, now: Timestamp) -> Result<List, Reason> {
    match reference.kind {
        Kind::Token => {
            let text = std::str::from_utf8(body).map_err(|_| Reason::StatusMalformed)?;
            token::read(text, &reference.uri, issuer, trust, now)
        }
        Kind::List2021(_) => {
            let text = list2021::token_in(body).ok_or(Reason::StatusMalformed)?;
            list2021::read(&text, reference, issuer, trust, now)
        }
    }
}
