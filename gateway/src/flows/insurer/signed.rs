//! Signed calls (RFC 9421): an insurer's request that changes something is checked with its registered keys and counts
//! once; the answer that confirms it is signed by the gateway and bound to it.
//!
//! The gateway signs with the key it signs packets with: it is published, and stays published when it is retired. A
//! signature base never looks like the head of a JWS, so that neither signature can stand for the other.

use claimgate_adapters::signature::{self, Answer, Push, SourceKey};
use claimgate_fhir::format::Format;

use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::flows::health::{Request, address};
use crate::keys::ring::SigningUse;
use crate::party::Party;
use crate::store::StoreError;

/// Why a call does not count by its signature.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// The insurer must sign and did not.
    #[error(
        "you are registered to sign requests that change something (HTTP Message Signatures, RFC 9421), and this one has \
         no signature; docs/insurer.md says how"
    )]
    Required,
    /// It does not verify.
    #[error(transparent)]
    Invalid(#[from] signature::CallRefused),
    /// It was used before.
    #[error(
        "a signature with this keyid and nonce was used before; sign each request anew, also one that is sent again"
    )]
    Replayed,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// Checks the signature of a call and uses it up; `true` where there was one.
    ///
    /// # Errors
    /// See [`NotSigned`]; also where an answer will be signed and there is no key to do it with.
    pub async fn check_call(&self, party: &Party, request: &Request, body: &[u8]) -> Result<bool, NotSigned> {
        let checked = self.as_sent(request, body, |sent| {
            signature::check_call(sent, party.keys(), party.further_keys(), self.now())
        })?;
        if checked.is_some() || party.wants_signed_answers() {
            // What cannot be confirmed is not done.
            self.ring.present().signing(SigningUse::Packet, self.time_to_sign()?).map_err(Fault::from)?;
        }
        let Some(call) = checked else {
            return if party.must_sign_requests() { Err(NotSigned::Required) } else { Ok(false) };
        };
        let mut change = Change::new("use_call");
        change.push(Write::CallUse(party.id.clone(), call.nonce, call.expires));
        let detail = [("kid", call.key), ("base", call.digest)];
        change.push(self.audit(party.id.as_str(), "request.signed", &request.path, detail));
        match self.store.commit(change).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { table: "assertion_use (call)" }) => Err(NotSigned::Replayed),
            // Another process stood in the way: that says nothing of the call.
            Err(StoreError::Conflict { .. }) => Err(Fault::Contended.into()),
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// The header fields that sign an answer. What it confirms is done already: without a key it goes out unsigned, and
    /// who wanted it signed asks again.
    #[must_use]
    pub fn sign_answer(
        &self,
        request: &Request,
        (status, content_type): (u16, &str),
        body: &[u8],
    ) -> Option<[(&'static str, String); 3]> {
        let ring = self.ring.present();
        let key = ring.signing(SigningUse::Packet, self.time_to_sign().ok()?).ok()?;
        let algorithm = SourceKey::from_jwk(&key.public())?.algorithm();
        let draft = self.as_sent(request, &[], |request| {
            Answer { status, content_type, body, request }.draft(key.kid(), algorithm.as_str(), self.now())
        });
        let signature = key.sign(draft.base.as_bytes()).ok()?;
        Some(draft.fields(&signature))
    }

    /// The request under the public address, as its sender saw it.
    fn as_sent<T>(&self, request: &Request, body: &[u8], with: impl FnOnce(&Push<'_>) -> T) -> T {
        let (scheme, authority, path) = address(&self.issuer, &request.path);
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (method, query) = (request.method.as_str(), request.query.as_deref());
        with(&Push { method, scheme, authority, path: &path, query, headers: &headers, body, format: Format::Json })
    }
}
