//! A wallet of other people against the running gateway: @openid4vc/openid4vp reads the request, @sd-jwt/sd-jwt-vc presents,
//! jose encrypts. The gateway answers it as it answers its own.

use claimgate_gateway::clock::Clock;
use claimgate_gateway::sandbox::issuer::Order;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_tests::gateway::must;
use serde_json::{Map, Value, json};

use crate::interop::kit;
use crate::wallets::{Desk, NUMBER, VCT, link};

#[tokio::test(flavor = "multi_thread")]
async fn the_npm_wallet_goes_through_a_whole_session() {
    // The library compares the request's end with the machine's clock.
    let clock = Clock::system();
    for (client, prefix, enc) in [("x509_hash", "x509_hash", "A256GCM"), ("x509_san_dns", "x509_san_dns", "A128GCM")] {
        let desk = Desk::at(clock.clone(), &[("CLAIMGATE_WALLET__CLIENT", client)]).await;
        let now = desk.test.clock.now();
        let holder = must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now));
        let claims = json!({ "name": "陳筱玲", "id_number": NUMBER, "classes": ["普通小型車"], "address": "臺北市" });
        let claims: Map<String, Value> = claims.as_object().unwrap().clone();
        let private = holder.to_json();
        let bare = json!({ "kty": "EC", "crv": "P-256", "x": private["x"], "y": private["y"] });
        let order = Order { vct: VCT, claims: &claims, clear: None, holder: &bare, index: Some(7) };
        let credential = must(desk.issuer.issue(&order, now));

        let consent = json!({ "what": ["駕照"], "with": ["平安產物"], "for": "車險理賠申請" });
        let session = desk.ask(json!({ "consent": consent })).await;
        let door = desk.test.world.gateway.base_url().to_owned();
        let asked = json!({
            "credential": credential, "holder": private, "now": now.as_second(), "enc": enc,
            "show": ["name", "id_number", "classes"],
        });
        let arguments = [link(&session).to_owned(), door];
        let printed = tokio::task::spawn_blocking(move || {
            kit().prints("mjs", "openid4vp", &[&arguments[0], &arguments[1]], &asked.to_string())
        });
        let printed: Value = serde_json::from_str(&printed.await.unwrap()).unwrap();
        println!("{printed}");
        assert_eq!((&printed["prefix"], &printed["version"]), (&json!(prefix), &json!(100)));
        assert_eq!((&printed["responseMode"], &printed["status"]), (&json!("direct_post.jwt"), &json!(200)));
        let read = desk.read(&session, "").await;
        assert_eq!((&read["state"], &read["surplus"]), (&json!("verified"), &json!([])), "{read}");
        assert_eq!(read["claims"], json!(["id_number", "licence_classes", "name"]));
        desk.test.stop().await;
    }
}
