//! Master keys: which one encrypts, and everything encrypted under a new one, while gateways serve.
//!
//! A new key is made beside the others and must be known to every gateway. Then the database says that it leads, the
//! gateways follow within a second, and what others encrypted is encrypted anew in small steps. Each step is whole by
//! itself: a run that was stopped is run again.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::core::master::{Encrypted, MasterWrite, ROOTS, Rewrapped};
use crate::id::Random;
use crate::keys::at_rest::Vault;
use crate::keys::master::{MasterKey, MasterKeyId};
use crate::keys::roots::Roots;
use crate::store::{MasterKeyRow, Store, StoreError};

/// How often a step that collided is done again.
const TRIES: u32 = 20;

/// Why the keys do not fit the database.
#[derive(Debug, thiserror::Error)]
pub enum WrongMaster {
    /// The key that encrypts is not here.
    #[error(
        "the database is encrypted under master key {0}, which is not here: lay master-{0}.key into keys.dir, or \
         name it in keys.master_key_file"
    )]
    Missing(MasterKeyId),
    /// The database was written under another key.
    #[error("the master key is not the one this database was written with: no claim can be read")]
    Other,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts the key with this id first.
#[must_use]
pub fn led_by(mut masters: Vec<MasterKey>, id: MasterKeyId) -> Option<Vec<MasterKey>> {
    let place = masters.iter().position(|key| key.id() == id)?;
    let leader = masters.remove(place);
    masters.insert(0, leader);
    Some(masters)
}

/// The vault and the roots of a database. One that has none yet gets them of the first of these keys.
///
/// # Errors
/// The keys do not fit, or the database is away.
pub async fn open_vault(
    store: &Store,
    masters: Vec<MasterKey>,
    (random, now): (&Random, Timestamp),
) -> Result<(Vault, Roots), WrongMaster> {
    let mut leader = store.master_keys().await?.pop();
    if leader.is_none() {
        let first = masters.first().ok_or(WrongMaster::Other)?;
        let vault = Vault::new(first, random.clone());
        if let Some(head) = store.any_claim().await?
            && vault.open_claim_key(head.id, &head.wrapped_key).is_err()
        {
            return Err(WrongMaster::Other);
        }
        let roots = vault.seal_registry(Encrypted::Root.place(ROOTS), &Roots::first(first).to_bytes());
        let mut change = Change::new("first_master_key");
        change.push(Write::Master(MasterWrite::Lead(first.id(), 1, now)));
        change.push(Write::Master(MasterWrite::Roots(roots.map_err(|_| WrongMaster::Other)?)));
        match store.commit(change).await {
            // Another gateway was first.
            Ok(()) | Err(StoreError::Conflict { .. }) => leader = store.master_keys().await?.pop(),
            Err(error) => return Err(error.into()),
        }
    }
    let leader = leader.ok_or(WrongMaster::Other)?.id;
    let masters = led_by(masters, leader).ok_or(WrongMaster::Missing(leader))?;
    let vault = Vault::of(&masters, random.clone());
    let roots = store.roots().await?.ok_or(WrongMaster::Other)?;
    let roots = vault.open_registry(Encrypted::Root.place(ROOTS), &roots).ok();
    let roots = roots.and_then(|roots| Roots::from_bytes(&roots)).ok_or(WrongMaster::Other)?;
    Ok((vault, roots))
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewrapping {
    /// Values looked at.
    pub seen: i64,
    /// Values there are.
    pub all: i64,
    /// Values that were encrypted anew.
    pub rewrapped: i64,
}

/// What needs a master key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// Values it encrypted.
    pub values: i64,
    /// Whether it is here.
    pub here: bool,
    /// Whether it encrypts what is new.
    pub leads: bool,
}

impl Engine {
    /// Follows what the database says about master keys, and reads the keys again where they changed.
    ///
    /// # Errors
    /// The keys cannot be read, the one that leads is not here, or the database is away.
    pub async fn renew_masters(&self, changed: bool) -> Result<(), Fault> {
        let Some(leader) = self.store.master_keys().await?.pop() else { return Ok(()) };
        if [self.vault.leads(), self.vault.lacks()].contains(&Some(leader.id)) && !changed {
            return Ok(());
        }
        let known = self.masters.read()?;
        self.ring.folder().renew(&known);
        if known.iter().all(|key| key.id() != leader.id) {
            // Under the former key nothing more is encrypted here: elsewhere it counts as needed by nothing.
            self.vault.wait_for(leader.id, &known);
            return Err(WrongMaster::Missing(leader.id).into());
        }
        self.vault.renew(&led_by(known, leader.id).ok_or(WrongMaster::Missing(leader.id))?);
        Ok(())
    }

    /// From now on this key encrypts. It must be known to every gateway.
    ///
    /// # Errors
    /// It has led before, it is not here, or the database is away.
    pub async fn lead(&self, id: MasterKeyId) -> Result<MasterKeyRow, Fault> {
        let before = self.store.master_keys().await?;
        let number = before.last().map_or(0, |row| row.number) + 1;
        let row = MasterKeyRow { id, number, since: self.now() };
        let mut change = Change::new("lead_master_key");
        change.push(Write::Master(MasterWrite::Lead(id, number, row.since)));
        let former = before.last().map(|row| row.id.to_string()).unwrap_or_default();
        change.push(self.audit("operator", "keys.master-changed", &id, [("former", former)]));
        self.store.commit(change).await?;
        self.renew_masters(true).await?;
        Ok(row)
    }

    /// Encrypts under the leading key what another one encrypted, in batches; passes go on until one finds nothing, so
    /// that claims which came meanwhile are among them.
    ///
    /// # Errors
    /// A value does not open, or the database is away.
    pub async fn rewrap(&self, batch: i64, mut progress: impl FnMut(&Rewrapping)) -> Result<Rewrapping, Fault> {
        let mut whole = Rewrapping::default();
        loop {
            let mut pass = Rewrapping { all: self.encrypted_values().await?.values().sum(), ..whole };
            pass.seen = 0;
            for column in Encrypted::ALL {
                let mut behind = String::new();
                loop {
                    let rows = self.store.encrypted(column, &behind, batch).await?;
                    let Some((last, _)) = rows.last() else { break };
                    behind.clone_from(last);
                    pass.seen += i64::try_from(rows.len()).unwrap_or(i64::MAX);
                    pass.rewrapped += self.rewrap_rows(column, rows).await?;
                    progress(&pass);
                }
            }
            let more = pass.rewrapped > whole.rewrapped;
            whole = pass;
            if !more {
                return Ok(whole);
            }
        }
    }

    async fn rewrap_rows(&self, column: Encrypted, rows: Vec<(String, Vec<u8>)>) -> Result<i64, Fault> {
        let mut writes = Vec::new();
        for (row, before) in rows {
            // What was decided or erased is emptied.
            if before.is_empty() {
                continue;
            }
            if let Some(after) = self.vault.rewrap(column.place(&row), &before)? {
                writes.push(MasterWrite::Rewrap(Rewrapped { column, row, before, after }));
            }
        }
        let count = i64::try_from(writes.len()).unwrap_or(i64::MAX);
        for _ in 0..TRIES {
            if writes.is_empty() {
                return Ok(0);
            }
            let mut change = Change::new("rewrap");
            change.writes = writes.iter().cloned().map(Write::Master).collect();
            match self.store.commit(change).await {
                Ok(()) => return Ok(count),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Contended)
    }

    /// How many values each master key encrypted; those that name none are the first key's.
    async fn encrypted_values(&self) -> Result<BTreeMap<Option<MasterKeyId>, i64>, Fault> {
        let mut all = BTreeMap::new();
        for column in Encrypted::ALL {
            for (id, count) in self.store.encrypted_by(column).await? {
                *all.entry(id).or_insert(0) += count;
            }
        }
        Ok(all)
    }

    /// Every master key that is here or that something needs.
    ///
    /// # Errors
    /// The database is away.
    pub async fn masters_needed(&self) -> Result<BTreeMap<MasterKeyId, Needed>, Fault> {
        let rows = self.store.master_keys().await?;
        let mut all = BTreeMap::<MasterKeyId, Needed>::new();
        for (id, count) in self.encrypted_values().await? {
            if let Some(id) = id.or_else(|| rows.first().map(|row| row.id)) {
                all.entry(id).or_default().values += count;
            }
        }
        for id in self.vault.knows() {
            all.entry(id).or_default().here = true;
        }
        if let Some(leader) = rows.last() {
            all.entry(leader.id).or_default().leads = true;
        }
        Ok(all)
    }
}
