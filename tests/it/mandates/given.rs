//! Mandates without an issuer of mandates: signed by the mandator's own wallet, or given by presenting to a session; and a
//! record request (病歷調閱) that rests on one, kind by kind.

use claimgate_gateway::sandbox::insurer;
use claimgate_gateway::sandbox::issuer::Order;
use claimgate_tests::gateway::get;
use jiff::ToSpan;

use super::*;
use crate::wallets::{VCT, link};

/// A credential that says whose key this is.
fn identity(desk: &Desk, number: &str, key: &PrivateJwk, index: Option<u64>) -> String {
    let claims = json!({ "name": "王小明", "id_number": number }).as_object().unwrap().clone();
    let order = Order { vct: VCT, claims: &claims, clear: None, holder: &bare(key), index };
    must(desk.issuer.issue(&order, desk.test.clock.now()))
}

/// A mandate its mandator signs, bound to somebody's key.
fn own(desk: &Desk, mandate: &Value, holder: &Value, key: &PrivateJwk) -> String {
    let now = desk.test.clock.now().as_second();
    let mut payload = mandate.clone();
    let iss = claimgate_adapters::wallet::twdiw::did::did_of(&PublicKey::from_jwk(&key.public().to_json()).unwrap());
    let more =
        json!({ "iss": iss, "iat": now, "nbf": now, "exp": now + 3_600, "vct": MANDATE, "cnf": { "jwk": holder } });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let header = json!({ "typ": "dc+sd-jwt" }).as_object().unwrap().clone();
    format!("{}~", must(sign_under(header, payload.to_string().as_bytes(), key)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandate_its_mandator_signed_counts_as_far_as_the_mandators_own_credential() {
    let desk = Desk::open(&[]).await;
    desk.lists_say(&[(8, 1)], 3_600);
    let life = &desk.test.life().client;
    let now = desk.test.clock.now();
    let key = must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now));
    let other = must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now));
    let insurer = json!({ "entity": "legal", "role": "insurer",
        "key_thumbprint": PublicKey::from_jwk(&life.key().public().to_json()).unwrap().thumbprint() });
    // What it says of its own level is nobody's word.
    let lie = json!({ "assurance": { "level": "issuer_verified_digital_signature" } });
    let signed = own(&desk, &mandate("3f0c0d3e", &person(OWNER), &insurer, &lie), &bare(life.key()), &key);
    let with = |credential: &str, more: Value| {
        let mut body = ask(&signed, &more);
        body["mandator_credential"] = credential.into();
        body
    };
    let good = identity(&desk, OWNER, &key, Some(7));
    let verdict = check(life, &with(&good, json!({}))).await;
    assert_eq!(verdict["decision"], "granted", "{verdict}");
    assert_eq!(verdict["mandate"]["level"], "wallet_key_only");
    let mut money = ask("", &json!({}))["action"].clone();
    money["power"] = "receive_payment".into();
    let verdict = check(life, &with(&good, json!({ "action": money }))).await;
    assert_eq!(of(&verdict, "M11"), ("failed", "assurance_insufficient"), "a wallet's key moves no money");
    // Without the mandator's credential, with another person's, another key's, a revoked one, no credential at all.
    assert_eq!(of(&check(life, &ask(&signed, &json!({}))).await, "M1").0, "failed");
    for wrong in [
        identity(&desk, BROTHER, &key, None),
        identity(&desk, OWNER, &other, None),
        identity(&desk, OWNER, &key, Some(8)),
        "x".to_owned(),
    ] {
        let verdict = check(life, &with(&wrong, json!({}))).await;
        assert_eq!(
            (&verdict["decision"], of(&verdict, "M1")),
            (&json!("refused"), ("failed", "mandate_issuer_untrusted"))
        );
    }
    // Signed by another key than it names.
    let (head, tail) = signed.rsplit_once('.').unwrap();
    let forged = own(&desk, &mandate("3f0c0d3e", &person(OWNER), &insurer, &lie), &bare(life.key()), &other);
    let swapped = format!("{head}.{}", forged.rsplit_once('.').unwrap().1);
    assert_ne!(tail, forged.rsplit_once('.').unwrap().1);
    let mut body = with(&good, json!({}));
    body["mandate"] = swapped.into();
    assert_eq!(check(life, &body).await["credential"]["reason"], "issuer_signature_invalid");

    // Recorded with its credential, it is named from then on; and ends like any other.
    let app = &desk.test.world.app;
    let record = json!({ "mandate": signed, "mandator_credential": good, "purpose": "motor-claim" });
    let recorded: Value =
        must(must(post(app, "/mandates/v1/records", &record).await.expect("record", 201)).json("recorded"));
    assert_eq!((&recorded["level"], &recorded["mandate"]), (&json!("wallet_key_only"), &Value::Null));
    let mut named = ask("", &json!({}));
    named.as_object_mut().unwrap().remove("mandate");
    named["mandate_id"] = recorded["mandate_id"].clone();
    assert_eq!(check(life, &named).await["decision"], "granted");
    let revoke = format!("/mandates/v1/records/{}/revoke", recorded["mandate_id"].as_str().unwrap());
    assert_eq!(post(app, &revoke, &json!({})).await.status, 204);
    assert_eq!(of(&check(life, &named).await, "M4"), ("failed", "mandate_revoked"));
    desk.test.stop().await;
}

/// The terms an app proposes.
fn terms(desk: &Desk, more: &Value) -> Value {
    let mut terms = json!({
        "to": desk.test.life().client.id(), "powers": ["obtain_records"], "case_system": CASES, "case_number": "L-115-7",
        "record_kinds": ["certificate", "operation-record"],
        "valid_until": desk.test.clock.now().checked_add(20 * 24.hours()).unwrap(),
    });
    terms.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    terms
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, in its order")]
async fn a_mandate_is_given_by_presenting_and_a_record_request_rests_on_it() {
    let clock = claimgate_gateway::clock::Clock::test("2026-11-23T02:00:00Z".parse().unwrap());
    let desk = Desk::trusting("health-claim", clock, &[]).await;
    let (test, app) = (&desk.test, &desk.test.world.app);
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let mut asking = crate::records::asking(test, (life.id(), "health-reimbursement"), &["hospital-demo"]);
    let number = asking["person"]["identifiers"][0]["value"].as_str().unwrap().to_owned();
    let ask_for = |mandate: Value| json!({ "query": "identity", "purpose": "health-claim", "mandate": mandate });
    for (wrong, place) in [
        (json!({ "powers": ["receive_payment"] }), "money"),
        (json!({ "powers": [] }), "nothing"),
        (json!({ "powers": ["obtain_records", "obtain_records"] }), "twice"),
        (json!({ "to": "nobody-here" }), "nobody"),
        (json!({ "valid_until": "2020-01-01T00:00:00Z" }), "over"),
        (json!({ "max_uses": 0 }), "never"),
    ] {
        let answer = post(app, "/wallet/v1/sessions", &ask_for(terms(&desk, &wrong))).await;
        assert_eq!(answer.status, 422, "{place}");
    }
    let session = desk.ask(ask_for(terms(&desk, &json!({ "max_uses": 2 })))).await;
    let wallet = desk.wallet(&number, Some(7));
    let request = must(wallet.open(link(&session)).await);
    let shown =
        claimgate_packet::jose::base64url::decode(request.claims["transaction_data"][0].as_str().unwrap()).unwrap();
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!(shown["type"], "urn:claimgate:transaction:give-mandate");
    assert_eq!(shown["mandate"]["limits"]["case_refs"][0]["value"], "L-115-7", "what is signed is what is given");
    let record = json!({ "session_id": session["session_id"], "purpose": "health-claim" });
    assert_eq!(post(app, "/mandates/v1/records", &record).await.status, 422, "nobody has signed yet");
    assert_eq!(must(wallet.answer(link(&session), test.clock.now()).await).status, 200);
    assert_eq!(desk.read(&session, "").await["state"], "verified");
    assert_eq!(post(nonlife, "/mandates/v1/records", &record).await.status, 422, "another's session");
    let recorded: Value =
        must(must(post(app, "/mandates/v1/records", &record).await.expect("record", 201)).json("recorded"));
    assert_eq!(recorded["level"], "wallet_key_only");
    let again: Value =
        must(must(post(app, "/mandates/v1/records", &record).await.expect("again", 200)).json("recorded"));
    assert_eq!(again, recorded, "the same session is the same mandate");
    // The party that has it is answered for it, by its id or by the signed text; nobody else.
    let action = json!({ "power": "obtain_records", "case_system": CASES, "case_number": "L-115-7" });
    let of_it = |name: &str| {
        let mut body = json!({ "purpose": "health-claim", "principal": given(&number), "action": action,
            "record_kinds": ["certificate", "prescription"] });
        let (member, value) =
            if name == "mandate" { ("mandate", &recorded["mandate"]) } else { ("mandate_id", &recorded["mandate_id"]) };
        body[member] = value.clone();
        body
    };
    for way in ["mandate", "mandate_id"] {
        let verdict = check(life, &of_it(way)).await;
        assert_eq!(
            (&verdict["decision"], &verdict["records"][1]["granted"]),
            (&json!("partly"), &json!(false)),
            "{verdict}"
        );
    }
    assert_eq!(of(&check(nonlife, &of_it("mandate")).await, "M5").0, "failed");

    // A record request on it: what the mandate names is asked for, the rest is refused with its reason.
    let consent = asking["consent"].as_object_mut().unwrap();
    consent.remove("file");
    consent.insert("mandate".to_owned(), json!({ "mandate_id": recorded["mandate_id"], "case_system": CASES }));
    consent["valid_until"] = "2026-12-12".into();
    asking["due_on"] = "2026-12-07".into();
    let put = async |body: &Value| post(life, "/insurer/v1/record-requests", body).await;
    for (name, value) in [
        ("case_number", json!("L-115-8")),
        ("person", json!({ "identifiers": [{ "kind": "national-id", "value": OWNER }] })),
    ] {
        let mut wrong = asking.clone();
        wrong[name] = value.clone();
        if name == "person" {
            wrong["consent"]["person"] = value;
        }
        let refused: Value = must(put(&wrong).await.json("refusal"));
        assert_eq!(
            (&refused["code"], &refused["pointer"]),
            (&json!("records.beyond-consent"), &json!("/consent/mandate")),
            "{refused}"
        );
    }
    let mut long = asking.clone();
    long["consent"]["valid_until"] = "2027-01-31".into();
    assert_eq!(put(&long).await.status, 422, "no longer than the mandate");
    let head: Value = must(must(put(&asking).await.expect("asked", 200)).json("head"));
    assert_eq!(head["refused"], json!([{ "kind": "itemised-receipt", "reason": "mandate_scope_exceeded" }]));
    let request = head["requests"][0].as_str().unwrap();
    let hospital = &test.world.hospital;
    let seen: Value = must(get(hospital, &format!("/hospital/v1/requests/{request}")).await.json("request"));
    let kinds: Vec<&str> =
        seen["records"]["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["certificate", "operation-record"], "{seen}");
    assert_eq!(seen["records"]["consent"]["mandate"], recorded["mandate_id"]);
    let paper = get(hospital, &format!("/hospital/v1/requests/{request}/consent")).await;
    assert_eq!(
        (paper.header("content-type"), paper.body.as_slice()),
        (Some("application/dc+sd-jwt"), recorded["mandate"].as_str().unwrap().as_bytes())
    );
    // Two uses and no third.
    must(put(&asking).await.expect("second", 200));
    assert_eq!(put(&asking).await.status, 422);

    // What it allows comes; once the person takes the mandate back, nothing more is taken, and nothing leaves.
    crate::records::approve(hospital, request).await;
    let given = crate::records::give(hospital, request, &claimgate_tests::bundles::case("RECORDS")).await;
    assert!(given.status.is_success(), "{}", String::from_utf8_lossy(&given.body));
    let delivery = &must(insurer::pull(life, 0, 5).await)[0];
    let revoke = format!("/mandates/v1/records/{}/revoke", recorded["mandate_id"].as_str().unwrap());
    assert_eq!(post(app, &revoke, &json!({})).await.status, 204);
    let refused = crate::records::give(hospital, request, &claimgate_tests::bundles::case("RECORDS-2")).await;
    assert_eq!(refused.status, 409);
    let fetched = get(life, &format!("/insurer/v1/deliveries/{}", delivery.id)).await;
    assert!(!fetched.status.is_success(), "what has not left does not leave");
    for secret in [number.as_str()] {
        assert!(!test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    desk.test.stop().await;
}
