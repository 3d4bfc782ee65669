//! The receipt (簽收回條): what a recipient signs when it acknowledges a packet (packet.md, "Receipt").
//!
//! In: what was opened and the recipient's registered signing key, or the text of a receipt and what it must say.
//! Out: a compact JWS, or the receipt that was verified. No clock: the time is handed in.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jose::json::parse_object;
use crate::jose::jwk::{PrivateJwk, PublicJwk};
use crate::jose::jws::{self, Jws, JwsError};
use crate::limits::{RECEIPT_BYTES, RECEIPT_JSON};
use crate::manifest::is_id;
use crate::open::Opened;
use crate::words::Line;

mod refusal;

pub use refusal::Refusal;

/// The `typ` of a receipt.
pub const TYP: &str = "claim-receipt+jws";
/// How far the recipient's clock may be from the gateway's (security.md J9).
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What a recipient says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Opened and verified.
    Accepted,
    /// Could not be opened or verified.
    Rejected,
}

/// A receipt: the payload of the JWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Delivery id, `dlv_` + UUIDv7.
    pub delivery_id: String,
    /// Packet id, `pkt_` + UUIDv7.
    pub packet_id: String,
    /// Line of insurance.
    pub line: Line,
    /// When it was signed, in whole seconds (`iat`).
    pub signed_at: Timestamp,
    /// SHA-256 of the decrypted presentation, base64url. Absent only where it was rejected before it decrypted.
    pub presentation_digest: Option<String>,
    /// The result.
    pub result: Verdict,
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    delivery_id: String,
    packet_id: String,
    line: Line,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    presentation_digest: Option<String>,
    result: Verdict,
}

/// A member that may be absent but, where it stands, is a text and not `null`.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// What a receipt must say to count for a delivery.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The delivery that is acknowledged.
    pub delivery_id: &'a str,
    /// Its packet.
    pub packet_id: &'a str,
    /// Its line.
    pub line: Line,
    /// SHA-256 of its presentation, base64url.
    pub presentation_digest: &'a str,
    /// When the packet was signed: no receipt is older.
    pub issued_at: Timestamp,
    /// When the receipt came in.
    pub now: Timestamp,
}

impl Receipt {
    /// The receipt of a packet that was opened and verified.
    #[must_use]
    pub fn accepted(delivery_id: String, opened: &Opened, at: Timestamp) -> Self {
        Self {
            delivery_id,
            packet_id: opened.packet_id.clone(),
            line: opened.recipient.line,
            signed_at: at,
            presentation_digest: Some(opened.presentation_digest.clone()),
            result: Verdict::Accepted,
        }
    }
}

/// Signs a receipt with the recipient's registered signing key, ES256 or EdDSA.
///
/// These two, as for manifests, and no RSA: every recipient has such a key for the token endpoint, and one form less
/// is one thing less to get wrong for years.
///
/// # Errors
/// [`Refusal::Key`] for a key of another algorithm or one that does not count at that time; [`Refusal::Malformed`] for
/// an accepted receipt without a digest.
pub fn sign(receipt: &Receipt, key: &PrivateJwk) -> Result<String, Refusal> {
    if !key.alg().signs_packets() || !key.valid_at(receipt.signed_at) {
        return Err(Refusal::Key);
    }
    let wire = Wire {
        delivery_id: receipt.delivery_id.clone(),
        packet_id: receipt.packet_id.clone(),
        line: receipt.line,
        iat: receipt.signed_at.as_second(),
        presentation_digest: receipt.presentation_digest.clone(),
        result: receipt.result,
    };
    let payload = serde_json::to_vec(&wire).map_err(|_| Refusal::Malformed)?;
    read(&payload)?;
    jws::sign(&payload, TYP, key).map_err(|_| Refusal::Key)
}

/// Verifies a receipt with the recipient's registered keys and compares it with the delivery it is for.
///
/// Only signing keys for ES256 and EdDSA count, whatever else the recipient has registered. The header's `kid` is an
/// index among them, its `alg` must be that of the key.
///
/// # Errors
/// The first [`Refusal`], in the order of [`Refusal::ALL`].
pub fn verify(text: &str, keys: &[PublicJwk], expected: &Expected<'_>) -> Result<Receipt, Refusal> {
    let (receipt, key) = signed(text, keys)?;
    if !key.valid_at(expected.now) {
        return Err(Refusal::Key);
    }
    let early = expected.issued_at.duration_since(receipt.signed_at) > SKEW;
    if early || receipt.signed_at.duration_since(expected.now) > SKEW {
        return Err(Refusal::Time);
    }
    compare(&receipt, expected)?;
    Ok(receipt)
}

/// Reads a receipt that was kept: signed by one of these keys, which counted at that time, whatever became of it since.
/// Gives the key with it.
///
/// For whom it counts, and whether it is for a given delivery, is the caller's to compare.
///
/// # Errors
/// [`Refusal`], up to [`Refusal::Key`] in the order of [`Refusal::ALL`].
pub fn signed<'a>(text: &str, keys: &'a [PublicJwk]) -> Result<(Receipt, &'a PublicJwk), Refusal> {
    if text.len() > RECEIPT_BYTES {
        return Err(Refusal::TooLarge);
    }
    let jws = Jws::parse(text, Some(TYP), RECEIPT_JSON.bytes).map_err(|error| match error {
        JwsError::Malformed => Refusal::Malformed,
        JwsError::TooLarge => Refusal::TooLarge,
        JwsError::Header | JwsError::Signature | JwsError::Key => Refusal::Header,
    })?;
    let mut signing = keys.iter().filter(|key| key.alg.signs_packets());
    let key = signing.find(|key| key.kid == jws.kid()).ok_or(Refusal::UnknownKey)?;
    let receipt = read(&jws.verify(key).map_err(|_| Refusal::Signature)?)?;
    if key.valid_at(receipt.signed_at) { Ok((receipt, key)) } else { Err(Refusal::Key) }
}

fn compare(receipt: &Receipt, expected: &Expected<'_>) -> Result<(), Refusal> {
    let digest = receipt.presentation_digest.as_deref();
    let checks = [
        (receipt.delivery_id == expected.delivery_id, Refusal::Delivery),
        (receipt.packet_id == expected.packet_id, Refusal::Packet),
        (receipt.line == expected.line, Refusal::Line),
        (digest.is_none_or(|digest| digest == expected.presentation_digest), Refusal::Digest),
    ];
    checks.into_iter().try_for_each(|(holds, refusal)| if holds { Ok(()) } else { Err(refusal) })
}

/// Reads a payload: these members and no other, each once and of its type.
fn read(payload: &[u8]) -> Result<Receipt, Refusal> {
    let payload = parse_object(payload, RECEIPT_JSON).map_err(|_| Refusal::Malformed)?;
    let wire: Wire = serde_json::from_value(Value::Object(payload)).map_err(|_| Refusal::Malformed)?;
    let known = wire.presentation_digest.as_ref().is_some_and(|digest| digest.len() == 43);
    let absent = wire.presentation_digest.is_none() && wire.result == Verdict::Rejected;
    if !(is_id(&wire.delivery_id, "dlv_") && is_id(&wire.packet_id, "pkt_") && (known || absent)) {
        return Err(Refusal::Malformed);
    }
    Ok(Receipt {
        delivery_id: wire.delivery_id,
        packet_id: wire.packet_id,
        line: wire.line,
        signed_at: Timestamp::from_second(wire.iat).map_err(|_| Refusal::Malformed)?,
        presentation_digest: wire.presentation_digest,
        result: wire.result,
    })
}

#[cfg(test)]
mod tests;
