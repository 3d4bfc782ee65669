//! `claimgate alerts`.

use clap::Args;

use super::party::account;
use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::id::{AlertId, Random};
use crate::store::AlertQuery;

/// The most that are listed.
const MOST: i64 = 1_000;

/// List what somebody must be told of (警示), or say that you know.
#[derive(Debug, Args)]
pub(super) struct Alerts {
    /// Those that are over too.
    #[arg(long)]
    closed: bool,
    /// Say that you know of this one.
    #[arg(long, value_name = "ALERT", requires = "operator")]
    acknowledge: Option<String>,
    /// Who says so: one of operators.names, or a registered operator.
    #[arg(long = "as", value_name = "NAME")]
    operator: Option<String>,
}

impl Alerts {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let issuer = config.gateway.base_url.clone();
        let names = config.operators.names.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let engine = &app.engine;
        if let (Some(id), Some(name)) = (&self.acknowledge, &self.operator) {
            let by = engine.by_word(name, &names, account()).await?;
            let id: AlertId = id.parse()?;
            engine.acknowledge_alert(&by, id).await?;
            print(format_args!("{id} acknowledged"));
        } else {
            let alerts =
                engine.store.alerts(&AlertQuery { closed: self.closed, limit: MOST, ..AlertQuery::default() }).await?;
            for alert in &alerts {
                print(format_args!(
                    "{} {:<22} {:<12} {} since {} {}",
                    alert.id,
                    alert.kind.as_str(),
                    alert.state.as_str(),
                    alert.subject,
                    alert.since,
                    alert.detail
                ));
            }
            say(format_args!("{} alerts", alerts.len()));
        }
        engine.store.sequence().await?;
        engine.store.close().await;
        Ok(Ending::Done)
    }
}
