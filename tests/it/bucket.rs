//! Larger files in a bucket: another server that speaks S3 (moto), where it is away, and where the bucket is not there.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_tests::bundles::bytes;
use claimgate_tests::gateway::{TestGateway, get, must, open_all, pull_all};
use claimgate_tests::kit::Kit;
use reqwest::Method;
use serde_json::json;

use crate::uploads::{MIB, append, begin, offset, photo, referring, refused};

const BUCKET: &str = "claims";

fn kit() -> &'static Kit {
    static KIT: OnceLock<Kit> = OnceLock::new();
    KIT.get_or_init(|| Kit::install("s3", Path::new(env!("CARGO_TARGET_TMPDIR"))))
}

/// A running server with an empty bucket.
struct Bucket {
    child: Child,
    port: u16,
}

impl Bucket {
    fn start(port: Option<u16>) -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = port.unwrap_or_else(free);
        let mut command = Command::new(&kit().python);
        command.arg(kit().folder.join("server.py")).arg(port.to_string()).arg(BUCKET);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("ready"), "{first}");
        Self { child, port }
    }

    fn settings(&self, bucket: &str) -> Vec<(&'static str, String)> {
        vec![
            ("CLAIMGATE_OBJECTS__URL", format!("s3://{bucket}/gate-a/files")),
            ("CLAIMGATE_OBJECTS__ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("CLAIMGATE_OBJECTS__REGION", "us-east-1".to_owned()),
            ("CLAIMGATE_OBJECTS__ACCESS_KEY", "test".to_owned()),
            ("CLAIMGATE_OBJECTS__SECRET_KEY", "test".to_owned()),
        ]
    }

    /// The names in the bucket, as the server lists them.
    async fn names(&self) -> Vec<String> {
        let url = format!("http://127.0.0.1:{}/{BUCKET}?list-type=2", self.port);
        let client = must(claimgate_gateway::sandbox::client::http_client());
        let listed = must(must(client.get(url).send().await).text().await);
        listed.split("<Key>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    }

    fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_a_bucket_reaches_its_insurer_and_goes_when_nobody_wants_it() {
    let bucket = Bucket::start(None);
    let clock = Clock::test(Clock::system().now());
    let test = TestGateway::start_with_settings(clock, &bucket.settings(BUCKET)).await;
    let (client, content) = (&test.world.hospital, photo(2 * MIB + 4321));
    let path = begin(&test, &content).await;
    assert_eq!(append(client, &path, 0, &content[..MIB + 3]).await.status, 204);
    assert_eq!(append(client, &path, MIB + 3, &content[MIB + 3..]).await.status, 204);
    let names = bucket.names().await;
    assert_eq!(names.len(), 4, "three segments and the leaves: {names:?}");
    assert!(names.iter().all(|name| name.starts_with("gate-a/files/") && !name.contains("upl_")), "{names:?}");

    let pushed = test.push(&bytes(&referring("BUCKET-1", &path, &json!({}))), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    pull_all(&test.life().client, 1).await;
    let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap().clone();
    let at = format!("/insurer/v1/deliveries/{}/attachments/{}", envelope.id, named.id);
    let fetched = get(&test.life().client, &at).await;
    assert!(opened.attachment(&named.id, &fetched.body, &test.life().keys).unwrap().as_slice() == content.as_slice());

    // One that nobody refers to goes, the claim's stays.
    let other = begin(&test, &content).await;
    assert_eq!(append(client, &other, 0, &content).await.status, 204);
    assert_eq!(bucket.names().await.len(), 8);
    test.clock.advance(Duration::from_hours(25));
    must(test.world.gateway.app.engine.remove_objects().await);
    assert_eq!(bucket.names().await, names);
    let compared = must(test.world.gateway.app.engine.compare_objects().await);
    assert_eq!((compared.named, compared.strays.len(), compared.lost.len()), (1, 0, 0));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_takes_nothing_and_one_that_is_not_there_is_no_lost_file() {
    let mut bucket = Bucket::start(None);
    let test = TestGateway::start_with_settings(Clock::system(), &bucket.settings(BUCKET)).await;
    let (client, content) = (&test.world.hospital, photo(MIB + 9));
    let path = begin(&test, &content).await;
    let port = bucket.port;
    bucket.end();
    assert_eq!(refused(&append(client, &path, 0, &content).await), (503, "unavailable".to_owned()));
    assert_eq!(offset(client, &path).await, 0);
    let again = Bucket::start(Some(port));
    assert_eq!(append(client, &path, 0, &content).await.status, 204);
    assert_eq!(again.names().await.len(), 3);
    assert_eq!(must(client.call(Method::DELETE, &path, &[], Vec::new()).await).status, 204);
    must(test.world.gateway.app.engine.remove_objects().await);
    assert!(again.names().await.is_empty());
    must(test.world.gateway.app.engine.objects.look().await);
    test.stop().await;

    let test = TestGateway::start_with_settings(Clock::system(), &again.settings("no-such-bucket")).await;
    let path = begin(&test, &content).await;
    let answer = append(&test.world.hospital, &path, 0, &content).await;
    assert_eq!(refused(&answer), (503, "unavailable".to_owned()));
    assert!(test.world.gateway.app.engine.objects.look().await.is_err(), "doctor tells of it");
    test.stop().await;
}
