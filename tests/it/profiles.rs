//! The profiles parties are held to: FAPI 2.0 for insurers, SMART Backend Services for hospitals. docs/profiles.md is the
//! list, and says which test holds each rule.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaEncoding};
use claimgate_gateway::access::assertion::ASSERTION_TYPE;
use claimgate_gateway::access::scope::Scope;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::{Random, RequestId};
use claimgate_gateway::party::{CertificateRule, Party, PartyState, Registration, Role, TokenRule};
use claimgate_gateway::sandbox::client::http_client;
use claimgate_packet::jose::base64url;
use claimgate_tests::gateway::{TestGateway, get, must};
use claimgate_tests::shared::project;
use serde_json::{Value, json};

const LIST: &str = "/insurer/v1/deliveries";

async fn live() -> TestGateway {
    TestGateway::start_with_settings(Clock::system(), &[("CLAIMGATE_GATEWAY__SANDBOX", "false".to_owned())]).await
}

fn id(text: &str) -> claimgate_gateway::party::PartyId {
    must(text.parse())
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_a_sandbox_an_insurers_tokens_are_bound() {
    let mut test = live().await;
    let engine = test.world.gateway.app.engine.clone();
    // Registered without a rule, and as plain bearer: both are bound all the same.
    for rule in [None, Some(TokenRule::Bearer)] {
        let party = must(engine.store.party(&id("insurer-nonlife")).await).unwrap();
        let registration = Registration { token: rule, ..party.registration().clone() };
        let _ = engine.replace_registration(&id("insurer-nonlife"), registration).await;
        let nonlife = test.world.insurers.get_mut(1).unwrap();
        must(nonlife.client.authenticate().await);
        assert_eq!(get(&nonlife.client, LIST).await.status, 200);
        let bearer = must(http_client());
        let url = format!("{}{LIST}", test.world.gateway.base_url());
        let token = test.nonlife().client.access_token().unwrap().to_owned();
        let stolen = must(bearer.get(&url).bearer_auth(&token).send().await);
        assert_eq!(stolen.status(), 401);
        // Nor anywhere but in the header (FAPI 2.0 Security Profile §5.3.3).
        let query = must(bearer.get(format!("{url}?access_token={token}")).send().await);
        assert_eq!(query.status(), 401);
    }
    let nonlife = test.world.insurers.get_mut(1).unwrap();
    nonlife.client.unbind();
    let refused = nonlife.client.authenticate().await.unwrap_err().to_string();
    assert!(refused.contains("invalid_request") && refused.contains("an insurer's tokens are bound"), "{refused}");
    // Hospitals and apps are asked nothing of the kind.
    assert_eq!(get(&test.world.hospital, "/fhir/Bundle?identifier=X").await.status, 200);
    must(test.world.app.authenticate().await);
    test.stop().await;
}

struct Rsa(KeyPair);

impl Rsa {
    fn jwk(&self, alg: &str) -> Value {
        let der = self.0.public_key().as_ref().to_vec();
        // RSAPublicKey of 2048 bits: the modulus stands after two heads and its sign.
        let n = base64url::encode(&der[9..265]);
        json!({ "kty": "RSA", "use": "sig", "alg": alg, "kid": "rsa-1", "n": n, "e": "AQAB" })
    }

    fn sign(&self, alg: &str, by: &'static dyn RsaEncoding, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": alg, "kid": "rsa-1" }).to_string();
        let input =
            format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.to_string().as_bytes()));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(by, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
        format!("{input}.{}", base64url::encode(&signature))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rsa_proves_a_party_by_its_profiles_algorithm_alone() {
    let test = TestGateway::start().await;
    let (base, engine) = (test.world.gateway.base_url().to_owned(), &test.world.gateway.app.engine);
    let key = Rsa(KeyPair::generate(KeySize::Rsa2048).unwrap());
    let ask = async |party: &str, audience: &str, alg: &str, by: &'static dyn RsaEncoding| {
        let now = test.clock.now();
        let jti = RequestId::new(now, &Random::system()).to_string();
        let now = now.as_second();
        let claims = json!({ "iss": party, "sub": party, "aud": audience, "iat": now, "exp": now + 60, "jti": jti });
        let assertion = key.sign(alg, by, &claims);
        let form = format!(
            "grant_type=client_credentials&client_assertion_type={}&client_assertion={assertion}",
            ASSERTION_TYPE.replace(':', "%3A")
        );
        let request = must(http_client()).post(format!("{base}/oauth/token"));
        must(request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await).status()
    };
    let token_url = format!("{base}/oauth/token");
    let cases: [(&str, &str, &'static dyn RsaEncoding, &str); 2] =
        [("hospital-demo", "RS384", &RSA_PKCS1_SHA384, &token_url), ("app-demo", "PS256", &RSA_PSS_SHA256, &base)];
    for (party, alg, by, audience) in cases {
        let before = must(engine.store.party(&id(party)).await).unwrap().registration().clone();
        let other = if alg == "RS384" { "PS256" } else { "RS384" };
        for wrong in [other, "RS256", "RS512", "PS384"] {
            let jwks = json!({ "keys": [key.jwk(wrong)] });
            let refused = engine.replace_registration(&id(party), Registration { jwks, ..before.clone() }).await;
            assert!(refused.is_err(), "{party} {wrong}");
        }
        let jwks = json!({ "keys": [key.jwk(alg)] });
        must(engine.replace_registration(&id(party), Registration { jwks, ..before }).await);
        assert_eq!(ask(party, audience, alg, by).await, 200, "{party}");
        assert_eq!(ask(party, audience, "RS256", &RSA_PKCS1_SHA256).await, 401, "{party}: the key's algorithm alone");
        assert_eq!(ask(party, audience, other, by).await, 401, "{party}: the header says another");
        let elsewhere = if audience == base { token_url.as_str() } else { base.as_str() };
        assert_eq!(ask(party, elsewhere, alg, by).await, 401, "{party}: the other profile's audience");
    }
    let smart = get(&test.world.hospital, "/.well-known/smart-configuration").await.json("smart").unwrap();
    let algorithms = &smart["token_endpoint_auth_signing_alg_values_supported"];
    assert_eq!(*algorithms, json!(["ES384", "RS384", "ES256", "EdDSA", "PS256"]));
    assert_eq!(smart["tls_client_certificate_bound_access_tokens"], false);
    assert_eq!(smart["token_endpoint_auth_methods_supported"], json!(["private_key_jwt"]));
    for name in ["token_endpoint", "grant_types_supported", "scopes_supported", "capabilities", "jwks_uri"] {
        assert!(!smart[name].is_null(), "SMART App Launch 2 §2.1: {name}");
    }
    test.stop().await;
}

#[test]
fn a_certificate_or_rule_for_tokens_is_for_whom_it_is() {
    let hospital = |change: fn(&mut Registration)| {
        let mut document = Registration::new("hospital-x", Role::Hospital, "某醫院", Value::Null);
        change(&mut document);
        Party::new(document, PartyState::Invited, 1).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(hospital(|one| one.token = Some(TokenRule::Mtls)).starts_with("token:"));
    let rule = |text: &str| serde_json::from_str::<CertificateRule>(text).ok();
    assert!(rule(r#"{"san_dns":"a.example","san_uri":"urn:a"}"#).is_none() && rule(r#""any""#).is_none());
    assert!(
        hospital(|one| one.certificate = serde_json::from_str(r#""self_signed""#).ok()).starts_with("certificate:")
    );
    for name in ["", " x", "a\nb"] {
        let mut document = Registration::new("insurer-x", Role::Insurer, "某保險", Value::Null);
        document.certificate = serde_json::from_value(json!({ "san_dns": name })).ok();
        assert!(Party::new(document, PartyState::Invited, 1).is_err(), "{name:?}");
    }
}

fn page() -> String {
    must(std::fs::read_to_string(project().join("docs/profiles.md")))
}

#[test]
fn the_list_of_rules_names_tests_that_exist() {
    let mut named = 0;
    for row in page().lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, _, tests] = cells.as_slice() else { continue };
        for test in tests.split('`').skip(1).step_by(2) {
            let Some((file, function)) = test.split_once("::") else { continue };
            let path = if file.contains('/') { format!("{file}.rs") } else { format!("tests/it/{file}.rs") };
            let text = must(std::fs::read_to_string(project().join(&path)));
            assert!(text.contains(&format!("fn {function}(")), "{path} has no {function}");
            named += 1;
        }
    }
    assert!(named >= 30, "{named} tests are named");
}

#[test]
fn the_table_of_scopes_is_that_of_the_code() {
    use Role::{App, Fund, Hospital, Insurer, Operator, Police, Regulator};

    let page = page();
    for role in [Hospital, Insurer, Fund, App, Police, Operator, Regulator] {
        let scopes: Vec<String> = Scope::of_role(role).iter().map(|scope| format!("`{}`", scope.as_str())).collect();
        let row = format!("| {} | {} |", role.as_str(), scopes.join(", "));
        assert!(page.contains(&row), "docs/profiles.md lacks: {row}");
    }
}
