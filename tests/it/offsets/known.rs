//! What an insurer learns of the others by time: nothing.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_learns_nothing_of_the_day_another_promised_until() {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let id = begun(&test, "OFFSET-10", 1_000).await;
    let until =
        |minutes| json!({ "amount": "400", "expires_at": test.clock.now() + SignedDuration::from_mins(minutes) });
    let (soon, later) = (until(2), until(4));
    assert_eq!(said(&insurer(nonlife, &id, "promise", soon.clone()).await), is(200, "promised"));
    assert_eq!(said(&insurer(life, &id, "promise", later.clone()).await), is(200, "promised"));
    let own = async |client: &PartyClient| {
        let told = get(client, &format!("/insurer/v1/offsets/{id}")).await.json("offset").unwrap();
        let steps = told["history"].as_array().unwrap().iter().map(|one| one["step"].as_str().unwrap().to_owned());
        (told["on_turn"][0]["by"].clone(), steps.collect::<Vec<_>>())
    };
    assert_eq!(own(nonlife).await, (soon["expires_at"].clone(), vec!["open".to_owned(), "promise".to_owned()]));
    assert_eq!(own(life).await, (later["expires_at"].clone(), vec!["open".to_owned(), "promise".to_owned()]));
    // It expires: its own insurer reads that, the hospital too, the other one nothing but that the case came on.
    test.clock.advance(Duration::from_secs(121));
    assert_eq!(expired(&test, &id, "promised").await["history"][3]["party"], json!(nonlife.id()));
    assert_eq!(own(nonlife).await.1, ["open", "promise", "time"]);
    assert_eq!(own(life).await, (later["expires_at"].clone(), vec!["open".to_owned(), "promise".to_owned()]));
    let told = "select count(*) from timeline where event = 'offset.step' and parameters like '%\"step\":\"time\"%'
        and audience_role = 'insurer'";
    assert_eq!(test.kept().number(told).await, 1);

    // How long it took is measured from one's own promise.
    let id = begun(&test, "OFFSET-11", 1_000).await;
    assert_eq!(said(&insurer(nonlife, &id, "promise", promise(&test, "500")).await), is(200, "promised"));
    test.clock.advance(Duration::from_mins(1));
    assert_eq!(said(&insurer(life, &id, "promise", promise(&test, "500")).await), is(200, "promised"));
    let given = hospital(&test, &id, "instruction", instruction(&test, "insured")).await;
    assert_eq!(said(&given), is(200, "instructed"));
    assert_eq!(said(&hospital(&test, &id, "accept", json!({})).await), is(200, "accepted"));
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "1000")).await), is(200, "billed"));
    for (client, reference) in [(life, "T-11"), (nonlife, "N-11")] {
        assert_eq!(insurer(client, &id, "settle", money("500", reference)).await.status, 200);
    }
    for (client, side, seconds) in
        [(life, "insurer", 0), (nonlife, "insurer", 60), (&test.world.hospital, "hospital", 60)]
    {
        let told = get(client, &format!("/{side}/v1/turnaround")).await.json("own").unwrap();
        let steps = told["steps"].as_array().unwrap();
        let settled = steps.iter().find(|one| one["step"] == "offset-settled").unwrap();
        assert_eq!((&settled["count"], &settled["p50_seconds"]), (&json!(1), &json!(seconds)), "{told}");
    }
    test.stop().await;
}
