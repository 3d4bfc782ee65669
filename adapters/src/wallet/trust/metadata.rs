//! What issuers publish: JWT VC issuer metadata (SD-JWT VC §5) and type metadata (§6), handed in as bytes.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::digest::sha256;
use claimgate_packet::jose::json::parse_object;
use serde_json::Value;

use super::host_of;
use crate::wallet::credential::Credential;
use crate::wallet::key::Keys;
use crate::wallet::limits::DOCUMENT_JSON;
use crate::wallet::reason::Reason;
use crate::wallet::sdjwt::unfold::Step;

/// Where the keys of an issuer stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// In the metadata.
    Here(Keys),
    /// At this https address, a key set to be fetched.
    At(String),
}

/// The address of an issuer's metadata: the well-known part between host and path (SD-JWT VC §5.1).
#[must_use]
pub fn address(issuer: &str) -> Option<String> {
    host_of(issuer)?;
    let rest = issuer.strip_prefix("https://").filter(|rest| !rest.contains(['?', '#']))?;
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    let path = path.trim_end_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    Some(format!("https://{authority}/.well-known/jwt-vc-issuer{slash}{path}"))
}

/// Reads metadata: its `issuer` must be the one asked, and it has one of `jwks` and `jwks_uri`.
///
/// # Errors
/// [`Reason::IssuerKeyUnresolved`].
pub fn read(bytes: &[u8], issuer: &str) -> Result<Published, Reason> {
    let read = || {
        let document = parse_object(bytes, DOCUMENT_JSON).ok()?;
        if document.get("issuer")?.as_str()? != issuer {
            return None;
        }
        match (document.get("jwks"), document.get("jwks_uri")) {
            (Some(keys), None) => Keys::from_json(keys).map(Published::Here),
            (None, Some(Value::String(uri))) if host_of(uri).is_some() => Some(Published::At(uri.clone())),
            _ => None,
        }
    };
    read().ok_or(Reason::IssuerKeyUnresolved)
}

/// Whether bytes have a digest as `vct#integrity` writes it (W3C Subresource Integrity, SHA-256 alone).
#[must_use]
pub fn has_integrity(bytes: &[u8], integrity: &str) -> bool {
    let expected = integrity.strip_prefix("sha256-").and_then(|text| STANDARD.decode(text).ok());
    expected.is_some_and(|expected| verify_slices_are_equal(&expected, &sha256(bytes)).is_ok())
}

/// Checks type metadata against a credential (check T2): its digest, its name, and what it says of each claim.
///
/// # Errors
/// [`Reason::SchemaMismatch`].
pub fn check_type(bytes: &[u8], credential: &Credential) -> Result<(), Reason> {
    let intact = credential.integrity.as_ref().is_none_or(|integrity| has_integrity(bytes, integrity));
    let document = parse_object(bytes, DOCUMENT_JSON).map_err(|_| Reason::SchemaMismatch)?;
    let named = document.get("vct").and_then(Value::as_str) == Some(credential.kind.as_str());
    let claims = document.get("claims").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let kept = claims.iter().all(|claim| keeps(claim, credential).unwrap_or(false));
    if intact && named && kept { Ok(()) } else { Err(Reason::SchemaMismatch) }
}

/// Whether a credential keeps to one claim's rules; `None` where the rule has no path of names.
fn keeps(claim: &Value, credential: &Credential) -> Option<bool> {
    let path = claim.get("path")?.as_array()?;
    let Some(names) = path.iter().map(Value::as_str).collect::<Option<Vec<_>>>() else { return Some(true) };
    let pointer = names.iter().try_fold(None, |value: Option<&Value>, name| {
        let next = value.map_or_else(|| credential.claims.get(*name), |value| value.get(*name));
        next.map(Some)
    });
    let present = pointer.flatten().is_some();
    let is_path = |found: &&Vec<Step>| {
        found.len() == names.len()
            && found.iter().zip(&names).all(|(step, name)| matches!(step, Step::Name(found) if found == name))
    };
    let disclosed = credential.disclosed.iter().any(|found| is_path(&found));
    let rule = claim.get("sd").and_then(Value::as_str).unwrap_or("allowed");
    let mandatory = claim.get("mandatory").and_then(Value::as_bool).unwrap_or(false);
    Some(match rule {
        "always" => !present || disclosed,
        "never" => !disclosed && (present || !mandatory),
        _ => present || !mandatory || !credential.concealing.is_empty(),
    })
}
