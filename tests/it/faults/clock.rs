//! Clocks that jump: a gateway under libfaketime, whose hour changes while it runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::party::AuthProfile;
use claimgate_gateway::sandbox::client::{Identity, PartyClient, http_client};
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::open::{TrustedKeys, open};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::crash::server::Server;
use claimgate_tests::gateway::{TestGateway, get, must, push_as};

use super::say;

const HOUR: Duration = Duration::from_hours(1);

/// The library for programs with threads, where Debian has it.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path().join("faketime"));
    let mut libraries = folders.map(|folder| folder.join("libfaketimeMT.so.1"));
    libraries.find(|library| library.exists())
}

/// What the gateway's clock is ahead by.
struct Jump(PathBuf);

impl Jump {
    fn to(&self, ahead: &str) {
        // In one step: the gateway reads it at each look at its clock.
        let new = self.0.with_extension("new");
        must(std::fs::write(&new, format!("{ahead}\n")));
        must(std::fs::rename(new, &self.0));
    }
}

async fn ready(address: &str) -> (u16, String) {
    let answer = must(must(http_client()).get(format!("http://{address}/readyz")).send().await);
    (answer.status().as_u16(), must(answer.text().await))
}

fn faked(folder: &Path, library: &Path, jump: &Jump) -> Vec<(String, String)> {
    [
        ("CLAIMGATE_GATEWAY__DATA_DIR", folder.display().to_string()),
        ("CLAIMGATE_GATEWAY__SANDBOX", "true".to_owned()),
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", jump.0.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // As on a real machine: what is set is the time of day.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_forward_and_back_signs_nothing_before_what_was_signed() {
    let Some(library) = library() else {
        say(format_args!("skipped: libfaketime is not here (deploy/prepare test)"));
        return;
    };
    let (world, kept) = TestGateway::start().await.into_parts();
    let (base, address) = (world.gateway.base_url().to_owned(), world.gateway.address);
    let (hospital, life) = (world.hospital, world.insurers.into_iter().next().unwrap());
    must(world.gateway.stop().await);
    let jump = Jump(kept.path().join("faketime"));
    jump.to("+0");
    let mut settings = faked(kept.path(), &library, &jump);
    settings.extend(kept.settings());
    settings.push(("CLAIMGATE_GATEWAY__BASE_URL".to_owned(), base.clone()));
    let mut server = Server::new(&settings, address);
    server.start().await;
    let address = address.to_string();
    let client = |of: &PartyClient, profile, ahead| {
        let clock = Clock::test(Clock::system().now() + ahead);
        let identity = Identity { id: of.id().to_owned(), profile, key: of.key().clone() };
        let made = must(PartyClient::new(&base, identity, clock.clone(), Random::system()));
        let key = must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, clock.now()));
        if profile == AuthProfile::Fapi { made.bound_to(key) } else { made }
    };
    let smart = |ahead| client(&hospital, AuthProfile::Smart, ahead);
    let push = async |client: &PartyClient, name: &str| push_as(client, &bytes(&case(name)), &[]).await;

    // The right time.
    let mut now = smart(Duration::ZERO);
    must(now.authenticate().await);
    assert_eq!(push(&now, "CLOCK-1").await.status, 201);

    // An hour ahead: tokens of before have ended, assertions of parties with a right clock too.
    jump.to("+3600");
    assert_eq!(push(&now, "CLOCK-2").await.status, 401);
    assert!(smart(Duration::ZERO).authenticate().await.is_err());
    let mut ahead = smart(HOUR);
    must(ahead.authenticate().await);
    let second = push(&ahead, "CLOCK-2").await;
    assert_eq!(second.status, 201);

    // And back: nothing is dated before what was signed, so nothing is signed; what is there is served.
    jump.to("+0");
    let refused = push(&now, "CLOCK-3").await;
    assert_eq!(refused.status, 503, "{}", String::from_utf8_lossy(&refused.body));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(get(&now, "/fhir/Bundle?identifier=CLOCK-1").await.status, 200);
    let refused = smart(Duration::ZERO).authenticate().await.unwrap_err();
    assert!(refused.to_string().contains("503"), "{refused}");
    assert_eq!(ready(&address).await.0, 503);
    assert!(server.logged().contains("behind what this gateway has signed"), "{}", server.logged());
    // What time servers take back hurts nobody.
    jump.to("+3595");
    assert_eq!(ready(&address).await.0, 200);
    assert_eq!(push(&ahead, "CLOCK-3").await.status, 201);

    // A start does not forget it.
    server.stop().await;
    jump.to("+0");
    let watch = async {
        for _ in 0..500 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if let Ok(answer) = must(http_client()).get(format!("http://{address}/readyz")).send().await {
                assert_eq!(answer.status().as_u16(), 503);
                jump.to("+3600");
                return;
            }
        }
        panic!("the gateway does not start with a clock that was set back");
    };
    let ((), ()) = tokio::join!(server.start(), watch);

    // Cursors go on, and each packet is dated after the one before.
    let mut reader = client(&life.client, AuthProfile::Fapi, HOUR);
    must(reader.authenticate().await);
    let page = must(insurer::pull(&reader, 0, 5).await);
    assert_eq!(page.iter().map(|one| one.position).collect::<Vec<_>>(), [1, 2, 3]);
    let trust: TrustedKeys = must(insurer::trusted_keys(&reader).await);
    let mut dates = Vec::new();
    for envelope in &page {
        let sealed = must(insurer::fetch(&reader, &envelope.id).await);
        let opened = must(open(&sealed, &life.keys, &trust, reader.id(), Some(envelope.line), reader.now()));
        dates.push(opened.issued_at);
    }
    say(format_args!("an hour forward and back: packets dated {dates:?}"));
    assert!(dates.windows(2).all(|two| two[0] <= two[1] + jiff::SignedDuration::from_mins(1)), "{dates:?}");
    server.stop().await;
}
