//! What `claimgate party list`, `party seed` and `party replace` say.

use jiff::Timestamp;

use crate::cli::{print, say};
use crate::flows::registry::Seeded;
use crate::party::difference::Difference;
use crate::party::{Party, PartyState};
use crate::store::Supplements;

/// What a new document changed. What it leaves out counts no more: an older copy of a document must not take a duty away
/// unseen.
pub(super) fn changed(differences: &[Difference]) {
    for one in differences {
        // Keys differ one by one: of two that took turns the first is gone, and the document does speak of keys.
        let spoken_of = differences.iter().any(|other| other.member == one.member && !other.new.is_empty());
        if one.new.is_empty() && spoken_of {
            print(format_args!("  {}: {} is gone", one.member, one.old));
        } else if one.new.is_empty() {
            say(format_args!(
                "warning: the document says nothing of {}; it was \"{}\" and counts no more",
                one.member, one.old
            ));
        } else {
            print(format_args!("  {}: {} → {}", one.member, one.old, one.new));
        }
    }
}

/// One line per party.
pub(super) fn party(party: &Party, now: Timestamp) {
    let registration = party.registration();
    let numbers: Vec<&str> = registration.identifiers.iter().map(|known| known.value.as_str()).collect();
    let lines: Vec<&str> = registration.lines.iter().map(|line| line.as_str()).collect();
    let mut notes = Vec::new();
    if registration.consent.is_some() {
        notes.push("consent".to_owned());
    }
    if registration.policy.is_some() {
        notes.push("policy".to_owned());
    }
    if !party.missing().is_empty() {
        notes.push("incomplete".to_owned());
    }
    if !party.term().holds(now) && party.state == PartyState::Live {
        notes.push("not in effect".to_owned());
    }
    for (word, day) in [("from", registration.effective_from), ("until", registration.effective_until)] {
        notes.extend(day.map(|day| format!("{word} {day}")));
    }
    print(format_args!(
        "{:<20} {:<9} {:<10} {:<12} {} {} {}",
        party.id.as_str(),
        party.role().as_str(),
        party.state.as_str(),
        numbers.join(","),
        registration.name,
        lines.join(","),
        notes.join(" ")
    ));
}

/// How often papers are asked for, for 100 submissions.
pub(super) fn supplements((insurers, hospitals): (Vec<Supplements>, Vec<Supplements>)) {
    for (role, all) in [("insurer", insurers), ("hospital", hospitals)] {
        for one in all {
            let rate = one.tenths_of_100();
            print(format_args!(
                "{role:<9} {:<20} {} submissions, {} requests, {}.{} per 100",
                one.party.as_str(),
                one.submissions,
                one.requests,
                rate / 10,
                rate % 10
            ));
        }
    }
}

/// What became of a list of insurers.
pub(super) fn seeded(seeded: &Seeded) {
    for id in &seeded.added {
        print(format_args!("added    {id}"));
    }
    for (code, reason) in &seeded.refused {
        print(format_args!("refused  {code}: {reason}"));
    }
    for name in &seeded.unread {
        let name: String = name.chars().filter(|sign| !sign.is_control()).take(64).collect();
        print(format_args!("not read {name}: no list of insurers (non_life, life)"));
    }
    print(format_args!("{} added, {} known, {} refused", seeded.added.len(), seeded.known.len(), seeded.refused.len()));
    if !seeded.added.is_empty() {
        say(format_args!(
            "They are invited: complete each with claimgate party replace, or propose, then claimgate party state ID \
             certified."
        ));
    }
}
