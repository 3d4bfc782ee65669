//! A copy made under load comes back: everything answered before it, nothing erased since, and it says what is wrong.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use claimgate_fhir::format::Format;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::flows::health::{Conditions, Refusal};
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database::{self, Kept};
use claimgate_tests::gateway::{TestGateway, must};
use claimgate_tests::shared::tell;

use crate::retention::{closed, operate};

/// Copies a gateway's database as its operator does, while it runs; `false` where the program for it is not here.
fn copied(folder: &Path, to: &Path) -> bool {
    let Some((_, url)) = database::settings(folder).pop() else {
        let (exit, _, heard) = operate(folder, &["backup", to.to_str().unwrap()], &[]);
        assert_eq!(exit, 0, "{heard}");
        return true;
    };
    let dump = Command::new("pg_dump").args(["--format=custom", "--file"]).arg(to).arg(url).output();
    let Ok(dump) = dump else { return false };
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    true
}

/// Brings a copy back under another folder, with the keys and the list of erasures.
fn restored(kept: &Kept, copy: &Path, into: &Kept) {
    let keys = into.path().join("keys");
    std::fs::create_dir(&keys).unwrap();
    for file in std::fs::read_dir(kept.path().join("keys")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), keys.join(file.file_name())).unwrap();
    }
    std::fs::copy(kept.path().join("erasures.jsonl"), into.path().join("erasures.jsonl")).unwrap();
    let Some((_, url)) = into.settings().pop() else {
        std::fs::copy(copy, into.path().join("claimgate.db")).unwrap();
        return;
    };
    let restore = ["--clean", "--if-exists", "--no-owner", "--exit-on-error", "--dbname"];
    let restore = Command::new("pg_restore").args(restore).arg(url).arg(copy).output().unwrap();
    assert!(restore.status.success(), "{}", String::from_utf8_lossy(&restore.stderr));
}

#[expect(clippy::too_many_lines, reason = "one story, in its order")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_made_under_load_comes_back_whole_and_without_what_was_erased_since() {
    let test = TestGateway::start_without_limits().await;
    let folder = test.folder().to_owned();
    let pushed = |number: usize| {
        let test = &test;
        async move {
            let answer = test.push(&bytes(&case(&format!("BACK-{number}"))), &[]).await;
            assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
            answer.header("claimgate-claim-id").unwrap().to_owned()
        }
    };
    let gone = pushed(0).await;
    closed(&test).await;

    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("claimgate.copy");
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let load = async {
        let mut claims = Vec::new();
        while !over.load(Ordering::SeqCst) {
            let number = claims.len() + 1;
            claims.push((number, pushed(number).await));
            answered.store(claims.len(), Ordering::SeqCst);
        }
        claims
    };
    let copying = async {
        while answered.load(Ordering::SeqCst) < 10 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let before = answered.load(Ordering::SeqCst);
        let (folder, to) = (folder.clone(), copy.clone());
        let done = tokio::task::spawn_blocking(move || copied(&folder, &to)).await.unwrap();
        over.store(true, Ordering::SeqCst);
        (before, done)
    };
    let (claims, (before, done)) = tokio::join!(load, copying);
    if !done {
        tell("skipped: pg_dump is not here");
        test.stop().await;
        return;
    }
    let (exit, said, heard) = operate(&folder, &["erase", &gone, "--ground", "request", "--as", "alice"], &[]);
    assert!(exit == 0 && said.contains("erased"), "{said} {heard}");
    let kept = test.stop().await;

    let into = Kept::fresh().await;
    restored(&kept, &copy, &into);
    let check = |arguments: &[&str]| operate(into.path(), &[&["backup", "check"], arguments].concat(), &[]);
    let file = copy.to_str().unwrap();
    let of: &[&str] = if database::on_postgres() { &[] } else { &[file] };
    let bytes_before = std::fs::read(&copy).unwrap();
    let (exit, said, heard) = check(of);
    assert_eq!(exit, 0, "{said} {heard}");
    for word in ["whole", "unbroken", "opens it", "all consistent", "the newest of", "insurer-life: deliveries up to"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(bytes_before == std::fs::read(&copy).unwrap(), "looking changes nothing");

    // The gateway starts on it: what was answered before the copy began is there, what was erased since is not.
    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), into.path().display().to_string()),
        ("CLAIMGATE_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
    ];
    let config = must(Config::from_layers(None, layers.into_iter().chain(into.settings())));
    let running = must(lifecycle::start(config, Clock::system(), Random::system()).await);
    let engine = &running.app.engine;
    let hospital = "hospital-demo".parse().unwrap();
    for (number, claim) in claims.iter().take(before) {
        let body = bytes(&case(&format!("BACK-{number}")));
        let again = engine.accept(&hospital, Format::Json, &body, Conditions::default()).await.unwrap();
        assert_eq!((again.claim.to_string(), again.revision), (claim.clone(), 1), "{number}");
    }
    let head = engine.store.claim(gone.parse().unwrap()).await;
    assert!(head.is_err(), "the erasure is done again at the start");
    let body = bytes(&case("BACK-0"));
    let anew = engine.accept(&hospital, Format::Json, &body, Conditions::default()).await;
    assert!(anew.map_err(|refusal: Refusal| format!("{refusal:?}")).unwrap().claim.to_string() != gone);
    must(running.stop().await);
    tell(&format!("{} pushes while it was copied, {before} answered before", claims.len()));

    // A copy that was changed, cut off, or is of another key is told of.
    let master = into.path().join("keys/master.key");
    let text = std::fs::read_to_string(&master).unwrap();
    std::fs::remove_file(&master).unwrap();
    let (exit, _, heard) = check(of);
    assert!(exit != 0 && heard.contains("master.key"), "{heard}");
    std::fs::write(
        &master,
        if text.starts_with('A') { text.replacen('A', "B", 1) } else { format!("A{}", &text[1..]) },
    )
    .unwrap();
    std::fs::set_permissions(&master, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (exit, said, _) = check(of);
    assert!(exit == 4 && said.contains("which is not here"), "{said}");
    std::fs::write(&master, text).unwrap();
    if !database::on_postgres() {
        let other = Kept { folder: tempfile::tempdir().unwrap(), database: None };
        let changed = other.path().join("claimgate.db");
        std::fs::copy(&copy, &changed).unwrap();
        assert_eq!(other.run("update audit set actor = 'nobody' where position = 5").await, 1);
        let (exit, said, _) = check(&[changed.to_str().unwrap()]);
        assert!(exit == 4 && said.contains("line 5 was changed or is missing"), "{said}");
        let mut whole = std::fs::read(&copy).unwrap();
        whole.truncate(whole.len() / 2 / 4_096 * 4_096);
        std::fs::write(&copy, &whole).unwrap();
        let (exit, said, heard) = check(of);
        assert!(exit != 0, "{said} {heard}");
    }
}
