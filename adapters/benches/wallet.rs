//! What verifying one presentation (ten disclosures and the holder's proof) costs, beside the two signature verifications
//! in it alone.
//!
//! Asserts nothing about time; the limit printed is 1.3 times. `cargo bench -p claimgate-adapters --bench wallet`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use claimgate_adapters::wallet::key::Keys;
use claimgate_adapters::wallet::trust::{Domain, Issuer, IssuerKeys, Trust};
use claimgate_adapters::wallet::verify::binding::Proof;
use claimgate_adapters::wallet::verify::{Expected, Strictness, verify};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const ROUNDS: u32 = 500;
const DISCLOSURES: usize = 10;
const ISSUER: &str = "https://dmv.example";
const VCT: &str = "urn:claimgate:driving-licence:1";
const NONCE: &str = "nEREREREREREREREREREREREREREREREREREREREREQ";
const CLIENT: &str = "x509_san_dns:gate.example";
const NOW: i64 = 1_790_000_000;

/// What the benchmark is made of; a fault of the set-up ends it.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn header(members: Value) -> Map<String, Value> {
    if let Value::Object(map) = members { map } else { Map::new() }
}

fn bare(key: &PrivateJwk) -> Value {
    let public = key.public();
    let (x, y) = public.coordinates().unwrap_or_default();
    json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
}

fn presented(issuer: &PrivateJwk, holder: &PrivateJwk) -> Outcome<(String, String)> {
    let disclosure = |place: usize| {
        let parts =
            json!([format!("salt-of-22-characters{place}"), format!("claim_{place}"), "臺北市中正區示範路一段"]);
        base64url::encode(parts.to_string().as_bytes())
    };
    let disclosures: Vec<String> = (0..DISCLOSURES).map(disclosure).collect();
    let digests: Vec<String> = disclosures.iter().map(|one| sha256_text(one.as_bytes())).collect();
    let payload = json!({
        "iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 1_000, "vct": VCT, "_sd": digests, "_sd_alg": "sha-256",
        "cnf": { "jwk": bare(holder) },
    });
    let jwt = sign_under(header(json!({ "typ": "dc+sd-jwt", "kid": "k" })), payload.to_string().as_bytes(), issuer)?;
    let shown = format!("{jwt}~{}~", disclosures.join("~"));
    let proof = json!({ "iat": NOW, "nonce": NONCE, "aud": CLIENT, "sd_hash": sha256_text(shown.as_bytes()) });
    let proof = sign_under(header(json!({ "typ": "kb+jwt" })), proof.to_string().as_bytes(), holder)?;
    Ok((format!("{shown}{proof}"), jwt))
}

/// A JWT's signature, ready to be verified.
fn raw(jwt: &str, key: &PrivateJwk) -> Option<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let (message, signature) = jwt.rsplit_once('.')?;
    let public = key.public();
    let (x, y) = public.coordinates()?;
    let point = [vec![4], base64url::decode(x)?, base64url::decode(y)?].concat();
    Some((point, message.as_bytes().to_vec(), base64url::decode(signature)?))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn middle(mut work: impl FnMut() -> bool) -> Outcome<Duration> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let fine = black_box(work());
        times.push(begun.elapsed());
        if !fine {
            return Err("what is measured must verify".into());
        }
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

#[expect(clippy::print_stdout, reason = "a benchmark reports")]
fn main() -> Outcome<()> {
    let now = Timestamp::from_second(NOW)?;
    let issuer = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some("k".to_owned()), now)?;
    let holder = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now)?;
    let (text, jwt) = presented(&issuer, &holder)?;
    let keys = Keys::from_json(&json!({ "keys": [issuer.public().to_json()] })).ok_or("a key set")?;
    let known = Issuer {
        id: ISSUER.to_owned(),
        types: vec![VCT.to_owned()],
        domain: Domain::Production,
        keys: IssuerKeys::Published(keys),
    };
    let trust = Trust { issuers: vec![known], domain: Domain::Production };
    let types = [VCT.to_owned()];
    let proof = Proof { nonce: NONCE, audience: CLIENT, transactions: &[] };
    let expected = Expected { strictness: Strictness::Credential, types: &types, proof: Some(proof) };
    let bound = text.rsplit_once('~').map_or("", |(_, proof)| proof);
    let both = [raw(&jwt, &issuer).ok_or("a JWT")?, raw(bound, &holder).ok_or("a proof")?];
    let alone = middle(|| {
        both.iter().all(|(point, message, signature)| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
        })
    })?;
    let whole = middle(|| verify(&text, &expected, &trust, now).is_ok())?;
    println!("{DISCLOSURES} disclosures and a holder's proof, {} bytes, middle of {ROUNDS}", text.len());
    println!("two signatures alone {alone:?}, the presentation {whole:?}: {:.2} times (limit 1.3)", {
        whole.as_secs_f64() / alone.as_secs_f64()
    });
    Ok(())
}
