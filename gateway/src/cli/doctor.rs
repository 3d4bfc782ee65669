//! `claimgate doctor`.

use clap::Args;

use super::{Ending, counted, print};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, DEFAULTS};
use crate::flows::log::{self, LogCheck};
use crate::id::Random;
use crate::party::HospitalPolicy;

mod database;
mod published;
mod registry;
mod signatures;

/// Check configuration, keys, database and audit trail; one line per finding. Exit code 4: something is to be mended.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print every setting with its default instead.
    #[arg(long)]
    settings: bool,
}

struct Findings {
    wrong: usize,
}

impl Findings {
    fn good(what: &str) {
        print(format_args!("ok      {what}"));
    }

    fn advice(what: &str) {
        print(format_args!("advice  {what}"));
    }

    fn wrong(&mut self, what: &str) {
        self.wrong += 1;
        print(format_args!("MEND    {what}"));
    }
}

impl Doctor {
    pub(super) async fn run(self, config: Result<Config, ConfigError>) -> anyhow::Result<Ending> {
        if self.settings {
            print(format_args!("{DEFAULTS}"));
            return Ok(Ending::Done);
        }
        let mut findings = Findings { wrong: 0 };
        match config {
            Ok(config) => examine(config, &mut findings).await?,
            Err(error) => findings.wrong(&error.to_string()),
        }
        Ok(if findings.wrong == 0 { Ending::Done } else { Ending::Findings })
    }
}

async fn examine(config: Config, findings: &mut Findings) -> anyhow::Result<()> {
    Findings::good("configuration");
    let base = config.gateway.base_url.clone();
    if base.is_empty() {
        Findings::advice(
            "gateway.base_url is empty: fine for a try on one machine, set it before parties use the gateway",
        );
    } else if !base.starts_with("https://") {
        findings.wrong("gateway.base_url is not https: tokens and packets would cross the network in the clear");
    }
    let app = match App::open(config.clone(), base, Clock::system(), Random::system()).await {
        Ok(app) => app,
        Err(error) => {
            findings.wrong(&error.to_string());
            return Ok(());
        }
    };
    match app.engine.store.any_claim().await? {
        Some(head) if app.engine.vault.open_claim_key(head.id, &head.wrapped_key).is_err() => {
            findings.wrong("the master key is not the one this database was written with: no claim can be read");
        }
        _ => Findings::good("keys and database"),
    }
    let store = &app.engine.store;
    database::examine(&config, store, findings).await?;
    store.sequence().await?;
    match store.check_audit().await? {
        Ok(lines) => Findings::good(&format!("audit trail: {lines} lines, unbroken")),
        Err(position) => findings.wrong(&format!("audit trail: line {position} was changed or is missing")),
    }
    let checked = log::check(store, app.engine.log.public()).await?;
    match checked {
        LogCheck::Whole { .. } => Findings::good(&checked.to_string()),
        _ => findings.wrong(&checked.to_string()),
    }
    if let Some(rules) = &app.engine.reading.packages {
        let missing: usize = rules.unevaluated().iter().map(|one| one.count).sum();
        Findings::good(&format!(
            "FHIR packages: {} with {} profiles; {missing} rules not evaluated",
            rules.packages().join(", "),
            rules.profiles()
        ));
        for one in rules.unevaluated() {
            let (kind, examples) = (one.asked.as_str(), one.examples.join(", "));
            Findings::advice(&format!(
                "{} asks for what is not evaluated: {kind}, {} times ({examples})",
                one.package, one.count
            ));
        }
    }
    let policy = &app.engine.policy;
    Findings::good(&format!("disclosure policy: {}, SHA-256 {}", policy.origin(), policy.digest()));
    let parties = store.parties().await?;
    signatures::examine(&app.engine, &parties, findings);
    published::certificates(&app.engine, &parties, findings);
    published::keys(&app.engine, &parties, findings).await?;
    registry::examine(&config, &parties, app.engine.now(), findings);
    for party in &parties {
        let id = &party.id;
        let policy = party.registration().policy.as_ref();
        for name in policy.map(HospitalPolicy::outdated).unwrap_or_default() {
            Findings::advice(&format!(
                "{id}: its policy names {name}, which no warning has any more: it refuses nothing (claimgate party \
                 show {id}, then party replace)"
            ));
        }
    }
    for party in store.endpoints_failing().await? {
        Findings::advice(&format!(
            "{party}: its endpoint is switched off after failing or because it said so (410); tell its contact, then \
             claimgate endpoint on {party}"
        ));
    }
    let counts = store.counts().await?;
    Findings::good(&counted(counts.parties, "party", "parties"));
    Findings::good(&format!(
        "{}, {}, {} ({} open), {} due",
        counted(counts.claims, "claim", "claims"),
        counted(counts.packets, "packet", "packets"),
        counted(counts.deliveries, "delivery", "deliveries"),
        counts.open_deliveries,
        counted(counts.open_work, "step", "steps"),
    ));
    Ok(())
}
