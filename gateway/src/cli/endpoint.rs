//! `claimgate endpoint`.

use claimgate_adapters::insurer::webhook;
use clap::{Subcommand, ValueEnum};

use super::party::{account, show_proposal};
use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::push::{self, Selection};
use crate::flows::Engine;
use crate::flows::endpoint::WantedEndpoint;
use crate::flows::registry::{EndpointChanged, Operator};
use crate::id::Random;
use crate::party::PartyId;

/// Name where insurers are told of their deliveries (webhooks), and look after it.
#[derive(Debug, Subcommand)]
pub(super) enum Endpoint {
    /// Name an insurer's endpoint and make its key. The key's receiving half is printed once, for the insurer.
    #[command(
        after_help = "Example:\n  claimgate endpoint set insurer-b --url https://claims.example.tw/hooks/claimgate"
    )]
    Set {
        /// The insurer.
        id: PartyId,
        /// Where: https, a domain name.
        #[arg(long)]
        url: String,
        /// A thin event, or the sealed packet itself.
        #[arg(long, default_value = "event")]
        content: Content,
        /// How messages are signed: a public key for the insurer, or a shared secret.
        #[arg(long, default_value = "ed25519")]
        scheme: Scheme,
        /// Who proposes it, where two must agree: one of operators.names.
        #[arg(long = "as", value_name = "NAME")]
        operator: Option<String>,
    },
    /// Show an endpoint: its state, since when it fails, how much waits.
    Show {
        /// The insurer.
        id: PartyId,
    },
    /// Make a new key; the one before signs beside it for 24 hours.
    Rotate {
        /// The insurer.
        id: PartyId,
        /// How messages are signed.
        #[arg(long, default_value = "ed25519")]
        scheme: Scheme,
        /// Who proposes it, where two must agree: one of operators.names.
        #[arg(long = "as", value_name = "NAME")]
        operator: Option<String>,
    },
    /// Send nothing there until it is switched on; messages are kept, pulling goes on.
    Off {
        /// The insurer.
        id: PartyId,
    },
    /// Send again, beginning with everything that is not acknowledged.
    On {
        /// The insurer.
        id: PartyId,
    },
    /// Tell again of all deliveries beyond a position, or of all that are not acknowledged.
    Redrive {
        /// The insurer.
        id: PartyId,
        /// Only positions beyond this; without it: what is not acknowledged.
        #[arg(long)]
        after: Option<i64>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Content {
    Event,
    Packet,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Scheme {
    Ed25519,
    Hmac,
}

impl From<Content> for push::Content {
    fn from(word: Content) -> Self {
        match word {
            Content::Event => Self::Event,
            Content::Packet => Self::Packet,
        }
    }
}

impl From<Scheme> for webhook::Scheme {
    fn from(word: Scheme) -> Self {
        match word {
            Scheme::Ed25519 => Self::Ed25519,
            Scheme::Hmac => Self::Hmac,
        }
    }
}

impl Endpoint {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let issuer = config.gateway.base_url.clone();
        let names = config.operators.names.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let engine = &app.engine;
        match self {
            Self::Set { id, url, content, scheme, operator: Some(name) } => {
                let wanted = WantedEndpoint::Set { url, content: content.into(), scheme: scheme.into() };
                named(engine, &Operator::new(&name, &names, account())?, &id, &wanted).await?;
            }
            Self::Rotate { id, scheme, operator: Some(name) } => {
                let wanted = WantedEndpoint::Rotate { scheme: scheme.into() };
                named(engine, &Operator::new(&name, &names, account())?, &id, &wanted).await?;
            }
            Self::Set { id, url, content, scheme, operator: None } => {
                let key = engine.set_endpoint(&id, &url, (content.into(), scheme.into())).await?;
                print(format_args!("{}", *key));
                say(format_args!("{id}: endpoint set. The line above is for the insurer and is not shown again."));
            }
            Self::Rotate { id, scheme, operator: None } => {
                let key = engine.rotate_endpoint_key(&id, scheme.into()).await?;
                print(format_args!("{}", *key));
                say(format_args!("{id}: new key. The one before signs beside it for 24 hours."));
            }
            Self::Off { id } => {
                engine.switch_endpoint(&id, false).await?;
                print(format_args!("{id}: endpoint off"));
            }
            Self::On { id } => {
                engine.switch_endpoint(&id, true).await?;
                print(format_args!("{id}: endpoint on"));
            }
            Self::Redrive { id, after } => {
                let selection = after.map_or(Selection::Open, Selection::After);
                let known = engine.redrive("operator", &id, selection).await?;
                print(format_args!("{id}: {} messages wait", known.due));
            }
            Self::Show { id } => match engine.store.endpoint(&id).await? {
                None => print(format_args!("{id}: no endpoint")),
                Some(known) => {
                    print(format_args!("{id} {} {} {}", known.state.as_str(), known.content.as_str(), known.url));
                    print(format_args!("messages that wait: {}, given up: {}", known.due, known.dead));
                    if let Some(since) = known.failing_since {
                        print(format_args!("{} failures in a row since {since}", known.failures));
                    }
                }
            },
        }
        engine.store.sequence().await?;
        engine.store.close().await;
        Ok(Ending::Done)
    }
}

/// Sets what an operator wants, or proposes it where two must agree.
async fn named(engine: &Engine, by: &Operator, id: &PartyId, wanted: &WantedEndpoint) -> anyhow::Result<()> {
    let key = match engine.change_endpoint_as(by, (id, None), wanted).await? {
        EndpointChanged::Now(_, key) => {
            say(format_args!("{id}: endpoint set. The line on standard output is for the insurer, not shown again."));
            key
        }
        EndpointChanged::Waits(proposal, key) => {
            show_proposal(&proposal, engine.now());
            say(format_args!(
                "Another operator approves it: claimgate party approve {} --as NAME. The last line is for the insurer.",
                proposal.row.id
            ));
            key
        }
    };
    print(format_args!("{}", *key));
    Ok(())
}
