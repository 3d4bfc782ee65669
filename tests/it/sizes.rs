//! Uploads where something gives way: the process is killed, the disk of the object store is full or may not be written;
//! and one so large that what the gateway needs of memory can be told.

use std::io::{Read, Write};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use claimgate_gateway::clock::Clock;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_tests::bundles::bytes;
use claimgate_tests::crash::disk::Disk;
use claimgate_tests::crash::server::Server;
use claimgate_tests::database::Kept;
use claimgate_tests::gateway::{TestGateway, codes, get, must, open_all, pull_all, push_as};
use reqwest::Method;
use serde_json::json;

use crate::uploads::{MIB, append, begin, begin_as, broken, files_in, hex, inline, offset, photo, referring, refused};

/// The demo's parties and the real program, a process of its own at the address they know.
struct Served {
    server: Server,
    hospital: PartyClient,
    life: Insurer,
    kept: Kept,
}

impl Served {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let (world, kept) = TestGateway::start_without_limits().await.into_parts();
        let (hospital, mut insurers) = (world.hospital, world.insurers);
        let (address, base) = (world.gateway.address, world.gateway.base_url().to_owned());
        must(world.gateway.stop().await);
        let mut all = vec![
            ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), kept.path().display().to_string()),
            ("CLAIMGATE_GATEWAY__BASE_URL".to_owned(), base),
            ("CLAIMGATE_GATEWAY__SANDBOX".to_owned(), "true".to_owned()),
            ("CLAIMGATE_LIMITS__BYTES_PER_MINUTE".to_owned(), "1099511627776".to_owned()),
        ];
        all.extend(kept.settings());
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut server = Server::new(&all, address);
        server.start().await;
        Self { server, hospital, life: insurers.remove(0), kept }
    }

    /// Begins an upload; its path.
    async fn begin(&self, length: usize, digest: &[u8]) -> String {
        let answer = begin_as(&self.hospital, length, "image/jpeg", &hex(digest)).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        let location = answer.header("location").unwrap();
        location[location.find("/hospital/").unwrap()..].to_owned()
    }

    fn address(&self) -> std::net::SocketAddr {
        self.server.door().trim_start_matches("http://").parse().unwrap()
    }

    /// Resident memory of the process in MiB: now, and the most there ever was.
    fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
        };
        (of("VmRSS:"), of("VmHWM:"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_outlives_kill_9_in_the_middle_of_a_request() {
    let mut served = Served::start(&[]).await;
    let content = photo(19 * MIB + 5);
    let digest = claimgate_packet::jose::digest::sha256(&content);
    let path = served.begin(content.len(), &digest).await;
    let stream = broken((served.address(), &served.hospital), &path, 0, content.len(), &content[..18 * MIB]);
    let mut kept = 0;
    for _ in 0..600 {
        kept = offset(&served.hospital, &path).await;
        if kept > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(kept, 16 * MIB, "the row is written every sixteen segments");
    served.server.kill();
    drop(stream);
    served.server.start().await;
    let client = &served.hospital;
    assert_eq!(offset(client, &path).await, kept);
    assert_eq!(
        refused(&append(client, &path, 18 * MIB, &content[18 * MIB..]).await),
        (409, "upload.offset".to_owned())
    );
    assert_eq!(append(client, &path, kept, &content[kept..]).await.status, 204);

    let pushed = push_as(client, &bytes(&referring("KILLED-1", &path, &json!({}))), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    let life = &served.life;
    pull_all(&life.client, 1).await;
    let (envelope, opened) = open_all(life, 0, Clock::system().now()).await.pop().unwrap();
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap().clone();
    let at = format!("/insurer/v1/deliveries/{}/attachments/{}", envelope.id, named.id);
    let fetched = get(&life.client, &at).await;
    assert!(opened.attachment(&named.id, &fetched.body, &life.keys).unwrap().as_slice() == content.as_slice());
    served.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_files_takes_no_files_and_goes_on_when_there_is_room() {
    let Some(disk) = Disk::mount(24) else {
        say(format_args!("skipped: only root can mount a small disk"));
        return;
    };
    let folder = disk.folder();
    let objects = folder.path().join("objects");
    let settings = [("CLAIMGATE_OBJECTS__URL", format!("file:{}", objects.display()))];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    let (client, content) = (&test.world.hospital, photo(3 * MIB + 11));
    let path = begin(&test, &content).await;
    assert_eq!(append(client, &path, 0, &content[..MIB]).await.status, 204);
    disk.fill();
    let full = (507, "storage.full".to_owned());
    assert_eq!(refused(&append(client, &path, MIB, &content[MIB..]).await), full);
    assert_eq!(offset(client, &path).await, MIB);
    let larger = test.push(&inline("FULL-1", &content), &[]).await;
    assert_eq!(
        (larger.status.as_u16(), codes(&larger.json("outcome").unwrap())),
        (507, vec!["storage.full".to_owned()])
    );
    assert_eq!(test.counts().await.claims, 0);
    assert_eq!(test.push(&inline("FULL-2", &content[..1000]), &[]).await.status, 201, "the database has room");
    disk.free();
    assert_eq!(append(client, &path, MIB, &content[MIB..]).await.status, 204);
    assert_eq!(files_in(&objects), 5, "four segments and the leaves, nothing half");

    // May not be written: the same, as something that passes.
    if disk.read_only(true) {
        let second = begin(&test, &content).await;
        let away = (503, "unavailable".to_owned());
        assert_eq!(refused(&append(client, &second, 0, &content).await), away);
        assert_eq!(offset(client, &second).await, 0);
        assert_eq!(test.push(&inline("FULL-3", &content[..1000]), &[]).await.status, 201);
        let pushed = test.push(&bytes(&referring("FULL-4", &path, &json!({}))), &[]).await;
        assert_eq!(pushed.status, 201, "what is there can be referred to");
        assert!(disk.read_only(false));
        assert_eq!(append(client, &second, 0, &content).await.status, 204);
    } else {
        say(format_args!("skipped: the small disk cannot be made read-only"));
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "300 MiB up and down: a figure for docs/performance.md"]
async fn what_a_large_upload_needs_of_memory_does_not_grow_with_it() {
    const PIECES: usize = 300;
    let served = Served::start(&[("CLAIMGATE_OBJECTS__FILE_BYTES", "419430400")]).await;
    let piece = |number: usize| {
        let mut piece = photo(MIB);
        piece[4..12].copy_from_slice(&number.to_be_bytes());
        piece
    };
    let mut digest = Context::new(&SHA256);
    (0..PIECES).for_each(|number| digest.update(&piece(number)));
    let digest = digest.finish();
    let path = served.begin(PIECES * MIB, digest.as_ref()).await;
    let clock = Clock::system();
    let (before, start) = (served.memory().0, clock.elapsed());
    let mut stream = broken((served.address(), &served.hospital), &path, 0, PIECES * MIB, &piece(0));
    for number in 1..PIECES {
        stream.write_all(&piece(number)).unwrap();
    }
    let sent = clock.elapsed();
    let mut said = [0; 12];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 204");
    let (up, uploaded) = (served.memory().1, clock.elapsed());

    let pushed = push_as(&served.hospital, &bytes(&referring("HUGE-1", &path, &json!({}))), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    let life = &served.life;
    pull_all(&life.client, 1).await;
    let (envelope, opened) = open_all(life, 0, clock.now()).await.pop().unwrap();
    let named = opened.attachments().find(|file| file.media_type == "image/jpeg").unwrap().clone();
    let at = |part: &str| format!("/insurer/v1/deliveries/{}/attachments/{}/{part}", envelope.id, named.id);
    assert_eq!(get(&life.client, &at("key")).await.status, 200);
    let (began, mut came) = (clock.elapsed(), 0);
    while came < PIECES * (MIB + 28) {
        let range = format!("bytes={came}-{}", came + 15 * MIB);
        let answer = must(life.client.call(Method::GET, &at("content"), &[("Range", &range)], Vec::new()).await);
        assert_eq!(answer.status, 206);
        came += answer.body.len();
    }
    assert_eq!(came, PIECES * (MIB + 28));
    let (down, fetched) = (served.memory().1, clock.elapsed());
    say(format_args!(
        "{PIECES} MiB: sent in {:?}, compared in {:?}, fetched in {:?}; memory {before} MiB before, at most {up} MiB \
         until it was complete, {down} MiB until it was fetched",
        sent.saturating_sub(start),
        uploaded.saturating_sub(sent),
        fetched.saturating_sub(began)
    ));
    assert!(down < before + 64, "memory grows with the file");
    drop(served.kept);
}

#[expect(clippy::print_stdout, reason = "says what was skipped, and figures for who runs the test")]
fn say(words: std::fmt::Arguments<'_>) {
    println!("{words}");
}
