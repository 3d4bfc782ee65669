//! Tokens: a client assertion, used once, for a five-minute access token, bound to a key where a proof comes with it;
//! and the same token in again.

use super::{Engine, Fault};
use crate::access::assertion::{self, Endpoint};
use crate::access::bearer::{self, Bearer, Grant};
use crate::access::dpop::DpopError;
use crate::access::jwt::JwtError;
use crate::access::scope;
use crate::core::change::{Change, Write};
use crate::id::RequestId;
use crate::keys::ring::SigningUse;
use crate::party::Party;
use crate::store::StoreError;

mod proof;

pub use proof::Shown;

/// Path of the token endpoint.
const ENDPOINT: &str = "/oauth/token";

/// A token and what it allows.
#[derive(Debug)]
pub struct Token {
    /// The token.
    pub access_token: String,
    /// Seconds it lasts.
    pub expires_in: i64,
    /// What it allows.
    pub scope: String,
    /// Whether it is bound to the key of a proof.
    pub bound: bool,
}

/// Why no token is given (RFC 6749 §5.2).
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    /// The client could not be authenticated. The reason names no value; an unknown client and a wrong key are one.
    #[error("the client assertion is refused: {0}")]
    InvalidClient(JwtError),
    /// The assertion was used before.
    #[error("the client assertion was used before (jti); make a new one for each request")]
    Replayed,
    /// The proof is refused.
    #[error("the DPoP proof is refused: {0}")]
    InvalidProof(DpopError),
    /// The registration asks for bound tokens.
    #[error("this client is registered for tokens bound to a key: send a DPoP proof (RFC 9449) with this request")]
    ProofRequired,
    /// Its role has no interface yet, so that there is nothing a token could be for.
    #[error("there is no interface for the role {0} yet, so that there is nothing to give a token for")]
    NoInterface(&'static str),
    /// A scope is not for this client.
    #[error("a requested scope does not exist or is not for this client")]
    InvalidScope,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why a token does not count for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCaller {
    /// Not ours, expired, or its party is no longer live.
    Token(JwtError),
    /// Bound to a key, and sent without a proof.
    Bound,
    /// Not bound to a key, and sent as if it were, or by a party whose tokens must be.
    Unbound,
    /// The proof beside it.
    Proof(DpopError),
}

impl Engine {
    /// Exchanges a client assertion for an access token, bound to the key of the proof if one comes with it.
    ///
    /// # Errors
    /// See [`NoToken`].
    pub async fn token(
        &self,
        assertion: &str,
        proof: Option<&str>,
        client_id: Option<&str>,
        requested: Option<&str>,
    ) -> Result<Token, NoToken> {
        let now = self.now();
        let (unverified, client) = assertion::read(assertion).map_err(NoToken::InvalidClient)?;
        if client_id.is_some_and(|named| named != client) {
            // RFC 7521 §4.2: a client_id beside the assertion names the same client.
            return Err(NoToken::InvalidClient(JwtError::Claim("sub")));
        }
        let unknown = || NoToken::InvalidClient(JwtError::Signature);
        let id = client.parse().map_err(|_| unknown())?;
        let party = self
            .store
            .party(&id)
            .await
            .map_err(Fault::from)?
            .filter(|party| self.lets_in(party))
            .ok_or_else(unknown)?;
        let token_url = format!("{}{ENDPOINT}", self.issuer);
        let endpoint = Endpoint { issuer: &self.issuer, token_url: &token_url };
        let used = assertion::check(unverified, &party, endpoint, now, self.rules.leeway_seconds)
            .map_err(NoToken::InvalidClient)?;
        if party.role().interface().is_none() {
            return Err(NoToken::NoInterface(party.role().as_str()));
        }
        let proof = proof.map(|proof| self.proof(proof, ("POST", ENDPOINT), None)).transpose();
        let proof = proof.map_err(NoToken::InvalidProof)?;
        if proof.is_none() && party.must_bind_tokens() {
            return Err(NoToken::ProofRequired);
        }
        let jkt = proof.as_ref().map(|proof| proof.jkt.clone());
        let scopes = scope::grant(party.role(), requested).map_err(|_| NoToken::InvalidScope)?;

        let mut change = Change::new("use_assertion");
        let forget = used.expires + jiff::SignedDuration::from_secs(self.rules.leeway_seconds + 60);
        change.push(Write::AssertionUse(party.id.clone(), used.jti, forget));
        if let Some(proof) = proof {
            change.push(Self::proof_use(&party, proof));
        }
        match self.store.commit(change).await {
            Ok(()) => {}
            Err(StoreError::Conflict { table: "assertion_use" }) => return Err(NoToken::Replayed),
            Err(StoreError::Conflict { .. }) => return Err(NoToken::InvalidProof(DpopError::Replayed)),
            Err(error) => return Err(Fault::from(error).into()),
        }
        let ring = self.ring.present();
        let key = ring.signing(SigningUse::Token, now).map_err(Fault::from)?;
        let grant = Grant {
            issuer: &self.issuer,
            party: &party.id,
            role: party.role(),
            scopes: &scopes,
            now,
            lasts: self.rules.access_seconds,
            id: RequestId::new(now, &self.random),
            jkt: jkt.as_deref(),
        };
        let access_token = bearer::give(key, &grant).map_err(|_| Fault::Stored("token key"))?;
        Ok(Token {
            access_token,
            expires_in: self.rules.access_seconds,
            scope: scope::to_text(&scopes),
            bound: jkt.is_some(),
        })
    }

    /// The live party a token stands for. A bound token counts beside a proof of its key alone, and the proof once.
    ///
    /// # Errors
    /// Faults of ours; the inner ones are the caller's, see [`NotCaller`].
    pub async fn caller(&self, shown: Shown<'_>) -> Result<Result<(Party, Bearer), NotCaller>, Fault> {
        let (token, ring) = (shown.token(), self.ring.present());
        let bearer = match bearer::read(token, &ring, &self.issuer, self.now(), self.rules.leeway_seconds) {
            Ok(bearer) => bearer,
            Err(reason) => return Ok(Err(NotCaller::Token(reason))),
        };
        let party = self.store.party(&bearer.party).await?;
        let Some(party) = party.filter(|party| self.lets_in(party) && party.role().as_str() == bearer.role) else {
            return Ok(Err(NotCaller::Token(JwtError::Signature)));
        };
        let (jkt, proof, request) = match (&bearer.jkt, shown) {
            (None, Shown::Bearer(_)) if !party.must_bind_tokens() => return Ok(Ok((party, bearer))),
            (None, _) => return Ok(Err(NotCaller::Unbound)),
            (Some(_), Shown::Bearer(_)) => return Ok(Err(NotCaller::Bound)),
            (Some(jkt), Shown::Dpop { proof, method, path, .. }) => (jkt, proof, (method, path)),
        };
        let proof = match self.proof(proof, request, Some(token)) {
            Ok(proof) if proof.jkt == *jkt => proof,
            Ok(_) => return Ok(Err(NotCaller::Proof(DpopError::OtherKey))),
            Err(reason) => return Ok(Err(NotCaller::Proof(reason))),
        };
        let mut change = Change::new("use_proof");
        change.push(Self::proof_use(&party, proof));
        match self.store.commit(change).await {
            Ok(()) => Ok(Ok((party, bearer))),
            Err(StoreError::Conflict { .. }) => Ok(Err(NotCaller::Proof(DpopError::Replayed))),
            Err(error) => Err(error.into()),
        }
    }
}

/// The scopes the server knows, for discovery.
#[must_use]
pub fn scopes_supported() -> Vec<&'static str> {
    bearer::supported()
}
