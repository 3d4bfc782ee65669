//! The cases of receipts.

use claimgate_packet::jose::base64url;
use claimgate_packet::receipt::{Receipt, TYP, Verdict, sign};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::bench::Bench;
use super::{Kept, NOW, Outcome};

/// SHA-256 of nothing, base64url.
const DIGEST: &str = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

/// What the receipts are compared with.
pub(crate) fn expected() -> Value {
    json!({
        "delivery_id": "dlv_vectors", "packet_id": "pkt_vectors", "line": "health-reimbursement",
        "presentation_digest": DIGEST, "issued_at": NOW, "now": NOW + 30
    })
}

/// Every case.
pub(crate) fn all(bench: &Bench, kept: &Kept) -> Outcome<Vec<Value>> {
    let mut list = Vec::new();
    let mut add = |name: &str, code: &str, text: String| list.push(json!({"name": name, "expect": code, "text": text}));
    let ours = bench.key("receipts", "alpha-ed25519")?;
    let good = sign(&receipt(Verdict::Accepted)?, &ours)?;
    add("accepted, signed with Ed25519", "verified", good.clone());
    let other = bench.key("receipts", "alpha-es256")?;
    let name = "accepted, signed with ES256";
    let still = |text: &str| text.split('.').next() == Some(head("ES256", "alpha-es256").as_str());
    add(name, "verified", kept.or_new(name, still, || Ok(sign(&receipt(Verdict::Accepted)?, &other)?))?);
    let rejected = Receipt { presentation_digest: None, ..receipt(Verdict::Rejected)? };
    add("rejected before it decrypted", "verified", sign(&rejected, &ours)?);

    let payload = payload();
    let made =
        |header: &Value, payload: &Value| bench.signed_by("receipts", "alpha-ed25519", header, &payload.to_string());
    for (name, value, code) in [
        ("delivery_id", json!("dlv_another"), "receipt.delivery"),
        ("packet_id", json!("pkt_another"), "receipt.packet"),
        ("line", json!("life"), "receipt.line"),
        ("presentation_digest", json!(DIGEST.replace('4', "5")), "receipt.digest"),
        ("presentation_digest", Value::Null, "receipt.malformed"),
        ("iat", json!(NOW - 61), "receipt.time"),
        ("iat", json!(NOW + 91), "receipt.time"),
        ("iat", json!("1789998420"), "receipt.malformed"),
        ("iat", json!(1_700_000_000), "receipt.key"),
        ("result", json!("maybe"), "receipt.malformed"),
        ("note", json!("x"), "receipt.malformed"),
    ] {
        let mut payload = payload.clone();
        payload[name] = value.clone();
        add(&format!("payload: {name} {value}"), code, made(&header(), &payload)?);
    }
    for (name, value, code) in [
        ("alg", json!("none"), "receipt.header"),
        ("alg", json!("HS256"), "receipt.header"),
        ("alg", json!("PS256"), "receipt.header"),
        ("alg", json!("ES256"), "receipt.signature"),
        ("typ", json!("JWT"), "receipt.header"),
        ("typ", json!("claim-packet+sd-jwt"), "receipt.header"),
        ("jwk", json!({"kty": "OKP"}), "receipt.header"),
        ("jku", json!("https://insurer.example/keys"), "receipt.header"),
        ("crit", json!(["b64"]), "receipt.header"),
        ("kid", json!("alpha-another"), "receipt.unknown_key"),
    ] {
        let mut header = header();
        header[name] = value.clone();
        add(&format!("header: {name} {value}"), code, made(&header, &payload)?);
    }
    let stranger = bench.signed_by("receipts", "stranger", &header(), &payload.to_string())?;
    add("signed by another key of this name", "receipt.signature", stranger);
    let (rest, _) = good.rsplit_once('.').ok_or("no signature")?;
    add("without its signature", "receipt.malformed", rest.to_owned());
    add("with white space at its end", "receipt.malformed", format!("{good}\n"));
    add("longer than any receipt", "receipt.too_large", "a".repeat(4097));
    Ok(list)
}

fn header() -> Value {
    json!({"alg": "EdDSA", "kid": "alpha-ed25519", "typ": TYP})
}

fn head(alg: &str, kid: &str) -> String {
    base64url::encode(json!({"alg": alg, "kid": kid, "typ": TYP}).to_string().as_bytes())
}

fn payload() -> Value {
    json!({
        "delivery_id": "dlv_vectors", "packet_id": "pkt_vectors", "line": "health-reimbursement", "iat": NOW + 20,
        "presentation_digest": DIGEST, "result": "accepted"
    })
}

fn receipt(result: Verdict) -> Outcome<Receipt> {
    Ok(Receipt {
        delivery_id: "dlv_vectors".to_owned(),
        packet_id: "pkt_vectors".to_owned(),
        line: Line::HealthReimbursement,
        signed_at: Timestamp::from_second(NOW + 20)?,
        presentation_digest: Some(DIGEST.to_owned()),
        result,
    })
}
