//! The operations of timelines and streams of events.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::operation::{Answer, Operation, Tag, json, other};
use super::table::{CLAIM, SUBMISSION, get};
use crate::http::caller::{FollowClaims, ReadBundles, ReadDeliveries};
use crate::http::timeline::View;

const STREAM: &str = "As `text/event-stream`: `id` is the position, `event` the code, `data` the entry. Without `after` or \
                      `Last-Event-ID` from now on. It ends with the token (docs/timeline.md).";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/hospital/v1/claims/{id}/timeline", "getTimelineOfHospital", Tag::Hospital)
            .needs::<ReadBundles>()
            .path("id", CLAIM, "Id of a claim 理賠案件 of yours.")
            .says("Read the timeline of a claim 進度", "What happened, how each insurer stands, and who is on turn.")
            .answers(json::<View>(200, "The timeline.")),
        get("/insurer/v1/submissions/{id}/timeline", "getTimelineOfInsurer", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says("Read the timeline of a submission 進度", "What concerns you of it, and who is on turn.")
            .answers(json::<View>(200, "The timeline.")),
        streamed(get("/hospital/v1/events", "streamOfHospital", Tag::Hospital).needs::<ReadBundles>()),
        streamed(get("/insurer/v1/events", "streamOfInsurer", Tag::Insurer).needs::<ReadDeliveries>()),
        streamed(get("/claims/v1/claims/{id}/events", "streamOfOwner", Tag::App).needs::<FollowClaims>().path(
            "id",
            CLAIM,
            "Id of a claim the app is linked to.",
        )),
    ]
}

pub(super) fn streamed(operation: Operation) -> Operation {
    let place: Value = json!({ "type": "integer", "minimum": 0 });
    let wait = json!({ "type": "integer", "minimum": 0, "maximum": 3600 });
    operation
        .says("Be told as it happens 即時事件", STREAM)
        .query("after", &place, "Only what comes after this position; 0 is all there is.")
        .query("wait", &wait, "End after so many seconds; 0 gives what is there. Without it, with the token.")
        .header_parameter("Last-Event-ID", &place, "The same as `after`, as browsers send it; it counts more.")
        .answers(stream())
}

fn stream() -> Answer {
    other(200, "Events.", "text/event-stream", text)
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}
