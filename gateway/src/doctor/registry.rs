//! `doctor` on the registry: who lacks what, who takes part when, whether two operators must agree.

use jiff::{SignedDuration, Timestamp};

use super::Findings;
use crate::config::Config;
use crate::party::{Party, PartyState, Role};

/// A registration that ends within these days is worth a word.
const SOON: i64 = 30;

pub(super) fn examine(config: &Config, parties: &[Party], now: Timestamp, findings: &mut Findings) {
    if config.operators.four_eyes {
        // None named: those who are registered with keys of their own.
        let who = match config.operators.names.len() {
            0 => "registered".to_owned(),
            count => count.to_string(),
        };
        findings.good(&format!("four eyes: {who} operators, two agree on each change"));
    } else {
        findings.advice(
            "operators.four_eyes is off: one operator alone exchanges keys for packets (name two in operators.names, \
             switch it on; docs/operating.md)",
        );
    }
    if config.gateway.sandbox {
        findings.advice("gateway.sandbox is on: parties that try their programs are let in; never with real data");
    }
    for party in parties {
        one(party, now, findings);
    }
}

fn one(party: &Party, now: Timestamp, findings: &mut Findings) {
    let id = &party.id;
    let missing = party.missing();
    if party.state == PartyState::Invited {
        match missing.as_slice() {
            [] => findings.advice(&format!("{id} is invited and complete (claimgate party state {id} certified)")),
            missing => findings.advice(&format!("{id} is invited and incomplete: {}", missing.join("; "))),
        }
        return;
    }
    if party.role().receives() && party.encryption_key(now).is_none() {
        findings.wrong(&format!("{id} has no valid encryption key: nothing can be sealed for it"));
    }
    match party.state {
        PartyState::Suspended => findings.advice(&format!(
            "{id} is suspended: it gets no token, and what is pushed for it waits (claimgate party enable {id})"
        )),
        PartyState::Sandbox => findings.advice(&format!("{id} tries its programs: nothing is delivered to it")),
        PartyState::Certified => findings.advice(&format!(
            "{id} is certified and not live: what is pushed for it waits (claimgate party enable {id})"
        )),
        PartyState::Live | PartyState::Invited => {}
    }
    let term = party.term();
    if !term.holds(now) {
        let whole = party.registration();
        let what = match (term.begins.is_some_and(|begins| now < begins), whole.effective_from, whole.effective_until) {
            (true, Some(day), _) => format!("begins to count on {day}"),
            (_, _, Some(day)) => format!("counted until {day}"),
            _ => "does not count".to_owned(),
        };
        findings.advice(&format!("{id}: its registration {what}; until it counts it is as if suspended"));
    } else if term.ends.is_some_and(|ends| ends < now + SignedDuration::from_hours(24 * SOON)) {
        findings.advice(&format!("{id}: its registration ends within {SOON} days (effective_until)"));
    }
    if party.state == PartyState::Live && party.role().interface().is_none() {
        let role = party.role().as_str();
        findings.advice(&format!("{id}: there is no interface for the role {role} yet, it gets no token"));
    }
    if party.role() == Role::Hospital && party.registration().consent.is_none() {
        findings.advice(&format!(
            "{id} has no consent basis: its claims are held (claimgate party consent {id} --attested \"…\", or --patient \
             \"…\")"
        ));
    }
}
