//! Tokens and assertions that are expired, foreign, replayed, wrongly signed, or of another kind.

use claimgate_gateway::access::jwt;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::{Random, RequestId};
use claimgate_gateway::party::{PartyState, Role};
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::demo::signing_key;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, TestGateway, get, must};
use reqwest::Method;
use serde_json::{Value, json};

struct Desk {
    test: TestGateway,
    client: PartyClient,
    key: PrivateJwk,
    issuer: String,
}

/// A registered hospital whose key the test holds, so that it can sign anything with it.
async fn desk() -> Desk {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let number = "1101010012";
    let new = NewParty { id: "hospital-desk", role: Role::Hospital, number, lines: vec![], consent: true };
    let (client, _) = test.register(new).await;
    let key = must(signing_key(Role::Hospital, test.clock.now()));
    let engine = &test.world.gateway.app.engine;
    let mut registration =
        must(engine.store.party(&"hospital-desk".parse().unwrap()).await).unwrap().registration().clone();
    "hospital-held".clone_into(&mut registration.id);
    "1101020018".clone_into(&mut registration.identifiers[0].value);
    registration.jwks = json!({ "keys": [key.public().to_json()] });
    must(engine.register(registration).await);
    let issuer = test.world.gateway.base_url().to_owned();
    Desk { test, client, key, issuer }
}

impl Desk {
    fn claims(&self) -> Value {
        let now = self.test.clock.now();
        json!({
            "iss": "hospital-held", "sub": "hospital-held", "aud": format!("{}/oauth/token", self.issuer),
            "iat": now.as_second(), "exp": now.as_second() + 200,
            "jti": RequestId::new(now, &Random::system()).to_string(),
        })
    }

    async fn ask(&self, assertion: &str) -> Answer {
        let form = format!(
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
             client-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        must(self.client.call(Method::POST, "/oauth/token", &headers, form.into_bytes()).await)
    }

    async fn ask_with(&self, key: &PrivateJwk, typ: &str, claims: &Value) -> Answer {
        self.ask(&must(jwt::write(key, typ, claims))).await
    }
}

fn check_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.json("token").unwrap()["error"], "invalid_client", "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_fresh_assertion_of_the_right_form_is_accepted() {
    let desk = desk().await;
    let good = must(jwt::write(&desk.key, "JWT", &desk.claims()));
    let token = desk.ask(&good).await;
    assert_eq!(token.status, 200);
    assert_eq!(token.header("cache-control"), Some("no-store"));
    let token = token.json("token").unwrap();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(300)));
    check_refused(&desk.ask(&good).await, "replayed");

    let now = desk.test.clock.now().as_second();
    let wrong: Vec<(&str, &str, Value)> = vec![
        ("expired", "exp", json!(now - 11)),
        ("valid for too long", "exp", json!(now + 400)),
        ("exp as text", "exp", json!("soon")),
        ("not yet valid", "nbf", json!(now + 60)),
        ("made in the future", "iat", json!(now + 60)),
        ("for the issuer, not the token URL", "aud", json!(desk.issuer)),
        ("for two audiences", "aud", json!([format!("{}/oauth/token", desk.issuer), "x"])),
        ("of another issuer", "iss", json!("hospital-desk")),
        ("for another subject", "sub", json!("hospital-desk")),
        ("for nobody known", "sub", json!("hospital-unknown")),
        ("iss as number", "iss", json!(42)),
        ("jti too short", "jti", json!("1")),
        ("jti as number", "jti", json!(12_345_678)),
    ];
    for (what, claim, value) in wrong {
        let mut claims = desk.claims();
        claims[claim] = value;
        check_refused(&desk.ask_with(&desk.key, "JWT", &claims).await, what);
    }
    for claim in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = desk.claims();
        claims.as_object_mut().unwrap().remove(claim);
        check_refused(&desk.ask_with(&desk.key, "JWT", &claims).await, claim);
    }
    check_refused(&desk.ask_with(&desk.key, "at+jwt", &desk.claims()).await, "another kind of token");
    let other = format!("{}&client_id=hospital-desk", must(jwt::write(&desk.key, "JWT", &desk.claims())));
    check_refused(&desk.ask(&other).await, "another client_id beside it");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_keys_and_changed_tokens_are_refused() {
    let desk = desk().await;
    let now = desk.test.clock.now();
    let stranger = must(signing_key(Role::Hospital, now));
    check_refused(&desk.ask_with(&stranger, "JWT", &desk.claims()).await, "a stranger's key");
    let kid = Some(desk.key.public().kid.clone());
    let namesake = must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es384, kid.clone(), now));
    check_refused(&desk.ask_with(&namesake, "JWT", &desk.claims()).await, "another key under the same kid");
    let weaker = must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, kid, now));
    check_refused(&desk.ask_with(&weaker, "JWT", &desk.claims()).await, "another algorithm");

    let good = must(jwt::write(&desk.key, "JWT", &desk.claims()));
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let encode = |value: &str| claimgate_packet::jose::base64url::encode(value.as_bytes());
    let kid = &desk.key.public().kid;
    for header in [
        format!(r#"{{"alg":"none","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES384","typ":"JWT","kid":"{kid}","crit":["b64"],"b64":false}}"#),
        format!(r#"{{"alg":"ES384","typ":"JWT","kid":"{kid}","jku":"http://127.0.0.1:9/k"}}"#),
        format!(r#"{{"alg":"ES384","alg":"none","typ":"JWT","kid":"{kid}"}}"#),
        r#"{"alg":"ES384","typ":"JWT"}"#.to_owned(),
    ] {
        check_refused(&desk.ask(&format!("{}.{claims}.{signature}", encode(&header))).await, &header);
    }
    for text in [
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{good}.x"),
        "x".repeat(9_000),
        String::from(".."),
    ] {
        check_refused(&desk.ask(&text).await, "a malformed assertion");
    }
    let changed = encode(&desk.claims().to_string());
    check_refused(&desk.ask(&format!("{header}.{changed}.{signature}")).await, "changed claims");
    desk.test.stop().await;
}

/// An assertion with any header, signed by any key.
fn handmade(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |value: &Value| claimgate_packet::jose::base64url::encode(value.to_string().as_bytes());
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = claimgate_packet::jose::base64url::encode(&sign(input.as_bytes()));
    format!("{input}.{signature}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_with_ed25519_alone_gets_a_token_and_its_key_decides_the_algorithm() {
    let desk = desk().await;
    let now = desk.test.clock.now();
    let make = |alg, kid: &str| must(PrivateJwk::generate(KeyUse::Sig, alg, Some(kid.to_owned()), now));
    let (edwards, nist) = (make(KeyAlg::EdDsa, "edwards"), make(KeyAlg::Es256, "nist"));
    let sealing = must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, now));
    let engine = &desk.test.world.gateway.app.engine;
    let nonlife = "insurer-nonlife".parse().unwrap();
    let mut registration = must(engine.store.party(&nonlife).await).unwrap().registration().clone();
    let mut register = async |id: &str, number: &str, keys: &[&PrivateJwk]| {
        id.clone_into(&mut registration.id);
        number.clone_into(&mut registration.identifiers[0].value);
        registration.jwks = json!({ "keys": keys.iter().map(|key| key.public().to_json()).collect::<Vec<_>>() });
        must(engine.register(registration.clone()).await);
    };
    register("insurer-edwards", "04595257", &[&edwards, &sealing]).await;
    register("insurer-both", "70759028", &[&edwards, &nist, &sealing]).await;
    let claims = |party: &str| {
        json!({
            "iss": party, "sub": party, "aud": desk.issuer, "iat": now.as_second(), "exp": now.as_second() + 200,
            "jti": RequestId::new(now, &Random::system()).to_string(),
        })
    };

    let token = desk.ask_with(&edwards, "JWT", &claims("insurer-edwards")).await;
    assert_eq!(token.status, 200, "{}", String::from_utf8_lossy(&token.body));
    let token = token.json("token").unwrap()["access_token"].as_str().unwrap().to_owned();
    let url = format!("{}/insurer/v1/deliveries", desk.issuer);
    assert_eq!(must(reqwest_client().get(url).bearer_auth(token).send().await).status(), 200);
    for key in [&edwards, &nist] {
        assert_eq!(desk.ask_with(key, "JWT", &claims("insurer-both")).await.status, 200, "{key:?}");
    }
    let metadata = get(&desk.client, "/.well-known/oauth-authorization-server").await.json("metadata").unwrap();
    let algorithms = &metadata["token_endpoint_auth_signing_alg_values_supported"];
    assert_eq!(algorithms, &json!(["ES384", "RS384", "ES256", "EdDSA", "PS256"]));

    // The header names another algorithm than its key has, or another key than signed it.
    let ed25519 = |input: &[u8]| pair(&edwards).sign(input).as_ref().to_vec();
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "typ": "JWT", "kid": kid });
    for (alg, kid) in [
        ("ES256", "edwards"),
        ("ES384", "edwards"),
        ("HS256", "edwards"),
        ("none", "edwards"),
        ("Ed25519", "edwards"),
        ("Ed448", "edwards"),
        ("eddsa", "edwards"),
        ("EdDSA", "nist"),
        ("ES256", "nist"),
        ("EdDSA", "unknown"),
    ] {
        let assertion = handmade(&header(alg, kid), &claims("insurer-both"), ed25519);
        check_refused(&desk.ask(&assertion).await, &format!("{alg} by {kid}"));
    }
    // The public point taken for a secret.
    let point = claimgate_packet::jose::base64url::decode(edwards.public().edwards_point().unwrap()).unwrap();
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &point);
    let by_mac = |input: &[u8]| aws_lc_rs::hmac::sign(&secret, input).as_ref().to_vec();
    for alg in ["HS256", "EdDSA"] {
        let assertion = handmade(&header(alg, "edwards"), &claims("insurer-both"), by_mac);
        check_refused(&desk.ask(&assertion).await, &format!("{alg} over the public point"));
    }
    // Every changed byte of a signature, and one of no length.
    let good = handmade(&header("EdDSA", "edwards"), &claims("insurer-both"), ed25519);
    let (input, _) = good.rsplit_once('.').unwrap();
    check_refused(&desk.ask(&format!("{input}.")).await, "no signature");
    for place in 0..64 {
        let assertion = handmade(&header("EdDSA", "edwards"), &claims("insurer-both"), |input| {
            let mut signature = ed25519(input);
            signature[place] ^= 1;
            signature
        });
        check_refused(&desk.ask(&assertion).await, &format!("byte {place}"));
    }
    // SMART Backend Services takes ES384 alone, whatever a hospital has registered.
    let held = "hospital-held".parse().unwrap();
    let mut hospital = must(engine.store.party(&held).await).unwrap().registration().clone();
    let keys = [desk.key.public(), edwards.public(), nist.public()].map(|key| key.to_json());
    hospital.jwks = json!({ "keys": keys });
    must(engine.replace_registration(&held, hospital).await);
    for key in [&edwards, &nist] {
        check_refused(&desk.ask_with(key, "JWT", &desk.claims()).await, "another profile's algorithm");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_none_of_whose_keys_would_get_a_token_is_not_registered() {
    let test = TestGateway::start().await;
    let (engine, now) = (&test.world.gateway.app.engine, test.clock.now());
    for (party, alg, taken) in [
        ("insurer-life", KeyAlg::Es384, "ES256, EdDSA"),
        ("app-demo", KeyAlg::Es384, "ES256, EdDSA"),
        ("hospital-demo", KeyAlg::Es256, "ES384 or RS384"),
        ("hospital-demo", KeyAlg::EdDsa, "ES384"),
    ] {
        let id = party.parse().unwrap();
        let before = must(engine.store.party(&id).await).unwrap();
        let key = must(PrivateJwk::generate(KeyUse::Sig, alg, None, now));
        let mut registration = before.registration().clone();
        registration.jwks["keys"].as_array_mut().unwrap()[0] = key.public().to_json();
        let refused = engine.replace_registration(&id, registration.clone()).await.unwrap_err().to_string();
        assert!(refused.contains("jwks: ") && refused.contains(taken), "{party}: {refused}");
        "party-new".clone_into(&mut registration.id);
        for known in &mut registration.identifiers {
            "1101020018".clone_into(&mut known.value);
        }
        let refused = engine.register(registration).await.unwrap_err().to_string();
        assert!(refused.contains(taken), "{party}: {refused}");
        assert_eq!(must(engine.store.party(&id).await).unwrap().version, before.version);
    }
    // One that was registered before this was asked is read as ever: its other keys and claims must not be lost.
    let id = "insurer-life".parse().unwrap();
    let mut stored = must(engine.store.party(&id).await).unwrap().registration().clone();
    let key = must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es384, None, now));
    stored.jwks["keys"].as_array_mut().unwrap()[0] = key.public().to_json();
    assert!(claimgate_gateway::party::Party::new(stored, PartyState::Live, 1).is_ok());
    test.stop().await;
}

/// The library's form of an Ed25519 key.
fn pair(key: &PrivateJwk) -> aws_lc_rs::signature::Ed25519KeyPair {
    let bytes = |name: &str| claimgate_packet::jose::base64url::decode(key.to_json()[name].as_str().unwrap()).unwrap();
    aws_lc_rs::signature::Ed25519KeyPair::from_seed_and_public_key(&bytes("d"), &bytes("x")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_fifty_equal_assertions_at_once_wins() {
    let desk = desk().await;
    let assertion = must(jwt::write(&desk.key, "JWT", &desk.claims()));
    let answers = futures_util::future::join_all((0..50).map(|_| desk.ask(&assertion))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_ends_with_its_time_its_party_and_its_scope() {
    let desk = desk().await;
    let test = &desk.test;
    let bundle = "/fhir/Bundle/0190c0de-0000-7000-8000-000000000000";
    assert_eq!(get(&test.world.hospital, bundle).await.status, 404);

    // The party is suspended: its token is refused at once, and it gets no new one.
    let engine = &test.world.gateway.app.engine;
    let id = "hospital-demo".parse().unwrap();
    must(engine.set_state(&id, PartyState::Suspended).await);
    let refused = get(&test.world.hospital, bundle).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    must(engine.set_state(&id, PartyState::Live).await);
    assert_eq!(get(&test.world.hospital, bundle).await.status, 404);

    // A token for reading does not push.
    let form = format!(
        "grant_type=client_credentials&scope=system%2FBundle.r&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
         client-assertion-type%3Ajwt-bearer&client_assertion={}",
        must(jwt::write(&desk.key, "JWT", &desk.claims()))
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = must(desk.client.call(Method::POST, "/oauth/token", &headers, form.into_bytes()).await);
    let reading = answer.json("token").unwrap()["access_token"].as_str().unwrap().to_owned();
    let plain = must(reqwest_client().post(format!("{}/fhir/Bundle", desk.issuer)).bearer_auth(&reading).send().await);
    assert_eq!(plain.status(), 403);

    // Five minutes and the leeway later it has ended.
    test.clock.advance(std::time::Duration::from_secs(299));
    assert_eq!(get(&test.world.hospital, bundle).await.status, 404);
    test.clock.advance(std::time::Duration::from_secs(12));
    let expired = test.push(&bytes(&case("LATE-1")), &[]).await;
    assert_eq!(expired.status, 401);
    assert_eq!(expired.json("outcome").unwrap()["issue"][0]["details"]["coding"][0]["code"], "token.expired");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_the_gateway_did_not_give_is_refused() {
    let desk = desk().await;
    let now = desk.test.clock.now().as_second();
    let forged = json!({
        "iss": desk.issuer, "aud": desk.issuer, "sub": "hospital-demo", "client_id": "hospital-demo",
        "role": "hospital", "scope": "system/Bundle.r", "iat": now, "exp": now + 300, "jti": "forged-token",
    });
    let key = must(signing_key(Role::App, desk.test.clock.now()));
    let bundle = format!("{}/fhir/Bundle/0190c0de-0000-7000-8000-000000000000", desk.issuer);
    for token in [must(jwt::write(&key, "at+jwt", &forged)), "garbage".to_owned(), String::new()] {
        let answer = must(reqwest_client().get(&bundle).bearer_auth(&token).send().await);
        assert_eq!(answer.status(), 401);
    }
    // An assertion is no access token, even for the same party.
    let assertion = must(jwt::write(&desk.key, "JWT", &desk.claims()));
    assert_eq!(must(reqwest_client().get(&bundle).bearer_auth(&assertion).send().await).status(), 401);
    desk.test.stop().await;
}

fn reqwest_client() -> reqwest::Client {
    must(claimgate_gateway::sandbox::client::http_client())
}
