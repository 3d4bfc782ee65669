//! `claimgate backup`.

use std::path::PathBuf;

use clap::Args;

use super::{Ending, print, say};
use crate::config::Config;
use crate::store::backup;

/// Copy the SQLite database into a new file, while the gateway runs. Keys are not in it: copy keys.dir and the master key
/// apart from it. PostgreSQL: `pg_dump`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  claimgate backup /backup/claimgate-$(date +%F).db\n  \
    claimgate --database-url sqlite:/backup/claimgate-2026-11-23.db doctor     checks it")]
pub(super) struct Backup {
    /// The file, which must not exist.
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        if backup::copy(&config.database(), &self.file).await? {
            print(format_args!("{} written; the keys are not in it", self.file.display()));
            return Ok(Ending::Done);
        }
        say(format_args!("the database is on a PostgreSQL server: pg_dump --format=custom makes its copy"));
        Ok(Ending::Failed)
    }
}
