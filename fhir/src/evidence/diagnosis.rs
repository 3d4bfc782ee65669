//! Condition → one diagnosis (診斷): codes and words, body site, severity, onset; and whether it is in force.

use claimgate_packet::evidence::{Diagnosis, WithdrawalReason};

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::{Sourced, Sources};
use crate::terms;

use super::reading::{Reading, none_carried, not_carried};
use super::withdrawal;

/// Parts of a Condition that evidence has no place for.
const NOT_CARRIED: [&str; 4] = ["onsetAge", "onsetRange", "abatementAge", "abatementRange"];

impl<'a> Reading<'_, 'a> {
    /// One diagnosis.
    pub(super) fn diagnosis(&self, condition: &Element<'a>) -> Sourced<Diagnosis> {
        let mut from = self.sources();
        none_carried(condition, &NOT_CARRIED);
        for evidence in condition.children("evidence") {
            not_carried(&evidence, "code", "Write it as a note, or send what shows it as an attachment.");
        }
        let code = terms::required_concept(condition, "code");
        from.note("", || condition.place("code"));
        let value = Diagnosis {
            codings: code.codings,
            text: code.text,
            body_sites: from.children("/body_sites", condition, "bodySite", terms::concept),
            severity: from.child("/severity", condition, "severity", terms::concept),
            onset: since(condition, "/onset", ["onsetDateTime", "onsetString", "onsetPeriod"], "start", &mut from),
            abated: since(
                condition,
                "/abated",
                ["abatementDateTime", "abatementString", "abatementPeriod"],
                "end",
                &mut from,
            ),
        };
        Sourced { value, from }
    }
}

/// A date as precise as it was written, words, or one end of a period.
fn since(
    condition: &Element<'_>,
    to: &str,
    [date, words, period]: [&str; 3],
    end: &str,
    from: &mut Sources,
) -> Option<String> {
    // The moment is read for its form; the text keeps the precision.
    if condition.moment(date).is_some() {
        return from.text(to, condition, date);
    }
    from.text(to, condition, words).or_else(|| {
        let period = condition.child(period)?;
        period.moment(end).and_then(|_| from.text(to, &period, end))
    })
}

/// Why a diagnosis of a certificate counts no more, where it was entered in error.
pub(super) fn entered_in_error(condition: &Element<'_>) -> Option<WithdrawalReason> {
    let status = condition.child("verificationStatus").and_then(|status| terms::concept(&status))?;
    let by_status = terms::codes(&status).find_map(|(_, code)| withdrawal::of_status(code))?;
    Some(withdrawal::stated(condition).unwrap_or(by_status))
}

/// A diagnosis that was withdrawn or ruled out is no evidence.
pub(super) fn in_force(condition: &Element<'_>) {
    let status = condition.child("verificationStatus").and_then(|status| terms::concept(&status)).unwrap_or_default();
    if status.codings.iter().any(|coding| matches!(&*coding.code, "entered-in-error" | "refuted")) {
        let text = "A diagnosis that was ruled out or entered in error is no evidence. Remove it.";
        let issue = Issue::error(IssueKind::BusinessRule, "condition.not-in-force", text);
        condition.report(issue.zh("診斷已排除或登錄錯誤"), "verificationStatus");
    }
}
