//! A network that swallows what belongs to established connections to PostgreSQL, without a word to either side.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::crash::cluster::Cluster;
use claimgate_tests::database::{URL, on_postgres, server};
use claimgate_tests::gateway::{TestGateway, get, must};
use claimgate_tests::tools::found;
use futures_util::future::join_all;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::say;

/// Set where the story runs inside a network of its own.
const INSIDE: &str = "CLAIMGATE_TEST_NETWORK";
const NAME: &str = "faults::network::connections_that_die_silently_are_made_anew";
const PORT: u16 = 5_432;
/// What docs/operating.md promises, and a little for a busy machine.
const LOST_AFTER: Duration = Duration::from_secs(45);

#[expect(clippy::disallowed_methods, reason = "says where the test runs")]
fn inside() -> bool {
    std::env::var(INSIDE).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_die_silently_are_made_anew() {
    if inside() {
        return Box::pin(story()).await;
    }
    if !on_postgres() || server().is_none() {
        return;
    }
    let (Some(unshare), Some(_), Some(_)) = (found("unshare"), found("nft"), found("ip")) else { return };
    if !Command::new(&unshare).args(["--net", "true"]).stderr(Stdio::null()).status().is_ok_and(|done| done.success()) {
        say(format_args!("skipped: only root has a network of its own"));
        return;
    }
    let mut again = Command::new(unshare);
    again.args(["--net", "sh", "-c", "ip link set lo up && exec \"$0\" --exact \"$1\" --nocapture"]);
    again.arg(must(std::env::current_exe())).arg(NAME).env(INSIDE, "1").env_remove("CLAIMGATE_TEST_DATABASE");
    let done = must(tokio::task::spawn_blocking(move || again.output()).await).unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    said.lines().filter(|line| line.starts_with("dead")).for_each(|line| say(format_args!("{line}")));
}

/// A server that listens on this network's loopback.
async fn listening() -> (Cluster, String) {
    let mut cluster = Cluster::start();
    let mut connection = must(must(cluster.url.parse::<PgConnectOptions>()).connect().await);
    must(sqlx::raw_sql("alter system set listen_addresses = '127.0.0.1'").execute(&mut connection).await);
    must(connection.close().await);
    cluster.stop();
    cluster.begin();
    let url = format!("postgres://gate@127.0.0.1:{PORT}/postgres?sslmode=disable");
    (cluster, url)
}

/// The gateway's ends of established connections to the server.
fn established() -> BTreeSet<u16> {
    let table = must(std::fs::read_to_string("/proc/net/tcp"));
    let port = |address: &str| address.split_once(':').and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = rows.filter(|row| row[3] == "01" && port(row[2]) == Some(PORT));
    ours.filter_map(|row| port(row[1])).collect()
}

/// From now on nothing of these connections arrives, on either side; new ones work.
fn swallow(ports: &BTreeSet<u16>) {
    let ports = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let rules = format!(
        "table inet fault {{
            chain out {{
                type filter hook output priority 0; policy accept;
                tcp dport {PORT} tcp sport {{ {ports} }} drop
                tcp sport {PORT} tcp dport {{ {ports} }} drop
            }}
        }}\n"
    );
    let mut nft = must(Command::new(found("nft").unwrap()).args(["-f", "-"]).stdin(Stdio::piped()).spawn());
    must(nft.stdin.take().unwrap().write_all(rules.as_bytes()));
    assert!(must(nft.wait()).success(), "{rules}");
}

async fn story() {
    let (_cluster, url) = listening().await;
    let clock = Clock::system();
    let test = TestGateway::start_with_settings(clock.clone(), &[(URL, url)]).await;
    let reads = async || {
        let all = join_all((0..20).map(|_| get(&test.world.hospital, "/fhir/Bundle?identifier=DEAD-0"))).await;
        all.iter().filter(|answer| answer.status == 200).count()
    };
    assert_eq!(test.push(&bytes(&case("DEAD-0")), &[]).await.status, 201);
    assert_eq!(reads().await, 20);
    let dead = established();
    // Four that read, two that write, one that listens.
    assert_eq!(dead.len(), 7, "{dead:?}");
    swallow(&dead);
    let start = clock.elapsed();
    let since = || clock.elapsed().saturating_sub(start);
    let reading = async {
        let first = reads().await;
        while reads().await < 20 {
            assert!(since() < LOST_AFTER, "reads do not recover");
        }
        (first, since())
    };
    let writing = async {
        let mut refused = 0;
        for number in 1.. {
            let answer = test.push(&bytes(&case(&format!("DEAD-{number}"))), &[]).await;
            match answer.status.as_u16() {
                201 => break,
                503 => refused += 1,
                other => panic!("{other}"),
            }
            assert!(since() < LOST_AFTER, "writes do not recover");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        (refused, since())
    };
    let ((first, read), (refused, wrote)) = tokio::join!(reading, writing);
    say(format_args!(
        "dead connections: of the first 20 reads {first} were answered, all again after {read:.1?}; {refused} writes \
         refused, the next after {wrote:.1?}"
    ));
    // The pool is whole again: none of the dead ones is in it, and as many may read as before.
    assert_eq!(reads().await, 20);
    let listens = async {
        while established().difference(&dead).count() < 7 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            reads().await;
        }
    };
    must(tokio::time::timeout(Duration::from_secs(75), listens).await);
    say(format_args!("dead connections: all seven are new after {:.1?}", since()));
    test.stop().await;
}
