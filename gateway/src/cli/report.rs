//! `claimgate report`.

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::{Ending, print};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::report::Window;
use crate::id::Random;

/// The longest window, in days.
const MOST_DAYS: i32 = 366;

/// Write a report.
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// Write the consortium's report (聯盟報表): how long each step takes, trips saved, requests for papers, cost shares.
    #[command(after_help = "Examples:\n  claimgate report consortium --from 2026-11-01 --to 2026-11-30\n  \
        claimgate report consortium --from 2026-11-01 --to 2026-11-30 --csv > november.csv\n\n\
        docs/reports.md says what each figure means.")]
    Consortium(Consortium),
}

/// Which days, and in which form.
#[derive(Debug, Args)]
pub(super) struct Consortium {
    /// The first day in Taiwan.
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// The last day.
    #[arg(long, value_name = "DATE")]
    to: Date,
    /// As JSON: so it is where nothing is said.
    #[arg(long)]
    json: bool,
    /// As a table.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Report {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let Self::Consortium(Consortium { from, to, json: _, csv }) = self;
        let window = Window::new(from, to, MOST_DAYS).context("--from and --to are a window of 1 to 366 days")?;
        let issuer = config.gateway.base_url.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let report = app.engine.consortium(window, &app.config.reports).await?;
        if csv {
            print(format_args!("{}", report.to_csv().trim_end()));
        } else {
            print(format_args!("{}", serde_json::to_string_pretty(&report)?));
        }
        app.engine.store.close().await;
        Ok(Ending::Done)
    }
}
