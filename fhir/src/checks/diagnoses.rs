//! Claim.diagnosis: where there are any, exactly one is the main diagnosis (主診斷), the one with sequence 1.

use crate::bundle::Bundle;
use crate::outcome::{Issue, IssueKind};

pub(super) fn look(bundle: &Bundle<'_>) {
    for claim in bundle.all("Claim") {
        let diagnoses = claim.children("diagnosis");
        let main = diagnoses.iter().filter(|diagnosis| diagnosis.positive("sequence") == Some(1)).count();
        if !diagnoses.is_empty() && main != 1 {
            let text = "Exactly one Claim.diagnosis has the sequence 1, the main diagnosis (TWPAS rule sequence-1). \
                        Number the diagnoses from 1, each number once.";
            let issue = Issue::warning(IssueKind::Invariant, "claim.main-diagnosis", text);
            claim.report(issue.zh("主診斷（sequence 為 1）必須恰有一筆"), "diagnosis");
        }
    }
}
