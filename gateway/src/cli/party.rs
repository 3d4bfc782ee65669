//! `claimgate party`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;

use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::registry::NotRegistered;
use crate::id::Random;
use crate::party::difference::difference;
use crate::party::{ConsentBasis, PartyId, PartyState, Registration};

mod list;
mod proposals;

pub(super) use proposals::{account, show as show_proposal};

/// The largest file of insurers.
const SEED_BYTES: u64 = 1 << 20;

/// Register parties and change their state.
#[derive(Debug, Subcommand)]
pub(super) enum Party {
    /// Register a party from its registration document (JSON or TOML). A running server sees it at once.
    #[command(
        after_help = "Example document:\n  { \"id\": \"insurer-abc\", \"role\": \"insurer\", \"name\": \"某某人壽\",\n    \
        \"identifiers\": [{ \"system\": \"https://gcis.nat.gov.tw\", \"value\": \"12345675\" }],\n    \
        \"lines\": [\"health-reimbursement\"], \"jwks\": { \"keys\": [ … ] } }\n\n\
        `claimgate keys new insurer --party insurer-abc` makes keys and the jwks."
    )]
    Add {
        /// The registration document.
        file: PathBuf,
        /// A file with the jwks, instead of the document's own.
        #[arg(long)]
        jwks: Option<PathBuf>,
        /// Its state: invited, sandbox, certified, live or suspended.
        #[arg(long, default_value = "live")]
        state: PartyState,
    },
    /// Add the insurers of a list as invited parties, to be completed one by one. The same list again adds nothing.
    #[command(after_help = "Example list:\n  { \"non_life\": { \"91\": \"示範產物\" },\n    \
        \"life\": { \"92\": { \"name\": \"示範人壽\", \"ubn\": \"12345675\", \"lines\": [\"life\"] } } }")]
    Seed {
        /// The list: codes and names.
        file: PathBuf,
    },
    /// Replace a party's registration document, for example with new keys. Its id and role stay.
    Replace {
        /// The registration document.
        file: PathBuf,
        /// A file with the jwks, instead of the document's own.
        #[arg(long)]
        jwks: Option<PathBuf>,
    },
    /// List all parties.
    List,
    /// Count submissions and requests for papers (補件) of each insurer and each hospital.
    Supplements,
    /// Show a party's registration document, as `party replace` takes it, with a hospital's consent basis and policy.
    Show {
        /// The party.
        id: PartyId,
    },
    /// Suspend a party: its tokens are refused at once, and what is pushed for it is made and sent when it is back.
    Disable {
        /// The party.
        id: PartyId,
    },
    /// Bring a suspended party back; what was held for it is made and sent.
    Enable {
        /// The party.
        id: PartyId,
    },
    /// Take a party a step on: invited, sandbox, certified, live, suspended.
    State {
        /// The party.
        id: PartyId,
        /// The state it gets.
        state: PartyState,
    },
    #[command(flatten)]
    FourEyes(proposals::FourEyes),
    /// Set a hospital's consent basis; held claims are then sent.
    #[command(after_help = "Examples:\n  claimgate party consent hospital-cgh --attested \"個資同意書 114-07\"\n  \
        claimgate party consent hospital-cgh --patient \"理賠申請書 115-01\"")]
    Consent {
        /// The hospital.
        id: PartyId,
        /// The agreement or form by which the hospital attests each patient's consent.
        #[arg(long, conflicts_with_all = ["none", "patient"], required_unless_present_any = ["none", "patient"])]
        attested: Option<String>,
        /// The agreement by which each patient consents with an application of the case: nothing leaves without.
        #[arg(long, conflicts_with = "none")]
        patient: Option<String>,
        /// Remove the basis: from now on claims are accepted and held.
        #[arg(long)]
        none: bool,
    },
}

impl Party {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let issuer = config.gateway.base_url.clone();
        let operators = config.operators.names.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let engine = &app.engine;
        match self {
            Self::Add { file, jwks, state } => {
                let party = engine.register_as(read(&file, jwks.as_deref())?, state).await?;
                print(format_args!("{} registered as {}", party.id, party.role().as_str()));
            }
            Self::Seed { file } => {
                let found = std::fs::metadata(&file).with_context(|| format!("{} cannot be read", file.display()))?;
                anyhow::ensure!(found.len() <= SEED_BYTES, "{} is larger than any list of insurers", file.display());
                let text = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
                list::seeded(&engine.seed(&text).await?);
            }
            Self::State { id, state } => {
                engine.set_state(&id, state).await?;
                print(format_args!("{id} {state}"));
            }
            Self::FourEyes(step) => step.run(engine, &operators).await?,
            Self::Replace { file, jwks } => {
                let registration = read(&file, jwks.as_deref())?;
                let id = registration.id.parse()?;
                let before = engine.party_with_contacts(&id).await?;
                let after = engine.replace_registration(&id, registration).await?;
                print(format_args!("{id} replaced"));
                list::changed(&difference(before.as_ref(), &after));
            }
            Self::List => {
                for party in engine.store.parties().await? {
                    list::party(&party, engine.now());
                }
            }
            Self::Supplements => list::supplements(engine.store.supplements().await?),
            Self::Show { id } => {
                let party = engine.party_with_contacts(&id).await?.ok_or(NotRegistered::Unknown)?;
                say(format_args!("{id}: {}, version {}", party.state.as_str(), party.version));
                print(format_args!("{}", serde_json::to_string_pretty(&party.registration().with_contacts()?)?));
            }
            Self::Disable { id } => {
                engine.set_state(&id, PartyState::Suspended).await?;
                print(format_args!("{id} suspended"));
            }
            Self::Enable { id } => {
                engine.set_state(&id, PartyState::Live).await?;
                print(format_args!("{id} live"));
            }
            Self::Consent { id, attested, patient, none: _ } => {
                let attested = attested.map(|reference| ConsentBasis::HospitalAttested { reference });
                let basis = attested.or(patient.map(|reference| ConsentBasis::Patient { reference }));
                let set = basis.is_some();
                engine.set_consent(&id, basis).await?;
                print(format_args!("{id}: consent basis {}", if set { "set" } else { "removed" }));
                if set {
                    say(format_args!("Held claims are sent by the running server within about 15 seconds."));
                }
            }
        }
        engine.store.sequence().await?;
        engine.store.close().await;
        Ok(Ending::Done)
    }
}

fn read(file: &Path, jwks: Option<&Path>) -> anyhow::Result<Registration> {
    let text =
        |path: &Path| std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()));
    let document = text(file)?;
    let is_toml = file.extension().is_some_and(|extension| extension == "toml");
    let mut document: serde_json::Value = if is_toml {
        toml::from_str(&document).with_context(|| format!("{} is not TOML", file.display()))?
    } else {
        serde_json::from_str(&document).with_context(|| format!("{} is not JSON", file.display()))?
    };
    if let (Some(path), Some(members)) = (jwks, document.as_object_mut()) {
        let keys = serde_json::from_str(&text(path)?).with_context(|| format!("{} is not JSON", path.display()))?;
        members.insert("jwks".to_owned(), keys);
    }
    serde_json::from_value(document).with_context(|| format!("{} is no registration", file.display()))
}
