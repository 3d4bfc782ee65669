//! `claimgate packet explain`: what a recipient gets, what not, and why; of the policy, or of a stored claim.

use std::path::PathBuf;

use anyhow::Context;
use claimgate_packet::words::Purpose;
use clap::Args;
use serde_json::{Value, json};

use super::super::{Ending, print};
use crate::app::{App, policy};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::core::disclosure::explain::{OfKind, explain, markdown};
use crate::core::disclosure::{Addressee, Policy};
use crate::flows::explain::Explained;
use crate::id::{ClaimId, Random};
use crate::party::PartyId;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  claimgate packet explain --line health-daily\n  \
    claimgate packet explain --line accident --policy our-policy.toml --json\n  \
    claimgate packet explain --table --policy our-policy.toml > our-policy.md\n  \
    claimgate --config /etc/claimgate/claimgate.toml packet explain --claim clm_… --recipient insurer-b\n\n\
    Names of fields are shown, never a value. Looking at a stored claim is written to the audit trail.")]
pub(in crate::cli) struct Explain {
    /// What this line of insurance gets ("fund" for 特別補償基金); with --claim: of this line only.
    #[arg(long, required_unless_present_any = ["claim", "table"])]
    line: Option<Addressee>,
    /// For this purpose.
    #[arg(long, default_value_t = Purpose::ClaimAssessment, conflicts_with = "claim")]
    purpose: Purpose,
    /// A policy table, instead of the one the configuration names or the built-in one.
    #[arg(long, value_name = "FILE", conflicts_with = "claim")]
    policy: Option<PathBuf>,
    /// What this stored claim's packets showed a recipient; for the operator.
    #[arg(long, value_name = "CLAIM", requires = "recipient")]
    claim: Option<ClaimId>,
    /// The recipient: a party id.
    #[arg(long, value_name = "PARTY", requires = "claim")]
    recipient: Option<PartyId>,
    /// Print the whole table as Markdown, to publish it.
    #[arg(long, conflicts_with_all = ["line", "claim", "json"])]
    table: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, ConfigError>) -> anyhow::Result<Ending> {
        if let (Some(claim), Some(recipient)) = (self.claim, &self.recipient) {
            return self.stored(config()?, claim, recipient).await;
        }
        let file = match &self.policy {
            Some(file) => file.clone(),
            None => config()?.disclosure.policy,
        };
        let policy = policy(&file)?;
        match self.line {
            Some(to) => self.of_line(&policy, to),
            None => print(format_args!("{}", markdown(&policy).trim_end())),
        }
        Ok(Ending::Done)
    }

    fn of_line(&self, policy: &Policy, to: Addressee) {
        let explained = explain(policy, to, self.purpose);
        if self.json {
            let evidence: Vec<Value> = explained.iter().map(OfKind::to_json).collect();
            let whole = json!({ "policy": of_policy(policy), "recipient": to.as_str(), "recipient_zh": to.chinese(),
                "purpose": self.purpose.as_str(), "purpose_zh": self.purpose.chinese(), "evidence": evidence });
            print(format_args!("{whole}"));
            return;
        }
        print(format_args!("disclosure policy 揭露政策: {}, SHA-256 {}", policy.origin(), policy.digest()));
        print(format_args!("{to} {}, for {} {}", to.chinese(), self.purpose, self.purpose.chinese()));
        for one in &explained {
            print(format_args!("\n{}", one.text().trim_end()));
        }
    }

    async fn stored(&self, config: Config, claim: ClaimId, recipient: &PartyId) -> anyhow::Result<Ending> {
        let line = match self.line {
            Some(Addressee::Line(line)) => Some(line),
            Some(Addressee::Fund) => anyhow::bail!("--line with --claim is a line of insurance"),
            None => None,
        };
        let issuer = config.gateway.base_url.clone();
        let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
        let engine = &app.engine;
        let explained = engine.explain(claim, recipient, line).await;
        engine.store.sequence().await?;
        engine.store.close().await;
        let explained = explained.with_context(|| format!("{claim} for {recipient}"))?;
        let policy = &engine.policy;
        if self.json {
            let deliveries: Vec<Value> = explained.iter().map(|one| delivery_json(one, policy)).collect();
            let whole = json!({ "policy": of_policy(policy), "claim_id": claim.to_string(),
                "recipient": recipient.as_str(), "deliveries": deliveries });
            print(format_args!("{whole}"));
            return Ok(Ending::Done);
        }
        print(format_args!("{claim} for {recipient}"));
        print(format_args!("disclosure policy 揭露政策 in force: {}, SHA-256 {}", policy.origin(), policy.digest()));
        for one in &explained {
            show(one, policy);
        }
        Ok(Ending::Done)
    }
}

fn of_policy(policy: &Policy) -> Value {
    json!({ "origin": policy.origin().to_string(), "digest": policy.digest() })
}

fn delivery_json(one: &Explained, policy: &Policy) -> Value {
    let sent = &one.sent;
    let evidence: Vec<Value> = one
        .evidence
        .iter()
        .map(|(id, of)| {
            let mut json = of.to_json();
            if let Some(members) = json.as_object_mut() {
                members.insert("id".to_owned(), id.as_str().into());
            }
            json
        })
        .collect();
    let consent = one.consent.as_ref().map(|consent| {
        json!({ "id": consent.id, "reference": consent.reference, "purpose": consent.purpose,
            "at": consent.at.to_string(), "limits": one.limits })
    });
    json!({
        "delivery_id": sent.delivery.to_string(), "packet_id": sent.packet.to_string(), "line": sent.line,
        "purpose": one.purpose, "revision": sent.revision, "claim_revision": sent.claim_revision,
        "state": sent.state.as_str(), "acknowledgement": sent.acknowledgement, "created": sent.created.to_string(),
        "left": sent.left.map(|at| at.to_string()), "signed_under": one.policy,
        "same_policy": one.policy.as_deref() == Some(policy.digest()), "consent": consent, "evidence": evidence,
    })
}

fn show(one: &Explained, policy: &Policy) {
    let sent = &one.sent;
    print(format_args!("\n{} in packet {}", sent.delivery, sent.packet));
    let (line, purpose) = (sent.line, one.purpose);
    print(format_args!(
        "  {line} {}, for {purpose} {}, revision {} (of the claim: {})",
        line.chinese(),
        purpose.chinese(),
        sent.revision,
        sent.claim_revision
    ));
    let left = sent.left.map_or_else(|| "not fetched yet".to_owned(), |at| format!("first fetched {at}"));
    let said = sent.acknowledgement.as_deref().map(|said| format!(" ({said})")).unwrap_or_default();
    print(format_args!("  {}{said}, made {}, {left}", sent.state.as_str(), sent.created));
    match one.policy.as_deref() {
        Some(digest) if digest == policy.digest() => print(format_args!("  signed under the policy in force")),
        Some(digest) => print(format_args!(
            "  signed under another policy, SHA-256 {digest}: what was disclosed is of then, the reasons are of now"
        )),
        None => print(format_args!("  signed before policies were recorded: the reasons are of now")),
    }
    match &one.consent {
        Some(consent) => {
            print(format_args!(
                "  consent 同意 {}: {}, for {}, {}",
                consent.id, consent.reference, consent.purpose, consent.at
            ));
        }
        None => print(format_args!("  consent 同意: none on record")),
    }
    if let Some(limits) = &one.limits {
        let only = limits.only.as_ref().map(|only| only.iter().cloned().collect::<Vec<_>>().join(" "));
        print(format_args!("    only these types: {}", only.as_deref().unwrap_or("all the policy gives")));
        for (kind, fields) in &limits.without {
            print(format_args!("    not of {kind}: {}", fields.iter().cloned().collect::<Vec<_>>().join(" ")));
        }
    }
    for (id, of) in &one.evidence {
        print(format_args!("\n  {id}"));
        for line in of.text().lines() {
            print(format_args!("  {line}"));
        }
    }
}
