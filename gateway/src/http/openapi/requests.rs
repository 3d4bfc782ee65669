//! The operations of requests for papers.

use claimgate_adapters::insurer::request::{
    CloseBody, RequestAnswer, RequestHead, RequestPage, RequestView, RequestsView, SupplementBody,
};
use serde_json::json;

use super::operation::{Operation, Tag, json};
use super::table::{CLAIM, SUBMISSION, get, post};
use crate::core::request::ALL;
use crate::http::caller::{FollowClaims, PushBundles, ReadBundles, ReadDeliveries, ReportStatus};
use crate::http::hand_in::HandInBody;

const REQUEST: &str = "^tsk_[0-9a-f-]{36}$";

pub(super) fn operations() -> Vec<Operation> {
    let states: Vec<&str> = ALL.iter().map(|state| state.as_str()).collect();
    vec![
        post("/insurer/v1/submissions/{id}/supplements", "askSupplement", Tag::Insurer)
            .needs::<ReportStatus>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says(
                "Ask for papers 補件",
                "Documents of the fixed list, with a last day; the submission waits for them (docs/claim-life.md).",
            )
            .header_parameter(
                "Idempotency-Key",
                &json!({ "type": "string", "pattern": "^[!-~]{1,255}$" }),
                "The same key with the same bytes is the same answer for 30 days; with others it is refused.",
            )
            .takes::<SupplementBody>(true)
            .answers(json::<RequestHead>(200, "The request.")),
        get("/insurer/v1/submissions/{id}/requests", "listRequests", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says("List what you asked for", "Every request of the submission, with the last answer.")
            .answers(json::<RequestsView>(200, "The requests, oldest first.")),
        post("/insurer/v1/requests/{id}/close", "closeRequest", Tag::Insurer)
            .needs::<ReportStatus>()
            .path("id", REQUEST, "Id of a request of yours.")
            .says("Close a request", "The papers came by another way, or are not needed any more.")
            .takes::<CloseBody>(true)
            .answers(json::<RequestHead>(200, "The request.")),
        get("/hospital/v1/requests", "listRequestsOfHospital", Tag::Hospital)
            .needs::<ReadBundles>()
            .says("List what you are asked for 待補件", "By id, without texts. Without `state`: what waits for an answer.")
            .query("state", &json!({ "type": "string", "enum": states }), "Only those in this state.")
            .query("after", &json!({ "type": "string", "pattern": REQUEST }), "Only ids beyond this one.")
            .query(
                "limit",
                &json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }),
                "At most so many.",
            )
            .answers(json::<RequestPage>(200, "The requests.")),
        get("/hospital/v1/requests/{id}", "getRequestOfHospital", Tag::Hospital)
            .needs::<ReadBundles>()
            .path("id", REQUEST, "Id of a request, as listed.")
            .says("Read a request", "What is asked for. The first look makes it `received`; every look is audited.")
            .answers(json::<RequestView>(200, "The request.")),
        post("/hospital/v1/requests/{id}/answer", "answerRequest", Tag::Hospital)
            .needs::<PushBundles>()
            .path("id", REQUEST, "Id of a request, as listed.")
            .says(
                "Answer a request",
                "Take it on, refuse it, or name the revision of the claim that holds the documents. One answer may serve \
                 several requests for the same claim.",
            )
            .takes::<RequestAnswer>(true)
            .answers(json::<RequestPage>(200, "The requests it answers.")),
        get("/claims/v1/claims/{id}/requests", "listRequestsOfPerson", Tag::App)
            .needs::<FollowClaims>()
            .path("id", CLAIM, "Id of a claim the app is linked to.")
            .says("List what the person is asked for", "Requests an insurer made to the person.")
            .answers(json::<RequestsView>(200, "The requests, oldest first.")),
        post("/claims/v1/claims/{id}/requests/{request}/answer", "handInPapers", Tag::App)
            .needs::<FollowClaims>()
            .path("id", CLAIM, "Id of a claim the app is linked to.")
            .path("request", REQUEST, "Id of a request to the person.")
            .says(
                "Hand in papers 補件",
                "Photos or PDF of what the person is asked for. One answer may serve requests of several insurers; each gets \
                 its own, and none hears of another. The packets follow by themselves.",
            )
            .takes::<HandInBody>(true)
            .answers(json::<RequestPage>(200, "The requests it answers.")),
    ]
}
