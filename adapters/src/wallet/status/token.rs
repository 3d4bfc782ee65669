//! Token Status List (draft-20) as JWT: `statuslist+jwt`, 1, 2, 4 or 8 bits, zlib (checks L3 to L5).

use claimgate_packet::jose::base64url;
use flate2::read::ZlibDecoder;
use jiff::Timestamp;
use serde_json::Value;

use super::list::{Form, List, refresh, unpack};
use crate::wallet::jws::{Compact, seconds};
use crate::wallet::limits::{LIST_BYTES, LIST_JSON};
use crate::wallet::reason::Reason;
use crate::wallet::trust::{IssuerKeys, Trust, chain};

/// Reads the list fetched from `uri` for a credential of `issuer`.
///
/// # Errors
/// [`Reason::StatusUntrusted`], [`Reason::StatusMismatch`], [`Reason::StatusStale`], [`Reason::StatusMalformed`].
pub fn read(token: &str, uri: &str, issuer: &str, trust: &Trust, now: Timestamp) -> Result<List, Reason> {
    if token.len() > LIST_BYTES {
        return Err(Reason::StatusMalformed);
    }
    let jwt = Compact::parse(token.trim_ascii(), LIST_JSON).ok_or(Reason::StatusMalformed)?;
    if !jwt.has_typ(&["statuslist+jwt"]) || jwt.check_algorithm().is_err() {
        return Err(Reason::StatusUntrusted);
    }
    let issuer = trust.find(issuer).ok_or(Reason::StatusUntrusted)?;
    let key = match &issuer.keys {
        IssuerKeys::Certificates(anchors) => {
            let included = chain::included(&jwt.header).map_err(|_| Reason::StatusUntrusted)?;
            // A list may stand at the issuer's host or at that of a service it uses, under the same anchor.
            anchors.key_of(&included, &issuer.id, now).or_else(|_| anchors.key_of(&included, uri, now)).ok()
        }
        IssuerKeys::Published(keys) => keys.find(jwt.header("kid")).cloned(),
        IssuerKeys::Registered(registered) => registered.list_keys.find(jwt.header("kid")).cloned(),
    };
    if !key.is_some_and(|key| jwt.verified_by(&key)) {
        return Err(Reason::StatusUntrusted);
    }
    if jwt.text("sub") != Some(uri) {
        return Err(Reason::StatusMismatch);
    }
    let date = |name: &str| seconds(&jwt.payload, name).map_err(|()| Reason::StatusMalformed);
    let (since, expires, ttl) = (date("iat")?, date("exp")?, date("ttl")?);
    let time = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    let (since, expires) = (since.ok_or(Reason::StatusMalformed).map(time)?, expires.map(time));
    let (bits, bytes) = jwt.payload.get("status_list").and_then(entries).ok_or(Reason::StatusMalformed)?;
    let list = List {
        uri: uri.to_owned(),
        form: Form::Token(bits),
        since: Some(since),
        expires,
        refresh_after: refresh(ttl, expires, now),
        bytes,
    };
    if list.counts_at(now) { Ok(list) } else { Err(Reason::StatusStale) }
}

/// Bits of an entry, and the bytes.
fn entries(list: &Value) -> Option<(u8, Vec<u8>)> {
    let bits = list.get("bits")?.as_u64()?;
    let bits = u8::try_from(bits).ok().filter(|bits| [1, 2, 4, 8].contains(bits))?;
    let packed = base64url::decode(list.get("lst")?.as_str()?)?;
    Some((bits, unpack(ZlibDecoder::new(packed.as_slice()))?))
}
