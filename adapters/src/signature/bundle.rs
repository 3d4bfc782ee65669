//! `Bundle.signature` (FHIR R4 Signature): a detached JWS or PKCS#7 signature over the Bundle's canonical form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{KeyUse, PublicJwk};
use claimgate_packet::jose::jws::Jws;
use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use serde_json::Value;

use super::authority::Authorities;
use super::canonical::{self, Canonicalization, Form, Numbers};
use super::cms;
use super::fault::{Fault, invalid, not_checked};

/// Bytes of a JWS without its payload.
const JWS: usize = 16 << 10;

/// What `Signature.sigFormat` says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Jws,
    Cms,
}

/// A signature that verifies, with the form of the Bundle it covers.
pub(super) struct Verified {
    /// How the numbers were written that it covers.
    pub(super) numbers: Numbers,
    /// The signature as it stands in the Bundle, base64 taken off once: a JWS, or PKCS#7 in base64.
    pub(super) signature: String,
    /// Who.
    pub(super) by: By,
}

/// Who signed.
pub(super) enum By {
    /// A registered key.
    Jws {
        /// The key, as it stood in the registration.
        key: PublicJwk,
        /// `ES256`, `ES384` or `EdDSA`.
        algorithm: &'static str,
    },
    /// The holder of a certificate.
    Cms(cms::Verified),
}

opaque_debug!(Verified, By);

/// Verifies `Bundle.signature`. `bundle` is the same bytes as `root`, which was read from them with all bounds.
///
/// # Errors
/// What is wrong with its form, its content, its key or its certificate.
pub(super) fn verify(
    signature: &Value,
    bundle: &[u8],
    keys: &[PublicJwk],
    authorities: Option<&Authorities>,
    now: Timestamp,
) -> Result<Verified, Fault> {
    let format = format(signature)?;
    let covered = canonicalization(signature)?;
    let data = signature
        .get("data")
        .and_then(Value::as_str)
        .ok_or(invalid("Bundle.signature.data is missing or no text. It holds the signature in base64."))?;
    // The base64 of JWS or DER, and the white space FHIR allows within.
    if data.len() > cms::BYTES * 3 / 2 {
        return Err(invalid(
            "Bundle.signature.data is larger than 64 KiB. Leave out what the signature does not need.",
        ));
    }
    let data: String = data.chars().filter(|sign| !matches!(sign, ' ' | '\t' | '\r' | '\n')).collect();
    let bytes = STANDARD
        .decode(&data)
        .map_err(|_| invalid("Bundle.signature.data is not base64 (RFC 4648 §4, with padding). Encode it so."))?;
    let forms =
        canonical::forms(bundle, covered).ok_or(invalid("The Bundle has no canonical form. Send a JSON object."))?;
    match format {
        Format::Jws => {
            let text = String::from_utf8(bytes).map_err(|_| DETACHED)?;
            let (numbers, by) = jws(&text, &forms, keys, now)?;
            Ok(Verified { numbers, signature: text, by })
        }
        Format::Cms => {
            let contents: Vec<&[u8]> = forms.iter().map(|form| form.bytes.as_slice()).collect();
            let verified = cms::verify(&bytes, &contents, authorities, now)?;
            let numbers = forms.get(verified.content).map_or(Numbers::AsWritten, |form| form.numbers);
            Ok(Verified { numbers, signature: data, by: By::Cms(verified) })
        }
    }
}

fn format(signature: &Value) -> Result<Format, Fault> {
    let text = signature.get("sigFormat").and_then(Value::as_str).map(media_type);
    match text.as_deref() {
        Some("application/jose") => Ok(Format::Jws),
        Some("application/pkcs7-signature") => Ok(Format::Cms),
        _ => Err(not_checked(
            "Bundle.signature is of a form that is not checked, so it proves nothing to the insurer. Use sigFormat \
             application/jose or application/pkcs7-signature.",
        )),
    }
}

/// The canonicalization `Signature.targetFormat` names as a parameter; a document's own, where it names none.
pub(super) fn canonicalization(signature: &Value) -> Result<Canonicalization, Fault> {
    let Some(target) = signature.get("targetFormat").and_then(Value::as_str) else {
        return Ok(Canonicalization::Document);
    };
    let parameter = target.split(';').skip(1).find_map(|part| part.trim().strip_prefix("canonicalization="));
    match (media_type(target).as_str(), parameter.map(|name| name.trim_matches('"'))) {
        ("application/fhir+json", None | Some("http://hl7.org/fhir/canonicalization/json#document")) => {
            Ok(Canonicalization::Document)
        }
        ("application/fhir+json", Some("http://hl7.org/fhir/canonicalization/json")) => {
            Ok(Canonicalization::Everything)
        }
        _ => Err(not_checked(
            "Bundle.signature covers a form of the Bundle that is not checked, so it proves nothing to the insurer. Sign \
             application/fhir+json;canonicalization=http://hl7.org/fhir/canonicalization/json#document.",
        )),
    }
}

fn media_type(text: &str) -> String {
    text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase()
}

const DETACHED: Fault = invalid(
    "Bundle.signature.data is not a detached JWS: base64 of header..signature, the payload part empty (RFC 7515 appendix F), \
     the header { alg, kid } and, if wanted, typ JOSE; nothing else.",
);

/// Verifies a detached JWS over one of some forms.
fn jws(text: &str, forms: &[Form], keys: &[PublicJwk], now: Timestamp) -> Result<(Numbers, By), Fault> {
    if text.len() > JWS {
        return Err(invalid("The JWS is larger than 16 KiB. Leave the payload part empty, and certificates out."));
    }
    let (header, signature) = text.split_once("..").filter(|(header, _)| !header.contains('.')).ok_or(DETACHED)?;
    // A header is read before a payload is put in: nothing is paid for a form that is not taken.
    let typ = typ(text.replace("..", ".e30.").as_str())?;
    for form in forms {
        let attached = format!("{header}.{}.{signature}", base64url::encode(&form.bytes));
        // The Bundle was bounded when it was read.
        let read = Jws::parse(&attached, typ, form.bytes.len()).map_err(|_| DETACHED)?;
        let key = keys.iter().find(|key| key.kid == read.kid() && key.usage == KeyUse::Sig && key.valid_at(now));
        let key = key.ok_or(invalid(
            "No key registered for you has the kid of the JWS, or it is not in force now. Sign with a registered one, or \
             have the operator register this one.",
        ))?;
        if read.verify(key).is_ok() {
            return Ok((form.numbers, By::Jws { key: key.clone(), algorithm: key.alg.as_str() }));
        }
    }
    Err(invalid(
        "The JWS does not verify over the Bundle's canonical form. Take signature, id and meta out of the Bundle, write the \
         rest by RFC 8785, sign that with the registered key and its algorithm, and change nothing afterwards.",
    ))
}

/// Which of the two headers it has: without `typ`, so that no client assertion can pass as one, or with `JOSE`.
fn typ(stub: &str) -> Result<Option<&'static str>, Fault> {
    [None, Some("JOSE")].into_iter().find(|typ| Jws::parse(stub, *typ, JWS).is_ok()).ok_or(DETACHED)
}
