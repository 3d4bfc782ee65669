//! Encounter → visit (就醫/住院): number, patient source, department, days.

use claimgate_packet::evidence::Visit;

use crate::element::Element;
use crate::moment::Moment;
use crate::outcome::{Issue, IssueKind};

use super::terms;

/// Units of `Encounter.length` that count days (應診天數).
const DAYS: [&str; 5] = ["d", "day", "days", "天", "日"];

/// Reads an Encounter.
pub(super) fn read(encounter: &Element<'_>) -> Visit {
    if matches!(encounter.string("status"), Some("entered-in-error" | "cancelled")) {
        let text = "A cancelled or mistaken Encounter is no evidence. Remove it or correct its status.";
        let issue = Issue::error(IssueKind::BusinessRule, "encounter.not-in-force", text);
        encounter.report(issue.zh("就醫紀錄已取消或登錄錯誤"), "status");
    }
    let period = encounter.child("period");
    let moment = |name: &str| period.as_ref().and_then(|period| Some((period.place(name), period.moment(name)?)));
    let (start, end) = (moment("start"), moment("end"));
    for (place, moment) in [&start, &end].into_iter().flatten() {
        if moment.is_elsewhere() {
            let text = "The time is not in Taiwan's offset, so its day may be another one here. Write +08:00.";
            let issue = Issue::warning(IssueKind::Value, "encounter.offset", text);
            encounter.findings().report(issue.at(&**place).zh("就醫時間的時區不是 +08:00"));
        }
    }
    let (start, end) = (start.map(|(_, moment)| moment), end.map(|(_, moment)| moment));
    if let (Some(first), Some(last)) = (start.and_then(|start| start.day), end.and_then(|end| end.day))
        && last < first
    {
        let text = "The visit ends before it begins. Correct Encounter.period.";
        encounter.report(Issue::warning(IssueKind::Value, "encounter.period", text).zh("就醫起訖日期顛倒"), "period");
    }
    let day = |moment: Option<Moment>| moment.and_then(|moment| moment.day);
    let instant = |moment: Option<Moment>| moment.and_then(|moment| moment.instant);
    Visit {
        number: terms::identifiers(encounter, "identifier").first().map(|number| number.value.to_owned()),
        class: encounter.child("class").and_then(|class| terms::coding(&class)),
        department: encounter.child("serviceType").and_then(|department| terms::concept(&department)),
        start: instant(start),
        end: instant(end),
        first_day: day(start),
        last_day: day(end),
        days: days(encounter),
    }
}

/// `Encounter.length`, if it counts days; the source's own count, not ours.
fn days(encounter: &Element<'_>) -> Option<String> {
    let length = terms::quantity(&encounter.child("length")?)?;
    let unit = length.code.as_deref().or(length.unit.as_deref());
    if unit.is_none_or(|unit| DAYS.contains(&unit)) {
        return Some(length.value);
    }
    let text = "The length of the visit is not in days, so it is not carried further. Use the UCUM code d.";
    encounter.report(
        Issue::warning(IssueKind::Value, "encounter.length-not-days", text).zh("應診天數的單位不是天"),
        "length",
    );
    None
}
