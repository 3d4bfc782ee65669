//! `claimgate statement`: a day's statement, for whoever keeps the books.

use anyhow::{Context, bail};
use clap::Args;
use jiff::civil::Date;

use super::{Ending, print};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::id::Random;
use crate::party::{PartyId, Role};
use crate::store::AccountsOf;

/// Write a day's statement (對帳單) of an insurer or a hospital: what was open, decided, paid, came back, and is open.
///
/// Exit code 4: it does not balance; the differences are listed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  claimgate statement insurer-a 2026-11-23\n  \
    claimgate statement --csv hospital-a 2026-11-23 > hospital-a.csv\n\n\
    docs/claim-life.md says what each column and each difference means.")]
pub(super) struct Statement {
    /// As a table instead of JSON.
    #[arg(long)]
    csv: bool,
    /// Whose.
    #[arg(value_name = "PARTY")]
    party: PartyId,
    /// The day in Taiwan.
    #[arg(value_name = "DATE")]
    date: Date,
}

impl Statement {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let issuer = config.gateway.base_url.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let engine = &app.engine;
        let party = engine.store.party(&self.party).await?.context("no such party")?;
        let of = match party.role() {
            Role::Insurer => AccountsOf::Insurer,
            Role::Hospital => AccountsOf::Hospital,
            other => bail!("a party of role {} has no statement", other.as_str()),
        };
        let statement = engine.statement(of, &party.id, self.date).await?;
        if self.csv {
            print(format_args!("{}", statement.to_csv().trim_end()));
        } else {
            print(format_args!("{}", serde_json::to_string_pretty(&statement)?));
        }
        engine.store.close().await;
        Ok(if statement.balances { Ending::Done } else { Ending::Findings })
    }
}
