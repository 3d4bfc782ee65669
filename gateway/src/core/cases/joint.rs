//! What the persons of one accident see of one another: the joint facts of each, and of its own what each shares. Pure.
//!
//! Nobody speaks for another: where two say different things, both stand, and people are shown that they differ.

use jiff::SignedDuration;
use serde_json::Value;

use super::draft::Draft;
use super::facts::{instant, others};
use crate::core::accident::compare::plain;

/// Facts of the accident itself: each person's are shown to the others.
pub const JOINT: [&str; 5] = ["occurrence.date", "occurrence.time", "place.text", "place.point", "injuries"];
/// Shared unless the person says which are.
const USUALLY: [&str; 2] = ["vehicle.plate", "circumstances"];
/// How far two times may lie apart and still agree.
const MINUTES: SignedDuration = SignedDuration::from_mins(30);

/// What others may see of a draft.
#[must_use]
pub fn shown(draft: &Draft) -> Vec<(String, Value)> {
    let shares: Option<Vec<String>> = draft.typed("shares");
    let own = shares.unwrap_or_else(|| USUALLY.map(str::to_owned).to_vec());
    let names = JOINT.iter().map(|name| (*name).to_owned()).chain(own);
    names.filter_map(|name| draft.get(&name).cloned().map(|value| (name, value))).collect()
}

/// Where two persons speak of the same, and whether they agree; of another's own nothing is used that it does not share.
#[must_use]
pub fn compared(own: &Draft, other: &Draft) -> Vec<(&'static str, bool)> {
    let mut points = Vec::new();
    let mut point = |of, agrees: Option<bool>| points.extend(agrees.map(|agrees| (of, agrees)));
    let both = |name: &str| Some(own.get(name)? == other.get(name)?);
    point("day", both("occurrence.date"));
    let times = instant(own).zip(instant(other));
    point("time", times.map(|(one, other)| one.duration_since(other).abs() <= MINUTES));
    let shared = shown(other);
    let plate = shared.iter().find(|(name, _)| name == "vehicle.plate").and_then(|(_, value)| value.as_str());
    let named: Vec<String> = others(own).into_iter().filter_map(|one| one.plate).map(|plate| plain(&plate)).collect();
    point("vehicle", plate.filter(|_| !named.is_empty()).map(|plate| named.contains(&plain(plate))));
    points
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn draft(fields: &[(&str, Value)]) -> Draft {
        let mut draft = Draft::default();
        for (name, value) in fields {
            draft.fill(name, value, Timestamp::UNIX_EPOCH);
        }
        draft
    }

    #[test]
    fn the_others_see_what_is_joint_and_shared_and_nothing_else() {
        let one = draft(&[
            ("occurrence.date", json!("2026-11-01")),
            ("occurrence.time", json!("08:00")),
            ("vehicle.plate", json!("ABC-1234")),
            ("driver.name", json!("王小明")),
            ("payout.account", json!("123456")),
        ]);
        let names = |draft: &Draft| shown(draft).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&one), ["occurrence.date", "occurrence.time", "vehicle.plate"]);
        let shy = draft(&[
            ("vehicle.plate", json!("XYZ-9999")),
            ("shares", json!([])),
            ("occurrence.date", json!("2026-11-02")),
        ]);
        assert_eq!(names(&shy), ["occurrence.date"]);
        let other = draft(&[
            ("occurrence.date", json!("2026-11-01")),
            ("occurrence.time", json!("08:40")),
            ("other.a", json!({ "plate": "ABC1234" })),
        ]);
        assert_eq!(compared(&other, &one), [("day", true), ("time", false), ("vehicle", true)]);
        assert_eq!(compared(&one, &shy), [("day", false)]);
    }
}
