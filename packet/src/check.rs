//! The gateway's signature over what a check of a police paper found (查證回條): made once, good for every recipient.
//!
//! In: the check and the packet key, or the evidence that carries it and the gateway's published keys. Out: a compact JWS,
//! or the check that was verified. No clock: the time is handed in.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::evidence::AccidentPaperCheck;
use crate::jose::json::{Limits, parse_object};
use crate::jose::jwk::PrivateJwk;
use crate::jose::jws::{self, Jws};
use crate::limits::RECEIPT_BYTES;
use crate::open::TrustedKeys;

/// The `typ` of a verification receipt.
pub const TYP: &str = "police-check+jws";
const JSON: Limits = Limits { bytes: RECEIPT_BYTES, depth: 1, members: 16 };

/// Why a verification receipt does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, it is too long, or it is not of this form.
    #[error("this is no verification receipt of a police paper")]
    Malformed,
    /// The gateway has published no such key.
    #[error("the receipt names no packet key of the gateway")]
    UnknownKey,
    /// Not signed by the key it names.
    #[error("the receipt's signature does not verify")]
    Signature,
    /// The key did not count when the receipt was signed.
    #[error("the key did not count when the receipt was signed")]
    Key,
    /// It says something else than the document around it.
    #[error("the receipt says something else than its document")]
    Other,
    /// It has ended: the source is to be asked again.
    #[error("the receipt has ended")]
    Ended,
}

/// Signs a check with a packet key, ES256 or EdDSA: the compact JWS for its member `receipt`.
///
/// # Errors
/// [`Refusal::Key`] for a key of another algorithm, [`Refusal::Malformed`] for a check that is too long.
pub fn sign(issuer: &str, check: &AccidentPaperCheck, key: &PrivateJwk) -> Result<String, Refusal> {
    if !key.alg().signs_packets() {
        return Err(Refusal::Key);
    }
    let mut payload = payload(check)?;
    payload.insert("iss".to_owned(), issuer.into());
    let payload = serde_json::to_vec(&payload).map_err(|_| Refusal::Malformed)?;
    if payload.len() > JSON.bytes {
        return Err(Refusal::Malformed);
    }
    jws::sign(&payload, TYP, key).map_err(|_| Refusal::Key)
}

/// Verifies the receipt a document carries: signed by the gateway, over what the document says, and in force.
///
/// # Errors
/// The first [`Refusal`], in the order of their definition.
pub fn verify(check: &AccidentPaperCheck, trust: &TrustedKeys, now: Timestamp) -> Result<(), Refusal> {
    let text = check.receipt.as_deref().filter(|text| text.len() <= 2 * RECEIPT_BYTES).ok_or(Refusal::Malformed)?;
    let jws = Jws::parse(text, Some(TYP), JSON.bytes).map_err(|_| Refusal::Malformed)?;
    let mut keys = trust.keys().iter().filter(|key| key.alg.signs_packets());
    let key = keys.find(|key| key.kid == jws.kid()).ok_or(Refusal::UnknownKey)?;
    let signed = jws.verify(key).map_err(|_| Refusal::Signature)?;
    let mut signed = parse_object(&signed, JSON).map_err(|_| Refusal::Malformed)?;
    if !key.valid_at(check.checked_at) {
        return Err(Refusal::Key);
    }
    let by_issuer = signed.remove("iss").is_some_and(|issuer| issuer == trust.issuer());
    if !by_issuer || signed != payload(check)? {
        return Err(Refusal::Other);
    }
    if now < check.valid_until { Ok(()) } else { Err(Refusal::Ended) }
}

/// What is signed: the document without its receipt.
fn payload(check: &AccidentPaperCheck) -> Result<Map<String, Value>, Refusal> {
    match serde_json::to_value(check) {
        Ok(Value::Object(mut members)) => {
            members.remove("receipt");
            Ok(members)
        }
        _ => Err(Refusal::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jose::jwk::{KeyAlg, KeyUse};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_receipt_counts_for_what_it_was_signed_over_and_until_it_ends() {
        let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, at(0)).unwrap();
        let other = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, at(0)).unwrap();
        let trust = TrustedKeys::new("https://gate.example".to_owned(), vec![key.public()]);
        let mut check: AccidentPaperCheck = serde_json::from_value(json!({
            "accident": "acc_1", "paper": "accident-scene-sketch", "jurisdiction": "TW-TPE", "source": "police-tpe",
            "method": "police-api", "result": "authentic", "version": 1, "answer": "a", "checked_at": at(1_000),
            "valid_until": at(2_000) }))
        .unwrap();
        assert_eq!(verify(&check, &trust, at(1_001)), Err(Refusal::Malformed));
        check.receipt = Some(sign("https://gate.example", &check, &key).unwrap());
        assert_eq!(verify(&check, &trust, at(1_001)), Ok(()));
        assert_eq!(verify(&check, &trust, at(2_000)), Err(Refusal::Ended));
        let mut changed = check.clone();
        changed.version = Some(2);
        assert_eq!(verify(&changed, &trust, at(1_001)), Err(Refusal::Other));
        changed = check.clone();
        changed.receipt = Some(sign("https://other.example", &check, &key).unwrap());
        assert_eq!(verify(&changed, &trust, at(1_001)), Err(Refusal::Other));
        changed.receipt = Some(sign("https://gate.example", &check, &other).unwrap());
        assert_eq!(verify(&changed, &trust, at(1_001)), Err(Refusal::UnknownKey));
        let (body, _) = check.receipt.as_deref().unwrap().rsplit_once('.').unwrap();
        changed.receipt = Some(format!("{body}.{}", "A".repeat(86)));
        assert_eq!(verify(&changed, &trust, at(1_001)), Err(Refusal::Signature));
    }
}
