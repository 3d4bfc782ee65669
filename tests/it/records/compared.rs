//! Record requests (病歷調閱): what came is held against what was there; an application as the consent.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_came_is_held_against_what_the_insurer_had() {
    let test = started().await;
    let (hospital, life) = (&test.world.hospital, &test.life().client);
    // The claim as it was pushed: certificate and receipt of the stay.
    assert_eq!(push_as(hospital, &bytes(&case("RECORDS-14")), &[]).await.status, 201);
    let (held, _) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let mut body = of_life(&test, &["hospital-demo"]);
    body["hospitals"][0]["documents"] = json!([{ "kind": "discharge-summary" }]);
    let (record_id, requests) = made(&ask(life, &body).await);
    approve(hospital, &requests[0]).await;
    let mut summary = record("RECORDS-15", "18842-5");
    let stay = resource(&mut summary, "Encounter");
    let end = stay["period"]["end"].as_str().unwrap().to_owned();
    stay["period"]["end"] = json!(end.replace("2026-08-03", "2026-08-02"));
    assert_ne!(stay["period"]["end"], json!(end));
    assert_eq!(give(hospital, &requests[0], &summary).await.status, 201);
    let path = format!("/insurer/v1/record-requests/{record_id}/comparison");
    // Nothing is told of a paper before it was fetched.
    let early = ok(&get(life, &path).await);
    assert_eq!((&early["findings"], &early["counts"]["differs"]), (&json!([]), &json!(0)));
    let (answer, _) = open_all(test.life(), held.position, test.clock.now()).await.pop().unwrap();
    let compared = ok(&get(life, &path).await);
    let findings = compared["findings"].as_array().unwrap();
    let of = |subject: &str| -> Vec<&str> {
        let about = findings
            .iter()
            .filter(|one| one["subject"] == subject && one["other"]["evidence"] == "diagnosis-certificate");
        about.map(|one| one["outcome"].as_str().unwrap()).collect()
    };
    assert_eq!(
        (of("first-day"), of("last-day"), of("diagnosis")),
        (vec!["agrees"], vec!["differs"], vec!["agrees"]),
        "{compared}"
    );
    let first = &findings[0];
    assert_eq!(first["outcome"], json!("differs"));
    assert_eq!((&first["one"]["from"], &first["one"]["delivery_id"]), (&json!("answer"), &json!(answer.id)));
    assert_eq!((&first["one"]["values"], &first["other"]["values"]), (&json!(["2026-08-02"]), &json!(["2026-08-03"])));
    assert_eq!(first["other"]["delivery_id"], json!(held.id));
    assert_eq!(get(&test.nonlife().client, &path).await.status, 404);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patients_application_at_the_gateway_is_a_consent_too() {
    let test = started().await;
    let basis = ConsentBasis::Patient { reference: "院內申請合作契約 115-11".to_owned() };
    must(test.world.gateway.app.engine.set_consent(&"hospital-demo".parse().unwrap(), Some(basis)).await);
    let mut application = crate::application::application("RECORDS-16");
    application["recipients"][0]["without"] = json!(["medical-record"]);
    let applied = ok(&crate::application::apply(&test, &application).await);
    let mut body = of_life(&test, &["hospital-demo"]);
    let consent = body["consent"].as_object_mut().unwrap();
    consent.remove("file");
    consent.insert("application".to_owned(), applied["id"].clone());
    let life = &test.life().client;
    let left_out = is(422, "records.beyond-consent", "/hospitals/0/documents/2/kind");
    assert_eq!(said(&ask(life, &body).await), left_out);
    body["hospitals"][0]["documents"].as_array_mut().unwrap().pop();
    let (_, requests) = made(&ask(life, &body).await);
    let hospital = &test.world.hospital;
    assert_eq!(get(hospital, &format!("/hospital/v1/requests/{}/consent", requests[0])).await.status, 404);
    approve(hospital, &requests[0]).await;
    assert_eq!(give(hospital, &requests[0], &case("RECORDS-17")).await.status, 201);
    assert_eq!(
        open_all(test.life(), 0, test.clock.now()).await.len(),
        1,
        "on this consent, whatever the hospital's basis"
    );
    // Of another insurer, or taken back, it is none.
    let mut nonlife = body.clone();
    nonlife["consent"]["insurer"] = json!(test.nonlife().client.id());
    nonlife["line"] = json!(Line::HealthReimbursement);
    assert_eq!(ask(&test.nonlife().client, &nonlife).await.status, 422);
    crate::application::withdraw(&test, applied["id"].as_str().unwrap(), test.life().client.id()).await;
    let gone = is(422, "records.beyond-consent", "/consent/application");
    assert_eq!(said(&ask(life, &body).await), gone);
    test.stop().await;
}
