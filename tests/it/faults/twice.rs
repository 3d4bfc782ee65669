//! The same thing many times at once: one effect, whoever comes first.

use std::collections::BTreeSet;

use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::TestGateway;
use futures_util::future::join_all;

use super::say;

const AT_ONCE: usize = 50;
const ROUNDS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_equal_pushes_at_once_have_one_effect_round_after_round() {
    let test = TestGateway::start_without_limits().await;
    let mut answered = [0, 0];
    for round in 0..ROUNDS {
        let (name, key) = (format!("SAME-{round}"), format!("same-{round}"));
        let (body, keyed) = (bytes(&case(&name)), bytes(&case(&format!("KEYED-{round}"))));
        let condition = format!("identifier={name}");
        let condition = [("if-none-exist", condition.as_str())];
        let key = [("idempotency-key", key.as_str())];
        let conditional = join_all((0..AT_ONCE).map(|_| test.push(&body, &condition))).await;
        let repeated = join_all((0..AT_ONCE).map(|_| test.push(&keyed, &key))).await;
        for answers in [conditional, repeated] {
            let mut claims = BTreeSet::new();
            for answer in answers {
                match answer.status.as_u16() {
                    201 => answered[0] += 1,
                    200 => answered[1] += 1,
                    other => panic!("{other}: {}", String::from_utf8_lossy(&answer.body)),
                }
                claims.insert(answer.header("claimgate-claim-id").unwrap_or_default().to_owned());
            }
            assert_eq!(claims.len(), 1, "round {round}: {claims:?}");
        }
    }
    let counts = test.counts().await;
    let effects = i64::try_from(2 * ROUNDS).unwrap();
    assert_eq!((counts.claims, counts.packets), (effects, effects));
    let [created, found] = answered;
    say(format_args!(
        "{AT_ONCE} at once, {ROUNDS} rounds: {created} answers 201, {found} answers 200, {effects} claims"
    ));
    test.stop().await;
}
