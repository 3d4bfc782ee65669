//! Every vector of the shared folder on one page: file → verdict → expected. `cargo test -p claimgate-adapters the_vector_table
//! -- --nocapture` prints it.

use std::path::Path;

use super::*;
use crate::wallet::Reason;
use crate::wallet::cases::{judge, judge_one};
use crate::wallet::credential::Credential;
use crate::wallet::key::Keys;
use crate::wallet::mandate::Mandate;
use crate::wallet::sdjwt::serialization::compact;
use crate::wallet::status::token;
use crate::wallet::trust::Trust;
use crate::wallet::verify::binding::Proof;

const KEY: [&str; 2] = ["b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ", "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"];

/// The rows: file, vector, verdict, expected.
#[derive(Default)]
struct Table(Vec<[String; 4]>);

impl Table {
    fn row(&mut self, file: &str, id: &str, verdict: &str, expected: &str) {
        self.0.push([file, id, verdict, expected].map(str::to_owned));
    }
}

/// What the raw dialect says of a text by the key of the published examples; a proof is asked for where one is there.
fn example(text: &str) -> String {
    let [x, y] = KEY;
    let key = PublicKey::from_jwk(&json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })).unwrap();
    let proof = text.rsplit('~').next().and_then(|proof| base64url::decode(proof.split('.').nth(1)?));
    let proof: Option<Value> = proof.map(|proof| serde_json::from_slice(&proof).unwrap());
    let of = |name: &str| proof.as_ref().and_then(|proof| proof[name].as_str()).unwrap_or_default();
    let asked = proof.as_ref().map(|_| Proof { nonce: of("nonce"), audience: of("aud"), transactions: &[] });
    let now = proof.as_ref().map_or(1_748_537_300, |proof| proof["iat"].as_i64().unwrap());
    let verdict = judge_one(text, Keys::one(key), asked, at(now));
    verdict.reason.unwrap_or(verdict.verdict).to_owned()
}

fn mandate(document: Value) -> String {
    let licence = Licence::new();
    let credential = Credential {
        issuer: ISSUER.to_owned(),
        kind: String::new(),
        claims: object(document),
        holder: Some(public(&licence.holder)),
        valid_from: None,
        valid_until: None,
        status: Vec::new(),
        integrity: None,
        disclosed: Vec::new(),
        concealing: Vec::new(),
        digest: String::new(),
    };
    Mandate::read(&credential).map_or_else(|reason| reason.code().to_owned(), |_| "accept".to_owned())
}

fn text_of(folder: &Path, name: &str) -> Option<String> {
    if let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.txt"))) {
        return Some(text.split_whitespace().collect());
    }
    let whole = folder.join(format!("{name}.json"));
    let whole = whole.exists().then(|| json_of(&whole))?;
    let inner = whole.as_str().map_or_else(|| whole.to_string(), str::to_owned);
    Some(compact(inner.as_bytes()).ok()?.split_whitespace().collect())
}

#[test]
fn the_vector_table() {
    let Some(root) = shared("") else { return };
    let mut table = Table::default();
    let file = "twdiw/generated/twdiw-presentations.json";
    let bytes = std::fs::read(root.join(file)).unwrap();
    let cases = json_of(&root.join(file));
    for (case, verdict) in cases["cases"].as_array().unwrap().iter().zip(judge(&bytes).unwrap()) {
        let expected = case["expected"].as_str().unwrap().split([' ', ';', ':']).next().unwrap();
        let said = verdict.reason.map_or(verdict.verdict.to_owned(), |reason| format!("{} {reason}", verdict.verdict));
        table.row(file, case["id"].as_str().unwrap(), &said, expected);
    }
    let file = "oauth-selective-disclosure-jwt/rfc9901-final-draft22-tokens.json";
    for vector in json_of(&root.join(file))["vectors"].as_array().unwrap() {
        // One of them is the issuer's JWT alone: no SD-JWT.
        let expected = if vector["kind"] == "jws-only" { "reject sd_jwt_malformed" } else { "accept" };
        let said = example(vector["token"].as_str().unwrap()).replace("sd_jwt_malformed", "reject sd_jwt_malformed");
        table.row(file, vector["section"].as_str().unwrap_or_default(), &said, expected);
    }
    for part in ["testcases", "examples"] {
        let part = root.join("sd-jwt-python-generated").join(part);
        let mut folders: Vec<_> = std::fs::read_dir(&part).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.retain(|path| path.is_dir());
        folders.sort();
        for folder in folders {
            for name in ["sd_jwt_issuance", "sd_jwt_presentation"] {
                let file = folder.strip_prefix(&root).unwrap().display().to_string();
                table.row(
                    &file,
                    name,
                    &text_of(&folder, name).map_or_else(String::new, |text| example(&text)),
                    "accept",
                );
            }
        }
    }
    let folder = root.join("openid4vp-1.0/sd_jwt_vcld/01");
    table.row(
        "openid4vp-1.0/sd_jwt_vcld/01",
        "presentation",
        &example(&text_of(&folder, "sd_jwt_presentation").unwrap()),
        "accept",
    );
    let file = "oauth-status-list/token-examples.json";
    let examples = json_of(&root.join(file));
    let key = PublicKey::from_jwk(&examples["status_list_public_jwk"]).unwrap();
    for one in examples["tokens"].as_array().unwrap().iter().filter(|one| one["header"]["typ"] == "statuslist+jwt") {
        let trust = Trust::of_keys(Keys::one(key.clone()));
        let uri = "https://example.com/statuslists/1";
        let read = token::read(one["token"].as_str().unwrap(), uri, "", &trust, at(NOW));
        table.row(file, "statuslist+jwt", read.map_or_else(Reason::code, |_| "accept"), "accept");
    }
    let file = "mandate-proposal/claim-mandate.example.json";
    table.row(file, "mandate", &mandate(json_of(&root.join(file))), "accept");
    // Others' powers of attorney are no mandates here: nothing of them is guessed.
    for name in ["poa-1", "poa-2", "por-1", "por-2"] {
        let file = format!("webuild-poa/rb-poa-pox-example-{name}.json");
        table.row(&file, "power of attorney", &mandate(json_of(&root.join(&file))), "mandate_malformed");
    }
    println!("| file | vector | verdict | expected |\n|---|---|---|---|");
    for [file, id, verdict, expected] in &table.0 {
        println!("| {file} | {id} | {verdict} | {expected} |");
        assert!(verdict.starts_with(expected.as_str()), "{file} {id}: {verdict}, expected {expected}");
    }
    println!("{} vectors", table.0.len());
    assert!(table.0.len() > 80, "{}", table.0.len());
}
