//! Wallets as they answer, and all that is done to an answer on the way.

use std::path::PathBuf;

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::key::PublicKey;

mod chains;
mod dcql;
mod hostile;
mod mandates;
mod order;
mod page;
mod published;
mod requests;
mod sessions;
mod status;
mod table;
mod twdiw;

/// The moment of the made-up credentials.
const NOW: i64 = 1_790_000_000;
const ISSUER: &str = "https://dmv.example/issuer";
const VCT: &str = "https://dmv.example/licence";
const NONCE: &str = "nEREREREREREREREREREREREREREREREREREREREREQ";
const CLIENT: &str = "x509_san_dns:gate.example";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "where the shared data lies is the machine's matter")]
fn shared(path: &str) -> Option<PathBuf> {
    let shared = std::env::var("CLAIMGATE_SHARED").unwrap_or_else(|_| "../../shared".to_owned());
    let path = PathBuf::from(shared).join("data/wallet").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here (CLAIMGATE_SHARED names the folder)", path.display());
    None
}

fn json_of(path: &std::path::Path) -> Value {
    // Some files are wrapped in the middle of a text.
    serde_json::from_str(&std::fs::read_to_string(path).unwrap().replace('\n', "")).unwrap()
}

fn new_key() -> PrivateJwk {
    PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some("key-1".to_owned()), at(NOW)).unwrap()
}

fn public(key: &PrivateJwk) -> PublicKey {
    PublicKey::from_jwk(&key.public().to_json()).unwrap()
}

fn bare_jwk(key: &PrivateJwk) -> Value {
    serde_json::from_str(&public(key).canonical_jwk()).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("not an object") };
    map
}

fn signed(header: Value, payload: &Value, key: &PrivateJwk) -> String {
    sign_under(object(header), payload.to_string().as_bytes(), key).unwrap()
}

fn disclosure(parts: &Value) -> String {
    base64url::encode(parts.to_string().as_bytes())
}

/// A licence as an issuer writes it, each part open to change, and its presentation.
struct Licence {
    issuer: PrivateJwk,
    holder: PrivateJwk,
    header: Value,
    payload: Value,
    disclosures: Vec<String>,
    kb_header: Value,
    kb: Value,
    signs: PrivateJwk,
}

impl Licence {
    fn new() -> Self {
        let (issuer, holder) = (new_key(), new_key());
        let disclosures: Vec<String> = [
            json!(["s1", "name", "陳筱玲"]),
            json!(["s2", "id_number", "A234567893"]),
            json!(["s3", "classes", ["普通小型車"]]),
        ]
        .iter()
        .map(disclosure)
        .collect();
        let mut digests: Vec<String> = disclosures.iter().map(|one| sha256_text(one.as_bytes())).collect();
        digests.push(sha256_text(b"decoy"));
        let payload = json!({
            "iss": ISSUER, "iat": NOW - 100, "nbf": NOW - 100, "exp": NOW + 1000, "vct": VCT,
            "_sd": digests, "_sd_alg": "sha-256", "cnf": { "jwk": bare_jwk(&holder) },
        });
        Self {
            header: json!({ "typ": "dc+sd-jwt", "kid": "key-1" }),
            payload,
            disclosures,
            kb_header: json!({ "typ": "kb+jwt" }),
            kb: json!({ "iat": NOW, "nonce": NONCE, "aud": CLIENT }),
            signs: holder.clone(),
            issuer,
            holder,
        }
    }

    /// The issuer's part with every disclosure.
    fn issued(&self) -> String {
        let jwt = signed(self.header.clone(), &self.payload, &self.issuer);
        let disclosures: String = self.disclosures.iter().flat_map(|one| [one.as_str(), "~"]).collect();
        format!("{jwt}~{disclosures}")
    }

    /// The whole presentation.
    fn presented(&self) -> String {
        let issued = self.issued();
        let mut kb = self.kb.clone();
        if kb.get("sd_hash").is_none() {
            kb["sd_hash"] = sha256_text(issued.as_bytes()).into();
        }
        format!("{issued}{}", signed(self.kb_header.clone(), &kb, &self.signs))
    }
}
