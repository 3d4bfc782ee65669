//! The command line. Doc comments are the help texts. Exit codes: 0 done, 1 failed, 2 wrong usage,
//! 3 what was to be proved does not hold, 4 something is to be mended.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

mod alerts;
mod audit;
mod backup;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
mod endpoint;
mod evidence;
mod fhir;
mod keys;
mod log;
mod migrate;
mod mydata;
mod objects;
mod operator;
mod packet;
mod party;
mod police;
mod report;
mod retention;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod signature;
mod statement;
mod wallet;

/// How a command ended, where that is more than done or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// Done, and the answer is no.
    Failed,
    /// What was asked for makes no sense.
    Misused,
    /// A packet, a receipt or a log does not hold.
    Refused,
    /// Something is to be mended.
    Findings,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::Failed => Self::FAILURE,
            Ending::Misused => Self::from(2),
            Ending::Refused => Self::from(3),
            Ending::Findings => Self::from(4),
        }
    }
}

/// ClaimGate 理賠互通閘道: verified evidence, one signed claim packet, every insurer.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a packet, a receipt or the log does not hold, 4 something is to be
/// mended (`doctor`, `backup check`, `objects check`), or a `statement` does not balance.
#[derive(Debug, Parser)]
#[command(
    name = "claimgate",
    version,
    after_help = "Examples:\n  claimgate demo\n  claimgate serve --init\n  \
    claimgate party add hospital.json\n  claimgate packet open --key insurer.json --trust keys.json packet.jose"
)]
struct Arguments {
    /// Configuration file (TOML). Without it: the defaults, then CLAIMGATE_<SECTION>__<NAME> variables.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database instead of the configured one: `sqlite:PATH` or `postgres://user@host/database`.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway until SIGTERM or Ctrl-C.
    Serve(serve::Serve),
    /// Show the main job: a hospital's bundle becomes packets that two insurers open.
    #[cfg(feature = "sandbox")]
    Demo(demo::Demo),
    /// Run made-up wallets, issuers, police sources and a platform MyData, to try a flow against a sandbox.
    #[cfg(feature = "sandbox")]
    #[command(subcommand)]
    Sandbox(sandbox::Sandbox),
    /// Bring the database to this build's schema, or say where it stands.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Make and list keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Register parties and change their state.
    #[command(subcommand)]
    Party(party::Party),
    /// Register operators, who use the operator interface with keys of their own.
    #[command(subcommand)]
    Operator(operator::Operator),
    /// List what somebody must be told of, or say that you know.
    Alerts(alerts::Alerts),
    /// Name where insurers are told of their deliveries (webhooks), and look after it.
    #[command(subcommand)]
    Endpoint(endpoint::Endpoint),
    /// Open or verify a packet, without a gateway; explain who gets what.
    #[command(subcommand)]
    Packet(packet::Packet),
    /// Trace evidence back to the bundle it was made from.
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    /// Show what a hospital signed, and write out what proves it.
    #[command(subcommand)]
    Signature(signature::Signature),
    /// Say who saw what, as after a breach.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Check the public log of packets, of this gateway or of a copy.
    #[command(subcommand)]
    Log(log::Log),
    /// Check, convert and build FHIR bundles, without a gateway.
    #[command(subcommand)]
    Fhir(fhir::Fhir),
    /// Check packages of MyData, or hand a bureau's data to it, without a gateway.
    #[command(subcommand)]
    Mydata(mydata::Mydata),
    /// Check what wallets present, without a gateway; look after whose credentials count.
    #[command(subcommand)]
    Wallet(wallet::Wallet),
    /// Read what the police publish of traffic accidents, without a gateway.
    #[command(subcommand)]
    Police(police::Police),
    /// Keep what must be kept, delete what is due, place legal holds.
    #[command(subcommand)]
    Retention(retention::Retention),
    /// Compare the object store with the database: what nobody names, what is missing.
    #[command(subcommand)]
    Objects(objects::Objects),
    /// Copy the SQLite database into a new file, while the gateway runs.
    Backup(backup::Backup),
    /// Erase a claim (刪除), or restrict it (處理限制) while something is against that.
    Erase(retention::Erase),
    /// Write a report over a window: the consortium's.
    #[command(subcommand)]
    Report(report::Report),
    /// Write a day's statement of an insurer or a hospital: decided, paid, came back, open.
    Statement(statement::Statement),
    /// Check configuration, keys, database and audit trail; one line per finding.
    Doctor(doctor::Doctor),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error)),
    };
    match runtime.block_on(run(arguments)) {
        Ok(ending) => ending.into(),
        Err(error) => failed(&error),
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<Ending> {
    let file = arguments.config.as_deref();
    let config = || match &arguments.database_url {
        None => Config::load(file),
        Some(url) => Config::load(file)?.with_database(url.clone()),
    };
    match arguments.command {
        Command::Serve(serve) => serve.run(config()?).await,
        #[cfg(feature = "sandbox")]
        Command::Demo(demo) => demo.run().await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(sandbox) => sandbox.run().await,
        Command::Migrate(migrate) => migrate.run(&config()?).await,
        Command::Keys(keys) => keys.run(config()?).await,
        Command::Party(party) => party.run(config()?).await,
        Command::Operator(operator) => operator.run(config()?).await,
        Command::Alerts(alerts) => alerts.run(config()?).await,
        Command::Endpoint(endpoint) => endpoint.run(config()?).await,
        Command::Packet(packet) => packet.run(config).await,
        Command::Evidence(evidence) => evidence.run(config()?).await,
        Command::Signature(signature) => signature.run(config()?).await,
        Command::Audit(audit) => audit.run(config()?).await,
        Command::Log(log) => log.run(config).await,
        Command::Fhir(fhir) => fhir.run(),
        Command::Mydata(mydata) => mydata.run(file).await,
        Command::Wallet(wallet) => wallet.run(config).await,
        Command::Police(police) => police.run(),
        Command::Retention(retention) => retention.run(config()?).await,
        Command::Objects(objects) => objects.run(config()?).await,
        Command::Backup(backup) => backup.run(&config()?).await,
        Command::Erase(erase) => erase.run(config()?).await,
        Command::Report(report) => report.run(config()?).await,
        Command::Statement(statement) => statement.run(config()?).await,
        Command::Doctor(doctor) => Box::pin(doctor.run(config())).await,
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    say(format_args!("claimgate: {}", told(error.as_ref())));
    ExitCode::FAILURE
}

/// An error and what caused it, each sentence once: many errors say their cause themselves.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    anyhow::Chain::new(error).map(ToString::to_string).fold(String::new(), |mut said, cause| {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said.push_str(": ");
            said.push_str(&cause);
        }
        said
    })
}

/// Writes a line of result to standard output; a closed pipe ends nothing.
fn print(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Writes a line of progress or error to standard error.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot listen on {address}: {source}")]
    struct Listen {
        address: &'static str,
        source: std::io::Error,
    }

    #[test]
    fn a_cause_is_said_once() {
        let source = std::io::Error::other("the port is taken");
        let error = anyhow::Error::new(Listen { address: "127.0.0.1:1", source }).context("the gateway did not start");
        assert_eq!(told(error.as_ref()), "the gateway did not start: cannot listen on 127.0.0.1:1: the port is taken");
    }
}
