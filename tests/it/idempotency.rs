//! The same again gives the same answer and one packet; other content gives the next revision.

use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{TestGateway, codes, must, open_all, pull_all};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_twice_are_one_claim_one_packet_one_answer() {
    let test = TestGateway::start().await;
    let body = bytes(&case("SAME-1"));
    let first = test.push(&body, &[]).await;
    let counts = test.counts().await;
    let second = test.push(&body, &[]).await;
    assert_eq!((first.status, second.status), (201.try_into().unwrap(), 201.try_into().unwrap()));
    for header in ["location", "etag", "claimgate-claim-id", "claimgate-tracking-code"] {
        assert_eq!(first.header(header), second.header(header), "{header}");
    }
    assert_eq!(first.body, second.body);
    assert_eq!(test.counts().await, counts);
    assert_eq!((counts.claims, counts.packets, counts.deliveries), (1, 1, 2));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_answers_the_same_body_again_and_refuses_another() {
    let test = TestGateway::start().await;
    let key = [("idempotency-key", "a1b2c3d4")];
    let first = test.push(&bytes(&case("KEY-1")), &key).await;
    let again = test.push(&bytes(&case("KEY-1")), &key).await;
    assert_eq!(first.header("location"), again.header("location"));
    let counts = test.counts().await;
    let other = test.push(&bytes(&case("KEY-2")), &key).await;
    assert_eq!(other.status, 422);
    assert_eq!(codes(&other.json("outcome").unwrap()), ["idempotency.key-reused"]);
    assert_eq!(test.counts().await, counts);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn if_none_exist_leaves_a_known_case_unchanged() {
    let test = TestGateway::start().await;
    let mut bundle = case("COND-1");
    let first = test.push(&bytes(&bundle), &[]).await;
    let system = bundle["identifier"]["system"].as_str().unwrap().to_owned();
    resource(&mut bundle, "Condition")["note"] = json!([{ "text": "複診後更新" }]);
    let condition = format!("identifier={system}|COND-1");
    let again = test.push(&bytes(&bundle), &[("if-none-exist", &condition)]).await;
    assert_eq!(again.status, 200);
    assert_eq!(first.header("claimgate-claim-id"), again.header("claimgate-claim-id"));
    assert_eq!(again.header("etag"), Some("W/\"1\""));
    let key =
        [("if-none-exist", "identifier=COND-1"), ("idempotency-key", "cond"), ("prefer", "return=representation")];
    let matched = test.push(&bytes(&bundle), &key).await;
    assert_eq!((matched.status.as_u16(), matched.header("etag")), (200, Some("W/\"1\"")), "a value fits in any system");
    assert_eq!(test.push(&bytes(&case("COND-2")), &[("idempotency-key", "cond")]).await.status, 422);
    assert_eq!(test.push(b"x", &[("if-none-exist", "patient=1")]).await.status, 400);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_is_the_next_revision_for_those_whose_share_changed() {
    let test = TestGateway::start().await;
    let mut bundle = case("REV-1");
    let first = test.push(&bytes(&bundle), &[]).await;
    let before = open_all(test.life(), 0, test.clock.now()).await;

    // Laboratory results go to the life insurer only: the other's share is unchanged.
    resource(&mut bundle, "Observation")["note"] = json!([{ "text": "複驗" }]);
    let second = test.push(&bytes(&bundle), &[]).await;
    assert_eq!((second.status.as_u16(), second.header("etag")), (201, Some("W/\"2\"")));
    assert_eq!(first.header("claimgate-claim-id"), second.header("claimgate-claim-id"));
    let life = open_all(test.life(), 1, test.clock.now()).await;
    let (envelope, opened) = life.first().unwrap();
    assert_eq!((envelope.position, envelope.revision, opened.recipient.revision), (2, 2, 2));
    assert_eq!(opened.recipient.supersedes.as_ref(), before.first().map(|(_, opened)| &opened.packet_id));
    assert_eq!(must(insurer::pull(&test.nonlife().client, 0, 0).await).len(), 1);

    // The certificate goes to both.
    resource(&mut bundle, "Condition")["note"] = json!([{ "text": "宜休養兩週" }]);
    let third = test.push(&bytes(&bundle), &[]).await;
    assert_eq!(third.header("etag"), Some("W/\"3\""));
    let nonlife = open_all(test.nonlife(), 1, test.clock.now()).await;
    assert_eq!(nonlife.first().unwrap().1.recipient.revision, 2);

    // The very first bytes again: the answer they got, no new revision.
    let old = test.push(&bytes(&case("REV-1")), &[]).await;
    assert_eq!(old.header("location"), first.header("location"));
    assert_eq!(test.counts().await.packets, 3);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_needs_put_and_the_present_etag() {
    let test = TestGateway::start().await;
    let original = bytes(&case("BACK-1"));
    let mut changed = case("BACK-1");
    resource(&mut changed, "Condition")["note"] = json!([{ "text": "誤植" }]);
    let first = test.push(&original, &[("idempotency-key", "back")]).await;
    test.push(&bytes(&changed), &[]).await;
    let location = first.header("location").unwrap().to_owned();
    let base = test.world.gateway.base_url().to_owned();
    let path = location.strip_prefix(&base).unwrap().split("/_history/").next().unwrap().to_owned();
    let put = async |etag: Option<&str>, body: &[u8]| {
        let mut headers = vec![("content-type", "application/fhir+json"), ("prefer", "return=OperationOutcome")];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        must(test.world.hospital.call(Method::PUT, &path, &headers, body.to_vec()).await)
    };
    assert_eq!(put(None, &original).await.status, 428);
    assert_eq!(put(Some("W/\"1\""), &original).await.status, 412);
    assert_eq!(put(Some("W/\"2\""), &bytes(&case("BACK-2"))).await.status, 422);
    // The key of the POST is another key here: it belongs to method and condition too. Under it the PUT repeats.
    let headers = [("content-type", "application/fhir+json"), ("if-match", "W/\"2\""), ("idempotency-key", "back")];
    for _ in 0..2 {
        let back = must(test.world.hospital.call(Method::PUT, &path, &headers, original.clone()).await);
        assert_eq!((back.status.as_u16(), back.header("etag")), (200, Some("W/\"3\"")));
    }
    let life = pull_all(&test.life().client, 3).await;
    assert_eq!(life.iter().map(|envelope| envelope.revision).collect::<Vec<_>>(), [1, 2, 3]);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_are_one_claim() {
    let test = TestGateway::start().await;
    let body = bytes(&case("RACE-1"));
    let pushes = (0..20).map(|_| test.push(&body, &[("idempotency-key", "race")]));
    let answers = futures_util::future::join_all(pushes).await;
    let first = answers.first().unwrap().header("location").unwrap();
    for answer in &answers {
        assert_eq!(answer.status, 201);
        assert_eq!(answer.header("location").unwrap(), first);
    }
    let counts = test.counts().await;
    assert_eq!((counts.claims, counts.packets, counts.deliveries), (1, 1, 2));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_holds_against_those_who_come_at_the_same_time() {
    let test = TestGateway::start().await;
    for round in 0..5 {
        let name = format!("COND-RACE-{round}");
        let bodies: Vec<Vec<u8>> = (0..8)
            .map(|number| {
                let mut bundle = case(&name);
                resource(&mut bundle, "Condition")["note"] = json!([{ "text": format!("{number}") }]);
                bytes(&bundle)
            })
            .collect();
        let condition = format!("identifier=https://hospital.example/case|{name}");
        let headers = [("if-none-exist", condition.as_str())];
        let pushes = bodies.iter().map(|body| test.push(body, &headers));
        let answers = futures_util::future::join_all(pushes).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!((made, answers.iter().filter(|answer| answer.status == 200).count()), (1, 7));
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_at_once_are_all_kept_in_one_gapless_order() {
    let test = TestGateway::start().await;
    let bodies: Vec<Vec<u8>> = (0..12)
        .map(|number| {
            let mut bundle = case("RACE-2");
            resource(&mut bundle, "Condition")["note"] = json!([{ "text": format!("第 {number} 版") }]);
            bytes(&bundle)
        })
        .collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| test.push(body, &[]))).await;
    let mut etags: Vec<String> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 201);
            answer.header("etag").unwrap_or_default().to_owned()
        })
        .filter(|etag| !etag.is_empty())
        .collect();
    etags.sort();
    etags.dedup();
    let kept = i64::try_from(etags.len()).unwrap();
    let listed = pull_all(&test.life().client, etags.len()).await;
    let revisions: Vec<i64> = listed.iter().map(|envelope| envelope.revision).collect();
    assert_eq!(revisions, (1..=kept).collect::<Vec<_>>());
    assert_eq!(listed.iter().map(|envelope| envelope.position).collect::<Vec<_>>(), (1..=kept).collect::<Vec<_>>());
    test.stop().await;
}
