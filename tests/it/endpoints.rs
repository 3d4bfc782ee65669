//! Endpoints that behave as badly as they can: slow by the byte, a gigabyte long, no TLS, pointing inside. Each costs its own
//! message an attempt; the memory of the gateway, the other insurer and the pull are left alone.

use std::process::Command;
use std::time::Duration;

use claimgate_adapters::insurer::webhook::Scheme;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, must, pull_all};
use claimgate_tests::receiver::{Act, Receiver};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const GIGABYTE: u64 = 1 << 30;
/// What systems hold in the buffers of a connection on both sides, and then some.
const BUFFERS: u64 = 32 << 20;
/// What the gateway may grow by while a gigabyte is thrown at it: far below it, far above any noise.
const GROWTH: u64 = 64 << 20;

/// A gateway whose attempts may take two seconds.
async fn impatient() -> TestGateway {
    let settings = [("CLAIMGATE_WEBHOOKS__TOTAL_SECONDS", "2".to_owned())];
    TestGateway::start_with_settings(Clock::system(), &settings).await
}

async fn endpoint(test: &TestGateway, one: &Insurer, url: &str) {
    let told = (Content::Event, Scheme::Ed25519);
    must(test.world.gateway.app.engine.set_endpoint(&one.client.id().parse().unwrap(), url, told).await);
}

/// Pushes a case and waits for the first attempt to tell the life insurer of it.
async fn told(test: &TestGateway, number: &str, count: usize) -> Value {
    assert_eq!(test.push(&bytes(&case(number)), &[]).await.status, 201);
    let id = pull_all(&test.life().client, count).await.pop().unwrap().id;
    attempt(test.life(), &id).await
}

async fn attempt(one: &Insurer, delivery: &str) -> Value {
    for _ in 0..500 {
        let path = format!("/insurer/v1/deliveries/{delivery}/attempts");
        let found = get(&one.client, &path).await.json("attempts").unwrap();
        if let Some(first) = found["attempts"].as_array().unwrap().first() {
            return first.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no attempt was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_by_the_byte_counts_by_its_status_line_and_ends_with_the_time() {
    let test = impatient().await;
    let slow = Receiver::start(Act::Status(200)).await;
    endpoint(&test, test.life(), slow.url()).await;
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n".to_vec();
    let pause = Duration::from_millis(250);
    for (number, act, status, fault) in [
        // The body of a success is not waited for.
        (1, Act::Trickle(head.clone(), vec![b'.'; 400], pause), Some(200), None),
        // Its head is, but not for longer than an attempt may take; a failure is one by its status line as well.
        (2, Act::Trickle(Vec::new(), head.clone(), pause), None, Some("network")),
        (3, Act::Trickle(head_of(500), vec![b'.'; 400], pause), Some(500), Some("recipient")),
    ] {
        slow.does([], act);
        endpoint(&test, test.life(), slow.url()).await;
        let made = told(&test, &format!("TRICKLE-{number}"), number).await;
        assert_eq!((made["status"].as_u64(), made["fault"].as_str()), (status, fault), "{number}: {made}");
        assert!(made["milliseconds"].as_u64().unwrap() < 4_000, "{made}");
    }
    test.stop().await;
}

fn head_of(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nContent-Length: 1000000\r\n\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_no_tls_or_nothing_at_all_is_a_fault_of_the_network() {
    let test = impatient().await;
    let good = Receiver::start(Act::Status(200)).await;
    endpoint(&test, test.nonlife(), good.url()).await;
    for (number, garbage) in
        [(1, Some(vec![0x9e; 4_096])), (2, Some(b"220 mail.example ESMTP\r\n".to_vec())), (3, None)]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/hook", listener.local_addr().unwrap());
        let answering = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut hello = [0; 1_024];
                let came = socket.read(&mut hello).await.unwrap_or_default();
                // A handshake record is what it got.
                assert!(came > 0 && hello[0] == 0x16);
                if let Some(garbage) = &garbage {
                    let _ = socket.write_all(garbage).await;
                }
                open.push(socket);
            }
        });
        endpoint(&test, test.life(), &url).await;
        let made = told(&test, &format!("TLS-{number}"), number).await;
        assert_eq!((made["status"].as_u64(), made["fault"].as_str()), (None, Some("network")), "{number}: {made}");
        assert!(made["milliseconds"].as_u64().unwrap() < 4_000, "{made}");
        good.wait_for(number).await;
        answering.abort();
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_inside_is_a_failure_and_leads_nowhere() {
    let inside = Receiver::start(Act::Status(200)).await;
    let places = [
        inside.url(),
        "http://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "//[::1]/",
        "file:///etc/passwd",
    ];
    for (status, place) in [301, 302, 303, 307, 308].into_iter().zip(places) {
        let test = impatient().await;
        let head = format!("HTTP/1.1 {status} Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
        let mover = Receiver::start(Act::Raw(head.into_bytes())).await;
        endpoint(&test, test.life(), mover.url()).await;
        let made = told(&test, "MOVED-1", 1).await;
        assert_eq!((made["status"].as_u64(), made["fault"].as_str()), (Some(status), Some("recipient")), "{place}");
        test.stop().await;
    }
    assert_eq!(inside.received().len(), 0);
}

/// What this process has in memory, in bytes.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures the memory of its process, so the test below runs it alone"]
async fn alone_under_a_gigabyte() {
    let test = TestGateway::start().await;
    let flood = Receiver::start(Act::Status(200)).await;
    endpoint(&test, test.life(), flood.url()).await;
    told(&test, "FLOOD-0", 1).await;
    let before = resident("VmRSS:");
    for (number, status) in [(1, 200), (2, 500), (3, 404)] {
        flood.does([], Act::Flood(status, GIGABYTE));
        endpoint(&test, test.life(), flood.url()).await;
        let made = told(&test, &format!("FLOOD-{number}"), number + 1).await;
        assert_eq!(made["status"].as_u64(), Some(u64::from(status)), "{made}");
        assert!(made["answer"].as_str().unwrap().len() <= 1_024);
    }
    // What was not read was not taken off the line either.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (taken, grown) = (flood.flooded(), resident("VmHWM:").saturating_sub(before));
    let floods = u64::try_from(flood.received().len()).unwrap();
    assert!(floods >= 3 && taken < floods * BUFFERS, "{taken} bytes of {floods} GiB were taken");
    assert!(grown < GROWTH, "the process grew by {grown} bytes");
    test.stop().await;
    println!("taken {} KiB of {floods} GiB, grown by {} KiB", taken >> 10, grown >> 10);
}

#[test]
fn a_gigabyte_as_an_answer_is_neither_read_nor_held() {
    let alone = ["--exact", "endpoints::alone_under_a_gigabyte", "--ignored", "--nocapture"];
    let output = Command::new(std::env::current_exe().unwrap()).args(alone).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("grown by"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}
