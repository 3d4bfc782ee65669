//! A gateway as a process of its own with the demo's parties, on either database, with nobody's limits in the way.

use std::path::Path;
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::demo::{self, Insurer, World};
use tempfile::TempDir;

use crate::crash::server::Server;
use crate::database::{self, Fresh};
use crate::gateway::must;

/// A gateway that runs or ran, and its clients.
pub struct Stage {
    /// Its address.
    pub base: String,
    /// The hospital.
    pub hospital: PartyClient,
    /// The insurers; the second asks with bearer tokens.
    pub insurers: Vec<Insurer>,
    /// The app.
    pub app: PartyClient,
    /// The process.
    pub server: Server,
    clock: Clock,
    folder: TempDir,
    _database: Option<Fresh>,
}

/// What the gateways are told, beside where their data is.
#[must_use]
pub fn settings() -> Vec<(String, String)> {
    [
        ("CLAIMGATE_GATEWAY__SANDBOX", "true"),
        ("CLAIMGATE_LIMITS__REQUESTS_PER_SECOND", "1000000"),
        ("CLAIMGATE_LIMITS__BURST", "1000000"),
        ("CLAIMGATE_LIMITS__CONCURRENT", "100000"),
        ("CLAIMGATE_LIMITS__BYTES_PER_MINUTE", "1099511627776"),
        ("CLAIMGATE_TOKENS__ACCESS_SECONDS", "900"),
        ("CLAIMGATE_HTTP__DRAIN_SECONDS", "0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

impl Stage {
    /// Makes a world in a new folder under `parent`, hands it to `fill` while it runs in this process, and gives it over
    /// to a process that has not started yet. With a server's address the database is one of its own there.
    ///
    /// # Panics
    /// Something does not start.
    pub async fn set(parent: &Path, server: Option<&str>, fill: impl AsyncFnOnce(&World)) -> Self {
        let (clock, folder) = (Clock::system(), must(TempDir::new_in(parent)));
        let mut settings = settings();
        let fresh = match server {
            Some(server) => Some(database::fresh_on(server).await),
            None => None,
        };
        settings.extend(fresh.iter().map(|fresh| (database::URL.to_owned(), fresh.url.clone())));
        let opened = demo::open_world_with(folder.path(), settings.clone(), clock.clone(), Random::system());
        let world = must(Box::pin(opened).await);
        fill(&world).await;
        let base = world.gateway.base_url().to_owned();
        settings.push(("CLAIMGATE_GATEWAY__BASE_URL".to_owned(), base.clone()));
        settings.push(("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.path().display().to_string()));
        let process = Server::new(&settings, world.gateway.address);
        must(world.gateway.stop().await);
        let (hospital, insurers, app) = (world.hospital, world.insurers, world.app);
        Self { base, hospital, insurers, app, server: process, clock, folder, _database: fresh }
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the process and its clients; gives how long it took until it was ready.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start(&mut self) -> Duration {
        let before = self.clock.elapsed();
        self.server.start().await;
        let took = self.clock.elapsed().saturating_sub(before);
        must(self.hospital.authenticate().await);
        must(self.app.authenticate().await);
        for one in &mut self.insurers {
            must(one.client.authenticate().await);
        }
        took
    }

    /// Processor time of the process so far, in milliseconds (`utime` and `stime` of proc(5), in hundredths of a second).
    #[must_use]
    pub fn processor(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.server.id())).unwrap_or_default();
        let rest = stat.rsplit(')').next().unwrap_or_default();
        let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok());
        ticks.sum::<f64>() * 10.0
    }

    /// Resident memory of the process in megabytes, now and at most so far (`VmRSS`, `VmHWM` of proc(5)).
    #[must_use]
    pub fn memory(&self) -> (f64, f64) {
        let pid = self.server.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or_default()
        };
        (of("VmRSS:") / 1_024.0, of("VmHWM:") / 1_024.0)
    }
}
