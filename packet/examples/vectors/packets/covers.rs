//! Refusals of the sealed text: its shape, its header, its decryption.

use claimgate_packet::jose::base64url;
use claimgate_packet::limits::SEALED_BYTES;
use serde_json::{Value, json};

use super::{ALPHA, Cases, Outcome};

pub(super) fn add(cases: &mut Cases<'_>) -> Outcome<()> {
    shapes(cases)?;
    headers(cases)?;
    decryption(cases)
}

fn shapes(cases: &mut Cases<'_>) -> Outcome<()> {
    let good = cases.bench.sealed("alpha-p256", &cases.base, |_| ())?;
    let long = json!({"sign": "a", "times": SEALED_BYTES + 1});
    cases
        .list
        .push(json!({"name": "longer than any packet", "expect": "packet.too_large", "aud": ALPHA, "repeat": long}));
    let without_tag = good.rsplit_once('.').map_or("", |(rest, _)| rest).to_owned();
    let changes = [
        ("no text", String::new()),
        ("four parts", without_tag),
        ("six parts", format!("{good}.AAAA")),
        ("padding", format!("{good}=")),
        ("white space", format!("{good}\n")),
        ("a presentation that was never sealed", cases.base.clone()),
    ];
    for (name, text) in changes {
        cases.refused(name, "packet.malformed", &text);
    }
    for (name, plain) in [
        ("sealed: no text", ""),
        ("sealed: no presentation", "hello"),
        ("sealed: no manifest", "hello~"),
        ("sealed: an empty disclosure", "a.b.c~~"),
    ] {
        cases.refused_inside(name, "packet.malformed", plain)?;
    }
    let bound = format!("{}eyJhbGciOiJFUzI1NiJ9.e30.AAAA", cases.base);
    cases.refused_inside("sealed: a key binding at the end", "packet.malformed", &bound)?;
    let cut: String = cases.base.chars().take(cases.base.len() - 1).collect();
    cases.refused_inside("sealed: a presentation cut off", "packet.malformed", &cut)
}

fn headers(cases: &mut Cases<'_>) -> Outcome<()> {
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    let off_curve = json!({
        "kty": "EC", "crv": "P-256", "x": "gTli65eTQ7z-Bh147ff8K3m7k2UiDiG2LpYkWAaFJCc",
        "y": "cLAnjKa4bzjD7DJVPwa9EPrRzMG7rONgsiUD-kf30Fs"
    });
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("dir")),
        ("alg", json!("RSA1_5")),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("ECDH-ES")),
        ("alg", json!("ECDH-ES+A128KW")),
        ("alg", json!("A256GCMKW")),
        ("alg", json!("PBES2-HS512+A256KW")),
        ("enc", json!("A128GCM")),
        ("enc", json!("A256CBC-HS512")),
        ("zip", json!("DEF")),
        ("crit", json!(["exp"])),
        ("jku", json!("https://gateway.example/keys")),
        ("x5u", json!("https://gateway.example/cert")),
        ("jwk", jwk),
        ("apu", json!("QWxpY2U")),
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("cty", json!("JWT")),
        ("cty", Value::Null),
        ("kid", Value::Null),
        ("epk", off_curve),
    ] {
        let text = cases.bench.sealed("alpha-p256", &cases.base, |header| {
            if value.is_null() {
                header.remove(name);
            } else {
                header.insert(name.to_owned(), value.clone());
            }
        })?;
        let shown = if value.is_object() || value.is_array() { "given".to_owned() } else { value.to_string() };
        let shown = if value.is_null() { "absent".to_owned() } else { shown };
        cases.refused(&format!("outer header: {name} {shown}"), "packet.header", &text);
    }
    let good = cases.bench.sealed("alpha-p256", &cases.base, |_| ())?;
    let twice = r#"{"alg":"dir","alg":"ECDH-ES+A256KW"}"#;
    let rest = good.split_once('.').map_or("", |(_, rest)| rest);
    cases.refused(
        "outer header: a member twice",
        "packet.header",
        &format!("{}.{rest}", base64url::encode(twice.as_bytes())),
    );
    for (name, place, length) in
        [("a tag of 15 bytes", 4, 15), ("an IV of 11 bytes", 2, 11), ("a key of 32 bytes", 1, 32)]
    {
        let text = with_part(&good, place, |bytes| bytes.truncate(length))?;
        cases.refused(name, "packet.header", &text);
    }
    Ok(())
}

fn decryption(cases: &mut Cases<'_>) -> Outcome<()> {
    let good = cases.bench.sealed("alpha-p256", &cases.base, |_| ())?;
    for (name, place) in [("wrapped key", 1), ("IV", 2), ("ciphertext", 3), ("tag", 4)] {
        let text = with_part(&good, place, |bytes| bytes.iter_mut().take(1).for_each(|byte| *byte ^= 1))?;
        cases.refused(&format!("one bit of the {name} changed"), "packet.decrypt", &text);
    }
    let text = cases.bench.sealed("beta-p256", &cases.other, |_| ())?;
    cases.refused("sealed to another recipient", "packet.decrypt", &text);
    let text = cases.bench.sealed("beta-p256", &cases.base, |header| {
        header.insert("kid".to_owned(), json!("alpha-p256"));
    })?;
    cases.refused("sealed to another key of this name", "packet.decrypt", &text);
    let text = cases.bench.sealed("alpha-p256", &cases.base, |header| {
        header.insert("kid".to_owned(), json!("alpha-x25519"));
    })?;
    cases.refused("the name of a key on another curve", "packet.decrypt", &text);
    Ok(())
}

/// A sealed text with one of its parts changed.
fn with_part(text: &str, place: usize, change: impl FnOnce(&mut Vec<u8>)) -> Outcome<String> {
    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    let part = parts.get_mut(place).ok_or("no such part")?;
    let mut bytes = base64url::decode(part).ok_or("no base64url")?;
    change(&mut bytes);
    *part = base64url::encode(&bytes);
    Ok(parts.join("."))
}
