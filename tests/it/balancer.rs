//! Three gateways over one PostgreSQL behind `haproxy`, as `deploy/haproxy.cfg` sets it up: parties see one gateway, also while
//! the three are restarted one by one.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::party::AuthProfile;
use claimgate_gateway::sandbox::client::{Identity, PartyClient, http_client};
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::crash::server::{Server, free};
use claimgate_tests::database::{Kept, on_postgres};
use claimgate_tests::gateway::{TestGateway, must, push_as};
use claimgate_tests::shared::project;
use claimgate_tests::tools::found;
use futures_util::future::join_all;

const DRAIN: &str = "2";

/// `haproxy` with the configuration that is shipped, at other addresses.
struct Proxy(Child);

impl Proxy {
    fn start(kept: &Kept, listen: SocketAddr, gateways: &[SocketAddr]) -> Option<Self> {
        let program = found("haproxy")?;
        let shipped = must(std::fs::read_to_string(project().join("deploy/haproxy.cfg")));
        let mut text = shipped.replace("bind :8080", &format!("bind {listen}"));
        for (number, gateway) in (1..).zip(gateways) {
            let name = format!("server gateway-{number} gateway-{number}:8080");
            assert!(text.contains(&name), "{name}");
            text = text.replace(&name, &format!("server gateway-{number} {gateway}"));
        }
        let file = kept.path().join("haproxy.cfg");
        must(std::fs::write(&file, text));
        Some(Self(must(Command::new(program).args(["-db", "-f"]).arg(file).spawn())))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Site {
    base: String,
    servers: Vec<Server>,
    hospital: PartyClient,
    insurer: PartyClient,
    _proxy: Proxy,
    _kept: Kept,
}

impl Site {
    /// None, with a printed word, where there is no PostgreSQL or no `haproxy`.
    async fn start() -> Option<Self> {
        if !on_postgres() {
            say(format_args!("skipped: several gateways share a PostgreSQL (CLAIMGATE_TEST_DATABASE=postgres)"));
            return None;
        }
        let (world, kept) = TestGateway::start_without_limits().await.into_parts();
        let (base, listen) = (world.gateway.base_url().to_owned(), world.gateway.address);
        let (hospital, insurers) = (world.hospital, world.insurers);
        must(world.gateway.stop().await);
        let mut settings = kept.settings();
        settings.extend(
            [
                ("CLAIMGATE_GATEWAY__DATA_DIR", kept.path().display().to_string()),
                ("CLAIMGATE_GATEWAY__BASE_URL", base.clone()),
                ("CLAIMGATE_GATEWAY__SANDBOX", "true".to_owned()),
                ("CLAIMGATE_HTTP__DRAIN_SECONDS", DRAIN.to_owned()),
                ("CLAIMGATE_LIMITS__REQUESTS_PER_SECOND", "1000000".to_owned()),
                ("CLAIMGATE_LIMITS__BURST", "1000000".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut doors = Vec::new();
        for _ in 0..3 {
            doors.push(free().await);
        }
        let mut servers: Vec<Server> = doors.iter().map(|door| Server::new(&settings, *door)).collect();
        for server in &mut servers {
            server.start().await;
        }
        let proxy = Proxy::start(&kept, listen, &doors)?;
        let (http, ready) = (must(http_client()), format!("{base}/readyz"));
        let up = async {
            while !http.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            // The third look has been taken of each.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        };
        must(tokio::time::timeout(Duration::from_secs(20), up).await);
        let insurer = insurers.into_iter().nth(1)?.client;
        Some(Self { base, servers, hospital, insurer, _proxy: proxy, _kept: kept })
    }

    /// Another client of a party, with a token of its own.
    async fn client(&self, of: &PartyClient, profile: AuthProfile) -> PartyClient {
        let identity = Identity { id: of.id().to_owned(), profile, key: of.key().clone() };
        let mut client = must(PartyClient::new(&self.base, identity, Clock::system(), Random::system()));
        must(client.authenticate().await);
        client
    }

    async fn hospital(&self) -> PartyClient {
        self.client(&self.hospital, AuthProfile::Smart).await
    }

    async fn insurer(&self) -> PartyClient {
        self.client(&self.insurer, AuthProfile::Fapi).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_behind_a_balancer_are_one_and_their_pulls_wake() {
    let Some(site) = Site::start().await else { return };
    let (hospital, reader, clock) = (site.hospital().await, site.insurer().await, Clock::system());
    let mut waits = Vec::new();
    for number in 0..9 {
        // The pull waits at one gateway; the least busy, another, takes the push.
        let woken = async {
            let page = must(insurer::pull(&reader, number, 20).await);
            assert_eq!(page.first().map(|one| one.position), Some(number + 1));
            clock.elapsed()
        };
        let pushed = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(push_as(&hospital, &bytes(&case(&format!("BALANCED-{number}"))), &[]).await.status, 201);
            clock.elapsed()
        };
        let (woken, pushed) = tokio::join!(woken, pushed);
        waits.push(woken.saturating_sub(pushed));
    }
    for (number, server) in (1..).zip(&site.servers) {
        assert!(server.logged().contains("answered"), "gateway {number} answered nothing");
    }
    waits.sort();
    let (median, most) = (waits[4], waits[8]);
    say(format_args!("behind a balancer a pull wakes after the push was answered: median {median:?}, most {most:?}"));
    assert!(median < Duration::from_secs(1), "{waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_behind_a_balancer_loses_nothing_and_nobody_sees_a_5xx() {
    let Some(mut site) = Site::start().await else { return };
    let mut hospitals = Vec::new();
    for _ in 0..3 {
        hospitals.push(site.hospital().await);
    }
    let reader = site.insurer().await;
    let (over, all) = (AtomicBool::new(false), AtomicBool::new(false));
    let pushing = join_all(hospitals.iter().enumerate().map(|(place, hospital)| {
        let over = &over;
        async move {
            let mut answered = Vec::new();
            for number in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let answer = push_as(hospital, &bytes(&case(&format!("ROLL-{place}-{number}"))), &[]).await;
                assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
                answered.push(answer.header("claimgate-claim-id").unwrap().to_owned());
            }
            answered
        }
    }));
    let pulling = async {
        let mut seen = Vec::new();
        loop {
            let last = all.load(Ordering::SeqCst);
            // Every answer is a page: no error is forgiven.
            let page = must(insurer::pull(&reader, i64::try_from(seen.len()).unwrap(), 2).await);
            if last && page.is_empty() {
                return seen;
            }
            for envelope in page {
                seen.push(envelope.claim_id);
                assert_eq!(usize::try_from(envelope.position).unwrap(), seen.len(), "positions are gapless");
            }
        }
    };
    let rolling = async {
        for server in &mut site.servers {
            tokio::time::sleep(Duration::from_secs(1)).await;
            server.stop().await;
            server.start().await;
            // Until the balancer has seen it twice.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
        over.store(true, Ordering::SeqCst);
    };
    let pushing = async {
        let answered: Vec<String> = pushing.await.into_iter().flatten().collect();
        all.store(true, Ordering::SeqCst);
        answered
    };
    let (answered, seen, ()) = tokio::join!(pushing, pulling, rolling);
    say(format_args!("a rolling restart of three: {} pushes, all answered 201, all delivered once", answered.len()));
    assert!(answered.len() > 20, "too little load");
    let (pushed, delivered): (BTreeSet<_>, BTreeSet<_>) = (answered.iter().collect(), seen.iter().collect());
    assert_eq!((answered.len(), seen.len()), (pushed.len(), delivered.len()), "doubled");
    assert_eq!(pushed, delivered);
}

#[expect(clippy::print_stdout, reason = "figures for who runs the test")]
fn say(words: std::fmt::Arguments<'_>) {
    println!("{words}");
}
