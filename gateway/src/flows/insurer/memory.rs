//! What an insurer's `Idempotency-Key` belongs to, and the answer that was given under it.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Engine, Fault, NotDone};
use crate::core::change::{IdempotencyRow, Write};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// A request under a key.
#[derive(Clone, Copy)]
pub(super) struct Keyed<'a> {
    /// The route, method and pattern.
    pub route: &'static str,
    /// The label of its digest: another for each route.
    pub label: &'static str,
    /// `Idempotency-Key`.
    pub key: &'a str,
    /// The bytes the request came in.
    pub bytes: &'a [u8],
}

/// A key and what it belongs to, as keyed digests.
pub(super) struct Memory {
    route: &'static str,
    key: Mac,
    request: Mac,
}

impl Engine {
    pub(super) fn memory_of(&self, insurer: &PartyId, id: impl Display, keyed: Keyed<'_>) -> Memory {
        let party = insurer.as_str().as_bytes();
        Memory {
            route: keyed.route,
            key: self.index.exact("idempotency.key", &[party, keyed.key.as_bytes()]),
            request: self.index.exact(keyed.label, &[party, id.to_string().as_bytes(), keyed.bytes]),
        }
    }

    /// The answer under the key, where it was used for the same.
    ///
    /// # Errors
    /// The key was used for something else, or a fault of ours.
    pub(super) async fn recall<T: DeserializeOwned>(
        &self,
        insurer: &PartyId,
        memory: &Memory,
    ) -> Result<Option<T>, NotDone> {
        let known = self.store.remembered(insurer, memory.route, &memory.key, self.now()).await?;
        let Some(known) = known else { return Ok(None) };
        if known.body_mac != memory.request {
            return Err(NotDone::KeyReused);
        }
        Ok(Some(serde_json::from_str(&known.answer).map_err(|_| Fault::Stored("idempotency"))?))
    }

    /// What keeps the answer under the key. It stands in the clear: no personal data.
    pub(super) fn keep_answer(
        &self,
        insurer: &PartyId,
        memory: &Memory,
        answer: &impl Serialize,
    ) -> Result<Write, Fault> {
        Ok(Write::Idempotency(IdempotencyRow {
            party: insurer.clone(),
            route: memory.route,
            key: memory.key,
            body_mac: memory.request,
            answer: serde_json::to_string(answer).map_err(|_| Fault::Stored("idempotency"))?,
            at: self.now(),
            expires_at: self.in_days(self.rules.idempotency_days),
        }))
    }
}
