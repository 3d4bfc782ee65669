//! `claimgate migrate`.

use clap::Subcommand;

use super::{Ending, print};
use crate::config::Config;
use crate::store::schema;

/// Bring the database to this build's schema, or say where it stands.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Migrate {
    /// Make the database if it is missing and bring it to this build's schema. Safe to repeat.
    Up,
    /// Say which schema the database has and which this build needs.
    Status,
    /// As status, and exit with 4 when the database is not at this build's schema.
    Check,
}

impl Migrate {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<Ending> {
        let database = config.database();
        let status = match self {
            Self::Up => schema::migrate(&database).await?,
            Self::Status | Self::Check => schema::status(&database).await?,
        };
        print(format_args!("{database}: schema {}, this build needs {}", status.found, status.wanted));
        let behind = status.found != status.wanted;
        Ok(if self.is_check() && behind { Ending::Findings } else { Ending::Done })
    }

    fn is_check(self) -> bool {
        matches!(self, Self::Check)
    }
}
