//! `claimgate mydata`: packages of MyData checked at the desk, without a gateway and without the platform.

use std::path::PathBuf;

use anyhow::Context;
use claimgate_adapters::mydata::{Case, check_cases};
use claimgate_adapters::signature::lists_in;
use clap::{Args, Subcommand};

use super::police::bounded;
use super::{Ending, print};

/// Bytes of a file of cases, and of a revocation list.
const CASES: usize = 256 << 20;
const LIST: usize = 16 << 20;

/// Check packages of MyData (個人化資料自主運用平臺).
#[derive(Debug, Subcommand)]
pub(super) enum Mydata {
    /// Verify the packages of a file of cases: decrypt, manifests, signatures, certificate paths, digests.
    ///
    /// A verdict is no failure: the exit code is 0 whenever every case could be judged.
    #[command(after_help = "Examples:\n  claimgate mydata verify --cases packages.json\n  \
        claimgate mydata verify --json --cases packages.json --crl gca.crl --require-revocation\n\n\
        docs/mydata.md says what a case holds and what each reason means.")]
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The cases: client, notification, authority and packages.
    #[arg(long, value_name = "FILE")]
    cases: PathBuf,
    /// A revocation list (憑證廢止清冊), PEM or DER. May be given more than once.
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// Refuse a certificate that no list in force covers.
    #[arg(long)]
    require_revocation: bool,
}

impl Mydata {
    pub(super) fn run(self) -> anyhow::Result<Ending> {
        let Self::Verify(verify) = self;
        let file = bounded(&verify.cases, CASES)?;
        let mut lists = Vec::new();
        for path in &verify.crl {
            let read = lists_in(&bounded(path, LIST)?);
            lists.extend(read.with_context(|| format!("{} is no revocation list in PEM or DER", path.display()))?);
        }
        let cases = check_cases(&file, &lists, verify.require_revocation)?;
        if verify.json {
            print(format_args!("{}", serde_json::to_string_pretty(&cases)?));
        } else {
            cases.iter().for_each(show);
        }
        Ok(Ending::Done)
    }
}

fn show(case: &Case) {
    let reason = case.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
    let detail = case.detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
    print(format_args!("{:<24} {}{reason}{detail}", case.id, case.verdict));
    for row in &case.datasets {
        let provider = row.provider.as_deref().map(|provider| format!(", signed by {provider}")).unwrap_or_default();
        let what = row.evidence.as_deref().or(row.unmapped).unwrap_or_default();
        print(format_args!("  {} {} {what}{provider}", row.resource_id, row.state));
    }
}
