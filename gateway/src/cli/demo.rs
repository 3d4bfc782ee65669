//! `claimgate demo`.

use clap::Args;

use super::{Ending, print, say};
use crate::id::{Random, RequestId};
use crate::keys::folder::write_secret;
use crate::sandbox::demo::{World, run};

/// Show the main job: a hospital's bundle becomes packets that two insurers open.
///
/// Starts a gateway of its own on a free loopback port, with its own keys and database in a temporary folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claimgate demo\n  claimgate demo --json | jq .recipients\n  claimgate demo --keep"
)]
pub(super) struct Demo {
    /// Print one JSON object instead of the report.
    #[arg(long)]
    json: bool,
    /// Leave the gateway up and print three curl lines to try.
    #[arg(long)]
    keep: bool,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<Ending> {
        let unique = RequestId::new(crate::clock::Clock::system().now(), &Random::system());
        let folder = std::env::temp_dir().join(format!("claimgate-demo-{}", unique.uuid()));
        std::fs::create_dir_all(&folder)?;
        let outcome = self.story(&folder).await;
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            say(format_args!("{} could not be removed: {error}", folder.display()));
        }
        outcome
    }

    async fn story(&self, folder: &std::path::Path) -> anyhow::Result<Ending> {
        let json = self.json;
        let mut tell = |step: &crate::sandbox::report::Step| {
            if !json {
                say(format_args!("{:>8.1} ms  {}", step.millis(), step.name));
            }
        };
        let (world, demo) = Box::pin(run(folder, &mut tell)).await?;
        if self.json {
            print(format_args!("{}", demo.to_json()));
        } else {
            print(format_args!("\n{demo}"));
        }
        if self.keep {
            keep(world).await?;
        } else {
            world.gateway.stop().await?;
        }
        if demo.is_ok() { Ok(Ending::Done) } else { anyhow::bail!("the demo did not verify everything") }
    }
}

async fn keep(world: World) -> anyhow::Result<()> {
    let base = world.gateway.base_url().to_owned();
    for insurer in &world.insurers {
        for key in &insurer.keys {
            let mut json = key.to_json();
            if let Some(members) = json.as_object_mut() {
                members.insert("party".to_owned(), insurer.client.id().into());
            }
            write_secret(&world.folder.join(format!("{}.enc.json", insurer.client.id())), json.to_string().as_bytes())?;
        }
    }
    // The life insurer's token is bound to a key; a line for the shell takes the other's.
    let token = world.insurers.last().and_then(|insurer| insurer.client.access_token()).unwrap_or_default();
    say(format_args!(
        "The gateway stays up at {base}; its files and the insurers' keys are in {}",
        world.folder.display()
    ));
    say(format_args!("Try (the token lasts five minutes), then end with Ctrl-C:\n"));
    print(format_args!("curl -s {base}/fhir/metadata"));
    print(format_args!("curl -s {base}/.well-known/claim-packet-keys"));
    print(format_args!("curl -s -H 'Authorization: Bearer {token}' '{base}/insurer/v1/deliveries?after=0'"));
    world.gateway.until_signal().await?;
    Ok(())
}
