//! Today's digital wallet (數位憑證皮夾) over real HTTP, in its own dialect: a definition, a request under a DID, a presentation
//! signed by the holder's key, `StatusList2021`, and a snapshot of the trust registry.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::wallet::key::PublicKey;
use claimgate_adapters::wallet::twdiw::did::{did_of, key_of};
use claimgate_gateway::clock::Clock;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use claimgate_tests::gateway::{TestGateway, get, must, post};
use claimgate_tests::receiver::{Act, Receiver};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde_json::{Value, json};

const NOW: i64 = 1_790_000_000;
const HOST: &str = "issuer-vc.example";
const KIND: &str = "00000000_demo_drivinglicense_202504251418";
/// Made up, with a valid check digit.
const NUMBER: &str = "A234567893";

fn key() -> PrivateJwk {
    let now = Timestamp::from_second(NOW).unwrap();
    PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some("key-2".to_owned()), now).unwrap()
}

fn public(key: &PrivateJwk) -> PublicKey {
    PublicKey::from_jwk(&key.public().to_json()).unwrap()
}

fn signed(header: &Value, payload: &Value, key: &PrivateJwk) -> String {
    sign_under(header.as_object().unwrap().clone(), payload.to_string().as_bytes(), key).unwrap()
}

/// An issuer of the registry, with the key of its status lists.
struct Issuer {
    key: PrivateJwk,
    lists: PrivateJwk,
}

impl Issuer {
    fn did(&self) -> String {
        did_of(&public(&self.key))
    }

    fn entry(&self, status: u8, domain: &str) -> Value {
        let lists = json!({ "keys": [self.lists.public().to_json()] });
        json!({ "did": self.did(), "status": status, "host": HOST, "types": [KIND], "domain": domain, "list_keys": lists })
    }

    fn issued(&self, holder: &PrivateJwk) -> String {
        let disclosures: Vec<String> = [("name", "陳筱玲"), ("id_number", NUMBER), ("controlnumber", "C-1")]
            .iter()
            .map(|(name, value)| base64url::encode(json!([format!("salt-{name}"), name, value]).to_string().as_bytes()))
            .collect();
        let digests: Vec<String> = disclosures.iter().map(|one| sha256_text(one.as_bytes())).collect();
        let bare: Value = serde_json::from_str(&public(holder).canonical_jwk()).unwrap();
        let list = |purpose: &str, short: &str| {
            json!({
                "id": format!("https://{HOST}/api/status-list/{KIND}/{short}0#7"), "type": "StatusList2021Entry",
                "statusPurpose": purpose, "statusListIndex": "7",
                "statusListCredential": format!("https://{HOST}/api/status-list/{KIND}/{short}0"),
            })
        };
        let payload = json!({
            "iss": self.did(), "sub": did_of(&public(holder)), "nbf": NOW - 100, "exp": NOW + 10_000, "nonce": "AAAAAAAA",
            "jti": format!("https://{HOST}/api/credential/1"), "cnf": { "jwk": bare },
            "vc": {
                "@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiableCredential", KIND],
                "credentialSubject": { "_sd": digests, "_sd_alg": "sha-256" },
                "credentialStatus": [list("revocation", "r"), list("suspension", "s")],
                "credentialSchema": { "id": format!("https://{HOST}/schema"), "type": "JsonSchema" },
            },
        });
        let header = json!({ "typ": "vc+sd-jwt", "jku": format!("https://{HOST}/api/keys"), "kid": "key-1" });
        format!("{}~{}~", signed(&header, &payload, &self.key), disclosures.join("~"))
    }

    /// What its status host answers for one list, with this first byte.
    fn list(&self, purpose: &str, first: u8) -> Vec<u8> {
        let mut bytes = vec![0_u8; 16 << 10];
        bytes[0] = first;
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&bytes).unwrap();
        let short = if purpose == "revocation" { "r" } else { "s" };
        let uri = format!("https://{HOST}/api/status-list/{KIND}/{short}0");
        let payload = json!({
            "iss": self.did(), "jti": uri, "nbf": NOW - 100, "exp": NOW + 86_400,
            "vc": {
                "id": uri, "type": ["VerifiableCredential", "StatusList2021Credential"],
                "credentialSubject": {
                    "type": "StatusList2021", "statusPurpose": purpose,
                    "encodedList": STANDARD.encode(packed.finish().unwrap()),
                },
            },
        });
        let header = json!({ "typ": "JWT", "jku": format!("https://{HOST}/api/keys"), "kid": "key-2" });
        let body = json!({ "statusList": signed(&header, &payload, &self.lists) }).to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length";
        format!("{head}: {}\r\n\r\n{body}", body.len()).into_bytes()
    }
}

const QUERIES: &str = r#"
[[query]]
name = "licence-twdiw"
purposes = ["motor-claim"]
dialect = "twdiw"
assurance = "wallet-twdiw"
subject = "id_number"
definition = '''{
  "id": "12345675_claim",
  "purpose": { "client": "示範平台", "terms_uri": "https://gate.example/terms", "scenario": "車險理賠", "purpose": "確認駕駛人身分" },
  "descriptors": [{
    "id": "12345675_claim_1", "kind": "00000000_demo_drivinglicense_202504251418", "issuer_name": "示範監理所",
    "credential_name": "駕駛執照", "claims": ["name", "id_number"]
  }]
}'''
fields = { name = "name", id_number = "id_number" }
"#;

struct Desk {
    test: TestGateway,
    issuer: Issuer,
    lists: Receiver,
    http: reqwest::Client,
    _files: tempfile::TempDir,
}

impl Desk {
    async fn open(status: u8, domain: &str) -> Self {
        let clock = Clock::test(Timestamp::from_second(NOW).unwrap());
        let files = tempfile::tempdir().unwrap();
        let issuer = Issuer { key: key(), lists: key() };
        let put = |name: &str, text: &str| {
            std::fs::write(files.path().join(name), text).unwrap();
            files.path().join(name).display().to_string()
        };
        put(
            "registry.json",
            &json!({ "taken_at": "2026-09-21", "issuers": [issuer.entry(status, domain)] }).to_string(),
        );
        let lists = Receiver::start_by(Act::Status(503), clock.clone()).await;
        let settings = [
            ("CLAIMGATE_WALLET__ADDRESS", "https://gate.example".to_owned()),
            ("CLAIMGATE_WALLET__TRUST", put("trust.toml", "registry = \"registry.json\"\n")),
            ("CLAIMGATE_WALLET__QUERIES", put("queries.toml", QUERIES)),
            ("CLAIMGATE_WALLET__STAND_IN", lists.url().split('/').take(3).collect::<Vec<_>>().join("/")),
        ];
        let test = TestGateway::start_with_settings(clock, &settings).await;
        let http = claimgate_gateway::sandbox::client::http_client().unwrap();
        Self { test, issuer, lists, http, _files: files }
    }

    async fn ask(&self) -> Value {
        let body = json!({ "query": "licence-twdiw", "purpose": "motor-claim" });
        let answer = post(&self.test.world.app, "/wallet/v1/sessions", &body).await;
        must(must(answer.expect("ask", 201)).json("session"))
    }

    async fn read(&self, session: &Value) -> Value {
        let path = format!("/wallet/v1/sessions/{}", session["session_id"].as_str().unwrap());
        must(must(get(&self.test.world.app, &path).await.expect("session", 200)).json("session"))
    }

    /// The request of a session, as the wallet finds it right: signed by the key of the DID that asks.
    async fn request(&self, session: &Value) -> Value {
        let link = session["link"].as_str().unwrap();
        assert!(link.starts_with("modadigitalwallet://authorize?client_id=did%3Akey%3Az2dmz"), "{link}");
        assert!(!link.contains("request_uri_method"), "its wallet knows GET alone");
        let handle = link.split("requests%2F").nth(1).unwrap();
        let address = format!("{}/wallet/v1/requests/{handle}", self.test.world.gateway.base_url());
        let text = self.http.get(address).send().await.unwrap().text().await.unwrap();
        let (input, signature) = text.rsplit_once('.').unwrap();
        let read = |part: &str| serde_json::from_slice::<Value>(&base64url::decode(part).unwrap()).unwrap();
        let (header, claims) = input.split_once('.').map(|(header, claims)| (read(header), read(claims))).unwrap();
        let asks = key_of(claims["client_id"].as_str().unwrap()).unwrap();
        assert!(asks.verifies(input.as_bytes(), &base64url::decode(signature).unwrap()));
        assert_eq!((&header["kid"], &header["typ"]), (&json!("key-1"), &json!("oauth-authz-req+jwt")));
        assert_eq!((&claims["iss"], &claims["aud"]), (&claims["client_id"], &claims["client_id"]));
        assert_eq!(claims["presentation_definition"]["id"], "12345675_claim");
        assert!(claims.get("dcql_query").is_none() && claims["response_mode"] == "direct_post");
        claims
    }

    /// Presents a credential; `change` may make the presentation wrong. The status of the answer.
    async fn present(&self, request: &Value, credential: &str, holder: &PrivateJwk, change: fn(&mut Value)) -> u16 {
        let did = did_of(&public(holder));
        let mut payload = json!({
            "iss": did, "sub": did, "aud": request["client_id"], "nonce": request["nonce"], "nbf": NOW, "exp": NOW + 2_592_000,
            "jti": "https://digitalwallet.moda:8443/vp/api/presentation/1",
            "vp": { "context": [], "type": ["VerifiablePresentation"], "verifiableCredential": [credential] },
        });
        change(&mut payload);
        let bare: Value = serde_json::from_str(&public(holder).canonical_jwk()).unwrap();
        let token = signed(&json!({ "typ": "JWT", "jwk": bare }), &payload, holder);
        let submission = json!({ "id": "s", "definition_id": "12345675_claim", "descriptor_map": [{
            "id": "12345675_claim_1", "format": "jwt_vp", "path": "$",
            "path_nested": { "id": "12345675_claim_1", "format": "jwt_vc", "path": "$.vp.verifiableCredential[0]" },
        }] });
        let state = request["state"].as_str().unwrap();
        let submission =
            submission.to_string().bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        let body = format!("state={state}&vp_token={token}&presentation_submission={submission}");
        let address = request["response_uri"].as_str().unwrap();
        let address = address.replace("https://gate.example", self.test.world.gateway.base_url());
        let sent = self.http.post(address).header("content-type", "application/x-www-form-urlencoded").body(body);
        sent.send().await.unwrap().status().as_u16()
    }
}

type Change = fn(&mut Value);

#[tokio::test(flavor = "multi_thread")]
async fn the_official_wallets_dialect_goes_through_a_session() {
    let desk = Desk::open(1, "demo").await;
    let holder = key();
    let credential = desk.issuer.issued(&holder);
    // Both lists, in the order the credential names them.
    let lists = || [Act::Raw(desk.issuer.list("revocation", 0)), Act::Raw(desk.issuer.list("suspension", 0))];
    desk.lists.does(lists(), Act::Status(503));
    let session = desk.ask().await;
    let request = desk.request(&session).await;
    assert_eq!(desk.present(&request, &credential, &holder, |_| {}).await, 200);
    let read = desk.read(&session).await;
    assert_eq!((&read["state"], &read["assurance"]), (&json!("verified"), &json!("wallet-twdiw")), "{read}");
    assert_eq!((&read["claims"], &read["surplus"]), (&json!(["id_number", "name"]), &json!(["controlnumber"])));
    assert_eq!(desk.present(&request, &credential, &holder, |_| {}).await, 409);

    let table: [(&str, Change); 3] = [
        ("nonce_mismatch", |vp| vp["nonce"] = "another-nonce-of-no-session".into()),
        ("audience_mismatch", |vp| vp["aud"] = "did:key:z2dmzAnother".into()),
        ("key_binding_stale", |vp| vp["nbf"] = (NOW - 3_600).into()),
    ];
    for (reason, change) in table {
        let session = desk.ask().await;
        let request = desk.request(&session).await;
        assert_eq!(desk.present(&request, &credential, &holder, change).await, 400, "{reason}");
        assert_eq!(desk.read(&session).await["reason"], reason);
    }
    // Stolen: another's key signs the presentation.
    let session = desk.ask().await;
    let request = desk.request(&session).await;
    assert_eq!(desk.present(&request, &credential, &key(), |_| {}).await, 400);
    assert_eq!(desk.read(&session).await["reason"], "holder_key_mismatch");
    // Nobody signs a consent in this dialect, so none is asked for.
    let consent = json!({ "what": ["駕照"], "with": ["平安產物"], "for": "車險理賠申請" });
    let body = json!({ "query": "licence-twdiw", "purpose": "motor-claim", "consent": consent });
    let answer = post(&desk.test.world.app, "/wallet/v1/sessions", &body).await;
    assert_eq!((answer.status.as_u16(), must(answer.json("no"))["code"].as_str()), (422, Some("wallet.consent")));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_registry_decide_in_this_dialect_too() {
    for (status, domain, first, state, reason) in [
        (1, "demo", 1, "refused", "credential_revoked"),
        (2, "demo", 0, "refused", "issuer_not_effective"),
        // This gateway is a sandbox: real issuers do not count here, as demo issuers do not in production.
        (1, "production", 0, "refused", "issuer_untrusted"),
    ] {
        let desk = Desk::open(status, domain).await;
        let holder = key();
        let credential = desk.issuer.issued(&holder);
        // MSB first: the seventh entry is the lowest bit of the first byte.
        let lists = [Act::Raw(desk.issuer.list("revocation", first)), Act::Raw(desk.issuer.list("suspension", 0))];
        desk.lists.does(lists, Act::Status(503));
        let session = desk.ask().await;
        let request = desk.request(&session).await;
        assert_eq!(desk.present(&request, &credential, &holder, |_| {}).await, 400, "{reason}");
        let read = desk.read(&session).await;
        assert_eq!((read["state"].as_str().unwrap(), read["reason"].as_str().unwrap()), (state, reason));
        desk.test.stop().await;
    }
}
