//! `claimgate sandbox`: a made-up issuer, wallet, police source and platform MyData, to try a flow against a gateway of
//! made-up data.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use claimgate_packet::jose::jwk::JwkSet;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::police::bounded;
use super::{Ending, print, say};
use crate::clock::Clock;
use crate::core::accident::source::POLICE_JURISDICTION;
use crate::id::Random;
use crate::keys::folder::write_secret;
use crate::sandbox::issuer;
use crate::sandbox::office::module::TOKEN;
use crate::sandbox::office::{Office, registered};
use crate::sandbox::police::{Case, Police};
use crate::sandbox::wallet::{Fault, Wallet};

mod mydata;

/// Bytes of a file with claims.
const CLAIMS: usize = 64 << 10;

/// Run made-up wallets, issuers, police sources and a platform MyData, to try a flow against a sandbox.
#[derive(Debug, Subcommand)]
pub(super) enum Sandbox {
    /// Issue credentials and tell their status lists over HTTP, until Ctrl-C.
    ///
    /// Writes its certificate (root.pem) and the registry of trusted issuers that names it (trust.toml) into a folder: the
    /// gateway's `wallet.trust`. Every start is another issuer.
    #[command(after_help = "Examples:\n  claimgate sandbox issuer --folder issuers\n  \
        curl -s localhost:8091/status/1\n\ndocs/wallet.md has the whole flow.")]
    Issuer(Issuing),
    /// Follow a session's link as a wallet: obtain what is asked from the issuer, present it, say what the gateway answered.
    #[command(after_help = "Examples:\n  claimgate sandbox wallet 'haip-vp://?client_id=…'\n  \
        claimgate sandbox wallet LINK --credential revoked\n  claimgate sandbox wallet LINK --fault nonce\n  \
        claimgate sandbox wallet LINK --mandate mandate.json\n\ndocs/wallet.md says what each is answered with.")]
    Wallet(Box<Presenting>),
    /// Be the platform MyData, and a data provider behind it, until Ctrl-C.
    ///
    /// Writes what the gateway pins into a folder, and prints its settings. Every start is another authority.
    #[command(after_help = "Examples:\n  claimgate sandbox mydata --folder mydata\n  \
        claimgate sandbox mydata --provider API.Slip=http://127.0.0.1:8095/\n\ndocs/mydata.md has the whole flow.")]
    Mydata(mydata::Serving),
    /// Give police papers of made-up accidents over HTTP, until Ctrl-C.
    ///
    /// Prints its registration for the gateway. Every start has another key.
    #[command(after_help = "Examples:\n  claimgate sandbox police --case 11511A0001 --on 2026-11-01\n  \
        curl -s localhost:8092/asked\n  curl -s localhost:8092/orders -d '{\"faults\":[\"busy\"]}'\n\n\
        docs/police-api.md has the rest.")]
    Police(Policing),
}

#[derive(Debug, Args)]
pub(super) struct Issuing {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8091")]
    listen: SocketAddr,
    /// Where root.pem and trust.toml go.
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Its https address: `iss` of what it issues. Nothing needs to be there.
    #[arg(long, value_name = "URL", default_value = "https://issuer.sandbox.example")]
    id: String,
    /// A type the registry trusts it for; again for each.
    #[arg(long = "type", value_name = "VCT", default_values = [
        "urn:claimgate:driving-licence:1", "urn:claimgate:identity:1", "urn:claimgate:claim-mandate:1",
    ])]
    types: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Presenting {
    /// The link of the session.
    link: String,
    /// Where the gateway listens, whatever its address says.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    gateway: String,
    /// Where the issuer listens.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8091")]
    issuer: String,
    /// The holder's number, made up.
    #[arg(long, value_name = "ID", default_value = "A234567893")]
    number: String,
    /// The holder's name, made up.
    #[arg(long, value_name = "TEXT", default_value = "陳筱玲")]
    name: String,
    /// The member `mandate` of a mandate (委託), as JSON, where one is asked for.
    #[arg(long, value_name = "FILE")]
    mandate: Option<PathBuf>,
    /// What is wrong with the credentials: expired, revoked, suspended, unknown, stale, down, slow, forged-list, wrong-key,
    /// stranger.
    #[arg(long, value_name = "WORD", value_parser = issuer_fault)]
    credential: Option<issuer::Fault>,
    /// What the wallet does wrong: nonce, audience, state, open, no-consent, surplus, short; again for each.
    #[arg(long = "fault", value_name = "WORD", value_parser = wallet_fault)]
    faults: Vec<Fault>,
    /// Say no to the request.
    #[arg(long)]
    decline: bool,
}

fn issuer_fault(word: &str) -> Result<issuer::Fault, String> {
    let words = issuer::Fault::ALL.map(issuer::Fault::as_str).join(", ");
    issuer::Fault::of(word).ok_or_else(|| format!("one of {words}"))
}

fn wallet_fault(word: &str) -> Result<Fault, String> {
    Fault::of(word).ok_or_else(|| "one of nonce, audience, state, open, no-consent, surplus, short".to_owned())
}

#[derive(Debug, Args)]
pub(super) struct Policing {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8092")]
    listen: SocketAddr,
    /// Its party id.
    #[arg(long, value_name = "ID", default_value = "police-tpe")]
    id: String,
    /// Its jurisdiction.
    #[arg(long, value_name = "WORD", default_value = "TW-TPE")]
    jurisdiction: String,
    /// Where the gateway listens.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    gateway: String,
    /// What the gateway calls itself; where it listens, if not said.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// A case in its books; again for each.
    #[arg(long = "case", value_name = "NUMBER")]
    cases: Vec<String>,
    /// The day of these accidents.
    #[arg(long, value_name = "DATE", default_value = "2026-11-01")]
    on: Date,
}

impl Sandbox {
    pub(super) async fn run(self) -> anyhow::Result<Ending> {
        match self {
            Self::Issuer(issuing) => issuing.run().await,
            Self::Wallet(presenting) => presenting.run().await,
            Self::Mydata(serving) => serving.run().await,
            Self::Police(policing) => policing.run().await,
        }
    }
}

impl Issuing {
    async fn run(self) -> anyhow::Result<Ending> {
        let office = Office::new(&self.id, Clock::system(), &Random::system())?;
        if !self.listen.ip().is_loopback() {
            bail!("{} is no address of this machine alone: whoever asks gets any credential", self.listen);
        }
        let listener = TcpListener::bind(self.listen).with_context(|| format!("cannot listen on {}", self.listen))?;
        let place = listener.local_addr()?;
        std::fs::create_dir_all(&self.folder)?;
        write(&self.folder.join("root.pem"), office.anchor())?;
        let trust = self.folder.join("trust.toml");
        write(&trust, &registered(&self.id, &self.types, "root.pem"))?;
        say(format_args!("The gateway trusts this issuer with:\n"));
        print(format_args!("[gateway]\nsandbox = true\n\n[webhooks]\nallow_loopback = true\n"));
        print(format_args!("[wallet]\naddress = \"https://gate.example\""));
        print(format_args!("trust = {}", Value::from(trust.display().to_string())));
        print(format_args!("stand_in = \"http://{place}\""));
        // The same office is a verifier module, for queries under [[module]].
        let token = self.folder.join("module-token");
        write(&token, TOKEN)?;
        print(format_args!("module_address = \"http://{place}\""));
        print(format_args!("module_token_file = {}", Value::from(token.display().to_string())));
        say(format_args!("\nIt issues at http://{place}/credentials until Ctrl-C."));
        office.serve(listener)?.await?;
        Ok(Ending::Done)
    }
}

impl Policing {
    async fn run(self) -> anyhow::Result<Ending> {
        if !self.listen.ip().is_loopback() {
            bail!("{} is no address of this machine alone: its books are made up", self.listen);
        }
        let issuer = self.issuer.as_deref().unwrap_or(&self.gateway);
        let police = Police::new(&self.id, (&self.gateway, issuer), Clock::system())?;
        let plates = vec!["ABC-1234".to_owned(), "XYZ-9999".to_owned()];
        for number in self.cases {
            police.put(Case { number, on: self.on, plates: plates.clone(), elsewhere: None });
        }
        let listener = TcpListener::bind(self.listen).with_context(|| format!("cannot listen on {}", self.listen))?;
        let place = listener.local_addr()?;
        let registration = json!({
            "id": self.id, "role": "police", "name": "示範警察局",
            "identifiers": [
                { "system": "https://gcis.nat.gov.tw", "value": "24900001" },
                { "system": POLICE_JURISDICTION, "value": self.jurisdiction },
            ],
            "records_url": format!("http://{place}/v1"),
            "jwks": JwkSet(vec![police.key().public()]).to_json(),
        });
        say(format_args!("Register it with the gateway:\n"));
        print(format_args!("{registration:#}"));
        say(format_args!("\nIt answers at http://{place}/v1 until Ctrl-C."));
        police.serve(listener)?.await?;
        Ok(Ending::Done)
    }
}

impl Presenting {
    async fn run(self) -> anyhow::Result<Ending> {
        let now = Clock::system().now();
        let mut wallet = Wallet::new(&self.gateway, now, Random::system())?;
        let request = wallet.open(&self.link).await?;
        say(format_args!("{} asks for {}", request.text("client_id").unwrap_or_default(), request.kinds().join(", ")));
        for consent in request.consents() {
            say(format_args!("and for consent: {consent}"));
        }
        let answer = if self.decline {
            wallet.decline(&request).await?
        } else {
            for kind in request.kinds() {
                wallet.obtain(&self.issuer, self.order(kind)?).await?;
            }
            let body = wallet.present(&request, &self.faults, now)?;
            wallet.send(&request, &body).await?
        };
        let status = answer.status.as_u16();
        print(format_args!("{status} {}", String::from_utf8_lossy(&answer.body)));
        Ok(if answer.status.is_success() { Ending::Done } else { Ending::Failed })
    }

    /// What is ordered of a type: everything a made-up person has, or a mandate.
    fn order(&self, kind: &str) -> anyhow::Result<Value> {
        let person = json!({
            "name": self.name, "id_number": self.number, "classes": ["普通小型車"], "address": "臺北市中正區",
        });
        let mut order = json!({ "vct": kind, "claims": person });
        if kind.contains("mandate") {
            let file = self.mandate.as_ref().context("a mandate is asked for: --mandate FILE")?;
            let mandate: Map<String, Value> = serde_json::from_slice(&bounded(file, CLAIMS)?)
                .with_context(|| format!("{} is no JSON object", file.display()))?;
            order = json!({ "vct": kind, "clear": { "mandate": mandate } });
        }
        if let (Some(fault), Some(members)) = (self.credential, order.as_object_mut()) {
            members.insert("fault".to_owned(), fault.as_str().into());
        }
        Ok(order)
    }
}

/// For its owner alone, as a private key is kept; over the one of the start before.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
    .with_context(|| format!("{} cannot be replaced", path.display()))?;
    Ok(write_secret(path, text.as_bytes())?)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
