//! The claims a case is to become: from whom, in which line, for what damage. Pure.

use claimgate_packet::evidence::accident::NoticeKind;
use claimgate_packet::words::Line;

use super::draft::Draft;
use super::field::{Person, PlannedClaim};

/// In which line something is claimed.
#[must_use]
pub fn line(kind: NoticeKind) -> Line {
    match kind {
        NoticeKind::OwnDamage => Line::MotorDamage,
        NoticeKind::ThirdPartyDamage | NoticeKind::InjuryVoluntary => Line::MotorLiability,
        NoticeKind::InjuryCompulsory => Line::MotorCompulsory,
        NoticeKind::DriverInjury => Line::MotorDriverInjury,
        NoticeKind::Passenger => Line::MotorPassenger,
    }
}

/// The word of what is claimed, and its name.
#[must_use]
pub fn words(kind: NoticeKind) -> (&'static str, &'static str) {
    match kind {
        NoticeKind::OwnDamage => ("own-damage", "車體損失"),
        NoticeKind::ThirdPartyDamage => ("third-party-damage", "第三人財損"),
        NoticeKind::InjuryCompulsory => ("injury-compulsory", "強制險傷害"),
        NoticeKind::InjuryVoluntary => ("injury-voluntary", "第三人責任傷害"),
        NoticeKind::DriverInjury => ("driver-injury", "駕駛人傷害"),
        NoticeKind::Passenger => ("passenger", "乘客"),
    }
}

/// The claims of a draft, each with its key.
#[must_use]
pub fn plans(draft: &Draft) -> Vec<(String, PlannedClaim)> {
    let read =
        |(key, value): (&str, &serde_json::Value)| Some((key.to_owned(), serde_json::from_value(value.clone()).ok()?));
    draft.items("claim").filter_map(read).collect()
}

/// A person of the draft.
#[must_use]
pub fn person(draft: &Draft, key: Option<&String>) -> Option<Person> {
    draft.typed(&format!("person.{}", key?))
}

/// Whether a thing is claimed for, and not a person.
#[must_use]
pub fn is_damage(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::OwnDamage | NoticeKind::ThirdPartyDamage)
}

/// What tells one damage from another: what is claimed, the vehicle or the person, the day. None where the draft does not
/// say which.
#[must_use]
pub fn subject(draft: &Draft, plan: &PlannedClaim) -> Option<[String; 3]> {
    let who = if is_damage(plan.kind) {
        draft.text("vehicle.plate")?.chars().filter(|sign| *sign != '-').collect()
    } else {
        let person = person(draft, plan.victim.as_ref().or(plan.claimant.as_ref()))?;
        person.identity.map(|identity| identity.value).or(person.name)?
    };
    Some([words(plan.kind).0.to_owned(), who, draft.text("occurrence.date")?])
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn draft(fields: &[(&str, Value)]) -> Draft {
        let mut draft = Draft::default();
        for (name, value) in fields {
            draft.fill(name, value, Timestamp::UNIX_EPOCH);
        }
        draft
    }

    #[test]
    fn the_same_damage_is_told_whoever_is_to_pay() {
        let draft = draft(&[
            ("occurrence.date", json!("2026-11-01")),
            ("vehicle.plate", json!("ABC-1234")),
            ("person.me", json!({ "name": "王小明" })),
            ("claim.a", json!({ "kind": "own-damage", "insurer": "motor-1" })),
            ("claim.b", json!({ "kind": "own-damage", "insurer": "motor-2" })),
            ("claim.c", json!({ "kind": "passenger", "insurer": "motor-2", "claimant": "me" })),
            ("claim.d", json!({ "kind": "passenger", "insurer": "motor-2" })),
        ]);
        let subjects: Vec<_> = plans(&draft).iter().map(|(_, plan)| subject(&draft, plan)).collect();
        assert_eq!(subjects[0], subjects[1]);
        assert_ne!(subjects[0], subjects[2]);
        assert_eq!((subjects[2].as_ref().map(|one| one[1].as_str()), &subjects[3]), (Some("王小明"), &None));
        let lines: Vec<Line> = plans(&draft).iter().map(|(_, plan)| line(plan.kind)).collect();
        assert_eq!(lines, [Line::MotorDamage, Line::MotorDamage, Line::MotorPassenger, Line::MotorPassenger]);
    }
}
