//! `claimgate objects`.

use clap::Subcommand;
use jiff::SignedDuration;

use super::party::account;
use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::id::Random;

/// Look after files outside the database.
#[derive(Debug, Subcommand)]
pub(super) enum Objects {
    /// List files that are missing, and objects that no row names. Exit code 4: a file is missing.
    #[command(after_help = "Examples:\n  claimgate objects check\n  \
        claimgate objects check --remove --days 30 --as alice     after a restore: what the older database does not know")]
    Check {
        /// Remove what nobody names. Not while another gateway or database uses the same place.
        #[arg(long, requires_all = ["days", "operator"])]
        remove: bool,
        /// With --remove: only what was written more than so many days ago.
        #[arg(long, requires = "remove", value_parser = clap::value_parser!(i64).range(1..=36_500))]
        days: Option<i64>,
        /// With --remove: who removes it, one of operators.names or a registered operator.
        #[arg(long = "as", value_name = "NAME", requires = "remove")]
        operator: Option<String>,
    },
}

impl Objects {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let Self::Check { days, operator, .. } = self;
        let names = config.operators.names.clone();
        let issuer = config.gateway.base_url.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let engine = &app.engine;
        let by = match operator {
            Some(name) => Some(engine.by_word(&name, &names, account()).await?),
            None => None,
        };
        let compared = engine.compare_objects().await?;
        for lost in &compared.lost {
            let (claim, attachment, missing) = (lost.claim, lost.attachment, lost.missing);
            print(format_args!("MISSING {claim} {attachment}: {missing} segments are not in the object store"));
        }
        for stray in &compared.strays {
            let (object, segments, written) = (stray.object, stray.segments, stray.written.strftime("%FT%TZ"));
            print(format_args!("stray   {object}: {segments} segments, last written {written}"));
        }
        print(format_args!(
            "{} objects are named, {} are nobody's, {} files are not whole",
            compared.named,
            compared.strays.len(),
            compared.lost.len()
        ));
        if let (Some(by), Some(days)) = (by, days) {
            let before = engine.now().checked_sub(SignedDuration::from_hours(days.saturating_mul(24)))?;
            let removed = engine.remove_strays(&by, &compared, before).await?;
            print(format_args!("{removed} objects removed"));
        } else if !compared.strays.is_empty() {
            say(format_args!(
                "Uploads that were given up go within minutes. Of the rest: --remove --days 30 --as NAME"
            ));
        }
        engine.store.sequence().await?;
        engine.store.close().await;
        Ok(if compared.lost.is_empty() { Ending::Done } else { Ending::Findings })
    }
}
