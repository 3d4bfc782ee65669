//! `claimgate signature`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use claimgate_adapters::signature::Method;
use clap::Subcommand;

use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::health::Kept;
use crate::id::{ClaimId, Random};

/// What hospitals signed (電子簽章).
#[derive(Debug, Subcommand)]
pub(super) enum Signature {
    /// Show the signatures of a claim's revision that verified when it came. Exit code 1: it has none.
    #[command(
        after_help = "Examples:\n  claimgate signature show clm_…                      what is kept, as JSON\n  \
        claimgate signature show clm_… --out proof          also what proves it, as files\n  \
        openssl cms -verify -purpose any -binary -inform DER -in proof/signature-1.der -content proof/covered-1 -CAfile ca.pem"
    )]
    Show {
        /// The claim.
        claim: ClaimId,
        /// Its revision; the newest where nothing is said.
        #[arg(long)]
        revision: Option<i64>,
        /// A folder for the received bytes, the signed bytes and the signatures. They hold personal data.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

impl Signature {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let Self::Show { claim, revision, out } = self;
        let issuer = config.gateway.base_url.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let kept = app.engine.kept_signatures(claim, revision).await?;
        app.engine.store.close().await;
        let kept = kept.context("there is no such claim or revision")?;
        print(format_args!("{}", serde_json::to_string_pretty(&kept.to_json()?)?));
        if kept.signatures.is_empty() {
            say(format_args!("it was not signed; its hospital was known by its token alone"));
            return Ok(Ending::Failed);
        }
        if let Some(folder) = out {
            write_out(&kept, &folder)?;
        }
        Ok(Ending::Done)
    }
}

fn write_out(kept: &Kept, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    write(&folder.join("body"), &kept.body)?;
    for (place, (one, covered)) in kept.signatures.iter().zip(kept.covered()?).enumerate() {
        let number = place + 1;
        let extension = match one.method {
            Method::Cms => "der",
            Method::Jws => "jws",
            Method::HttpMessageSignature => "bin",
        };
        write(&folder.join(format!("covered-{number}")), &covered.content)?;
        write(&folder.join(format!("signature-{number}.{extension}")), &covered.signature)?;
    }
    say(format_args!("written to {}", folder.display()));
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).with_context(|| format!("{} cannot be made", path.display()))?;
    file.write_all(bytes).with_context(|| format!("{} cannot be written", path.display()))
}
