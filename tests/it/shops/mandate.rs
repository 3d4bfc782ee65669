//! A shop under a mandate that is recorded here: when that ends, by whatever way, the shop is out from its next call on.

use claimgate_adapters::wallet::key::PublicKey;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::shop::step;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{NewParty, get, must, post};
use serde_json::{Value, json};

use super::{FIRST, UBN_A, filed, refused, shop, today};
use crate::mandates::{OWNER, bare, given, issued, mandate, person};
use crate::wallets::Desk;

/// Records a mandate of the owner to a shop, and gives its id.
async fn recorded(desk: &Desk, client: &PartyClient, id: &str) -> String {
    let thumbprint = PublicKey::from_jwk(&client.key().public().to_json()).unwrap().thumbprint();
    let to = json!({ "entity": "legal", "role": "shop", "key_thumbprint": thumbprint });
    let powers = json!({ "powers": ["inspect_vehicle"] });
    let text = issued(desk, &mandate(id, &person(OWNER), &to, &powers), &bare(client.key()), None);
    let body = json!({ "mandate": text, "purpose": "motor-claim" });
    let answer = post(&desk.test.world.app, "/mandates/v1/records", &body).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    must(answer.json("recorded"))["mandate_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_mandate_that_ends_puts_the_shop_out() {
    let desk = Desk::open(&[]).await;
    let test = &desk.test;
    let lines = vec![Line::MotorDamage];
    test.register(NewParty { id: "motor-1", role: Role::Insurer, number: "34900001", lines, consent: false }).await;
    let client = shop(test, "shop-a", UBN_A).await;
    let claim = filed(test, "APP-1", &[("motor-1", Line::MotorDamage)]).await;
    let path = format!("/claims/v1/accidents/{claim}/shops");
    let operator = test.operator("alice").await;
    for (number, died) in [("3f0c0d3e", false), ("4f0c0d3e", true)] {
        let mandate = recorded(&desk, &client, number).await;
        let invitation = json!({ "shop": "shop-a", "purpose": "repair", "mandate": mandate });
        let invited = post(&test.world.app, &path, &invitation).await;
        assert_eq!(invited.status, 201, "{}", String::from_utf8_lossy(&invited.body));
        let job: Value = must(invited.json("job"));
        let id = job["repair_id"].as_str().unwrap();
        must(shop::begin(&client, id, today(test), &FIRST).await);
        if died {
            let end = json!({ "died": given(OWNER) });
            assert_eq!(post(&operator, "/operator/v1/mandate-ends", &end).await.status, 204);
        } else {
            let revoke = format!("/mandates/v1/records/{mandate}/revoke");
            assert_eq!(post(&test.world.app, &revoke, &json!({})).await.status, 204);
        }
        refused(&get(&client, &format!("/shops/v1/jobs/{id}")).await, 403, "repair.mandate-ended");
        refused(&must(step(&client, id, "accept", &json!({})).await), 403, "repair.mandate-ended");
        let listed = must(shop::jobs(&client).await);
        let listed = listed.iter().find(|one| one["repair_id"] == id).unwrap();
        assert_eq!((&listed["out"], listed.get("claim_id")), (&json!(true), None));
        // Nobody is invited under it any more.
        assert_eq!(post(&test.world.app, &format!("{path}/{id}/withdraw"), &json!({})).await.status, 200);
        refused(&post(&test.world.app, &path, &invitation).await, 422, "repair.mandate");
    }
    desk.test.stop().await;
}
