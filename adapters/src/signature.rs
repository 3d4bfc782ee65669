//! Source signatures (來源簽章): what a hospital sent and the keys trusted for it → who signed it, how, since when.
//!
//! Three profiles and nothing else: `Bundle.signature` (JWS or PKCS#7), a PKCS#7 signature over the body beside it
//! (`Content-Signature`), an HTTP message signature (RFC 9421). A signature that is there and does not verify refuses
//! the push. One that cannot be checked is a warning, and the evidence says what it says without any.
//! Must not know: where keys are kept, what time it is, what becomes of the evidence.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_fhir::{parse, xml};
use claimgate_packet::evidence::Verification;
use claimgate_packet::jose::jwk::PublicJwk;
use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hospital::{Refused, Rejection};

mod fault;
mod tlv;

mod key;
mod source_key;

mod authority;

mod assertion;
mod bundle;
mod call;
mod canonical;
mod cms;
mod http;
mod kept;
mod pdf;
mod person;
pub(crate) mod provider;
mod sign;

use bundle::By;
use fault::{FOREIGN, Fault, invalid, not_checked};

pub use assertion::{Asked as AssertionAsked, Asserted, AssertionKeys, NotAsserted, check_assertion};
pub(crate) use authority::Untrusted;
pub use authority::{Authorities, AuthorityError, Revocation, Standing, certificates_in, lists_in};
pub use call::{CallRefused, SignedCall, check_call};
pub use canonical::Numbers;
pub use http::answer::{ANSWER_TAG, Answer, AnswerDraft};
pub use kept::Covered;
pub use pdf::{PdfSigner, PdfStanding, check_pdf};
pub use person::{Claimed, NotPerson, PERSON_ATTRIBUTES, PersonSigner, check_person};
pub use sign::sign_bundle;
pub use source_key::{HttpAlgorithm, SourceKey, SourceKeyError};

/// Characters of the header field `Content-Signature`: base64 of 9 KiB of DER.
const CONTENT_SIGNATURE: usize = 12 << 10;

/// A request as it arrived: a push, or a recipient's call. Target parts are those of the public address, without what a proxy changed.
#[derive(Clone, Copy)]
pub struct Push<'a> {
    /// `POST` or `PUT`.
    pub method: &'a str,
    /// `https`.
    pub scheme: &'a str,
    /// Host and, where it is not the usual one, port.
    pub authority: &'a str,
    /// The path as it was sent, percent-encoding untouched.
    pub path: &'a str,
    /// What follows the question mark, where there is one.
    pub query: Option<&'a str>,
    /// Header fields in the order received; a name may stand several times.
    pub headers: &'a [(&'a str, &'a str)],
    /// The exact bytes.
    pub body: &'a [u8],
    /// How the body is written.
    pub format: Format,
}

opaque_debug!(Push<'_>);

impl Push<'_> {
    /// The value of a field: all of its lines, trimmed, with commas between (RFC 9421 §2.1).
    fn field(&self, name: &str) -> Option<String> {
        let lines = self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        let lines: Vec<&str> = lines.map(|(_, value)| value.trim_matches([' ', '\t'])).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }
}

/// What is trusted for the sender of a push.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// The sender's registered keys; those for signatures and in force count.
    pub keys: &'a [PublicJwk],
    /// Further keys of the sender for HTTP message signatures: RSA and Ed25519.
    pub http_keys: &'a [SourceKey],
    /// Certificate authorities, where the operator trusts any.
    pub authorities: Option<&'a Authorities>,
    /// Whether a push of this sender without a verified signature is refused.
    pub required: bool,
}

/// How a source signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A PKCS#7 signature with a certificate of the institution (醫事機構憑證).
    Cms,
    /// A JWS with a registered key.
    Jws,
    /// An HTTP message signature with a registered key.
    HttpMessageSignature,
}

/// What a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covers {
    /// The Bundle in its canonical form, without signature; without its own id and meta, unless these were named.
    CanonicalBundle,
    /// The bytes of the body.
    Body,
}

/// A source signature that verified: kept with the bytes it covers, so that anyone can verify it again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSignature {
    /// How it was made.
    pub method: Method,
    /// What it covers.
    pub covers: Covers,
    /// Its algorithm in the words of its method.
    pub algorithm: String,
    /// The registered key's id, or `x5t#S256:` and the SHA-256 of the certificate, base64url.
    pub key: String,
    /// The registered key itself, so that it proves the signature also when it is registered no more: a JWK, or
    /// `kid`, `alg` and `spki`; absent for certificates, which stand in the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Value>,
    /// The institution code (醫事機構代碼) the certificate was issued to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub institution: Option<String>,
    /// When, by the signer's own clock: a claim, covered by the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// When it was verified (UTC).
    pub verified_at: Timestamp,
    /// Whether the certificates were still in force; absent for registered keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
    /// How the numbers of the canonical form are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Numbers>,
    /// The signature base of an HTTP message signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The signature: a detached JWS, or base64.
    pub signature: String,
}

opaque_debug!(SourceSignature);

impl SourceSignature {
    /// The words that stand in the evidence (`verified`), instead of those of an unsigned push.
    #[must_use]
    pub fn verification(&self) -> Verification {
        let method = match self.method {
            Method::Cms => "source-signature-cms",
            Method::Jws => "source-signature-jws",
            Method::HttpMessageSignature => "http-message-signature",
        };
        let result = match self.revocation {
            Some(Revocation::Unchecked) => "verified-revocation-unchecked",
            Some(Revocation::Good) | None => "verified",
        };
        Verification {
            method: method.to_owned(),
            result: result.to_owned(),
            at: self.verified_at,
            key: Some(self.key.clone()),
        }
    }
}

/// What was found on a push that is not refused.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What verified, the strongest first: by certificate, by key over the Bundle, by key over the request.
    pub signatures: Vec<SourceSignature>,
    /// Signatures that could not be checked.
    pub warnings: Vec<Issue>,
}

impl Checked {
    /// The strongest signature.
    #[must_use]
    pub fn strongest(&self) -> Option<&SourceSignature> {
        self.signatures.first()
    }
}

/// Checks every signature of a push. `institution` is the code (醫事機構代碼) its Bundle names and its sender is
/// registered with; a certificate must be issued to it.
///
/// # Errors
/// All findings, where a signature is there and does not verify, or none verifies and one is required.
pub fn check(
    push: &Push<'_>,
    institution: &str,
    trust: &Trust<'_>,
    limits: &Limits,
    now: Timestamp,
) -> Result<Checked, Rejection> {
    let found = [
        in_bundle(push, institution, trust, limits, now).map(|one| ("Bundle.signature", one)),
        beside_body(push, institution, trust, now).map(|one| ("http.content-signature", one)),
        of_request(push, trust, now).map(|one| ("http.signature", one)),
    ];
    let (mut checked, mut issues) = (Checked::default(), Vec::new());
    for (place, one) in found.into_iter().flatten() {
        match one {
            Ok(signature) => checked.signatures.push(signature),
            Err(fault) => issues.push(fault.issue(place)),
        }
    }
    checked.signatures.sort_by_key(|one| match one.method {
        Method::Cms => 0,
        Method::Jws => 1,
        Method::HttpMessageSignature => 2,
    });
    if trust.required && checked.signatures.is_empty() && !issues.iter().any(Issue::refuses) {
        let text = "A push of yours needs a signature that verifies, and this one has none. Sign it in one of the ways of \
                    docs/source-signatures.md.";
        issues.push(
            Issue::error(IssueKind::Security, "signature.required", text).at("Bundle.signature").zh("缺少電子簽章"),
        );
    }
    if issues.iter().any(Issue::refuses) {
        issues.sort_by_key(|issue| issue.severity);
        return Err(Rejection { reason: Refused::Unprocessable, issues });
    }
    Ok(Checked { warnings: issues, ..checked })
}

type Found = Option<Result<SourceSignature, Fault>>;

fn in_bundle(push: &Push<'_>, institution: &str, trust: &Trust<'_>, limits: &Limits, now: Timestamp) -> Found {
    // Most pushes have none: they are not read a second time. An escaped letter may spell the name otherwise.
    let text = std::str::from_utf8(push.body).ok()?;
    if !text.contains("signature") && !text.contains("\\u00") {
        return None;
    }
    let root = match push.format {
        Format::Json => parse::parse(push.body, limits),
        Format::Xml => xml::parse(push.body, limits),
    };
    // What cannot be read is refused by the reader of the Bundle, with better words than could be found here.
    let root = root.ok()?;
    let signature = root.get("signature").filter(|signature| !signature.is_null())?;
    Some(verify_bundle(push, signature, institution, trust, now))
}

fn verify_bundle(
    push: &Push<'_>,
    signature: &Value,
    institution: &str,
    trust: &Trust<'_>,
    now: Timestamp,
) -> Result<SourceSignature, Fault> {
    if push.format != Format::Json {
        return Err(not_checked(
            "Bundle.signature is checked in JSON only, so here it proves nothing to the insurer. Send the Bundle as \
             application/fhir+json, or sign the body (Content-Signature).",
        ));
    }
    let verified = bundle::verify(signature, push.body, trust.keys, trust.authorities, now)?;
    let numbers = Some(verified.numbers);
    match verified.by {
        By::Jws { key, algorithm } => Ok(SourceSignature {
            method: Method::Jws,
            covers: Covers::CanonicalBundle,
            algorithm: algorithm.to_owned(),
            key: key.kid.clone(),
            public_key: Some(key.to_json()),
            institution: None,
            signed_at: None,
            verified_at: now,
            revocation: None,
            numbers,
            base: None,
            signature: verified.signature,
        }),
        By::Cms(by) => certified(&by, Covers::CanonicalBundle, numbers, verified.signature, institution, now),
    }
}

fn beside_body(push: &Push<'_>, institution: &str, trust: &Trust<'_>, now: Timestamp) -> Found {
    let field = push.field("content-signature")?;
    let verify = || {
        let der =
            Some(&field).filter(|field| field.len() <= CONTENT_SIGNATURE).and_then(|field| STANDARD.decode(field).ok());
        let der = der.ok_or(invalid(
            "Content-Signature is one line of base64 (RFC 4648 §4) of a detached PKCS#7 signature in DER, at most 12 KiB.",
        ))?;
        let verified = cms::verify(&der, &[push.body], trust.authorities, now)?;
        certified(&verified, Covers::Body, None, field, institution, now)
    };
    Some(verify())
}

/// A certificate counts for its own institution alone.
fn certified(
    by: &cms::Verified,
    covers: Covers,
    numbers: Option<Numbers>,
    signature: String,
    institution: &str,
    now: Timestamp,
) -> Result<SourceSignature, Fault> {
    if !by.signer.is_institution(institution)? {
        return Err(FOREIGN);
    }
    Ok(SourceSignature {
        method: Method::Cms,
        covers,
        algorithm: by.algorithm.to_owned(),
        key: format!("x5t#S256:{}", by.signer.fingerprint),
        public_key: None,
        institution: Some(institution.to_owned()),
        signed_at: by.signed_at,
        verified_at: now,
        revocation: Some(by.signer.revocation),
        numbers,
        base: None,
        signature,
    })
}

fn of_request(push: &Push<'_>, trust: &Trust<'_>, now: Timestamp) -> Found {
    let registered = trust.keys.iter().filter(|key| key.valid_at(now)).filter_map(SourceKey::from_jwk);
    let keys: Vec<SourceKey> = registered.chain(trust.http_keys.iter().cloned()).collect();
    let verified = match http::verify(push, &keys, now)? {
        Ok(verified) => verified,
        Err(fault) => return Some(Err(fault)),
    };
    Some(Ok(SourceSignature {
        method: Method::HttpMessageSignature,
        covers: Covers::Body,
        algorithm: verified.algorithm.to_owned(),
        key: verified.key,
        public_key: Some(verified.public_key),
        institution: None,
        signed_at: Some(verified.signed_at),
        verified_at: now,
        revocation: None,
        numbers: None,
        base: Some(verified.base),
        signature: STANDARD.encode(&verified.signature),
    }))
}

#[cfg(test)]
mod tests;
