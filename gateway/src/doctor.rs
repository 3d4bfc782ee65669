//! What is to be mended (檢查): configuration, keys, database, audit trail, parties, endpoints, alerts.
//!
//! In: the running parts. Out: one finding per line, for the command `doctor` and for operators over HTTP. It changes
//! nothing but the positions of what waits for one.

use serde::Serialize;

use crate::app::App;
use crate::config::Config;
use crate::flows::Fault;
use crate::flows::log::{self, LogCheck};
use crate::party::HospitalPolicy;
use crate::store::AlertQuery;

mod database;
mod masters;
mod mydata;
mod published;
mod registry;
mod signatures;

/// Alerts listed one by one; of more only the number is said.
const LISTED: i64 = 50;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Level {
    /// It is good.
    Ok,
    /// It may be meant so.
    Advice,
    /// It is to be mended.
    Mend,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was found, and what to do.
    pub text: String,
}

/// All lines, in their order.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Every finding.
    #[must_use]
    pub fn all(&self) -> &[Finding] {
        &self.0
    }

    /// Whether nothing is to be mended.
    #[must_use]
    pub fn sound(&self) -> bool {
        self.0.iter().all(|one| one.level != Level::Mend)
    }

    /// Something is to be mended.
    pub fn wrong(&mut self, what: &str) {
        self.push(Level::Mend, what);
    }

    fn good(&mut self, what: &str) {
        self.push(Level::Ok, what);
    }

    fn advice(&mut self, what: &str) {
        self.push(Level::Advice, what);
    }

    fn push(&mut self, level: Level, what: &str) {
        self.0.push(Finding { level, text: what.to_owned() });
    }
}

/// What the settings alone say.
pub fn settings(config: &Config, findings: &mut Findings) {
    findings.good("configuration");
    let base = &config.gateway.base_url;
    if base.is_empty() {
        findings
            .advice("gateway.base_url is empty: fine for a try on one machine, set it before parties use the gateway");
    } else if !base.starts_with("https://") {
        findings.wrong("gateway.base_url is not https: tokens and packets would cross the network in the clear");
    }
}

/// Looks at everything.
///
/// # Errors
/// The database is away.
pub async fn examine(app: &App, findings: &mut Findings) -> Result<(), Fault> {
    let config = &app.config;
    settings(config, findings);
    match app.engine.store.any_claim().await? {
        Some(head) if app.engine.vault.open_claim_key(head.id, &head.wrapped_key).is_err() => {
            findings.wrong("the master key is not the one this database was written with: no claim can be read");
        }
        _ => findings.good("keys and database"),
    }
    masters::examine(&app.engine, findings).await?;
    if let Some(back) = app.engine.clock_behind() {
        findings.wrong(&format!(
            "the clock is {back:#} behind the audit trail: nothing is signed until it is right; if it was ahead before \
             and what was written then is known, wait until the time has passed"
        ));
    }
    let store = &app.engine.store;
    database::examine(config, store, findings).await?;
    match app.engine.objects.look().await {
        Ok(()) => findings.good("object store"),
        Err(error) => findings.wrong(&error.to_string()),
    }
    store.sequence().await?;
    match store.check_audit().await? {
        Ok(lines) => findings.good(&format!("audit trail: {lines} lines, unbroken")),
        Err(position) => findings.wrong(&format!("audit trail: line {position} was changed or is missing")),
    }
    let checked = log::check(store, app.engine.log.public()).await?;
    match checked {
        LogCheck::Whole { .. } => findings.good(&checked.to_string()),
        _ => findings.wrong(&checked.to_string()),
    }
    packages(app, findings);
    let policy = &app.engine.policy;
    findings.good(&format!("disclosure policy: {}, SHA-256 {}", policy.origin(), policy.digest()));
    let parties = store.parties().await?;
    signatures::examine(&app.engine, &parties, findings);
    mydata::examine(&app.engine, findings);
    published::certificates(&app.engine, &parties, findings);
    published::keys(&app.engine, &parties, findings).await?;
    registry::examine(config, &parties, app.engine.now(), findings);
    for party in &parties {
        let id = &party.id;
        let policy = party.registration().policy.as_ref();
        for name in policy.map(HospitalPolicy::outdated).unwrap_or_default() {
            findings.advice(&format!(
                "{id}: its policy names {name}, which no warning has any more: it refuses nothing (claimgate party \
                 show {id}, then party replace)"
            ));
        }
    }
    let open = store.alerts(&AlertQuery { limit: LISTED + 1, ..AlertQuery::default() }).await?;
    for alert in open.iter().take(usize::try_from(LISTED).unwrap_or_default()) {
        findings.advice(&format!(
            "alert {} {} {} since {} ({}; claimgate alerts)",
            alert.kind.as_str(),
            alert.subject,
            alert.state.as_str(),
            alert.since,
            alert.detail
        ));
    }
    if i64::try_from(open.len()).is_ok_and(|count| count > LISTED) {
        findings.advice("more alerts are open (claimgate alerts)");
    }
    let operators = store.operators().await?;
    if config.operators.four_eyes && config.operators.names.is_empty() && operators.len() < 2 {
        findings.wrong(
            "operators.four_eyes is on and fewer than two operators are registered: nothing can be approved (claimgate \
             operator add NAME --jwks FILE)",
        );
    }
    for party in store.endpoints_failing().await? {
        findings.advice(&format!(
            "{party}: its endpoint is switched off after failing or because it said so (410); tell its contact, then \
             claimgate endpoint on {party}"
        ));
    }
    let counts = store.counts().await?;
    findings.good(&counted(counts.parties, "party", "parties"));
    findings.good(&format!(
        "{}, {}, {} ({} open), {} due",
        counted(counts.claims, "claim", "claims"),
        counted(counts.packets, "packet", "packets"),
        counted(counts.deliveries, "delivery", "deliveries"),
        counts.open_deliveries,
        counted(counts.open_work, "step", "steps"),
    ));
    Ok(())
}

/// The FHIR packages, and what of their rules is not evaluated.
fn packages(app: &App, findings: &mut Findings) {
    if let Some(rules) = &app.engine.reading.packages {
        let missing: usize = rules.unevaluated().iter().map(|one| one.count).sum();
        findings.good(&format!(
            "FHIR packages: {} with {} profiles; {missing} rules not evaluated",
            rules.packages().join(", "),
            rules.profiles()
        ));
        for one in rules.unevaluated() {
            let (kind, examples) = (one.asked.as_str(), one.examples.join(", "));
            findings.advice(&format!(
                "{} asks for what is not evaluated: {kind}, {} times ({examples})",
                one.package, one.count
            ));
        }
    }
}

/// A number with the word for one or for many of them.
fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
