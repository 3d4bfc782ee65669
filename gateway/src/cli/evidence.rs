//! `claimgate evidence`: what an auditor (稽核) asks the operator for.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::health::{Comparison, Field, Traced};
use crate::id::{ClaimId, EvidenceId, Random};

/// Trace evidence back to the bundle it was made from.
#[derive(Debug, Subcommand)]
pub(super) enum Evidence {
    /// Show for each field of an evidence document its place (FHIRPath) in the bundle the hospital sent.
    ///
    /// The kept bytes are converted again, and the result is compared with the document that is stored and signed. Each
    /// look is a line of the audit trail. Exit code 1: a document is not what today's converter makes of those bytes.
    #[command(
        after_help = "Examples:\n  claimgate --config gate.toml evidence trace evd_01a207c3-c191-7a53-a7b1-ad05bd858e68\n  \
        claimgate --config gate.toml evidence trace --claim clm_01a207c3-c191-717e-abe3-a53b559500aa --revision 1 --json"
    )]
    Trace(Trace),
}

#[derive(Debug, Args)]
pub(super) struct Trace {
    /// The evidence document, as a packet names it: evd_…
    #[arg(value_name = "EVIDENCE_ID", required_unless_present = "claim", conflicts_with = "claim")]
    evidence: Option<EvidenceId>,
    /// All evidence of this claim: clm_…
    #[arg(long, value_name = "CLAIM_ID")]
    claim: Option<ClaimId>,
    /// Of this revision; by default of the newest.
    #[arg(long, requires = "claim")]
    revision: Option<i64>,
    /// Show the values too. They are personal data; the audit trail says that they were shown.
    #[arg(long)]
    values: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Evidence {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let Self::Trace(trace) = self;
        let issuer = config.gateway.base_url.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let ending = trace.run(&app).await;
        app.engine.store.sequence().await?;
        app.engine.store.close().await;
        ending
    }
}

impl Trace {
    async fn run(&self, app: &App) -> anyhow::Result<Ending> {
        let engine = &app.engine;
        let found = match (self.evidence, self.claim) {
            (Some(id), _) => engine.trace_evidence(id, self.values).await?.map(|one| vec![one]),
            (None, Some(claim)) => engine.trace_revision(claim, self.revision, self.values).await?,
            (None, None) => return Ok(Ending::Misused),
        };
        let Some(found) = found else { anyhow::bail!("there is no such evidence, claim or revision here") };
        if self.json {
            let rows: Vec<Value> = found.iter().map(|one| self.row(one)).collect();
            print(format_args!("{}", Value::Array(rows)));
        } else {
            for one in &found {
                self.show(one);
            }
        }
        let same = found.iter().all(|one| one.comparison == Comparison::Same);
        if !same {
            say(format_args!("The converter or its configuration is not what it was when this evidence was made."));
        }
        Ok(if same { Ending::Done } else { Ending::Failed })
    }

    fn row(&self, one: &Traced) -> Value {
        let fields: Vec<Value> = one.fields.iter().map(|field| self.field(field)).collect();
        let (comparison, differs) = match &one.comparison {
            Comparison::Same => ("same", json!([])),
            Comparison::Differs(pointers) => ("differs", json!(pointers)),
            Comparison::Absent => ("absent", json!([])),
            Comparison::Refused(codes) => ("refused", json!(codes)),
        };
        json!({ "evidence": one.id.to_string(), "schema": one.schema, "form": one.form, "claim": one.claim.to_string(),
            "revision": one.revision, "superseded_by": one.superseded_by, "hospital": one.hospital.as_str(),
            "received": one.received.to_string(), "converted_again": comparison, "differs": differs, "fields": fields })
    }

    fn field(&self, field: &Field) -> Value {
        let mut row = json!({ "field": field.pointer, "from": field.origin.from, "rule": field.origin.rule });
        if let (true, Some(value), Some(members)) = (self.values, &field.value, row.as_object_mut()) {
            members.insert("value".to_owned(), value.clone());
        }
        row
    }

    fn show(&self, one: &Traced) {
        print(format_args!("{} {}", one.id, one.schema));
        let superseded = one.superseded_by.map(|by| format!(", replaced by revision {by}")).unwrap_or_default();
        print(format_args!("  made from revision {} of {}{superseded}", one.revision, one.claim));
        print(format_args!("  sent by {} as {}, received {}", one.hospital, one.form, one.received));
        print(format_args!("  {}", said(&one.comparison)));
        let width = one.fields.iter().map(|field| field.pointer.chars().count()).max().unwrap_or_default();
        for field in &one.fields {
            let from = field.origin.from.join(", ");
            let rule = field.origin.rule.map(|rule| format!(" [{rule}]")).unwrap_or_default();
            let value = field.value.as_ref().filter(|_| self.values).map(|value| format!(" = {value}"));
            print(format_args!("    {:<width$}  {from}{rule}{}", field.pointer, value.unwrap_or_default()));
        }
    }
}

fn said(comparison: &Comparison) -> String {
    match comparison {
        Comparison::Same => "the kept bytes, converted again, give this very document".to_owned(),
        Comparison::Differs(pointers) => format!(
            "NOT the document stored: the converter or its configuration has changed since; the places below are those \
             of today's conversion, which differs at {}",
            pointers.join(", ")
        ),
        Comparison::Absent => {
            "the converter has changed since: today it makes no such document of the kept bytes".to_owned()
        }
        Comparison::Refused(codes) => {
            format!("the converter has changed since: today it refuses the kept bytes ({})", codes.join(", "))
        }
    }
}
