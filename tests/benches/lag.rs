//! Delivery lag: from the durable answer to a push until its insurer can read the packet by a waiting pull, and until the
//! webhook has arrived; for one recipient, and for forty of whom five are dead.
//!
//! Pushes are offered at a fixed rate, whatever becomes of those before (open loop), one packet each. Every arm has a
//! gateway of its own; arms with and without dead endpoints take turns, so that other work on the machine falls on both.
//! Client, receivers and gateway share the process and its cores. Asserts nothing about time. `make bench`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use claimgate_adapters::insurer::webhook::Scheme;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::demo::LIFE_UBN;
use claimgate_packet::words::Line;
use claimgate_tests::bundles::{fixture, with_case};
use claimgate_tests::gateway::{NewParty, TestGateway, get, must};
use claimgate_tests::receiver::{Act, Receiver};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};

/// Packets offered a second.
const RATE: u32 = 200;
/// Seconds of one arm.
const SECONDS: u32 = 10;
/// Packets before the clock counts.
const WARM: usize = 100;
/// Pushes in hand at once, at most: beyond it the offered rate is not reached.
const AT_ONCE: usize = 64;
/// Recipients of the larger arms that work in every arm.
const LIVING: usize = 35;
/// Recipients that are dead in one of the two.
const DEAD: usize = 5;
const ROUNDS: usize = 2;

/// What one arm, or several of a kind, gave.
#[derive(Default)]
struct Figures {
    accepted: Vec<Duration>,
    pulled: Vec<Duration>,
    told: Vec<Duration>,
    pushed: usize,
    took: Duration,
    /// Processor time of the process, in hundredths of a second.
    ticks: u64,
}

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() {
    let runtime = must(tokio::runtime::Builder::new_multi_thread().enable_all().build());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{RATE} packets a second offered for {SECONDS} s an arm, SQLite (synchronous=FULL), loopback; load {}",
        load.trim()
    );
    let most = runtime.block_on(flat_out());
    println!("as fast as it goes, {AT_ONCE} in hand, one recipient  {most:>6.0} packets/s");
    let mut alone = Figures::default();
    runtime.block_on(arm(&mut alone, 1, 0, false));
    println!("{}", alone.line("one recipient"));
    let (mut all, mut some) = (Figures::default(), Figures::default());
    for _ in 0..ROUNDS {
        runtime.block_on(arm(&mut all, LIVING, DEAD, false));
        runtime.block_on(arm(&mut some, LIVING, DEAD, true));
    }
    println!("{}", all.line("40 recipients, all living"));
    println!("{}", some.line("40 recipients, 5 dead"));
    for (name, with, without) in [("pull", &some.pulled, &all.pulled), ("webhook", &some.told, &all.told)] {
        let ratio = |percent| percentile(with, percent).as_secs_f64() / percentile(without, percent).as_secs_f64();
        println!("the living, with the dead / without   {name:<8} p50 {:>5.2} x   p99 {:>5.2} x", ratio(50), ratio(99));
    }
}

impl Figures {
    fn line(&self, name: &str) -> String {
        let shown = |figures: &[Duration]| {
            format!("p50 {:>7.1} p99 {:>7.1} ms", millis(percentile(figures, 50)), millis(percentile(figures, 99)))
        };
        let pushed = f64::from(u32::try_from(self.pushed).unwrap_or(u32::MAX));
        let ticks = f64::from(u32::try_from(self.ticks).unwrap_or(u32::MAX));
        format!(
            "{name:<26} {:>4.0}/s  accepted {}  pull {}  webhook {}  ({} of {} told)  {:.1} ms of processor a packet",
            pushed / self.took.as_secs_f64(),
            shown(&self.accepted),
            shown(&self.pulled),
            shown(&self.told),
            self.told.len(),
            self.pulled.len(),
            ticks * 10.0 / pushed,
        )
    }
}

/// A recipient of the arm.
struct Recipient {
    number: String,
    client: Arc<PartyClient>,
    receiver: Option<Receiver>,
}

async fn start() -> TestGateway {
    let most = |name: &'static str| (name, "1000000".to_owned());
    let settings = [
        most("CLAIMGATE_LIMITS__REQUESTS_PER_SECOND"),
        most("CLAIMGATE_LIMITS__BURST"),
        ("CLAIMGATE_LIMITS__CONCURRENT", "100000".to_owned()),
        ("CLAIMGATE_LIMITS__BYTES_PER_MINUTE", "1099511627776".to_owned()),
        // A run is shorter than a token's life.
        ("CLAIMGATE_TOKENS__ACCESS_SECONDS", "900".to_owned()),
    ];
    TestGateway::start_with_settings(Clock::system(), &settings).await
}

/// A 統一編號 that nobody has, with its check digit.
fn ubn(serial: usize) -> String {
    let weights = [1, 2, 1, 2, 1, 2, 4, 1];
    let candidates = (0..10).map(|last| format!("9{serial:06}{last}"));
    let fits = |text: &String| {
        let digits = text.bytes().zip(weights).map(|(digit, weight)| usize::from(digit - b'0') * weight);
        digits.map(|product| product / 10 + product % 10).sum::<usize>() % 5 == 0
    };
    candidates.into_iter().find(fits).unwrap_or_default()
}

async fn recipient(test: &TestGateway, serial: usize) -> Recipient {
    let (id, number) = (format!("insurer-{serial:03}"), ubn(serial));
    let lines = vec![Line::HealthReimbursement];
    let new = NewParty { id: &id, role: Role::Insurer, number: &number, lines, consent: false };
    let (client, _) = test.register(new).await;
    Recipient { number, client: Arc::new(client), receiver: None }
}

async fn tell(test: &TestGateway, one: &Recipient, url: &str) {
    let told = (Content::Event, Scheme::Ed25519);
    must(test.world.gateway.app.engine.set_endpoint(&must(one.client.id().parse()), url, told).await);
}

/// Refused, silent, 500, by the byte, no such name.
async fn dead(test: &TestGateway, one: &Recipient, kind: usize) {
    let listener = must(TcpListener::bind("127.0.0.1:0").await);
    let closed = format!("http://{}/hook", must(listener.local_addr()));
    drop(listener);
    let url = match kind {
        0 => closed,
        4 => "https://no-such-name.claimgate-bench.example/hook".to_owned(),
        _ => {
            let act = match kind {
                1 => Act::Silence,
                2 => Act::Status(500),
                _ => Act::Trickle(Vec::new(), b"HTTP/1.1 200 OK\r\n".repeat(60), Duration::from_millis(500)),
            };
            Receiver::start(act).await.url().to_owned()
        }
    };
    tell(test, one, &url).await;
}

/// The outpatient bundle for one recipient.
fn bundle(template: &Value, number: &str, case: usize) -> Vec<u8> {
    let text = with_case(template, &format!("LAG-{case:06}")).to_string();
    text.replace(LIFE_UBN, number).into_bytes()
}

type Times = Arc<Mutex<HashMap<String, Duration>>>;

async fn arm(figures: &mut Figures, living: usize, more: usize, with_dead: bool) {
    let test = start().await;
    let clock = test.clock.clone();
    let mut recipients = Vec::new();
    for serial in 0..living + more {
        let mut one = recipient(&test, serial).await;
        if serial >= living && with_dead {
            dead(&test, &one, serial - living).await;
        } else {
            let receiver = Receiver::start_by(Act::Status(204), clock.clone()).await;
            tell(&test, &one, receiver.url()).await;
            one.receiver = Some(receiver);
        }
        recipients.push(one);
    }
    let pulled = Times::default();
    let pollers: Vec<_> = recipients
        .iter()
        .map(|one| tokio::spawn(poll(Arc::clone(&one.client), Arc::clone(&pulled), clock.clone())))
        .collect();

    let hospital = Arc::new(test.world.hospital);
    let template = fixture("outpatient");
    let bodies: Vec<Vec<u8>> = (0..WARM + usize::try_from(RATE * SECONDS).unwrap_or_default())
        .map(|case| {
            bundle(&template, &recipients.get(case % recipients.len()).unwrap_or_else(|| panic!("nobody")).number, case)
        })
        .collect();
    let mut bodies = bodies.into_iter().enumerate();
    for (_, body) in bodies.by_ref().take(WARM) {
        push(&hospital, body).await;
    }
    let (accepted, room) = (Times::default(), Arc::new(Semaphore::new(AT_ONCE)));
    let (began, ticks) = (clock.elapsed(), processor());
    let mut tasks = Vec::new();
    for (number, body) in bodies {
        let due = began + Duration::from_secs(1) * u32::try_from(number - WARM).unwrap_or_default() / RATE;
        tokio::time::sleep(due.saturating_sub(clock.elapsed())).await;
        let place = must(Arc::clone(&room).acquire_owned().await);
        let (hospital, accepted, clock) = (Arc::clone(&hospital), Arc::clone(&accepted), clock.clone());
        let living = number % recipients.len() < living;
        tasks.push(tokio::spawn(async move {
            let before = clock.elapsed();
            let claim = push(&hospital, body).await;
            let answered = clock.elapsed();
            drop(place);
            if living {
                accepted.lock().await.insert(claim, answered);
            }
            answered.saturating_sub(before)
        }));
    }
    for task in tasks {
        figures.accepted.push(must(task.await));
        figures.pushed += 1;
    }
    figures.took += clock.elapsed().saturating_sub(began);
    figures.ticks += processor() - ticks;
    // What is on its way arrives.
    tokio::time::sleep(Duration::from_secs(5)).await;
    for poller in pollers {
        poller.abort();
    }
    let mut told: HashMap<String, Duration> = HashMap::new();
    for received in recipients.iter().filter_map(|one| one.receiver.as_ref()).flat_map(Receiver::received) {
        let event: Value = must(serde_json::from_slice(&received.body));
        let claim = event.pointer("/data/claim_id").and_then(Value::as_str).unwrap_or_default();
        told.entry(claim.to_owned()).or_insert(received.at);
    }
    let pulled = pulled.lock().await;
    for (claim, answered) in accepted.lock().await.iter() {
        // What is readable before the answer has been read lagged by nothing.
        figures.pulled.extend(pulled.get(claim).map(|at| at.saturating_sub(*answered)));
        figures.told.extend(told.get(claim).map(|at| at.saturating_sub(*answered)));
    }
    must(test.world.gateway.stop().await);
}

/// How many packets a second when nobody waits for a rate.
async fn flat_out() -> f64 {
    let test = start().await;
    let one = recipient(&test, 0).await;
    let receiver = Receiver::start(Act::Status(204)).await;
    tell(&test, &one, receiver.url()).await;
    let poller = tokio::spawn(poll(Arc::clone(&one.client), Times::default(), test.clock.clone()));
    let template = fixture("outpatient");
    let bodies: Vec<Vec<u8>> = (0..2_000).map(|case| bundle(&template, &one.number, case)).collect();
    let (count, before) = (bodies.len(), test.clock.elapsed());
    let room = Semaphore::new(AT_ONCE);
    let pushes = bodies.into_iter().map(|body| async {
        let _place = room.acquire().await;
        push(&test.world.hospital, body).await
    });
    futures_util::future::join_all(pushes).await;
    let took = test.clock.elapsed().saturating_sub(before);
    poller.abort();
    test.stop().await;
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

async fn push(hospital: &PartyClient, body: Vec<u8>) -> String {
    let headers = [("content-type", "application/fhir+json")];
    let answer = must(hospital.call(reqwest::Method::POST, "/fhir/Bundle", &headers, body).await);
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.header("claimgate-claim-id").unwrap_or_default().to_owned()
}

/// A waiting pull after the other, as an insurer's program does it.
async fn poll(client: Arc<PartyClient>, times: Times, clock: Clock) {
    let mut after = 0;
    loop {
        let page = get(&client, &format!("/insurer/v1/deliveries?after={after}&wait=30&limit=200")).await;
        let Ok(page) = page.json("page") else { continue };
        let at = clock.elapsed();
        let mut times = times.lock().await;
        for one in page.get("deliveries").and_then(Value::as_array).into_iter().flatten() {
            let claim = one.get("claim_id").and_then(Value::as_str).unwrap_or_default();
            times.insert(claim.to_owned(), at);
        }
        after = page.get("next_after").and_then(Value::as_i64).unwrap_or(after);
    }
}

/// Processor time of this process so far, in hundredths of a second (`utime` and `stime` of proc(5)).
fn processor() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum()
}

fn percentile(figures: &[Duration], percent: usize) -> Duration {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
