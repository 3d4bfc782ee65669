//! Files of a bundle (附件): from the hospital's base64 to the bytes an insurer opens, and to nobody else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_adapters::insurer::Envelope;
use claimgate_fhir::format::Format;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::flows::health::{Conditions, Refusal};
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle;
use claimgate_gateway::party::ConsentBasis;
use claimgate_gateway::sandbox::client::Answer;
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_packet::evidence::Attachment;
use claimgate_packet::jose::digest::{sha256, sha256_text};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::open::Opened;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::database::on_postgres;
use claimgate_tests::gateway::{TestGateway, codes, get, must, open_all, post, pull_all};
use reqwest::Method;
use serde_json::{Value, json};

/// A scan of a receipt: its first bytes are a JPEG's, the rest is made up.
const SCAN: &[u8] = b"\xFF\xD8\xFF\xE0 made-up scan of a receipt MARKER-JPEG";

/// A bundle whose laboratory report has a PDF and whose receipt has a scan.
fn two_files(number: &str) -> Value {
    let mut bundle = case(number);
    let scan = json!({
        "resourceType": "DocumentReference", "id": "scan", "status": "current", "type": { "text": "收據" },
        "content": [{ "attachment": { "contentType": "image/jpeg", "data": STANDARD.encode(SCAN) } }],
    });
    let entry = json!({ "fullUrl": "urn:uuid:6b0f3c1a-0000-4000-8000-000000000001", "resource": scan });
    bundle["entry"].as_array_mut().unwrap().push(entry);
    bundle
}

/// The PDF of the demo's laboratory report.
fn pdf() -> Vec<u8> {
    let mut bundle = case("PDF");
    let data = &resource(&mut bundle, "DiagnosticReport")["presentedForm"][0]["data"];
    STANDARD.decode(data.as_str().unwrap()).unwrap()
}

/// The delivery of an insurer that came as number `count`, opened; positions are given a moment after the push is answered.
async fn nth(test: &TestGateway, one: &Insurer, count: usize) -> (Envelope, Opened) {
    pull_all(&one.client, count).await;
    open_all(one, 0, test.clock.now()).await.pop().unwrap()
}

fn files(opened: &Opened) -> Vec<(&str, &Attachment)> {
    let evidence = opened.evidence.iter();
    evidence.flat_map(|one| one.attachments.iter().map(|file| (one.document.kind(), file))).collect()
}

async fn fetch(one: &Insurer, delivery: &str, id: &str) -> Answer {
    get(&one.client, &format!("/insurer/v1/deliveries/{delivery}/attachments/{id}")).await
}

/// Status and code of a refusal.
fn refused(answer: &Answer) -> (u16, String) {
    let code = answer.json("problem").unwrap()["code"].as_str().unwrap().to_owned();
    (answer.status.as_u16(), code)
}

fn not_found() -> (u16, String) {
    (404, "not-found".to_owned())
}

async fn no_consent(test: &TestGateway) {
    must(test.world.gateway.app.engine.set_consent(&"hospital-demo".parse().unwrap(), None).await);
}

async fn consent(test: &TestGateway) {
    let basis = ConsentBasis::HospitalAttested { reference: "form 115-11".to_owned() };
    must(test.world.gateway.app.engine.set_consent(&"hospital-demo".parse().unwrap(), Some(basis)).await);
    test.clock.advance(std::time::Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_reaches_who_gets_its_document_byte_for_byte_and_nobody_else() {
    let test = TestGateway::start().await;
    let pushed = test.push(&bytes(&two_files("FILES-1")), &[]).await;
    assert_eq!(pushed.status, 201);
    assert_eq!(codes(&pushed.json("outcome").unwrap()), ["ok"]);
    let (life, nonlife) = (test.life(), test.nonlife());
    let (at_life, opened) = nth(&test, life, 1).await;
    let (at_nonlife, of_nonlife) = nth(&test, nonlife, 1).await;

    let named = files(&opened);
    let told: Vec<_> = named.iter().map(|(kind, file)| (*kind, file.media_type.as_str(), file.bytes)).collect();
    let (pdf, scan) = (pdf(), SCAN.to_vec());
    let size = |file: &[u8]| u64::try_from(file.len()).unwrap();
    assert_eq!(told, [("medical-receipt", "image/jpeg", size(&scan)), ("lab-report", "application/pdf", size(&pdf))]);
    for ((_, file), content) in named.iter().zip([&scan, &pdf]) {
        let answer = fetch(life, &at_life.id, &file.id).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/jose")));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let digest = format!("sha-256=:{}:", STANDARD.encode(sha256(&answer.body)));
        assert_eq!(answer.header("content-digest"), Some(digest.as_str()));
        let plain = opened.attachment(&file.id, &answer.body, &life.keys).unwrap();
        assert_eq!((plain.as_slice(), sha256_text(&plain)), (content.as_slice(), file.digest.clone()));
        assert!(opened.attachment(&file.id, &answer.body, &nonlife.keys).is_err());
        let again = fetch(life, &at_life.id, &file.id).await;
        assert_ne!(again.body, answer.body, "each fetch is sealed anew");
    }

    // The accident line gets the receipt and its scan; the laboratory report is withheld, and so is its file.
    let theirs = files(&of_nonlife);
    assert_eq!(theirs.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["medical-receipt"]);
    let (scan, pdf) = (&named[0].1.id, &named[1].1.id);
    assert_eq!(fetch(nonlife, &at_nonlife.id, scan).await.status, 200);
    for (one, delivery, id) in [
        (nonlife, at_nonlife.id.as_str(), pdf.as_str()),
        (nonlife, at_life.id.as_str(), pdf.as_str()),
        (nonlife, at_life.id.as_str(), scan.as_str()),
        (life, at_nonlife.id.as_str(), scan.as_str()),
        (life, at_life.id.as_str(), "att_01a20795-d753-7615-8e9c-ec07a3131fba"),
        (life, at_life.id.as_str(), "att_1"),
        (life, at_life.id.as_str(), "..%2F..%2Fatt_1"),
    ] {
        assert_eq!(refused(&fetch(one, delivery, id).await), not_found(), "{delivery} {id}");
    }
    let other = Method::DELETE;
    let path = format!("/insurer/v1/deliveries/{}/attachments/{scan}", at_life.id);
    assert_eq!(must(life.client.call(other, &path, &[], Vec::new()).await).status, 405);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_file_stands_readable_in_the_data_folder_and_fetches_are_audited() {
    let test = TestGateway::start().await;
    test.push(&bytes(&two_files("FILES-2")), &[]).await;
    let life = test.life();
    let (envelope, opened) = nth(&test, life, 1).await;
    let fetched = must(insurer_files(life, &envelope, &opened).await);
    assert_eq!(fetched, pdf().len() + SCAN.len());
    must(test.world.gateway.app.engine.store.sequence().await);
    assert!(must(test.world.gateway.app.engine.store.check_audit().await).is_ok());
    let ids: Vec<String> = files(&opened).iter().map(|(_, file)| file.id.clone()).collect();
    let folder = test.stop().await;

    let stored = folder.bytes().await;
    let holds = |text: &[u8]| stored.windows(text.len()).any(|window| window == text);
    assert!(holds(b"attachment.fetched") && ids.iter().all(|id| holds(id.as_bytes())), "the database was read");
    let digest = sha256(&pdf());
    for secret in [b"%PDF-1.".as_slice(), b"JVBERi0xLj", b"startxref", b"MARKER-JPEG", SCAN, digest.as_slice()] {
        assert!(!holds(secret), "{:?}", String::from_utf8_lossy(secret));
    }
    assert!(!holds(sha256_text(&pdf()).as_bytes()), "no digest that anybody could make");
}

async fn insurer_files(
    one: &Insurer,
    envelope: &Envelope,
    opened: &Opened,
) -> Result<usize, claimgate_gateway::sandbox::client::ClientError> {
    claimgate_gateway::sandbox::insurer::attachments(&one.client, &envelope.id, opened, &one.keys).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_file_brings_nothing_new_a_changed_one_the_next_revision_a_removed_one_none() {
    let test = TestGateway::start().await;
    let first = test.push(&bytes(&two_files("FILES-3")), &[]).await;
    let claim = first.header("claimgate-claim-id").unwrap().to_owned();
    let (before, opened) = nth(&test, test.life(), 1).await;
    let kept: Vec<String> = files(&opened).iter().map(|(_, file)| file.id.clone()).collect();
    let deliveries = async || test.counts().await.deliveries;

    // Other bytes of the bundle, the same files in it.
    let spaced = serde_json::to_vec_pretty(&two_files("FILES-3")).unwrap();
    let unchanged = test.push(&spaced, &[]).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.header("etag")), (201, Some("W/\"2\"")));
    assert_eq!(deliveries().await, 2, "an unchanged file makes no delivery");

    let mut changed = two_files("FILES-3");
    // Larger than what goes to the connection at once.
    let other = [&pdf()[..], &vec![b'%'; 1 << 20]].concat();
    let form = &mut resource(&mut changed, "DiagnosticReport")["presentedForm"][0];
    form["data"] = json!(STANDARD.encode(&other));
    assert_eq!(test.push(&bytes(&changed), &[]).await.status, 201);
    let (after, opened) = nth(&test, test.life(), 2).await;
    assert_eq!((deliveries().await, after.revision), (3, 2), "only who gets the changed file hears of it");
    let named = files(&opened);
    assert_eq!(named[0].1.id, kept[0], "what is equal keeps its name");
    assert_ne!(named[1].1.id, kept[1]);
    let sealed = fetch(test.life(), &after.id, &named[1].1.id).await.body;
    assert_eq!(opened.attachment(&named[1].1.id, &sealed, &test.life().keys).unwrap().as_slice(), other);
    // Each delivery gives what its own packet names.
    assert_eq!(fetch(test.life(), &before.id, &kept[1]).await.status, 200);
    assert_eq!(refused(&fetch(test.life(), &after.id, &kept[1]).await), not_found());
    assert_eq!(refused(&fetch(test.life(), &before.id, &named[1].1.id).await), not_found());

    let mut removed = changed;
    resource(&mut removed, "DiagnosticReport").as_object_mut().unwrap().remove("presentedForm");
    let path = format!("/fhir/Bundle/{}", claim.trim_start_matches("clm_"));
    let headers = [("content-type", "application/fhir+json"), ("if-match", "W/\"3\"")];
    let put = must(test.world.hospital.call(Method::PUT, &path, &headers, bytes(&removed)).await);
    assert_eq!(put.status, 200);
    let (last, opened) = nth(&test, test.life(), 3).await;
    assert_eq!((last.revision, files(&opened).len()), (3, 1));
    assert_eq!(refused(&fetch(test.life(), &last.id, &named[1].1.id).await), not_found());
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_in_two_documents_is_two_and_twice_in_one_is_one() {
    let test = TestGateway::start().await;
    let mut bundle = case("FILES-4");
    let again = json!({ "contentType": "application/pdf", "data": STANDARD.encode(pdf()) });
    resource(&mut bundle, "DiagnosticReport")["presentedForm"].as_array_mut().unwrap().push(again.clone());
    let info = json!([{ "sequence": 1, "category": { "text": "收據影像" }, "valueAttachment": again }]);
    resource(&mut bundle, "Claim")["supportingInfo"] = info;
    assert_eq!(test.push(&bytes(&bundle), &[]).await.status, 201);
    let (envelope, opened) = nth(&test, test.life(), 1).await;
    let named = files(&opened);
    assert_eq!(named.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["medical-receipt", "lab-report"]);
    assert_eq!(named[0].1.digest, named[1].1.digest);
    assert_eq!(must(insurer_files(test.life(), &envelope, &opened).await), 2 * pdf().len());
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_became_a_record_of_its_own_goes_where_records_go() {
    let test = TestGateway::start().await;
    let text =
        two_files("FILES-9").to_string().replace("\"type\":{\"text\":\"收據\"}", "\"type\":{\"text\":\"X光片\"}");
    assert_eq!(test.push(text.as_bytes(), &[]).await.status, 201);
    let (_, opened) = nth(&test, test.life(), 1).await;
    assert_eq!(files(&opened).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["lab-report"]);
    let sql = "select 10 * (select count(*) from attachment) + (select count(*) from delivery_attachment)";
    assert_eq!(test.kept().number(sql).await, 21, "kept for the claim, and in nobody's delivery");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_leaves_before_its_packet_or_without_a_consent_basis() {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let bundle = two_files("FILES-5");
    test.push(&bytes(&bundle), &[]).await;
    let (life, nonlife) = (test.life(), test.nonlife());
    let (at_life, opened) = nth(&test, life, 1).await;
    let named: Vec<String> = files(&opened).iter().map(|(_, file)| file.id.clone()).collect();
    // The accident line's delivery discloses the scan under an id of which the first insurer knows already.
    let at_nonlife = must(claimgate_gateway::sandbox::insurer::pull(&nonlife.client, 0, 5).await).pop().unwrap();
    let early = fetch(nonlife, &at_nonlife.id, &named[0]).await;
    assert_eq!(refused(&early), (409, "delivery.not-fetched".to_owned()));
    let ack = format!("/insurer/v1/deliveries/{}/ack", at_nonlife.id);
    assert_eq!(post(&nonlife.client, &ack, &json!({})).await.status, 409, "nothing has left by that");

    assert_eq!(fetch(life, &at_life.id, &named[0]).await.status, 200);
    no_consent(&test).await;
    assert_eq!(fetch(life, &at_life.id, &named[0]).await.status, 200, "what has left has left");
    assert_eq!(refused(&fetch(life, &at_life.id, &named[1]).await), (409, "attachment.withheld".to_owned()));
    assert_eq!(refused(&fetch(nonlife, &at_nonlife.id, &named[0]).await), (410, "delivery.withdrawn".to_owned()));
    let listed = must(claimgate_gateway::sandbox::insurer::pull(&nonlife.client, 0, 0).await);
    assert_eq!(listed.first().map(|one| one.state.as_str()), Some("withdrawn"));

    // What is pushed without a basis is held with its files, and both go when there is one.
    let mut later = bundle;
    let form = &mut resource(&mut later, "DiagnosticReport")["presentedForm"][0];
    form["data"] = json!(STANDARD.encode([&pdf()[..], b"% later\n"].concat()));
    test.push(&bytes(&later), &[]).await;
    consent(&test).await;
    assert_eq!(fetch(life, &at_life.id, &named[1]).await.status, 200);
    let (again, opened) = nth(&test, life, 2).await;
    assert_eq!((again.revision, files(&opened).len()), (2, 2));
    assert_eq!(must(insurer_files(life, &again, &opened).await), pdf().len() + 8 + SCAN.len());
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_changed_or_moved_at_rest_is_a_fault_that_tells_nothing() {
    let test = TestGateway::start().await;
    test.push(&bytes(&two_files("FILES-8")), &[]).await;
    let (envelope, opened) = nth(&test, test.life(), 1).await;
    let named: Vec<String> = files(&opened).iter().map(|(_, file)| file.id.clone()).collect();
    let behind = async |sql: &'static str| assert!(test.kept().run(sql).await > 0);
    for sql in [
        "update attachment set content = (select b.content from attachment b where b.media_type = 'application/pdf')",
        if on_postgres() {
            "update attachment set content = decode(repeat('00', length(content)), 'hex')"
        } else {
            "update attachment set content = zeroblob(length(content))"
        },
        if on_postgres() { "update attachment set content = ''::bytea" } else { "update attachment set content = x''" },
    ] {
        behind(sql).await;
        let answer = fetch(test.life(), &envelope.id, &named[0]).await;
        assert_eq!(refused(&answer), (500, "internal".to_owned()), "{sql}");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(!["MARKER", "%PDF", "at rest", "does not open"].iter().any(|word| text.contains(word)), "{text}");
    }
    assert_eq!(test.world.gateway.app.files.available_permits(), 128 << 10, "a fault gives its room back");
    // A claim that is erased takes its files with it, whatever else is kept of its deliveries.
    behind("delete from attachment").await;
    assert_eq!(refused(&fetch(test.life(), &envelope.id, &named[0]).await), not_found());
    assert_eq!(get(&test.life().client, &format!("/insurer/v1/deliveries/{}", envelope.id)).await.status, 200);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sealed_to_the_key_the_insurer_has_now() {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    test.push(&bytes(&case("FILES-6")), &[]).await;
    let life = test.life();
    let (envelope, opened) = nth(&test, life, 1).await;
    let id = files(&opened)[0].1.id.clone();
    let engine = &test.world.gateway.app.engine;
    let party = "insurer-life".parse().unwrap();
    let mut registration = must(engine.store.party(&party).await).unwrap().registration().clone();
    let fresh = PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, Some("fresh".to_owned()), test.clock.now());
    let fresh = must(fresh);
    let keys = registration.jwks["keys"].as_array_mut().unwrap();
    keys.retain(|key| key["use"] != "enc");
    let mut ending = fresh.public().to_json();
    ending["exp"] = json!(test.clock.now().as_second() + 60);
    keys.push(ending);
    must(engine.replace_registration(&party, registration).await);
    let sealed = fetch(life, &envelope.id, &id).await.body;
    assert!(opened.attachment(&id, &sealed, &life.keys).is_err());
    assert_eq!(opened.attachment(&id, &sealed, &[fresh]).unwrap().as_slice(), pdf());
    test.clock.advance(std::time::Duration::from_mins(2));
    assert_eq!(refused(&fetch(life, &envelope.id, &id).await), (409, "insurer.no-key".to_owned()));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_files_too_large_ones_and_no_room_are_refused_by_name() {
    let test = TestGateway::start().await;
    let before = test.counts().await;
    let mut many = case("FILES-7");
    let form = resource(&mut many, "DiagnosticReport")["presentedForm"][0].clone();
    resource(&mut many, "DiagnosticReport")["presentedForm"] = json!(vec![form; 201]);
    let mut large = case("FILES-7");
    let form = &mut resource(&mut large, "DiagnosticReport")["presentedForm"][0];
    form["data"] = json!(STANDARD.encode(vec![b' '; 8 << 20]));
    for (body, code, text) in [(many, "bundle.too-many-attachments", "200"), (large, "body.too-large", "10485760")] {
        let answer = test.push(&bytes(&body), &[]).await;
        let outcome = answer.json("outcome").unwrap();
        assert_eq!((answer.status.as_u16(), codes(&outcome)), (413, vec![code.to_owned()]), "{outcome:#}");
        assert!(outcome["issue"][0]["diagnostics"].as_str().unwrap().contains(text), "{outcome:#}");
    }
    assert_eq!(test.counts().await, before);

    test.push(&bytes(&case("FILES-7")), &[]).await;
    let (envelope, opened) = nth(&test, test.life(), 1).await;
    let id = &files(&opened)[0].1.id;
    let room = &test.world.gateway.app.files;
    let all = room.available_permits();
    let taken = room.try_acquire_many(u32::try_from(all).unwrap()).unwrap();
    let busy = fetch(test.life(), &envelope.id, id).await;
    assert_eq!((refused(&busy), busy.header("retry-after")), ((503, "busy".to_owned()), Some("2")));
    drop(taken);
    assert_eq!(fetch(test.life(), &envelope.id, id).await.status, 200);
    assert_eq!(room.available_permits(), all, "all room is free again");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_over_twenty_mebibytes_is_refused_where_larger_bodies_are_allowed() {
    let folder = TestGateway::start().await.stop().await;
    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.path().display().to_string()),
        ("CLAIMGATE_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("CLAIMGATE_HTTP__BODY_LIMIT_BYTES".to_owned(), "67108864".to_owned()),
    ];
    let config = must(Config::from_layers(None, layers.into_iter().chain(folder.settings())));
    let running = must(lifecycle::start(config, Clock::system(), Random::system()).await);
    let mut large = case("FILES-10");
    let form = &mut resource(&mut large, "DiagnosticReport")["presentedForm"][0];
    form["data"] = json!(STANDARD.encode([b"%PDF-1.4".as_slice(), &vec![b' '; 20 << 20]].concat()));
    let (hospital, conditions) = ("hospital-demo".parse().unwrap(), Conditions::default());
    let outcome = running.app.engine.accept(&hospital, Format::Json, &bytes(&large), conditions).await;
    let Err(Refusal::Rejected(rejection)) = outcome else { panic!("it was not refused") };
    let issue = &rejection.issues[0];
    assert_eq!((&*issue.code, rejection.issues.len()), ("attachment.too-large", 1));
    assert_eq!(issue.expression, ["Bundle.entry[8].resource.presentedForm[0].data"]);
    assert_eq!(must(running.app.engine.store.counts().await).claims, 0);
    must(running.stop().await);
}
