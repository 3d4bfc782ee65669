//! HTTP Message Signatures (RFC 9421) over a request, bound to its body by `Content-Digest` (RFC 9530).
//!
//! The profiles: one signature; method, target, content-digest and content-type are covered; `created` within five
//! minutes before. A recipient's call also covers its access token and has a nonce. In: the request as plain values, the
//! keys registered for its sender. Out: who signed, or why not. `answer` is the gateway's own side.

use claimgate_packet::opaque_debug;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parser};

use super::Push;
use super::fault::{Fault, invalid, not_checked};
use super::source_key::SourceKey;

pub(super) mod answer;
mod base;

/// Bytes of one of the three header fields.
const FIELD: usize = 8 << 10;
/// How old `created` may be.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// How far the signer's clock may be ahead: as for access tokens, a minute is more than any kept clock needs.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);
/// Characters of a key's id or of a nonce.
const TEXT: usize = 256;

const FORM: Fault = invalid(
    "Signature-Input and Signature must each hold one signature under one label (RFC 9421 §4), at most 8 KiB. Remove what \
     is there beside it.",
);
const CALL_FORM: Fault = invalid(
    "Signature-Input and Signature must be there both, each with one signature under one label (RFC 9421 §4), at most 8 KiB.",
);
const CALL_PARAMETERS: Fault = invalid(
    "The signature's parameters are created, keyid, nonce and, if wanted, expires, alg and tag (RFC 9421 §2.3), nothing \
     else; created is whole seconds, keyid a text, and nonce a text of 16 to 256 characters made anew for each request.",
);
const PARAMETERS: Fault = invalid(
    "The signature's parameters are created, keyid and, if wanted, expires, alg, nonce and tag (RFC 9421 §2.3), nothing \
     else; created is whole seconds and keyid a text.",
);
const DIGEST: Fault = invalid(
    "Content-Digest is not that of the body (RFC 9530). Send sha-256 or sha-512 of exactly the bytes sent: \
     Content-Digest: sha-256=:<base64>:",
);

/// Least characters of a nonce: 96 bits in base64.
const NONCE: usize = 16;

/// What is asked of a signature beyond RFC 9421.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// A hospital's push: what it brings is bound to the address it was sent to.
    Push,
    /// A recipient's call that changes state: bound to the one target and to the access token, and counts once.
    Call,
}

/// A signature that verifies.
pub(super) struct Verified {
    /// The key's id.
    pub(super) key: String,
    /// The key itself.
    pub(super) public_key: Value,
    /// The algorithm's name in RFC 9421's registry.
    pub(super) algorithm: &'static str,
    /// When, by the signer's own clock (`created`).
    pub(super) signed_at: Timestamp,
    /// What makes it count once, where it has one.
    pub(super) nonce: Option<String>,
    /// The signature base: with the signature, what proves it later.
    pub(super) base: String,
    /// The signature.
    pub(super) signature: Vec<u8>,
}

opaque_debug!(Verified);

/// Verifies the signature of a request; `None` where it has none.
///
/// # Errors
/// What is wrong with its form, what it covers, its time, its key or the signature itself.
pub(super) fn verify(push: &Push<'_>, keys: &[SourceKey], now: Timestamp) -> Option<Result<Verified, Fault>> {
    let (input, signature) = (push.field("signature-input"), push.field("signature"));
    match (input, signature) {
        (None, None) => None,
        (None, Some(_)) => Some(Err(not_checked(
            "There is a Signature field without Signature-Input: not RFC 9421, and no other form is checked. Sign as \
             docs/source-signatures.md says.",
        ))),
        (Some(_), None) => Some(Err(FORM)),
        (Some(input), Some(signature)) => Some(signed(push, Profile::Push, (&input, &signature), keys, now)),
    }
}

/// Verifies the signature of a recipient's call; `None` where it has none.
///
/// # Errors
/// As [`verify`], and a signature that does not cover the access token or has no nonce.
pub(super) fn verify_call(call: &Push<'_>, keys: &[SourceKey], now: Timestamp) -> Option<Result<Verified, Fault>> {
    match (call.field("signature-input"), call.field("signature")) {
        (None, None) => None,
        (Some(input), Some(signature)) => Some(signed(call, Profile::Call, (&input, &signature), keys, now)),
        _ => Some(Err(CALL_FORM)),
    }
}

fn signed(
    push: &Push<'_>,
    profile: Profile,
    (input, signature): (&str, &str),
    keys: &[SourceKey],
    now: Timestamp,
) -> Result<Verified, Fault> {
    let form = if profile == Profile::Call { CALL_FORM } else { FORM };
    let (label, covered) = one(input)
        .and_then(|(label, entry)| match entry {
            ListEntry::InnerList(list) => Some((label, list)),
            ListEntry::Item(_) => None,
        })
        .ok_or(form)?;
    let signature =
        one(signature).filter(|(found, _)| *found == label).and_then(|(_, entry)| bytes(entry)).ok_or(form)?;
    let parameters = Parameters::read(&covered, profile)?;
    base::check_coverage(push, &covered, profile)?;
    let base = base::signature_base(push, &covered)?;
    check_digest(push)?;
    let signed_at = parameters.check_time(now)?;
    let key = keys.iter().find(|key| key.id() == parameters.key).ok_or(invalid(
        "No key registered for you has this keyid, or it is not in force now. Sign with a registered one, or have the \
         operator register this one.",
    ))?;
    if parameters.algorithm.is_some_and(|name| name != key.algorithm().as_str()) {
        return Err(invalid(
            "The parameter alg is not the algorithm of the key. Leave it out, or name the registered one.",
        ));
    }
    if !key.verifies(base.as_bytes(), &signature) {
        return Err(invalid(
            "The HTTP message signature does not verify. Compare the signature base (RFC 9421 §2.5) with the request as \
             it left, after every proxy of yours: method, target and covered fields must arrive unchanged.",
        ));
    }
    let (public_key, algorithm) = (key.public().clone(), key.algorithm().as_str());
    let nonce = parameters.nonce.map(ToOwned::to_owned);
    Ok(Verified { key: parameters.key.to_owned(), public_key, algorithm, signed_at, nonce, base, signature })
}

/// The one member of a dictionary.
fn one(field: &str) -> Option<(String, ListEntry)> {
    let members = dictionary(field)?;
    let mut members = members.into_iter();
    let (label, entry) = members.next()?;
    members.next().is_none().then(|| (label.as_str().to_owned(), entry))
}

fn dictionary(field: &str) -> Option<Dictionary> {
    if field.len() > FIELD {
        return None;
    }
    Parser::new(field).parse().ok()
}

fn bytes(entry: ListEntry) -> Option<Vec<u8>> {
    match entry {
        ListEntry::Item(item) => match item.bare_item {
            BareItem::ByteSequence(bytes) => Some(bytes),
            _ => None,
        },
        ListEntry::InnerList(_) => None,
    }
}

/// What a signature says of itself.
struct Parameters<'a> {
    created: Timestamp,
    expires: Option<Timestamp>,
    key: &'a str,
    algorithm: Option<&'a str>,
    nonce: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn read(covered: &'a InnerList, profile: Profile) -> Result<Self, Fault> {
        let wrong = if profile == Profile::Call { CALL_PARAMETERS } else { PARAMETERS };
        let (mut created, mut expires, mut key, mut algorithm, mut nonce) = (None, None, None, None, None);
        for (name, value) in &covered.params {
            match (name.as_str(), value) {
                ("created", BareItem::Integer(seconds)) => created = Some(instant(*seconds)?),
                ("expires", BareItem::Integer(seconds)) => expires = Some(instant(*seconds)?),
                ("keyid", BareItem::String(text)) if text.as_str().len() <= TEXT => key = Some(text.as_str()),
                ("alg", BareItem::String(text)) => algorithm = Some(text.as_str()),
                ("nonce", BareItem::String(text)) if text.as_str().len() <= TEXT => nonce = Some(text.as_str()),
                ("tag", BareItem::String(text)) if text.as_str().len() <= TEXT => {}
                _ => return Err(wrong),
            }
        }
        if profile == Profile::Call && nonce.is_none_or(|nonce| nonce.len() < NONCE) {
            return Err(wrong);
        }
        match (created, key) {
            (Some(created), Some(key)) => Ok(Self { created, expires, key, algorithm, nonce }),
            _ => Err(wrong),
        }
    }

    fn check_time(&self, now: Timestamp) -> Result<Timestamp, Fault> {
        let age = now.duration_since(self.created);
        if age > WINDOW || age < -AHEAD {
            return Err(invalid(
                "The signature was created more than five minutes before the gateway's time, or more than one after it. \
                 Sign when you send, and compare the clocks.",
            ));
        }
        if self.expires.is_some_and(|expires| expires <= now) {
            return Err(invalid("The signature has expired (parameter expires). Sign again."));
        }
        Ok(self.created)
    }
}

fn instant(seconds: sfv::Integer) -> Result<Timestamp, Fault> {
    Timestamp::from_second(i64::from(seconds)).map_err(|_| PARAMETERS)
}

/// Every digest of a known algorithm must be that of the body, and there must be one.
fn check_digest(push: &Push<'_>) -> Result<(), Fault> {
    use super::key::Hash;
    let field = push.field("content-digest").ok_or(DIGEST)?;
    let mut known = 0;
    for (name, entry) in dictionary(&field).ok_or(DIGEST)? {
        let hash = match name.as_str() {
            "sha-256" => Hash::Sha256,
            "sha-512" => Hash::Sha512,
            _ => continue,
        };
        if bytes(entry).is_none_or(|digest| digest != hash.digest(push.body).as_ref()) {
            return Err(DIGEST);
        }
        known += 1;
    }
    if known > 0 { Ok(()) } else { Err(DIGEST) }
}

#[cfg(test)]
mod tests;
