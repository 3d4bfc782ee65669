//! Three forms of a delivery: the packet, Bundles in the recipient's own FHIR repository, flat fields.

use std::time::Duration;

use base64::Engine as _;
use claimgate_adapters::insurer::webhook::Scheme;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::keys::ring::SigningUse;
use claimgate_gateway::party::{ConsentBasis, PartyId, RecipientForm, Registration};
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::evidence::Document;
use claimgate_packet::form::{self, Form};
use claimgate_packet::jose::jwk::{PrivateJwk, PublicJwk};
use claimgate_packet::jose::jws::Jws;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database::on_postgres;
use claimgate_tests::gateway::{get, must, open_all, pull_all};
use claimgate_tests::repository::{Repository, Whim};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::uploads::{MIB, append, begin, photo, referring};

fn life(test: &TestGateway) -> PartyId {
    test.life().client.id().parse().unwrap()
}

async fn take(test: &TestGateway, form: RecipientForm) {
    let engine = &test.world.gateway.app.engine;
    let party = engine.store.party(&life(test)).await.unwrap().unwrap();
    let registration = Registration { form: Some(form), receipt: None, ..party.registration().clone() };
    engine.replace_registration(&party.id, registration).await.unwrap();
}

fn packet_keys(test: &TestGateway) -> Vec<PublicJwk> {
    let ring = test.world.gateway.app.engine.ring.present();
    ring.keys(SigningUse::Packet).iter().map(PrivateJwk::public).collect()
}

async fn into(test: &TestGateway, repository: &Repository) {
    let engine = &test.world.gateway.app.engine;
    engine.set_endpoint(&life(test), repository.url(), (Content::Packet, Scheme::Ed25519)).await.unwrap();
}

async fn attempts(test: &TestGateway, count: usize) -> Value {
    let delivery = pull_all(&test.life().client, 1).await.remove(0).id;
    for _ in 0..500 {
        let path = format!("/insurer/v1/deliveries/{delivery}/attempts");
        let told = get(&test.life().client, &path).await.json("attempts").unwrap();
        if told["attempts"].as_array().unwrap().len() >= count {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{count} attempts were not written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_becomes_a_signed_bundle_in_the_recipients_own_repository() {
    let test = TestGateway::start().await;
    take(&test, RecipientForm::FhirBundle).await;
    let repository = Repository::start(packet_keys(&test), test.clock.now()).await;
    into(&test, &repository).await;
    let pushed = case("REPOSITORY-1");
    assert_eq!(test.push(&bytes(&pushed), &[]).await.status, 201);
    repository.wait_for(1).await;
    let told = attempts(&test, 1).await;
    assert_eq!((&told["attempts"][0]["status"], &told["attempts"][0]["fault"]), (&json!(201), &Value::Null));
    let location = told["repository"][0]["location"].as_str().unwrap();
    assert!(location.contains("/fhir/Bundle/") && told["repository"][0]["version"] == "W/\"1\"", "{told}");
    // Taken is acknowledged.
    let listed = get(&test.life().client, "/insurer/v1/deliveries").await.json("list").unwrap();
    assert_eq!(
        (&listed["deliveries"][0]["state"], &listed["deliveries"][0]["acknowledgement"]),
        (&json!("acknowledged"), &json!("accepted"))
    );

    let read = repository.read().remove(0);
    let kinds: Vec<&str> = read.documents.iter().map(Document::kind).collect();
    assert!(kinds.contains(&"diagnosis-certificate") && kinds.contains(&"medical-receipt"), "{kinds:?}");
    // One coverage: its own. Nothing of the hospital's bytes: no case number, no address, no other insurer.
    assert_eq!(read.coverages.len(), 1);
    let text = String::from_utf8(repository.bundles().remove(0)).unwrap();
    assert!(text.contains("urn:claimgate:delivery") && !text.contains("REPOSITORY-1"));
    let address = pushed.to_string().contains("\"address\"");
    assert!(address && !text.contains("\"address\""), "the table gives no address");
    // The other insurer takes the packet as before.
    assert_eq!(pull_all(&test.nonlife().client, 1).await.len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_makes_no_second_bundle_and_a_refusal_is_kept_without_the_person() {
    let mut test = TestGateway::start_with(Clock::test(Clock::system().now())).await;
    take(&test, RecipientForm::FhirBundle).await;
    let repository = Repository::start(packet_keys(&test), test.clock.now()).await;
    into(&test, &repository).await;
    repository.does([Whim::Refuses(422, "patient 王小明 A123456789 is unknown".to_owned()), Whim::LosesTheAnswer]);
    test.push(&bytes(&case("REPOSITORY-2")), &[]).await;
    for (count, seconds) in [(1, 6), (2, 360)] {
        attempts(&test, count).await;
        test.clock.advance(Duration::from_secs(seconds));
        for one in &mut test.world.insurers {
            must(one.client.authenticate().await);
        }
    }
    let told = attempts(&test, 3).await;
    let of = |number: usize, name: &str| told["attempts"][number][name].clone();
    assert_eq!((of(0, "status"), of(0, "fault")), (json!(422), json!("recipient")));
    let kept = of(0, "answer").as_str().unwrap().to_owned();
    assert!(kept.contains("OperationOutcome") && !kept.contains("王小明") && !kept.contains("A123456789"), "{kept}");
    assert_eq!((of(1, "status"), of(1, "fault")), (Value::Null, json!("network")));
    // The second attempt had made it; the third one found it.
    assert_eq!((of(2, "status"), repository.bundles().len(), repository.requests()), (json!(200), 1, 3));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pulled_is_sealed_in_the_form_of_the_recipient() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("FORMS-1")), &[]).await;
    let envelope = pull_all(&test.life().client, 1).await.remove(0);
    let path = format!("/insurer/v1/deliveries/{}", envelope.id);
    let keys = &test.life().keys;

    take(&test, RecipientForm::FhirBundle).await;
    let answer = get(&test.life().client, &path).await;
    assert_eq!((answer.status.as_u16(), answer.header("claimgate-form")), (200, Some("fhir-bundle")));
    let sealed = String::from_utf8(answer.body).unwrap();
    let opened = form::open(&sealed, Form::FhirBundle, keys).unwrap();
    let collection: Value = serde_json::from_slice(&opened).unwrap();
    let bundle = &collection["entry"][0]["resource"];
    assert_eq!((&collection["type"], &bundle["type"]), (&json!("collection"), &json!("document")));
    assert_eq!(bundle["signature"]["sigFormat"], "application/jose");
    // One form is never opened as another.
    assert!(form::open(&sealed, Form::Fields, keys).is_err());

    take(&test, RecipientForm::Fields).await;
    let answer = get(&test.life().client, &path).await;
    let sealed = String::from_utf8(answer.body).unwrap();
    let opened = String::from_utf8(form::open(&sealed, Form::Fields, keys).unwrap().to_vec()).unwrap();
    let signed = Jws::parse(&opened, Some("claim-fields+jwt"), 1 << 20).unwrap();
    let known = packet_keys(&test);
    let key = known.iter().find(|key| key.kid == signed.kid()).unwrap().clone();
    let fields: Value = serde_json::from_slice(&signed.verify(&key).unwrap()).unwrap();
    assert_eq!((&fields["schema"], &fields["delivery_id"]), (&json!("claim-fields/1"), &json!(envelope.id)));
    assert_eq!(fields["hospital"]["code"], claimgate_tests::bundles::HOSPITAL_CODE);
    assert!(fields["diagnoses"].as_array().is_some_and(|all| !all.is_empty()));
    assert!(fields["documents"].as_array().unwrap().iter().all(|one| one["digest"].as_str().unwrap().len() == 43));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_leave_in_a_form_are_noted_however_often_their_hospital_changes() {
    let test = TestGateway::start().await;
    let engine = std::sync::Arc::clone(&test.world.gateway.app.engine);
    let hospital: PartyId = test.world.hospital.id().parse().unwrap();
    take(&test, RecipientForm::Packet).await;
    for number in 1..=12 {
        test.push(&bytes(&case(&format!("FILES-{number}"))), &[]).await;
        let envelope = pull_all(&test.life().client, number).await.pop().unwrap();
        must(insurer::fetch(&test.life().client, &envelope.id).await);
        let (delivery, path) = (envelope.id.parse().unwrap(), format!("/insurer/v1/deliveries/{}", envelope.id));
        assert!(!must(engine.store.attachments_of(delivery).await).0.is_empty());
        take(&test, RecipientForm::Fields).await;
        let changes = async {
            for change in 0..4 {
                let basis = ConsentBasis::HospitalAttested { reference: format!("form {change}") };
                must(engine.set_consent(&hospital, Some(basis)).await);
            }
        };
        let (answer, ()) = tokio::join!(get(&test.life().client, &path), changes);
        assert_eq!(answer.status, 200);
        assert!(must(engine.store.attachments_of(delivery).await).0.is_empty(), "they left: {number}");
        take(&test, RecipientForm::Packet).await;
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_made_has_not_left() {
    let test = TestGateway::start().await;
    take(&test, RecipientForm::Fields).await;
    let pushed = test.push(&bytes(&case("FORMS-2")), &[]).await;
    let life = &test.life().client;
    let envelope = pull_all(life, 1).await.remove(0);
    let damage =
        if on_postgres() { "update attachment set content = ''::bytea" } else { "update attachment set content = x''" };
    assert!(test.kept().run(damage).await > 0);
    let path = format!("/insurer/v1/deliveries/{}", envelope.id);
    assert_eq!(get(life, &path).await.status, 500);
    let claim = pushed.header("claimgate-claim-id").unwrap();
    let sent = get(&test.world.hospital, &format!("/hospital/v1/claims/{claim}/deliveries")).await;
    let sent: Value = sent.json("deliveries").unwrap();
    let sent = sent["deliveries"].as_array().unwrap().iter().find(|one| one["id"] == envelope.id.as_str()).unwrap();
    assert_eq!(sent["fetched"], Value::Null, "nothing has gone out: {sent:#}");
    // What has not left needs a consent basis still.
    let hospital: PartyId = test.world.hospital.id().parse().unwrap();
    must(test.world.gateway.app.engine.set_consent(&hospital, None).await);
    let refused = get(life, &path).await;
    assert_eq!(refused.json("problem").unwrap()["code"], "delivery.withdrawn");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_too_large_for_a_form_leaves_by_its_own_fetch_alone() {
    let test = TestGateway::start_without_limits().await;
    let (hospital, content) = (&test.world.hospital, photo(20 * MIB + 77));
    let upload = begin(&test, &content).await;
    for at in (0..content.len()).step_by(9 * MIB) {
        let to = content.len().min(at + 9 * MIB);
        assert_eq!(append(hospital, &upload, at, &content[at..to]).await.status, 204);
    }
    assert_eq!(test.push(&bytes(&referring("FORMS-3", &upload, &json!({}))), &[]).await.status, 201);
    pull_all(&test.life().client, 1).await;
    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.remove(0);
    let at = |large: bool| {
        let file = opened.attachments().find(|file| (file.media_type == "image/jpeg") == large).unwrap();
        format!("/insurer/v1/deliveries/{}/attachments/{}", envelope.id, file.id)
    };
    take(&test, RecipientForm::Fields).await;
    let life = &test.life().client;
    assert_eq!(get(life, &format!("/insurer/v1/deliveries/{}", envelope.id)).await.status, 200);
    // The small one went with the form, the large one did not: without a basis it stays.
    must(test.world.gateway.app.engine.set_consent(&hospital.id().parse().unwrap(), None).await);
    assert_eq!(get(life, &at(false)).await.status, 200);
    let key = get(life, &format!("{}/key", at(true))).await;
    assert_eq!(key.status, 409, "its key went out");
    assert_eq!(key.json("problem").unwrap()["code"], "attachment.withheld");
    assert_eq!(get(life, &format!("{}/content", at(true))).await.status, 409);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_push_of_which_nothing_went_out_have_not_left() {
    let test = TestGateway::start_with(Clock::test(Clock::system().now())).await;
    take(&test, RecipientForm::FhirBundle).await;
    // Nobody listens there.
    let way = (Content::Packet, Scheme::Ed25519);
    test.world.gateway.app.engine.set_endpoint(&life(&test), "http://127.0.0.1:9/fhir", way).await.unwrap();
    test.push(&bytes(&case("FORMS-4")), &[]).await;
    let told = attempts(&test, 1).await;
    assert_eq!((&told["attempts"][0]["status"], &told["attempts"][0]["fault"]), (&Value::Null, &json!("network")));
    let files = "select count(*) from delivery_attachment x join delivery d on d.id = x.delivery_id
        where d.party_id = 'insurer-life' and d.left_at is null";
    let left = "select count(*) from delivery_attachment where left_at is not null";
    assert!(test.kept().number(files).await > 0);
    assert_eq!(test.kept().number(left).await, 0, "its files have left");
    test.stop().await;
}

/// A certificate authority, a server of it and a client of it, in PEM and DER.
struct Hierarchy {
    authority: String,
    server: ServerConfig,
    client: [String; 2],
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn hierarchy() -> Hierarchy {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::from_params(&params, &key);
    let issue = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        (certificate, key)
    };
    let (server, server_key) = issue("127.0.0.1");
    let (client, client_key) = issue("gateway.example");
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(roots.into()).build().unwrap();
    let server: Vec<CertificateDer<'static>> = vec![server.der().clone()];
    let server_key = PrivateKeyDer::try_from(server_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_client_cert_verifier(verifier);
    Hierarchy {
        authority: pem("CERTIFICATE", authority.der()),
        server: config.with_single_cert(server, server_key).unwrap(),
        client: [pem("CERTIFICATE", client.der()), pem("PRIVATE KEY", &client_key.serialize_der())],
    }
}

/// The Composition of what a repository got under a number.
fn composition_of(repository: &Repository, delivery: &str) -> Value {
    let all = repository.bundles().into_iter().map(|bytes| serde_json::from_slice::<Value>(&bytes).unwrap());
    let found = all.into_iter().find(|one| one["identifier"]["value"] == delivery);
    found.unwrap_or_else(|| panic!("{delivery} is not there"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_told_what_is_replaced_and_that_a_case_is_taken_back() {
    let test = TestGateway::start().await;
    take(&test, RecipientForm::FhirBundle).await;
    let repository = Repository::start(packet_keys(&test), test.clock.now()).await;
    into(&test, &repository).await;
    let mut bundle = case("REPOSITORY-VOID");
    assert_eq!(test.push(&bytes(&bundle), &[]).await.status, 201);
    repository.wait_for(1).await;
    // A certificate withdrawn: the second Bundle stands in the place of the first.
    for entry in bundle["entry"].as_array_mut().unwrap() {
        if entry["resource"]["resourceType"] == "Condition" {
            entry["resource"]["verificationStatus"] = json!({ "coding": [{ "code": "entered-in-error" }] });
        }
    }
    assert!(test.push(&bytes(&bundle), &[]).await.status.is_success());
    repository.wait_for(2).await;
    // The whole case: a third one that holds nothing of it.
    bundle["entry"][0]["resource"]["status"] = json!("entered-in-error");
    assert!(test.push(&bytes(&bundle), &[]).await.status.is_success());
    repository.wait_for(3).await;
    let ids: Vec<String> = pull_all(&test.life().client, 3).await.into_iter().map(|one| one.id).collect();
    let [first, second, third] = ids.as_slice() else { panic!("{ids:?}") };
    let replaces = |id: &str| json!([{ "code": "replaces", "targetIdentifier": { "system": "urn:claimgate:delivery", "value": id } }]);
    let resource = |bundle: &Value| bundle["entry"][0]["resource"].clone();
    assert_eq!(resource(&composition_of(&repository, first))["relatesTo"], Value::Null);
    let revised = resource(&composition_of(&repository, second));
    assert_eq!((&revised["relatesTo"], &revised["status"]), (&replaces(first), &json!("final")));
    let gone = composition_of(&repository, third);
    let composition = resource(&gone);
    assert_eq!((&composition["relatesTo"], &composition["status"]), (&replaces(second), &json!("entered-in-error")));
    assert_eq!((&composition["section"], composition["author"].as_array().map(Vec::len)), (&Value::Null, Some(1)));
    let kinds: Vec<&str> =
        gone["entry"].as_array().unwrap().iter().map(|one| one["resource"]["resourceType"].as_str().unwrap()).collect();
    assert!(
        kinds.iter().all(|kind| ["Composition", "Patient", "Organization", "Coverage"].contains(kind)),
        "{kinds:?}"
    );
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_asks_for_a_client_certificate_gets_the_gateways() {
    let folder = tempfile::tempdir().unwrap();
    let hierarchy = hierarchy();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let authorities = ("CLAIMGATE_WEBHOOKS__AUTHORITIES", file("authority.pem", &hierarchy.authority));
    let [certificate, key] = &hierarchy.client;
    let own = [
        ("CLAIMGATE_WEBHOOKS__CLIENT_CERTIFICATE", file("client.pem", certificate)),
        ("CLAIMGATE_WEBHOOKS__CLIENT_KEY", file("client.key", key)),
    ];
    for identified in [false, true] {
        let mut settings = vec![authorities.clone()];
        settings.extend(own.iter().filter(|_| identified).cloned());
        let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
        take(&test, RecipientForm::FhirBundle).await;
        let tls = Some(hierarchy.server.clone());
        let repository = Repository::start_over(packet_keys(&test), test.clock.now(), tls).await;
        into(&test, &repository).await;
        test.push(&bytes(&case("MTLS-1")), &[]).await;
        let told = attempts(&test, 1).await;
        if identified {
            assert_eq!(told["attempts"][0]["status"], 201, "{told}");
            assert_eq!(repository.read().len(), 1);
        } else {
            assert_eq!((&told["attempts"][0]["fault"], repository.requests()), (&json!("network"), 0), "{told}");
        }
        test.stop().await;
    }
}
