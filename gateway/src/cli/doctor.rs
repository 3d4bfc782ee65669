//! `claimgate doctor`.

use clap::Args;

use super::{Ending, print, told};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, DEFAULTS};
use crate::doctor::{self, Findings, Level};
use crate::id::Random;

/// Check configuration, keys, database and audit trail; one line per finding. Exit code 4: something is to be mended.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print every setting with its default instead.
    #[arg(long)]
    settings: bool,
}

impl Doctor {
    pub(super) async fn run(self, config: Result<Config, ConfigError>) -> anyhow::Result<Ending> {
        if self.settings {
            print(format_args!("{DEFAULTS}"));
            return Ok(Ending::Done);
        }
        let mut findings = Findings::default();
        match config {
            Ok(config) => examine(config, &mut findings).await?,
            Err(error) => findings.wrong(&told(&error)),
        }
        for finding in findings.all() {
            let word = match finding.level {
                Level::Ok => "ok",
                Level::Advice => "advice",
                Level::Mend => "MEND",
            };
            print(format_args!("{word:<7} {}", finding.text));
        }
        Ok(if findings.sound() { Ending::Done } else { Ending::Findings })
    }
}

async fn examine(config: Config, findings: &mut Findings) -> anyhow::Result<()> {
    let base = config.gateway.base_url.clone();
    match App::open(config.clone(), base, Clock::system(), Random::system()).await {
        Ok(app) => doctor::examine(&app, findings).await?,
        Err(error) => {
            doctor::settings(&config, findings);
            findings.wrong(&told(&error));
        }
    }
    Ok(())
}
