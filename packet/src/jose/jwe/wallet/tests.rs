//! A wallet's answer: foreign ones, the header it may have, and everything it may not.

use serde_json::json;

use super::*;

const PLAIN: Expected = Expected { typ: None, cty: None, kid: false };

/// RFC 7518 Appendix C: the agreement of Alice with Bob, `A128GCM`, with both party infos.
fn bob() -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "kid": "bob", "use": "enc", "alg": "ECDH-ES",
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"
    })
}

fn header() -> Value {
    json!({
        "alg": "ECDH-ES", "enc": "A128GCM", "apu": "QWxpY2U", "apv": "Qm9i",
        "epk": {
            "kty": "EC", "crv": "P-256",
            "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"
        }
    })
}

/// Seals a text as the sender of a header would, with the key both sides derive.
fn sealed(header: &Value, plain: &[u8]) -> String {
    let protected = base64url::encode(header.to_string().as_bytes());
    let info =
        |name: &str| header.get(name).map_or(Vec::new(), |info| base64url::decode(info.as_str().unwrap()).unwrap());
    let (cipher, enc, length) =
        if header["enc"] == "A256GCM" { (&AES_256_GCM, "A256GCM", 32) } else { (&AES_128_GCM, "A128GCM", 16) };
    let context = Context { algorithm: enc, apu: &info("apu"), apv: &info("apv"), length };
    let key = PrivateJwk::from_json(&bob()).unwrap();
    let derived = Ephemeral::read(&header["epk"]).unwrap().derive(&key, &context).unwrap();
    let cipher = aws_lc_rs::aead::LessSafeKey::new(aws_lc_rs::aead::UnboundKey::new(cipher, &derived).unwrap());
    let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key([7; 12]);
    let mut body = plain.to_vec();
    let aad = aws_lc_rs::aead::Aad::from(protected.as_bytes());
    let tag = cipher.seal_in_place_separate_tag(nonce, aad, &mut body).unwrap();
    let parts = [base64url::encode(&[7; 12]), base64url::encode(&body), base64url::encode(tag.as_ref())];
    format!("{protected}..{}", parts.join("."))
}

fn opened(text: &str, expected: Expected) -> Result<Vec<u8>, JweError> {
    decrypt(text, expected, &[PrivateJwk::from_json(&bob()).unwrap()], 10_000).map(|plain| plain.to_vec())
}

#[test]
fn the_derivation_is_that_of_rfc_7518_appendix_c() {
    let context = Context { algorithm: "A128GCM", apu: b"Alice", apv: b"Bob", length: 16 };
    let key = PrivateJwk::from_json(&bob()).unwrap();
    let derived = Ephemeral::read(&header()["epk"]).unwrap().derive(&key, &context).unwrap();
    assert_eq!(base64url::encode(&derived), "VqqN6vgjbSBcIijNcacQGg");
}

#[test]
fn an_answer_opens_with_and_without_party_info_and_kid() {
    for enc in ["A128GCM", "A256GCM"] {
        for (names, expected) in [
            (vec![], PLAIN),
            (vec!["apu"], PLAIN),
            (vec!["apu", "apv"], PLAIN),
            (vec!["kid"], Expected { kid: true, ..PLAIN }),
            (vec!["apu", "typ", "cty", "kid"], Expected { typ: Some("JWT"), cty: Some("json"), kid: true }),
        ] {
            let mut header = header();
            header["enc"] = json!(enc);
            (header["kid"], header["typ"], header["cty"]) = (json!("bob"), json!("JWT"), json!("json"));
            let kept = |name: &String| names.contains(&name.as_str()) || ["alg", "enc", "epk"].contains(&name.as_str());
            header.as_object_mut().unwrap().retain(|name, _| kept(name));
            assert_eq!(opened(&sealed(&header, b"vp"), expected), Ok(b"vp".to_vec()), "{header}");
        }
    }
    let mut other = header();
    other["kid"] = json!("alice");
    assert_eq!(opened(&sealed(&other, b"vp"), Expected { kid: true, ..PLAIN }), Err(JweError::Decrypt));
}

#[test]
fn the_header_is_of_this_profile_alone() {
    let good = sealed(&header(), b"vp");
    let rest = good.split_once('.').unwrap().1;
    for (name, value) in [
        ("alg", json!("ECDH-ES+A256KW")),
        ("alg", json!("ECDH-ES+A128KW")),
        ("alg", json!("RSA-OAEP-256")),
        ("alg", json!("RSA1_5")),
        ("alg", json!("dir")),
        ("alg", json!("PBES2-HS256+A128KW")),
        ("enc", json!("A192GCM")),
        ("enc", json!("A256CBC-HS512")),
        ("enc", json!("A128CBC-HS256")),
        ("zip", json!("DEF")),
        ("crit", json!(["exp"])),
        ("jku", json!("https://wallet.example/keys")),
        ("x5c", json!([])),
        ("jwk", json!({})),
        ("p2c", json!(1)),
        ("typ", json!("JWT")),
        ("kid", json!("bob")),
        ("apu", json!(1)),
        ("apu", json!("QWxpY2U=")),
        ("apv", json!(base64url::encode(&[0; 257]))),
        ("epk", json!({"kty": "OKP", "crv": "X25519", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"})),
    ] {
        let mut header = header();
        header[name] = value.clone();
        let text = format!("{}.{rest}", base64url::encode(header.to_string().as_bytes()));
        assert_eq!(opened(&text, PLAIN), Err(JweError::Header), "{name} {value}");
    }
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let good = sealed(&header(), b"vp_token");
    assert!(opened(&good, PLAIN).is_ok());
    let mut bytes = good.clone().into_bytes();
    for place in 0..bytes.len() {
        bytes[place] ^= 1;
        assert!(opened(std::str::from_utf8(&bytes).unwrap(), PLAIN).is_err(), "byte {place}");
        bytes[place] ^= 1;
        assert!(opened(&good[..place], PLAIN).is_err(), "cut at {place}");
    }
    // A part where direct agreement has none, and a text over the caller's bound.
    let with_key = good.replacen("..", ".AAAA.", 1);
    assert_eq!(opened(&with_key, PLAIN), Err(JweError::Header));
    let key = PrivateJwk::from_json(&bob()).unwrap();
    assert_eq!(decrypt(&good, PLAIN, &[key], good.len() - 1).err(), Some(JweError::TooLarge));
}

#[test]
fn a_key_of_another_algorithm_does_not_count() {
    let good = sealed(&header(), b"vp");
    let mut packet = bob();
    packet["alg"] = json!("ECDH-ES+A256KW");
    let packet = PrivateJwk::from_json(&packet).unwrap();
    assert_eq!(decrypt(&good, PLAIN, &[packet], 10_000).err(), Some(JweError::Decrypt));
    assert_eq!(decrypt(&good, PLAIN, &[], 10_000).err(), Some(JweError::Decrypt));
}
