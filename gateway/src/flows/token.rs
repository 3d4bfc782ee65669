//! Tokens: a client assertion, used once, or a registered client certificate for a five-minute access token, bound to a
//! key where a proof comes with it and to the certificate where one was shown; and the same token in again.

use jiff::SignedDuration;

use super::{Engine, Fault};
use crate::access::bearer::{self, Bearer, Grant};
use crate::access::certificate::PeerCertificate;
use crate::access::dpop::{DpopError, Proof};
use crate::access::jwt::JwtError;
use crate::access::scope;
use crate::core::change::{Change, Write};
use crate::id::RequestId;
use crate::keys::ring::SigningUse;
use crate::party::{Binding, Party};
use crate::store::StoreError;

mod client;
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

/// What a client asks a token with.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Its assertion; without one, the certificate of the connection proves it.
    pub assertion: Option<&'a str>,
    /// The proof of the key the token is to be bound to.
    pub proof: Option<&'a str>,
    /// The certificate of the connection.
    pub certificate: Option<&'a PeerCertificate>,
    /// `client_id`, needed without an assertion.
    pub client_id: Option<&'a str>,
    /// `scope`.
    pub scope: Option<&'a str>,
}

/// Why no token is given (RFC 6749 §5.2).
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    /// The client could not be authenticated. The reason names no value; an unknown client and a wrong key are one.
    #[error("the client assertion is refused: {0}")]
    InvalidClient(JwtError),
    /// The certificate does not prove the client. Why, only its operator is told.
    #[error(
        "no client certificate proves this client: the connection showed none, or not the registered one, it is not in \
         force, or this client is to send a client_assertion"
    )]
    InvalidCertificate,
    /// The assertion was used before.
    #[error("the client assertion was used before (jti); make a new one for each request")]
    Replayed,
    /// The proof is refused.
    #[error("the DPoP proof is refused: {0}")]
    InvalidProof(DpopError),
    /// The registration asks for bound tokens.
    #[error("{}", not_bound(*.0))]
    NotBound(Binding),
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

/// Who asks, and what still has to be used up before it counts.
#[derive(Debug)]
pub struct Identified {
    /// The party.
    pub party: Party,
    /// Its token.
    pub bearer: Bearer,
    /// The proof beside it, checked and not yet used.
    pub proof: Option<Proof>,
}

/// Why a token does not count for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCaller {
    /// Not ours, expired, or its party is no longer live.
    Token(JwtError),
    /// Bound to a key, and sent without a proof.
    Bound,
    /// Not bound to a key, and sent as if it were, or not bound to what its party's tokens must be.
    Unbound,
    /// Bound to another certificate than the one of the connection.
    Certificate,
    /// The proof beside it.
    Proof(DpopError),
}

impl Engine {
    /// Exchanges what proves a client for an access token, bound to the key of the proof and to the certificate of the
    /// connection, as far as there are such.
    ///
    /// # Errors
    /// See [`NoToken`].
    pub async fn token(&self, asking: Asking<'_>) -> Result<Token, NoToken> {
        let now = self.time_to_sign()?;
        let (party, used) = self.client(asking).await?;
        if party.role().interface().is_none() {
            return Err(NoToken::NoInterface(party.role().as_str()));
        }
        let proof = asking.proof.map(|proof| self.proof(proof, ("POST", ENDPOINT), None)).transpose();
        let proof = proof.map_err(NoToken::InvalidProof)?;
        let x5t = asking.certificate.map(PeerCertificate::thumbprint);
        let binding = party.binding(self.rules.sandbox);
        if !binding.holds(proof.is_some(), x5t.is_some()) {
            return Err(NoToken::NotBound(binding));
        }
        let jkt = proof.as_ref().map(|proof| proof.jkt.clone());
        let scopes = scope::grant(party.role(), asking.scope).map_err(|_| NoToken::InvalidScope)?;

        let mut change = Change::new("use_assertion");
        if let Some(used) = used {
            let forget = used.expires + SignedDuration::from_secs(self.rules.leeway_seconds + 60);
            change.push(Write::AssertionUse(party.id.clone(), used.jti, forget));
        }
        if let Some(proof) = proof {
            change.push(Self::proof_use(&party, proof));
        }
        if !change.writes.is_empty() {
            match self.store.commit(change).await {
                Ok(()) => {}
                Err(StoreError::Conflict { table: "assertion_use" }) => return Err(NoToken::Replayed),
                Err(StoreError::Conflict { table: "assertion_use (dpop)" }) => {
                    return Err(NoToken::InvalidProof(DpopError::Replayed));
                }
                // Another process stood in the way: that says nothing of what was shown.
                Err(StoreError::Conflict { .. }) => return Err(Fault::Contended.into()),
                Err(error) => return Err(Fault::from(error).into()),
            }
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
            x5t,
        };
        let access_token = bearer::give(key, &grant).map_err(|_| Fault::Stored("token key"))?;
        Ok(Token {
            access_token,
            expires_in: self.rules.access_seconds,
            scope: scope::to_text(&scopes),
            bound: jkt.is_some(),
        })
    }

    /// The live party a token stands for. A bound token counts beside a proof of its key alone, and the proof once; one
    /// bound to a certificate, on a connection alone that showed it (`certificate`: its thumbprint).
    ///
    /// # Errors
    /// Faults of ours; the inner ones are the caller's, see [`NotCaller`].
    pub async fn caller(
        &self,
        shown: Shown<'_>,
        certificate: Option<&str>,
    ) -> Result<Result<Identified, NotCaller>, Fault> {
        let (token, ring) = (shown.token(), self.ring.present());
        let keys = (&*ring, &self.verified);
        let bearer = match bearer::read(token, keys, &self.issuer, self.now(), self.rules.leeway_seconds) {
            Ok(bearer) => bearer,
            Err(reason) => return Ok(Err(NotCaller::Token(reason))),
        };
        let party = self.store.party(&bearer.party).await?;
        let Some(party) = party.filter(|party| self.lets_in(party) && party.role().as_str() == bearer.role) else {
            return Ok(Err(NotCaller::Token(JwtError::Signature)));
        };
        if bearer.x5t.as_deref().is_some_and(|bound| certificate != Some(bound)) {
            return Ok(Err(NotCaller::Certificate));
        }
        if !party.binding(self.rules.sandbox).holds(bearer.jkt.is_some(), bearer.x5t.is_some()) {
            return Ok(Err(NotCaller::Unbound));
        }
        let (jkt, proof, request) = match (&bearer.jkt, shown) {
            (None, Shown::Bearer(_)) => return Ok(Ok(Identified { party, bearer, proof: None })),
            (None, _) => return Ok(Err(NotCaller::Unbound)),
            (Some(_), Shown::Bearer(_)) => return Ok(Err(NotCaller::Bound)),
            (Some(jkt), Shown::Dpop { proof, method, path, .. }) => (jkt, proof, (method, path)),
        };
        let proof = match self.proof(proof, request, Some(token)) {
            Ok(proof) if proof.jkt == *jkt => proof,
            Ok(_) => return Ok(Err(NotCaller::Proof(DpopError::OtherKey))),
            Err(reason) => return Ok(Err(NotCaller::Proof(reason))),
        };
        Ok(Ok(Identified { party, bearer, proof: Some(proof) }))
    }
}

fn not_bound(binding: Binding) -> &'static str {
    match binding {
        Binding::Certificate => {
            "this client is registered for tokens bound to its client certificate (RFC 8705): show it on this connection"
        }
        Binding::Either => {
            "an insurer's tokens are bound: send a DPoP proof (RFC 9449) with this request, or show a client certificate \
             (RFC 8705) on this connection"
        }
        Binding::Key | Binding::Free => {
            "this client is registered for tokens bound to a key: send a DPoP proof (RFC 9449) with this request"
        }
    }
}

/// The scopes the server knows, for discovery.
#[must_use]
pub fn scopes_supported() -> Vec<&'static str> {
    bearer::supported()
}
