//! Source signatures (來源簽章) of a push: checked against the sender's registration and the operator's authorities,
//! kept sealed beside the bytes they cover, shown again to the operator.
//!
//! The address is the configured one: what a proxy or a caller writes into `Host` is nobody's word.

use std::sync::Arc;

use claimgate_adapters::signature::{self, Checked, Covered, SourceSignature};
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_packet::jose::digest;
use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Fault, Refusal};
use crate::flows::Engine;
use crate::id::ClaimId;
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::Party;

/// A request as it arrived, as far as a signature may cover it. Empty where nothing in it is signed.
#[derive(Clone, Default)]
pub struct Request {
    /// `POST` or `PUT`.
    pub method: String,
    /// The path as it arrived, percent-encoding untouched.
    pub path: String,
    /// What follows the question mark.
    pub query: Option<String>,
    /// Header fields; the lines of one name in the order received.
    pub headers: Vec<(String, String)>,
}

/// What is kept of a signed revision, with what proves it again.
pub struct Kept {
    /// The claim.
    pub claim: ClaimId,
    /// The revision.
    pub revision: i64,
    /// When it came.
    pub received: Timestamp,
    /// The bytes that came.
    pub body: Vec<u8>,
    /// The signatures that verified then, the strongest first.
    pub signatures: Vec<SourceSignature>,
}

opaque_debug!(Request, Kept);

impl Kept {
    /// For reading: everything but the body, which stands as its digest.
    ///
    /// # Errors
    /// A stored value that cannot be written.
    pub fn to_json(&self) -> Result<Value, Fault> {
        let signatures = serde_json::to_value(&self.signatures).map_err(|_| Fault::Stored("signature"))?;
        Ok(json!({ "claim": self.claim.to_string(), "revision": self.revision, "received": self.received,
            "body_sha256": digest::sha256_text(&self.body), "signatures": signatures }))
    }

    /// What each signature covers, and the signature as a verifier takes it.
    ///
    /// # Errors
    /// Body and signature do not belong together: one of them was changed.
    pub fn covered(&self) -> Result<Vec<Covered>, Fault> {
        let all = self.signatures.iter().map(|one| one.covered(&self.body));
        all.collect::<Option<Vec<_>>>().ok_or(Fault::Stored("signature"))
    }
}

impl Engine {
    /// Checks every signature of a push; `institution` is the code its Bundle names, which is the sender's.
    ///
    /// # Errors
    /// [`Refusal::Rejected`] where one does not verify, or one is required and there is none.
    pub(super) async fn signatures(
        &self,
        hospital: &Party,
        request: &Arc<Request>,
        (body, format): (&Arc<[u8]>, Format),
        institution: &str,
    ) -> Result<Checked, Refusal> {
        let (hospital, institution, issuer) = (hospital.clone(), institution.to_owned(), self.issuer.clone());
        let (request, body) = (Arc::clone(request), Arc::clone(body));
        let (authorities, now) = (self.authorities.present(), self.now());
        let limits = Limits { bytes: self.rules.body_bytes, ..Limits::default() };
        tokio::task::spawn_blocking(move || {
            let (scheme, authority, path) = address(&issuer, &request.path);
            let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let push = signature::Push {
                method: &request.method,
                scheme,
                authority,
                path: &path,
                query: request.query.as_deref(),
                headers: &headers,
                body: &body,
                format,
            };
            let trust = hospital.source_trust(authorities.as_deref().map(|loaded| &loaded.authorities));
            signature::check(&push, &institution, &trust, &limits, now)
        })
        .await
        .map_err(|_| Fault::Task)?
        .map_err(Refusal::Rejected)
    }

    /// What is kept of a revision's signatures, for the operator; the newest revision where none is asked for.
    ///
    /// # Errors
    /// The database is away, or a stored value does not open.
    pub async fn kept_signatures(&self, claim: ClaimId, revision: Option<i64>) -> Result<Option<Kept>, Fault> {
        let Some(head) = self.store.claim(claim).await? else { return Ok(None) };
        let Some((revision, body, received)) = self.store.bundle(claim, revision).await? else { return Ok(None) };
        let sealed = self.store.bundle_signature(claim, revision).await?.flatten();
        let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
        let row = format!("{claim}/{revision}");
        let body = key.open(Place { table: "bundle", row: &row, column: "body" }, &body)?.to_vec();
        let signatures = match sealed {
            Some(sealed) => {
                let plain = key.open(place(&row), &sealed)?;
                serde_json::from_slice(&plain).map_err(|_| Fault::Stored("signature"))?
            }
            None => Vec::new(),
        };
        Ok(Some(Kept { claim, revision, received, body, signatures }))
    }
}

/// The signatures of a revision, sealed for its row; nothing where there is none.
pub(super) fn sealed(key: &ClaimKey, row: &str, checked: Option<&Checked>) -> Result<Option<Vec<u8>>, Fault> {
    let Some(checked) = checked.filter(|checked| !checked.signatures.is_empty()) else { return Ok(None) };
    let json = serde_json::to_vec(&checked.signatures).map_err(|_| Fault::Stored("signature"))?;
    Ok(Some(key.seal(place(row), &json)?))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "bundle", row, column: "signature" }
}

/// Scheme, authority and path under the gateway's own address, which may have a path that a proxy takes off.
pub(in crate::flows) fn address<'a>(base: &'a str, path: &str) -> (&'a str, &'a str, String) {
    let (scheme, rest) = base.split_once("://").unwrap_or(("https", base));
    match rest.split_once('/') {
        Some((authority, prefix)) => (scheme, authority, format!("/{prefix}{path}")),
        None => (scheme, rest, path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_configured_one_with_its_path() {
        for (base, expected) in [
            ("https://gate.example", ("https", "gate.example", "/fhir/Bundle")),
            ("http://127.0.0.1:8080", ("http", "127.0.0.1:8080", "/fhir/Bundle")),
            ("https://gate.example/claims/v1", ("https", "gate.example", "/claims/v1/fhir/Bundle")),
        ] {
            let (scheme, authority, path) = address(base, "/fhir/Bundle");
            assert_eq!((scheme, authority, path.as_str()), expected);
        }
    }
}
