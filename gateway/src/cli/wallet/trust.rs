//! `claimgate wallet trust`: whose credentials count, shown, written to a file, and read from one as proposals.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::cli::party::account;
use crate::cli::police::bounded;
use crate::cli::{Ending, print, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::core::change::Verdict;
use crate::flows::Engine;
use crate::flows::registry::{LIFE_DAYS, NotRegistered, Operator};
use crate::id::{ProposalId, Random};
use crate::keys::issuers::{IssuerDocument, IssuerState};

/// Bytes of a file of issuers.
const FILE: usize = 16 << 20;

/// Look after the trusted issuers of credentials (信任清單).
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Trust {
    /// List who counts, for what; revoked issuers too.
    List,
    /// Write all of it to a file, to be looked at, kept, or imported elsewhere without a network.
    Export {
        /// The file; - for standard output.
        file: PathBuf,
    },
    /// Propose every issuer of an exported file that is not registered like this; another operator approves each.
    #[command(after_help = "Example:\n  claimgate wallet trust export issuers.json\n  \
        claimgate wallet trust import issuers.json --as alice\n  claimgate wallet trust approve prp_… --as bob")]
    Import {
        /// The file.
        file: PathBuf,
        /// Who proposes it: one of operators.names.
        #[arg(long = "as", value_name = "NAME")]
        operator: String,
    },
    /// List the proposals nobody has decided.
    Proposals,
    /// Approve what another operator proposed; it counts so at once, on every gateway.
    Approve {
        /// The proposal.
        id: ProposalId,
        /// Who approves it: one of operators.names, not the one who proposed it.
        #[arg(long = "as", value_name = "NAME")]
        operator: String,
    },
    /// Reject a proposal.
    Reject {
        /// The proposal.
        id: ProposalId,
        /// Who rejects it: one of operators.names.
        #[arg(long = "as", value_name = "NAME")]
        operator: String,
    },
    /// Take trust away at once; to trust the issuer again takes two.
    Revoke {
        /// The issuer's id.
        issuer: String,
        /// Who does it: one of operators.names, or a registered operator.
        #[arg(long = "as", value_name = "NAME")]
        operator: String,
    },
}

/// A snapshot.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    taken_at: jiff::Timestamp,
    issuers: Vec<IssuerDocument>,
}

impl Trust {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let (issuer, operators) = (config.gateway.base_url.clone(), config.operators.names.clone());
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let engine = &app.engine;
        let who = |name: &str| Operator::new(name, &operators, account());
        match self {
            Self::List => list(engine).await?,
            Self::Export { file } => export(engine, &file).await?,
            Self::Import { file, operator } => import(engine, &file, &who(&operator)?).await?,
            Self::Proposals => {
                for one in engine.store.open_trust_proposals().await? {
                    print(format_args!("{} {}, by {}, open until {}", one.id, one.issuer, one.by, one.expires_at));
                }
            }
            Self::Approve { id, operator } => {
                let done = engine.approve_trust(&who(&operator)?, id).await?;
                print(format_args!("{} approved", done.issuer));
            }
            Self::Reject { id, operator } => {
                let done = engine.turn_down_trust(&who(&operator)?, id, Verdict::Rejected).await?;
                print(format_args!("{} stays as it is", done.issuer));
            }
            Self::Revoke { issuer, operator } => {
                let by = engine.by_word(&operator, &operators, account()).await?;
                engine.revoke_trust(&by, &issuer).await?;
                print(format_args!("{issuer} revoked"));
            }
        }
        engine.store.sequence().await?;
        engine.store.close().await;
        Ok(Ending::Done)
    }
}

async fn list(engine: &Engine) -> anyhow::Result<()> {
    for one in engine.trusted_issuers().await? {
        let from = if one.version == 0 { "file".to_owned() } else { format!("version {}", one.version) };
        let state = if one.document.state == IssuerState::Trusted { "trusted" } else { "revoked" };
        print(format_args!("{} {state}, {from} {}", one.document.id, one.document.name));
        for grant in &one.document.grants {
            let purposes =
                if grant.purposes.is_empty() { "every purpose".to_owned() } else { grant.purposes.join(", ") };
            print(format_args!("  {} for {purposes}", grant.types.join(", ")));
        }
    }
    Ok(())
}

async fn export(engine: &Engine, file: &Path) -> anyhow::Result<()> {
    let issuers = engine.trusted_issuers().await?.into_iter().map(|one| one.document).collect();
    let text = serde_json::to_string_pretty(&Snapshot { taken_at: engine.now(), issuers })?;
    if file == Path::new("-") {
        print(format_args!("{text}"));
        return Ok(());
    }
    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

async fn import(engine: &Engine, file: &Path, by: &Operator) -> anyhow::Result<()> {
    let bytes = bounded(file, FILE)?;
    let snapshot: Snapshot =
        serde_json::from_slice(&bytes).with_context(|| format!("{} is no export of issuers", file.display()))?;
    let known = engine.trusted_issuers().await?;
    for document in snapshot.issuers {
        if known.iter().any(|one| one.document == document) {
            continue;
        }
        match engine.propose_trust(by, &document).await {
            Ok(proposal) => print(format_args!("{} {}", proposal.id, proposal.issuer)),
            Err(NotRegistered::NothingNew) => {}
            Err(reason) => return Err(anyhow::Error::new(reason).context(document.id)),
        }
    }
    say(format_args!(
        "Another operator approves each within {LIFE_DAYS} days: claimgate wallet trust approve ID --as NAME"
    ));
    Ok(())
}
