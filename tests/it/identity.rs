//! How sure the person of a claim is (身分保證等級), over real HTTP: packets wait for a surer identity and go when it comes, by a wallet,
//! MyData, a card (自然人憑證), an identity provider (TW `FidO`) or an app's word; and what proves nobody.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::sandbox::app;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{TestGateway, codes, get, must, post};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, CustomExtension, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wallets::{Desk, NUMBER, link};

/// A file of needs, and what it names.
fn policy(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path.display().to_string())
}

/// The demo's patient: name and number.
fn patient() -> (String, String) {
    let mut bundle = case("IDENTITY");
    let patient = resource(&mut bundle, "Patient");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&patient["name"][0]["text"]), text(&patient["identifier"][0]["value"]))
}

/// A claim the app follows, and the codes of the hospital's answer.
async fn pushed(test: &TestGateway, number: &str) -> (String, Vec<String>) {
    let answer = test.push(&bytes(&case(number)), &[]).await;
    let code = answer.header("claimgate-tracking-code").unwrap().to_owned();
    let codes = codes(&answer.json("outcome").unwrap());
    (must(app::link(&test.world.app, &code).await), codes)
}

async fn read(client: &PartyClient, claim: &str) -> Value {
    let answer = get(client, &format!("/identity/v1/claims/{claim}")).await;
    must(must(answer.expect("identity", 200)).json("identity"))
}

async fn report(client: &PartyClient, body: &Value) -> (u16, Value) {
    let answer = post(client, "/identity/v1/identifications", body).await;
    (answer.status.as_u16(), must(answer.json("report")))
}

async fn has(one: &Insurer) -> bool {
    !must(insurer::pull(&one.client, 0, 0).await).is_empty()
}

/// Whether an insurer's packet comes in the next seconds.
async fn comes(one: &Insurer) -> bool {
    for _ in 0..100 {
        if has(one).await {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    false
}

fn waiting(identity: &Value) -> Vec<&str> {
    identity["waiting"].as_array().unwrap().iter().map(|one| one["party"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_waits_for_a_surer_identity_and_goes_when_a_wallet_brings_it() {
    let (_folder, path) =
        policy("[[needs]]\nrecipients = [\"insurer-life\"]\nlines = [\"health-reimbursement\"]\nleast = \"wallet\"\n");
    let desk = Desk::open(&[("CLAIMGATE_IDENTITY__POLICY", &path)]).await;
    let (test, app) = (&desk.test, &desk.test.world.app);
    let (claim, said) = pushed(test, "IDENTITY-1").await;
    assert!(said.contains(&"identity-too-weak".to_owned()), "the hospital is told: {said:?}");
    assert!(comes(test.nonlife()).await, "who needs nothing waits for nothing");
    assert!(!has(test.life()).await);
    let identity = read(app, &claim).await;
    assert_eq!((waiting(&identity), &identity["assurance"]), (vec!["insurer-life"], &Value::Null));
    assert_eq!(identity["waiting"][0]["least"], "wallet");
    let timeline = must(app::timeline(app, &claim).await);
    assert!(timeline.to_string().contains("delivery.identity-too-weak"), "{timeline}");
    let turns = timeline["on_turn"].as_array().unwrap();
    assert!(turns.iter().any(|turn| turn["who"] == "person" && turn["what"] == "identify"), "{timeline}");
    assert!(!turns.iter().any(|turn| turn["what"] == "consent"), "{timeline}");

    // An app's login is not enough, and is recorded as what it is.
    let (name, number) = patient();
    let person = json!({ "scheme": "tw_national_id", "value": number });
    let login = json!({ "claim_id": claim, "method": "app-login", "person": person });
    let (status, made) = report(app, &login).await;
    assert_eq!((status, &made["assurance"], &made["proved"]), (201, &json!("app-login"), &json!(false)), "{made}");
    let identity = read(app, &claim).await;
    assert_eq!((waiting(&identity), &identity["assurance"]), (vec!["insurer-life"], &json!("app-login")));

    // Another person's licence identifies nobody here; the patient's does.
    let session = desk.ask(json!({ "claim_id": claim })).await;
    assert_eq!(must(desk.wallet(NUMBER, None).answer(link(&session), test.clock.now()).await).status, 400);
    assert_eq!(read(app, &claim).await["identifications"].as_array().unwrap().len(), 1);
    let session = desk.ask(json!({ "claim_id": claim })).await;
    assert_eq!(must(desk.wallet(&number, None).answer(link(&session), test.clock.now()).await).status, 200);
    assert!(comes(test.life()).await, "it goes by itself");
    let identity = read(app, &claim).await;
    assert_eq!((waiting(&identity), &identity["assurance"]), (Vec::<&str>::new(), &json!("wallet")));
    let last = &identity["identifications"][1];
    assert_eq!((&last["source"], &last["proved"]), (&json!("wallet"), &json!(true)));
    assert_eq!(last["subject"], session["session_id"]);
    let timeline = must(app::timeline(app, &claim).await);
    assert!(!timeline["on_turn"].as_array().unwrap().iter().any(|turn| turn["what"] == "identify"), "{timeline}");
    // The next revision asks nobody again.
    let mut revised = case("IDENTITY-1");
    revised["timestamp"] = "2026-09-20T08:00:00+08:00".into();
    let again = must(test.push(&bytes(&revised), &[]).await.expect("revised", 201));
    assert!(!codes(&again.json("outcome").unwrap()).contains(&"identity-too-weak".to_owned()));
    for secret in [number.as_str(), name.as_str()] {
        assert!(!test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    // It goes with its claim.
    crate::retention::closed(test).await;
    let erase = ["erase", claim.as_str(), "--ground", "request", "--as", "alice"];
    let (exit, said, heard) = crate::retention::operate(test.folder(), &erase, &[]);
    assert!(exit == 0 && !said.contains("restricted"), "{said}{heard}");
    assert_eq!(test.kept().number("select count(*) from identification").await, 0);
    assert_eq!(get(app, &format!("/identity/v1/claims/{claim}")).await.status, 404);
    desk.test.stop().await;
}

/// An authority (憑證管理中心) of persons' cards, as an operator keeps it.
struct Cards {
    ca: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Cards {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Made-up 內政部憑證管理中心");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("authorities/ca.der", ca.der().to_vec()), ("lists/ca.crl", list(&ca))] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        Self { ca, folder }
    }

    fn place(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A card signs some text: a detached PKCS#7 signature, base64. The certificate has the name and the number's end.
    fn sign(&self, name: &str, tail: &str, text: &str) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        (params.not_before, params.not_after) = (date_time_ymd(2021, 1, 1), date_time_ymd(2039, 1, 1));
        // SubjectDirectoryAttributes with 2.16.886.1.100.2.51, a PrintableString of four.
        let oid = [0x06, 0x07, 0x60, 0x86, 0x76, 0x01, 0x64, 0x02, 0x33];
        let mut value = vec![0x31, 0x06, 0x13, 0x04];
        value.extend(tail.as_bytes());
        let attribute = [&[0x30, 0x11][..], &oid, &value].concat();
        let whole = [&[0x30, 0x13][..], &attribute].concat();
        params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 9], whole));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        let put = |name: &str, bytes: &[u8]| std::fs::write(self.folder.path().join(name), bytes).unwrap();
        put("card.pem", certificate.pem().as_bytes());
        put("card.key", key.serialize_pem().as_bytes());
        put("text", text.as_bytes());
        let command = "openssl cms -sign -binary -md sha256 -outform DER -in text -out signature.der -signer card.pem \
                       -inkey card.key";
        let done = Command::new("sh").args(["-euc", command]).current_dir(self.folder.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        STANDARD.encode(std::fs::read(self.folder.path().join("signature.der")).unwrap())
    }
}

fn list(ca: &CertifiedIssuer<'static, KeyPair>) -> Vec<u8> {
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2023, 1, 1),
        next_update: date_time_ymd(2039, 1, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(ca).unwrap().der().to_vec()
}

async fn challenge(client: &PartyClient, claim: &str) -> String {
    let answer = post(client, "/identity/v1/challenges", &json!({ "claim_id": claim })).await;
    let given: Value = must(must(answer.expect("challenge", 201)).json("challenge"));
    given["challenge"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_and_an_identity_provider_prove_a_person_and_an_apps_word_is_a_word() {
    let cards = Cards::new();
    let provider =
        PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some("f-1".to_owned()), Timestamp::UNIX_EPOCH).unwrap();
    let (folder, path) = policy(
        "[tw_fido]\nissuer = \"https://fido.example\"\naudience = \"gate\"\nkeys = \"fido.jwks\"\n[[needs]]\n\
         recipients = [\"insurer-life\"]\nleast = \"natural-person-certificate\"\n",
    );
    std::fs::write(folder.path().join("fido.jwks"), JwkSet(vec![provider.public()]).to_json().to_string()).unwrap();
    let (authorities, lists) = (cards.place("authorities"), cards.place("lists"));
    let desk = Desk::open(&[
        ("CLAIMGATE_IDENTITY__POLICY", &path),
        ("CLAIMGATE_WALLET__DOCUMENT_AUTHORITIES_DIR", &authorities),
        ("CLAIMGATE_WALLET__DOCUMENT_REVOCATION_LISTS_DIR", &lists),
    ])
    .await;
    let (test, app) = (&desk.test, &desk.test.world.app);
    let (claim, _) = pushed(test, "IDENTITY-2").await;
    let (other_claim, _) = pushed(test, "IDENTITY-3").await;
    let (name, number) = patient();
    let tail = &number[number.len() - 4..];
    let person = json!({ "scheme": "tw_national_id", "value": number, "name": name });
    let body = |more: Value| {
        let mut body = json!({ "claim_id": claim, "method": "natural-person-certificate", "person": person });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let refused = async |more: Value| {
        let (status, problem) = report(app, &body(more.clone())).await;
        (status, problem["code"].as_str().unwrap_or_else(|| panic!("taken: {more} {problem}")).to_owned())
    };
    let given = challenge(app, &claim).await;
    let good = cards.sign(&name, tail, &given);
    for (more, code) in [
        (json!({}), "body.value"),
        (json!({ "challenge": given, "signature": cards.sign(&name, tail, "another") }), "identity.proof"),
        (json!({ "challenge": given, "signature": STANDARD.encode("no DER") }), "identity.proof"),
        (json!({ "challenge": given, "signature": cards.sign("別人", tail, &given) }), "identity.other-person"),
        (json!({ "challenge": given, "signature": cards.sign(&name, "0000", &given) }), "identity.other-person"),
        (json!({ "challenge": challenge(app, &other_claim).await, "signature": good }), "identity.challenge"),
        (json!({ "challenge": "claimgate-identity-1.x.1.y", "signature": good }), "identity.challenge"),
        (json!({ "method": "wallet" }), "identity.method"),
        (json!({ "method": "nhi-card" }), "identity.method"),
        (json!({ "method": "high" }), "body.value"),
        (json!({ "capacity": "statutory-representative" }), "body.value"),
        (json!({ "person": { "scheme": "tw_national_id", "value": "A123456780" } }), "body.value"),
        (
            json!({ "method": "app-login", "person": { "scheme": "tw_national_id", "value": NUMBER } }),
            "identity.other-person",
        ),
    ] {
        assert_eq!(refused(more.clone()).await, (422, code.to_owned()), "{more}");
    }
    assert_eq!(read(app, &claim).await["identifications"], json!([]), "nothing was kept");

    // TW FidO: its provider's login, over our challenge.
    let login = |nonce: &str, number: &str| {
        let at = test.clock.now().as_second();
        let payload = json!({ "iss": "https://fido.example", "aud": "gate", "nonce": nonce, "iat": at, "exp": at + 60,
            "id_number": number });
        let header = json!({ "kid": "f-1", "typ": "JWT" }).as_object().unwrap().clone();
        sign_under(header, payload.to_string().as_bytes(), &provider).unwrap()
    };
    let fido = |assertion: String| json!({ "method": "tw-fido", "challenge": given, "assertion": assertion });
    assert_eq!(refused(fido(login("another", &number))).await.1, "identity.proof");
    assert_eq!(refused(fido(login(&given, NUMBER))).await.1, "identity.other-person");
    let (status, made) = report(app, &body(fido(login(&given, &number)))).await;
    assert_eq!((status, &made["assurance"], &made["proved"]), (201, &json!("tw-fido"), &json!(true)), "{made}");
    assert_eq!(waiting(&read(app, &claim).await), ["insurer-life"], "surer than a wallet, and not sure enough");
    // A challenge is good for one report.
    let used = json!({ "challenge": given, "signature": good });
    assert_eq!(refused(used).await.1, "identity.challenge");
    let given = challenge(app, &claim).await;
    let card = json!({ "challenge": given, "signature": cards.sign(&name, tail, &given) });
    let (status, made) = report(app, &body(card)).await;
    assert_eq!((status, &made["assurance"]), (201, &json!("natural-person-certificate")), "{made}");
    assert!(comes(test.life()).await);
    assert_eq!(read(app, &claim).await["assurance"], "natural-person-certificate");

    // A child's representative, and a foreigner with a passport: at an app's word, and for no more than that.
    let parent = json!({ "claim_id": other_claim, "method": "two-documents", "capacity": "statutory-representative",
        "ground": "戶籍謄本", "person": { "scheme": "passport", "value": "X12345678" } });
    assert_eq!(report(app, &parent).await.0, 201);
    assert_eq!(read(app, &other_claim).await["assurance"], "two-documents");
    // Not this app's claim, and not its role.
    let life = &test.life().client;
    assert_eq!(post(life, "/identity/v1/challenges", &json!({ "claim_id": claim })).await.status, 403);
    let nobody = "clm_01890000-0000-7000-8000-000000000000";
    assert_eq!(post(app, "/identity/v1/challenges", &json!({ "claim_id": nobody })).await.status, 404);
    for secret in [number.as_str(), name.as_str(), "X12345678"] {
        assert!(!test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accidents_packet_waits_too_and_mydata_identifies_who_its_data_name() {
    let (_folder, path) = policy("[[needs]]\nlines = [\"accident\"]\nleast = \"two-documents\"\n");
    let platform = crate::mydata::Platform::open("key-of-the-platform");
    let mut settings = platform.settings();
    settings.push(("CLAIMGATE_IDENTITY__POLICY", path));
    let clock = claimgate_gateway::clock::Clock::test(Timestamp::from_second(1_790_000_000).unwrap());
    let test = TestGateway::start_with_settings(clock, &settings).await;
    let desk = crate::mydata::Desk::of(test, platform);
    let (test, app) = (&desk.test, &desk.test.world.app);
    let filing = json!({
        "reference": "ID-1", "occurrence": { "on": "2026-09-20", "place": { "text": "示範路一段" } }, "standing": "passenger",
        "record": { "exists": false }, "vehicles": [],
        "recipients": [{ "party": "insurer-nonlife", "line": "accident", "ground": { "kind": "consent", "reference": "C-1" } }],
    });
    let filed = post(app, "/claims/v1/accidents", &filing).await;
    let filed: Value = must(must(filed.expect("filed", 201)).json("filed"));
    let claim = filed["claim_id"].as_str().unwrap().to_owned();
    let mut identity = Value::Null;
    for _ in 0..100 {
        identity = read(app, &claim).await;
        if !waiting(&identity).is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(waiting(&identity), ["insurer-nonlife"], "{identity}");
    // MyData: the data name the person who logged in there; how, the operator's file says.
    let begun = desk.ask(json!({ "claim_id": claim })).await;
    desk.says(&begun, json!({})).await;
    desk.until(&begun, "verified").await;
    let identity = read(app, &claim).await;
    let one = &identity["identifications"][0];
    assert_eq!((&one["source"], &one["assurance"]), (&json!("mydata"), &json!("tw-fido")), "{identity}");
    assert_eq!(one["subject"], begun["transaction_id"]);
    assert!(comes(test.nonlife()).await);
    desk.test.stop().await;
}
