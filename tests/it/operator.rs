//! Operators over HTTP: authenticated in person, two for one change, and nobody else comes in.

use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::flows::registry::{Changed, NotRegistered, Operator};
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle::{self, Running};
use claimgate_gateway::party::{AuthProfile, PartyIdentifier, Registration, Role};
use claimgate_gateway::sandbox::client::{Answer, Identity, PartyClient};
use claimgate_gateway::sandbox::demo::signing_key;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_tests::TestGateway;
use claimgate_tests::database::Kept;
use claimgate_tests::gateway::{get, must, post};
use reqwest::Method;
use serde_json::{Value, json};

const LIFE: &str = "/operator/v1/parties/insurer-life";

/// A gateway under four eyes, with two operators and a regulator.
struct Desk {
    running: Running,
    folder: Kept,
    /// Alice has two keys: she is one person all the same.
    alice: [PartyClient; 2],
    bob: PartyClient,
    regulator: PartyClient,
}

fn key() -> PrivateJwk {
    must(signing_key(Role::Operator, Clock::system().now()))
}

async fn client(base: &str, id: &str, key: PrivateJwk) -> PartyClient {
    let identity = Identity { id: id.to_owned(), profile: AuthProfile::Fapi, key };
    let own = must(signing_key(Role::Operator, Clock::system().now()));
    let mut client = must(PartyClient::new(base, identity, Clock::system(), Random::system())).bound_to(own);
    must(client.authenticate().await);
    client
}

async fn desk() -> Desk {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let [one, two, bobs, regulators] = [key(), key(), key(), key()];
    let set = |keys: &[&PrivateJwk]| JwkSet(keys.iter().map(|key| key.public()).collect()).to_json();
    must(engine.add_operator(None, "alice", set(&[&one, &two])).await);
    must(engine.add_operator(None, "bob", set(&[&bobs])).await);
    // One key stands for one person.
    let twice = engine.add_operator(None, "alice-again", set(&[&two])).await;
    assert!(matches!(twice, Err(NotRegistered::Taken(_))));
    let number = PartyIdentifier { system: "https://oid.nat.gov.tw".to_owned(), value: "2.16.886.101".to_owned() };
    let registration = Registration {
        identifiers: vec![number],
        ..Registration::new("regulator", Role::Regulator, "主管機關", set(&[&regulators]))
    };
    must(engine.register(registration).await);

    let (world, folder) = test.into_parts();
    must(world.gateway.stop().await);
    let settings = [
        ("CLAIMGATE_GATEWAY__DATA_DIR", folder.path().display().to_string()),
        ("CLAIMGATE_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK", "true".to_owned()),
        ("CLAIMGATE_OPERATORS__FOUR_EYES", "true".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(folder.settings());
    let config = must(Config::from_layers(None, settings));
    let running = must(lifecycle::start(config, Clock::system(), Random::system()).await);
    let base = running.base_url().to_owned();
    let alice = [client(&base, "alice", one).await, client(&base, "alice", two).await];
    let bob = client(&base, "bob", bobs).await;
    let regulator = client(&base, "regulator", regulators).await;
    Desk { running, folder, alice, bob, regulator }
}

async fn put(client: &PartyClient, path: &str, (name, value): (&str, &str), body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), (name, value)];
    must(client.call(Method::PUT, path, &headers, body.to_string().into_bytes()).await)
}

async fn patch(client: &PartyClient, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    must(client.call(Method::PATCH, path, &headers, body.to_string().into_bytes()).await)
}

fn code(answer: &Answer) -> (u16, String) {
    let code = answer.json("problem").unwrap()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), code)
}

fn said(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    answer.json("answer").unwrap()
}

/// The life insurer's document with another key for packets.
async fn with_next_key(client: &PartyClient) -> (Value, String) {
    let read = get(client, LIFE).await;
    let etag = read.header("etag").unwrap().to_owned();
    let mut document = said(&read, 200)["document"].clone();
    let next = must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, Clock::system().now())).public();
    let keys = document["jwks"]["keys"].as_array_mut().unwrap();
    keys.retain(|key| key["use"] == "sig");
    keys.push(next.to_json());
    (document, etag)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_change_a_key_for_packets_and_one_alone_cannot() {
    let desk = Box::pin(desk()).await;
    let [alice, alice_too] = &desk.alice;
    let listed = said(&get(alice, "/operator/v1/parties?role=insurer&limit=1").await, 200);
    assert_eq!(listed["parties"].as_array().unwrap().len(), 1);
    let after = listed["next_after"].as_str().unwrap();
    let rest = said(&get(alice, &format!("/operator/v1/parties?role=insurer&after={after}")).await, 200);
    assert_eq!((rest["parties"].as_array().unwrap().len(), &rest["next_after"]), (1, &Value::Null));
    for wrong in ["limit=0", "limit=201", "role=king", "what=1", "limit=1&limit=2"] {
        let refused = get(alice, &format!("/operator/v1/parties?{wrong}")).await;
        assert_eq!(code(&refused), (400, "query.invalid".to_owned()), "{wrong}");
    }

    let (document, etag) = with_next_key(alice).await;
    assert_eq!(
        code(&put(alice, LIFE, ("x-none", "1"), &document).await),
        (428, "operator.if-match-missing".to_owned())
    );
    let stale = put(alice, LIFE, ("if-match", "W/\"99\""), &document).await;
    assert_eq!(code(&stale), (412, "registry.version".to_owned()));
    let proposed = said(&put(alice, LIFE, ("if-match", &etag), &document).await, 202);
    let id = proposed["id"].as_str().unwrap();
    assert_eq!((&proposed["standing"], &proposed["proposed_by"]), (&json!("open"), &json!("alice")));
    let changes = proposed["changes"].as_array().unwrap();
    assert!(changes.iter().all(|one| one["member"] == "jwks") && changes.len() == 2, "{changes:?}");
    assert_eq!(
        said(&put(alice, LIFE, ("if-match", &etag), &document).await, 202)["id"],
        id,
        "asked again, it is the same"
    );

    let approve = format!("/operator/v1/proposals/{id}/approve");
    for herself in [alice, alice_too] {
        assert_eq!(code(&post(herself, &approve, &json!({})).await), (403, "proposal.own".to_owned()));
    }
    assert_eq!(code(&post(&desk.regulator, &approve, &json!({})).await), (403, "scope.missing".to_owned()));
    assert_eq!(said(&get(&desk.regulator, LIFE).await, 200)["version"], 1, "a regulator reads");
    assert_eq!(
        code(&put(&desk.regulator, LIFE, ("if-match", &etag), &document).await),
        (403, "scope.missing".to_owned())
    );

    let approved = said(&post(&desk.bob, &approve, &json!({})).await, 200);
    assert_eq!((&approved["standing"], &approved["decided_by"]), (&json!("approved"), &json!("bob")));
    assert_eq!(said(&post(&desk.bob, &approve, &json!({})).await, 200)["standing"], "approved", "the same again");
    assert_eq!(code(&post(alice, &approve, &json!({})).await), (409, "proposal.decided".to_owned()));
    let now = said(&get(alice, LIFE).await, 200);
    assert_eq!((&now["version"], &now["document"]["jwks"]), (&json!(2), &document["jwks"]));

    // Rejected with a reason, taken back, and by whom.
    let (document, etag) = with_next_key(alice).await;
    let id = said(&put(alice, LIFE, ("if-match", &etag), &document).await, 202)["id"].as_str().unwrap().to_owned();
    let way = |what: &str| format!("/operator/v1/proposals/{id}/{what}");
    assert_eq!(code(&post(&desk.bob, &way("withdraw"), &json!({})).await), (403, "proposal.other".to_owned()));
    assert_eq!(post(&desk.bob, &way("reject"), &json!({})).await.status, 422);
    let rejected = said(&post(&desk.bob, &way("reject"), &json!({ "reason": "thumbprint differs" })).await, 200);
    assert_eq!((&rejected["standing"], &rejected["reason"]), (&json!("rejected"), &json!("thumbprint differs")));
    assert_eq!(said(&get(&desk.regulator, &way("")[..way("").len() - 1]).await, 200).get("reason"), None);

    // What stands in the trail: who, by their token; no word of the reason.
    let trail = said(&get(alice, "/operator/v1/audit?action=party.approved&limit=200").await, 200);
    let line = &trail["lines"][0];
    assert_eq!((&line["actor"], &line["detail"]["proposed_by"]), (&json!("operator:bob"), &json!("alice")));
    assert_eq!(line["detail"]["account"], "token");
    let whole = said(&get(alice, "/operator/v1/audit?limit=200").await, 200);
    assert!(!whole.to_string().contains("thumbprint differs"));
    let health = said(&get(alice, "/operator/v1/health").await, 200);
    assert!(health["findings"].as_array().unwrap().len() > 5, "{health}");
    must(desk.running.stop().await);
    drop(desk.folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_needs_two_and_a_suspended_operator_is_out_at_once() {
    let desk = Box::pin(desk()).await;
    let [alice, _] = &desk.alice;
    let path = format!("{LIFE}/endpoint");
    assert_eq!(code(&get(alice, &path).await), (404, "endpoint.none".to_owned()));
    let fresh = ("if-none-match", "*");
    let wrong = put(alice, &path, fresh, &json!({ "url": "https://10.0.0.1/hook" })).await;
    assert_eq!(code(&wrong), (422, "endpoint.address".to_owned()));
    let body = json!({ "url": "https://hooks.insurer.example/claimgate", "scheme": "hmac" });
    let proposed = said(&put(alice, &path, fresh, &body).await, 202);
    let (id, secret) = (proposed["proposal"]["id"].as_str().unwrap(), proposed["key"].as_str().unwrap());
    assert!(secret.starts_with("whsec_"));
    assert_eq!(said(&put(alice, &path, fresh, &body).await, 202), proposed, "asked again, the same secret");
    let seen = said(&get(&desk.bob, &format!("/operator/v1/proposals/{id}")).await, 200);
    assert!(!seen.to_string().contains(secret) && seen.to_string().contains("SHA-256"), "{seen}");
    let approve = format!("/operator/v1/proposals/{id}/approve");
    assert_eq!(code(&post(alice, &approve, &json!({})).await), (403, "proposal.own".to_owned()));
    said(&post(&desk.bob, &approve, &json!({})).await, 200);
    let endpoint = get(alice, &path).await;
    assert_eq!(said(&endpoint, 200)["url"], body["url"]);
    assert!(!String::from_utf8_lossy(&endpoint.body).contains(secret));
    // A new secret needs two as well; on and off need one.
    let rotated = said(&post(alice, &format!("{path}/rotate"), &json!({})).await, 202);
    assert!(rotated["key"].as_str().unwrap().starts_with("whpk_"));
    assert_eq!(said(&post(alice, &format!("{path}/off"), &json!({})).await, 200)["state"], "off");
    assert_eq!(said(&post(alice, &format!("{path}/resume"), &json!({})).await, 200)["state"], "on");
    let stale = rotated["proposal"]["id"].as_str().unwrap();
    let late = post(&desk.bob, &format!("/operator/v1/proposals/{stale}/approve"), &json!({})).await;
    assert_eq!(code(&late), (409, "proposal.outdated".to_owned()));
    assert_eq!(said(&get(alice, "/operator/v1/endpoints").await, 200)["endpoints"][0]["party"], "insurer-life");
    assert_eq!(said(&get(alice, "/operator/v1/dead-letters").await, 200)["messages"], json!([]));

    // A third operator is a proposal; a colleague's key nobody exchanges alone.
    let engine = &desk.running.app.engine;
    let jwks = JwkSet(vec![key().public()]).to_json();
    assert!(matches!(engine.add_operator(None, "carol", jwks.clone()).await, Err(NotRegistered::SecondOperator(..))));
    let mallory = Operator::new("mallory", &["mallory".to_owned()], None).unwrap();
    assert!(matches!(engine.add_operator(Some(&mallory), "carol", jwks.clone()).await, Ok(Changed::Waits(_))));
    let bobs = said(&get(alice, "/operator/v1/parties/bob").await, 200)["document"].clone();
    let mut stolen = bobs.clone();
    stolen["jwks"] = jwks;
    assert_eq!(put(alice, "/operator/v1/parties/bob", ("if-match", "W/\"1\""), &stolen).await.status, 202);
    assert!(matches!(engine.remove_operator(None, &"bob".parse().unwrap()).await, Err(NotRegistered::TooFew)));

    // Nobody is left to agree with: one alone suspends no colleague, nor do both together.
    let bob_out = json!({ "state": "suspended" });
    let refused = patch(alice, "/operator/v1/parties/bob", &bob_out).await;
    assert_eq!(code(&refused), (409, "operator.too-few".to_owned()));
    let version = said(&get(alice, "/operator/v1/parties/bob").await, 200)["version"].as_i64().unwrap();
    assert_eq!(version, 1);

    // With a third one there is: then one alone suspends, and to bring back needs two.
    let carols = said(&get(&desk.bob, "/operator/v1/proposals").await, 200);
    let carols = carols["proposals"].as_array().unwrap().iter().find(|one| one["party"] == "carol").unwrap().clone();
    let path = format!("/operator/v1/proposals/{}/approve", carols["id"].as_str().unwrap());
    said(&post(&desk.bob, &path, &json!({})).await, 200);
    assert_eq!(said(&patch(alice, "/operator/v1/parties/bob", &bob_out).await, 200)["version"], 2);
    assert_eq!(code(&get(&desk.bob, LIFE).await), (401, "token.invalid".to_owned()));
    assert_eq!(post(&desk.bob, &approve, &json!({})).await.status, 401);
    assert_eq!(patch(alice, "/operator/v1/parties/bob", &json!({ "state": "live" })).await.status, 202);
    // One who is suspended is none of the two that must be left.
    assert!(matches!(engine.remove_operator(None, &"carol".parse().unwrap()).await, Err(NotRegistered::TooFew)));
    assert_eq!(code(&patch(alice, "/operator/v1/parties/carol", &bob_out).await), (409, "operator.too-few".to_owned()));
    must(desk.running.stop().await);
    drop(desk.folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_token_is_always_bound_to_a_key() {
    let test = TestGateway::start().await;
    let own = key();
    must(test.world.gateway.app.engine.add_operator(None, "alice", JwkSet(vec![own.public()]).to_json()).await);
    let mut plain = test.client(Identity { id: "alice".to_owned(), profile: AuthProfile::Fapi, key: own });
    let refused = plain.authenticate().await.unwrap_err().to_string();
    assert!(refused.contains("tokens bound to a key"), "{refused}");
    test.stop().await;
}
