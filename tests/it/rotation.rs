//! Keys change under load: the operator rotates the gateway's, an insurer its own, while pushes and pulls go on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::open::{OpenError, TrustedKeys, open};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, get, must};
use claimgate_tests::shared::binary;

/// The longest a running gateway may take to notice what the operator did.
const NOTICED: Duration = Duration::from_secs(10);

/// Runs `claimgate` on the data of a running gateway.
fn operate(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(binary());
    let output = command
        .args(arguments)
        .env("CLAIMGATE_GATEWAY__DATA_DIR", folder)
        .envs(database::settings(folder))
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What goes on while keys change.
#[derive(Default)]
struct Load {
    pushed: AtomicUsize,
    over: AtomicBool,
}

impl Load {
    /// Pushes case after case; every one must be taken.
    async fn push(&self, test: &TestGateway, name: &str) {
        for number in 0.. {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            let answer = test.push(&bytes(&case(&format!("{name}-{number}"))), &[]).await;
            assert_eq!(answer.status, 201, "{name}-{number}: {}", String::from_utf8_lossy(&answer.body));
            self.pushed.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits for more pushes.
    async fn goes_on(&self, by: usize) {
        let before = self.pushed.load(Ordering::SeqCst);
        let more = async {
            while self.pushed.load(Ordering::SeqCst) < before + by {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(NOTICED, more).await.unwrap();
    }
}

/// An insurer that opens what comes: which key signed each packet, and to which key it was sealed.
struct Reader<'a> {
    one: &'a Insurer,
    trust: TrustedKeys,
    /// Packets by the key that signed them.
    seen: BTreeMap<String, Vec<String>>,
    position: i64,
}

impl<'a> Reader<'a> {
    async fn new(one: &'a Insurer) -> Self {
        Self { one, trust: must(insurer::trusted_keys(&one.client).await), seen: BTreeMap::new(), position: 0 }
    }

    /// Opens everything beyond its position with these keys.
    async fn read(&mut self, keys: &[PrivateJwk], now: jiff::Timestamp) {
        let client = &self.one.client;
        for envelope in must(insurer::pull(client, self.position, 0).await) {
            let sealed = must(insurer::fetch(client, &envelope.id).await);
            let try_open = |trust: &TrustedKeys| open(&sealed, keys, trust, client.id(), Some(envelope.line), now);
            let opened = match try_open(&self.trust) {
                // As the guide says: an unknown key means that the list is to be fetched again, once.
                Err(OpenError::UnknownKey) => {
                    self.trust = must(insurer::trusted_keys(client).await);
                    try_open(&self.trust)
                }
                other => other,
            };
            let opened = opened.unwrap_or_else(|error| panic!("position {}: {error}", envelope.position));
            must(insurer::acknowledge(client, &envelope.id, &opened).await);
            self.seen.entry(opened.kid).or_default().push(sealed);
            self.position = envelope.position;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_rotate_under_load_and_nobody_notices() {
    let (test, load) = (TestGateway::start().await, Load::default());
    let mut life = Reader::new(test.life()).await;
    let other = test.nonlife();
    let second = must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, test.clock.now()));

    let reading = async {
        while !load.over.load(Ordering::SeqCst) {
            life.read(&test.life().keys, test.clock.now()).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let operating = async {
        load.goes_on(5).await;
        let mut kids = Vec::new();
        for _ in 0..2 {
            let kid = rotate(&test, "packet").await;
            load.goes_on(5).await;
            kids.push(kid);
        }
        // Tokens: new ones are signed anew, and those given before go on.
        let before = test.life().client.access_token().unwrap().to_owned();
        rotate(&test, "token").await;
        assert_eq!(test.life().client.access_token(), Some(before.as_str()));
        load.goes_on(5).await;
        // An insurer that has read nothing yet puts another key in the place of its own.
        let (folder, id) = (test.folder(), other.client.id());
        let engine = &test.world.gateway.app.engine;
        let mut document = must(engine.store.party(&id.parse().unwrap()).await).unwrap().registration().clone();
        document.jwks = JwkSet(vec![other.client.key().public(), second.public()]).to_json();
        let file = folder.join("replaced.json");
        std::fs::write(&file, serde_json::to_vec(&document).unwrap()).unwrap();
        let arguments = ["party".to_owned(), "replace".to_owned(), file.display().to_string()];
        let folder = folder.to_owned();
        let run = move || operate(&folder, &arguments.each_ref().map(String::as_str));
        tokio::task::spawn_blocking(run).await.unwrap();
        load.goes_on(10).await;
        load.over.store(true, Ordering::SeqCst);
        kids
    };
    let ((), (), (), kids) = tokio::join!(load.push(&test, "ROT-A"), load.push(&test, "ROT-B"), reading, operating);

    // Everything came to both, each packet signed by a published key, and old ones verify as before.
    let pushed = load.pushed.load(Ordering::SeqCst);
    let now = test.clock.now();
    must(test.world.gateway.app.engine.store.sequence().await);
    life.read(&test.life().keys, now).await;
    while usize::try_from(life.position).unwrap() < pushed {
        tokio::time::sleep(Duration::from_millis(50)).await;
        life.read(&test.life().keys, now).await;
    }
    let published = must(insurer::trusted_keys(&test.life().client).await);
    let signed: BTreeSet<&str> = life.seen.keys().map(String::as_str).collect();
    assert!(signed.len() >= 3 && kids.iter().all(|kid| signed.contains(kid.as_str())), "{signed:?} {kids:?}");
    assert_eq!(published.keys().len(), 3);
    for sealed in life.seen.values().flatten() {
        must(open(sealed, &test.life().keys, &published, test.life().client.id(), None, now));
    }
    // The other insurer opens all of it with its new key alone: what was sealed before was sealed again.
    let mut late = Reader::new(other).await;
    while usize::try_from(late.position).unwrap() < pushed {
        late.read(std::slice::from_ref(&second), test.clock.now()).await;
    }
    assert_eq!(late.seen.values().map(Vec::len).sum::<usize>(), pushed);
    test.stop().await;
}

/// Rotates as an operator does, and waits until the running gateway has published the key.
async fn rotate(test: &TestGateway, usage: &str) -> String {
    let (folder, word) = (test.folder().to_owned(), usage.to_owned());
    let run = move || operate(&folder, &["keys", "rotate", &word, "--at-once"]);
    let said = tokio::task::spawn_blocking(run).await.unwrap();
    let kid = said.trim().rsplit(' ').next().unwrap().to_owned();
    let list = if usage == "packet" { "/.well-known/claim-packet-keys" } else { "/.well-known/jwks.json" };
    let published = async {
        while !get(&test.life().client, list).await.json("keys").unwrap().to_string().contains(&kid) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(NOTICED, published).await.unwrap();
    // It begins with a second of its own.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    kid
}
