//! `claimgate serve`.

use clap::Args;

use super::Ending;
use crate::clock::Clock;
use crate::config::Config;
use crate::id::Random;
use crate::keys::ring;
use crate::lifecycle;
use crate::store::schema;
use crate::telemetry;

/// Run the gateway until SIGTERM or Ctrl-C.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claimgate serve --init                         first start: makes keys and database\n  \
    claimgate --config /etc/claimgate.toml serve   as a service\n  \
    claimgate serve --database-url postgres://claimgate@db.example/claimgate"
)]
pub(super) struct Serve {
    /// Make missing keys and bring the database to this build's schema first.
    #[arg(long)]
    init: bool,
}

impl Serve {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        telemetry::start_logs(&config.log)?;
        let (clock, random) = (Clock::system(), Random::system());
        if self.init {
            for made in ring::ensure(&config, &random, clock.now())? {
                tracing::info!(made, "made");
            }
            schema::migrate(&config.database()).await?;
        }
        let running = lifecycle::start(config, clock, random).await?;
        tracing::info!(address = %running.address, base_url = running.base_url(), "listening");
        running.until_signal().await?;
        tracing::info!("stopped");
        Ok(Ending::Done)
    }
}
