//! Dates in order: birth, visit, service, receipt, Bundle. A day more or less is nobody's fault at midnight, so only
//! the Bundle's own time gets a tolerance, and each finding lists all its places at once.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

use crate::bundle::Bundle;
use crate::element::Element;
use crate::moment::TAIPEI;
use crate::outcome::{Issue, IssueKind};

pub(super) fn look(bundle: &Bundle<'_>) {
    let birth = bundle.all("Patient").next().and_then(|patient| day(patient, "birthDate"));
    let birth = birth.as_ref();
    let latest = bundle.head().moment("timestamp").and_then(|moment| moment.instant).and_then(day_after);
    for encounter in bundle.all("Encounter") {
        let start = encounter.child("period").and_then(|period| day(&period, "start"));
        born(birth, start.as_ref());
    }
    for (kind, issued) in [("Claim", "created"), ("Invoice", "date")] {
        for receipt in bundle.all(kind) {
            let issued = day(receipt, issued);
            if let (Some(issued), Some(latest)) = (&issued, latest)
                && issued.day > latest
            {
                let text = "The receipt is dated after the Bundle was put together. Correct the day of issue, or \
                            Bundle.timestamp.";
                issued.warn("receipt.dated-ahead", text, "收據日期晚於 Bundle.timestamp");
            }
            for service in services(bundle, receipt) {
                born(birth, Some(&service));
                if let Some(issued) = &issued
                    && service.day > issued.day
                {
                    let text = "The service is dated after its receipt. Correct the day of service or of issue.";
                    service.warn("receipt.serviced-later", text, "服務日期晚於收據日期");
                }
            }
        }
    }
    for condition in bundle.all("Condition") {
        let start = visit(bundle, condition).and_then(|visit| day(&visit.child("period")?, "start"));
        if let (Some(start), Some(recorded)) = (start, day(condition, "recordedDate"))
            && recorded.day < start.day
        {
            let text = "The diagnosis was recorded before the visit began. Correct recordedDate, or refer to the visit \
                        at which it was made.";
            recorded.warn("condition.recorded-before-visit", text, "診斷開立日期早於就醫日期");
        }
    }
    for procedure in bundle.all("Procedure") {
        let performed = period(procedure, "performedPeriod").or_else(|| day(procedure, "performedDateTime"));
        born(birth, performed.as_ref());
    }
    prescriptions(bundle);
}

/// The visit a resource belongs to: the one it refers to, or the only one there is.
pub(super) fn visit<'a>(bundle: &Bundle<'a>, resource: &Element<'a>) -> Option<Element<'a>> {
    if let Some(reference) = resource.child("encounter") {
        return bundle.resolve(&reference, &["Encounter"]);
    }
    let mut all = bundle.all("Encounter");
    match (all.next(), all.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

/// A day and where it is written.
pub(super) struct Dated<'a> {
    pub(super) day: Date,
    element: Element<'a>,
    member: String,
}

impl Dated<'_> {
    fn warn(&self, code: &'static str, text: &str, chinese: &'static str) {
        let issue = Issue::warning(IssueKind::BusinessRule, code, text).at(self.element.place(&self.member));
        self.element.findings().report_once(issue.zh(chinese));
    }
}

/// A full day; what is less, or no date at all, is reported by whoever carries it.
pub(super) fn day<'a>(element: &Element<'a>, member: &str) -> Option<Dated<'a>> {
    let day = element.moment(member)?.day?;
    Some(Dated { day, element: element.clone(), member: member.to_owned() })
}

/// The first day of a Period; one that ends before it begins is reported.
fn period<'a>(element: &Element<'a>, member: &str) -> Option<Dated<'a>> {
    let period = element.child(member)?;
    let (start, end) = (day(&period, "start"), day(&period, "end"));
    if let (Some(start), Some(end)) = (&start, &end)
        && end.day < start.day
    {
        let text = "The period ends before it begins. Correct its start or end.";
        end.warn("element.period-reversed", text, "期間起訖顛倒");
    }
    start
}

fn born(birth: Option<&Dated<'_>>, service: Option<&Dated<'_>>) {
    if let (Some(birth), Some(service)) = (birth, service)
        && service.day < birth.day
    {
        let text = "The patient was treated before birth. Correct Patient.birthDate or the day of service.";
        service.warn("patient.born-after-service", text, "就醫日期早於出生日期");
    }
}

/// The days of service on a receipt.
fn services<'a>(bundle: &Bundle<'a>, receipt: &Element<'a>) -> Vec<Dated<'a>> {
    let of = |element: &Element<'a>, whole: &str, single: &str| period(element, whole).or_else(|| day(element, single));
    let items = receipt.children("item");
    let charges: Vec<Element<'a>> = receipt
        .children("lineItem")
        .iter()
        .filter_map(|line| bundle.resolve(&line.child("chargeItemReference")?, &["ChargeItem"]))
        .collect();
    let by_item = items.iter().filter_map(|item| of(item, "servicedPeriod", "servicedDate"));
    by_item.chain(charges.iter().filter_map(|charge| of(charge, "occurrencePeriod", "occurrenceDateTime"))).collect()
}

fn prescriptions(bundle: &Bundle<'_>) {
    for order in bundle.all("MedicationRequest") {
        let Some(valid) = order.child("dispenseRequest").and_then(|request| request.child("validityPeriod")) else {
            continue;
        };
        let (start, end, written) = (day(&valid, "start"), day(&valid, "end"), day(order, "authoredOn"));
        let Some(end) = end else { continue };
        if [start, written].iter().flatten().any(|first| end.day < first.day) {
            let text = "The prescription could be filled only before it was written, or before that time began. \
                        Correct authoredOn or dispenseRequest.validityPeriod.";
            end.warn("prescription.valid-period", text, "處方箋有效期間不合理");
        }
    }
}

/// The day after the Bundle's, in Taiwan: what is dated later is dated ahead.
fn day_after(timestamp: Timestamp) -> Option<Date> {
    let here = Offset::from_seconds(TAIPEI).ok()?.to_datetime(timestamp).date();
    here.checked_add(Span::new().days(1)).ok()
}
