//! `claimgate operator`: who runs this gateway, each with keys of their own.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;

use super::party::{account, show_proposal};
use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::registry::{Changed, NotRegistered};
use crate::id::Random;
use crate::party::{PartyId, PartyState, Role};

/// Register operators, who use the operator interface with keys of their own.
#[derive(Debug, Subcommand)]
pub(super) enum Operator {
    /// Register an operator. Under four eyes the first two need nobody else; every further one is proposed.
    #[command(after_help = "Example:\n  claimgate keys new operator --party alice\n  \
        claimgate operator add alice --jwks alice.jwks.json")]
    Add {
        /// Their name, as it stands in the audit trail.
        name: PartyId,
        /// Their public keys (a JWK set): ES256 or EdDSA, use sig.
        #[arg(long)]
        jwks: PathBuf,
        /// Who proposes it, where two must agree: one of operators.names.
        #[arg(long = "as", value_name = "NAME")]
        operator: Option<String>,
    },
    /// List operators.
    List,
    /// Suspend an operator: their tokens are refused at once.
    Suspend {
        /// Who.
        name: PartyId,
    },
    /// Remove an operator. What they did stays in the audit trail.
    Remove {
        /// Who.
        name: PartyId,
    },
}

impl Operator {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let issuer = config.gateway.base_url.clone();
        let names = config.operators.names.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let engine = &app.engine;
        match self {
            Self::Add { name, jwks, operator } => {
                let by = operator.map(|who| crate::flows::registry::Operator::new(&who, &names, account()));
                let text =
                    std::fs::read_to_string(&jwks).with_context(|| format!("{} cannot be read", jwks.display()))?;
                let jwks = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", jwks.display()))?;
                match engine.add_operator(by.transpose()?.as_ref(), name.as_str(), jwks).await? {
                    Changed::Now(party) => print(format_args!("{} registered as operator", party.id)),
                    Changed::Waits(proposal) => {
                        show_proposal(&proposal, engine.now());
                        say(format_args!(
                            "Another operator approves it: claimgate party approve {} --as NAME",
                            proposal.row.id
                        ));
                    }
                }
            }
            Self::List => {
                for party in engine.store.operators().await? {
                    let kids: Vec<&str> = party.keys().iter().map(|key| key.kid.as_str()).collect();
                    print(format_args!("{:<20} {:<10} {}", party.id.as_str(), party.state.as_str(), kids.join(",")));
                }
            }
            Self::Suspend { name } => {
                let known = engine.store.party(&name).await?.filter(|party| party.role() == Role::Operator);
                known.ok_or(NotRegistered::Unknown)?;
                engine.set_state(&name, PartyState::Suspended).await?;
                print(format_args!("{name} suspended"));
            }
            Self::Remove { name } => {
                engine.remove_operator(None, &name).await?;
                print(format_args!("{name} removed"));
            }
        }
        engine.store.sequence().await?;
        engine.store.close().await;
        Ok(Ending::Done)
    }
}
