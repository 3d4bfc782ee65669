//! Procedure → operation or procedure (手術、處置) of a record or certificate, coded in ICD-10-PCS, as an NHI order or
//! in words; one that was planned or not done says so.

use claimgate_packet::evidence::RecordedProcedure;

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::Sourced;
use crate::terms;

use super::reading::{Reading, none_carried};

/// Parts of a Procedure that evidence has no place for.
const NOT_CARRIED: [&str; 6] = ["reasonCode", "outcome", "complication", "followUp", "usedCode", "focalDevice"];

impl<'a> Reading<'_, 'a> {
    /// The procedures of a visit that no other document carries yet.
    pub(super) fn procedures_at(&self, encounter: Option<&Element<'a>>) -> Vec<Element<'a>> {
        let at = encounter.map(Element::path);
        let of_visit = |procedure: &&Element<'a>| {
            let visit = self.encounter(procedure.child("encounter"));
            visit.as_ref().map(Element::path) == at && !self.used.borrow().contains(procedure.path())
        };
        self.bundle.all("Procedure").filter(of_visit).cloned().collect()
    }

    /// One procedure.
    pub(super) fn procedure(&self, procedure: &Element<'a>) -> Sourced<RecordedProcedure> {
        self.about(procedure, "subject");
        self.mark(procedure);
        none_carried(procedure, &NOT_CARRIED);
        if procedure.string("status") == Some("entered-in-error") {
            let text = "A procedure entered in error is no evidence. Remove it.";
            let issue = Issue::error(IssueKind::BusinessRule, "procedure.not-in-force", text);
            procedure.report(issue.zh("處置紀錄登錄錯誤"), "status");
        }
        let period = procedure.child("performedPeriod");
        let actors = procedure.children("performer").into_iter().filter_map(|performer| performer.child("actor"));
        let (performers, _) = self.performers(actors);
        let mut from = self.sources();
        from.note("/code", || procedure.place("code"));
        from.note("/status", || procedure.place("status"));
        let value = RecordedProcedure {
            code: terms::required_concept(procedure, "code"),
            status: procedure.required_string("status").unwrap_or_default().to_owned(),
            performed_on: match &period {
                Some(period) => from.day("/performed_on", period, "start"),
                None => from.day("/performed_on", procedure, "performedDateTime"),
            },
            performed_until: period.and_then(|period| from.day("/performed_until", &period, "end")),
            body_sites: from.children("/body_sites", procedure, "bodySite", terms::concept),
            performers: from.list("/performers", performers),
            notes: from.notes("/notes", procedure),
        };
        Sourced { value, from }
    }
}
