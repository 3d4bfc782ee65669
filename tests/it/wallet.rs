//! Wallets of other people: what Python (sd-jwt) and Node (@sd-jwt) issue and present verifies here, and on changed
//! presentations all three say the same, or the difference is one that is written down. And the desk's verdicts, by the
//! command line.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::key::{Keys, PublicKey};
use claimgate_adapters::wallet::trust::{Domain, Issuer, IssuerKeys, Trust};
use claimgate_adapters::wallet::verify::binding::Proof;
use claimgate_adapters::wallet::verify::{Expected, Strictness, verify};
use claimgate_gateway::clock::Clock;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use claimgate_tests::shared::{claimgate, shared};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::interop::{LANGUAGES, kit};

const VCT: &str = "https://dmv.example/licence";
const NONCE: &str = "nEREREREREREREREREREREREREREREREREREREREREQ";
const CLIENT: &str = "x509_san_dns:gate.example";

/// What a library issued and presented, and its issuer's key.
struct Presented {
    text: String,
    key: Value,
    now: i64,
}

fn presented(language: &str) -> Presented {
    let asked = json!({
        "vct": VCT,
        "claims": { "name": "陳筱玲", "address": { "city": "臺北市", "zip": "100" }, "classes": ["普通小型車", "普通重型機車"] },
        "show": { "name": true, "address": { "city": true }, "classes": if language == "py" { json!([true, false]) } else { json!({ "0": true }) } },
    });
    let printed = kit().prints(language, "wallet", &[NONCE, CLIENT], &asked.to_string());
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let text = printed["text"].as_str().unwrap().to_owned();
    Presented { text, key: printed["key"].clone(), now: printed["now"].as_i64().unwrap() }
}

impl Presented {
    fn judged(&self, text: &str) -> Result<Map<String, Value>, Reason> {
        let keys = IssuerKeys::Published(Keys::from_json(&json!({ "keys": [self.key] })).unwrap());
        let id = "https://dmv.example".to_owned();
        let issuer = Issuer { id, types: vec![VCT.to_owned()], domain: Domain::Production, keys };
        let trust = Trust { issuers: vec![issuer], domain: Domain::Production };
        let proof = Proof { nonce: NONCE, audience: CLIENT, transactions: &[] };
        let expected = Expected { strictness: Strictness::Credential, types: &[], proof: Some(proof) };
        verify(text, &expected, &trust, Timestamp::from_second(self.now).unwrap()).map(|credential| credential.claims)
    }
}

#[test]
fn what_other_libraries_issue_and_present_verifies() {
    for language in LANGUAGES {
        let one = presented(language);
        let claims = one.judged(&one.text).unwrap();
        assert_eq!(claims["name"], "陳筱玲", "{language}");
        assert_eq!(claims["address"], json!({ "city": "臺北市" }), "{language}");
        assert_eq!(claims["classes"], json!(["普通小型車"]), "{language}");
    }
}

/// Changes of a presentation: the words, and the text.
fn changes(text: &str, other: &str) -> Vec<(&'static str, String)> {
    let (issued, proof) = text.rsplit_once('~').unwrap();
    let parts: Vec<&str> = issued.split('~').collect();
    let without = |place: usize| {
        let kept = parts.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, part)| *part);
        format!("{}~{proof}", kept.collect::<Vec<_>>().join("~"))
    };
    vec![
        ("as it is", text.to_owned()),
        ("a disclosure less", without(parts.len() - 1)),
        ("a disclosure twice", format!("{issued}~{}~{proof}", parts[1])),
        ("a foreign disclosure", format!("{issued}~WyJzIiwiYWdlIiwzMF0~{proof}")),
        ("no proof", format!("{issued}~")),
        ("another's proof", format!("{issued}~{}", other.rsplit_once('~').unwrap().1)),
        ("a changed signature", text.replacen(parts[0], &format!("{}AAAA", &parts[0][..parts[0].len() - 4]), 1)),
        ("no signature", text.replacen(parts[0], parts[0].rsplit_once('.').unwrap().0, 1)),
    ]
}

#[test]
fn three_verifiers_say_the_same_of_changed_presentations() {
    let (one, other) = (presented("py"), presented("py"));
    let changes = changes(&one.text, &other.text);
    let texts: Vec<&String> = changes.iter().map(|(_, text)| text).collect();
    let asked = json!({ "judge": texts, "key": one.key }).to_string();
    let verdicts = LANGUAGES.map(|language| {
        let printed = kit().prints(language, "wallet", &[NONCE, CLIENT], &asked);
        serde_json::from_str::<Vec<bool>>(&printed).unwrap()
    });
    let mut same = 0;
    for (place, (name, text)) in changes.iter().enumerate() {
        let ours = one.judged(text);
        println!("{name}: {:?}, Python {}, Node {}", ours.as_ref().err(), verdicts[0][place], verdicts[1][place]);
        for verdict in &verdicts {
            // We never take what another library refuses.
            assert!(ours.is_err() || verdict[place], "{name}");
            same += usize::from(ours.is_ok() == verdict[place]);
        }
    }
    assert_eq!(same, 2 * changes.len(), "verdicts that differ");
}

/// A presentation made here, each part open to change.
struct Made {
    header: Value,
    payload: Value,
    disclosures: Vec<String>,
    kb_header: Value,
    kb: Value,
}

impl Made {
    /// Adds a disclosure with its digest.
    fn with(&mut self, parts: &Value) {
        let text = base64url::encode(parts.to_string().as_bytes());
        self.payload["_sd"].as_array_mut().unwrap().push(sha256_text(text.as_bytes()).into());
        self.disclosures.push(text);
    }

    fn text(&self, issuer: &PrivateJwk, holder: &PrivateJwk) -> String {
        let sign = |header: &Value, payload: &Value, key: &PrivateJwk| {
            sign_under(header.as_object().unwrap().clone(), payload.to_string().as_bytes(), key).unwrap()
        };
        let disclosures: String = self.disclosures.iter().flat_map(|one| [one.as_str(), "~"]).collect();
        let issued = format!("{}~{disclosures}", sign(&self.header, &self.payload, issuer));
        let mut kb = self.kb.clone();
        if kb.get("sd_hash").is_none() {
            kb["sd_hash"] = sha256_text(issued.as_bytes()).into();
        }
        format!("{issued}{}", sign(&self.kb_header, &kb, holder))
    }
}

type Change = fn(&mut Made, i64);

/// What is changed, who takes it nonetheless, and why that is theirs to take.
const SIGNED: &[(&str, [bool; 2], &str, Change)] = &[
    ("as it is", [true, true], "", |_, _| {}),
    ("another nonce", [false, false], "", |one, _| one.kb["nonce"] = "other".into()),
    ("another audience", [false, false], "", |one, _| one.kb["aud"] = "https://other.example".into()),
    ("another typ of the proof", [false, false], "", |one, _| one.kb_header["typ"] = "JWT".into()),
    ("another hash", [false, false], "", |one, _| one.kb["sd_hash"] = "x".into()),
    ("a name twice", [true, true], "RFC 9901 §7.1 step 3.d refuses; both keep one of them", |one, _| {
        one.with(&json!(["s", "name", "別人"]));
    }),
    ("the name _sd", [true, true], "§7.1 step 3.c refuses", |one, _| one.with(&json!(["s", "_sd", []]))),
    ("a digest twice", [true, true], "§7.1 step 4 refuses", |one, _| {
        let first = one.payload["_sd"][0].clone();
        one.payload["_sd"].as_array_mut().unwrap().push(first);
    }),
    ("an unknown hash", [true, false], "Python takes sha-256 whatever the name", |one, _| {
        one.payload["_sd_alg"] = "md5".into();
    }),
    ("another typ", [true, true], "both cores read any SD-JWT", |one, _| one.header["typ"] = "JWT".into()),
    ("status disclosed", [true, true], "a rule of SD-JWT VC, not of SD-JWT", |one, _| {
        one.with(&json!(["s", "status", {}]));
    }),
    ("expired", [true, false], "Python leaves dates to its caller", |one, now| one.payload["exp"] = (now - 60).into()),
    ("a proof a year old", [true, true], "the caller's policy", |one, now| one.kb["iat"] = (now - 31_536_000).into()),
    ("a proof from the future", [true, true], "the caller's policy", |one, now| one.kb["iat"] = (now + 600).into()),
];

#[test]
fn three_verifiers_judge_signed_faults_and_each_difference_has_its_reason() {
    let now = Clock::system().now();
    let seconds = now.as_second();
    let key = |kid: &str| PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some(kid.to_owned()), now).unwrap();
    let (issuer, holder) = (key("key-1"), key("holder"));
    let bare = |key: &PrivateJwk| -> Value {
        serde_json::from_str(&PublicKey::from_jwk(&key.public().to_json()).unwrap().canonical_jwk()).unwrap()
    };
    let made = |change: Change| {
        let mut one = Made {
            header: json!({ "typ": "dc+sd-jwt", "kid": "key-1" }),
            payload: json!({
                "iss": "https://dmv.example", "iat": seconds, "exp": seconds + 600, "vct": VCT, "_sd": [], "_sd_alg": "sha-256",
                "cnf": { "jwk": bare(&holder) },
            }),
            disclosures: Vec::new(),
            kb_header: json!({ "typ": "kb+jwt" }),
            kb: json!({ "iat": seconds, "nonce": NONCE, "aud": CLIENT }),
        };
        one.with(&json!(["s1", "name", "陳筱玲"]));
        change(&mut one, seconds);
        one.text(&issuer, &holder)
    };
    let texts: Vec<String> = SIGNED.iter().map(|(.., change)| made(*change)).collect();
    let mut bare_key = bare(&issuer);
    bare_key["kid"] = "key-1".into();
    let asked = json!({ "judge": texts, "key": bare_key }).to_string();
    let verdicts = LANGUAGES.map(|language| {
        let printed = kit().prints(language, "wallet", &[NONCE, CLIENT], &asked);
        serde_json::from_str::<Vec<bool>>(&printed).unwrap()
    });
    // A verifier for OpenID4VP 1.0 under HAIP, which the OpenID Foundation certified: it takes what we take, and one thing
    // more, for it lets every date be five minutes off.
    let printed = kit().prints("py", "polaris", &[NONCE, CLIENT], &asked);
    for ((name, ..), taken) in SIGNED.iter().zip(serde_json::from_str::<Vec<bool>>(&printed).unwrap()) {
        assert_eq!(taken, ["as it is", "expired"].contains(name), "polaris-oid4vp: {name}");
    }
    let one = Presented { text: String::new(), key: bare_key, now: seconds };
    for (place, (name, _, why, _)) in SIGNED.iter().enumerate() {
        let ours = one.judged(&texts[place]);
        let theirs = [verdicts[0][place], verdicts[1][place]];
        println!("{name}: {:?}, Python {}, Node {} {why}", ours.as_ref().err(), theirs[0], theirs[1]);
        assert_eq!(ours.is_ok(), place == 0, "{name}");
    }
    for (place, (name, expected, ..)) in SIGNED.iter().enumerate() {
        assert_eq!([verdicts[0][place], verdicts[1][place]], *expected, "{name}");
    }
}

#[test]
fn the_command_line_judges_a_file_of_cases_and_one_token() {
    let Some(file) = shared("wallet/twdiw/generated/twdiw-presentations.json") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cases.json"), &file).unwrap();
    let output = claimgate(folder.path(), &["wallet", "verify", "--json", "--cases", "cases.json"]);
    assert!(output.status.success());
    let told: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let cases: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(told.len(), cases["cases"].as_array().unwrap().len());
    for (case, told) in cases["cases"].as_array().unwrap().iter().zip(&told) {
        let expected = case["expected"].as_str().unwrap().split([' ', ';', ':']).next().unwrap();
        assert_eq!((&told["id"], told["verdict"].as_str()), (&case["id"], Some(expected)));
        assert_eq!(told["reason"].is_null(), expected == "accept", "{}", told["id"]);
    }
    assert_eq!(told[0]["claims"], json!(["name", "id_number", "type"]));
    let table = claimgate(folder.path(), &["wallet", "verify", "--cases", "cases.json"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.lines().any(|line| line.split_whitespace().eq(["bad-nonce", "reject", "nonce_mismatch"])), "{table}");
    // Names of claims are shown, what they say is not.
    assert!(!table.contains("A123456789") && !String::from_utf8(output.stdout).unwrap().contains("A123456789"));

    let Some(file) = shared("wallet/oauth-selective-disclosure-jwt/rfc9901-final-draft22-tokens.json") else { return };
    let tokens: Value = serde_json::from_slice(&file).unwrap();
    let keys = json!({ "keys": [tokens["issuer_public_jwk"]] }).to_string();
    std::fs::write(folder.path().join("issuer.jwks"), keys).unwrap();
    let bound = tokens["vectors"].as_array().unwrap().iter().find(|one| one["kind"] == "sd-jwt+kb").unwrap();
    std::fs::write(folder.path().join("one.txt"), bound["token"].as_str().unwrap()).unwrap();
    let proof = &bound["kb_payload"];
    let at = Timestamp::from_second(proof["iat"].as_i64().unwrap()).unwrap().to_string();
    let judged = |nonce: &str| {
        let audience = proof["aud"].as_str().unwrap();
        let arguments = [
            &["wallet", "verify", "--json", "--sd-jwt", "one.txt", "--trust", "issuer.jwks", "--at", &at][..],
            &["--nonce", nonce, "--audience", audience],
        ];
        let output = claimgate(folder.path(), &arguments.concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let good = judged(proof["nonce"].as_str().unwrap());
    assert_eq!((&good[0]["id"], &good[0]["verdict"]), (&json!("one"), &json!("accept")));
    assert_eq!(judged("another")[0]["reason"], "nonce_mismatch");
    let usage = claimgate(folder.path(), &["wallet", "verify", "--sd-jwt", "one.txt"]);
    assert_eq!(usage.status.code(), Some(2), "an SD-JWT without keys");
}
