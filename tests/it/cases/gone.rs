//! A case goes with the last of its claims, and a draft that nothing became of when its time is over.

use super::*;
use crate::retention::operate;

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_with_its_last_claim_and_an_unused_draft_when_its_time_is_over() {
    let test = TestGateway::start().await;
    let own = motor(&test, "motor-own", "34900001", &[Line::MotorDamage]).await;
    let other = motor(&test, "motor-other", "34900002", &[Line::MotorCompulsory]).await;
    let client = &test.world.app;
    let path = opened(client, "GONE").await;
    let photo = files::uploaded(client, "image/jpeg", &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3, 4]).await;
    saved(client, &path, &half("ABC-1234", "XYZ-9999", "motor-own")).await;
    saved(
        client,
        &path,
        &[
            ("file.photo", json!({ "upload": photo, "kind": "damage-photo" })),
            ("claim.own", json!({ "kind": "own-damage", "insurer": "motor-own", "claimant": "me" })),
            ("claim.hurt", json!({ "kind": "injury-compulsory", "insurer": "motor-other", "claimant": "me" })),
        ],
    )
    .await;
    let seen = sent(client, &path, &["own", "hurt"], "now").await;
    let mut ids = Vec::new();
    for (key, to) in [("own", &own), ("hurt", &other)] {
        let id = claim(&seen, key)["claim_id"].as_str().unwrap().to_owned();
        packet(&test, to, &id, |_| true).await;
        for envelope in must(insurer::pull(&to.client, 0, 1).await) {
            let status = format!("/insurer/v1/submissions/{}/status", envelope.submission_id);
            assert_eq!(post(&to.client, &status, &json!({ "state": "closed", "number": "N-1" })).await.status, 200);
        }
        ids.push(id);
    }
    let erase = |id: &str| {
        let (exit, said, heard) = operate(test.folder(), &["erase", id, "--ground", "request", "--as", "alice"], &[]);
        assert!(exit == 0 && said.contains("erased"), "{said} {heard}");
    };
    let kept = test.kept();
    erase(&ids[0]);
    assert_eq!(
        read(&get(client, &path).await, 200)["fields"]["vehicle.plate"]["value"],
        "ABC-1234",
        "one claim is left"
    );
    erase(&ids[1]);
    assert_eq!(get(client, &path).await.status, 404);
    for sql in [
        "select count(*) from motor_case where length(body) > 0",
        "select count(*) from case_file",
        "select count(*) from case_claim",
        "select count(*) from claim_key",
    ] {
        assert_eq!(kept.number(sql).await, 0, "{sql}");
    }

    // Two drafts: one of them of long ago.
    let (old, new) = (opened(client, "OLD").await, opened(client, "NEW").await);
    saved(client, &old, &[("remarks", json!("舊"))]).await;
    let aged = "update motor_case set changed_at = changed_at - 17280000000 where version > 1 and length(body) > 0";
    assert_eq!(kept.run(aged).await, 1);
    let settings = [("CLAIMGATE_RETENTION__APPLICATION_DAYS", "180")];
    let (exit, said, heard) = operate(test.folder(), &["retention", "run", "--as", "alice"], &settings);
    assert!(exit == 0 && said.contains("1 drafts of cases"), "{said} {heard}");
    assert_eq!((get(client, &old).await.status.as_u16(), get(client, &new).await.status.as_u16()), (404, 200));
    assert_eq!(kept.number("select count(*) from claim_key").await, 1);
    test.stop().await;
}
