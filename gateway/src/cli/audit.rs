//! `claimgate audit`.

use std::io::{BufWriter, Write as _};

use claimgate_packet::words::Line;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::party::account;
use super::{Ending, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::exposure::{Asked, Seen};
use crate::id::{ClaimId, Random};
use crate::party::PartyId;
use crate::store::read::ExposureQuery;

/// What somebody must be able to say afterwards.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// List who saw what: every delivery that left in a time window, its person, recipient, types and fields.
    ///
    /// For the duty to notify after a breach (個資法 §12 通知義務). A line of the audit trail says that it was listed.
    #[command(after_help = "Examples:\n  \
        claimgate audit exposure --from 2026-11-01T00:00:00+08:00 --to 2026-11-02T00:00:00+08:00\n  \
        claimgate audit exposure --party insurer-b --persons --csv > exposed.csv      everything it ever got\n  \
        claimgate audit exposure --key 5tQ… --from 2026-11-01T00:00:00Z --json        sealed to it, or signed by it")]
    Exposure(Exposure),
}

#[derive(Debug, Args)]
pub(super) struct Exposure {
    /// What left from this time on (RFC 3339); without it, from the beginning.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// What left before this time; without it, until now.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Only what this key of a recipient was sealed to last, or this packet key of the gateway signed.
    #[arg(long, value_name = "KID", allow_hyphen_values = true)]
    key: Option<String>,
    /// Only what this recipient got, or what came from this hospital.
    #[arg(long, value_name = "PARTY")]
    party: Option<PartyId>,
    /// Only this claim.
    #[arg(long, value_name = "CLAIM")]
    claim: Option<ClaimId>,
    /// Show names of persons. They are personal data; the audit trail says that they were shown.
    #[arg(long)]
    persons: bool,
    /// Print a JSON object for each delivery, one a line.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV (UTF-8).
    #[arg(long)]
    csv: bool,
}

const COLUMNS: &str = "left,claim,person,hospital,recipient,line,delivery,packet,acknowledged,sealed_to,signed_by,files,\
    erased,evidence,fields";

impl Audit {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let Self::Exposure(exposure) = self;
        let issuer = config.gateway.base_url.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let ending = exposure.run(&app).await;
        app.engine.store.sequence().await?;
        app.engine.store.close().await;
        ending
    }
}

impl Exposure {
    async fn run(self, app: &App) -> anyhow::Result<Ending> {
        let now = app.engine.now();
        let asked = Asked {
            query: ExposureQuery {
                from: self.from.unwrap_or(Timestamp::UNIX_EPOCH),
                to: self.to.unwrap_or(now),
                party: self.party,
                claim: self.claim,
            },
            key: self.key,
            persons: self.persons,
        };
        if asked.query.from >= asked.query.to {
            say(format_args!("--from is not before --to"));
            return Ok(Ending::Misused);
        }
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.csv {
            writeln!(out, "{COLUMNS}")?;
        }
        let mut written = Ok(());
        let exposed = app
            .engine
            .exposure(&asked, account(), |seen| {
                if written.is_ok() {
                    written = match (self.json, self.csv) {
                        (true, _) => writeln!(out, "{}", json!(seen)),
                        (_, true) => writeln!(out, "{}", csv(&seen)),
                        _ => writeln!(out, "{}", text(&seen)),
                    };
                }
            })
            .await?;
        // A closed pipe ends nothing.
        let _ = written.and_then(|()| out.flush());
        say(format_args!(
            "{} deliveries of {} claims left for {} recipients",
            exposed.deliveries, exposed.claims, exposed.recipients
        ));
        Ok(Ending::Done)
    }
}

fn text(seen: &Seen) -> String {
    let chinese = seen.line.parse().map_or("", Line::chinese);
    let person = seen.person.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    let evidence: Vec<String> =
        seen.evidence.iter().map(|(kind, fields)| format!("{kind} ({} fields)", fields.len())).collect();
    let what = if seen.erased { "erased since".to_owned() } else { evidence.join(", ") };
    let (left, claim, hospital, to, line) = (seen.left, &seen.claim, &seen.hospital, &seen.recipient, &seen.line);
    let files = if seen.files > 0 { format!(", {} files", seen.files) } else { String::new() };
    format!("{left} {claim}{person} from {hospital} to {to} ({line} {chinese}): {what}{files}")
}

fn csv(seen: &Seen) -> String {
    let fields: Vec<String> = seen
        .evidence
        .iter()
        .flat_map(|(kind, fields)| fields.iter().map(move |field| format!("{kind}.{field}")))
        .collect();
    let kinds: Vec<&str> = seen.evidence.keys().map(String::as_str).collect();
    let (person, signed_by) = (seen.person.clone().unwrap_or_default(), seen.signed_by.clone().unwrap_or_default());
    [
        seen.left.to_string(),
        seen.claim.clone(),
        person,
        seen.hospital.clone(),
        seen.recipient.clone(),
        seen.line.clone(),
        seen.delivery.clone(),
        seen.packet.clone(),
        seen.acknowledged.map(|at| at.to_string()).unwrap_or_default(),
        seen.sealed_to.clone(),
        signed_by,
        seen.files.to_string(),
        seen.erased.to_string(),
        kinds.join(" "),
        fields.join(" "),
    ]
    .map(|value| quoted(&value))
    .join(",")
}

/// A cell that a spreadsheet takes as text: what begins like a formula gets an apostrophe before it.
fn quoted(value: &str) -> String {
    let guard = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}
