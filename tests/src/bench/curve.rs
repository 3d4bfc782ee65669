//! Latency as the claims grow: the same calls, one after the other, at each size of one database.

use std::path::Path;
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::sandbox::demo::{self, World};
use claimgate_gateway::sandbox::{app, hospital, insurer};
use tempfile::TempDir;

use super::{grow, stage};
use crate::bundles::{bytes, case};
use crate::database;
use crate::gateway::must;

/// Calls of each kind at each size.
const CALLS: usize = 200;

/// What is asked at each size.
const ASKED: [&str; 4] = ["push", "pull", "status", "timeline"];

/// Loads one database up to each size in turn, telling how far it is, and measures at each where `measured`: a line each.
/// Otherwise the folder is kept, and named.
///
/// # Panics
/// A gateway does not start, or refuses a call.
pub async fn run(
    (folder, server): (&Path, Option<&str>),
    steps: &[u64],
    measured: bool,
    tell: impl Fn(u64, u64),
) -> Vec<String> {
    must(std::fs::create_dir_all(folder));
    let (clock, folder) = (Clock::system(), must(TempDir::new_in(folder)));
    let mut settings = stage::settings();
    let fresh = match server {
        Some(server) => Some(database::fresh_on(server).await),
        None => None,
    };
    settings.extend(fresh.iter().map(|fresh| (database::URL.to_owned(), fresh.url.clone())));
    let opened = demo::open_world_with(folder.path(), settings, clock.clone(), Random::system());
    let mut world = must(Box::pin(opened).await);
    let (mut lines, mut before) = (Vec::new(), 0);
    let last = steps.last().copied().unwrap_or_default();
    for step in steps {
        let whole_from = last.saturating_sub(grow::WHOLE).saturating_sub(before);
        grow::load(&world, step - before, whole_from, |done| tell(before + done, last)).await;
        before = *step;
        if measured {
            // A token may end while a million claims are loaded.
            must(world.hospital.authenticate().await);
            must(world.app.authenticate().await);
            for one in &mut world.insurers {
                must(one.client.authenticate().await);
            }
            let [push, pull, status, timeline] = measure(&world, &clock, *step).await;
            let shown = ASKED.into_iter().zip([push, pull, status, timeline]);
            let shown: Vec<_> = shown.map(|(name, took)| format!("{name} {}", spread(took))).collect();
            lines.push(format!("{step:>9} claims   {}", shown.join("   ")));
        }
    }
    must(world.gateway.stop().await);
    if !measured {
        lines.push(format!("kept: {}", folder.keep().display()));
    }
    lines
}

async fn measure(world: &World, clock: &Clock, size: u64) -> [Vec<Duration>; 4] {
    let mut took: [Vec<Duration>; 4] = Default::default();
    let Some(insurer_of) = world.insurers.get(1) else { return took };
    let client = &insurer_of.client;
    for number in 0..CALLS {
        let body = bytes(&case(&format!("CURVE-{size}-{number}")));
        let start = clock.elapsed();
        let pushed = must(hospital::push(&world.hospital, &body, &format!("{size}-{number}")).await);
        let answered = clock.elapsed();
        let claim = must(app::link(&world.app, &pushed.tracking_code).await);
        let linked = clock.elapsed();
        must(app::timeline(&world.app, &claim).await);
        let followed = clock.elapsed();
        // Behind all that was loaded and pushed before: what an insurer's program asks.
        let after = i64::try_from(size).unwrap_or(i64::MAX).saturating_sub(1);
        let page = must(insurer::pull(client, after, 5).await);
        let pulled = clock.elapsed();
        let found = page.first().unwrap_or_else(|| panic!("nothing to pull"));
        if number == 0 {
            must(insurer::fetch(client, &found.id).await);
        }
        let delivery = must(insurer::pull(client, after, 5).await).pop().unwrap_or_else(|| panic!("nothing to pull"));
        must(insurer::fetch(client, &delivery.id).await);
        let fetched = clock.elapsed();
        let reported = insurer::report(client, &delivery.submission_id, "in-review", "C-1").await;
        let told = clock.elapsed();
        // The page is of 50: beyond that it is the same submission again, which is refused.
        if reported.is_ok() {
            took[2].push(told.saturating_sub(fetched));
        }
        took[0].push(answered.saturating_sub(start));
        took[1].push(pulled.saturating_sub(followed));
        took[3].push(followed.saturating_sub(linked));
    }
    took
}

fn spread(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at = |percent: usize| {
        let place = (took.len() * percent / 100).min(took.len().saturating_sub(1));
        took.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    format!("p50 {:.2} p99 {:.2} ms", at(50), at(99))
}
