//! Roles, states and terms of parties: who gets a token, who is delivered to, and from when.

use claimgate_gateway::clock::Clock;
use claimgate_gateway::flows::registry::NotRegistered;
use claimgate_gateway::party::{
    AuthProfile, Contact, ContactKind, PartyId, PartyIdentifier, PartyState, Registration, Role,
};
use claimgate_gateway::sandbox::client::{Answer, Identity, PartyClient};
use claimgate_gateway::sandbox::demo::{Insurer, signing_key};
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::jose::jwk::JwkSet;
use claimgate_packet::words::Line;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, get, must, open_all};
use claimgate_tests::shared::shared;
use reqwest::Method;
use serde_json::json;

const UBN: &str = "https://gcis.nat.gov.tw";

fn id(text: &str) -> PartyId {
    text.parse().unwrap()
}

fn number(system: &str, value: &str) -> PartyIdentifier {
    PartyIdentifier { system: system.to_owned(), value: value.to_owned() }
}

/// Asks for a token as a client whose registration may allow none.
async fn ask(client: &PartyClient, audience: &str) -> Answer {
    let form = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
         client-assertion-type%3Ajwt-bearer&client_assertion={}",
        must(client.assertion(audience))
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    must(client.call(Method::POST, "/oauth/token", &headers, form.into_bytes()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_an_interface_is_registered_and_gets_no_token() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let roles = [
        (Role::Agent, "urn:claimgate:agent-registration", "0101234567"),
        (Role::Institute, UBN, "04595257"),
        (Role::Appraisal, "https://oid.nat.gov.tw", "2.16.886.101.90028"),
    ];
    for (role, system, value) in roles {
        let name = format!("party-{}", role.as_str());
        let key = must(signing_key(role, test.clock.now()));
        let mut registration = Registration::new(&name, role, &name, JwkSet(vec![key.public()]).to_json());
        let without = engine.register(registration.clone()).await.unwrap_err().to_string();
        assert!(without.contains("identifiers"), "{role:?}: {without}");
        registration.identifiers.push(number(system, value));
        registration.lines.push(Line::Life);
        assert!(engine.register(registration.clone()).await.unwrap_err().to_string().contains("lines"));
        registration.lines.clear();
        must(engine.register(registration).await);
        let client = test.client(Identity { id: name, profile: AuthProfile::Fapi, key });
        let answer = ask(&client, test.world.gateway.base_url()).await;
        let problem = answer.json("refusal").unwrap();
        assert_eq!((answer.status.as_u16(), &problem["error"]), (400, &json!("unauthorized_client")), "{role:?}");
        let text = problem["error_description"].as_str().unwrap();
        assert!(text.contains("no interface") && text.contains(role.as_str()), "{text}");
        // Who is not that party learns nothing of its role.
        let key = must(signing_key(role, test.clock.now()));
        let id = format!("party-{}", role.as_str());
        let stranger = test.client(Identity { id, profile: AuthProfile::Fapi, key });
        assert_eq!(ask(&stranger, test.world.gateway.base_url()).await.status, 401);
    }
    test.stop().await;
}

const TABLE: &str = r#"
version = 1
[[give]]
recipients = ["health-reimbursement", "motor-compulsory"]
purposes = ["claim-assessment"]
evidence = ["medical-receipt"]
fields = [""]
reason = "Expenses are paid."
reason_zh = "核付費用。"
basis = "強制汽車責任保險法 §27"
[[give]]
recipients = ["fund"]
purposes = ["claim-assessment"]
evidence = ["diagnosis-certificate"]
fields = [""]
reason = "The injury is compensated."
reason_zh = "補償傷害。"
basis = "強制汽車責任保險法 §40"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_fund_gets_deliveries_by_its_own_rows_of_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    let whole = |kind: &str| {
        claimgate_gateway::core::disclosure::fields::Kind::all()
            .unwrap()
            .iter()
            .find(|known| known.name == kind)
            .unwrap()
            .fields
            .iter()
            .map(|field| format!("{:?}", field.pointer))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut table = TABLE.to_owned();
    for kind in ["medical-receipt", "diagnosis-certificate"] {
        table = table.replacen("[\"\"]", &format!("[{}]", whole(kind)), 1);
    }
    std::fs::write(&policy, table).unwrap();
    let settings = [("CLAIMGATE_DISCLOSURE__POLICY", policy.display().to_string())];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    let new = NewParty { id: "fund-mva", role: Role::Fund, number: "10000009", lines: vec![], consent: false };
    let (client, keys) = test.register(new).await;
    let fund = Insurer { client, keys, line: Line::MotorCompulsory };

    let to_fund = |number: &str| case(number).to_string().replace("12345676", "10000009");
    let other_line = test.push(to_fund("FUND-1").as_bytes(), &[]).await;
    assert_eq!(codes(&other_line.json("o").unwrap()), ["insurer.line-not-offered"]);
    let body = to_fund("FUND-2").replace("\"accident\"", "\"motor-compulsory\"");
    let pushed = test.push(body.as_bytes(), &[]).await;
    assert_eq!(pushed.status, 201);
    let (envelope, opened) = open_all(&fund, 0, test.clock.now()).await.pop().unwrap();
    assert_eq!(envelope.line, Line::MotorCompulsory);
    let kinds: Vec<&str> = opened.evidence.iter().map(|one| one.document.kind()).collect();
    assert_eq!(kinds, ["diagnosis-certificate"], "by the row fund, not by motor-compulsory");
    must(insurer::acknowledge(&fund.client, &envelope.id, &opened).await);
    must(insurer::report(&fund.client, &envelope.submission_id, "in-review", "F-1").await);

    let claim = pushed.header("claimgate-claim-id").unwrap().parse().unwrap();
    let engine = &test.world.gateway.app.engine;
    let told = engine.explain(claim, &id("fund-mva"), None).await.unwrap().pop().unwrap();
    let certificate = told.evidence.iter().find(|(_, one)| one.kind == "diagnosis-certificate").unwrap();
    assert!(format!("{:?}", certificate.1).contains("§40"), "{:?}", certificate.1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_delivered_to_a_party_that_is_not_live() {
    let settings = [("CLAIMGATE_GATEWAY__SANDBOX", "false".to_owned())];
    let clock = Clock::test("2026-11-23T02:00:00Z".parse().unwrap());
    let test = TestGateway::start_with_settings(clock, &settings).await;
    let engine = &test.world.gateway.app.engine;
    let nonlife = id("insurer-nonlife");
    let refused = engine.set_state(&nonlife, PartyState::Sandbox).await.unwrap_err().to_string();
    assert!(refused.contains("it can become: suspended"), "{refused}");
    for state in [PartyState::Suspended, PartyState::Certified] {
        must(engine.set_state(&nonlife, state).await);
        let text = format!("HELD-{state}");
        let answer = test.push(&bytes(&case(&text)), &[]).await;
        assert!(codes(&answer.json("outcome").unwrap()).contains(&"recipient.inactive".to_owned()), "{state}");
        assert_eq!(get(&test.nonlife().client, "/insurer/v1/deliveries").await.status, 401);
    }
    // Who tries its programs is nobody's insurer yet, and outside a sandbox it is not let in.
    must(engine.set_state(&nonlife, PartyState::Sandbox).await);
    for state in [PartyState::Sandbox, PartyState::Invited] {
        must(engine.set_state(&nonlife, state).await);
        let answer = test.push(&bytes(&case(&format!("NOT-{state}"))), &[]).await;
        assert_eq!(codes(&answer.json("outcome").unwrap()), ["insurer.unknown"], "{state}");
        assert_eq!(get(&test.nonlife().client, "/insurer/v1/deliveries").await.status, 401);
    }
    assert!(engine.set_state(&nonlife, PartyState::Live).await.is_err(), "nobody becomes live uncertified");
    must(engine.set_state(&nonlife, PartyState::Certified).await);
    must(engine.set_state(&nonlife, PartyState::Live).await);
    test.clock.advance(std::time::Duration::from_secs(20));
    let got = claimgate_tests::gateway::pull_all(&test.nonlife().client, 2).await;
    assert_eq!(got.len(), 2, "what was held is sent");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_sandbox_those_who_try_their_programs_get_tokens_and_no_deliveries() {
    let settings = [("CLAIMGATE_GATEWAY__SANDBOX", "true".to_owned())];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    let engine = &test.world.gateway.app.engine;
    let nonlife = id("insurer-nonlife");
    for state in [PartyState::Suspended, PartyState::Certified, PartyState::Sandbox] {
        must(engine.set_state(&nonlife, state).await);
        let expected = if state == PartyState::Sandbox { 200 } else { 401 };
        assert_eq!(get(&test.nonlife().client, "/insurer/v1/deliveries").await.status, expected, "{state}");
    }
    let answer = ask(&test.nonlife().client, test.world.gateway.base_url()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(codes(&test.push(&bytes(&case("SAND-1")), &[]).await.json("o").unwrap()), ["insurer.unknown"]);
    // A hospital may push its made-up bundles.
    let hospital = id("hospital-demo");
    for state in [PartyState::Suspended, PartyState::Certified, PartyState::Sandbox] {
        must(engine.set_state(&hospital, state).await);
    }
    let to_life =
        case("SAND-2").to_string().replace("12345676", "12345675").replace("\"accident\"", "\"health-reimbursement\"");
    assert_eq!(test.push(to_life.as_bytes(), &[]).await.status, 201);
    assert_eq!(must(insurer::pull(&test.life().client, 0, 5).await).len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_counts_from_its_first_day_to_its_last_in_taiwan() {
    // 10:00 in Taiwan on 23 November.
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let engine = &test.world.gateway.app.engine;
    let nonlife = id("insurer-nonlife");
    let mut registration = must(engine.store.party(&nonlife).await).unwrap().registration().clone();
    registration.effective_from = Some("2026-11-25".parse().unwrap());
    registration.effective_until = Some("2026-11-24".parse().unwrap());
    assert!(engine.replace_registration(&nonlife, registration.clone()).await.is_err(), "it ends before it begins");
    registration.effective_until = Some("2026-11-25".parse().unwrap());
    must(engine.replace_registration(&nonlife, registration).await);

    let answer = test.push(&bytes(&case("TERM-1")), &[]).await;
    assert!(codes(&answer.json("outcome").unwrap()).contains(&"recipient.inactive".to_owned()));
    assert_eq!(test.counts().await.open_work, 1);
    // The worker has tried in vain, often: the step is due in an hour, and all the same when the first day begins.
    for _ in 0..8 {
        test.clock.advance(std::time::Duration::from_mins(20));
        tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    }
    test.clock.advance(std::time::Duration::from_mins(38 * 60 - 160 - 1));
    let now = test.clock.now();
    assert_eq!(now.to_string(), "2026-11-24T15:59:00Z");
    let mut client = test.client(Identity {
        id: "insurer-nonlife".to_owned(),
        profile: AuthProfile::Fapi,
        key: test.nonlife().client.key().clone(),
    });
    assert!(client.authenticate().await.is_err(), "the day before");
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(test.counts().await.deliveries, 1, "the other insurer's alone");
    test.clock.advance(std::time::Duration::from_mins(1));
    must(client.authenticate().await);
    assert_eq!(must(insurer::pull(&client, 0, 10).await).len(), 1, "due at once");
    assert_eq!(test.counts().await.open_work, 0);
    test.clock.advance(std::time::Duration::from_hours(24));
    assert!(client.authenticate().await.is_err(), "the day after");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_kept_apart_and_encrypted() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let nonlife = id("insurer-nonlife");
    let mut registration = must(engine.store.party(&nonlife).await).unwrap().registration().clone();
    registration.contacts = vec![Contact {
        kind: ContactKind::Privacy,
        name: "林小美專員".to_owned(),
        email: "canary-dpo@insurer.example".to_owned(),
        phone: Some("02-1234-5678".to_owned()),
    }];
    must(engine.replace_registration(&nonlife, registration.clone()).await);
    let kept = must(engine.party_with_contacts(&nonlife).await).unwrap();
    assert_eq!(kept.registration().contacts, registration.contacts);
    assert!(must(engine.store.party(&nonlife).await).unwrap().registration().contacts.is_empty());
    // A change of the state leaves them, a document without them takes them away.
    must(engine.set_state(&nonlife, PartyState::Suspended).await);
    assert_eq!(must(engine.party_with_contacts(&nonlife).await).unwrap().registration().contacts.len(), 1);
    let folder = test.stop().await;
    let found = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    for file in found.filter(|path| path.is_file()) {
        let bytes = std::fs::read(&file).unwrap();
        for canary in ["canary-dpo", "林小美", "1234-5678"] {
            let held = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!held, "{} holds {canary}", file.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_insurers_are_invited_once_and_completed_later() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let example = include_bytes!("../../docs/examples/insurers.json");
    let first = must(engine.seed(example).await);
    // Two of the three are the demo's own insurers, found by their 統一編號.
    assert_eq!((first.added.as_slice(), first.known.len()), ([id("insurer-n91")].as_slice(), 2));
    assert_eq!((first.refused.len(), first.unread.as_slice()), (0, ["remark".to_owned()].as_slice()));
    let again = must(engine.seed(example).await);
    assert_eq!((again.added.len(), again.known.len()), (0, 3));
    let party = must(engine.store.party(&id("insurer-n91")).await).unwrap();
    assert_eq!((party.state, party.missing().len()), (PartyState::Invited, 4), "{:?}", party.missing());
    assert!(matches!(engine.set_state(&party.id, PartyState::Certified).await, Err(NotRegistered::Registration(_))));

    let bad = br#"{ "non_life": { "1\u0007": "x", "93": "", "94": { "name": "y", "ubn": "12345678" }, "95": 7 }, "life": 1 }"#;
    let refused = must(engine.seed(bad).await);
    assert_eq!((refused.added.len(), refused.refused.len()), (0, 5), "{refused:?}");
    for bad in [&b"[]"[..], b"{", br#"{ "life": { "01": "a", "01": "b" } }"#] {
        assert!(engine.seed(bad).await.is_err());
    }

    // Completed: keys, number and lines of another insurer, then one step after the other.
    let nonlife = must(engine.store.party(&id("insurer-nonlife")).await).unwrap();
    let mut whole = party.registration().clone();
    whole.identifiers.push(number(UBN, "10000009"));
    whole.lines = vec![Line::Accident];
    whole.jwks.clone_from(&nonlife.registration().jwks);
    must(engine.replace_registration(&party.id, whole).await);
    for state in [PartyState::Certified, PartyState::Live] {
        must(engine.set_state(&party.id, state).await);
    }
    if let Some(real) = shared("motor/insurer-codes.json") {
        let seeded = must(engine.seed(&real).await);
        assert!(seeded.added.len() >= 20 && seeded.refused.is_empty(), "{seeded:?}");
        assert!(seeded.unread.contains(&"prefix_in_alliance_chain".to_owned()));
        assert_eq!(must(engine.seed(&real).await).added.len(), 0);
        let fubon = must(engine.store.party(&id("insurer-n05")).await).unwrap();
        assert_eq!((fubon.registration().name.as_str(), fubon.state), ("富邦產物", PartyState::Invited));
    }
    test.stop().await;
}
