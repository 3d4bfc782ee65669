//! The operations of mandates.

use super::operation::{Operation, Tag, empty, json};
use super::table::post;
use crate::http::caller::{CheckMandates, WriteOperator};
use crate::http::mandates::{CheckBody, EndBody, MandateRecorded, MandateVerdict, RecordBody};

const MANDATE: &str = "^mdt_[0-9a-f-]{36}$";

pub(super) fn operations() -> Vec<Operation> {
    let of = |path, id| post(path, id, Tag::Insurer).needs::<CheckMandates>();
    vec![
        of("/mandates/v1/check", "checkMandate")
            .says(
                "Check a mandate 委託",
                "May this mandatary 受託人 do this for that person, now? Twelve checks, each answered; each kind of record granted \
                 or refused. For insurers, apps and police sources.",
            )
            .takes::<CheckBody>(true)
            .answers(json::<MandateVerdict>(200, "What was found, also where it is refused.")),
        of("/mandates/v1/records", "recordMandate")
            .says("Record a mandate", "Whoever acts under it names its id from then on. The same mandate again is the same id.")
            .takes::<RecordBody>(true)
            .answers(json::<MandateRecorded>(201, "It is recorded."))
            .answers(json::<MandateRecorded>(200, "It was recorded before.")),
        of("/mandates/v1/records/{id}/revoke", "revokeMandate")
            .path("id", MANDATE, "Id of a mandate you recorded.")
            .says("Take a mandate back", "For its mandator 委託人. It counts nowhere from then on.")
            .answers(empty(204, "It is revoked.")),
        post("/operator/v1/mandate-ends", "endMandates", Tag::Operator)
            .needs::<WriteOperator>()
            .says("Record that a mandate ended", "It was revoked elsewhere, or a person died: every mandate of theirs ends.")
            .takes::<EndBody>(true)
            .answers(empty(204, "It counts no more.")),
    ]
}
