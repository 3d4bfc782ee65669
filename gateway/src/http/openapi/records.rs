//! The operations of record requests (病歷調閱), but for the one that takes the records: that is FHIR.

use claimgate_adapters::insurer::records::{
    CloseRecords, FeeAnswer, FeeBody, RecordRequestHead, RecordRequestPage, RecordRequestView, RecordsBody,
};
use claimgate_adapters::insurer::request::RequestView;
use serde_json::json;

use super::operation::{Operation, Tag, json, other};
use super::table::{get, post};
use crate::flows::insurer::Compared;
use crate::http::caller::{PushBundles, ReadBundles, ReadDeliveries, ReportStatus};

const RECORD: &str = "^rec_[0-9a-f-]{36}$";
const REQUEST: &str = "^tsk_[0-9a-f-]{36}$";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/insurer/v1/record-requests", "listRecordRequests", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .says("List your record requests 病歷調閱", "By id, without anything personal.")
            .query("after", &json!({ "type": "string", "pattern": RECORD }), "Only ids beyond this one.")
            .query(
                "limit",
                &json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }),
                "At most so many.",
            )
            .answers(json::<RecordRequestPage>(200, "The record requests.")),
        post("/insurer/v1/record-requests", "askRecords", Tag::Insurer)
            .needs::<ReportStatus>()
            .says(
                "Ask hospitals for records 病歷調閱",
                "With the person's consent, and no further than that goes; of any person, also where nothing was claimed here \
                 (docs/records.md).",
            )
            .header_parameter(
                "Idempotency-Key",
                &json!({ "type": "string", "pattern": "^[!-~]{1,255}$" }),
                "The same key with the same bytes is the same answer for 30 days; with others it is refused.",
            )
            .takes::<RecordsBody>(true)
            .answers(json::<RecordRequestHead>(200, "The request.")),
        get("/insurer/v1/record-requests/{id}", "getRecordRequest", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .path("id", RECORD, "Id of a record request of yours.")
            .says("Read a record request", "How far each hospital is, and who is on turn. Every look is audited.")
            .answers(json::<RecordRequestView>(200, "The record request.")),
        get("/insurer/v1/record-requests/{id}/comparison", "compareRecords", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .path("id", RECORD, "Id of a record request of yours.")
            .says(
                "Compare what came 比對",
                "With one another and with what you fetched before of the same visits: agreements and contradictions, for \
                 people to read. Nothing follows from them by itself.",
            )
            .answers(json::<Compared>(200, "The comparison.")),
        post("/insurer/v1/record-requests/{id}/close", "closeRecordRequest", Tag::Insurer)
            .needs::<ReportStatus>()
            .path("id", RECORD, "Id of a record request of yours.")
            .says(
                "Close a record request",
                "What has not come is not needed; or the person took the consent back, and what has not left does not leave.",
            )
            .takes::<CloseRecords>(true)
            .answers(json::<RecordRequestView>(200, "The record request.")),
        post("/insurer/v1/requests/{id}/fee", "answerCopyFee", Tag::Insurer)
            .needs::<ReportStatus>()
            .path("id", REQUEST, "Id of what one hospital is asked for.")
            .says("Accept or decline a copy fee 複製費", "Nothing is sent before. The amount named is the one answered.")
            .takes::<FeeAnswer>(true)
            .answers(json::<RequestView>(200, "What the hospital is asked for.")),
        post("/hospital/v1/requests/{id}/fee", "stateCopyFee", Tag::Hospital)
            .needs::<PushBundles>()
            .path("id", REQUEST, "Id of a request, as listed.")
            .says(
                "State a copy fee 複製費",
                "Before the records. Up to the request's limit it is accepted with that; zero takes it back.",
            )
            .takes::<FeeBody>(true)
            .answers(json::<RequestView>(200, "The request.")),
        post("/hospital/v1/requests/{id}/withdraw", "withdrawRecordConsent", Tag::Hospital)
            .needs::<PushBundles>()
            .path("id", REQUEST, "Id of a request, as listed.")
            .says("The person took the consent back 撤回同意", "What has not left does not leave; the insurer is told.")
            .answers(json::<RequestView>(200, "The request.")),
        get("/hospital/v1/requests/{id}/consent", "getRecordConsent", Tag::Hospital)
            .needs::<ReadBundles>()
            .path("id", REQUEST, "Id of a request, as listed.")
            .says("Read the signed consent 同意書", "The paper the request rests on (PDF), or the mandate 委託 (`application/dc+sd-jwt`). Every look is audited.")
            .answers(other(200, "The paper.", "application/pdf", |_| {
                schemars::json_schema!({ "type": "string", "format": "binary" })
            })),
    ]
}
