//! The kit a bureau runs, as a process of its own behind the made-up platform.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::Duration;

use claimgate_gateway::flows::mydata;
use claimgate_tests::gateway::must;
use claimgate_tests::shared::binary;
use serde_json::{Value, json};

use super::{Desk, OTHER, PERSON, SLIP};

/// A program that ends with its story.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bureau_hands_its_papers_over_by_the_kit() {
    let desk = Desk::open().await;
    let platform = &desk.platform;
    let (certificate, key) = platform.portal.bureau().identity();
    platform.write("bureau/bureau.pem", certificate);
    platform.write("bureau/bureau.key", key);
    platform.write("bureau/secret", "resource-secret\n");
    let slip = json!({
        "number": "11509A0001", "occurrence": { "on": "2026-09-01", "place": { "text": "示範路1號前" } },
        "unit": { "name": "示範分局" }, "parties": [{ "order": 1, "plate": "ABC-1234" }]
    });
    platform.write("bureau/cases/11509A0001/slip.json", &slip.to_string());
    platform.write("bureau/cases/11509A0001/聯單.pdf", "%PDF-1.7 made up");
    platform.write("bureau/cases/11509A0001/persons", &format!("{OTHER}\n{PERSON}\n"));
    let door = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = platform.files.path().join("bureau");
    let file = |name: &str| Value::from(folder.join(name).display().to_string());
    let settings = format!(
        "listen = \"{door}\"\nplatform = \"{}\"\nresource_id = \"{SLIP}\"\nresource_secret_file = {}\ncertificate = {}\n\
         key = {}\ncases = {}\nverifications = [\"CER\"]\nallow_loopback = true\n",
        platform.place,
        file("secret"),
        file("bureau.pem"),
        file("bureau.key"),
        file("cases")
    );
    let settings = platform.write("bureau/bureau.toml", &settings);
    let kit = Command::new(binary()).args(["mydata", "provider", "serve", "--config", &settings]).spawn();
    let _kit = Running(kit.unwrap());
    let address = format!("http://{door}/");
    for _ in 0..100 {
        if desk.http.get(&address).send().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Who is not the platform gets nothing.
    let call = |token: &'static str| {
        let asked = desk.http.get(&address).header("authorization", token);
        async move { asked.send().await.unwrap().status().as_u16() }
    };
    for token in ["Bearer mydata::made-up", "Bearer mydata::", "Bearer x", "Basic eDp5", "Bearer mydata::a b"] {
        assert_eq!(call(token).await, 401, "{token}");
    }
    platform.portal.provide(SLIP, &address);
    let begun = desk.ask(json!({ "datasets": ["slip"] })).await;
    desk.says(&begun, json!({})).await;
    let read = desk.until(&begun, "verified").await;
    assert_eq!(read["datasets"][0]["provider"], "CN=Sandbox bureau");
    let id = begun["transaction_id"].as_str().unwrap().parse().unwrap();
    let proved = must(mydata::documents(&desk.test.world.gateway.app.engine, id).await);
    assert_eq!(proved[0].documents[0].to_json().unwrap(), slip);
    assert_eq!((proved[0].files.len(), proved[0].files[0].name.as_str()), (1, "聯單.pdf"), "not the list of persons");
    // A second case, and a person of none.
    platform.write("bureau/cases/11509A0002/slip.json", "{}");
    platform.write("bureau/cases/11509A0002/persons", PERSON);
    for person in [PERSON, "B123456780"] {
        let begun = desk.ask(json!({ "datasets": ["slip"], "person": person })).await;
        desk.says(&begun, json!({})).await;
        assert_eq!(desk.until(&begun, "unavailable").await["datasets"][0]["code"], "204", "{person}");
    }
    desk.test.stop().await;
}
