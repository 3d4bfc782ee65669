//! `claimgate mydata`: packages of MyData checked at the desk, and the kit a data provider runs, both without a gateway.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use claimgate_adapters::mydata::{Case, Signer, check_cases};
use claimgate_adapters::signature::lists_in;
use clap::{Args, Subcommand};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::police::bounded;
use super::{Ending, print, say};
use crate::clock::Clock;
use crate::http::provider::{Agreed, Cases, Provider};
use crate::sender::{Policy, Sender, SystemLookup};

/// Bytes of a file of cases, and of a revocation list.
const CASES: usize = 256 << 20;
const LIST: usize = 16 << 20;

/// Bytes of a settings file, a certificate, a key.
const SMALL: usize = 256 << 10;
/// Seconds one exchange with the platform may take.
const TOTAL: Duration = Duration::from_secs(20);

/// Check packages of MyData (個人化資料自主運用平臺), or hand a bureau's data to it.
#[derive(Debug, Subcommand)]
pub(super) enum Mydata {
    /// Verify the packages of a file of cases: decrypt, manifests, signatures, certificate paths, digests.
    ///
    /// A verdict is no failure: the exit code is 0 whenever every case could be judged.
    #[command(after_help = "Examples:\n  claimgate mydata verify --cases packages.json\n  \
        claimgate mydata verify --json --cases packages.json --crl gca.crl --require-revocation\n\n\
        docs/mydata.md says what a case holds and what each reason means.")]
    Verify(Verify),
    /// What a data provider (資料提供者), such as a police bureau, runs.
    #[command(subcommand)]
    Provider(Provides),
}

#[derive(Debug, Subcommand)]
pub(super) enum Provides {
    /// Answer the platform's calls for one data set until Ctrl-C: check the token, sign the person's case.
    ///
    /// Here --config names the provider's own file, not the gateway's; docs/mydata-provider.md has it.
    #[command(after_help = "Example:\n  claimgate mydata provider serve --config bureau.toml\n\n\
        docs/mydata-provider.md has the file and the folder of cases.")]
    Serve,
}

/// The file of a provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bureau {
    /// Where it listens.
    listen: SocketAddr,
    /// The platform's address.
    platform: String,
    /// The data set's id there.
    resource_id: String,
    /// File with its secret.
    resource_secret_file: PathBuf,
    /// The bureau's certificate, and its RSA key (PKCS#8 PEM).
    certificate: PathBuf,
    key: PathBuf,
    /// The folder of cases.
    cases: PathBuf,
    /// Ways of identification that are enough; empty: any.
    #[serde(default)]
    verifications: Vec<String>,
    /// The header in which a person's choice of a case comes.
    #[serde(default = "case_number")]
    case_header: String,
    /// Further certificate authorities (PEM) for the way to the platform; ports besides 443; and whether it may be on this
    /// machine, for a try.
    #[serde(default)]
    authorities: Option<PathBuf>,
    #[serde(default)]
    ports: Vec<u16>,
    #[serde(default)]
    allow_loopback: bool,
}

fn case_number() -> String {
    "x-case-number".to_owned()
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
    pub(super) async fn run(self, settings: Option<&Path>) -> anyhow::Result<Ending> {
        match self {
            Self::Verify(verify) => verify.run(),
            Self::Provider(Provides::Serve) => serve(settings.context("name the provider's file with --config")?).await,
        }
    }
}

impl Verify {
    fn run(self) -> anyhow::Result<Ending> {
        let file = bounded(&self.cases, CASES)?;
        let mut lists = Vec::new();
        for path in &self.crl {
            let read = lists_in(&bounded(path, LIST)?);
            lists.extend(read.with_context(|| format!("{} is no revocation list in PEM or DER", path.display()))?);
        }
        let cases = check_cases(&file, &lists, self.require_revocation)?;
        if self.json {
            print(format_args!("{}", serde_json::to_string_pretty(&cases)?));
        } else {
            cases.iter().for_each(show);
        }
        Ok(Ending::Done)
    }
}

async fn serve(settings: &Path) -> anyhow::Result<Ending> {
    let text = String::from_utf8(bounded(settings, SMALL)?).context("the provider's file is not text")?;
    let bureau: Bureau =
        toml::from_str(&text).map_err(|error| anyhow::anyhow!("{}: {}", settings.display(), error.message()))?;
    let listen = bureau.listen;
    let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let place = listener.local_addr()?;
    let server = provider(bureau)?.serve(listener)?;
    say(format_args!("Cases are handed to the platform at http://{place}/ until Ctrl-C."));
    server.await?;
    Ok(Ending::Done)
}

fn provider(bureau: Bureau) -> anyhow::Result<Provider> {
    let policy = Policy { ports: bureau.ports, loopback: bureau.allow_loopback };
    let authorities = bureau.authorities.iter().map(|path| bounded(path, SMALL)).collect::<Result<Vec<_>, _>>()?;
    let sender = Sender::new(policy, TOTAL, &authorities, Arc::new(SystemLookup))?;
    let secret = Zeroizing::new(String::from_utf8(bounded(&bureau.resource_secret_file, SMALL)?)?);
    let key = Zeroizing::new(bounded(&bureau.key, SMALL)?);
    let key = PrivatePkcs8KeyDer::from_pem_slice(&key).ok().context("key: no PKCS#8 key in PEM")?;
    let signer = Signer::new(&bounded(&bureau.certificate, SMALL)?, key.secret_pkcs8_der())?;
    let header = bureau.case_header.to_ascii_lowercase();
    let agreed = Agreed {
        platform: bureau.platform.trim_end_matches('/'),
        resource: &bureau.resource_id,
        secret: secret.trim(),
        verifications: bureau.verifications,
        header: &header,
    };
    let cases = Cases::in_folder(&bureau.cases);
    Provider::new(agreed, (cases, signer), sender, Clock::system()).context("platform")
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
