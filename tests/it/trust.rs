//! Whose credentials count, changed by two operators over real HTTP: proposed, approved, counting at once, revoked at once,
//! and what is refused on the way.

use std::time::Duration;

use claimgate_gateway::id::Random;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::issuer::{Issuer, Order};
use claimgate_gateway::sandbox::wallet::Wallet;
use claimgate_tests::gateway::{get, must, post};
use serde_json::{Map, Value, json};

use crate::wallets::{Desk, NUMBER, VCT, link};

const BANK: &str = "https://bank.example";

async fn said(client: &PartyClient, path: &str, body: &Value) -> (u16, Value) {
    let answer = post(client, path, body).await;
    (answer.status.as_u16(), answer.json("answer").unwrap_or_default())
}

fn document(issuer: &Issuer, more: &Value) -> Value {
    let mut document = json!({
        "id": BANK, "name": "示範銀行", "domain": "demo", "certificates": issuer.anchor(),
        "grants": [{ "types": [VCT], "purposes": ["motor-claim"] }],
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "issuer": document })
}

/// A wallet with a licence of this issuer; where an index is given, with a status.
fn wallet(desk: &Desk, issuer: &Issuer, index: Option<u64>) -> Wallet {
    let now = desk.test.clock.now();
    let mut wallet = must(Wallet::new(desk.test.world.gateway.base_url(), now, Random::system()));
    let claims = json!({ "name": "陳筱玲", "id_number": NUMBER, "classes": ["普通小型車"] });
    let claims: Map<String, Value> = claims.as_object().unwrap().clone();
    let holder = wallet.holder();
    let order = Order { vct: VCT, claims: &claims, holder: &holder, index, clear: None };
    wallet.put(must(issuer.issue(&order, now)));
    wallet
}

async fn outcome(desk: &Desk, wallet: &Wallet) -> String {
    let session = desk.ask(json!({})).await;
    must(wallet.answer(link(&session), desk.test.clock.now()).await);
    let read = desk.read(&session, "").await;
    read["reason"].as_str().or(read["state"].as_str()).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_trust_an_issuer_and_one_takes_it_back() {
    let desk = Desk::open(&[]).await;
    let (alice, bob) = (desk.test.operator("alice").await, desk.test.operator("bob").await);
    let bank = must(Issuer::new(BANK, desk.test.clock.now(), Random::system()));
    let customer = wallet(&desk, &bank, None);
    assert_eq!(outcome(&desk, &customer).await, "issuer_untrusted");

    let (status, proposed) = said(&alice, "/operator/v1/trust/proposals", &document(&bank, &json!({}))).await;
    assert_eq!((status, &proposed["standing"]), (202, &json!("open")), "{proposed}");
    let (_, same) = said(&alice, "/operator/v1/trust/proposals", &document(&bank, &json!({}))).await;
    assert_eq!(same["id"], proposed["id"], "asked for again, it is the same");
    let path = |what: &str| format!("/operator/v1/trust/proposals/{}/{what}", proposed["id"].as_str().unwrap());
    let (status, own) = said(&alice, &path("approve"), &json!({})).await;
    assert_eq!((status, own["code"].as_str()), (403, Some("proposal.own")));
    let (status, other) = said(&bob, &path("withdraw"), &json!({})).await;
    assert_eq!((status, other["code"].as_str()), (403, Some("proposal.other")));
    assert_eq!(outcome(&desk, &customer).await, "issuer_untrusted", "proposed is not agreed");
    for _ in 0..2 {
        let (status, done) = said(&bob, &path("approve"), &json!({})).await;
        assert_eq!((status, &done["standing"], &done["decided_by"]), (200, &json!("approved"), &json!("bob")));
    }
    let (status, late) = said(&bob, &path("reject"), &json!({})).await;
    assert_eq!((status, late["code"].as_str()), (409, Some("proposal.decided")));
    assert_eq!(outcome(&desk, &customer).await, "verified", "at once, without a restart");
    // The same again changes nothing; for another purpose it does not count.
    let (status, none) = said(&alice, "/operator/v1/trust/proposals", &document(&bank, &json!({}))).await;
    assert_eq!((status, none["code"].as_str()), (409, Some("registry.changed")));
    let listed = must(must(get(&alice, "/operator/v1/trust/issuers").await.expect("issuers", 200)).json("issuers"));
    let rows: Vec<(&str, i64)> = listed["issuers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["version"].as_i64().unwrap()))
        .collect();
    assert_eq!(rows, [(BANK, 1), ("https://dmv.example", 0)], "the file's beside it");

    // One operator takes trust away, also what the file gives; giving it back takes two.
    let revoke = |id: &str| json!({ "id": id });
    let (status, revoked) = said(&alice, "/operator/v1/trust/issuers/revoke", &revoke(BANK)).await;
    assert_eq!((status, &revoked["state"], &revoked["version"]), (200, &json!("revoked"), &json!(2)));
    assert_eq!(outcome(&desk, &customer).await, "issuer_untrusted");
    let of_file = wallet(&desk, &desk.issuer, None);
    assert_eq!(outcome(&desk, &of_file).await, "verified");
    let (status, _) = said(&alice, "/operator/v1/trust/issuers/revoke", &revoke("https://dmv.example")).await;
    assert_eq!((status, outcome(&desk, &of_file).await.as_str()), (200, "issuer_untrusted"));
    let (status, _) = said(&alice, "/operator/v1/trust/issuers/revoke", &revoke("https://nobody.example")).await;
    assert_eq!(status, 404);
    // What was proposed against another version is looked at anew.
    let more = json!({ "name": "另一名稱" });
    let (_, first) = said(&alice, "/operator/v1/trust/proposals", &document(&bank, &more)).await;
    let (_, second) = said(&alice, "/operator/v1/trust/proposals", &document(&bank, &json!({}))).await;
    let approve = |one: &Value| format!("/operator/v1/trust/proposals/{}/approve", one["id"].as_str().unwrap());
    assert_eq!(said(&bob, &approve(&second), &json!({})).await.0, 200);
    let (status, outdated) = said(&bob, &approve(&first), &json!({})).await;
    assert_eq!((status, outdated["code"].as_str()), (409, Some("proposal.outdated")));
    assert_eq!(outcome(&desk, &customer).await, "verified");
    // Everybody's step stands in the audit trail.
    let audit = must(must(get(&alice, "/operator/v1/audit?limit=200").await.expect("audit", 200)).json("audit"));
    for action in ["trust.proposed", "trust.approved", "trust.revoked"] {
        assert!(audit.to_string().contains(action), "{action}");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_nobody_trusts_any_more_vouches_for_no_held_session() {
    let desk = Desk::open(&[]).await;
    let alice = desk.test.operator("alice").await;
    // Nobody can say yet.
    desk.lists_say(&[(8, 3)], 3_600);
    let session = desk.ask(json!({})).await;
    must(wallet(&desk, &desk.issuer, Some(8)).answer(link(&session), desk.test.clock.now()).await);
    assert_eq!(desk.read(&session, "").await["state"], "held");
    let body = json!({ "id": "https://dmv.example" });
    assert_eq!(said(&alice, "/operator/v1/trust/issuers/revoke", &body).await.0, 200);
    // The list says valid now: it is no word of anybody's.
    desk.lists_say(&[], 3_600);
    desk.test.clock.advance(Duration::from_secs(61));
    let read = desk.until(&session, "refused").await;
    assert_eq!((&read["reason"], &read["claims"]), (&json!("issuer_untrusted"), &json!([])));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_issuer_of_this_world_is_refused() {
    let desk = Desk::open(&[]).await;
    let alice = desk.test.operator("alice").await;
    let bank = must(Issuer::new(BANK, desk.test.clock.now(), Random::system()));
    for more in [
        json!({ "domain": "production" }),
        json!({ "id": "http://bank.example" }),
        json!({ "grants": [] }),
        json!({ "grants": [{ "types": [] }] }),
        json!({ "certificates": "-----BEGIN" }),
        json!({ "jwks": { "keys": [] } }),
        json!({ "state": "perhaps" }),
        json!({ "keys": {} }),
    ] {
        let (status, said) = said(&alice, "/operator/v1/trust/proposals", &document(&bank, &more)).await;
        let code = said["code"].as_str().unwrap();
        assert!(status == 422 && ["trust.refused", "body.form"].contains(&code), "{more}: {said}");
    }
    let hospital = &desk.test.world.hospital;
    assert_eq!(said(hospital, "/operator/v1/trust/proposals", &json!({})).await.0, 403);
    desk.test.stop().await;
}

#[test]
fn at_the_desk_a_snapshot_goes_from_one_gateway_to_another_by_two_operators() {
    let folder = tempfile::tempdir().unwrap();
    let run = |data: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(claimgate_tests::shared::binary());
        command.args(arguments).current_dir(folder.path());
        let data = folder.path().join(data);
        command.env("CLAIMGATE_GATEWAY__DATA_DIR", &data).envs(claimgate_tests::database::settings(data));
        command.env("CLAIMGATE_OPERATORS__NAMES", "alice,bob");
        command.env("CLAIMGATE_WALLET__TRUST", folder.path().join("trust.toml"));
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let key = claimgate_packet::jose::jwk::PrivateJwk::generate(
        claimgate_packet::jose::jwk::KeyUse::Sig,
        claimgate_packet::jose::jwk::KeyAlg::Es256,
        None,
        jiff::Timestamp::UNIX_EPOCH,
    );
    let jwks = claimgate_packet::jose::jwk::JwkSet(vec![must(key).public()]).to_json();
    std::fs::write(folder.path().join("dmv.jwks"), jwks.to_string()).unwrap();
    let file = "[[issuer]]\nid = \"https://dmv.example\"\ntypes = [\"licence\"]\njwks = \"dmv.jwks\"\n";
    std::fs::write(folder.path().join("trust.toml"), file).unwrap();
    for data in ["one", "two"] {
        assert_eq!(run(data, &["keys", "new", "packet"]).0, 0);
        assert_eq!(run(data, &["migrate", "up"]).0, 0);
    }
    let (code, listed, said) = run("one", &["wallet", "trust", "list"]);
    assert!(code == 0 && listed.contains("https://dmv.example trusted, file"), "{listed}{said}");
    assert_eq!(run("one", &["wallet", "trust", "export", "issuers.json"]).0, 0);
    // Somewhere else, with one type more.
    let text = std::fs::read_to_string(folder.path().join("issuers.json")).unwrap();
    std::fs::write(folder.path().join("issuers.json"), text.replace("\"licence\"", "\"licence\",\"identity\""))
        .unwrap();
    let (code, proposed, said) = run("two", &["wallet", "trust", "import", "issuers.json", "--as", "alice"]);
    assert_eq!(code, 0, "{said}");
    let id = proposed.split_whitespace().next().unwrap();
    assert_eq!(run("two", &["wallet", "trust", "approve", id, "--as", "alice"]).0, 1, "one's own");
    assert_eq!(run("two", &["wallet", "trust", "approve", id, "--as", "bob"]).0, 0);
    assert!(run("two", &["wallet", "trust", "list"]).1.contains("licence, identity for every purpose"));
    let (_, proposed, _) = run("two", &["wallet", "trust", "import", "issuers.json", "--as", "alice"]);
    assert_eq!(proposed, "", "what is there already is not proposed");
    assert_eq!(run("two", &["wallet", "trust", "revoke", "https://dmv.example", "--as", "alice"]).0, 0);
    assert!(run("two", &["wallet", "trust", "list"]).1.contains("https://dmv.example revoked, version 2"));
}
