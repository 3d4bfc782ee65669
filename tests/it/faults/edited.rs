//! Somebody edits the database behind the gateway's back.

use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, must};

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_line_is_named_and_a_missing_one_noticed() {
    let test = TestGateway::start().await;
    assert_eq!(test.push(&bytes(&case("EDITED-1")), &[]).await.status, 201);
    let store = &test.world.gateway.app.engine.store;
    must(store.sequence().await);
    let lines = must(must(store.check_audit().await).map_err(|position| format!("line {position}")));
    assert!(lines > 4, "{lines}");
    let kept = test.kept();
    assert_eq!(kept.run("update audit set subject = subject || 'x' where position = 3").await, 1);
    assert_eq!(must(store.check_audit().await), Err(3));
    assert_eq!(
        kept.run("update audit set subject = substr(subject, 1, length(subject) - 1) where position = 3").await,
        1
    );
    assert_eq!(must(store.check_audit().await), Ok(lines));
    assert_eq!(kept.run("delete from audit where position = (select max(position) from audit)").await, 1);
    assert_eq!(must(store.check_audit().await), Err(lines));
    test.stop().await;
}
