//! The ordered checks of one SD-JWT (RFC 9901 §7, SD-JWT VC §3.4): S1 to S12 for the credential, K1 to K8 for the holder.
//!
//! In: a text, what the request expects of it, the trusted issuers, the time. Out: a [`Credential`], or the first reason
//! it is not one. Knows no session and no query.

use claimgate_packet::jose::digest::sha256_text;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::credential::{Credential, Term};
use super::jws::Compact;
use super::key::PublicKey;
use super::limits::PAYLOAD_JSON;
use super::reason::Reason;
use super::sdjwt::SdJwt;
use super::sdjwt::unfold::{AlgorithmAt, Path, Step, check_algorithm, unfold};
use super::status::Reference;
use super::trust::{Issuer, Trust};

pub mod binding;

use binding::Proof;

/// How strict the reading is. TWDIW has a reader of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// SD-JWT VC: `typ` is `dc+sd-jwt`, `vct` and `exp` are there.
    Credential,
    /// The same, with the issuer's key by certificate (HAIP 1.0).
    Haip,
    /// Any SD-JWT (RFC 9901).
    Raw,
}

/// What a request expects of one presentation.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// How strict.
    pub strictness: Strictness,
    /// The types that were asked for; empty for any.
    pub types: &'a [String],
    /// What the holder must prove; none where the policy asks for no proof.
    pub proof: Option<Proof<'a>>,
}

/// Names that no disclosure may carry: the registered claims (SD-JWT VC §3.2.2.2) and those that name keys and types.
const REGISTERED: [&str; 9] = ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "_sd_alg"];

/// Verifies one presentation.
///
/// # Errors
/// The first [`Reason`], in the order of the checks.
pub fn verify(text: &str, expected: &Expected<'_>, trust: &Trust, now: Timestamp) -> Result<Credential, Reason> {
    let parts = SdJwt::parse(text)?;
    let mut jwt = Compact::parse(parts.jwt, PAYLOAD_JSON).ok_or(Reason::SdJwtMalformed)?;
    check_typ(&jwt, expected.strictness)?;
    jwt.check_algorithm()?;
    let (id, issuer, key) = trust.resolve(&jwt, expected.strictness == Strictness::Haip, now)?;
    if !jwt.verified_by(&key) {
        return Err(Reason::IssuerSignatureInvalid);
    }
    // Keys that count for any issuer are for files: no session is answered by them.
    if expected.strictness != Strictness::Raw && issuer.id.is_empty() {
        return Err(Reason::IssuerUntrusted);
    }
    let kind = jwt.text("vct").unwrap_or_default().to_owned();
    if !issuer.counts_for(&kind) {
        return Err(Reason::IssuerUntrusted);
    }
    check_algorithm(&mut jwt.payload, AlgorithmAt::Top)?;
    let unfolded = unfold(std::mem::take(&mut jwt.payload), &parts.disclosures)?;
    if expected.strictness != Strictness::Raw {
        check_registered(&unfolded.disclosed, &REGISTERED)?;
    }
    let claims = unfolded.claims;
    let strict = expected.strictness != Strictness::Raw;
    let term = Term::check(&claims, strict, now)?;
    check_type(&claims, expected, strict, issuer)?;
    let status = Reference::of_token(&claims)?;
    let holder = match holder_key(&claims) {
        // A file may be bound by means nobody reads here: it counts as unbound.
        Err(_) if !strict && expected.proof.is_none() => None,
        found => found?,
    };
    if let Some(proof) = &expected.proof {
        let key = holder.as_ref().ok_or(Reason::KeyBindingMissing)?;
        proof.check(&parts, key, now)?;
    }
    let integrity = claims.get("vct#integrity").and_then(Value::as_str).map(str::to_owned);
    Ok(Credential {
        issuer: id,
        kind,
        claims,
        holder,
        valid_from: term.from,
        valid_until: term.until,
        status,
        integrity,
        disclosed: unfolded.disclosed,
        concealing: unfolded.concealing,
        digest: sha256_text(parts.jwt.as_bytes()),
    })
}

fn check_typ(jwt: &Compact<'_>, strictness: Strictness) -> Result<(), Reason> {
    let fits = match strictness {
        Strictness::Credential | Strictness::Haip => jwt.has_typ(&["dc+sd-jwt"]),
        Strictness::Raw => jwt.is_plain() && jwt.header("typ").is_none_or(|typ| typ.ends_with("sd-jwt")),
    };
    if fits { Ok(()) } else { Err(Reason::TypUnsupported) }
}

/// Check S10: none of some names at the top came by a disclosure.
pub(super) fn check_registered(disclosed: &[Path], names: &[&str]) -> Result<(), Reason> {
    let registered = |path: &Path| matches!(path.first(), Some(Step::Name(name)) if names.contains(&name.as_str()));
    if disclosed.iter().any(registered) { Err(Reason::RegisteredClaimDisclosable) } else { Ok(()) }
}

/// Check S12. Another name of the type counts like the type itself: where it was asked for and the issuer speaks for it.
fn check_type(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
    strict: bool,
    issuer: &Issuer,
) -> Result<(), Reason> {
    let known = claims.get("vct").map(|vct| vct.as_str().filter(|vct| !vct.is_empty()));
    let also = match claims.get("aka_vcts") {
        None => Vec::new(),
        Some(Value::Array(also)) => also.iter().filter_map(Value::as_str).collect(),
        Some(_) => return Err(Reason::CredentialMalformed),
    };
    match known {
        Some(None) => return Err(Reason::CredentialMalformed),
        None if strict => return Err(Reason::CredentialMalformed),
        None | Some(Some(_)) => {}
    }
    let asked = |name: &str| expected.types.iter().any(|asked| asked == name);
    let named =
        known.flatten().is_some_and(asked) || also.into_iter().any(|name| asked(name) && issuer.counts_for(name));
    let fits = expected.types.is_empty() || named;
    if fits { Ok(()) } else { Err(Reason::CredentialTypeMismatch) }
}

/// The key of `cnf.jwk`; none where there is no `cnf`.
fn holder_key(claims: &Map<String, Value>) -> Result<Option<PublicKey>, Reason> {
    match claims.get("cnf") {
        None => Ok(None),
        Some(cnf) => {
            let key = cnf.get("jwk").and_then(PublicKey::from_jwk);
            key.map(Some).ok_or(Reason::HolderKeyMismatch)
        }
    }
}
