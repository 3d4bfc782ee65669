//! What the demo found out, for people and as the JSON others script against.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::time::Duration;

use claimgate_adapters::insurer::Envelope;
use claimgate_packet::open::Opened;
use serde_json::{Value, json};

use super::hospital::Pushed;

/// A step and how long it took.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was done.
    pub name: String,
    /// How long it took.
    pub took: Duration,
}

impl Step {
    /// Milliseconds with one decimal.
    #[must_use]
    pub fn millis(&self) -> f64 {
        (self.took.as_secs_f64() * 10_000.0).round() / 10.0
    }
}

/// What one insurer could and could not see.
#[derive(Clone, Debug)]
pub struct Recipient {
    party: String,
    line: String,
    packet: String,
    evidence: Vec<String>,
    /// Evidence type and member of each field that the bundle had and the packet does not show.
    fields: BTreeSet<(String, String)>,
    /// Media type and size of each file that was opened.
    attachments: Vec<(String, u64)>,
    sealed_bytes: i64,
}

impl Recipient {
    /// From a delivery, what it opened to, and the documents of the bundle by type.
    #[must_use]
    pub fn new(party: &str, envelope: &Envelope, opened: &Opened, sent: &BTreeMap<String, Value>) -> Self {
        let mut fields = BTreeSet::new();
        for one in &opened.evidence {
            let kind = one.document.kind();
            if let (Some(whole), Ok(shown)) = (sent.get(kind), one.document.to_json()) {
                let mut missing = BTreeSet::new();
                not_shown(whole, &shown, "", &mut missing);
                fields.extend(missing.into_iter().map(|field| (kind.to_owned(), field)));
            }
        }
        Self {
            fields,
            party: party.to_owned(),
            line: envelope.line.to_string(),
            packet: opened.packet_id.clone(),
            evidence: opened.evidence.iter().map(|one| one.document.kind().to_owned()).collect(),
            attachments: opened.attachments().map(|file| (file.media_type.clone(), file.bytes)).collect(),
            sealed_bytes: envelope.bytes,
        }
    }
}

/// The whole result.
#[derive(Clone, Debug)]
pub struct Demo {
    claim_id: String,
    bundle_bytes: usize,
    warnings: usize,
    recipients: Vec<Recipient>,
    /// Types of all evidence in the bundle.
    sent: Vec<String>,
    timeline: Vec<(String, String, String, String)>,
    steps: Vec<Step>,
    /// Who received what, as the gateway says it to the patient.
    received: Value,
    /// The hospital's statement of the day.
    statement: Value,
}

impl Recipient {
    fn withheld_fields(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by_kind: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (kind, field) in &self.fields {
            by_kind.entry(kind).or_default().push(field);
        }
        by_kind
    }
}

/// The outermost members of a document that are not in what was shown of it; `*` for every element of a list.
fn not_shown(whole: &Value, shown: &Value, at: &str, missing: &mut BTreeSet<String>) {
    match (whole, shown) {
        (Value::Object(all), Value::Object(some)) => {
            for (name, value) in all {
                let here = format!("{at}/{name}");
                match some.get(name) {
                    Some(shown) => not_shown(value, shown, &here, missing),
                    None => _ = missing.insert(here),
                }
            }
        }
        (Value::Array(all), Value::Array(some)) => {
            let here = format!("{at}/*");
            all.iter().zip(some).for_each(|(value, shown)| not_shown(value, shown, &here, missing));
        }
        _ => {}
    }
}

impl Demo {
    pub(super) fn new(pushed: &Pushed, bundle_bytes: usize) -> Self {
        let issues = pushed.outcome.get("issue").and_then(Value::as_array);
        let is_warning = |issue: &&Value| issue.get("severity").and_then(Value::as_str) == Some("warning");
        Self {
            claim_id: pushed.claim_id.clone(),
            bundle_bytes,
            warnings: issues.map_or(0, |issues| issues.iter().filter(is_warning).count()),
            recipients: Vec::new(),
            sent: Vec::new(),
            timeline: Vec::new(),
            steps: Vec::new(),
            received: Value::Null,
            statement: Value::Null,
        }
    }

    pub(super) fn seen(&mut self, received: &Value, statement: &Value) {
        (self.received, self.statement) = (received.clone(), statement.clone());
    }

    pub(super) fn add(&mut self, recipient: Recipient) {
        self.recipients.push(recipient);
    }

    pub(super) fn finish(&mut self, timeline: &Value, steps: Vec<Step>) {
        let entries = timeline.get("timeline").and_then(Value::as_array).cloned().unwrap_or_default();
        for entry in &entries {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let parameters = entry.get("parameters").cloned().unwrap_or_default();
            if text("event") == "claim.received" {
                let kinds = parameters.get("evidence").and_then(Value::as_array).cloned().unwrap_or_default();
                self.sent = kinds.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
            }
            let who = parameters.get("party").and_then(Value::as_str).unwrap_or_default();
            self.timeline.push((text("at_taipei"), text("event"), who.to_owned(), text("text_zh")));
        }
        self.steps = steps;
    }

    /// Whether everything was opened, verified and told: two insurers, one packet, a full timeline, books that balance.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        let reported = self.timeline.iter().filter(|(_, event, ..)| event == "submission.status").count();
        self.recipients.len() == 2
            && self.recipients.iter().all(|one| !one.evidence.is_empty() && one.packet == self.packet_id())
            && reported == 4
            && self.statement.get("balances") == Some(&Value::Bool(true))
    }

    fn packet_id(&self) -> &str {
        self.recipients.first().map_or("", |one| one.packet.as_str())
    }

    fn withheld(&self, recipient: &Recipient) -> Vec<String> {
        self.sent.iter().filter(|kind| !recipient.evidence.contains(kind)).cloned().collect()
    }

    /// The JSON object of `claimgate demo --json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let recipients: Vec<Value> = self
            .recipients
            .iter()
            .map(|one| {
                // A recipient stands here only after its packet was opened and every check passed.
                let file = |(media_type, bytes): &(String, u64)| json!({ "media_type": media_type, "bytes": bytes });
                let attachments: Vec<Value> = one.attachments.iter().map(file).collect();
                json!({ "party": one.party, "line": one.line, "opened": true, "verified": true,
                    "evidence": one.evidence, "withheld": self.withheld(one), "withheld_fields": one.withheld_fields(),
                    "attachments": attachments,
                    "sealed_bytes": one.sealed_bytes })
            })
            .collect();
        let steps: Vec<Value> =
            self.steps.iter().map(|step| json!({ "name": step.name, "ms": step.millis() })).collect();
        let timeline: Vec<Value> = self
            .timeline
            .iter()
            .map(|(at, event, party, text)| json!({ "at": at, "event": event, "party": party, "text_zh": text }))
            .collect();
        json!({
            "ok": self.is_ok(),
            "packet_id": self.packet_id(),
            "claim_id": self.claim_id,
            "bundle_bytes": self.bundle_bytes,
            "warnings": self.warnings,
            "steps": steps,
            "recipients": recipients,
            "timeline": timeline,
            "received": self.received,
            "statement": self.statement,
        })
    }
}

impl Demo {
    /// The patient's view of who received what, and the day's statement.
    fn write_seen(&self, text: &mut String) -> fmt::Result {
        let of = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        writeln!(text, "\nWho received what, as the patient sees it 病人檢視")?;
        for one in self.received.get("recipients").and_then(Value::as_array).into_iter().flatten() {
            let [party, line, received] = ["party", "line", "received"].map(|name| of(one, name));
            writeln!(text, "  {party:<16} {line:<22} received {received}")?;
        }
        let balances = self.statement.get("balances") == Some(&Value::Bool(true));
        let how = if balances { "balances" } else { "does not balance" };
        writeln!(text, "\nStatement of the day 對帳單 {}: {how}", of(&self.statement, "date"))?;
        for (party, account) in self.statement.get("accounts").and_then(Value::as_object).into_iter().flatten() {
            let [opening, decided, reversed, paid, back, closing] =
                ["opening", "decided", "reversed", "paid", "came_back", "closing"].map(|name| of(account, name));
            let sums = format!("{opening} + decided {decided} - reversed {reversed} - paid {paid} + came back {back}");
            writeln!(text, "  {party:<16} {sums} = {closing}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        writeln!(text, "Claim 案件    {}", self.claim_id)?;
        writeln!(text, "Packet 封包   {}", self.packet_id())?;
        writeln!(text, "Bundle        {} bytes, {} warnings\n", self.bundle_bytes, self.warnings)?;
        writeln!(text, "What each insurer could see (opened and verified with its own keys)")?;
        for one in &self.recipients {
            writeln!(text, "  {:<16} {:<22} {:>6} bytes sealed", one.party, one.line, one.sealed_bytes)?;
            writeln!(text, "      sees      {}", one.evidence.join(", "))?;
            let withheld = self.withheld(one);
            let withheld = if withheld.is_empty() { "no document".to_owned() } else { withheld.join(", ") };
            writeln!(text, "      withheld  {withheld}")?;
            for (kind, fields) in one.withheld_fields() {
                writeln!(text, "                of {kind}: {}", fields.join(" "))?;
            }
            for (media_type, bytes) in &one.attachments {
                writeln!(text, "      file      {media_type}, {bytes} bytes")?;
            }
        }
        self.write_seen(&mut text)?;
        writeln!(text, "\nTimeline 進度 (Asia/Taipei)")?;
        for (at, event, party, words) in &self.timeline {
            writeln!(text, "  {at}  {event:<24} {party:<16} {words}")?;
        }
        f.write_str(&text)
    }
}
