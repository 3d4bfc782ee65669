//! `claimgate party propose`, `proposals`, `approve`, `reject`: two operators for one change.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;

use super::read;
use crate::cli::{print, say};
use crate::flows::Engine;
use crate::flows::registry::{LIFE_DAYS, NotRegistered, Operator, Proposal, Standing};
use crate::id::ProposalId;
use crate::party::{PartyId, PartyState};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FourEyes {
    /// Propose a registration or a change of one, for another operator to approve. Shows what it would change.
    #[command(after_help = "Examples:\n  claimgate party propose insurer.json --jwks new.jwks.json --as alice\n  \
        claimgate party propose --party insurer-abc --state live --as alice")]
    Propose {
        /// The registration document; or --party for a change of the state alone.
        #[arg(required_unless_present = "party")]
        file: Option<PathBuf>,
        /// A file with the jwks, instead of the document's own.
        #[arg(long, requires = "file")]
        jwks: Option<PathBuf>,
        /// A party whose document stays as it is.
        #[arg(long, conflicts_with = "file", requires = "state")]
        party: Option<PartyId>,
        /// The state it would have; without it a new party is live, another stays as it is.
        #[arg(long)]
        state: Option<PartyState>,
        /// Who proposes it: one of operators.names.
        #[arg(long = "as", value_name = "NAME")]
        operator: String,
    },
    /// List the proposals nobody has decided, with what each would change.
    Proposals,
    /// Approve what another operator proposed; the party is changed at once.
    Approve {
        /// The proposal.
        id: String,
        /// Who approves it: one of operators.names, not the one who proposed it.
        #[arg(long = "as", value_name = "NAME")]
        operator: String,
    },
    /// Reject a proposal, or take back one's own.
    Reject {
        /// The proposal.
        id: String,
        /// Who rejects it: one of operators.names.
        #[arg(long = "as", value_name = "NAME")]
        operator: String,
    },
}

impl FourEyes {
    pub(super) async fn run(self, engine: &Engine, operators: &[String]) -> anyhow::Result<()> {
        let who = |name: &str| Operator::new(name, operators, account());
        match self {
            Self::Propose { file, jwks, party, state, operator } => {
                let operator = who(&operator)?;
                let registration = match (file, party) {
                    (Some(file), _) => read(&file, jwks.as_deref())?,
                    (None, Some(id)) => {
                        let party = engine.party_with_contacts(&id).await?.ok_or(NotRegistered::Unknown)?;
                        party.registration().clone()
                    }
                    (None, None) => anyhow::bail!("a registration document, or --party"),
                };
                let proposal = engine.propose(&operator, registration, state).await?;
                show(&proposal, engine.now());
                say(format_args!(
                    "Another operator approves it within {LIFE_DAYS} days: claimgate party approve {} --as NAME",
                    proposal.row.id
                ));
            }
            Self::Proposals => {
                let proposals = engine.proposals().await?;
                for proposal in &proposals {
                    show(proposal, engine.now());
                }
                say(format_args!("{} open proposals", proposals.len()));
            }
            Self::Approve { id, operator } => {
                let party = engine.approve(&who(&operator)?, read_id(&id)?).await?;
                print(format_args!("{} approved: {}, version {}", party.id, party.state, party.version));
            }
            Self::Reject { id, operator } => {
                let row = engine.reject(&who(&operator)?, read_id(&id)?).await?;
                print(format_args!("{} rejected, {} stays as it is", row.id, row.party));
            }
        }
        Ok(())
    }
}

fn read_id(text: &str) -> Result<ProposalId, NotRegistered> {
    text.parse().map_err(|_| NotRegistered::NoProposal)
}

fn show(proposal: &Proposal, now: Timestamp) {
    let row = &proposal.row;
    let what = if row.base == 0 { "new party".to_owned() } else { format!("against version {}", row.base) };
    let standing = match &proposal.standing {
        Standing::Open => format!("open until {}", row.expires_at),
        Standing::Expired => "expired".to_owned(),
        Standing::Outdated => "outdated: the party has changed since".to_owned(),
        Standing::Refused(reason) => reason.clone(),
    };
    let hours = now.duration_since(row.at).as_hours();
    print(format_args!("{} {} ({what}), by {} {hours} hours ago, {standing}", row.id, row.party, row.by));
    for one in &proposal.differences {
        let alone = if one.alone { "" } else { "!" };
        print(format_args!("  {:<20} {alone}", one.member));
        for (sign, text) in [("-", &one.old), ("+", &one.new)].into_iter().filter(|(_, text)| !text.is_empty()) {
            print(format_args!("    {sign} {text}"));
        }
    }
}

/// The account this program runs under, as the kernel has it for this very process.
pub(in crate::cli) fn account() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").ok().map(|found| found.uid())
}
