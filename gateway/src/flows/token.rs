//! Tokens: a client assertion, used once, for a five-minute access token.

use super::{Engine, Fault};
use crate::access::assertion::{self, Endpoint};
use crate::access::bearer::{self, Bearer, Grant};
use crate::access::jwt::JwtError;
use crate::access::scope;
use crate::core::change::{Change, Write};
use crate::id::RequestId;
use crate::keys::ring::SigningUse;
use crate::party::Party;
use crate::store::StoreError;

/// A token and what it allows.
#[derive(Debug)]
pub struct Token {
    /// The token.
    pub access_token: String,
    /// Seconds it lasts.
    pub expires_in: i64,
    /// What it allows.
    pub scope: String,
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

impl Engine {
    /// Exchanges a client assertion for an access token.
    ///
    /// # Errors
    /// See [`NoToken`].
    pub async fn token(
        &self,
        assertion: &str,
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
        let token_url = format!("{}/oauth/token", self.issuer);
        let endpoint = Endpoint { issuer: &self.issuer, token_url: &token_url };
        let proof = assertion::check(unverified, &party, endpoint, now, self.rules.leeway_seconds)
            .map_err(NoToken::InvalidClient)?;
        if party.role().interface().is_none() {
            return Err(NoToken::NoInterface(party.role().as_str()));
        }
        let scopes = scope::grant(party.role(), requested).map_err(|_| NoToken::InvalidScope)?;

        let mut change = Change::new("use_assertion");
        let forget = proof.expires + jiff::SignedDuration::from_secs(self.rules.leeway_seconds + 60);
        change.push(Write::AssertionUse(party.id.clone(), proof.jti, forget));
        match self.store.commit(change).await {
            Ok(()) => {}
            Err(StoreError::Conflict { .. }) => return Err(NoToken::Replayed),
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
        };
        let access_token = bearer::give(key, &grant).map_err(|_| Fault::Stored("token key"))?;
        Ok(Token { access_token, expires_in: self.rules.access_seconds, scope: scope::to_text(&scopes) })
    }

    /// The live party a token stands for, if the token carries the scope.
    ///
    /// # Errors
    /// A token that is not ours, expired, or whose party is no longer live.
    pub async fn bearer(&self, token: &str) -> Result<Result<(Party, Bearer), JwtError>, Fault> {
        let bearer =
            match bearer::read(token, &self.ring.present(), &self.issuer, self.now(), self.rules.leeway_seconds) {
                Ok(bearer) => bearer,
                Err(reason) => return Ok(Err(reason)),
            };
        let party = self.store.party(&bearer.party).await?;
        match party.filter(|party| self.lets_in(party) && party.role().as_str() == bearer.role) {
            Some(party) => Ok(Ok((party, bearer))),
            None => Ok(Err(JwtError::Signature)),
        }
    }
}

/// The scopes the server knows, for discovery.
#[must_use]
pub fn scopes_supported() -> Vec<&'static str> {
    bearer::supported()
}
