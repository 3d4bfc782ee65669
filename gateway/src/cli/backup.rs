//! `claimgate backup`.

use std::path::{Path, PathBuf};

use claimgate_packet::log::checkpoint::LogSigner;
use clap::{Args, Subcommand};

use super::{Ending, print, say};
use crate::config::{Config, Database};
use crate::core::master::{Encrypted, ROOTS};
use crate::flows::log::{LogCheck, check};
use crate::flows::masters::led_by;
use crate::id::Random;
use crate::keys::at_rest::Vault;
use crate::keys::ring;
use crate::keys::roots::Roots;
use crate::store::{Store, StoreError, backup};

/// Copy the SQLite database into a new file, while the gateway runs. Keys are not in it: copy keys.dir and the master key
/// apart from it. PostgreSQL: `pg_dump`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  claimgate backup /backup/claimgate-$(date +%F).db\n  \
    claimgate backup check /backup/claimgate-2026-11-23.db\n  \
    pg_dump --format=custom --file=/backup/claimgate.dump postgres://claimgate@db.example/claimgate\n  \
    claimgate --database-url postgres://claimgate@db.example/restored backup check"
)]
pub(super) struct Backup {
    #[command(subcommand)]
    command: Option<Command>,
    /// The file, which must not exist.
    #[arg(required = true)]
    file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a copy without changing it: whole, of this build's schema, audit trail and public log unbroken, and which
    /// master key it needs; say where it ends. Exit code 4: it cannot be relied on.
    Check {
        /// A file `claimgate backup` wrote; without it the configured database, such as one restored by `pg_restore`.
        file: Option<PathBuf>,
    },
}

impl Backup {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        let file = match (self.command, self.file) {
            (Some(Command::Check { file }), _) => return Check::of(config, file.as_deref()).await,
            (None, file) => file.unwrap_or_default(),
        };
        anyhow::ensure!(
            !file.exists(),
            "{} is there already; a backup never replaces a file: name another",
            file.display()
        );
        if backup::copy(&config.database(), &file).await? {
            print(format_args!("{} written; the keys are not in it", file.display()));
            return Ok(Ending::Done);
        }
        say(format_args!("the database is on a PostgreSQL server: pg_dump --format=custom makes its copy"));
        Ok(Ending::Failed)
    }
}

/// Whether a copy can be relied on, as far as it was looked at.
struct Check {
    sound: bool,
}

impl Check {
    async fn of(config: &Config, file: Option<&Path>) -> anyhow::Result<Ending> {
        let database = file.map_or_else(|| config.database(), |file| Database::Sqlite(file.to_owned()));
        let mut check = Self { sound: true };
        if let Some(file) = file.filter(|file| !file.exists()) {
            check.wrong(&format!("{}: no such file", file.display()));
            return Ok(Ending::Findings);
        }
        match Store::open_copy(&database).await {
            Ok(store) => {
                let outcome = check.examine(&store, config).await;
                store.close().await;
                outcome?;
            }
            Err(StoreError::Schema(error)) => check.wrong(&error.to_string()),
            Err(error) => check.wrong(&format!("it cannot be read: {error}")),
        }
        Ok(if check.sound { Ending::Done } else { Ending::Findings })
    }

    fn wrong(&mut self, what: &str) {
        self.sound = false;
        print(format_args!("MEND    {what}"));
    }

    async fn examine(&mut self, store: &Store, config: &Config) -> anyhow::Result<()> {
        match store.damage().await? {
            None => good("the file is whole, its references hold, its schema is this build's"),
            Some(what) => self.wrong(&format!("the file is damaged: {what}")),
        }
        match store.check_audit().await? {
            Ok(lines) => good(&format!("audit trail: {lines} lines, unbroken")),
            Err(position) => self.wrong(&format!("audit trail: line {position} was changed or is missing")),
        }
        self.keys(store, config).await?;
        let ends = store.ends().await?;
        let at = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        good(&format!(
            "{} claims of which {} are erased, the newest of {}; last line of the audit trail of {}",
            ends.claims,
            ends.erased,
            at(ends.newest_claim),
            at(ends.last_line)
        ));
        for (party, position) in &ends.positions {
            good(&format!("{party}: deliveries up to position {position}"));
        }
        Ok(())
    }

    /// Which master key it needs, whether that is here and opens it, and with the log's key whether the log holds.
    async fn keys(&mut self, store: &Store, config: &Config) -> anyhow::Result<()> {
        let Some(leader) = store.master_keys().await?.pop().map(|row| row.id) else {
            self.wrong("it names no master key: no gateway of this build has opened it yet");
            return Ok(());
        };
        let (masters, folder) = ring::open_folder(config, &Random::system())?;
        let Some(masters) = led_by(masters, leader) else {
            self.wrong(&format!("it needs master key {leader}, which is not here (master-{leader}.key in keys.dir)"));
            return Ok(());
        };
        let vault = Vault::of(&masters, Random::system());
        let roots = store.roots().await?.unwrap_or_default();
        let roots = vault.open_registry(Encrypted::Root.place(ROOTS), &roots).ok();
        let opens = match store.any_claim().await? {
            Some(head) => vault.open_claim_key(head.id, &head.wrapped_key).is_ok(),
            None => true,
        };
        if opens && roots.is_some_and(|roots| Roots::from_bytes(&roots).is_some()) {
            good(&format!("master key {leader} opens it"));
        } else {
            self.wrong(&format!("it needs master key {leader}, and does not open under it"));
        }
        let Some(seed) = folder.log_seed().ok() else {
            self.wrong("log.key in keys.dir is missing or does not open: the public log was not checked");
            return Ok(());
        };
        match check(store, LogSigner::new("backup/log", seed)?.public()).await? {
            found @ LogCheck::Whole { .. } => good(&found.to_string()),
            found => self.wrong(&found.to_string()),
        }
        Ok(())
    }
}

fn good(what: &str) {
    print(format_args!("ok      {what}"));
}
