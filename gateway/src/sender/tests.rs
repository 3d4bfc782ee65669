//! Against real sockets: a name that changes its address, answers that never end, redirects.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::resolver::Found;
use super::*;
use crate::clock::Clock;

/// Answers one name after another from a list; the last one stays.
struct Scripted(Mutex<Vec<Vec<IpAddr>>>);

impl Lookup for Scripted {
    fn lookup(&self, _: &str) -> Found {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { if answer.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(answer) } })
    }
}

fn sender(policy: Policy, answers: &[&[&str]]) -> Sender {
    let answers = answers.iter().map(|one| one.iter().map(|text| text.parse().unwrap()).collect()).collect();
    Sender::new(policy, Duration::from_secs(2), &[], Arc::new(Scripted(Mutex::new(answers)))).unwrap()
}

fn sandbox() -> Policy {
    Policy { ports: Vec::new(), loopback: true }
}

fn live() -> Policy {
    Policy { ports: Vec::new(), loopback: false }
}

/// Answers every connection with these bytes, then stays open for a while.
async fn answering(bytes: &'static [u8]) -> (u16, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            *count.lock().unwrap() += 1;
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(bytes).await;
                tokio::time::sleep(Duration::from_secs(5)).await;
            });
        }
    });
    (port, seen)
}

async fn post(sender: &Sender, url: &str) -> Result<Reply, SendError> {
    let target = Target::parse(url, sender.policy()).unwrap();
    sender.post(&target, &[("content-type", "application/json".to_owned())], b"{}".to_vec()).await
}

#[tokio::test]
async fn a_success_is_told_from_its_status_line_without_waiting_for_a_body() {
    let (port, _) = answering(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let reply = post(&sender(sandbox(), &[&["127.0.0.1"]]), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!(reply.status, 204);
}

#[tokio::test]
async fn a_failure_gives_a_kibibyte_of_its_words_at_most() {
    static LONG: [u8; 70_000] = {
        let mut bytes = [b'x'; 70_000];
        let head = b"HTTP/1.1 500 No\r\nRetry-After: 120\r\nContent-Length: 1000000000\r\n\r\n";
        let mut at = 0;
        while at < head.len() {
            bytes[at] = head[at];
            at += 1;
        }
        bytes
    };
    let (port, _) = answering(&LONG).await;
    let reply = post(&sender(sandbox(), &[&["127.0.0.1"]]), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!((reply.status, reply.retry_after.as_deref(), reply.excerpt.len()), (500, Some("120"), 1_024));
}

#[tokio::test]
async fn a_failure_is_told_from_its_status_line_also_where_its_body_breaks_off() {
    let gone = "HTTP/1.1 410 Gone\r\nContent-Length: 50\r\n\r\nhello";
    let slow = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nno chunk";
    for (head, status, retry_after) in [(gone, 410, None), (slow, 429, Some("7"))] {
        let (port, _) = answering(head.as_bytes()).await;
        let reply = post(&sender(sandbox(), &[&["127.0.0.1"]]), &format!("http://127.0.0.1:{port}/")).await.unwrap();
        assert_eq!((reply.status, reply.retry_after.as_deref()), (status, retry_after));
        assert_eq!(reply.excerpt, b"hello");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nothing_is_followed() {
    let (inside, seen) = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let head = format!("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:{inside}/\r\nContent-Length: 0\r\n\r\n");
    let (port, _) = answering(head.leak().as_bytes()).await;
    let reply = post(&sender(sandbox(), &[&["127.0.0.1"]]), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!((reply.status, *seen.lock().unwrap()), (301, 0));
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_a_connection() {
    let (port, seen) = answering(b"HTTP/1.1 200 OK\r\n\r\n").await;
    let policy = Policy { ports: vec![port], ..live() };
    let url = format!("https://hooks.example.tw:{port}/");
    // The second answer is the attack (DNS rebinding); the third is half inside.
    let sender = sender(policy, &[&["127.0.0.1"], &["10.0.0.1"], &["8.8.8.8", "127.0.0.1"], &["::ffff:127.0.0.1"]]);
    for _ in 0..4 {
        assert_eq!(post(&sender, &url).await, Err(SendError::Forbidden));
    }
    assert_eq!(*seen.lock().unwrap(), 0);
}

#[tokio::test]
async fn silence_garbage_and_closed_doors_are_told_apart_and_take_their_time_at_most() {
    let (silent, _) = answering(b"").await;
    let (garbage, _) = answering(b"\x16\x03\x01\x00garbage\r\n\r\n").await;
    let (plain, _) = answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let sender = sender(sandbox(), &[&[]]);
    let clock = Clock::system();
    let url = |port: u16| format!("http://127.0.0.1:{port}/");
    assert_eq!(post(&sender, &url(silent)).await, Err(SendError::TimedOut(2)));
    assert_eq!(post(&sender, &url(garbage)).await, Err(SendError::Broken));
    assert_eq!(post(&sender, &url(closed)).await, Err(SendError::Unconnected));
    // Plain HTTP where TLS is spoken is no connection either.
    assert_eq!(post(&sender, &format!("https://127.0.0.1:{plain}/")).await, Err(SendError::Unconnected));
    assert_eq!(post(&sender, "https://unknown.example.tw/").await, Err(SendError::Unresolved));
    assert!(clock.elapsed() < Duration::from_secs(10));
}
