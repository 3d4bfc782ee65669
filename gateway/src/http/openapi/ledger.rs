//! The operations of decisions and payments: the ledger of a submission, and the day's statements.

use claimgate_adapters::insurer::payment::{Booked, Payment, Standing};
use claimgate_packet::coordination::Coordination;
use serde_json::json;

use super::operation::{Operation, Tag, json};
use super::table::{SUBMISSION, get, post};
use crate::core::statement::Statement;
use crate::http::caller::{ReadBundles, ReadDeliveries, ReportStatus};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        post("/insurer/v1/submissions/{id}/payments", "bookPayment", Tag::Insurer)
            .needs::<ReportStatus>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says(
                "Report a payment 給付",
                "An entry of the ledger, never changed: money that comes back is a further entry. The state follows the \
                 ledger (docs/claim-life.md).",
            )
            .header_parameter(
                "Idempotency-Key",
                &json!({ "type": "string", "pattern": "^[!-~]{1,255}$" }),
                "The same key with the same bytes is the same answer for 30 days; with others it is refused.",
            )
            .takes::<Payment>(true)
            .answers(json::<Booked>(200, "The entry, and how the books stand by it.")),
        get("/insurer/v1/submissions/{id}/coordination", "getCoordination", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says(
                "Read what others pay of the same expenses 損害填補",
                "For a line that reimburses, where the patient's consent names it: which printing of the receipts yours is, \
                 how many others reimburse them, and what they have paid. Who they are is not said.",
            )
            .answers(json::<Coordination>(200, "As it is now; a packet has it as of its signature.")),
        get("/insurer/v1/submissions/{id}", "getSubmission", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says("Read a submission 受理案件", "All that was reported of it: decisions, payments, sums.")
            .answers(json::<Standing>(200, "The submission.")),
        statement("/insurer/v1/statements/{date}", "getStatement", Tag::Insurer).needs::<ReadDeliveries>(),
        statement("/hospital/v1/statements/{date}", "getStatementOfHospital", Tag::Hospital).needs::<ReadBundles>(),
    ]
}

fn statement(path: &'static str, id: &'static str, tag: Tag) -> Operation {
    get(path, id, tag)
        .path("date", r"^\d{4}-\d{2}-\d{2}$", "A day in Taiwan, `2026-11-23`.")
        .says(
            "Read a day's statement 對帳單",
            "What was open, decided, paid and came back, by the other party, and each submission whose books are not even.",
        )
        .query("format", &json!({ "type": "string", "enum": ["json", "csv"] }), "`csv` for a table; otherwise JSON.")
        .answers(json::<Statement>(200, "The statement.").or_text("text/csv"))
}
