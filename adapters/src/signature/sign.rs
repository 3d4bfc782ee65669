//! The other direction: `Bundle.signature` of a Bundle the gateway writes, in the very form it verifies from hospitals.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::jose::jws;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::canonical::{self, Canonicalization};

/// What the signer of a document is to it: "Verification Signature" of ASTM E1762-95.
const VERIFICATION: (&str, &str) = ("urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.5");
const TARGET: &str = "application/fhir+json;canonicalization=http://hl7.org/fhir/canonicalization/json#document";

/// Signs a Bundle: a detached JWS (RFC 7515 appendix F) over FHIR's canonical form of the document, without signature,
/// `id` and `meta`. `issuer` is the gateway's URI, under which its keys are published.
///
/// Nothing where the value is no JSON object, or the key cannot sign.
#[must_use]
pub fn sign_bundle(mut bundle: Value, key: &PrivateJwk, issuer: &str, at: Timestamp) -> Option<Value> {
    let bytes = serde_json::to_vec(&bundle).ok()?;
    let form = canonical::forms(&bytes, Canonicalization::Document)?.into_iter().next()?;
    let whole = jws::sign(&form.bytes, "JOSE", key).ok()?;
    let (header, rest) = whole.split_once('.')?;
    let (_, signature) = rest.split_once('.')?;
    let (system, code) = VERIFICATION;
    let signature = json!({
        "type": [{ "system": system, "code": code }],
        "when": at.to_string(),
        "who": { "identifier": { "system": "urn:ietf:rfc:3986", "value": issuer } },
        "targetFormat": TARGET,
        "sigFormat": "application/jose",
        "data": STANDARD.encode(format!("{header}..{signature}")),
    });
    bundle.as_object_mut()?.insert("signature".to_owned(), signature);
    Some(bundle)
}
