//! What the clients' logs say against what the gateways have: lost, doubled, or otherwise wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use claimgate_gateway::app::App;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::id::Random;
use serde_json::Value;

use super::hospital::Pushed;
use super::insurer::{Read, page};
use super::patience::{Asked, Patient, Scene};
use crate::gateway::must;
use crate::receiver::Receiver;
use crate::shared::binary;

/// How long messages to endpoints may take after the last kill: a leased one waits for the lease to end.
const MESSAGES: usize = 45;

/// What the clients noted.
#[derive(Debug)]
pub struct Logs {
    /// Pushes that were answered.
    pub pushed: Vec<Pushed>,
    /// What each insurer saw and did; the first one has an endpoint.
    pub readers: Vec<Read>,
}

/// A sentence for each fault.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Answered and not there.
    pub lost: Vec<String>,
    /// There more than once, or answered differently the second time.
    pub doubled: Vec<String>,
    /// Anything else.
    pub wrong: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.wrong.is_empty()
    }

    /// Every push is read where its answer said, and gives the same answer again.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn of_repetitions(&mut self, scene: &Scene, client: &mut Patient, logs: &Logs) {
        let mut claims: BTreeMap<&str, &str> = BTreeMap::new();
        for one in &logs.pushed {
            if claims.insert(one.claim(), &one.case).is_some_and(|case| case != one.case) {
                self.doubled.push(format!("{} stands for two cases", one.claim()));
            }
            self.doubled.extend(one.again(scene, client).await);
            let path = one.location().find("/fhir/").and_then(|place| one.location().get(place..)).unwrap_or_default();
            let found = client.ask(scene, Asked { path, headers: &[], body: None }).await;
            let (kept, sent): (Option<Value>, Option<Value>) =
                (found.json("bundle").ok(), serde_json::from_slice(&one.body).ok());
            let identifier = |bundle: &Option<Value>| bundle.as_ref().and_then(|one| one.get("identifier").cloned());
            if found.status != 200 || identifier(&kept) != identifier(&sent) {
                self.lost.push(format!("{} revision {}: {} at {path}", one.case, one.revision, found.status));
            }
        }
    }

    /// Each insurer's stream from its beginning: what it saw, in that order, without a gap, acknowledged; and each answered
    /// revision in it once.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn of_streams(&mut self, scene: &Scene, logs: &Logs) {
        let expected: BTreeSet<(String, i64)> =
            logs.pushed.iter().map(|one| (one.claim().to_owned(), one.revision)).collect();
        for read in &logs.readers {
            let name = read.client.client.id();
            let mut client = super::Party::of(&read.client.client, true).client(scene);
            let mut all = Vec::new();
            loop {
                let more = page(scene, &mut client, all.len(), 0).await;
                if more.is_empty() {
                    break;
                }
                all.extend(more);
            }
            for (place, envelope) in (1..).zip(&all) {
                if envelope.position != place {
                    self.lost.push(format!("{name}: position {place} is {}", envelope.position));
                }
            }
            let (ids, seen): (Vec<_>, Vec<_>) =
                (all.iter().map(|one| &one.id).collect(), read.seen.iter().map(|one| &one.id).collect());
            if ids != seen {
                self.lost.push(format!("{name}: the cursor saw {} of {} deliveries", seen.len(), ids.len()));
            }
            let open: BTreeSet<&String> =
                all.iter().filter(|one| one.state != "acknowledged").map(|one| &one.id).collect();
            let undone = read.acked.iter().filter(|id| open.contains(id));
            self.lost.extend(undone.map(|id| format!("{name}: {id} is not acknowledged any more")));
            let mut found = BTreeSet::new();
            for envelope in &all {
                if !found.insert((envelope.claim_id.clone(), envelope.revision)) {
                    self.doubled.push(format!("{name}: {} revision {}", envelope.claim_id, envelope.revision));
                }
            }
            self.lost.extend(expected.difference(&found).map(|one| format!("{name}: {one:?} was not delivered")));
            self.doubled.extend(found.difference(&expected).map(|one| format!("{name}: nobody pushed {one:?}")));
            for submission in &read.reported {
                let path = format!("/insurer/v1/submissions/{submission}/trace");
                let trace = client.ask(scene, Asked { path: &path, headers: &[], body: None }).await.json("trace");
                if !trace.is_ok_and(|trace| trace.get("state").is_some_and(|state| state == "in-review")) {
                    self.lost.push(format!("{name}: the report of {submission}"));
                }
            }
        }
    }

    /// The endpoint was told of every delivery, under one id each. More than once is allowed: the receiver tells by the id.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn of_messages(&mut self, scene: &Scene, receiver: &Receiver, logs: &Logs) {
        let Some(read) = logs.readers.first() else { return };
        let expected: BTreeSet<String> = read.seen.iter().map(|one| format!("{}_ready", one.id)).collect();
        let mut client = super::Party::of(&read.client.client, true).client(scene);
        let mut told = BTreeSet::new();
        for _ in 0..MESSAGES {
            let asked = Asked { path: "/insurer/v1/endpoint", headers: &[], body: None };
            let shown = client.ask(scene, asked).await.json("endpoint").unwrap_or_default();
            told = receiver.received().iter().map(|one| one.header("webhook-id").to_owned()).collect();
            if told.is_superset(&expected) && shown.get("waiting").is_some_and(|waiting| waiting == 0) {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.lost.extend(expected.difference(&told).map(|id| format!("the endpoint was not told {id}")));
        self.doubled.extend(told.difference(&expected).map(|id| format!("the endpoint was told {id}")));
    }

    /// Nothing but what was answered: counts, the chain of the audit trail, the public log.
    ///
    /// # Panics
    /// The database cannot be opened.
    pub async fn of_database(&mut self, folder: &Path, settings: &[(String, String)], logs: &Logs) {
        for words in [&["doctor"][..], &["log", "verify"]] {
            let mut command = Command::new(binary());
            let output = must(command.args(words).current_dir(folder).envs(settings.iter().cloned()).output());
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let good = match words {
                ["doctor"] => text.contains("ok      audit trail") && text.contains("ok      public log"),
                _ => output.status.success(),
            };
            if !good {
                let said = String::from_utf8_lossy(&output.stderr);
                self.wrong.push(format!("claimgate {}: {text}{said}", words.join(" ")));
            }
        }
        let config = must(Config::from_layers(None, settings.iter().cloned()));
        let issuer = config.gateway.base_url.clone();
        let app = must(App::open(config, issuer, Clock::system(), Random::system()).await);
        let counts = must(app.engine.store.counts().await);
        app.engine.store.close().await;
        let claims: BTreeSet<&str> = logs.pushed.iter().map(Pushed::claim).collect();
        let acked: usize = logs.readers.iter().map(|one| one.acked.len()).sum();
        let answered = logs.pushed.len();
        let expected = [claims.len(), answered, 2 * answered, 2 * answered - acked, 0];
        let expected = expected.map(|count| i64::try_from(count).unwrap_or_default());
        let found = [counts.claims, counts.packets, counts.deliveries, counts.open_deliveries, counts.waiting_messages];
        for ((what, found), expected) in
            ["claims", "packets", "deliveries", "open deliveries", "waiting messages"].iter().zip(found).zip(expected)
        {
            let said = format!("{found} {what}, {expected} were answered");
            match found.cmp(&expected) {
                std::cmp::Ordering::Less => self.lost.push(said),
                std::cmp::Ordering::Greater => self.doubled.push(said),
                std::cmp::Ordering::Equal => {}
            }
        }
    }

    /// What the clients noted on their way.
    pub fn of_answers(&mut self, scene: &Scene) {
        for noted in scene.noted() {
            match noted.split_once(": ") {
                Some(("lost", what)) => self.lost.push(what.to_owned()),
                Some(("doubled", what)) => self.doubled.push(what.to_owned()),
                _ => self.wrong.push(noted),
            }
        }
    }
}
