//! `claimgate retention` and `claimgate erase`.

use clap::{Args, Subcommand};

use super::party::account;
use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::retention::{Because, Ground};
use crate::flows::retention::{Decided, Replayed};
use crate::id::{ClaimId, Random};

/// Keep what must be kept, delete what is due, place legal holds.
#[derive(Debug, Subcommand)]
pub(super) enum Retention {
    /// Delete what is due by the periods of section retention. A run that was stopped is simply run again.
    #[command(after_help = "Examples:\n  claimgate retention run --dry-run            what would go, by kind\n  \
        claimgate retention run --as alice")]
    Run {
        /// Only show what would go.
        #[arg(long)]
        dry_run: bool,
        /// With --dry-run: as JSON.
        #[arg(long, requires = "dry_run")]
        json: bool,
        /// Who runs it: one of operators.names, or a registered operator.
        #[arg(long = "as", value_name = "NAME", required_unless_present = "dry_run")]
        operator: Option<String>,
    },
    /// Place a legal hold (保全) on a claim: it is not erased, whoever asks and whatever period is over.
    Hold(Decision),
    /// End a legal hold.
    Release(Decision),
    /// Take back the restriction of a claim, and with it the request to erase it.
    Lift {
        /// The claim.
        claim: String,
        /// Who takes it back: one of operators.names, or a registered operator.
        #[arg(long = "as", value_name = "NAME")]
        operator: String,
    },
    /// Erase again what came back from a backup, by the list of erasures. `serve` does so at every start.
    Replay,
}

/// An operator's decision on one claim.
#[derive(Debug, Args)]
pub(super) struct Decision {
    /// The claim.
    claim: String,
    /// Why; kept encrypted.
    #[arg(long)]
    reason: String,
    /// Who decides: one of operators.names, or a registered operator.
    #[arg(long = "as", value_name = "NAME")]
    operator: String,
}

/// Erase a claim (刪除), or restrict it (處理限制) while it is open, must be kept, or is under a legal hold.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  claimgate erase clm_01a2… --ground request --as alice\n  \
    claimgate erase clm_01a2… --ground disputed --as alice     restricts it until `claimgate retention lift`")]
pub(super) struct Erase {
    /// The claim.
    claim: String,
    /// Why: request, purpose-ended, period-over, unlawful or disputed.
    #[arg(long)]
    ground: Ground,
    /// Who decides: one of operators.names, or a registered operator.
    #[arg(long = "as", value_name = "NAME")]
    operator: String,
}

impl Retention {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let app = open(&config).await?;
        let engine = &app.engine;
        let who = async |name: &str| engine.by_word(name, &config.operators.names, account()).await;
        match self {
            Self::Run { operator: None, json, .. } | Self::Run { dry_run: true, json, .. } => {
                let kinds = engine.due_to_go(&config.retention).await?;
                if json {
                    print(format_args!("{}", serde_json::to_string_pretty(&kinds)?));
                } else {
                    print(format_args!("{:<20} {:>6} {:>9}  {:<20}  source", "kind", "days", "due", "oldest"));
                    for one in &kinds {
                        let oldest = one.oldest.map_or_else(|| "-".to_owned(), |at| at.strftime("%FT%TZ").to_string());
                        let days = if one.days == 0 { "-".to_owned() } else { one.days.to_string() };
                        print(format_args!("{:<20} {days:>6} {:>9}  {oldest:<20}  {}", one.kind, one.due, one.source));
                    }
                }
            }
            Self::Run { operator: Some(name), .. } => {
                let by = who(&name).await?;
                let step = |ran: &_| say(format_args!("{}", sentence(ran)));
                let ran = engine.run_retention(&by, &config.retention, step).await?;
                listed(engine.replay_erasures(&config.erasures_file()).await?);
                print(format_args!("{}", sentence(&ran)));
            }
            Self::Hold(one) => {
                engine.hold(&who(&one.operator).await?, claim(&one.claim)?, &one.reason).await?;
                print(format_args!("{} is under a legal hold", one.claim));
            }
            Self::Release(one) => {
                engine.release_hold(&who(&one.operator).await?, claim(&one.claim)?, &one.reason).await?;
                print(format_args!("{} is under no legal hold any more", one.claim));
            }
            Self::Lift { claim: id, operator } => {
                engine.lift_restriction(&who(&operator).await?, claim(&id)?).await?;
                print(format_args!("{id} is in use again"));
            }
            Self::Replay => {
                let replayed = engine.replay_erasures(&config.erasures_file()).await?;
                listed(replayed);
                print(format_args!("{} claims erased again, {} added to the list", replayed.erased, replayed.listed));
            }
        }
        engine.store.sequence().await?;
        engine.store.close().await;
        Ok(Ending::Done)
    }
}

impl Erase {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let app = open(&config).await?;
        let engine = &app.engine;
        let by = engine.by_word(&self.operator, &config.operators.names, account()).await?;
        let decided = engine.erase(&by, claim(&self.claim)?, self.ground, &config.retention).await?;
        match decided {
            Decided::Erased => {
                listed(engine.replay_erasures(&config.erasures_file()).await?);
                print(format_args!("{} erased", self.claim));
            }
            Decided::Restricted(because) => {
                let why = match because {
                    Because::Open => {
                        "it is not closed, a packet is not delivered, or an offset at discharge or a repair goes on"
                    }
                    Because::Duty => "it must still be kept (retention.duty_days)",
                    Because::Hold => "it is under a legal hold",
                    Because::Dispute => "a dispute restricts and does not erase",
                };
                print(format_args!("{} restricted: {why}", self.claim));
                if because != Because::Dispute {
                    say(format_args!("`claimgate retention run` erases it when nothing is against it any more."));
                }
            }
        }
        engine.store.sequence().await?;
        engine.store.close().await;
        Ok(Ending::Done)
    }
}

async fn open(config: &Config) -> anyhow::Result<App> {
    let issuer = config.gateway.base_url.clone();
    Ok(App::open(config.clone(), issuer, Clock::system(), Random::system()).await?)
}

fn claim(text: &str) -> anyhow::Result<ClaimId> {
    text.parse().map_err(|_| anyhow::anyhow!("a claim's id is clm_ and a UUID"))
}

fn sentence(ran: &crate::flows::retention::Ran) -> String {
    format!(
        "{} claims erased, {} applications, {} drafts of cases and {} attempts deleted",
        ran.erased, ran.applications, ran.cases, ran.attempts
    )
}

fn listed(replayed: Replayed) {
    if replayed.unreadable > 0 {
        say(format_args!("{} lines of the list of erasures cannot be read and count for nothing", replayed.unreadable));
    }
}
