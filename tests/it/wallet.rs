//! Wallets of other people: what Python (sd-jwt) and Node (@sd-jwt) issue and present verifies here, and on changed
//! presentations all three say the same, or the difference is one that is written down.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::key::Keys;
use claimgate_adapters::wallet::trust::{Domain, Issuer, IssuerKeys, Trust};
use claimgate_adapters::wallet::verify::binding::Proof;
use claimgate_adapters::wallet::verify::{Expected, Strictness, verify};
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
