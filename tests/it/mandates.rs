//! Mandates (委託) handed in to be checked, over real HTTP: an insurer under its registered key, a family member by a wallet's
//! proof, passed on, used up, taken back, ended by death; a signed PDF and a scan.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::wallet::key::PublicKey;
use claimgate_gateway::party::{AuthProfile, PartyIdentifier, Registration, Role};
use claimgate_gateway::sandbox::client::{Identity, PartyClient};
use claimgate_gateway::sandbox::demo::signing_key;
use claimgate_gateway::sandbox::issuer::Order;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use claimgate_tests::gateway::{TestGateway, must, post};
use serde_json::{Map, Value, json};

use crate::wallets::{Desk, MANDATE, NUMBER};

mod given;

/// The owner (車主), made up, with a valid check digit.
pub(crate) const OWNER: &str = "A123456789";
const BROTHER: &str = "B123456780";
const CASES: &str = "https://insurer.example/claims";
const NONCE: &str = "a-nonce-of-the-caller";
const AUDIENCE: &str = "https://insurer.example";

pub(crate) fn bare(key: &PrivateJwk) -> Value {
    let key = PublicKey::from_jwk(&key.public().to_json()).unwrap();
    serde_json::from_str(&key.canonical_jwk()).unwrap()
}

pub(crate) fn person(number: &str) -> Value {
    json!({ "entity": "natural", "name": "王小明", "id": { "scheme": "tw_national_id", "value": number } })
}

pub(crate) fn given(number: &str) -> Value {
    json!({ "scheme": "tw_national_id", "value": number })
}

/// A mandate of the owner to somebody, with what is changed in it.
pub(crate) fn mandate(id: &str, mandator: &Value, mandatary: &Value, more: &Value) -> Value {
    let mut mandate = json!({
        "id": format!("{id}-6d55-4f3e-9a43-0a4f3d7a1b11"), "kind": "individual_to_organisation", "executed_on": "2026-09-20",
        "valid_from": "2026-09-20T00:00:00+08:00", "valid_until": "2026-10-20T23:59:59+08:00", "mandator": mandator,
        "mandatary": mandatary, "powers": ["obtain_records", "receive_payment"],
        "limits": {
            "case_refs": [{ "system": CASES, "value": "C-1" }], "plates": ["ABC-1234"],
            "record_kinds": ["police-report", "police-sketch"],
        },
        "substitution": "not_allowed", "law": "TW",
        "assurance": {
            "level": "issuer_verified_electronic_signature", "mandator_signature": "pades", "identity_proof": "wallet",
        },
    });
    for (name, value) in more.as_object().unwrap() {
        match (mandate.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(new)) => known.extend(new.clone()),
            _ => mandate[name] = value.clone(),
        }
    }
    json!({ "mandate": mandate })
}

pub(crate) fn issued(desk: &Desk, mandate: &Value, holder: &Value, index: Option<u64>) -> String {
    let none = Map::new();
    let order = Order { vct: MANDATE, claims: &none, clear: mandate.as_object(), holder, index };
    must(desk.issuer.issue(&order, desk.test.clock.now()))
}

/// With the holder's proof behind it.
fn proved(desk: &Desk, credential: &str, holder: &PrivateJwk, nonce: &str) -> String {
    let iat = desk.test.clock.now().as_second();
    let proof = json!({ "iat": iat, "nonce": nonce, "aud": AUDIENCE, "sd_hash": sha256_text(credential.as_bytes()) });
    let header = json!({ "typ": "kb+jwt" }).as_object().unwrap().clone();
    format!("{credential}{}", must(sign_under(header, proof.to_string().as_bytes(), holder)))
}

fn ask(mandate: &str, more: &Value) -> Value {
    let mut body = json!({
        "mandate": mandate, "purpose": "motor-claim", "principal": given(OWNER),
        "action": { "power": "obtain_records", "case_system": CASES, "case_number": "C-1", "plate": "ABC-1234" },
        "record_kinds": ["police-report"],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn check(client: &PartyClient, body: &Value) -> Value {
    must(must(post(client, "/mandates/v1/check", body).await.expect("check", 200)).json("verdict"))
}

/// The result and reason of one check.
fn of<'a>(verdict: &'a Value, check: &str) -> (&'a str, &'a str) {
    let item = verdict["checks"].as_array().unwrap().iter().find(|one| one["check"] == check).unwrap();
    (item["result"].as_str().unwrap(), item["reason"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_under_its_registered_key_is_answered_check_by_check() {
    let desk = Desk::open(&[]).await;
    desk.lists_say(&[(8, 1)], 3_600);
    let (life, nonlife) = (&desk.test.life().client, &desk.test.nonlife().client);
    let thumbprint = PublicKey::from_jwk(&life.key().public().to_json()).unwrap().thumbprint();
    let insurer = json!({ "entity": "legal", "role": "insurer", "key_thumbprint": thumbprint });
    let good = issued(&desk, &mandate("3f0c0d3e", &person(OWNER), &insurer, &json!({})), &bare(life.key()), Some(7));
    let verdict = check(life, &ask(&good, &json!({}))).await;
    assert_eq!(verdict["decision"], "granted", "{verdict}");
    assert_eq!(verdict["checks"].as_array().unwrap().len(), 12);
    assert!(verdict["checks"].as_array().unwrap().iter().all(|one| one["result"] == "passed"), "{verdict}");
    let shown = &verdict["mandate"];
    assert_eq!((&shown["proved_by"], &shown["mandatary"]["role"]), (&json!("registered-key"), &json!("insurer")));
    assert_eq!((&shown["mandator"]["number"], &shown["mandator"]["name"]), (&json!("A12345****"), &json!("王小明")));

    // Each kind of record for itself.
    let kinds = json!({ "record_kinds": ["police-report", "video", "police-sketch"] });
    let verdict = check(life, &ask(&good, &kinds)).await;
    let granted: Vec<bool> =
        verdict["records"].as_array().unwrap().iter().map(|one| one["granted"].as_bool().unwrap()).collect();
    assert_eq!((&verdict["decision"], granted), (&json!("partly"), vec![true, false, true]));
    assert_eq!(verdict["records"][1]["reason"], "mandate_scope_exceeded");

    // One thing wrong, one check that says so.
    let action = |name: &str, value: &str| {
        let mut action = ask("", &json!({}))["action"].clone();
        action[name] = value.into();
        json!({ "action": action })
    };
    for (more, number, reason) in [
        (json!({ "principal": given(BROTHER) }), "M6", "mandator_mismatch"),
        (action("power", "withdraw_claim"), "M7", "power_missing"),
        (action("power", "receive_payment"), "M11", "assurance_insufficient"),
        (action("case_number", "C-2"), "M8", "mandate_scope_exceeded"),
        (action("plate", "XYZ-9999"), "M8", "mandate_scope_exceeded"),
        (json!({ "presented_by": "insurer-nobody" }), "M5", "mandatary_mismatch"),
        (json!({ "documents": [STANDARD.encode("another paper")] }), "M10", "evidence_mismatch"),
    ] {
        let verdict = check(life, &ask(&good, &more)).await;
        assert_eq!(
            (verdict["decision"].as_str(), of(&verdict, number)),
            (Some("refused"), ("failed", reason)),
            "{more}"
        );
        assert!(verdict["checks"][11]["result"] == "passed", "recorded all the same: {more}");
    }
    // Another insurer holds no such key, and cannot speak for this one.
    for more in [json!({}), json!({ "presented_by": life.id() })] {
        assert_eq!(of(&check(nonlife, &ask(&good, &more)).await, "M5"), ("failed", "mandatary_mismatch"));
    }
    // Who is not the mandatary cannot be it with a key of their own.
    let foreign = issued(&desk, &mandate("4f0c0d3e", &person(OWNER), &insurer, &json!({})), &bare(nonlife.key()), None);
    assert_eq!(of(&check(nonlife, &ask(&foreign, &json!({}))).await, "M5"), ("failed", "mandatary_mismatch"));

    // A police source asks for the insurer that came to it.
    let police = police(&desk.test).await;
    let verdict = check(&police, &ask(&good, &json!({ "presented_by": life.id() }))).await;
    assert_eq!(verdict["decision"], "granted", "{verdict}");
    let refused = post(&police, "/wallet/v1/sessions", &json!({})).await;
    assert_eq!(refused.status, 403, "a police source has this and nothing else");

    // Status: revoked, nobody can say, and an issuer nobody trusts for this purpose.
    let revoked = issued(&desk, &mandate("5f0c0d3e", &person(OWNER), &insurer, &json!({})), &bare(life.key()), Some(8));
    assert_eq!(of(&check(life, &ask(&revoked, &json!({}))).await, "M4"), ("failed", "mandate_revoked"));
    let past =
        issued(&desk, &mandate("6f0c0d3e", &person(OWNER), &insurer, &json!({})), &bare(life.key()), Some(9_999));
    assert_eq!(of(&check(life, &ask(&past, &json!({}))).await, "M4"), ("failed", "status_index_out_of_range"));
    let verdict = check(life, &ask(&good, &json!({ "purpose": "health-claim" }))).await;
    assert_eq!((of(&verdict, "M1").0, &verdict["credential"]["reason"]), ("failed", &json!("issuer_untrusted")));
    let broken = good.replacen('.', ".A", 1);
    let verdict = check(life, &ask(&broken, &json!({}))).await;
    assert_eq!(
        (verdict["decision"].as_str(), verdict["credential"]["result"].as_str()),
        (Some("refused"), Some("failed"))
    );
    for secret in [OWNER, "王小明"] {
        assert!(!desk.test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    desk.test.stop().await;
}

async fn police(test: &TestGateway) -> PartyClient {
    let key = must(signing_key(Role::Police, test.clock.now()));
    let jwks = JwkSet(vec![key.public()]).to_json();
    let mut registration = Registration::new("police-taipei", Role::Police, "臺北市政府警察局", jwks);
    let system = "https://oid.nat.gov.tw".to_owned();
    registration.identifiers.push(PartyIdentifier { system, value: "2.16.886.101.20003.20069".to_owned() });
    must(test.world.gateway.app.engine.register(registration).await);
    let mut client = test.client(Identity { id: "police-taipei".to_owned(), profile: AuthProfile::Fapi, key });
    must(client.authenticate().await);
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_are_counted_once_each_also_of_the_mandate_above() {
    let desk = Desk::open(&[]).await;
    let life = &desk.test.life().client;
    let now = desk.test.clock.now();
    let key = || must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now));
    let (brother, agent) = (key(), key());
    let limits = |most: u64| json!({ "substitution": "allowed", "limits": { "max_uses": most } });
    let parent = mandate("a0000000", &person(OWNER), &person(NUMBER), &limits(3));
    let parent = issued(&desk, &parent, &bare(&brother), None);
    let child = |id: &str, most| {
        let child = mandate(id, &person(NUMBER), &person(BROTHER), &json!({ "limits": { "max_uses": most } }));
        issued(&desk, &child, &bare(&agent), None)
    };
    let (one, other) = (child("b0000000", 2), child("c0000000", 2));
    let asked = |child: &str, nonce: &str, using: bool| {
        ask(
            &proved(&desk, child, &agent, NONCE),
            &json!({
                "parent": parent, "proof": { "nonce": nonce, "audience": AUDIENCE }, "presenter": given(BROTHER), "use": using,
            }),
        )
    };
    let verdict = check(life, &asked(&one, "another-nonce-than-given", true)).await;
    assert_eq!((&verdict["credential"]["reason"], &verdict["used"]), (&json!("nonce_mismatch"), &json!(false)));
    // Looked at, nothing is counted; used, both are.
    for (child, using, decision, used, above) in [
        (&one, false, "granted", 0, 0),
        (&one, true, "granted", 0, 0),
        (&other, true, "granted", 0, 1),
        (&one, true, "granted", 1, 2),
        (&one, true, "refused", 2, 3),
        (&other, true, "refused", 1, 3),
    ] {
        let verdict = check(life, &asked(child, NONCE, using)).await;
        let shown = &verdict["mandate"];
        assert_eq!(verdict["decision"], decision, "{verdict}");
        assert_eq!((&shown["uses"], &shown["uses_above"]), (&json!(used), &json!(above)), "{verdict}");
        assert_eq!(verdict["used"], json!(using && decision == "granted"));
        assert_eq!((&shown["proved_by"], shown["passed_on_by"].is_object()), (&json!("key-binding"), true));
        if decision == "refused" {
            assert_eq!(of(&verdict, "M8"), ("failed", "mandate_scope_exceeded"));
        }
    }
    // Without the one above it, it is nobody's the owner knows.
    let verdict = check(
        life,
        &ask(
            &proved(&desk, &one, &agent, NONCE),
            &json!({
                "proof": { "nonce": NONCE, "audience": AUDIENCE }, "presenter": given(BROTHER),
            }),
        ),
    )
    .await;
    assert_eq!(of(&verdict, "M6"), ("failed", "mandator_mismatch"));

    // Ten at once on a mandate of three.
    let three = mandate("d0000000", &person(OWNER), &person(NUMBER), &json!({ "limits": { "max_uses": 3 } }));
    let three = proved(&desk, &issued(&desk, &three, &bare(&brother), None), &brother, NONCE);
    let body = ask(
        &three,
        &json!({
            "proof": { "nonce": NONCE, "audience": AUDIENCE }, "presenter": given(NUMBER), "use": true,
        }),
    );
    let all = futures_util::future::join_all((0..10).map(|_| check(life, &body))).await;
    let granted = all.iter().filter(|verdict| verdict["decision"] == "granted").count();
    assert_eq!((granted, all.iter().filter(|verdict| verdict["used"] == true).count()), (3, 3));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_mandate_ends_when_it_is_taken_back_or_somebody_dies() {
    let desk = Desk::open(&[]).await;
    let (life, nonlife, app) = (&desk.test.life().client, &desk.test.nonlife().client, &desk.test.world.app);
    let thumbprint = PublicKey::from_jwk(&life.key().public().to_json()).unwrap().thumbprint();
    let insurer = json!({ "entity": "legal", "role": "insurer", "key_thumbprint": thumbprint });
    let make = |id: &str, owner: &str| {
        issued(&desk, &mandate(id, &person(owner), &insurer, &json!({})), &bare(life.key()), None)
    };
    let record = async |text: &str| {
        let body = json!({ "mandate": text, "purpose": "motor-claim" });
        let answer = post(app, "/mandates/v1/records", &body).await;
        (answer.status.as_u16(), must(answer.json("recorded")))
    };
    let text = make("3f0c0d3e", OWNER);
    let (status, recorded) = record(&text).await;
    assert_eq!((status, recorded["level"].as_str()), (201, Some("issuer_verified_electronic_signature")));
    let id = recorded["mandate_id"].as_str().unwrap();
    assert_eq!(record(&text).await, (200, recorded.clone()), "the same mandate again is the same");
    let by_id = |more: Value| {
        let mut body = ask("", &more);
        body.as_object_mut().unwrap().remove("mandate");
        body["mandate_id"] = id.into();
        body
    };
    assert_eq!(check(life, &by_id(json!({}))).await["decision"], "granted");
    assert_eq!(of(&check(app, &by_id(json!({}))).await, "M5").0, "failed", "who recorded it is not its mandatary");
    assert_eq!(post(nonlife, "/mandates/v1/check", &by_id(json!({}))).await.status, 404);
    let mut both = by_id(json!({}));
    both["mandate"] = text.clone().into();
    assert_eq!(post(life, "/mandates/v1/check", &both).await.status, 422);

    let revoke = format!("/mandates/v1/records/{id}/revoke");
    for other in [life, nonlife] {
        assert_eq!(post(other, &revoke, &json!({})).await.status, 404, "only who recorded it takes it back");
    }
    for _ in 0..2 {
        assert_eq!(post(app, &revoke, &json!({})).await.status, 204);
    }
    let verdict = check(life, &by_id(json!({}))).await;
    assert_eq!(of(&verdict, "M4"), ("failed", "mandate_revoked"));
    assert_eq!(of(&check(life, &ask(&text, &json!({}))).await, "M4").0, "failed", "also where it is shown itself");
    assert_eq!(record(&text).await.0, 422);

    // By an operator: revoked elsewhere, and a death, which ends all of a person's.
    let operator = desk.test.operator("alice").await;
    let issuer = "https://dmv.example";
    let end = json!({ "issuer": issuer, "mandate": "4f0c0d3e-6d55-4f3e-9a43-0a4f3d7a1b11" });
    assert_eq!(post(&operator, "/operator/v1/mandate-ends", &end).await.status, 204);
    let verdict = check(life, &ask(&make("4f0c0d3e", OWNER), &json!({}))).await;
    assert_eq!(of(&verdict, "M4"), ("failed", "mandate_revoked"));
    let last = make("5f0c0d3e", OWNER);
    assert_eq!(check(life, &ask(&last, &json!({}))).await["decision"], "granted");
    let died = json!({ "died": given(OWNER) });
    assert_eq!(post(&operator, "/operator/v1/mandate-ends", &died).await.status, 204);
    assert_eq!(of(&check(life, &ask(&last, &json!({}))).await, "M4"), ("failed", "mandate_ended_by_death"));
    let both = json!({ "died": given(OWNER), "issuer": issuer });
    assert_eq!(post(&operator, "/operator/v1/mandate-ends", &both).await.status, 422);
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_labelled_and_documents_alone_are_for_people() {
    let desk = Desk::open(&[]).await;
    let life = &desk.test.life().client;
    let alone = |files: &[&[u8]]| {
        let files: Vec<String> = files.iter().map(|file| STANDARD.encode(file)).collect();
        json!({ "purpose": "motor-claim", "documents": files })
    };
    let verdict = check(life, &alone(&[b"%PDF-1.7\n%%EOF\n", b"\x89PNG", b"%PDF-1.7\n/ByteRange [0 1 2 3]"])).await;
    assert_eq!(verdict["decision"], "manual");
    let said = |place: usize| verdict["documents"][place]["signature"].as_str().unwrap();
    assert_eq!((said(0), said(1), said(2)), ("unverified", "unverified", "invalid"));
    assert!(verdict["checks"].as_array().unwrap().iter().all(|one| one["result"] == "not-checked"));
    for body in [
        json!({ "purpose": "motor-claim" }),
        alone(&[b"a".as_slice(); 5]),
        json!({ "purpose": "motor-claim", "documents": ["no base64"] }),
        json!({ "purpose": "motor-claim", "mandate": "x" }),
        ask("x", &json!({ "record_kinds": vec!["k"; 17] })),
        ask("x", &json!({ "action": { "power": "everything", "case_system": "s", "case_number": "1" } })),
    ] {
        assert_eq!(post(life, "/mandates/v1/check", &body).await.status, 422, "{body}");
    }
    desk.test.stop().await;
}
