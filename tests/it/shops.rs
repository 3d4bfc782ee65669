//! Repairs over real HTTP: the owner's app, repair shops and the insurer of the vehicle as clients of their own, from the
//! invitation to the handover, and everything that is refused on the way.

use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::shop::{self, estimate, invoice, step};
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{NewParty, TestGateway, get, must, post};
use jiff::civil::Date;
use serde_json::{Value, json};

mod mandate;

const UBN_A: &str = "53212502";
const UBN_B: &str = "53212507";
const PLATE: &str = "ABC-1234";

/// A gateway with a claim of an accident, the insurer of the vehicle, and two shops.
struct Desk {
    test: TestGateway,
    insurer: PartyClient,
    shops: [PartyClient; 2],
    claim: String,
}

fn today(test: &TestGateway) -> Date {
    claimgate_gateway::core::ledger::day(test.clock.now())
}

/// Registers a shop.
pub(crate) async fn shop(test: &TestGateway, id: &str, number: &str) -> PartyClient {
    let new = NewParty { id, role: Role::Shop, number, lines: vec![], consent: false };
    test.register(new).await.0
}

/// A claim of an accident without a police record, for insurers × lines.
pub(crate) async fn filed(test: &TestGateway, reference: &str, recipients: &[(&str, Line)]) -> String {
    let recipients: Vec<Value> = recipients
        .iter()
        .map(|(party, line)| json!({ "party": party, "line": line, "ground": { "kind": "mandate", "reference": "M-1" } }))
        .collect();
    let body = json!({
        "reference": reference, "standing": "owner", "record": { "exists": false },
        "occurrence": { "on": today(test), "place": { "text": "示範路一段" } },
        "vehicles": [{ "plate": PLATE, "own": true }, { "plate": "XYZ-9999", "own": false }],
        "recipients": recipients,
    });
    let filed = post(&test.world.app, "/claims/v1/accidents", &body).await;
    assert_eq!(filed.status, 201, "{}", String::from_utf8_lossy(&filed.body));
    must(filed.json("accident"))["claim_id"].as_str().unwrap().to_owned()
}

impl Desk {
    async fn open() -> Self {
        let test = TestGateway::start().await;
        let lines = vec![Line::MotorDamage, Line::MotorLiability];
        let new = NewParty { id: "motor-1", role: Role::Insurer, number: "34900001", lines, consent: false };
        let insurer = test.register(new).await.0;
        let shops = [shop(&test, "shop-a", UBN_A).await, shop(&test, "shop-b", UBN_B).await];
        let claim = filed(&test, "APP-1", &[("motor-1", Line::MotorDamage)]).await;
        Self { test, insurer, shops, claim }
    }

    fn path(&self) -> String {
        format!("/claims/v1/accidents/{}/shops", self.claim)
    }

    async fn invite(&self, shop: &str, purpose: &str) -> String {
        let body = json!({ "shop": shop, "purpose": purpose, "mandate": "委託-1", "note": "前保險桿碰撞" });
        let answer = post(&self.test.world.app, &self.path(), &body).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        must(answer.json("job"))["repair_id"].as_str().unwrap().to_owned()
    }

    async fn owner(&self, id: &str, what: &str, body: Value) -> Answer {
        post(&self.test.world.app, &format!("{}/{id}/{what}", self.path()), &body).await
    }

    async fn insurer(&self, id: &str, what: &str, body: &Value) -> Answer {
        post(&self.insurer, &format!("/insurer/v1/repairs/{id}/{what}"), body).await
    }

    fn on(&self) -> Date {
        today(&self.test)
    }
}

/// The body of an answer that was given.
fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    must(answer.json("job"))
}

fn refused(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    let problem: Value = must(answer.json("problem"));
    assert_eq!(problem["code"], code, "{problem}");
    problem
}

fn approved(lines: &[u32]) -> Vec<Value> {
    lines.iter().map(|line| json!({ "line": line, "result": "approved" })).collect()
}

const FIRST: [shop::Line<'static>; 3] =
    [(1, "labour", "左前葉子板鈑金", 2_000), (2, "parts", "前保險桿", 8_000), (3, "paint", "前保險桿烤漆", 4_000)];

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_repaired_with_one_supplement_and_handed_over() {
    let desk = Desk::open().await;
    let [shop_a, _] = &desk.shops;
    let id = desk.invite("shop-a", "repair").await;
    let again = json!({ "shop": "shop-a", "purpose": "repair", "mandate": "委託-1", "note": "前保險桿碰撞" });
    assert_eq!(post(&desk.test.world.app, &desk.path(), &again).await.status, 200, "the same again");
    let listed = must(shop::jobs(shop_a).await);
    assert_eq!((listed.len(), &listed[0]["repair_id"], &listed[0]["state"]), (1, &json!(id), &json!("invited")));

    // The shop takes it and asks for an inspection; the insurer wants it otherwise, and has seen the vehicle then.
    done(&must(step(shop_a, &id, "accept", &json!({})).await));
    let told = must(shop::job(shop_a, &id).await);
    assert_eq!(told["plates"], json!([PLATE]), "the owner's vehicle, and not the other's");
    done(&must(step(shop_a, &id, "inspection", &json!({ "kind": "waiver" })).await));
    let instead = json!({ "outcome": "instead", "instead": { "kind": "remote" }, "note": "請以視訊勘車" });
    assert_eq!(done(&desk.insurer(&id, "inspection", &instead).await)["inspection"]["state"], "agreed");
    let sent = must(step(shop_a, &id, "estimates", &estimate("E-1", desk.on(), "abc1234", &FIRST)).await);
    assert_eq!(done(&sent)["state"], "estimated");

    // Nothing is decided of a vehicle nobody has seen.
    let decision = json!({
        "version": 1, "deductible": "3000",
        "lines": [
            { "line": 1, "result": "approved" },
            { "line": 2, "result": "approved", "depreciation": "1500", "reason": "車齡六年" },
            { "line": 3, "result": "changed", "amount": "3000", "reason": "烤漆面數不符" },
        ],
    });
    refused(&desk.insurer(&id, "decision", &decision).await, 409, "repair.not-inspected");
    done(&desk.insurer(&id, "inspection", &json!({ "outcome": "done" })).await);
    let decided = done(&desk.insurer(&id, "decision", &decision).await);
    assert_eq!((&decided["state"], &decided["figures"]["insurer_bears"]), (&json!("approved"), &json!("9150")));

    // Behind the bumper more is broken.
    let lines = [&FIRST[..], &[(4, "parts", "水箱支架", 1_000)]].concat();
    let supplement = estimate("E-1A", desk.on(), PLATE, &lines);
    let more = done(&must(step(shop_a, &id, "estimates", &supplement).await));
    assert_eq!((&more["state"], more["rulings"].as_array().unwrap().len()), (&json!("estimated"), 3));
    assert_eq!(more["figures"]["undecided"], "1050");
    let old = json!({ "version": 1, "deductible": "3000", "lines": approved(&[4]) });
    refused(&desk.insurer(&id, "decision", &old).await, 409, "repair.version");
    let rest = json!({ "version": 2, "deductible": "3000", "lines": approved(&[4]) });
    let decided = done(&desk.insurer(&id, "decision", &rest).await);
    assert_eq!(decided["figures"]["insurer_bears"], "10200");

    // The invoice, the handover, the owner's word.
    let sent = invoice("AB-12345678", desk.on(), UBN_A, &[(1, 2_000), (2, 8_000), (3, 3_000), (4, 1_000)]);
    let invoiced = done(&must(step(shop_a, &id, "invoice", &sent).await));
    assert_eq!((&invoiced["comparison"]["differs"], &invoiced["state"]), (&json!(false), &json!("invoiced")));
    assert_eq!(invoiced["comparison"]["insurer_bears"], "10200");
    assert_eq!(done(&must(step(shop_a, &id, "invoice", &sent).await))["changed_at"], invoiced["changed_at"], "once");
    done(&desk.insurer(&id, "invoice", &json!({ "result": "accepted" })).await);
    refused(&desk.owner(&id, "handover", json!({ "confirmed": true })).await, 409, "repair.state");
    done(&must(step(shop_a, &id, "handover", &json!({ "on": desk.on(), "odometer_km": 43_215 })).await));
    refused(&desk.owner(&id, "handover", json!({ "confirmed": false })).await, 422, "repair.reason");
    let owned = done(&desk.owner(&id, "handover", json!({ "confirmed": true })).await);
    assert_eq!(
        (&owned["state"], owned.get("lines"), owned["estimates"].as_array().unwrap().len()),
        (&json!("done"), None, 2)
    );

    // Owner, insurer and shop were told of every step.
    let timeline = format!("/claims/v1/claims/{}/timeline", desk.claim);
    let timeline = must(get(&desk.test.world.app, &timeline).await.json("timeline"));
    let steps: Vec<&str> = timeline["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["event"] == "repair.step")
        .map(|one| one["parameters"]["step"].as_str().unwrap())
        .collect();
    let all = [
        "invite",
        "accept",
        "ask-inspection",
        "inspect",
        "estimate",
        "inspect",
        "decide",
        "estimate",
        "decide",
        "invoice",
        "answer-invoice",
        "hand-over",
        "confirm-handover",
    ];
    assert_eq!(steps, all);
    for reader in ["/shops/v1/events?after=0&wait=0", "/insurer/v1/events?after=0&wait=0"] {
        let client = if reader.starts_with("/shops") { shop_a } else { &desk.insurer };
        let mut seen = 0;
        for _ in 0..50 {
            let text = String::from_utf8(get(client, reader).await.body).unwrap();
            seen = text.matches("event: repair.step").count();
            if seen == all.len() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(seen, all.len(), "{reader}");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_quotes_the_owner_chooses_one_and_neither_shop_sees_the_other() {
    let desk = Desk::open().await;
    let [shop_a, shop_b] = &desk.shops;
    let (first, second) = (desk.invite("shop-a", "quote").await, desk.invite("shop-b", "quote").await);
    let quote = must(shop::begin(shop_a, &first, desk.on(), &FIRST).await);
    assert_eq!(quote["state"], "quoted");
    must(shop::begin(shop_b, &second, desk.on(), &FIRST[..2]).await);
    for (client, other) in [(shop_a, &second), (shop_b, &first)] {
        let listed = must(shop::jobs(client).await);
        assert_eq!(listed.len(), 1);
        assert_ne!(listed[0]["repair_id"], json!(other));
        assert_eq!(get(client, &format!("/shops/v1/jobs/{other}")).await.status, 404);
        assert_eq!(must(step(client, other, "accept", &json!({})).await).status, 404);
    }
    // The owner compares sums, the insurer lines; it decides none of a quote.
    let seen = must(get(&desk.test.world.app, &desk.path()).await.json("shops"));
    let gross: Vec<&str> =
        seen["shops"].as_array().unwrap().iter().map(|one| one["estimates"][0]["gross"].as_str().unwrap()).collect();
    assert_eq!(gross, ["14700", "10500"]);
    let listed = must(get(&desk.insurer, "/insurer/v1/repairs").await.json("repairs"));
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 2);
    let waived = json!({ "outcome": "waived" });
    refused(&desk.insurer(&second, "inspection", &waived).await, 409, "repair.quote-only");

    assert_eq!(done(&desk.owner(&second, "choose", json!({})).await)["state"], "estimated");
    assert_eq!(done(&desk.owner(&second, "choose", json!({})).await)["purpose"], "repair", "the same again");
    refused(&desk.owner(&first, "choose", json!({})).await, 409, "repair.chosen");
    refused(&get(shop_a, &format!("/shops/v1/jobs/{first}")).await, 403, "repair.mandate-ended");
    let listed = must(shop::jobs(shop_a).await);
    assert_eq!(
        (&listed[0]["state"], &listed[0]["out"], listed[0].get("claim_id")),
        (&json!("not-chosen"), &json!(true), None)
    );
    done(&desk.insurer(&second, "inspection", &waived).await);
    let decision = json!({ "version": 1, "lines": approved(&[1, 2]) });
    assert_eq!(done(&desk.insurer(&second, "decision", &decision).await)["state"], "approved");
    // What the shop that is out had sent stays with the claim.
    let kept = done(&get(&desk.insurer, &format!("/insurer/v1/repairs/{first}")).await);
    assert_eq!((&kept["state"], kept["estimates"].as_array().unwrap().len()), (&json!("not-chosen"), 1));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_loss_is_no_repair_and_nothing_is_invoiced_of_it() {
    let desk = Desk::open().await;
    let [shop_a, _] = &desk.shops;
    let id = desk.invite("shop-a", "repair").await;
    must(shop::begin(shop_a, &id, desk.on(), &[(1, "parts", "引擎總成", 480_000)]).await);
    done(&desk.insurer(&id, "inspection", &json!({ "outcome": "agreed" })).await);
    let loss = json!({
        "version": 1, "deductible": "5000",
        "total_loss": { "value": "350000", "salvage": "60000", "reason": "修復費用逾車輛實際價值" },
    });
    let lost = done(&desk.insurer(&id, "decision", &loss).await);
    assert_eq!((&lost["state"], &lost["total_loss"]["value"]), (&json!("total-loss"), &json!("350000")));
    let sent = invoice("AB-12345678", desk.on(), UBN_A, &[(1, 480_000)]);
    refused(&must(step(shop_a, &id, "invoice", &sent).await), 409, "repair.nothing-approved");
    let other = estimate("E-2", desk.on(), PLATE, &FIRST);
    refused(&must(step(shop_a, &id, "estimates", &other).await), 409, "repair.state");
    let seen = must(get(&desk.test.world.app, &desk.path()).await.json("shops"));
    assert_eq!(seen["shops"][0]["total_loss"]["salvage"], "60000");
    done(&must(step(shop_a, &id, "handover", &json!({ "on": desk.on() })).await));
    done(&desk.owner(&id, "handover", json!({ "confirmed": true })).await);
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_beyond_approval_is_kept_and_flagged_and_counts_once() {
    let desk = Desk::open().await;
    let [shop_a, shop_b] = &desk.shops;
    let id = desk.invite("shop-a", "repair").await;
    must(shop::begin(shop_a, &id, desk.on(), &FIRST).await);
    done(&desk.insurer(&id, "inspection", &json!({ "outcome": "agreed" })).await);
    let early = invoice("AB-12345678", desk.on(), UBN_A, &[(1, 2_000)]);
    refused(&must(step(shop_a, &id, "invoice", &early).await), 409, "repair.state");
    let mut lines = approved(&[1, 2]);
    lines.push(json!({ "line": 3, "result": "refused", "reason": "非本次事故" }));
    done(&desk.insurer(&id, "decision", &json!({ "version": 1, "lines": lines })).await);

    // What is no invoice of this shop is refused with its reason.
    let lines = [(1, 2_600), (2, 8_000), (3, 4_000)];
    for (number, seller, code) in [
        ("AB-1234567X", UBN_A, "repair.invoice"),
        ("AB-12345678", "53212503", "repair.invoice"),
        ("AB-12345678", UBN_B, "repair.seller"),
    ] {
        refused(&must(step(shop_a, &id, "invoice", &invoice(number, desk.on(), seller, &lines)).await), 422, code);
    }
    let twice = invoice("AB-12345678", desk.on(), UBN_A, &[(1, 2_000), (1, 2_000)]);
    let problem = refused(&must(step(shop_a, &id, "invoice", &twice).await), 422, "repair.invoice");
    assert_eq!(problem["pointer"], "/lines/1/line");
    let tomorrow = invoice("AB-12345678", desk.on().tomorrow().unwrap(), UBN_A, &lines);
    refused(&must(step(shop_a, &id, "invoice", &tomorrow).await), 422, "repair.day");

    // One beyond approval is kept and shown beside what was approved.
    let sent = invoice("AB-12345678", desk.on(), UBN_A, &lines);
    let kept = done(&must(step(shop_a, &id, "invoice", &sent).await));
    assert_eq!(kept["flags"], json!(["invoice-differs"]));
    let flags: Vec<&str> =
        kept["comparison"]["lines"].as_array().unwrap().iter().map(|one| one["flag"].as_str().unwrap()).collect();
    assert_eq!(flags, ["above", "as-approved", "not-approved"]);
    assert_eq!(
        (&kept["comparison"]["above_approval"], &kept["comparison"]["insurer_bears"]),
        (&json!("4600"), &json!("10500"))
    );
    let other = invoice("AB-12345679", desk.on(), UBN_A, &[(1, 2_000)]);
    refused(&must(step(shop_a, &id, "invoice", &other).await), 409, "repair.invoiced");
    refused(&desk.insurer(&id, "invoice", &json!({ "result": "accepted" })).await, 422, "repair.reason");
    let disputed = json!({ "result": "disputed", "reason": "請依核定金額開立" });
    assert_eq!(done(&desk.insurer(&id, "invoice", &disputed).await)["state"], "invoice-disputed");
    let right = invoice("AB-12345680", desk.on(), UBN_A, &[(1, 2_000), (2, 8_000)]);
    let mended = done(&must(step(shop_a, &id, "invoice", &right).await));
    assert_eq!((mended["former_invoices"].as_array().unwrap().len(), &mended["flags"]), (1, &json!([])));

    // Neither number counts for another job, whoever sends it.
    done(&desk.owner(&id, "withdraw", json!({ "reason": "更換維修廠" })).await);
    let next = desk.invite("shop-a", "repair").await;
    must(shop::begin(shop_a, &next, desk.on(), &FIRST).await);
    done(&desk.insurer(&next, "inspection", &json!({ "outcome": "waived" })).await);
    done(&desk.insurer(&next, "decision", &json!({ "version": 1, "lines": approved(&[1, 2, 3]) })).await);
    for number in ["AB12345678", "AB-12345680"] {
        let again = invoice(number, desk.on(), UBN_A, &[(1, 2_000)]);
        refused(&must(step(shop_a, &next, "invoice", &again).await), 409, "repair.invoice-used");
    }
    assert_eq!(must(shop::jobs(shop_b).await).len(), 0);
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mandate_a_shop_is_nobody_and_after_it_is_taken_back_it_is_out_at_once() {
    let desk = Desk::open().await;
    let [shop_a, shop_b] = &desk.shops;
    let app = &desk.test.world.app;
    let invitation = |shop: &str, mandate: &str| json!({ "shop": shop, "purpose": "repair", "mandate": mandate });
    refused(&post(app, &desk.path(), &invitation("motor-1", "M-1")).await, 422, "repair.shop");
    refused(&post(app, &desk.path(), &invitation("shop-none", "M-1")).await, 422, "repair.shop");
    let unknown = "mdt_01a20795-d753-7615-8e9c-ec07a3131fba";
    refused(&post(app, &desk.path(), &invitation("shop-a", unknown)).await, 422, "repair.mandate");
    let bare = filed(&desk.test, "APP-2", &[("motor-1", Line::MotorLiability)]).await;
    let path = format!("/claims/v1/accidents/{bare}/shops");
    refused(&post(app, &path, &invitation("shop-a", "M-1")).await, 409, "repair.no-insurer");

    let id = desk.invite("shop-a", "repair").await;
    refused(&post(app, &desk.path(), &invitation("shop-b", "M-1")).await, 409, "repair.chosen");
    refused(&post(app, &desk.path(), &invitation("shop-a", "M-2")).await, 409, "repair.asked-otherwise");
    for what in ["accept", "decline"] {
        assert_eq!(must(step(shop_b, &id, what, &json!({})).await).status, 404, "{what} of another's job");
    }
    let sent = estimate("E-1", desk.on(), PLATE, &FIRST);
    refused(&must(step(shop_a, &id, "estimates", &sent).await), 409, "repair.state");
    done(&must(step(shop_a, &id, "accept", &json!({})).await));
    let other = estimate("E-1", desk.on(), "XYZ-9999", &FIRST);
    let problem = refused(&must(step(shop_a, &id, "estimates", &other).await), 422, "repair.other-vehicle");
    assert!(!problem.to_string().contains("9999"), "a plate is not repeated");
    let mut wrong = sent.clone();
    wrong["lines"][0]["amount"] = json!("2001");
    wrong["totals"]["gross"] = json!("1");
    let problem = refused(&must(step(shop_a, &id, "estimates", &wrong).await), 422, "repair.estimate");
    for place in ["/lines/0/amount", "/totals/labour", "/totals/net", "/totals/gross"] {
        assert!(problem["detail"].as_str().unwrap().contains(place), "{place}: {problem}");
    }
    done(&must(step(shop_a, &id, "estimates", &sent).await));

    // Another insurer, and another app, find nothing.
    let new = NewParty {
        id: "motor-2",
        role: Role::Insurer,
        number: "34900002",
        lines: vec![Line::MotorDamage],
        consent: false,
    };
    let stranger = desk.test.register(new).await.0;
    assert_eq!(get(&stranger, &format!("/insurer/v1/repairs/{id}")).await.status, 404);
    let new = NewParty { id: "app-other", role: Role::App, number: "", lines: vec![], consent: false };
    let stranger = desk.test.register(new).await.0;
    assert_eq!(get(&stranger, &desk.path()).await.status, 404);
    assert_eq!(post(&stranger, &format!("{}/{id}/withdraw", desk.path()), &json!({})).await.status, 404);

    // Taken back: nothing goes in or out any more, at once; what was sent stays with the claim.
    done(&desk.owner(&id, "withdraw", json!({})).await);
    done(&desk.owner(&id, "withdraw", json!({})).await);
    for what in ["accept", "decline", "inspection", "estimates", "invoice", "handover"] {
        let body = match what {
            "inspection" => json!({ "kind": "waiver" }),
            "estimates" => sent.clone(),
            "invoice" => invoice("AB-12345678", desk.on(), UBN_A, &[(1, 1)]),
            "handover" => json!({ "on": desk.on() }),
            _ => json!({}),
        };
        refused(&must(step(shop_a, &id, what, &body).await), 403, "repair.mandate-ended");
    }
    refused(&get(shop_a, &format!("/shops/v1/jobs/{id}")).await, 403, "repair.mandate-ended");
    let kept = done(&get(&desk.insurer, &format!("/insurer/v1/repairs/{id}")).await);
    assert_eq!((&kept["state"], kept["estimates"].as_array().unwrap().len()), (&json!("withdrawn"), 1));
    desk.invite("shop-b", "repair").await;

    // Nothing personal lies in the clear.
    let kept = desk.test.stop().await;
    for file in std::fs::read_dir(kept.path()).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        for text in ["左前葉子板", "ABC-1234", "前保險桿碰撞"] {
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{text} in {}", file.path().display());
        }
    }
}

/// A body of the right form for a step of a job.
pub(crate) fn body_of(path: &str) -> Vec<u8> {
    let on: Date = "2026-11-20".parse().unwrap();
    let body = match path.rsplit('/').next().unwrap() {
        "inspection" if path.starts_with("/shops/") => json!({ "kind": "waiver" }),
        "inspection" => json!({ "outcome": "done" }),
        "estimates" => estimate("E-1", on, PLATE, &FIRST),
        "decision" => json!({ "version": 1, "lines": approved(&[1]) }),
        "invoice" if path.starts_with("/shops/") => invoice("AB-12345678", on, UBN_A, &[(1, 1)]),
        "invoice" => json!({ "result": "accepted" }),
        "handover" if path.starts_with("/shops/") => json!({ "on": on }),
        "handover" => json!({ "confirmed": true }),
        _ => json!({}),
    };
    body.to_string().into_bytes()
}

/// Each address once, for the description of the interfaces.
pub(crate) async fn each_route(test: &TestGateway) {
    let new = NewParty {
        id: "motor-shops",
        role: Role::Insurer,
        number: "34900009",
        lines: vec![Line::MotorDamage],
        consent: false,
    };
    let insurer = test.register(new).await.0;
    let (one, other) = (shop(test, "shop-a", UBN_A).await, shop(test, "shop-b", UBN_B).await);
    let (claim, on) = (filed(test, "SHOPS-1", &[("motor-shops", Line::MotorDamage)]).await, today(test));
    let path = format!("/claims/v1/accidents/{claim}/shops");
    let mut jobs = Vec::new();
    for (shop, purpose) in [("shop-a", "quote"), ("shop-b", "quote"), ("shop-b", "quote")] {
        let body = json!({ "shop": shop, "purpose": purpose, "mandate": "M-1" });
        let invited = post(&test.world.app, &path, &body).await;
        jobs.push(must(invited.json("job"))["repair_id"].as_str().unwrap().to_owned());
    }
    let (first, second) = (&jobs[0], &jobs[1]);
    done(&must(step(&other, second, "decline", &json!({ "reason": "無法承作" })).await));
    must(shop::begin(&one, first, on, &FIRST).await);
    done(&post(&test.world.app, &format!("{path}/{first}/choose"), &json!({})).await);
    done(&must(step(&one, first, "inspection", &json!({ "kind": "remote" })).await));
    let repair = |what: &str| format!("/insurer/v1/repairs/{first}/{what}");
    done(&post(&insurer, &repair("inspection"), &json!({ "outcome": "done" })).await);
    let decision = json!({ "version": 1, "lines": approved(&[1, 2, 3]) });
    done(&post(&insurer, &repair("decision"), &decision).await);
    let sent = invoice("AB-12345678", on, UBN_A, &[(1, 2_000), (2, 8_000), (3, 4_000)]);
    done(&must(step(&one, first, "invoice", &sent).await));
    done(&post(&insurer, &repair("invoice"), &json!({ "result": "accepted" })).await);
    done(&must(step(&one, first, "handover", &json!({ "on": on })).await));
    done(&post(&test.world.app, &format!("{path}/{first}/handover"), &json!({ "confirmed": true })).await);
    let again = json!({ "shop": "shop-b", "purpose": "quote", "mandate": "M-2" });
    let third = must(post(&test.world.app, &path, &again).await.json("job"))["repair_id"].as_str().unwrap().to_owned();
    done(&post(&test.world.app, &format!("{path}/{third}/withdraw"), &json!({})).await);
    for (client, path) in [
        (&test.world.app, path.clone()),
        (&one, "/shops/v1/jobs".to_owned()),
        (&one, format!("/shops/v1/jobs/{first}")),
        (&one, "/shops/v1/events?after=0&wait=0".to_owned()),
        (&insurer, "/insurer/v1/repairs".to_owned()),
        (&insurer, format!("/insurer/v1/repairs/{first}")),
    ] {
        assert_eq!(get(client, &path).await.status, 200, "{path}");
    }
}
