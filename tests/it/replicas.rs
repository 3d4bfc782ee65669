//! Three gateways over one PostgreSQL: any of them serves any request, and one may die in the middle.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::sandbox::client::{Identity, PartyClient};
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database::{Kept, on_postgres};
use claimgate_tests::gateway::{TestGateway, must, push_as};
use claimgate_tests::shared::binary;
use reqwest::Method;

struct Replica {
    child: Child,
    door: String,
}

impl Replica {
    /// The real binary at a door of its own, under the address all have in common.
    fn start(kept: &Kept, base: &str) -> Self {
        let mut child = Command::new(binary())
            .arg("serve")
            .env("CLAIMGATE_GATEWAY__DATA_DIR", kept.path())
            .envs(kept.settings())
            .env("CLAIMGATE_GATEWAY__BASE_URL", base)
            .env("CLAIMGATE_HTTP__LISTEN", "127.0.0.1:0")
            .env("CLAIMGATE_GATEWAY__SANDBOX", "true")
            .env("CLAIMGATE_LOG__FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let listening = lines.find(|line| line.contains("listening")).unwrap();
        let address = listening.split("127.0.0.1:").nth(1).unwrap();
        let port: String = address.chars().take_while(char::is_ascii_digit).collect();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, door: format!("http://127.0.0.1:{port}") }
    }

    fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Cluster {
    base: String,
    replicas: Vec<Replica>,
    hospital: PartyClient,
    insurer: PartyClient,
    _kept: Kept,
}

impl Cluster {
    /// None where the tests do not run on PostgreSQL.
    async fn start() -> Option<Self> {
        if !on_postgres() {
            say(format_args!("skipped: several gateways share a PostgreSQL (CLAIMGATE_TEST_DATABASE=postgres)"));
            return None;
        }
        let (world, kept) = TestGateway::start().await.into_parts();
        let base = world.gateway.base_url().to_owned();
        let (hospital, insurers) = (world.hospital, world.insurers);
        must(world.gateway.stop().await);
        let replicas: Vec<_> = (0..3).map(|_| Replica::start(&kept, &base)).collect();
        let insurer = insurers.into_iter().nth(1).unwrap().client;
        Some(Self { base, replicas, hospital, insurer, _kept: kept })
    }

    /// The party of a client, at one of the replicas, with a token another one gave.
    async fn at(&self, client: &PartyClient, replica: usize) -> PartyClient {
        let profile = if client.id() == self.hospital.id() {
            claimgate_gateway::party::AuthProfile::Smart
        } else {
            claimgate_gateway::party::AuthProfile::Fapi
        };
        let identity = Identity { id: client.id().to_owned(), profile, key: client.key().clone() };
        let mut beside = must(PartyClient::new(&self.base, identity, Clock::system(), Random::system()));
        beside.through(&self.replicas[(replica + 1) % 2 + 1].door);
        must(beside.authenticate().await);
        beside.through(&self.replicas[replica].door);
        beside
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_replica_serves_any_request_and_a_waiting_pull_wakes_on_another() {
    let Some(cluster) = Cluster::start().await else { return };
    let mut claims = BTreeSet::new();
    for number in 0..6 {
        let hospital = cluster.at(&cluster.hospital, number % 3).await;
        let body = bytes(&case(&format!("ANY-{number}")));
        let first = push_as(&hospital, &body, &[("idempotency-key", &format!("any-{number}"))]).await;
        assert_eq!(first.status, 201);
        // The same again, at another one: the same answer.
        let again = cluster.at(&cluster.hospital, (number + 1) % 3).await;
        let same = push_as(&again, &body, &[("idempotency-key", &format!("any-{number}"))]).await;
        assert_eq!(same.header("claimgate-claim-id"), first.header("claimgate-claim-id"));
        claims.insert(first.header("claimgate-claim-id").unwrap().to_owned());
    }
    assert_eq!(claims.len(), 6);
    let (clock, mut waits) = (Clock::system(), Vec::new());
    for number in 0..9 {
        let waiting = cluster.at(&cluster.insurer, number % 3).await;
        let pushing = cluster.at(&cluster.hospital, (number + 1) % 3).await;
        let after = i64::try_from(6 + number).unwrap();
        let woken = async {
            let page = must(insurer::pull(&waiting, after, 20).await);
            assert_eq!(page.first().map(|one| one.position), Some(after + 1));
            clock.elapsed()
        };
        let pushed = async {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let body = bytes(&case(&format!("WAKE-{number}")));
            assert_eq!(push_as(&pushing, &body, &[]).await.status, 201);
            clock.elapsed()
        };
        let (woken, pushed) = tokio::join!(woken, pushed);
        waits.push(woken.saturating_sub(pushed));
    }
    waits.sort();
    let (median, most) = (waits[4], waits[8]);
    say(format_args!("a pull on another replica wakes after the push was answered: median {median:?}, most {most:?}"));
    assert!(waits[4] < Duration::from_millis(300), "{waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_killed_under_load_loses_and_doubles_nothing() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let mut hospitals = Vec::new();
    for replica in 0..3 {
        hospitals.push(cluster.at(&cluster.hospital, replica).await);
    }
    let (reader, rescue) = (cluster.at(&cluster.insurer, 2).await, cluster.at(&cluster.hospital, 1).await);
    let over = AtomicBool::new(false);
    let load = futures_util::future::join_all(hospitals.iter().enumerate().map(|(replica, hospital)| {
        let over = &over;
        async move {
            let (mut answered, mut unsure) = (Vec::new(), None);
            for number in 0..10_000 {
                let name = format!("KILLED-{replica}-{number}");
                let headers = [("content-type", "application/fhir+json")];
                match hospital.call(Method::POST, "/fhir/Bundle", &headers, bytes(&case(&name))).await {
                    Ok(answer) if answer.status == 201 => {
                        answered.push(answer.header("claimgate-claim-id").unwrap().to_owned());
                    }
                    // A push that needed what the other one held may be told to come again.
                    Ok(answer) => assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body)),
                    Err(_) => {
                        unsure = Some(name);
                        break;
                    }
                }
                if over.load(Ordering::SeqCst) {
                    break;
                }
            }
            (answered, unsure)
        }
    }));
    let doomed = &mut cluster.replicas[0];
    let kill = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        doomed.end();
        tokio::time::sleep(Duration::from_secs(2)).await;
        over.store(true, Ordering::SeqCst);
    };
    let (outcomes, ()) = tokio::join!(load, kill);
    let mut expected: Vec<String> = Vec::new();
    for (replica, (answered, unsure)) in outcomes.into_iter().enumerate() {
        say(format_args!("replica {replica}: {} pushes answered", answered.len()));
        assert!(answered.len() > 5);
        assert_eq!(unsure.is_some(), replica == 0);
        expected.extend(answered);
        // Sent again elsewhere: done once, whichever of the two did it.
        if let Some(name) = unsure {
            let answer = push_as(&rescue, &bytes(&case(&name)), &[]).await;
            assert!([200, 201].contains(&answer.status.as_u16()), "{}", answer.status);
            expected.push(answer.header("claimgate-claim-id").unwrap().to_owned());
        }
    }
    let mut seen: Vec<String> = Vec::new();
    while seen.len() < expected.len() {
        let page = must(insurer::pull(&reader, i64::try_from(seen.len()).unwrap(), 5).await);
        assert!(!page.is_empty(), "only {} of {} came", seen.len(), expected.len());
        for envelope in page {
            seen.push(envelope.claim_id);
            assert_eq!(usize::try_from(envelope.position).unwrap(), seen.len(), "positions are gapless");
        }
    }
    assert!(must(insurer::pull(&reader, i64::try_from(seen.len()).unwrap(), 1).await).is_empty());
    let (seen, expected): (Vec<_>, Vec<_>) = (sorted(seen), sorted(expected));
    assert_eq!(seen, expected, "each once");
}

#[expect(clippy::print_stdout, reason = "figures for who runs the test")]
fn say(words: std::fmt::Arguments<'_>) {
    println!("{words}");
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_at_one_replica_hears_of_a_push_at_another() {
    let Some(cluster) = Cluster::start().await else { return };
    let (reader, pusher) = (cluster.at(&cluster.hospital, 0).await, cluster.at(&cluster.hospital, 1).await);
    let url = format!("{}/hospital/v1/events?after=0", cluster.replicas[0].door);
    let token = reader.access_token().unwrap();
    let client = must(claimgate_gateway::sandbox::client::http_client());
    let mut stream = must(client.get(url).header("authorization", format!("Bearer {token}")).send().await);
    assert_eq!(stream.status(), 200);
    // A quiet stream says nothing for fifteen seconds: what comes before was woken.
    let began = Clock::system();
    assert_eq!(push_as(&pusher, &bytes(&case("FAR-1")), &[]).await.status, 201);
    let mut seen = String::new();
    while !seen.contains("event: claim.received") {
        let piece = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await.unwrap();
        seen.push_str(std::str::from_utf8(&must(piece).unwrap()).unwrap());
    }
    say(format_args!("told at another replica after {:?}", began.elapsed()));
    assert!(seen.contains("id: 1\n"), "{seen}");
}
