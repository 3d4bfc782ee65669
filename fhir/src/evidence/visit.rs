//! Encounter → visit (就醫/住院): number, patient source, department, days.

use claimgate_packet::evidence::Visit;

use crate::element::Element;
use crate::moment::Moment;
use crate::outcome::{Issue, IssueKind};
use crate::sources::Sourced;
use crate::terms;

use super::reading::{Reading, none_carried};

/// Extension of iClaim's Encounter for the identity at this visit (就醫身分).
const MEDICAL_IDENTITY: &str = "cathay-medicalidentity";

/// Parts of an Encounter that evidence has no place for.
const NOT_CARRIED: [&str; 2] = ["diagnosis", "location"];
const STAY_NOT_CARRIED: [&str; 7] = [
    "preAdmissionIdentifier",
    "origin",
    "reAdmission",
    "dietPreference",
    "specialCourtesy",
    "specialArrangement",
    "destination",
];

/// Reads an Encounter.
pub(super) fn read<'a>(reading: &Reading<'_, 'a>, encounter: &Element<'a>) -> Sourced<Visit> {
    reading.about(encounter, "subject");
    none_carried(encounter, &NOT_CARRIED);
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
    let days = (start.and_then(|start| start.day), end.and_then(|end| end.day));
    let instants = (start.and_then(|start| start.instant), end.and_then(|end| end.instant));
    // Instants settle the order where both are there: 23:00 of one offset may be the next day in another.
    let reversed = match (instants, days) {
        ((Some(first), Some(last)), _) => last < first,
        (_, (Some(first), Some(last))) => last < first,
        _ => false,
    };
    if reversed {
        let text = "The visit ends before it begins. Correct Encounter.period.";
        encounter.report(Issue::warning(IssueKind::Value, "encounter.period", text).zh("就醫起訖日期顛倒"), "period");
    }
    let day = |moment: Option<Moment>| moment.and_then(|moment| moment.day);
    let instant = |moment: Option<Moment>| moment.and_then(|moment| moment.instant);
    let participants = encounter.children("participant");
    let (professionals, _) =
        reading.performers(participants.iter().filter_map(|participant| participant.child("individual")));
    let mut from = reading.sources();
    if let Some(period) = &period {
        for (to, member) in [("/start", "start"), ("/end", "end"), ("/first_day", "start"), ("/last_day", "end")] {
            from.note(to, || period.place(member));
        }
    }
    let stay = encounter.child("hospitalization");
    if let Some(stay) = &stay {
        none_carried(stay, &STAY_NOT_CARRIED);
    }
    let mut numbers = terms::identifiers(encounter, "identifier").into_iter();
    let value = Visit {
        number: numbers.next().map(|number| {
            from.note("/number", || number.place.clone());
            number.value.to_owned()
        }),
        other_numbers: numbers
            .zip(0..)
            .map(|(number, index)| {
                number.note(format_args!("/other_numbers/{index}"), &mut from);
                number.to_identifier()
            })
            .collect(),
        class: from.child("/class", encounter, "class", terms::coding),
        special_diagnosis: from.children("/special_diagnosis", encounter, "type", terms::concept),
        medical_identity: terms::extension(encounter, MEDICAL_IDENTITY)
            .and_then(|found| from.child("/medical_identity", &found, "valueCodeableConcept", terms::concept)),
        department: from.child("/department", encounter, "serviceType", terms::concept),
        admitted_from: stay.as_ref().and_then(|stay| from.child("/admitted_from", stay, "admitSource", terms::concept)),
        discharged_to: stay
            .as_ref()
            .and_then(|stay| from.child("/discharged_to", stay, "dischargeDisposition", terms::concept)),
        reasons: from.children("/reasons", encounter, "reasonCode", terms::concept),
        start: instant(start),
        end: instant(end),
        first_day: day(start),
        last_day: day(end),
        // The source's own count, not ours.
        days: terms::days(&mut from, "/days", encounter, "length", "encounter.length-not-days"),
        professionals: from.list("/professionals", professionals),
    };
    Sourced { value, from }
}
