//! Record requests (病歷調閱): asked of hospitals with a person's consent, never beyond it; answered in parts, refused, charged
//! for, late, stopped when the consent is taken back; evidence for one insurer alone, compared with what it had.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::ledger::day;
use claimgate_gateway::party::{ConsentBasis, Role};
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::evidence::Document;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::words::Line;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case, resource, resources};
use claimgate_tests::gateway::{NewParty, codes, get, must, open_all, post, push_as};
use jiff::ToSpan;
use serde_json::{Value, json};

use crate::application::{application, apply, withdraw};
use crate::decisions::{is, said};

mod compared;

const TODAY: &str = "2026-11-23T02:00:00Z";
/// Another hospital's institution code.
const OTHER: &str = "1101010012";
const PAPER: &[u8] = b"%PDF-1.7\n% consent of the demo's patient\n";

async fn started() -> TestGateway {
    TestGateway::start_with(Clock::test(TODAY.parse().unwrap())).await
}

async fn other_hospital(test: &TestGateway) -> PartyClient {
    let new = NewParty { id: "hospital-other", role: Role::Hospital, number: OTHER, lines: vec![], consent: true };
    test.register(new).await.0
}

/// The demo's patient, by number.
fn person() -> Value {
    let mut bundle = case("RECORDS");
    let patient = resource(&mut bundle, "Patient");
    let numbers = patient["identifier"].as_array().unwrap();
    let number = numbers.iter().find(|one| one["type"]["coding"][0]["code"] == "NNxxx").unwrap();
    json!({ "name": patient["name"][0]["text"], "birth_date": patient["birthDate"],
        "identifiers": [{ "kind": "national-id", "value": number["value"] }] })
}

/// A request to hospitals for certificate, itemised receipt and operation record.
pub(crate) fn asking(test: &TestGateway, (insurer, line): (&str, &str), hospitals: &[&str]) -> Value {
    let today = day(test.clock.now());
    let documents = json!([{ "kind": "certificate" }, { "kind": "itemised-receipt" }, { "kind": "operation-record" }]);
    let asked: Vec<Value> =
        hospitals.iter().map(|hospital| json!({ "hospital": hospital, "documents": documents })).collect();
    json!({
        "case_number": "L-115-7", "line": line, "person": person(), "hospitals": asked,
        "due_on": today.checked_add(14.days()).unwrap(), "note": "請提供手術同意書以外之紀錄",
        "consent": {
            "reference": "C-115-7", "person": person(), "given_by": { "capacity": "insured" }, "insurer": insurer,
            "hospitals": ["hospital-demo", OTHER],
            "documents": ["certificate", "receipt", "itemised-receipt", "operation-record", "discharge-summary"],
            "period": { "from": "2026-01-01", "until": today }, "given_at": "2026-01-01T00:00:00Z",
            "valid_until": today.checked_add(60.days()).unwrap(), "signature": { "kind": "paper", "reference": "P-1" },
            "file": { "sha256": sha256_text(PAPER), "content": STANDARD.encode(PAPER) } } })
}

fn of_life(test: &TestGateway, hospitals: &[&str]) -> Value {
    asking(test, (test.life().client.id(), "health-reimbursement"), hospitals)
}

async fn ask(client: &PartyClient, body: &Value) -> Answer {
    post(client, "/insurer/v1/record-requests", body).await
}

fn made(answer: &Answer) -> (String, Vec<String>) {
    let head = ok(answer);
    let requests = head["requests"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    (head["record_request_id"].as_str().unwrap().to_owned(), requests)
}

/// A record request of the life insurer, and what each hospital is asked.
pub(crate) async fn asked(test: &TestGateway, hospitals: &[&str]) -> (String, Vec<String>) {
    made(&ask(&test.life().client, &of_life(test, hospitals)).await)
}

fn ok(answer: &Answer) -> Value {
    assert!(answer.status.is_success(), "{} {}", answer.status, String::from_utf8_lossy(&answer.body));
    answer.json("answer").unwrap()
}

async fn answered(hospital: &PartyClient, request: &str, body: &Value) -> Answer {
    post(hospital, &format!("/hospital/v1/requests/{request}/answer"), body).await
}

pub(crate) async fn approve(hospital: &PartyClient, request: &str) {
    ok(&answered(hospital, request, &json!({ "result": "accepted", "note": "病歷室" })).await);
}

/// Sends a Bundle as the answer to a request.
pub(crate) async fn give(hospital: &PartyClient, request: &str, bundle: &Value) -> Answer {
    let task = request.strip_prefix("tsk_").unwrap();
    let headers = [("content-type", "application/fhir+json")];
    let path = format!("/fhir/Task/{task}/$records");
    must(hospital.call(reqwest::Method::POST, &path, &headers, bytes(bundle)).await)
}

fn refusal(answer: &Answer) -> (u16, Vec<String>) {
    (answer.status.as_u16(), codes(&answer.json("outcome").unwrap()))
}

fn refused(status: u16, code: &str) -> (u16, Vec<String>) {
    (status, vec![code.to_owned()])
}

/// A record of the demo's stay: no claim's packet, by what its Composition says it is.
fn record(number: &str, loinc: &str) -> Value {
    let mut bundle = case(number);
    bundle.as_object_mut().unwrap().remove("meta");
    let composition = resource(&mut bundle, "Composition");
    composition.as_object_mut().unwrap().remove("meta");
    composition["type"] = json!({ "coding": [{ "system": "http://loinc.org", "code": loinc }] });
    composition["title"] = json!("病歷");
    composition["section"] = json!([{ "title": "經過", "text": { "status": "generated",
        "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">入院後行開放性復位。</div>" } }]);
    let drop = ["Claim", "DiagnosticReport", "Observation", "Coverage"];
    let kept = |entry: &Value| !drop.contains(&entry["resource"]["resourceType"].as_str().unwrap());
    bundle["entry"].as_array_mut().unwrap().retain(kept);
    // A Condition with a serial number is a certificate, in whatever document it stands.
    for condition in resources(&mut bundle, "Condition") {
        condition.as_object_mut().unwrap().remove("identifier");
    }
    bundle
}

/// The same of another hospital.
fn of_other(bundle: &Value) -> Value {
    serde_json::from_str(&bundle.to_string().replace("1199990014", OTHER)).unwrap()
}

async fn view(test: &TestGateway, record: &str) -> Value {
    ok(&get(&test.life().client, &format!("/insurer/v1/record-requests/{record}")).await)
}

fn items(request: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let items = request["records"]["items"].as_array().unwrap();
    items.iter().map(|item| (word(&item["kind"]), word(&item["state"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hospitals_answer_one_in_parts_and_one_refuses() {
    let test = started().await;
    let other = other_hospital(&test).await;
    let hospital = &test.world.hospital;
    let life = &test.life().client;
    let before = must(insurer::pull(life, 0, 0).await).len();
    let (record_id, requests) = asked(&test, &["hospital-demo", "hospital-other"]).await;
    let [first, second] = [&requests[0], &requests[1]];

    // By poll, without anything personal; in full on a look; as a FHIR Task with the person and no Bundle.
    let list = ok(&get(hospital, "/hospital/v1/requests").await);
    assert_eq!((&list["requests"][0]["request_id"], &list["requests"][0]["kind"]), (&json!(first), &json!("records")));
    let look = ok(&get(hospital, &format!("/hospital/v1/requests/{first}")).await);
    assert_eq!((&look["state"], &look["records"]["person"]["name"]), (&json!("received"), &person()["name"]));
    assert_eq!(look["records"]["on_turn"]["step"], json!("approve"));
    let task = ok(&get(hospital, &format!("/fhir/Task/{}", first.strip_prefix("tsk_").unwrap())).await);
    assert_eq!((&task["for"]["reference"], task.get("focus")), (&json!("#patient"), None));
    let wanted: Vec<&Value> = task["input"].as_array().unwrap().iter().collect();
    assert_eq!(wanted[2]["valueCodeableConcept"]["coding"][1]["code"], json!("11504-8"));
    let paper = get(hospital, &format!("/hospital/v1/requests/{first}/consent")).await;
    assert_eq!((paper.status.as_u16(), paper.body.as_slice()), (200, PAPER));

    // Nothing leaves before the records office says so.
    let certificate = case("RECORDS-1");
    assert_eq!(refusal(&give(hospital, first, &certificate).await), refused(409, "records.not-approved"));
    approve(hospital, first).await;
    approve(hospital, first).await;
    let part = give(hospital, first, &certificate).await;
    assert_eq!(part.status, 201, "{}", String::from_utf8_lossy(&part.body));
    let told = codes(&part.json("outcome").unwrap());
    assert!(told.contains(&"records.not-asked".to_owned()), "the laboratory's report was not asked for: {told:?}");
    assert_eq!(give(hospital, first, &certificate).await.status, 200, "the same again");
    let mut otherwise = certificate.clone();
    otherwise["timestamp"] = json!("2026-11-23T09:59:00+08:00");
    assert_eq!(give(hospital, first, &otherwise).await.status, 201, "the same documents are not sent twice");

    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let mut came: Vec<&str> = opened.evidence.iter().map(|one| one.document.kind()).collect();
    came.sort_unstable();
    assert_eq!(came, ["diagnosis-certificate", "medical-receipt"]);
    assert_eq!((opened.recipient.purpose.as_str(), envelope.revision), ("record-request", 1));
    assert!(must(insurer::pull(&test.nonlife().client, 0, 0).await).is_empty(), "for one insurer alone");

    // The rest, and then it is over.
    let rest = give(hospital, first, &record("RECORDS-2", "11504-8")).await;
    assert_eq!(rest.status, 201, "{}", String::from_utf8_lossy(&rest.body));
    let (envelope, opened) = open_all(test.life(), envelope.position, test.clock.now()).await.pop().unwrap();
    assert_eq!((envelope.revision, opened.evidence.len()), (2, 3));
    assert!(opened.evidence.iter().any(|one| matches!(one.document, Document::MedicalRecord(_))));
    assert_eq!(before + 2, must(insurer::pull(life, 0, 0).await).len());

    // The other one refuses one kind, then the rest.
    ok(&get(&other, &format!("/hospital/v1/requests/{second}")).await);
    let no_record = json!({ "result": "refused", "reason": "no-such-record", "documents": ["operation-record"] });
    ok(&answered(&other, second, &no_record).await);
    let unasked = json!({ "result": "refused", "reason": "no-such-record", "documents": ["nursing-record"] });
    assert_eq!(said(&answered(&other, second, &unasked).await), is(422, "records.document", "/documents/0"));
    let rest = json!({ "result": "refused", "reason": "not-our-patient" });
    ok(&answered(&other, second, &rest).await);
    assert_eq!(refusal(&give(&other, second, &of_other(&certificate)).await).0, 409);

    let shown = view(&test, &record_id).await;
    let [one, two] = [&shown["requests"][0], &shown["requests"][1]];
    assert_eq!((&one["state"], &two["state"]), (&json!("answered"), &json!("refused")), "{shown}");
    assert!(
        items(one).iter().all(|(_, state)| state == "given") && items(two).iter().all(|(_, state)| state == "refused")
    );
    assert_eq!(two["records"]["items"][0]["reason"], json!("not-our-patient"));
    assert_eq!(one["records"].get("on_turn"), None);
    let submission = ok(&get(life, &format!("/insurer/v1/submissions/{}", envelope.submission_id)).await);
    assert_eq!(submission["number"], json!("L-115-7"));
    let decided = json!({ "state": "declined" });
    let path = format!("/insurer/v1/submissions/{}/status", envelope.submission_id);
    assert_eq!(said(&post(life, &path, &decided).await), is(409, "records.claim", ""));

    // Every look is a line of the trail.
    let alice = test.operator("alice").await;
    for action in ["record-request.made", "request.viewed", "record-request.consent-viewed", "record-request.viewed"] {
        // Lines get their place a moment after the commit.
        let mut seen = 0;
        for _ in 0..50 {
            let trail = ok(&get(&alice, &format!("/operator/v1/audit?action={action}")).await);
            seen = trail["lines"].as_array().unwrap().len();
            if seen > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(seen > 0, "{action}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_party_gets_404_on_everything() {
    let test = started().await;
    let other = other_hospital(&test).await;
    let (record, requests) = asked(&test, &["hospital-demo"]).await;
    let (request, stranger) = (&requests[0], &test.nonlife().client);
    let base = format!("/insurer/v1/record-requests/{record}");
    for path in [base.clone(), format!("{base}/comparison")] {
        assert_eq!(get(stranger, &path).await.status, 404, "{path}");
    }
    let list = ok(&get(stranger, "/insurer/v1/record-requests").await);
    assert_eq!(list["record_requests"], json!([]));
    for (path, body) in [
        (format!("{base}/close"), json!({ "result": "cancelled" })),
        (format!("/insurer/v1/requests/{request}/fee"), json!({ "accept": true, "amount": "1" })),
        (format!("/insurer/v1/requests/{request}/close"), json!({ "result": "cancelled" })),
    ] {
        assert_eq!(post(stranger, &path, &body).await.status, 404, "{path}");
    }
    let hospital = format!("/hospital/v1/requests/{request}");
    for path in [hospital.clone(), format!("{hospital}/consent")] {
        assert_eq!(get(&other, &path).await.status, 404, "{path}");
    }
    for (path, body) in [
        (format!("{hospital}/answer"), json!({ "result": "accepted" })),
        (format!("{hospital}/fee"), json!({ "amount": "1" })),
        (format!("{hospital}/withdraw"), json!({})),
    ] {
        assert_eq!(post(&other, &path, &body).await.status, 404, "{path}");
    }
    assert_eq!(give(&other, request, &of_other(&case("RECORDS-404"))).await.status, 404);
    let own = ok(&get(&test.life().client, "/insurer/v1/record-requests").await);
    assert_eq!(own["record_requests"][0]["record_request_id"], json!(record));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_for_without_the_consent_or_beyond_it_and_nothing_comes_of_somebody_else() {
    let test = started().await;
    let life = &test.life().client;
    let before = test.counts().await;
    let good = of_life(&test, &["hospital-demo"]);
    for (place, value, code, pointer) in [
        ("/consent", Value::Null, "records.no-consent", "/consent"),
        ("/consent/insurer", json!("insurer-nonlife"), "records.beyond-consent", "/consent/insurer"),
        ("/consent/hospitals", json!([OTHER]), "records.beyond-consent", "/hospitals/0/hospital"),
        (
            "/consent/documents",
            json!(["certificate", "operation-record"]),
            "records.beyond-consent",
            "/hospitals/0/documents/1/kind",
        ),
        ("/consent/period/from", json!("2026-12-01"), "records.consent", "/consent/period"),
        ("/consent/valid_until", json!("2026-11-24"), "records.beyond-consent", "/due_on"),
        ("/consent/person/identifiers/0/value", json!("A123456789"), "records.other-person", "/consent/person"),
        ("/consent/file/sha256", json!("A".repeat(43)), "records.consent", "/consent/file"),
        ("/hospitals/0/hospital", json!("insurer-life"), "records.hospital", "/hospitals/0/hospital"),
        ("/hospitals/0/documents/0/kind", json!("bank-account"), "records.document", "/hospitals/0/documents/0/kind"),
        ("/line", json!("accident"), "records.line", "/line"),
        ("/due_on", json!("2026-11-23"), "request.due-on", "/due_on"),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(place).unwrap() = value;
        assert_eq!(said(&ask(life, &body).await), is(422, code, pointer), "{place}");
    }
    let mut foreign = good.clone();
    foreign["compare_with"] = json!(["sub_01a20a56-e803-724d-a6e6-5d8754b2fbb9"]);
    assert_eq!(said(&ask(life, &foreign).await), is(422, "records.compare-with", "/compare_with/0"));
    assert_eq!(test.counts().await, before, "nothing was kept");

    // An answer about somebody else, or of nothing that was asked for.
    let (_, requests) = asked(&test, &["hospital-demo"]).await;
    let (hospital, request) = (&test.world.hospital, &requests[0]);
    approve(hospital, request).await;
    let mut stranger = case("RECORDS-3");
    let number = person()["identifiers"][0]["value"].as_str().unwrap().to_owned();
    stranger = serde_json::from_str(&stranger.to_string().replace(&number, "A123456789")).unwrap();
    assert_eq!(refusal(&give(hospital, request, &stranger).await), refused(422, "records.other-person"));
    let nursing = record("RECORDS-4", "34746-8");
    assert_eq!(refusal(&give(hospital, request, &nursing).await), refused(422, "records.nothing-asked"));
    let foreign = of_other(&case("RECORDS-5"));
    assert_eq!(refusal(&give(hospital, request, &foreign).await), refused(403, "bundle.foreign-hospital"));
    assert!(must(insurer::pull(life, 0, 0).await).is_empty());
    let as_word = json!({ "result": "answered", "revision": 2 });
    assert_eq!(said(&answered(hospital, request, &as_word).await), is(422, "records.as-bundle", "/result"));
    let key = [("content-type", "application/json"), ("idempotency-key", "RECORDS-K")];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let path = "/insurer/v1/record-requests";
        ids.push(made(&must(life.call(reqwest::Method::POST, path, &key, bytes(&good)).await)));
    }
    assert_eq!(ids[0], ids[1], "the same key is the same request");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_fee_beyond_the_limit_waits_for_the_insurer() {
    let test = started().await;
    let mut body = of_life(&test, &["hospital-demo"]);
    body["fee_limit"] = json!("100");
    let (record_id, requests) = made(&ask(&test.life().client, &body).await);
    let (hospital, request) = (&test.world.hospital, &requests[0]);
    approve(hospital, request).await;
    let fee = format!("/hospital/v1/requests/{request}/fee");
    let answer = format!("/insurer/v1/requests/{request}/fee");
    let shown = ok(&post(hospital, &fee, &json!({ "amount": "200", "note": "影像光碟" })).await);
    assert_eq!(shown["records"]["on_turn"]["who"], json!("insurer"));
    assert_eq!(refusal(&give(hospital, request, &case("RECORDS-6")).await), refused(409, "records.fee-open"));
    let life = &test.life().client;
    let other = json!({ "accept": true, "amount": "100" });
    assert_eq!(said(&post(life, &answer, &other).await), is(409, "records.fee-other", "/amount"));
    let declined = ok(&post(life, &answer, &json!({ "accept": false, "amount": "200" })).await);
    assert_eq!(
        (&declined["records"]["fee"]["state"], &declined["records"]["on_turn"]["step"]),
        (&json!("declined"), &json!("restate-fee"))
    );
    assert_eq!(refusal(&give(hospital, request, &case("RECORDS-6")).await), refused(409, "records.fee-open"));
    let within = ok(&post(hospital, &fee, &json!({ "amount": "80" })).await);
    assert_eq!(within["records"]["fee"]["state"], json!("accepted"));
    assert_eq!(give(hospital, request, &case("RECORDS-6")).await.status, 201);
    // Refused in the rest: the insurer does not pay for it, and that is the end.
    ok(&answered(hospital, request, &json!({ "result": "refused", "reason": "no-such-record" })).await);
    assert_eq!(view(&test, &record_id).await["requests"][0]["state"], json!("answered"));
    let late = post(hospital, &fee, &json!({ "amount": "300" })).await;
    assert_eq!(said(&late), is(409, "records.fee-late", ""));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_taken_back_midway_stops_what_has_not_left() {
    let test = started().await;
    let other = other_hospital(&test).await;
    let (record_id, requests) = asked(&test, &["hospital-demo", "hospital-other"]).await;
    let (hospital, life) = (&test.world.hospital, &test.life().client);
    approve(hospital, &requests[0]).await;
    approve(&other, &requests[1]).await;
    // One has left, one waits to be fetched.
    assert_eq!(give(hospital, &requests[0], &case("RECORDS-7")).await.status, 201);
    let (left, _) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    assert_eq!(give(&other, &requests[1], &of_other(&case("RECORDS-8"))).await.status, 201);
    let waits = must(insurer::pull(life, left.position, 5).await).pop().unwrap();
    let close = format!("/insurer/v1/record-requests/{record_id}/close");
    for _ in 0..2 {
        let closed = ok(&post(life, &close, &json!({ "result": "consent-withdrawn" })).await);
        for part in closed["requests"].as_array().unwrap() {
            assert_eq!(part["state"], json!("cancelled"));
            assert!(part["records"]["consent"]["withdrawn_at"].is_string(), "{part}");
        }
    }
    assert_eq!(get(life, &format!("/insurer/v1/deliveries/{}", waits.id)).await.status, 410);
    assert_eq!(get(life, &format!("/insurer/v1/deliveries/{}", left.id)).await.status, 200, "what has left has left");
    let after = give(hospital, &requests[0], &record("RECORDS-9", "11504-8")).await;
    assert_eq!(refusal(&after), refused(409, "records.consent-over"));
    let fee = post(&other, &format!("/hospital/v1/requests/{}/fee", requests[1]), &json!({ "amount": "1" })).await;
    assert_eq!(said(&fee), is(409, "records.consent-over", ""));

    // At the hospital's counter it is its own part alone.
    let (record_id, requests) = asked(&test, &["hospital-demo", "hospital-other"]).await;
    let withdrawn = ok(&post(hospital, &format!("/hospital/v1/requests/{}/withdraw", requests[0]), &json!({})).await);
    assert_eq!(withdrawn["state"], json!("cancelled"));
    let shown = view(&test, &record_id).await;
    assert_eq!(shown["requests"][1]["state"], json!("requested"));
    approve(&other, &requests[1]).await;
    let cancelled =
        ok(&post(life, &format!("/insurer/v1/record-requests/{record_id}/close"), &json!({ "result": "cancelled" }))
            .await);
    assert_eq!(cancelled["requests"][1]["state"], json!("cancelled"));
    assert_eq!(
        refusal(&give(&other, &requests[1], &of_other(&case("RECORDS-10"))).await),
        refused(409, "request.invalid-step")
    );
    test.stop().await;
}

/// A request whose consent an application holds.
fn asked_by(test: &TestGateway, application: &str, number: &str) -> Value {
    let mut body = of_life(test, &["hospital-demo"]);
    body["consent"].as_object_mut().unwrap().remove("file");
    (body["consent"]["application"], body["case_number"]) = (json!(application), json!(number));
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_an_application_holds_ends_with_it() {
    let test = started().await;
    let (hospital, life) = (&test.world.hospital, &test.life().client);
    let applied = apply(&test, &application("RECORDS-20")).await.json("application").unwrap()["id"].clone();
    let id = applied.as_str().unwrap();
    let body = asked_by(&test, id, "L-115-20");
    let (_, requests) = made(&ask(life, &body).await);
    approve(hospital, &requests[0]).await;
    assert_eq!(give(hospital, &requests[0], &case("RECORDS-21")).await.status, 201);
    let waits = must(insurer::pull(life, 0, 5).await).pop().unwrap();
    withdraw(&test, id, "insurer-life").await;
    // At both doors: what waits to be fetched, and what would come.
    assert_eq!(get(life, &format!("/insurer/v1/deliveries/{}", waits.id)).await.status, 410);
    let over = || refused(409, "records.consent-over");
    assert_eq!(refusal(&give(hospital, &requests[0], &record("RECORDS-22", "11504-8")).await), over());
    let fee = post(hospital, &format!("/hospital/v1/requests/{}/fee", requests[0]), &json!({ "amount": "1" })).await;
    assert_eq!(said(&fee), is(409, "records.consent-over", ""));
    assert_eq!(said(&ask(life, &body).await), is(422, "records.beyond-consent", "/consent/application"));

    // One that replaces it and names others takes it back as well.
    let applied = apply(&test, &application("RECORDS-23")).await.json("application").unwrap()["id"].clone();
    let body = asked_by(&test, applied.as_str().unwrap(), "L-115-23");
    let (_, requests) = made(&ask(life, &body).await);
    approve(hospital, &requests[0]).await;
    let mut narrower = application("RECORDS-23");
    narrower["recipients"].as_array_mut().unwrap().remove(0);
    assert_eq!(apply(&test, &narrower).await.status, 201);
    assert_eq!(refusal(&give(hospital, &requests[0], &case("RECORDS-24")).await), over());
    assert_eq!(said(&ask(life, &body).await), is(422, "records.beyond-consent", "/consent/application"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_overdue_is_shown_and_still_waited_for() {
    let mut test = started().await;
    let mut body = of_life(&test, &["hospital-demo"]);
    body["due_on"] = json!("2026-11-24");
    let (record_id, requests) = made(&ask(&test.life().client, &body).await);
    approve(&test.world.hospital, &requests[0]).await;
    test.clock.advance(Duration::from_hours(39));
    must(test.world.insurers[0].client.authenticate().await);
    must(test.world.hospital.authenticate().await);
    must(test.world.gateway.app.engine.expire_requests().await);
    let shown = view(&test, &record_id).await;
    let part = &shown["requests"][0];
    assert_eq!((&part["state"], &part["records"]["on_turn"]["overdue"]), (&json!("expired"), &json!(true)));
    let hospital = &test.world.hospital;
    assert_eq!(give(hospital, &requests[0], &case("RECORDS-11")).await.status, 201);
    let list = ok(&get(hospital, "/hospital/v1/requests").await);
    assert_eq!(list["requests"][0]["state"], json!("partly-answered"), "what is late in part is still on the list");
    assert_eq!(give(hospital, &requests[0], &record("RECORDS-12", "11504-8")).await.status, 201);
    assert_eq!(view(&test, &record_id).await["requests"][0]["state"], json!("answered"));
    // The consent's last day ends it all.
    let (_, again) = asked(&test, &["hospital-demo"]).await;
    approve(hospital, &again[0]).await;
    test.clock.advance(Duration::from_hours(24 * 61));
    must(test.world.hospital.authenticate().await);
    let hospital = &test.world.hospital;
    assert_eq!(refusal(&give(hospital, &again[0], &case("RECORDS-13")).await), refused(409, "records.consent-over"));
    test.stop().await;
}
