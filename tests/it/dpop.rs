//! Tokens bound to a key (DPoP, RFC 9449): what counts as a proof, and that a stolen token is worth nothing without.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use claimgate_gateway::access::dpop::{self, Wanted};
use claimgate_gateway::access::scope::Scope;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::change::{Change, Write};
use claimgate_gateway::id::{Random, RequestId};
use claimgate_gateway::party::{AuthProfile, Role, TokenRule};
use claimgate_gateway::sandbox::client::{Answer, Identity, PartyClient};
use claimgate_gateway::sandbox::demo::signing_key;
use claimgate_gateway::sandbox::insurer;
use claimgate_gateway::store::{Store, StoreError};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

const LIST: &str = "/insurer/v1/deliveries";

/// A key of somebody who signs whatever a test wants.
struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(base64url::encode);
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
    }

    fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() })
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes()));
        let signature = self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", base64url::encode(signature.as_ref()))
    }
}

/// A gateway, an insurer's client whose assertions the test uses, and one that sends no header of its own.
struct Desk {
    test: TestGateway,
    plain: PartyClient,
    key: Key,
}

async fn desk(settings: &[(&str, String)]) -> Desk {
    let clock = Clock::test("2026-11-23T02:00:00Z".parse().unwrap());
    let test = TestGateway::start_with_settings(clock, settings).await;
    let key = must(signing_key(Role::App, test.clock.now()));
    let plain = test.client(Identity { id: "nobody".to_owned(), profile: AuthProfile::Fapi, key });
    Desk { test, plain, key: Key::new() }
}

impl Desk {
    fn now(&self) -> Timestamp {
        self.test.clock.now()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.test.world.gateway.base_url())
    }

    fn claims(&self, method: &str, path: &str, token: Option<&str>) -> Value {
        let mut claims = json!({
            "jti": RequestId::new(self.now(), &Random::system()).to_string(), "htm": method,
            "htu": self.url(path), "iat": self.now().as_second(),
        });
        if let Some(token) = token {
            claims["ath"] = json!(sha256_text(token.as_bytes()));
        }
        claims
    }

    fn proof(&self, method: &str, path: &str, token: Option<&str>) -> String {
        self.signed(&self.claims(method, path, token))
    }

    /// A proof by the desk's key that says anything.
    fn signed(&self, claims: &Value) -> String {
        self.key.sign(&self.key.header().to_string(), &claims.to_string())
    }

    /// Asks for a token as a party, with any headers.
    async fn ask(&self, client: &PartyClient, audience: &str, headers: &[(&str, &str)]) -> Answer {
        let form = format!(
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
             client-assertion-type%3Ajwt-bearer&client_assertion={}",
            must(client.assertion(audience))
        );
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        must(self.plain.call(Method::POST, "/oauth/token", &all, form.into_bytes()).await)
    }

    async fn ask_as_insurer(&self, headers: &[(&str, &str)]) -> Answer {
        self.ask(&self.test.nonlife().client, self.test.world.gateway.base_url(), headers).await
    }

    /// A token of the insurer that may have either kind, bound to the desk's key.
    async fn bound_token(&self) -> String {
        let answer = self.ask_as_insurer(&[("dpop", &self.proof("POST", "/oauth/token", None))]).await;
        let token = answer.json("token").unwrap();
        assert_eq!((answer.status.as_u16(), &token["token_type"]), (200, &json!("DPoP")), "{token}");
        token["access_token"].as_str().unwrap().to_owned()
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        must(self.plain.call(Method::GET, path, headers, Vec::new()).await)
    }

    async fn list(&self, token: &str, proof: &str) -> Answer {
        self.send(LIST, &[("authorization", &format!("DPoP {token}")), ("dpop", proof)]).await
    }
}

fn check_refused(answer: &Answer, code: &str, error: &str, what: &str) {
    let body = String::from_utf8_lossy(&answer.body);
    assert_eq!((answer.status.as_u16(), &answer.json("p").unwrap()["code"]), (401, &json!(code)), "{what}: {body}");
    let challenge = format!("DPoP error=\"{error}\", algs=\"ES256 EdDSA\"");
    assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_fresh_proof_for_this_request_is_accepted() {
    let desk = desk(&[]).await;
    let token = desk.bound_token().await;
    let now = desk.now().as_second();
    let (ours, theirs) = (desk.key.jwk(), Key::new().jwk());
    let private = {
        let mut jwk = ours.clone();
        jwk["d"] = json!(base64url::encode(&[7; 32]));
        jwk
    };
    let rsa = json!({ "kty": "RSA", "n": base64url::encode(&[0xff; 256]), "e": "AQAB" });
    let wrong: Vec<(&str, &str, Value)> = vec![
        ("made 61 seconds ago", "iat", json!(now - 61)),
        ("made 11 seconds ahead", "iat", json!(now + 11)),
        ("iat as text", "iat", json!("now")),
        ("no iat", "iat", json!(null)),
        ("another method", "htm", json!("POST")),
        ("the method in lower case", "htm", json!("get")),
        ("another address", "htu", json!(desk.url("/insurer/v1/submissions"))),
        ("another host", "htu", json!(format!("https://elsewhere.example{LIST}"))),
        ("a path alone", "htu", json!(LIST)),
        ("another token's hash", "ath", json!(sha256_text(b"other"))),
        ("no hash", "ath", json!(null)),
        ("no jti", "jti", json!(null)),
        ("a short jti", "jti", json!("1")),
        ("a long jti", "jti", json!("x".repeat(129))),
        ("alg none", "alg", json!("none")),
        ("alg HS256", "alg", json!("HS256")),
        ("alg RS256", "alg", json!("RS256")),
        ("another key's algorithm", "alg", json!("EdDSA")),
        ("an RSA key", "jwk", rsa),
        ("the private key", "jwk", private),
        ("somebody else's public key", "jwk", theirs),
        ("no key", "jwk", json!(null)),
        ("another kind", "typ", json!("JWT")),
        ("a key id", "kid", json!("insurer-nonlife")),
        ("a key's address", "jku", json!("https://elsewhere.example/jwks.json")),
        ("certificates", "x5c", json!([])),
        ("an extension", "crit", json!(["b64"])),
    ];
    for (what, member, value) in wrong {
        let (mut header, mut claims) = (desk.key.header(), desk.claims("GET", LIST, Some(&token)));
        let part = if ["typ", "alg", "jwk", "kid", "jku", "x5c", "crit"].contains(&member) {
            &mut header
        } else {
            &mut claims
        };
        part[member] = value;
        let proof = desk.key.sign(&header.to_string(), &claims.to_string());
        check_refused(&desk.list(&token, &proof).await, "dpop.invalid", "invalid_dpop_proof", what);
    }
    let good = desk.proof("GET", LIST, Some(&token));
    let (input, _) = good.rsplit_once('.').unwrap();
    let twice = desk.key.header().to_string().replacen('{', "{\"alg\":\"none\",", 1);
    for (what, proof) in [
        ("no signature", format!("{input}.")),
        ("a changed signature", format!("{input}.{}", base64url::encode(&[1; 64]))),
        ("two parts", input.to_owned()),
        ("alg twice", desk.key.sign(&twice, &desk.claims("GET", LIST, Some(&token)).to_string())),
        ("a huge one", format!("{good}{}", "A".repeat(20_000))),
        ("nothing", String::new()),
    ] {
        check_refused(&desk.list(&token, &proof).await, "dpop.invalid", "invalid_dpop_proof", what);
    }
    let authorization = format!("DPoP {token}");
    let two = [("authorization", authorization.as_str()), ("dpop", &good), ("dpop", &good)];
    check_refused(&desk.send(LIST, &two).await, "dpop.invalid", "invalid_dpop_proof", "two proofs");
    check_refused(&desk.send(LIST, &two[..1]).await, "dpop.invalid", "invalid_dpop_proof", "no proof");

    // Nothing above used it up. A query and another spelling of the address say nothing.
    assert_eq!(desk.list(&token, &good).await.status, 200);
    let mut claims = desk.claims("GET", LIST, Some(&token));
    let spelling = desk.url(&format!("{LIST}?after=9#x")).replace("http", "HTTP").replace("deliv", "%64eliv");
    claims["htu"] = json!(spelling);
    let proof = desk.signed(&claims);
    let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
    assert_eq!(desk.send(&format!("{LIST}?after=0&limit=2"), &headers).await.status, 200);
    for edge in [now - 60, now + 10] {
        let mut claims = desk.claims("GET", LIST, Some(&token));
        claims["iat"] = json!(edge);
        let proof = desk.signed(&claims);
        assert_eq!(desk.list(&token, &proof).await.status, 200, "{edge}");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_counts_once_also_among_fifty_and_after_a_restart() {
    let desk = desk(&[]).await;
    let token = desk.bound_token().await;
    let proof = desk.proof("GET", LIST, Some(&token));
    let answers = futures_util::future::join_all((0..50).map(|_| desk.list(&token, &proof))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        check_refused(answer, "dpop.invalid", "invalid_dpop_proof", "used before");
    }
    // The same id under another key is another proof.
    let url = desk.url(LIST);
    let wanted = Wanted { method: "GET", url: &url, token: Some(&token), nonces: None };
    let (now, used) = (desk.now(), dpop::check(&proof, &wanted, desk.now(), 10).unwrap());

    let path = desk.test.world.gateway.app.config.database();
    let _folder = desk.test.stop().await;
    let store = must(Store::open(&path, 1).await);
    let again = || {
        let mut change = Change::new("use_proof");
        change.push(Write::ProofUse("insurer-nonlife".parse().unwrap(), used.digest.clone(), used.expires));
        store.commit(change)
    };
    must(store.forget_expired(now + jiff::SignedDuration::from_secs(70)).await);
    assert!(matches!(again().await, Err(StoreError::Conflict { .. })), "kept for as long as it could count");
    must(store.forget_expired(now + jiff::SignedDuration::from_mins(3)).await);
    must(again().await);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_token_is_worth_nothing_without_its_key() {
    let desk = desk(&[]).await;
    let token = desk.bound_token().await;
    let thief = Key::new();
    let theirs = thief.sign(&thief.header().to_string(), &desk.claims("GET", LIST, Some(&token)).to_string());
    check_refused(&desk.list(&token, &theirs).await, "dpop.other-key", "invalid_token", "another key");
    let proof = desk.proof("GET", LIST, Some(&token));
    let bearer = format!("Bearer {token}");
    for headers in [&[("authorization", bearer.as_str())][..], &[("authorization", &bearer), ("dpop", &proof)]] {
        check_refused(&desk.send(LIST, headers).await, "token.bound", "invalid_token", "as a bearer token");
    }
    // The other way round: a bearer token gains nothing by a proof.
    let plain = desk.test.nonlife().client.access_token().unwrap().to_owned();
    let beside = desk.proof("GET", LIST, Some(&plain));
    check_refused(&desk.list(&plain, &beside).await, "token.unbound", "invalid_token", "a bearer token as DPoP");
    assert_eq!(get(&desk.test.nonlife().client, LIST).await.status, 200);
    let nothing = desk.send(LIST, &[]).await;
    assert_eq!(nothing.header("www-authenticate"), Some("Bearer, DPoP algs=\"ES256 EdDSA\""));
    assert_eq!(desk.list(&token, &proof).await.status, 200, "its owner is not disturbed");

    // A state changes by a proof for that request alone.
    let status = "/insurer/v1/submissions/sub_0190c0de-0000-7000-8000-000000000000/status";
    let authorization = format!("DPoP {token}");
    for (method, expected) in [("GET", 401), ("POST", 404)] {
        let proof = desk.proof(method, status, Some(&token));
        let headers =
            [("authorization", authorization.as_str()), ("dpop", &proof), ("content-type", "application/json")];
        let body = br#"{"state":"received"}"#.to_vec();
        assert_eq!(must(desk.plain.call(Method::POST, status, &headers, body).await).status, expected, "{method}");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_endpoint_binds_or_says_why_not() {
    let desk = desk(&[]).await;
    let token = desk.bound_token().await;
    let payload = base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let url = desk.url("/oauth/token");
    let wanted = Wanted { method: "POST", url: &url, token: None, nonces: None };
    let proof = desk.proof("POST", "/oauth/token", None);
    assert_eq!(payload["cnf"]["jkt"], dpop::check(&proof, &wanted, desk.now(), 10).unwrap().jkt);
    assert!(payload["scope"].as_str().unwrap().contains(Scope::DeliveriesRead.as_str()));

    assert_eq!(desk.ask_as_insurer(&[("dpop", &proof)]).await.status, 200);
    let mut stale = desk.claims("POST", "/oauth/token", None);
    stale["iat"] = json!(desk.now().as_second() - 61);
    let elsewhere = desk.proof("POST", LIST, None);
    let fresh = desk.proof("POST", "/oauth/token", None);
    for (what, headers) in [
        ("used before", vec![("dpop", proof.as_str())]),
        ("for another address", vec![("dpop", &elsewhere)]),
        ("stale", vec![("dpop", &desk.signed(&stale))]),
        ("two", vec![("dpop", &fresh), ("dpop", &fresh)]),
        ("none at all", vec![("dpop", "")]),
        ("a huge one", vec![("dpop", &"A".repeat(20_000))]),
    ] {
        let refused = desk.ask_as_insurer(&headers).await;
        assert_eq!(refused.status, 400, "{what}");
        assert_eq!(refused.json("token").unwrap()["error"], "invalid_dpop_proof", "{what}");
    }
    // One proof, fifty assertions, each its own: one token.
    let headers = [("dpop", fresh.as_str())];
    let answers = futures_util::future::join_all((0..50).map(|_| desk.ask_as_insurer(&headers))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);

    let metadata = get(&desk.plain, "/.well-known/oauth-authorization-server").await.json("metadata").unwrap();
    assert_eq!(metadata["dpop_signing_alg_values_supported"], json!(["ES256", "EdDSA"]));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_can_demand_bound_tokens_and_hospitals_are_left_alone() {
    let desk = desk(&[]).await;
    let (engine, id) = (&desk.test.world.gateway.app.engine, "insurer-nonlife".parse().unwrap());
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    assert_eq!(registration.token, None);
    registration.token = Some(TokenRule::Dpop);
    must(engine.replace_registration(&id, registration).await);
    // A token it got before is of no use from now on, and it gets no other.
    let before = get(&desk.test.nonlife().client, LIST).await;
    check_refused(&before, "token.unbound", "invalid_token", "given before the demand");
    let refused = desk.ask_as_insurer(&[]).await;
    assert_eq!((refused.status.as_u16(), &refused.json("t").unwrap()["error"]), (400, &json!("invalid_request")));
    let token = desk.bound_token().await;
    assert_eq!(desk.list(&token, &desk.proof("GET", LIST, Some(&token))).await.status, 200);

    // The demo's life insurer is registered so, and its client does all of it.
    assert_eq!(desk.test.push(&bytes(&case("DPOP-1")), &[]).await.status, 201);
    assert_eq!(must(insurer::pull(&desk.test.life().client, 0, 10).await).len(), 1);

    let hospital = &desk.test.world.hospital;
    let url = desk.url("/oauth/token");
    assert_eq!(desk.ask(hospital, &url, &[]).await.json("t").unwrap()["token_type"], "Bearer");
    let proof = desk.proof("POST", "/oauth/token", None);
    let answer = desk.ask(hospital, &url, &[("dpop", &proof)]).await.json("t").unwrap();
    assert_eq!(answer["token_type"], "DPoP", "it may all the same");
    let (token, path) = (answer["access_token"].as_str().unwrap(), "/fhir/Bundle");
    let proof = desk.proof("GET", path, Some(token));
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
    let found = desk.send("/fhir/Bundle?identifier=DPOP-1", &headers).await;
    assert_eq!(found.status, 200, "{}", String::from_utf8_lossy(&found.body));
    let id = "hospital-demo".parse().unwrap();
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    registration.token = Some(TokenRule::Bearer);
    let refused = engine.replace_registration(&id, registration).await.err().map(|error| format!("{error:#}"));
    assert!(refused.is_some_and(|text| text.contains("token")), "a hospital carries no such rule");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nonces_on_a_proof_needs_one_of_the_last_two_minutes() {
    let desk = desk(&[("CLAIMGATE_TOKENS__DPOP_NONCE", "true".to_owned())]).await;
    // The client of the sandbox got its token: it took the nonce from the refusal and asked again.
    assert_eq!(get(&desk.test.life().client, LIST).await.status, 200);

    let refused = desk.ask_as_insurer(&[("dpop", &desk.proof("POST", "/oauth/token", None))]).await;
    assert_eq!((refused.status.as_u16(), &refused.json("t").unwrap()["error"]), (400, &json!("use_dpop_nonce")));
    let nonce = refused.header("dpop-nonce").unwrap().to_owned();
    let with = |method: &str, path: &str, token: Option<&str>, nonce: &str| {
        let mut claims = desk.claims(method, path, token);
        claims["nonce"] = json!(nonce);
        desk.signed(&claims)
    };
    let answer = desk.ask_as_insurer(&[("dpop", &with("POST", "/oauth/token", None, &nonce))]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("dpop-nonce").is_some());
    let token = answer.json("t").unwrap()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.list(&token, &with("GET", LIST, Some(&token), &nonce)).await.status, 200);
    desk.test.clock.advance(std::time::Duration::from_secs(121));
    for proof in [desk.proof("GET", LIST, Some(&token)), with("GET", LIST, Some(&token), &nonce)] {
        let refused = desk.list(&token, &proof).await;
        check_refused(&refused, "dpop.nonce", "use_dpop_nonce", "without a nonce that counts");
        let next = refused.header("dpop-nonce").unwrap().to_owned();
        assert_ne!(next, nonce);
        assert_eq!(desk.list(&token, &with("GET", LIST, Some(&token), &next)).await.status, 200);
    }
    // Bearer tokens have no part in it.
    assert_eq!(desk.ask_as_insurer(&[]).await.status, 200);
    assert_eq!(get(&desk.test.life().client, LIST).await.status, 200);
    desk.test.stop().await;
}
