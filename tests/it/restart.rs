//! What was answered is still there after a stop, and after a kill, under the same positions.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use claimgate_fhir::format::Format;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::flows::health::Conditions;
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::insurer;
use claimgate_gateway::store::read::Listing;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database::Kept;
use claimgate_tests::gateway::{TestGateway, must};
use claimgate_tests::shared::binary;
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_gateway_goes_on_where_it_stopped() {
    let test = TestGateway::start().await;
    let first = test.push(&bytes(&case("AGAIN-1")), &[]).await;
    let before = must(insurer::pull(&test.life().client, 0, 5).await);
    let folder = test.stop().await;
    let data = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let logs: Vec<String> = data.filter(|name| name.ends_with("-wal")).collect();
    assert!(logs.is_empty(), "after a normal stop the database file alone is whole: {logs:?}");

    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.path().display().to_string()),
        ("CLAIMGATE_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
    ];
    let config = must(Config::from_layers(None, layers.into_iter().chain(folder.settings())));
    let running = must(lifecycle::start(config, Clock::system(), Random::system()).await);
    let engine = &running.app.engine;
    let hospital = "hospital-demo".parse().unwrap();
    let again = engine.accept(&hospital, Format::Json, &bytes(&case("AGAIN-1")), Conditions::default()).await.unwrap();
    assert_eq!(Some(again.claim.to_string().as_str()), first.header("claimgate-claim-id"));
    assert_eq!(again.revision, 1);
    engine.accept(&hospital, Format::Json, &bytes(&case("AGAIN-2")), Conditions::default()).await.unwrap();
    must(engine.store.sequence().await);
    let listing = Listing { limit: 10, ..Listing::default() };
    let life = "insurer-life".parse().unwrap();
    let after = must(engine.store.deliveries(&life, &listing).await).deliveries;
    assert_eq!(after.iter().map(|one| one.position).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(after.first().unwrap().id.to_string(), before.first().unwrap().id);
    assert_eq!(must(engine.store.check_audit().await), Ok(i64::try_from(audited(engine).await).unwrap()));
    must(running.stop().await);
}

async fn audited(engine: &claimgate_gateway::flows::Engine) -> usize {
    // Four registrations; each accepted bundle writes its own line and one for its packet.
    let counts = must(engine.store.counts().await);
    usize::try_from(counts.parties + counts.claims + counts.packets).unwrap()
}

/// Kills the server in the middle of pushes, again and again: whatever was answered 201 is there afterwards, once.
#[tokio::test(flavor = "multi_thread")]
async fn kill_dash_nine_loses_nothing_that_was_answered_and_doubles_nothing() {
    let (world, folder) = TestGateway::start().await.into_parts();
    let (mut hospital, insurers, address) = (world.hospital, world.insurers, world.gateway.address);
    must(world.gateway.stop().await);

    let mut answered = Vec::new();
    for round in 0..6 {
        let mut server = spawn(&folder, address);
        must(hospital.authenticate().await);
        let kill = async {
            tokio::time::sleep(Duration::from_millis(150 + 37 * round)).await;
            server.kill().unwrap();
            server.wait().unwrap();
        };
        let ((), claims) = tokio::join!(kill, push_until_it_dies(&hospital, round));
        answered.extend(claims);
    }
    assert!(answered.len() > 10, "only {} pushes were answered", answered.len());

    let mut server = spawn(&folder, address);
    let mut life = insurers.into_iter().next().unwrap().client;
    must(life.authenticate().await);
    let seen = all_claims(&life).await;
    for claim in &answered {
        assert_eq!(seen.iter().filter(|found| *found == claim).count(), 1, "{claim}");
    }
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "no claim was delivered twice");
    server.kill().unwrap();
    server.wait().unwrap();
}

async fn push_until_it_dies(hospital: &PartyClient, round: u64) -> Vec<String> {
    let mut claims = Vec::new();
    for number in 0..1_000 {
        let body = bytes(&case(&format!("KILL-{round}-{number}")));
        let headers = [("content-type", "application/fhir+json")];
        match hospital.call(Method::POST, "/fhir/Bundle", &headers, body).await {
            Ok(answer) if answer.status == 201 => claims.push(answer.header("claimgate-claim-id").unwrap().to_owned()),
            Ok(answer) => panic!("{}", answer.status),
            Err(_) => break,
        }
    }
    claims
}

/// The claims of all deliveries, whose positions must have no gap.
async fn all_claims(client: &PartyClient) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let page = must(insurer::pull(client, i64::try_from(seen.len()).unwrap(), 2).await);
        if page.is_empty() {
            return seen;
        }
        for envelope in page {
            seen.push(envelope.claim_id);
            assert_eq!(usize::try_from(envelope.position).unwrap(), seen.len(), "positions are gapless");
        }
    }
}

/// The real binary on the same folder and port.
fn spawn(kept: &Kept, address: std::net::SocketAddr) -> Child {
    let mut child = Command::new(binary())
        .arg("serve")
        .env("CLAIMGATE_GATEWAY__DATA_DIR", kept.path())
        .envs(kept.settings())
        .env("CLAIMGATE_GATEWAY__BASE_URL", format!("http://{address}"))
        .env("CLAIMGATE_HTTP__LISTEN", address.to_string())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listening = lines.by_ref().map_while(Result::ok).any(|line| line.contains("listening"));
    assert!(listening, "the server did not start");
    std::thread::spawn(move || lines.for_each(drop));
    child
}
