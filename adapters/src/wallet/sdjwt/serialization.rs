//! The JSON serializations of an SD-JWT (RFC 9901 §8) as the compact text they stand for. For tests and mandates that
//! come as files: no wallet protocol sends them.

use claimgate_packet::jose::json::parse_object;
use serde_json::{Map, Value};

use crate::wallet::limits::{ANSWER_JSON, DISCLOSURES};
use crate::wallet::reason::Reason;

/// The compact text of a flattened or general serialization; of several signatures the one with the disclosures, the
/// first, counts.
///
/// # Errors
/// [`Reason::SdJwtMalformed`].
pub fn compact(bytes: &[u8]) -> Result<String, Reason> {
    let whole = parse_object(bytes, ANSWER_JSON).map_err(|_| Reason::SdJwtMalformed)?;
    written(&whole).ok_or(Reason::SdJwtMalformed)
}

fn written(whole: &Map<String, Value>) -> Option<String> {
    let first = match whole.get("signatures") {
        Some(signatures) => signatures.as_array()?.first()?.as_object()?,
        None => whole,
    };
    let text = |map: &Map<String, Value>, name: &str| Some(map.get(name)?.as_str()?.to_owned());
    let header = first.get("header").and_then(Value::as_object)?;
    let disclosures = header.get("disclosures").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut written = [text(first, "protected")?, text(whole, "payload")?, text(first, "signature")?].join(".");
    written.push('~');
    for one in disclosures.iter().take(DISCLOSURES + 1) {
        written.push_str(one.as_str().filter(|one| !one.contains('~'))?);
        written.push('~');
    }
    if let Some(binding) = header.get("kb_jwt") {
        written.push_str(binding.as_str().filter(|binding| !binding.contains('~'))?);
    }
    Some(written)
}
