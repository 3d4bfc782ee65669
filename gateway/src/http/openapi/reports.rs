//! The operations of deadlines, turnaround, and the consortium's report.

use serde_json::{Value, json as value};

use super::operation::{Operation, Tag, json};
use super::table::get;
use crate::core::report::{Consortium, Turnaround};
use crate::http::caller::{ReadBundles, ReadDeliveries, ReadOperator};
use crate::http::reports::Deadlines;

/// Those of insurers and hospitals.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        deadlines("/insurer/v1/deadlines", "listDeadlines", Tag::Insurer).needs::<ReadDeliveries>(),
        deadlines("/hospital/v1/deadlines", "listDeadlinesOfHospital", Tag::Hospital).needs::<ReadBundles>(),
        turnaround("/insurer/v1/turnaround", "getTurnaround", Tag::Insurer).needs::<ReadDeliveries>(),
        turnaround("/hospital/v1/turnaround", "getTurnaroundOfHospital", Tag::Hospital).needs::<ReadBundles>(),
    ]
}

/// The operators'.
pub(super) fn consortium() -> Operation {
    within(get("/operator/v1/reports/consortium", "getConsortiumReport", Tag::Operator))
        .needs::<ReadOperator>()
        .says(
            "Read the consortium's report 聯盟報表",
            "How long each step takes, trips saved, requests for papers, cost shares (docs/reports.md). Nothing in it tells \
             members of fewer than five cases of another.",
        )
        .query("format", &value!({ "type": "string", "enum": ["json", "csv"] }), "`csv` for a table; otherwise JSON.")
        .answers(json::<Consortium>(200, "The report.").or_text("text/csv"))
}

fn deadlines(path: &'static str, id: &'static str, tag: Tag) -> Operation {
    get(path, id, tag)
        .says("List your deadlines 期限", "The last days you are on turn for, the first one first (docs/reports.md).")
        .answers(json::<Deadlines>(200, "The deadlines."))
}

fn turnaround(path: &'static str, id: &'static str, tag: Tag) -> Operation {
    within(get(path, id, tag))
        .says(
            "Read how long your steps take 辦理時效",
            "Of what left first in the window: cases, and what half, nine tenths and ninety-nine hundredths of them took at \
             most (docs/reports.md).",
        )
        .answers(json::<Turnaround>(200, "The steps that happened."))
}

fn within(operation: Operation) -> Operation {
    operation.query("from", &day(), "The first day in Taiwan; otherwise the 31st up to `to`.").query(
        "to",
        &day(),
        "The last day; otherwise today. At most 92 days, 366 for the consortium.",
    )
}

fn day() -> Value {
    value!({ "type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$" })
}
