//! The crash harness: real gateway processes and clients with logs of their own; a plan of kills goes in, what was lost or
//! doubled comes out. It judges by what the clients were answered; the database is asked last, and for counts only.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use claimgate_adapters::insurer::webhook::Scheme;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::id::Random;
use claimgate_gateway::sandbox::demo;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::gateway::must;
use crate::receiver::{Act, Receiver};

pub mod chance;
pub mod cluster;
pub mod disk;
pub mod hospital;
pub mod insurer;
pub mod patience;
pub mod server;
pub mod verdict;

use chance::Chance;
use cluster::Cluster;
use hospital::Pushed;
use insurer::Read;
use patience::{Party, Scene};
use server::Server;
use verdict::{Logs, Verdict};

/// Hospital systems that push at the same time.
const HOSPITALS: u64 = 3;

/// Where the gateways keep their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// One gateway, one file.
    Sqlite,
    /// Two gateways, one server of their own, which is stopped in the middle too.
    Postgres,
}

impl fmt::Display for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// What is to be done to the gateways.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where the data is.
    pub database: Database,
    /// How often something is killed.
    pub kills: u32,
    /// Where chance begins: the same seed kills the same ones after the same waits.
    pub seed: u64,
}

/// What came of a plan.
#[derive(Debug)]
pub struct Outcome {
    /// The plan.
    pub plan: Plan,
    /// Kills of gateways, and immediate stops of the database server.
    pub kills: (u32, u32),
    /// Requests the clients sent.
    pub requests: u64,
    /// Writes that were answered 2xx: pushes, acknowledgements, status reports; repetitions not counted.
    pub acked: usize,
    /// What the clients' logs say of it.
    pub verdict: Verdict,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kills, stops) = self.kills;
        write!(
            formatter,
            "crash: db={} kills={} requests={} acked={} lost={} doubled={}",
            self.plan.database,
            kills + stops,
            self.requests,
            self.acked,
            self.verdict.lost.len(),
            self.verdict.doubled.len()
        )
    }
}

/// Gateways under load.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    settings: Vec<(String, String)>,
    /// The gateways; before the server in this list, because they end first.
    pub servers: Vec<Server>,
    /// The database server, where there is one.
    pub cluster: Option<Cluster>,
    /// What the clients share.
    pub scene: Arc<Scene>,
    receiver: Receiver,
    hospital: Party,
    pushing: Vec<JoinHandle<Vec<Pushed>>>,
    pulling: Vec<JoinHandle<Read>>,
}

/// Runs a plan to its end.
///
/// # Panics
/// The stage cannot be set, or a gateway does not come back.
pub async fn run(plan: Plan) -> Outcome {
    let mut chance = Chance::new(plan.seed);
    let mut stage = Box::pin(Stage::set(plan.database, must(tempfile::tempdir()), &mut chance)).await;
    let kills = stage.kill(plan, &mut chance).await;
    let (requests, acked, verdict) = stage.finish().await;
    Outcome { plan, kills, requests, acked, verdict }
}

async fn joined<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut all = Vec::new();
    for task in tasks {
        all.push(must(task.await));
    }
    all
}

impl Stage {
    /// Registers the parties, sets an endpoint, starts gateways as processes with their data in the folder, and the load.
    ///
    /// # Panics
    /// Something does not start.
    pub async fn set(database: Database, folder: TempDir, chance: &mut Chance) -> Self {
        let cluster = (database == Database::Postgres).then(Cluster::start);
        let mut settings: Vec<(String, String)> = [
            ("CLAIMGATE_GATEWAY__SANDBOX", "true"),
            ("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK", "true"),
            // A message under way at a kill is sent again when its lease ends, which is this and a little more.
            ("CLAIMGATE_WEBHOOKS__TOTAL_SECONDS", "2"),
            ("CLAIMGATE_LIMITS__REQUESTS_PER_SECOND", "1000000"),
            ("CLAIMGATE_LIMITS__BURST", "1000000"),
            ("CLAIMGATE_LIMITS__BYTES_PER_MINUTE", "1099511627776"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if let Some(cluster) = &cluster {
            settings.push((crate::database::URL.to_owned(), cluster.url.clone()));
        }
        let opened = demo::open_world_with(folder.path(), settings.clone(), Clock::system(), Random::system());
        let world = must(Box::pin(opened).await);
        let receiver = Receiver::start(Act::Status(204)).await;
        if let Some(life) = world.insurers.first() {
            let (party, said) = (must(life.client.id().parse()), (Content::Event, Scheme::Ed25519));
            must(world.gateway.app.engine.set_endpoint(&party, receiver.url(), said).await.map_err(|_| "no endpoint"));
        }
        let base = world.gateway.base_url().to_owned();
        settings.push(("CLAIMGATE_GATEWAY__BASE_URL".to_owned(), base.clone()));
        settings.push(("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.path().display().to_string()));
        let mut listens = vec![world.gateway.address];
        if cluster.is_some() {
            listens.push(server::free().await);
        }
        let doors = listens.iter().map(|listen| format!("http://{listen}")).collect();
        let mut servers: Vec<_> = listens.into_iter().map(|listen| Server::new(&settings, listen)).collect();
        let scene = Arc::new(Scene::new(base, doors));
        let hospital = Party::of(&world.hospital, false);
        must(world.gateway.stop().await);
        for server in &mut servers {
            server.start().await;
        }
        let pushing = (0..HOSPITALS).map(|number| {
            let (scene, client) = (Arc::clone(&scene), hospital.client(&scene));
            tokio::spawn(hospital::push_all(scene, client, number, chance.another()))
        });
        let pushing = pushing.collect();
        let pulling = world.insurers.into_iter().map(|one| {
            let (scene, client) = (Arc::clone(&scene), Party::of(&one.client, true).client(&scene));
            tokio::spawn(insurer::read_all(scene, client, one.keys, chance.another()))
        });
        let pulling = pulling.collect();
        Self { folder, settings, servers, cluster, scene, receiver, hospital, pushing, pulling }
    }

    /// Another client of the hospital.
    #[must_use]
    pub fn hospital(&self) -> patience::Patient {
        self.hospital.client(&self.scene)
    }

    /// Where the gateways keep their data.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Lets the clients finish, ends the gateways and judges: requests sent, writes answered, the verdict.
    ///
    /// # Panics
    /// A client is not answered.
    pub async fn finish(mut self) -> (u64, usize, Verdict) {
        self.scene.over.store(true, Ordering::SeqCst);
        let pushed = joined(self.pushing).await.into_iter().flatten().collect();
        self.scene.pushed.store(true, Ordering::SeqCst);
        let logs = Logs { pushed, readers: joined(self.pulling).await };
        let mut verdict = Verdict::default();
        verdict.of_repetitions(&self.scene, &mut self.hospital.client(&self.scene), &logs).await;
        verdict.of_streams(&self.scene, &logs).await;
        verdict.of_messages(&self.scene, &self.receiver, &logs).await;
        for server in &mut self.servers {
            server.kill();
        }
        verdict.of_database(self.folder.path(), &self.settings, &logs).await;
        verdict.of_answers(&self.scene);
        let read = logs.readers.iter().map(|one| one.acked.len() + one.reported.len());
        (self.scene.requests.load(Ordering::SeqCst), logs.pushed.len() + read.sum::<usize>(), verdict)
    }

    /// Kills and restarts, each time after some load; gives how often which.
    async fn kill(&mut self, plan: Plan, chance: &mut Chance) -> (u32, u32) {
        let (mut kills, mut stops) = (0, 0);
        for number in 0..plan.kills {
            self.load().await;
            tokio::time::sleep(Duration::from_millis(chance.below(350))).await;
            match &mut self.cluster {
                Some(cluster) if number % 4 == 3 => {
                    let refused = self.scene.refused.load(Ordering::SeqCst);
                    cluster.stop();
                    tokio::time::sleep(Duration::from_millis(100 + chance.below(400))).await;
                    self.scene.wait_for_refusal(refused).await;
                    cluster.begin();
                    for server in &mut self.servers {
                        server.must_run();
                    }
                    stops += 1;
                }
                _ => {
                    if let Some(server) = chance.one_of(&mut self.servers) {
                        server.kill();
                        server.start().await;
                        kills += 1;
                    }
                }
            }
        }
        self.load().await;
        (kills, stops)
    }

    /// Waits until the gateways have answered a few writes more.
    ///
    /// # Panics
    /// They do not within a minute: a gateway that did not recover.
    pub async fn load(&self) {
        let before = self.scene.writes.load(Ordering::SeqCst);
        for _ in 0..3_000 {
            if self.scene.writes.load(Ordering::SeqCst) >= before + 4 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing is answered any more");
    }
}
