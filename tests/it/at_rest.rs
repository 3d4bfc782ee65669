//! The master key changes while a gateway serves; afterwards the former one opens nothing and nobody needs it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle;
use claimgate_gateway::party::AuthProfile;
use claimgate_gateway::sandbox::client::{Identity, PartyClient, http_client};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::crash::server::Server;
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, codes, get, must, open_all, post, push_as};
use claimgate_tests::shared::binary;
use serde_json::json;

use crate::retention::operate;

/// Runs `claimgate` beside the gateway of this process, which goes on meanwhile.
async fn beside(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let folder = folder.to_owned();
    let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
    let run = move || operate(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// Lets a rotation begin and kills it in the middle.
fn killed(folder: &Path) {
    use std::io::{BufRead, BufReader};
    let mut rotation = Command::new(binary())
        .args(["keys", "rotate-at-rest", "--batch", "1"])
        .env("CLAIMGATE_GATEWAY__DATA_DIR", folder)
        .envs(database::settings(folder))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(rotation.stderr.take().unwrap()).lines();
    let steps = lines.map(Result::unwrap).filter(|line| line.contains("looked at")).take(3).count();
    rotation.kill().unwrap();
    rotation.wait().unwrap();
    assert_eq!(steps, 3, "it tells how far it is");
}

/// The master keys beside the configured one.
fn others(folder: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(folder.join("keys")).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("master-")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_master_key_is_exchanged_under_load_and_the_former_one_is_needed_by_nothing() {
    let test = TestGateway::start().await;
    let folder = test.folder().to_owned();
    let first = test.push(&bytes(&case("REST-0")), &[]).await;
    let claim = first.header("claimgate-claim-id").unwrap().to_owned();
    let code = first.header("claimgate-tracking-code").unwrap().to_owned();
    assert_eq!(operate(&folder, &["retention", "hold", &claim, "--reason", "lawsuit", "--as", "alice"], &[]).0, 0);
    for number in 1..6 {
        assert_eq!(test.push(&bytes(&case(&format!("REST-{number}"))), &[]).await.status, 201);
    }
    let (exit, _, heard) = operate(&folder, &["keys", "rotate-at-rest"], &[]);
    assert!(exit == 1 && heard.contains("--prepare"), "{heard}");

    let (over, pushed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let load = async {
        for number in 6.. {
            if over.load(Ordering::SeqCst) {
                break;
            }
            let answer = test.push(&bytes(&case(&format!("REST-{number}"))), &[]).await;
            assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
            pushed.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let operating = async {
        let (exit, made, heard) = beside(&folder, &["keys", "rotate-at-rest", "--prepare"]).await;
        assert!(exit == 0 && others(&folder).len() == 1 && made.contains("master-"), "{made} {heard}");
        let (_, again, _) = beside(&folder, &["keys", "rotate-at-rest", "--prepare"]).await;
        assert_eq!(again, made, "one key is prepared at a time");
        let (_, doctor, _) = beside(&folder, &["doctor"]).await;
        assert!(doctor.contains("is prepared"), "{doctor}");
        let place = folder.clone();
        tokio::task::spawn_blocking(move || killed(&place)).await.unwrap();
        let (_, doctor, _) = beside(&folder, &["doctor"]).await;
        assert!(doctor.contains("still need master key"), "{doctor}");
        let (exit, said, heard) = beside(&folder, &["keys", "rotate-at-rest"]).await;
        assert!(exit == 0 && said.contains("may be removed"), "{said} {heard}");
        assert!(said.contains("key files encrypted anew") && said.contains("holds master key"), "{said}");
        over.store(true, Ordering::SeqCst);
    };
    tokio::join!(load, operating);
    assert!(pushed.load(Ordering::SeqCst) > 5);

    // Nothing is lost without the former key: not for the gateway that runs, nor for one that starts.
    let former = others(&folder);
    assert_eq!(former.len(), 1, "{former:?}");
    std::fs::remove_file(former.first().unwrap()).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let again = test.push(&bytes(&case("REST-0")), &[]).await;
    assert_eq!((again.status.as_u16(), again.header("claimgate-claim-id")), (201, Some(claim.as_str())), "told again");
    let bundle = format!("/fhir/Bundle/{}", claim.trim_start_matches("clm_"));
    assert_eq!(get(&test.world.hospital, &bundle).await.status, 200);
    let linked = post(&test.world.app, "/claims/v1/links", &json!({ "tracking_code": code })).await;
    assert_eq!(linked.status, 201, "{}", String::from_utf8_lossy(&linked.body));
    let opened = open_all(test.life(), 0, test.clock.now()).await;
    assert!(opened.len() > 6, "{}", opened.len());

    let (exit, doctor, _) = operate(&folder, &["doctor"], &[]);
    assert!(exit == 0 && doctor.contains("encrypts what is new") && !doctor.contains("need master key"), "{doctor}");
    let kept = test.stop().await;
    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), kept.path().display().to_string()),
        ("CLAIMGATE_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
    ];
    let config = must(Config::from_layers(None, layers.into_iter().chain(kept.settings())));
    let running = must(lifecycle::start(config.clone(), Clock::system(), Random::system()).await);
    must(running.stop().await);

    // Another master key is told of, and serves nobody.
    let file = kept.path().join("keys/master.key");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.replace_range(0..1, if text.starts_with('A') { "B" } else { "A" });
    std::fs::write(&file, text).unwrap();
    let refused = lifecycle::start(config, Clock::system(), Random::system()).await.err().unwrap().to_string();
    assert!(refused.contains("another master key") || refused.contains("is encrypted under master key"), "{refused}");
}

/// Status and body of a gateway's `/readyz`.
async fn ready(server: &Server) -> (u16, String) {
    let answer = must(must(http_client()).get(format!("{}/readyz", server.door())).send().await);
    (answer.status().as_u16(), must(answer.text().await))
}

async fn wait_until_ready(server: &Server, wanted: u16) -> String {
    for _ in 0..200 {
        let (status, body) = ready(server).await;
        if status == wanted {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("/readyz does not become {wanted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_gateway_without_the_new_master_key_refuses_and_loses_nothing() {
    if !database::on_postgres() {
        say(format_args!("skipped: two gateways share a PostgreSQL (CLAIMGATE_TEST_DATABASE=postgres)"));
        return;
    }
    let test = TestGateway::start().await;
    let (folder, engine) = (test.folder().to_owned(), &test.world.gateway.app.engine);
    let base = test.world.gateway.base_url().to_owned();
    let first = test.push(&bytes(&case("TWO-1")), &[]).await;
    let claim = first.header("claimgate-claim-id").unwrap().to_owned();

    // The other gateway: a process and a key folder of its own.
    let keys = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder.join("keys")).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), keys.path().join(file.file_name())).unwrap();
    }
    let own = ("CLAIMGATE_KEYS__DIR", keys.path().display().to_string());
    let mut settings = test.kept().settings();
    for (name, value) in [
        ("CLAIMGATE_GATEWAY__DATA_DIR", folder.display().to_string()),
        ("CLAIMGATE_GATEWAY__BASE_URL", base.clone()),
        ("CLAIMGATE_GATEWAY__SANDBOX", "true".to_owned()),
        own.clone(),
    ] {
        settings.push((name.to_owned(), value));
    }
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut other = Server::new(&settings, listen);
    other.start().await;
    let (id, key) = (test.world.hospital.id().to_owned(), test.world.hospital.key().clone());
    let identity = Identity { id, profile: AuthProfile::Smart, key };
    let mut there = must(PartyClient::new(&base, identity, Clock::system(), Random::system()));
    must(there.authenticate().await);
    there.through(&other.door());
    assert_eq!(push_as(&there, &bytes(&case("TWO-2")), &[]).await.status, 201);

    // The next key is laid on one of them only.
    assert_eq!(beside(&folder, &["keys", "rotate-at-rest", "--prepare"]).await.0, 0);
    let (exit, said, heard) = beside(&folder, &["keys", "rotate-at-rest"]).await;
    assert!(exit == 0 && said.contains("may be removed"), "{said} {heard}");
    let leader = engine.vault.leads().unwrap();
    let told = wait_until_ready(&other, 503).await;
    assert!(told.contains(&format!("master-{leader}.key")), "{told}");
    let before = test.counts().await;
    let refused = push_as(&there, &bytes(&case("TWO-3")), &[]).await;
    assert_eq!(refused.status, 503, "{}", String::from_utf8_lossy(&refused.body));
    assert_eq!(codes(&refused.json("outcome").unwrap()), ["unavailable"]);
    let bundle = format!("/fhir/Bundle/{}", claim.trim_start_matches("clm_"));
    assert_eq!(get(&there, &bundle).await.status, 503);
    assert_eq!(test.counts().await, before);
    let needed = must(engine.masters_needed().await);
    assert!(needed.iter().all(|(id, needed)| *id == leader || needed.values == 0), "{needed:?}");
    let place = (folder.clone(), own.clone());
    let doctor = || {
        let (folder, (name, value)) = place.clone();
        tokio::task::spawn_blocking(move || operate(&folder, &["doctor"], &[(name, value.as_str())]))
    };
    let (exit, said, heard) = doctor().await.unwrap();
    assert!(exit == 4 && said.contains(&format!("lay master-{leader}.key into keys.dir")), "{exit} {said} {heard}");

    // The one that has it goes on, and the other as soon as it has it.
    assert_eq!(test.push(&bytes(&case("TWO-4")), &[]).await.status, 201);
    std::fs::copy(folder.join("keys/master.key"), keys.path().join(format!("master-{leader}.key"))).unwrap();
    wait_until_ready(&other, 200).await;
    other.must_run();
    assert_eq!(push_as(&there, &bytes(&case("TWO-3")), &[]).await.status, 201);
    for number in [1, 4] {
        let again = push_as(&there, &bytes(&case(&format!("TWO-{number}"))), &[]).await;
        assert_eq!(again.status, 201, "told again by the other: {}", String::from_utf8_lossy(&again.body));
    }
    assert_eq!(get(&there, &bundle).await.status, 200);
    assert_eq!(test.counts().await.claims, 4);
    let (_, said, _) = doctor().await.unwrap();
    assert!(said.contains("on this machine as well"), "{said}");
    test.stop().await;
}

#[expect(clippy::print_stdout, reason = "says what was skipped")]
fn say(words: std::fmt::Arguments<'_>) {
    println!("{words}");
}
