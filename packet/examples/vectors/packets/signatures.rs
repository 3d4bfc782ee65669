//! Refusals of the manifest: its header, its signature and key, its payload.

use claimgate_packet::jose::base64url;
use serde_json::{Value, json};

use super::super::NOW;
use super::{Cases, Outcome, header, join, split};

pub(super) fn add(cases: &mut Cases<'_>) -> Outcome<()> {
    headers(cases)?;
    keys(cases)?;
    payloads(cases)
}

fn headers(cases: &mut Cases<'_>) -> Outcome<()> {
    let base = cases.base.clone();
    let (jwt, disclosures) = split(&base);
    let (input, signature) = jwt.rsplit_once('.').ok_or("no signature")?;
    let body = input.split_once('.').map_or("", |(_, body)| body);
    let payload = String::from_utf8(base64url::decode(body).ok_or("no payload")?)?;
    let with = |name: &str, value: Value| {
        let mut header = header();
        match value {
            Value::Null => header.as_object_mut().map(|map| map.remove(name)),
            value => header.as_object_mut().map(|map| map.insert(name.to_owned(), value)),
        };
        header
    };
    // No signature at all, and the public key as the secret of an HMAC.
    for none in ["none", "None", "nOnE", ""] {
        let unsigned = format!("{}.{body}.", base64url::encode(with("alg", json!(none)).to_string().as_bytes()));
        cases.refused_inside(
            &format!("inner header: alg {none:?}"),
            "packet.header",
            &join(&unsigned, &disclosures),
        )?;
    }
    let confused = format!("{}.{body}", base64url::encode(with("alg", json!("HS256")).to_string().as_bytes()));
    let secret =
        aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &cases.bench.public_bytes("gateway", "ed25519")?);
    let mac = base64url::encode(aws_lc_rs::hmac::sign(&secret, confused.as_bytes()).as_ref());
    let text = join(&format!("{confused}.{mac}"), &disclosures);
    cases.refused_inside("inner header: alg HS256 with the public key as secret", "packet.header", &text)?;
    for (name, value, code) in [
        ("alg", json!("RS256"), "packet.header"),
        ("alg", json!("PS256"), "packet.header"),
        ("alg", json!("RSA1_5"), "packet.header"),
        ("alg", json!("PBES2-HS256+A128KW"), "packet.header"),
        ("alg", json!(5), "packet.header"),
        ("alg", json!("ES256"), "packet.signature"),
        ("alg", json!("ECDH-ES+A256KW"), "packet.signature"),
        ("typ", json!("JWT"), "packet.header"),
        ("typ", json!("dc+sd-jwt"), "packet.header"),
        ("typ", Value::Null, "packet.header"),
        ("cty", json!("json"), "packet.header"),
        ("crit", json!(["b64"]), "packet.header"),
        ("b64", json!(false), "packet.header"),
        ("zip", json!("DEF"), "packet.header"),
        ("jku", json!("https://gateway.example/keys"), "packet.header"),
        ("x5u", json!("https://gateway.example/cert"), "packet.header"),
        ("x5c", json!([]), "packet.header"),
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}), "packet.header"),
        ("kid", Value::Null, "packet.header"),
        ("kid", json!("gw-nobody"), "packet.unknown_key"),
    ] {
        let shown = if value.is_object() || value.is_array() { "given".to_owned() } else { value.to_string() };
        let shown = if value.is_null() { "absent".to_owned() } else { shown };
        let jwt = cases.bench.signed(&with(name, value), &payload)?;
        cases.refused_inside(&format!("inner header: {name} {shown}"), code, &join(&jwt, &disclosures))?;
    }
    let jwt = cases.bench.signed_by("gateway", "stranger", &header(), &payload)?;
    cases.refused_inside("signed by another key of this name", "packet.signature", &join(&jwt, &disclosures))?;
    let changed = base64url::encode(payload.replace("clm_vectors", "clm_another").as_bytes());
    let head = input.split_once('.').map_or("", |(head, _)| head);
    let text = join(&format!("{head}.{changed}.{signature}"), &disclosures);
    cases.refused_inside("a manifest changed after it was signed", "packet.signature", &text)
}

/// Keys that are known and do not count.
fn keys(cases: &mut Cases<'_>) -> Outcome<()> {
    let base = cases.base.clone();
    let (jwt, disclosures) = split(&base);
    let payload = String::from_utf8(jwt.split('.').nth(1).and_then(base64url::decode).ok_or("no payload")?)?;
    for (name, kid) in [
        ("a key that has expired", "gw-retired"),
        ("a key that was revoked", "gw-revoked"),
        ("a key before its time", "gw-next"),
    ] {
        let mut header = header();
        header.as_object_mut().ok_or("no header")?.insert("kid".to_owned(), kid.into());
        let jwt = cases.bench.signed(&header, &payload)?;
        cases.refused_inside(name, "packet.key", &join(&jwt, &disclosures))?;
    }
    Ok(())
}

fn payloads(cases: &mut Cases<'_>) -> Outcome<()> {
    for (name, value, code) in [
        ("ver", json!(2), "packet.version"),
        ("ver", json!("1"), "packet.malformed"),
        ("_sd_alg", json!("sha-512"), "packet.malformed"),
        ("_sd_alg", Value::Null, "packet.malformed"),
        ("_sd", json!(["x"]), "packet.malformed"),
        ("iat", json!("1789998400"), "packet.malformed"),
        ("iat", json!(1.5), "packet.malformed"),
        ("iat", json!(NOW + 61), "packet.future"),
        ("iss", json!("https://other.example"), "packet.issuer"),
        ("iss", json!(7), "packet.malformed"),
        ("jti", json!("pkt_../x"), "packet.malformed"),
        ("claim", json!({"id": "clm_vectors", "kind": "pets"}), "packet.malformed"),
        ("evidence", json!({"_sd": [], "evd_open": {}}), "packet.malformed"),
        ("recipients", json!([{"aud": "insurer-a"}]), "packet.malformed"),
    ] {
        let shown = if value.is_null() { "absent".to_owned() } else { value.to_string() };
        let text = cases.resigned(|payload| {
            if value.is_null() {
                payload.remove(name);
            } else {
                payload.insert(name.to_owned(), value);
            }
        })?;
        cases.refused_inside(&format!("payload: {name} {shown}"), code, &text)?;
    }
    let (jwt, disclosures) = split(&cases.base);
    let payload = String::from_utf8(jwt.split('.').nth(1).and_then(base64url::decode).ok_or("no payload")?)?;
    let twice = payload.replacen('{', "{\"jti\":\"pkt_first\",", 1);
    let text = join(&cases.bench.signed(&header(), &twice)?, &disclosures);
    cases.refused_inside("payload: a member twice", "packet.malformed", &text)?;
    // Too large for a file: whoever tries it seals `before`, the sign so many times, and `after`.
    let sealed = json!({"before": "e30.", "sign": "a", "times": 350_000, "after": ".AAAA~"});
    let name = "a manifest over 256 KiB";
    cases.list.push(json!({"name": name, "expect": "packet.too_large", "aud": super::ALPHA, "seal_repeated": sealed}));
    Ok(())
}
