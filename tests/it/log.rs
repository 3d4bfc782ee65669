//! The public log: every packet gets a proof, anyone can check a copy, and nothing can be taken out unnoticed.

use std::path::Path;
use std::time::Duration;

use claimgate_gateway::sandbox::client::Answer;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::log::checkpoint::{Checkpoint, LogKey};
use claimgate_packet::log::proof::{LogProof, ProofError};
use claimgate_packet::log::tile::{TileId, Wanted};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must, open_all, pull_all};
use claimgate_tests::shared::claimgate;

async fn log_key(test: &TestGateway) -> LogKey {
    let keys = get(&test.world.hospital, "/.well-known/claim-packet-keys").await.json("keys").unwrap();
    LogKey::parse(keys["log"].as_str().unwrap()).unwrap()
}

/// Asks until the log's next checkpoint reaches the packet.
async fn proof(test: &TestGateway, id: &str) -> Answer {
    for _ in 0..100 {
        let answer = get(&test.life().client, &format!("/insurer/v1/deliveries/{id}/proof")).await;
        if answer.status != 503 {
            return answer;
        }
        assert_eq!(answer.json("problem").unwrap()["code"], "proof.pending");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no checkpoint within ten seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_packet_is_proven_to_stand_in_the_log() {
    let test = TestGateway::start().await;
    let key = log_key(&test).await;
    for number in 0..3 {
        test.push(&bytes(&case(&format!("LOG-{number}"))), &[]).await;
    }
    pull_all(&test.life().client, 3).await;
    let opened = open_all(test.life(), 0, test.clock.now()).await;
    assert_eq!(opened.len(), 3);
    for (envelope, packet) in &opened {
        let text = String::from_utf8(proof(&test, &envelope.id).await.body).unwrap();
        let proof = LogProof::parse(&text).unwrap();
        assert!(proof.verify(&packet.log_entry, &key).unwrap().size >= 1);
        let other = opened.iter().find(|(other, _)| other.id != envelope.id).unwrap();
        assert_eq!(proof.verify(&other.1.log_entry, &key), Err(ProofError::NotIncluded));
    }
    // Both insurers hold the same packet of a claim: it stands in the log once.
    assert_eq!(must(test.world.gateway.app.engine.store.log_size().await), 3);
    test.stop().await;
}

async fn copy_to(test: &TestGateway, folder: &Path) {
    let fetch = async |path: String| {
        let answer = get(&test.world.app, &format!("/log/{path}")).await;
        assert_eq!(answer.status, 200, "{path}");
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &answer.body).unwrap();
        answer.body
    };
    let note = String::from_utf8(fetch("checkpoint".to_owned()).await).unwrap();
    let size = Checkpoint::open(&note, &log_key(test).await).unwrap().size;
    for number in 0..size.div_ceil(256) {
        let tile = TileId { level: 0, number };
        fetch(format!("tile/{}", Wanted::Entries(number, tile.width(size)))).await;
        fetch(format!("tile/{}", Wanted::Hashes(tile, tile.width(size)))).await;
    }
}

async fn checkpointed(test: &TestGateway) {
    must(test.world.gateway.app.engine.store.sequence().await);
    must(test.world.gateway.app.engine.checkpoint().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_checks_a_copy_and_a_rewritten_one_is_refused() {
    let test = TestGateway::start().await;
    let (first, second, work) = (tempfile(), tempfile(), tempfile());
    let keys = get(&test.world.app, "/.well-known/claim-packet-keys").await;
    let trust = work.path().join("keys.json");
    std::fs::write(&trust, &keys.body).unwrap();
    for number in 0..2 {
        test.push(&bytes(&case(&format!("COPY-{number}"))), &[]).await;
    }
    checkpointed(&test).await;
    copy_to(&test, first.path()).await;
    test.push(&bytes(&case("COPY-3")), &[]).await;
    checkpointed(&test).await;
    copy_to(&test, second.path()).await;

    let path = |path: &Path| path.display().to_string();
    let verify = |archive: &Path, since: Option<&Path>| {
        let mut arguments = vec!["log".to_owned(), "verify".to_owned(), "--archive".to_owned(), path(archive)];
        arguments.extend(["--trust".to_owned(), path(&trust)]);
        if let Some(since) = since {
            arguments.extend(["--since".to_owned(), path(&since.join("checkpoint"))]);
        }
        claimgate(work.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let good = verify(second.path(), Some(first.path()));
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    assert!(String::from_utf8_lossy(&good.stdout).contains("3 packets, 2 checkpoints consistent"));
    assert_eq!(verify(first.path(), Some(second.path())).status.code(), Some(3), "the copy is older");

    let bundle = second.path().join("tile").join(Wanted::Entries(0, 3).to_string());
    let mut entries = std::fs::read(&bundle).unwrap();
    entries[40] ^= 1;
    std::fs::write(&bundle, &entries).unwrap();
    assert_eq!(verify(second.path(), None).status.code(), Some(3), "an entry was exchanged");
    for wrong in ["/log/tile/0/000", "/log/tile/0/000.p/4", "/log/tile/9/000", "/log/tile/", "/log/tile/entries/001"] {
        assert_eq!(get(&test.world.app, wrong).await.status, 404, "{wrong}");
    }
    test.stop().await;
}

fn tempfile() -> tempfile::TempDir {
    must(tempfile::tempdir())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_checks_packet_and_proof_with_one_command() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("VERIFY-1")), &[]).await;
    let envelope = pull_all(&test.life().client, 1).await.pop().unwrap();
    let sealed = must(insurer::fetch(&test.life().client, &envelope.id).await);
    let proof = proof(&test, &envelope.id).await;
    let folder = tempfile();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("keys.json", &get(&test.world.app, "/.well-known/claim-packet-keys").await.body);
    write("key.json", test.life().keys.first().unwrap().to_json().to_string().as_bytes());
    write("packet.jose", sealed.as_bytes());
    write("packet.tlog-proof", &proof.body);
    let arguments = ["--key", "key.json", "--trust", "keys.json", "--me", "insurer-life", "packet.jose", "--proof"];
    let verify = |proof| claimgate(folder.path(), &[&["packet", "verify"], arguments.as_slice(), &[proof]].concat());
    let good = verify("packet.tlog-proof");
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let text = String::from_utf8(proof.body).unwrap();
    write("other.tlog-proof", text.replacen("index 0", "index 1", 1).as_bytes());
    let refused = verify("other.tlog-proof");
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("proof.not_included"));
    test.stop().await;
}
