//! A VC inside a TWDIW presentation (checks S1 to S12): W3C data model 1.1 as JWT, with disclosures of its subject.

use claimgate_packet::jose::digest::sha256_text;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::did;
use crate::wallet::credential::{Credential, Term};
use crate::wallet::jws::Compact;
use crate::wallet::key::PublicKey;
use crate::wallet::limits::PAYLOAD_JSON;
use crate::wallet::reason::Reason;
use crate::wallet::sdjwt::SdJwt;
use crate::wallet::sdjwt::unfold::{AlgorithmAt, Path, Step, check_algorithm, unfold};
use crate::wallet::status::Reference;
use crate::wallet::trust::{Trust, host_of};
use crate::wallet::verify::check_registered;

/// Members of the JWT that no disclosure may carry.
const REGISTERED: [&str; 8] = ["iss", "sub", "nbf", "exp", "cnf", "jti", "nonce", "vct"];
/// Members of `vc` that no disclosure may carry: all of them but those of the subject.
const SUBJECT: &str = "credentialSubject";

/// Verifies one.
pub(super) fn verify(text: &str, types: &[String], trust: &Trust, now: Timestamp) -> Result<Credential, Reason> {
    let parts = SdJwt::parse(text)?;
    if parts.binding.is_some() {
        return Err(Reason::SdJwtMalformed);
    }
    let mut jwt = Compact::parse(parts.jwt, PAYLOAD_JSON).ok_or(Reason::SdJwtMalformed)?;
    if !jwt.has_typ(&["vc+sd-jwt"]) {
        return Err(Reason::TypUnsupported);
    }
    jwt.check_algorithm()?;
    let id = jwt.text("iss").unwrap_or_default().to_owned();
    let key = did::key_of(&id).ok_or(Reason::IssuerKeyUnresolved)?;
    if !jwt.verified_by(&key) {
        return Err(Reason::IssuerSignatureInvalid);
    }
    let (issuer, registered) = trust.registered(&key).ok_or(Reason::IssuerUntrusted)?;
    if registered.status != 1 {
        return Err(Reason::IssuerNotEffective);
    }
    let at_host = jwt.header("jku").and_then(host_of).is_some_and(|host| host == registered.host);
    let kind = type_of(&jwt.payload).ok_or(Reason::CredentialMalformed)?;
    if !at_host || !issuer.counts_for(&kind) {
        return Err(Reason::IssuerUntrusted);
    }
    check_algorithm(&mut jwt.payload, AlgorithmAt::CredentialSubject)?;
    let unfolded = unfold(std::mem::take(&mut jwt.payload), &parts.disclosures)?;
    check_registered(&unfolded.disclosed, &REGISTERED)?;
    if !unfolded.disclosed.iter().all(is_of_subject) {
        return Err(Reason::RegisteredClaimDisclosable);
    }
    let mut payload = unfolded.claims;
    let term = Term::check(&payload, true, now)?;
    if !types.is_empty() && !types.contains(&kind) {
        return Err(Reason::CredentialTypeMismatch);
    }
    let holder = holder_key(&payload)?;
    let vc = payload.get_mut("vc").and_then(Value::as_object_mut).ok_or(Reason::CredentialMalformed)?;
    let status = Reference::of_2021(vc.get("credentialStatus"), &registered.host)?;
    let Some(Value::Object(claims)) = vc.shift_remove(SUBJECT) else { return Err(Reason::CredentialMalformed) };
    let inside = |paths: Vec<Path>| paths.into_iter().map(|path| path.into_iter().skip(2).collect()).collect();
    Ok(Credential {
        issuer: issuer.id.clone(),
        kind,
        claims,
        holder: Some(holder),
        valid_from: term.from,
        valid_until: term.until,
        status,
        integrity: None,
        disclosed: inside(unfolded.disclosed),
        concealing: inside(unfolded.concealing),
        digest: sha256_text(parts.jwt.as_bytes()),
    })
}

/// The second type: the first is `VerifiableCredential`.
fn type_of(payload: &Map<String, Value>) -> Option<String> {
    let types = payload.get("vc")?.get("type")?.as_array()?;
    match types.as_slice() {
        [Value::String(general), Value::String(kind)] if general == "VerifiableCredential" => Some(kind.clone()),
        _ => None,
    }
}

fn is_of_subject(path: &Path) -> bool {
    let name = |step: Option<&Step>, wanted: &str| matches!(step, Some(Step::Name(name)) if name == wanted);
    name(path.first(), "vc") && name(path.get(1), SUBJECT) && path.len() > 2
}

/// The key of `cnf`, which must be that of `sub`. Older credentials pad its numbers.
fn holder_key(payload: &Map<String, Value>) -> Result<PublicKey, Reason> {
    let confirmed = payload.get("cnf").and_then(|cnf| cnf.get("jwk")).ok_or(Reason::KeyBindingMissing)?;
    let confirmed = PublicKey::from_padded_jwk(confirmed).ok_or(Reason::HolderKeyMismatch)?;
    let subject = payload.get("sub").and_then(Value::as_str).and_then(did::key_of);
    if subject.as_ref() == Some(&confirmed) { Ok(confirmed) } else { Err(Reason::HolderKeyMismatch) }
}
