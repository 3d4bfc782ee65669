//! `StatusList2021` as TWDIW signs it: a VC JWT by the key `key-2` of the issuer's `jku`, gzip in ordinary base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use claimgate_packet::jose::json::parse_object;
use flate2::read::GzDecoder;
use jiff::Timestamp;
use serde_json::Value;

use super::list::{Form, List, refresh, unpack};
use super::{Kind, Reference};
use crate::wallet::jws::{Compact, seconds};
use crate::wallet::limits::{LIST_BYTES, LIST_JSON};
use crate::wallet::reason::Reason;
use crate::wallet::trust::{IssuerKeys, Trust, host_of};

/// Bytes a list has at least, 131,072 entries: a shorter one would tell who is asked for.
const LEAST: usize = 16 << 10;

/// The token inside what the status host answers: `{"statusList": ".."}`, or the token alone.
#[must_use]
pub fn token_in(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= LIST_BYTES)?.trim_ascii();
    if text.starts_with('{') {
        let answer = parse_object(text.as_bytes(), LIST_JSON).ok()?;
        return Some(answer.get("statusList")?.as_str()?.to_owned());
    }
    Some(text.to_owned())
}

/// Reads the list a reference of a TWDIW credential names; `issuer` is the credential's `iss`.
///
/// # Errors
/// [`Reason::StatusUntrusted`], [`Reason::StatusMismatch`], [`Reason::StatusStale`], [`Reason::StatusMalformed`].
pub fn read(token: &str, reference: &Reference, issuer: &str, trust: &Trust, now: Timestamp) -> Result<List, Reason> {
    let Kind::List2021(purpose) = reference.kind else { return Err(Reason::StatusMismatch) };
    if token.len() > LIST_BYTES {
        return Err(Reason::StatusMalformed);
    }
    let jwt = Compact::parse(token, LIST_JSON).ok_or(Reason::StatusMalformed)?;
    let key = crate::wallet::twdiw::did::key_of(issuer);
    let issuer = key.as_ref().and_then(|key| trust.registered(key)).map(|(issuer, _)| issuer);
    let Some(IssuerKeys::Registered(registered)) = issuer.map(|issuer| &issuer.keys) else {
        return Err(Reason::StatusUntrusted);
    };
    let at_host = |address: &str| host_of(address).is_some_and(|host| host == registered.host);
    let signed = registered.list_keys.find(jwt.header("kid")).is_some_and(|key| jwt.verified_by(key));
    let of_host = jwt.header("jku").is_none_or(at_host) && at_host(&reference.uri);
    if !jwt.has_typ(&["JWT"]) || jwt.check_algorithm().is_err() || !of_host || !signed {
        return Err(Reason::StatusUntrusted);
    }
    // The DID may be spelled otherwise than in the credential: the keys decide.
    let same_issuer = jwt.text("iss").and_then(crate::wallet::twdiw::did::key_of) == key;
    let subject = jwt.payload.get("vc").and_then(|vc| vc.get("credentialSubject"));
    let of_subject = |name: &str| subject.and_then(|subject| subject.get(name)).and_then(Value::as_str);
    let same_list = [jwt.text("jti"), jwt.payload.get("vc").and_then(|vc| vc.get("id")).and_then(Value::as_str)]
        .into_iter()
        .flatten()
        .all(|found| found == reference.uri);
    if !same_issuer || !same_list || of_subject("statusPurpose") != Some(purpose.as_str()) {
        return Err(Reason::StatusMismatch);
    }
    let date = |name: &str| seconds(&jwt.payload, name).map_err(|()| Reason::StatusMalformed);
    let time = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    let (since, expires) = (date("nbf")?.map(time), date("exp")?.ok_or(Reason::StatusStale).map(time)?);
    let bytes = of_subject("encodedList").and_then(entries).ok_or(Reason::StatusMalformed)?;
    let list = List {
        uri: reference.uri.clone(),
        form: Form::List2021(purpose),
        since,
        expires: Some(expires),
        refresh_after: refresh(None, Some(expires), now),
        bytes,
    };
    if list.counts_at(now) { Ok(list) } else { Err(Reason::StatusStale) }
}

fn entries(encoded: &str) -> Option<Vec<u8>> {
    // The specification's own spelling is base64url; TWDIW writes the ordinary one.
    let packed = STANDARD.decode(encoded).ok().or_else(|| URL_SAFE_NO_PAD.decode(encoded).ok())?;
    unpack(GzDecoder::new(packed.as_slice())).filter(|bytes| bytes.len() >= LEAST)
}
