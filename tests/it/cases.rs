//! Owners' cases over real HTTP: two cars and three insurers, two devices, an invitation, a correction, a second claim of one
//! damage. Every role is a client of its own.

use std::time::Duration;

use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::evidence::Document;
use claimgate_packet::open::Opened;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{NewParty, TestGateway, get, must, open_all, post};
use reqwest::Method;
use serde_json::{Value, json};

mod files;
mod gone;
mod guide;
mod record;

/// An insurer with these lines.
async fn motor(test: &TestGateway, id: &str, number: &str, lines: &[Line]) -> Insurer {
    let new = NewParty { id, role: Role::Insurer, number, lines: lines.to_vec(), consent: false };
    let (client, keys) = test.register(new).await;
    Insurer { client, keys, line: lines[0] }
}

/// Another app's backend.
async fn app(test: &TestGateway, id: &str) -> PartyClient {
    let new = NewParty { id, role: Role::App, number: "", lines: Vec::new(), consent: false };
    test.register(new).await.0
}

async fn patch(client: &PartyClient, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    must(client.call(Method::PATCH, path, &headers, body.to_string().into_bytes()).await)
}

fn read(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    must(answer.json("case"))
}

/// Opens a case; its address.
async fn opened(client: &PartyClient, name: &str) -> String {
    let body = json!({ "client_id": name, "person": format!("person-{name}") });
    let seen = read(&post(client, "/claims/v1/cases", &body).await, 201);
    format!("/claims/v1/cases/{}", seen["case_id"].as_str().unwrap())
}

/// Saves fields nobody has seen before.
async fn saved(client: &PartyClient, path: &str, fields: &[(&str, Value)]) -> Value {
    let fields: serde_json::Map<String, Value> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), json!({ "value": value }))).collect();
    let answer = read(&patch(client, path, &json!({ "fields": fields })).await, 200);
    assert!(answer["faults"].as_array().unwrap().is_empty(), "{:#}", answer["faults"]);
    answer
}

/// Consents to claims and sends.
async fn sent(client: &PartyClient, path: &str, claims: &[&str], when: &str) -> Value {
    let asked = read(&get(client, &format!("{path}/consents")).await, 200);
    let consents: Vec<Value> =
        claims.iter().map(|claim| json!({ "claim": claim, "reference": format!("C-{claim}") })).collect();
    let body = json!({ "consents": consents, "policy": asked["policy"], "when": when });
    read(&post(client, &format!("{path}/submit"), &body).await, 200)
}

fn claim<'a>(seen: &'a Value, key: &str) -> &'a Value {
    seen["claims"].as_array().unwrap().iter().find(|one| one["claim"] == key).unwrap()
}

/// Waits until an insurer's newest packet of a claim is as it is to be.
async fn packet(test: &TestGateway, one: &Insurer, claim: &str, holds: impl Fn(&Opened) -> bool) -> Opened {
    for _ in 0..60 {
        let mut all = open_all(one, 0, test.clock.now()).await;
        all.retain(|(_, opened)| opened.claim.id == claim);
        if let Some((_, opened)) = all.pop()
            && holds(&opened)
        {
            return opened;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{} never got it", one.client.id());
}

fn document(opened: &Opened, kind: &str) -> Option<Value> {
    opened.evidence.iter().find(|one| one.document.kind() == kind).map(|one| one.document.to_json().unwrap())
}

fn codes(seen: &Value) -> Vec<&str> {
    seen["checks"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

/// What an insurer's stream of events holds of a code.
async fn told(one: &Insurer, code: &str) -> usize {
    let answer = get(&one.client, "/insurer/v1/events?after=0&wait=0").await;
    String::from_utf8_lossy(&answer.body).matches(&format!("event: {code}\n")).count()
}

/// A driver's half of an accident of two cars.
fn half(plate: &str, other: &str, own_insurer: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("occurrence.date", json!("2026-11-01")),
        ("occurrence.time", json!("08:05")),
        ("place.text", json!("臺北市中正區重慶南路一段")),
        ("vehicle.plate", json!(plate)),
        ("insurer.compulsory", json!(own_insurer)),
        ("driver.name", json!("王小明")),
        ("circumstances", json!([8])),
        ("damage", json!("後保險桿凹陷")),
        ("other.b", json!({ "plate": other, "cover": "insured" })),
        (
            "person.me",
            json!({ "name": "王小明", "identity": { "kind": "national-id", "value": "A123456789" },
            "capacity": "self", "hurt": true, "injury": "頸部扭傷" }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, in its order")]
async fn two_cars_and_three_insurers_from_one_draft_and_a_correction_reaches_all() {
    let test = TestGateway::start().await;
    let own = motor(&test, "motor-own", "34900001", &[Line::MotorDamage, Line::MotorCompulsory]).await;
    let other = motor(&test, "motor-other", "34900002", &[Line::MotorCompulsory]).await;
    let third = motor(&test, "motor-third", "34900003", &[Line::MotorLiability]).await;
    let (one, two) = (&test.world.app, app(&test, "app-b").await);

    // The first driver fills in at the scene and invites the second, who has another app.
    let path = opened(one, "A-1").await;
    saved(one, &path, &half("ABC-1234", "XYZ-9999", "motor-own")).await;
    let invited = read(&post(one, &format!("{path}/invitations"), &json!({})).await, 201);
    let code = invited["code"].as_str().unwrap();
    let theirs = opened(&two, "B-1").await;
    let joined = read(&post(&two, &format!("{theirs}/join"), &json!({ "code": code.to_lowercase() })).await, 200);
    assert_eq!(joined["fields"]["occurrence.time"]["value"], "08:05", "what is joint is filled in");
    let seen = &joined["others"][0]["fields"];
    assert_eq!((&seen["vehicle.plate"], &seen["circumstances"]), (&json!("ABC-1234"), &json!([8])));
    assert!(!joined.to_string().contains("王小明"), "what is private stays private");
    saved(&two, &theirs, &[("vehicle.plate", json!("XYZ-9999")), ("insurer.compulsory", json!("motor-other"))]).await;
    let seen = read(&get(one, &path).await, 200);
    assert_eq!(seen["others"][0]["agrees"], json!({ "day": true, "time": true, "vehicle": true }));
    assert_eq!(get(&two, &path).await.status, 404, "another's case is not found");

    // Three claims, each with its own switch.
    let on_turn = |seen: &Value| -> Vec<String> {
        seen["on_turn"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(on_turn(&seen), ["fill-in"]);
    saved(
        one,
        &path,
        &[
            ("claim.own", json!({ "kind": "own-damage", "insurer": "motor-own", "claimant": "me" })),
            ("claim.hurt", json!({ "kind": "injury-compulsory", "insurer": "motor-other", "claimant": "me" })),
            ("claim.car", json!({ "kind": "third-party-damage", "insurer": "motor-third", "claimant": "me" })),
        ],
    )
    .await;
    let asked = read(&get(one, &format!("{path}/consents")).await, 200);
    let switches: Vec<(&str, &str)> = asked["consents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["party"].as_str().unwrap(), one["line"].as_str().unwrap()))
        .collect();
    let wanted =
        [("motor-third", "motor-liability"), ("motor-other", "motor-compulsory"), ("motor-own", "motor-damage")];
    assert_eq!(switches, wanted);
    let gets = |line: &str, kind: &str| {
        let all = asked["consents"].as_array().unwrap().iter().find(|one| one["line"] == line).unwrap();
        all["documents"].as_array().unwrap().iter().find(|one| one["document"] == kind).unwrap()["given"] == true
    };
    assert!(gets("motor-damage", "accident-notice") && gets("motor-compulsory", "accident-notice"));
    assert!(!gets("motor-compulsory", "accident-scene-photos"), "as the disclosure table says");

    let started = test.clock.elapsed();
    let seen = sent(one, &path, &["own", "hurt", "car"], "now").await;
    let ids = ["own", "hurt", "car"].map(|key| claim(&seen, key)["claim_id"].as_str().unwrap().to_owned());
    assert!(["own", "hurt", "car"].iter().all(|key| claim(&seen, key)["state"] == "filed"));
    let has_both = |opened: &Opened| {
        document(opened, "accident-statement").is_some() && document(opened, "accident-notice").is_some()
    };
    for (to, id) in [(&own, &ids[0]), (&other, &ids[1]), (&third, &ids[2])] {
        let opened = packet(&test, to, id, has_both).await;
        let notice = document(&opened, "accident-notice").unwrap();
        assert_eq!((&notice["vehicle"]["plate"], &notice["circumstances"]), (&json!("ABC-1234"), &json!([8])));
        let stated = document(&opened, "accident-statement").unwrap();
        assert_eq!(stated["occurrence"]["at"], "2026-11-01T00:05:00Z");
    }
    println!(
        "three claims filed, signed, sealed, fetched and opened in {:?}",
        test.clock.elapsed().saturating_sub(started)
    );
    let hurt = document(&packet(&test, &other, &ids[1], has_both).await, "accident-notice").unwrap();
    assert_eq!(hurt["injury"], "頸部扭傷");
    let bent = document(&packet(&test, &own, &ids[0], has_both).await, "accident-notice").unwrap();
    assert!(bent.get("injury").is_none(), "an injury is no business of the car's insurer");
    // One accident for all of them, and for the second driver's claims.
    let accident = seen["accident_id"].as_str().unwrap().to_owned();
    saved(&two, &theirs, &[("claim.own", json!({ "kind": "own-damage", "insurer": "motor-own" }))]).await;
    assert_eq!(sent(&two, &theirs, &["own"], "now").await["accident_id"], json!(accident));

    // Sent again it stays what it is; a correction goes to all as their next revision.
    assert_eq!(claim(&sent(one, &path, &["own"], "now").await, "own")["claim_id"], json!(ids[0]));
    let edit = json!({ "fields": { "occurrence.time": { "value": "08:20", "base": 1 } } });
    let edited = read(&patch(one, &path, &edit).await, 200);
    assert_eq!(edited["case"]["unsent"], json!(["occurrence.time"]));
    let corrected = read(&post(one, &format!("{path}/submit"), &json!({})).await, 200);
    assert_eq!(corrected["unsent"], json!([]));
    for (to, id) in [(&own, &ids[0]), (&other, &ids[1]), (&third, &ids[2])] {
        let later = |opened: &Opened| {
            document(opened, "accident-statement").is_some_and(|one| one["occurrence"]["at"] == "2026-11-01T00:20:00Z")
        };
        let opened = packet(&test, to, id, later).await;
        assert!(
            opened.evidence.iter().filter(|one| matches!(one.document, Document::AccidentStatement(_))).count() == 1
        );
        assert!(document(&opened, "revision-note").is_some());
    }

    // The first insurer takes in the compulsory claim: the others are told at once, and once.
    assert_eq!(told(&own, "accident.first-insurer").await, 0);
    let envelopes = must(insurer::pull(&other.client, 0, 1).await);
    for envelope in envelopes.iter().filter(|one| one.claim_id == ids[1]) {
        let sealed = must(insurer::fetch(&other.client, &envelope.id).await);
        let trust = must(insurer::trusted_keys(&other.client).await);
        let opened = must(insurer::verify(&other.client, (&sealed, envelope), &other.keys, &trust, test.clock.now()));
        must(insurer::acknowledge(&other.client, &envelope.id, &opened).await);
    }
    let mut count = 0;
    for _ in 0..50 {
        count = told(&own, "accident.first-insurer").await;
        if count > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((count, told(&third, "accident.first-insurer").await), (1, 0), "compulsory insurers alone");
    let audited = test.kept().number("select count(*) from audit where action = 'accident.insurers-told'").await;
    assert_eq!(audited, 1);
    let seen = read(&get(one, &path).await, 200);
    let events: Vec<&str> =
        seen["timeline"].as_array().unwrap().iter().map(|one| one["event"].as_str().unwrap()).collect();
    assert!(events.contains(&"accident.filed") && events.contains(&"accident.first-insurer"), "{events:?}");
    assert_eq!(claim(&seen, "hurt")["submission"], "sent");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_edit_at_once_and_nothing_is_lost() {
    let test = TestGateway::start().await;
    let client = &test.world.app;
    let path = opened(client, "TWO").await;
    // Offline, each device made its own id for nothing: the same client id is the same case.
    let body = json!({ "client_id": "TWO", "person": "person-TWO" });
    let again = read(&post(client, "/claims/v1/cases", &body).await, 200);
    assert!(path.ends_with(again["case_id"].as_str().unwrap()));
    let other = json!({ "client_id": "TWO", "person": "somebody-else" });
    assert_eq!(read(&post(client, "/claims/v1/cases", &other).await, 409)["code"], "case.client-id-used");

    let one = json!({ "fields": { "remarks": { "value": "雨天" }, "vehicle.plate": { "value": "abc-1234" } } });
    let two = json!({ "fields": { "remarks": { "value": "晴天" }, "damage": { "value": "左前門" } } });
    let (first, second) = tokio::join!(patch(client, &path, &one), patch(client, &path, &two));
    let conflicts: Vec<Value> = [read(&first, 200), read(&second, 200)].map(|one| one["conflicts"].clone()).to_vec();
    assert!(conflicts.contains(&json!([])) && conflicts.contains(&json!(["remarks"])), "{conflicts:?}");
    let seen = read(&get(client, &path).await, 200);
    let field = &seen["fields"]["remarks"];
    let mut both = [field["value"].as_str().unwrap(), field["others"][0]["value"].as_str().unwrap()];
    both.sort_unstable();
    assert_eq!(both, ["晴天", "雨天"]);
    assert_eq!(
        (&seen["fields"]["damage"]["value"], &seen["fields"]["vehicle.plate"]["value"]),
        (&json!("左前門"), &json!("ABC-1234"))
    );

    // What is wrong is said for its field and keeps nothing else from being saved.
    let wrong = json!({ "fields": {
        "occurrence.date": { "value": "2026-02-30" }, "driver.phone": { "value": "0912-345-678" },
        "vehicle.plate": { "value": "王小明", "base": 1 }, "no.field": { "value": 1 } } });
    let told = read(&patch(client, &path, &wrong).await, 200);
    let faults: Vec<&str> =
        told["faults"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(faults, ["unknown-field", "impossible-date", "not-a-plate"].map(|code| code).to_vec().as_slice());
    assert!(!told["faults"].to_string().contains("王小明"), "no value is repeated");
    assert_eq!(told["case"]["fields"]["driver.phone"]["version"], 1);

    // Nothing goes while two values stand; choosing on the newest version settles it.
    saved(client, &path, &[("occurrence.date", json!("2026-11-01"))]).await;
    let refused = read(&post(client, &format!("{path}/submit"), &json!({})).await, 409);
    assert_eq!((&refused["code"], &refused["pointer"]), (&json!("case.disputed"), &json!("/fields/remarks")));
    let choice = json!({ "fields": { "remarks": { "value": "雨天", "base": 1 } } });
    assert_eq!(read(&patch(client, &path, &choice).await, 200)["conflicts"], json!([]));
    let refused = read(&post(client, &format!("{path}/submit"), &json!({})).await, 422);
    assert_eq!((&refused["code"], &refused["pointer"]), (&json!("case.not-ready"), &json!("/fields/claim")));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_works_once_for_another_person_and_never_for_ones_own() {
    let test = TestGateway::start().await;
    let client = &test.world.app;
    let path = opened(client, "INV").await;
    let invite = async || {
        let invited = read(&post(client, &format!("{path}/invitations"), &json!({})).await, 201);
        invited["code"].as_str().unwrap().to_owned()
    };
    let code = invite().await;
    assert_eq!((code.len(), code.matches('-').count()), (29, 4));
    let join = async |of: &PartyClient, path: &str, code: &str| {
        let answer = post(of, &format!("{path}/join"), &json!({ "code": code })).await;
        (answer.status.as_u16(), must(answer.json("case"))["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(join(client, &path, &code).await, (409, "case.own-invitation".to_owned()));
    // The same person under another case, in the same app.
    let body = json!({ "client_id": "INV-2", "person": "person-INV" });
    let twin = read(&post(client, "/claims/v1/cases", &body).await, 201);
    let twin = format!("/claims/v1/cases/{}", twin["case_id"].as_str().unwrap());
    assert_eq!(join(client, &twin, &code).await, (409, "case.own-invitation".to_owned()));
    assert_eq!(join(client, &twin, "0000000000000000000000000").await, (404, "case.code-unknown".to_owned()));
    // Another person, in the same app or another one; the code is used up then, and joined is joined.
    let second = opened(client, "INV-3").await;
    assert_eq!(join(client, &second, &code).await.0, 200);
    let third = opened(&app(&test, "app-c2").await, "INV-4").await;
    let other = app(&test, "app-d2").await;
    let fourth = opened(&other, "INV-5").await;
    assert_eq!(join(&other, &fourth, &code).await, (404, "case.code-unknown".to_owned()));
    assert_eq!(join(client, &second, &invite().await).await, (409, "case.own-invitation".to_owned()));
    assert_eq!(join(&other, &third, &code).await.0, 404, "another's case");
    for _ in 0..7 {
        invite().await;
    }
    assert_eq!(read(&post(client, &format!("{path}/invitations"), &json!({})).await, 422)["code"], "case.too-many");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_claim_of_one_damage_is_linked_and_flagged_and_papers_hold_a_claim_up() {
    let test = TestGateway::start().await;
    let one = motor(&test, "motor-one", "34900004", &[Line::MotorDamage]).await;
    let two = motor(&test, "motor-two", "34900005", &[Line::MotorDamage, Line::MotorCompulsory]).await;
    let client = &test.world.app;
    let path = opened(client, "SAME").await;
    saved(client, &path, &half("ABC-1234", "XYZ-9999", "motor-one")).await;
    saved(client, &path, &[("claim.a", json!({ "kind": "own-damage", "insurer": "motor-one", "claimant": "me" }))])
        .await;
    let seen = sent(client, &path, &["a"], "now").await;
    assert!(codes(&seen).is_empty(), "{:#}", seen["checks"]);
    let first = claim(&seen, "a")["claim_id"].as_str().unwrap().to_owned();
    packet(&test, &one, &first, |_| true).await;

    // The same damage at another insurer, from another case of the same car.
    let body = json!({ "client_id": "SAME-2", "person": "person-SAME" });
    let again = read(&post(client, "/claims/v1/cases", &body).await, 201);
    let again = format!("/claims/v1/cases/{}", again["case_id"].as_str().unwrap());
    saved(client, &again, &half("abc1234", "XYZ-9999", "motor-one")).await;
    saved(
        client,
        &again,
        &[
            ("claim.b", json!({ "kind": "own-damage", "insurer": "motor-two", "claimant": "me" })),
            ("claim.c", json!({ "kind": "injury-compulsory", "insurer": "motor-two", "claimant": "me" })),
            ("payout.holder", json!("陳大文")),
        ],
    )
    .await;
    let seen = sent(client, &again, &["b"], "now").await;
    assert_eq!(codes(&seen), ["claimed-elsewhere", "payout-other-name"]);
    assert_eq!(claim(&seen, "b")["state"], "filed", "never refused");
    assert_eq!(codes(&read(&get(client, &path).await, 200)), ["claimed-elsewhere"]);
    for to in [&one, &two] {
        let mut count = 0;
        for _ in 0..50 {
            count = told(to, "claim.same-damage").await;
            if count > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(count, 1, "{}", to.client.id());
    }

    // A stranger who files with this plate is told nothing; the insurers are.
    let stranger = opened(client, "SAME-3").await;
    saved(client, &stranger, &half("ABC-1234", "XYZ-9999", "motor-one")).await;
    saved(client, &stranger, &[("claim.x", json!({ "kind": "own-damage", "insurer": "motor-two" }))]).await;
    assert!(codes(&sent(client, &stranger, &["x"], "now").await).is_empty());
    // What was filed stays with its insurer.
    let moved =
        json!({ "fields": { "claim.b": { "value": { "kind": "own-damage", "insurer": "motor-one" }, "base": 1 } } });
    assert_eq!(read(&patch(client, &again, &moved).await, 200)["faults"][0]["code"], "claim-filed");

    // Consented to, and waiting for papers: each is named with how to get it.
    let seen = sent(client, &again, &["c"], "complete").await;
    let waiting = claim(&seen, "c");
    assert_eq!((&waiting["state"], &waiting["complete"]), (&json!("waiting"), &json!(false)));
    let missing: Vec<&str> = waiting["documents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["state"] == "missing" && one["how_zh"].is_string())
        .map(|one| one["document"].as_str().unwrap())
        .collect();
    assert_eq!(missing, ["identity-proof", "account", "police-paper", "diagnosis-certificate", "medical-receipt"]);
    assert!(seen["on_turn"].as_array().unwrap().iter().any(|one| one["what"] == "own-papers"));
    let seen = sent(client, &again, &["c"], "now").await;
    assert_eq!(claim(&seen, "c")["state"], "filed", "earlier by the owner's choice");

    // The policy that was shown must be the one in force; an insurer that does not take the line is said.
    let other = json!({ "consents": [{ "claim": "b", "reference": "C" }], "policy": "other" });
    let refused = read(&post(client, &format!("{again}/submit"), &other).await, 409);
    assert_eq!(refused["code"], "case.policy-changed");
    saved(client, &again, &[("claim.d", json!({ "kind": "passenger", "insurer": "motor-two", "claimant": "me" }))])
        .await;
    let asked = read(&get(client, &format!("{again}/consents")).await, 200);
    let body = json!({ "consents": [{ "claim": "d", "reference": "C-d" }], "policy": asked["policy"], "when": "now" });
    assert_eq!(read(&post(client, &format!("{again}/submit"), &body).await, 422)["pointer"], "/recipients");
    test.stop().await;
}

/// What the description of the interface is tried with.
pub(crate) struct Prepared {
    /// A case that can be read, saved and sent.
    pub case: String,
    /// A case that can join, and the code it joins with.
    pub joins: (String, String),
    /// Two uploads that were begun, and what they were begun with.
    pub uploads: ([String; 2], String),
}

/// A case with something behind each of its addresses.
pub(crate) async fn prepared(test: &TestGateway) -> Prepared {
    let client = &test.world.app;
    let id = |path: &str| path.rsplit_once('/').unwrap().1.to_owned();
    let path = opened(client, "CONTRACT-CASE").await;
    saved(
        client,
        &path,
        &[
            ("occurrence.date", json!("2026-11-01")),
            ("claim.own", json!({ "kind": "own-damage", "insurer": "motor-1" })),
        ],
    )
    .await;
    let invited = read(&post(client, &format!("{path}/invitations"), &json!({})).await, 201);
    let code = invited["code"].as_str().unwrap().to_owned();
    let joins = opened(client, "CONTRACT-JOINS").await;
    let begun = [files::started(client).await, files::started(client).await];
    let [(one, metadata), (two, _)] = begun;
    Prepared { case: id(&path), joins: (id(&joins), code), uploads: ([one, two], metadata) }
}
