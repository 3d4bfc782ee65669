//! Routing and consent: unknown, inactive and line-less insurers, hospitals without a basis.

use claimgate_gateway::clock::Clock;
use claimgate_gateway::party::{ConsentBasis, PartyIdentifier, PartyState, Role};
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::words::Line;
use claimgate_tests::bundles::{bytes, case, resources};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, get, must, open_all, post};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_insurer_is_refused_and_nothing_is_kept() {
    let test = TestGateway::start().await;
    let before = test.counts().await;
    let text = case("UNKNOWN-1").to_string().replace("12345676", "22099131");
    let answer = test.push(text.as_bytes(), &[]).await;
    assert_eq!(answer.status, 422);
    let outcome = answer.json("outcome").unwrap();
    assert_eq!(codes(&outcome), ["insurer.unknown"]);
    let place = outcome["issue"][0]["expression"][0].as_str().unwrap();
    assert!(place.starts_with("Bundle.entry["), "{place}");
    assert!(!outcome.to_string().contains("22099131"));
    assert_eq!(test.counts().await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_is_found_by_its_insurer_code_too() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let id = "insurer-nonlife".parse().unwrap();
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    let code = PartyIdentifier { system: "urn:claimgate:insurer-code".to_owned(), value: "18".to_owned() };
    registration.identifiers.push(code);
    must(engine.replace_registration(&id, registration).await);
    let mut bundle = case("CODE-ALIAS-1");
    for organization in resources(&mut bundle, "Organization") {
        if organization["identifier"][0]["value"] == "12345676" {
            organization["identifier"] = json!([{ "system": "urn:claimgate:insurer-code", "value": "18" }]);
        }
    }
    assert_eq!(test.push(&bytes(&bundle), &[]).await.status, 201);
    assert_eq!(must(insurer::pull(&test.nonlife().client, 0, 5).await).len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_the_insurer_does_not_take_is_refused_with_those_it_takes() {
    let test = TestGateway::start().await;
    let text = case("LINE-1").to_string().replace("\"accident\"", "\"life\"");
    let answer = test.push(text.as_bytes(), &[]).await;
    let outcome = answer.json("outcome").unwrap();
    assert_eq!((answer.status.as_u16(), codes(&outcome)), (422, vec!["insurer.line-not-offered".to_owned()]));
    assert!(outcome["issue"][0]["diagnostics"].as_str().unwrap().contains("accident"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coverage_without_a_line_takes_the_insurers_first() {
    let test = TestGateway::start().await;
    let mut bundle = case("LINE-2");
    for coverage in resources(&mut bundle, "Coverage") {
        coverage.as_object_mut().unwrap().remove("type");
    }
    assert_eq!(test.push(&bytes(&bundle), &[]).await.status, 201);
    let envelope = must(insurer::pull(&test.nonlife().client, 0, 5).await).pop().unwrap();
    assert_eq!(envelope.line, Line::Accident);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_to_an_inactive_insurer_is_held_and_leaves_when_it_is_active() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let nonlife = "insurer-nonlife".parse().unwrap();
    must(engine.set_state(&nonlife, PartyState::Suspended).await);

    let answer = test.push(&bytes(&case("HELD-1")), &[]).await;
    assert_eq!(answer.status, 201);
    assert!(codes(&answer.json("outcome").unwrap()).contains(&"recipient.inactive".to_owned()));
    assert_eq!(must(insurer::pull(&test.life().client, 0, 5).await).len(), 1);
    assert_eq!(get(&test.nonlife().client, "/insurer/v1/deliveries").await.status, 401);

    must(engine.set_state(&nonlife, PartyState::Live).await);
    assert_eq!(must(insurer::pull(&test.nonlife().client, 0, 10).await).len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_without_a_valid_key_gets_its_packet_once_it_has_one() {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let engine = &test.world.gateway.app.engine;
    let id = "insurer-nonlife".parse().unwrap();
    let party = must(engine.store.party(&id).await).unwrap();
    let mut registration = party.registration().clone();
    for key in registration.jwks["keys"].as_array_mut().unwrap() {
        if key["use"] == "enc" {
            key["exp"] = json!(test.clock.now().as_second() + 60);
        }
    }
    let whole = party.registration().clone();
    must(engine.replace_registration(&id, registration).await);
    test.clock.advance(std::time::Duration::from_mins(2));

    let answer = test.push(&bytes(&case("NOKEY-1")), &[]).await;
    assert_eq!(answer.status, 201);
    assert!(codes(&answer.json("outcome").unwrap()).contains(&"recipient.no-key".to_owned()));
    assert_eq!(must(insurer::pull(&test.life().client, 0, 5).await).len(), 1);
    assert_eq!(test.counts().await.open_work, 1);

    must(engine.replace_registration(&id, whole).await);
    test.clock.advance(std::time::Duration::from_secs(20));
    let found = open_all(test.nonlife(), 0, test.clock.now()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(must(insurer::pull(&test.life().client, 1, 0).await).len(), 0, "the other got nothing twice");
    assert_eq!(test.counts().await.open_work, 0);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_consent_basis_a_claim_is_held_and_sent_once_there_is_one() {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let engine = &test.world.gateway.app.engine;
    let hospital = "hospital-demo".parse().unwrap();
    must(engine.set_consent(&hospital, None).await);

    let answer = test.push(&bytes(&case("CONSENT-1")), &[]).await;
    let outcome = answer.json("outcome").unwrap();
    assert_eq!(answer.status, 201);
    assert!(codes(&outcome).contains(&"consent_missing".to_owned()), "{outcome:#}");
    let counts = test.counts().await;
    assert_eq!((counts.claims, counts.evidence > 0, counts.packets, counts.deliveries), (1, true, 0, 0));
    assert_eq!(counts.open_work, 1);

    let basis = ConsentBasis::HospitalAttested { reference: "form 115-11".to_owned() };
    must(engine.set_consent(&hospital, Some(basis)).await);
    test.clock.advance(std::time::Duration::from_secs(20));
    let found = must(insurer::pull(&test.life().client, 0, 10).await);
    assert_eq!(found.len(), 1);
    assert_eq!(test.counts().await.open_work, 0);
    // The same bytes again still give the answer they got.
    assert_eq!(test.push(&bytes(&case("CONSENT-1")), &[]).await.body, answer.body);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_left_is_withdrawn_with_the_consent_basis_and_sent_again_with_it() {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let engine = &test.world.gateway.app.engine;
    test.push(&bytes(&case("WITHDRAW-1")), &[]).await;
    let life = must(insurer::pull(&test.life().client, 0, 5).await).pop().unwrap();
    let nonlife = must(insurer::pull(&test.nonlife().client, 0, 5).await).pop().unwrap();
    let fetch = async |one: &Insurer, id: &str| get(&one.client, &format!("/insurer/v1/deliveries/{id}")).await;
    assert_eq!(fetch(test.life(), &life.id).await.status, 200);

    must(engine.set_consent(&"hospital-demo".parse().unwrap(), None).await);
    let refused = fetch(test.nonlife(), &nonlife.id).await;
    assert_eq!((refused.status.as_u16(), &refused.json("p").unwrap()["code"]), (410, &json!("delivery.withdrawn")));
    let listed = must(insurer::pull(&test.nonlife().client, 0, 0).await);
    assert_eq!(listed.first().map(|one| one.state.as_str()), Some("withdrawn"), "it stays as a tombstone");
    assert_eq!(fetch(test.life(), &life.id).await.status, 200, "what has left has left");
    let states = async || {
        let set = get(&test.world.hospital, "/fhir/ClaimResponse?request.identifier=WITHDRAW-1").await;
        let set = set.json("searchset").unwrap();
        let entries = set["entry"].as_array().unwrap().iter();
        let mut states: Vec<_> = entries.map(|entry| entry["resource"]["processNote"][0]["text"].clone()).collect();
        states.sort_by_key(Value::to_string);
        states
    };
    assert_eq!(states().await, ["sent", "withdrawn"]);

    let basis = ConsentBasis::HospitalAttested { reference: "form 115-12".to_owned() };
    must(engine.set_consent(&"hospital-demo".parse().unwrap(), Some(basis)).await);
    test.clock.advance(std::time::Duration::from_secs(20));
    let again = must(insurer::pull(&test.nonlife().client, nonlife.position, 10).await);
    assert_eq!(again.len(), 1, "with consent again it is sent again, once");
    assert_eq!((again[0].revision, fetch(test.nonlife(), &again[0].id).await.status.as_u16()), (2, 200));
    assert!(must(insurer::pull(&test.life().client, life.position, 0).await).is_empty(), "who has it gets nothing new");
    assert_eq!(states().await, ["sent", "sent"]);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_is_sealed_again_for_an_insurer_whose_key_has_changed() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    test.push(&bytes(&case("RESEAL-1")), &[]).await;
    let before = must(insurer::pull(&test.life().client, 0, 5).await).pop().unwrap();
    let fresh =
        must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, Some("fresh".to_owned()), test.clock.now()));
    let id = "insurer-life".parse().unwrap();
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    let keys = registration.jwks["keys"].as_array_mut().unwrap();
    keys.retain(|key| key["use"] != "enc");
    keys.push(fresh.public().to_json());
    must(engine.replace_registration(&id, registration).await);

    let sealed = must(insurer::fetch(&test.life().client, &before.id).await);
    let after = must(insurer::pull(&test.life().client, 0, 0).await).pop().unwrap();
    assert_eq!((after.id.as_str(), after.kid.as_str()), (before.id.as_str(), "fresh"));
    assert_ne!(after.digest, before.digest);
    let trust = must(insurer::trusted_keys(&test.life().client).await);
    let opened = must(insurer::verify(&test.life().client, (&sealed, &after), &[fresh], &trust, test.clock.now()));
    assert_eq!(opened.packet_id, before.packet_id, "the same packet under another cover");

    // A stolen key is taken back before there is another: nothing leaves under it, and its name stays taken.
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    let whole = registration.clone();
    let keys = registration.jwks["keys"].as_array_mut().unwrap();
    keys.iter_mut().filter(|key| key["use"] == "enc").for_each(|key| key["revoked_at"] = json!(0));
    must(engine.replace_registration(&id, registration.clone()).await);
    let path = format!("/insurer/v1/deliveries/{}", before.id);
    let refused = get(&test.life().client, &path).await;
    assert_eq!((refused.status.as_u16(), &refused.json("p").unwrap()["code"]), (409, &json!("insurer.no-key")));
    must(engine.replace_registration(&id, whole.clone()).await);
    assert_eq!(get(&test.life().client, &path).await.status, 200);
    let other = PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, Some("fresh".to_owned()), test.clock.now());
    let keys = registration.jwks["keys"].as_array_mut().unwrap();
    keys.retain(|key| key["use"] != "enc");
    keys.push(must(other).public().to_json());
    let taken = engine.replace_registration(&id, registration).await.unwrap_err().to_string();
    assert!(taken.contains("kid"), "{taken}");
    let hospital = must(engine.store.party(&"hospital-demo".parse().unwrap()).await).unwrap();
    let mut without = hospital.registration().clone();
    without.consent = None;
    let kept = must(engine.replace_registration(&hospital.id, without).await);
    assert!(kept.registration().consent.is_some(), "only `party consent --none` takes a basis away");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_follows_a_claim_by_its_one_time_code() {
    let test = TestGateway::start().await;
    let pushed = test.push(&bytes(&case("CODE-1")), &[]).await;
    let code = pushed.header("claimgate-tracking-code").unwrap();
    let claim = pushed.header("claimgate-claim-id").unwrap();
    let app = &test.world.app;
    let path = format!("/claims/v1/claims/{claim}/timeline");
    assert_eq!(get(app, &path).await.status, 404);

    let wrong = post(app, "/claims/v1/links", &json!({ "tracking_code": "00000-00000-00000-00000-00000" })).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json("p").unwrap()["code"]), (404, &json!("tracking-code.unknown")));
    let typed = code.to_lowercase().replace('-', " ");
    let linked = post(app, "/claims/v1/links", &json!({ "tracking_code": typed })).await;
    assert_eq!(linked.status, 201);
    assert_eq!(post(app, "/claims/v1/links", &json!({ "tracking_code": code })).await.status, 404);

    let timeline: Value = get(app, &path).await.json("timeline").unwrap();
    assert_eq!(timeline["submissions"].as_array().unwrap().len(), 2);
    assert_eq!(timeline["timeline"][0]["event"], "claim.received");

    // Another app is not linked by that.
    let other = NewParty { id: "app-other", role: Role::App, number: "", lines: vec![], consent: false };
    let (other, _) = test.register(other).await;
    assert_eq!(get(&other, &path).await.status, 404);
    test.stop().await;
}
