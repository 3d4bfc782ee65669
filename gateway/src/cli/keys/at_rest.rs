//! `claimgate keys rotate-at-rest`.

use std::io::Write as _;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use super::super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, MasterKeyPlace};
use crate::flows::masters::{Needed, Rewrapping, led_by};
use crate::id::Random;
use crate::keys::folder::{KeyFolder, exchange_master, master_file, write_secret};
use crate::keys::master::{MasterKey, MasterKeyId};

/// Gateways look at the key folder and at what the database says every second.
const HEARD: Duration = Duration::from_secs(3);

/// Exchange the master key, in two steps, while gateways serve. A run that was stopped is simply run again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claimgate keys rotate-at-rest --prepare    makes the next master key; copy it to every gateway\n  \
    claimgate keys rotate-at-rest              lets it encrypt, and encrypts everything under it\n\n\
    Where several gateways share a database, the second step is run on each machine: the first run does the database,\n\
    each its own key folder. `claimgate doctor` says which master keys are still needed."
)]
pub(in crate::cli) struct RotateAtRest {
    /// Only make the next master key, in the key folder.
    #[arg(long)]
    prepare: bool,
    /// Which prepared key, where there are several.
    #[arg(long, value_name = "ID", conflicts_with = "prepare")]
    to: Option<MasterKeyId>,
    /// Values encrypted anew in one transaction.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..=5_000))]
    batch: i64,
}

impl RotateAtRest {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let base = config.gateway.base_url.clone();
        let app = App::open(config, base, Clock::system(), Random::system()).await?;
        let outcome = if self.prepare { prepare(&app).await } else { self.rotate(&app).await };
        app.engine.store.sequence().await?;
        app.engine.store.close().await;
        outcome
    }

    async fn rotate(&self, app: &App) -> anyhow::Result<Ending> {
        let engine = &app.engine;
        let (prepared, rows) = (prepared(app).await?, engine.store.master_keys().await?);
        match (self.to, prepared.as_slice()) {
            (Some(id), all) if !all.contains(&id) => bail!("master key {id} is not prepared here"),
            (Some(id), _) | (None, &[id]) => {
                engine.lead(id).await?;
                say(format_args!("master key {id} encrypts from now on"));
                tokio::time::sleep(HEARD).await;
            }
            (None, []) if rows.len() < 2 => bail!("no master key is prepared: claimgate keys rotate-at-rest --prepare"),
            (None, []) => {}
            (None, all) => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                bail!("several master keys are prepared: --to one of {}", all.join(", "))
            }
        }
        let Some(leader) = engine.vault.leads() else { bail!("there is no master key") };
        let mut last = 0;
        let mut looks = 1;
        let done = engine
            .rewrap(self.batch, |pass| {
                if pass.seen <= last {
                    looks += 1;
                }
                last = pass.seen;
                progress((leader, looks), pass);
            })
            .await?;
        print(format_args!("{} values encrypted anew under master key {leader}, of {}", done.rewrapped, done.all));
        key_folder(app, leader)?;
        for (id, needed) in engine.masters_needed().await? {
            if let Needed { leads: false, here: true, values } = needed {
                let file = master_file(&app.config.keys_dir(), id);
                if values > 0 {
                    say(format_args!("{values} values still need master key {id}: run this once more"));
                } else if rows.iter().any(|row| row.id == id) {
                    print(format_args!("master key {id} may be removed: {}", file.display()));
                    say(format_args!("Not before the last backup from its time is gone, which opens under it alone."));
                }
            }
        }
        Ok(Ending::Done)
    }
}

/// Master keys that are here and never encrypted anything.
async fn prepared(app: &App) -> anyhow::Result<Vec<MasterKeyId>> {
    let rows = app.engine.store.master_keys().await?;
    let known = app.engine.masters.read()?;
    Ok(known.iter().map(MasterKey::id).filter(|id| rows.iter().all(|row| row.id != *id)).collect())
}

async fn prepare(app: &App) -> anyhow::Result<Ending> {
    let dir = app.config.keys_dir();
    let id = if let Some(id) = prepared(app).await?.first() {
        *id
    } else {
        let key = MasterKey::generate(&app.engine.random);
        write_secret(&master_file(&dir, key.id()), key.to_text().as_bytes())?;
        key.id()
    };
    print(format_args!("{}", master_file(&dir, id).display()));
    say(format_args!(
        "Nothing is encrypted under it yet. Copy the file into keys.dir of every other gateway and to where"
    ));
    say(format_args!("the master key is kept safe; a running gateway reads it within a second. Then: claimgate keys"));
    say(format_args!("rotate-at-rest"));
    Ok(Ending::Done)
}

/// What was written while it looked is found at another look, which counts from the beginning.
fn progress((leader, looks): (MasterKeyId, i64), pass: &Rewrapping) {
    let percent = pass.seen.saturating_mul(100).checked_div(pass.all).unwrap_or(100).min(100);
    let mut out = std::io::stderr().lock();
    let line = format_args!("{} of {} values looked at ({percent} %), {} anew", pass.seen, pass.all, pass.rewrapped);
    let _ = match looks {
        1 => writeln!(out, "master key {leader}: {line}"),
        _ => writeln!(out, "master key {leader}, look {looks} for what came meanwhile: {line}"),
    };
}

/// Encrypts this machine's key files under the key that leads, and lets it be the configured one.
fn key_folder(app: &App, leader: MasterKeyId) -> anyhow::Result<()> {
    let (config, engine) = (&app.config, &app.engine);
    let Some(masters) = led_by(engine.masters.read()?, leader) else { bail!("master key {leader} is not here") };
    let dir = config.keys_dir();
    let files = KeyFolder::of(dir.clone(), &masters, engine.random.clone()).rewrap()?;
    print(format_args!("{files} key files encrypted anew"));
    let configured = engine.masters.read()?;
    let (Some(former), Some(next)) = (configured.first(), masters.first()) else { return Ok(()) };
    if former.id() == next.id() {
        return Ok(());
    }
    match config.master_key() {
        MasterKeyPlace::File(file) => {
            let kept = exchange_master(&file, &dir, former, next)?;
            print(format_args!("{} holds master key {leader}; the former one is {}", file.display(), kept.display()));
        }
        MasterKeyPlace::Value(_) => {
            let kept = master_file(&dir, former.id());
            if !kept.exists() {
                write_secret(&kept, former.to_text().as_bytes())?;
            }
            let file = master_file(&dir, leader);
            say(format_args!("Set keys.master_key to what {} holds, and start the gateway again.", file.display()));
        }
    }
    Ok(())
}
