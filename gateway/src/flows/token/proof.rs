//! Proofs (DPoP) beside requests: checked against the address they came to, and each used once.

use super::super::{Engine, Fault};
use super::NotCaller;
use crate::access::dpop::{self, DpopError, Proof, Wanted};
use crate::core::change::{Change, Write};
use crate::party::Party;
use crate::store::StoreError;

/// A token as it came in.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// `Authorization: Bearer`: whoever holds it.
    Bearer(&'a str),
    /// `Authorization: DPoP`: whoever holds it and the key it is bound to.
    Dpop {
        /// The token.
        token: &'a str,
        /// The proof beside it.
        proof: &'a str,
        /// The request's method.
        method: &'a str,
        /// The request's path.
        path: &'a str,
    },
}

impl<'a> Shown<'a> {
    pub(super) fn token(&self) -> &'a str {
        match self {
            Self::Bearer(token) | Self::Dpop { token, .. } => token,
        }
    }
}

impl Engine {
    /// Uses up the proof beside a token. Apart from reading it, so that who asks too much costs no write.
    ///
    /// # Errors
    /// The inner error is the caller's: it was used before. The outer one is ours.
    pub async fn use_proof(&self, party: &Party, proof: Proof) -> Result<Result<(), NotCaller>, Fault> {
        let mut change = Change::new("use_proof");
        change.push(Self::proof_use(party, proof));
        match self.store.commit(change).await {
            Ok(()) => Ok(Ok(())),
            Err(StoreError::Conflict { table: "assertion_use (dpop)" }) => {
                Ok(Err(NotCaller::Proof(DpopError::Replayed)))
            }
            // Another process stood in the way: that says nothing of the proof.
            Err(StoreError::Conflict { .. }) => Err(Fault::Contended),
            Err(error) => Err(error.into()),
        }
    }

    /// The nonce a proof made now should hold, where proofs must hold one.
    #[must_use]
    pub fn nonce(&self) -> Option<String> {
        let [newest, _] = self.nonces.as_ref()?.at(self.now());
        Some(newest)
    }

    /// Checks a proof for a request to a path of this gateway, as parties address it.
    pub(super) fn proof(
        &self,
        proof: &str,
        (method, path): (&str, &str),
        token: Option<&str>,
    ) -> Result<Proof, DpopError> {
        let now = self.now();
        let url = format!("{}{path}", self.issuer);
        let nonces = self.nonces.as_ref().map(|nonces| nonces.at(now));
        let wanted = Wanted { method, url: &url, token, nonces: nonces.as_ref().map(<[String; 2]>::as_slice) };
        dpop::check(proof, &wanted, now, self.rules.leeway_seconds)
    }

    /// The row that uses it up, kept a minute longer than it could count.
    ///
    /// The row is the party's, and no other party can use the same proof: at the token endpoint it would get a token
    /// bound to a key it has not, elsewhere the proof holds the digest of a token, which is one party's.
    pub(super) fn proof_use(party: &Party, proof: Proof) -> Write {
        let forget = proof.expires + jiff::SignedDuration::from_mins(1);
        Write::ProofUse(party.id.clone(), proof.digest, forget)
    }
}
