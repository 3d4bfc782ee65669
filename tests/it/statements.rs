//! Statements: a day balances to zero or lists each difference, for both sides, over HTTP and at the command line, and a
//! day that is over does not change.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_tests::gateway::{get, must};
use claimgate_tests::shared::binary;
use claimgate_tests::{TestGateway, database};
use serde_json::{Value, json};

use crate::decisions::{correcting, decision, report, said, submission};
use crate::payments::{back, entry, pay, payment};

async fn statement(client: &PartyClient, side: &str, date: &str) -> Value {
    let answer = get(client, &format!("/{side}/v1/statements/{date}")).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json("statement").unwrap()
}

async fn next_day(test: &mut TestGateway) {
    test.clock.advance(Duration::from_hours(24));
    must(test.world.insurers[0].client.authenticate().await);
    must(test.world.hospital.authenticate().await);
}

fn sums(of: &Value) -> Vec<&str> {
    ["opening", "decided", "reversed", "paid", "came_back", "closing"].map(|name| of[name].as_str().unwrap()).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_balances_or_lists_each_difference_and_never_changes_after() {
    let mut test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let (one, two, three) =
        (submission(&test, "BOOKS-1").await, submission(&test, "BOOKS-2").await, submission(&test, "BOOKS-3").await);
    let ok =
        |answer: &claimgate_gateway::sandbox::client::Answer| assert_eq!(said(answer).0, 200, "{}", said(answer).1);
    // Monday: one is decided and paid, one decided, one paid ahead of its decision.
    ok(&report(&test, &one, "accepted", Some(decision(1_500))).await);
    let paid = pay(&test, &one, &payment("final", "1500", "T-1")).await;
    ok(&paid);
    ok(&report(&test, &two, "partly-accepted", Some(decision(1_200))).await);
    let mut ahead = payment("provisional", "300.50", "T-2");
    ahead["ahead_of_decision"] = json!(true);
    ok(&pay(&test, &three, &ahead).await);
    let monday = statement(&test.life().client, "insurer", "2026-11-23").await;
    assert_eq!((&monday["complete"], &monday["balances"]), (&json!(false), &json!(false)));
    assert_eq!(sums(&monday["total"]), ["0", "2700", "0", "1800.50", "0", "899.50"]);
    let account = monday["accounts"].as_object().unwrap().values().next().unwrap();
    let mut differences: Vec<(&str, &str, &str)> = account["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["submission_id", "kind", "amount"].map(|name| one[name].as_str().unwrap()).into())
        .collect();
    differences.sort_by_key(|(_, kind, _)| *kind);
    assert_eq!(
        differences,
        [(two.as_str(), "decided-unpaid", "1200"), (three.as_str(), "paid-without-decision", "-300.50")]
    );
    // The hospital reads the same sums against the insurer's name.
    let theirs = statement(&test.world.hospital, "hospital", "2026-11-23").await;
    assert_eq!((&theirs["total"], theirs["accounts"].as_object().unwrap().len()), (&monday["total"], 1));
    assert!(theirs["accounts"].get(test.life().client.id()).is_some());
    // Another insurer has no part in it.
    let other = statement(&test.nonlife().client, "insurer", "2026-11-23").await;
    assert_eq!((&other["accounts"], &other["balances"]), (&json!({}), &json!(true)));

    // Tuesday: the bank gives back, a correction, everything is paid.
    next_day(&mut test).await;
    ok(&pay(&test, &one, &back("returned", "1500", "T-3", &entry(&paid))).await);
    ok(&pay(&test, &one, &payment("final", "1500", "T-4")).await);
    ok(&report(&test, &two, "partly-accepted", Some(correcting(1_100, 1))).await);
    ok(&pay(&test, &two, &payment("final", "1100", "T-5")).await);
    let mut small = decision(0);
    (small["claimed"], small["accepted"], small["declined"]) = (json!("300.50"), json!("300.50"), json!("0"));
    small["lines"] = json!([{ "item": "門診手術", "claimed": "300.50", "accepted": "300.50", "declined": "0" }]);
    ok(&report(&test, &three, "accepted", Some(small)).await);
    let tuesday = statement(&test.life().client, "insurer", "2026-11-24").await;
    assert_eq!(sums(&tuesday["total"]), ["899.50", "1400.50", "1200", "2600", "1500", "0"]);
    assert_eq!((&tuesday["balances"], &tuesday["total"]["closing"]), (&json!(true), &json!("0")));

    // Monday is as it was, but for being over; Wednesday opens with nothing.
    next_day(&mut test).await;
    let again = statement(&test.life().client, "insurer", "2026-11-23").await;
    assert_eq!(
        (&again["complete"], &again["accounts"], &again["total"]),
        (&json!(true), &monday["accounts"], &monday["total"])
    );
    let wednesday = statement(&test.life().client, "insurer", "2026-11-25").await;
    assert_eq!((&wednesday["accounts"], &wednesday["balances"]), (&json!({}), &json!(true)));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_comes_as_a_table_and_what_is_no_day_is_refused() {
    let test = TestGateway::start().await;
    let id = submission(&test, "BOOKS-4").await;
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await).0, 200);
    let client = &test.life().client;
    let today = claimgate_gateway::core::ledger::day(test.clock.now());
    let answer = get(client, &format!("/insurer/v1/statements/{today}?format=csv")).await;
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let table = String::from_utf8(answer.body).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|row| row.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{table}");
    let kinds: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(kinds, ["row", "account", "difference", "total"]);
    assert_eq!((rows[2][4], rows[2][7], rows[2].last()), (id.as_str(), "decided-unpaid", Some(&"1500")));
    // The same at the command line, and by its exit code that it does not balance.
    let mut command = std::process::Command::new(binary());
    command.args(["statement", "--csv", client.id(), &today.to_string()]);
    command.env("CLAIMGATE_GATEWAY__DATA_DIR", test.folder()).envs(database::settings(test.folder()));
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), table.trim_end());
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    let told = |answer: claimgate_gateway::sandbox::client::Answer| said(&answer);
    for (path, status, code) in [
        ("2026-13-01".to_owned(), 400, "query.invalid"),
        ("yesterday".to_owned(), 400, "query.invalid"),
        (today.tomorrow().unwrap().to_string(), 404, "statement.not-yet"),
        ("2020-01-01".to_owned(), 404, "statement.too-old"),
        (format!("{today}?format=pdf"), 400, "query.invalid"),
        (format!("{today}?day=1"), 400, "query.invalid"),
    ] {
        let (had, word, _) = told(get(client, &format!("/insurer/v1/statements/{path}")).await);
        assert_eq!((had, word.as_str()), (status, code), "{path}");
    }
    test.stop().await;
}
