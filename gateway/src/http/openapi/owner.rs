//! The operations of the owner of a claim: the page with its links and addresses, and the endpoint of an app backend.

use claimgate_adapters::insurer::told::EndpointShown;
use schemars::{Schema, json_schema};
use serde_json::json;

use super::operation::{Answer, Operation, Tag, empty, json as answer, other};
use super::table::{CLAIM, get, post, redrive_body};
use crate::http::caller::FollowClaims;
use crate::http::owner_pages::{OwnerPageBegun, OwnerPageBody};

const SECRET: &str = "^[A-Za-z0-9_-]{43}$";
const LINK: &str = "^oml_[0-9a-f-]{36}\\.[A-Za-z0-9_-]{43}$";

/// All of them, in the order of the route table.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/page/owner.js", "ownerPageScript", Tag::Page)
            .says("The script of the owner's page", "Says that there is news; the page works without it.")
            .answers(other(200, "JavaScript.", "text/javascript", text)),
        get("/owner", "showOwnerPage", Tag::Page)
            .says(
                "The owner's page 保戶進度頁",
                "How the claim stands; without a session, where the tracking code is typed.",
            )
            .answers(html(200)),
        post("/owner", "stepOwnerPage", Tag::Page)
            .says("Open by code, or change something", "The tracking code begins a session and is not used up by it.")
            .takes_form(json!({ "type": "object", "additionalProperties": { "type": "string" } }))
            .answers(empty(303, "To the page.")),
        post("/owner/papers", "handInOnPage", Tag::Page)
            .says(
                "Hand in papers on the page 補件",
                "multipart/form-data: one field of files for each kind of paper asked for.",
            )
            .answers(empty(303, "To the page.")),
        get("/owner/news", "newsOnPage", Tag::Page)
            .says("Is there news?", "The position of the newest entry of the session's claim.")
            .answers(other(200, "A number.", "text/plain", text)),
        get("/owner/link/{secret}", "lookAtOwnerLink", Tag::Page)
            .path("secret", SECRET, "The secret of the link.")
            .says("Look at a link to the page", "Asks whether to open; that alone uses nothing up.")
            .answers(html(200)),
        post("/owner/link/{secret}", "useOwnerLink", Tag::Page)
            .path("secret", SECRET, "The secret of the link.")
            .says("Use a link to the page", "Begins the one session of it, by cookie.")
            .takes_form(json!({ "type": "object" }))
            .answers(empty(303, "To the page.")),
        get("/owner/mail/{link}", "lookAtAddress", Tag::Page)
            .path("link", LINK, "What stands in the link of a mail.")
            .says("Look at an address", "Asks whether to confirm it or take it off; that alone changes nothing.")
            .answers(html(200)),
        post("/owner/mail/{link}", "changeAddress", Tag::Page)
            .path("link", LINK, "What stands in the link of a mail.")
            .says("Confirm an address, or take it off", "`step` is confirm or remove.")
            .takes_form(json!({ "type": "object", "properties": { "step": { "type": "string" } } }))
            .answers(html(200)),
        post("/claims/v1/claims/{id}/page", "beginOwnerPage", Tag::App)
            .needs::<FollowClaims>()
            .path("id", CLAIM, "Id of a claim the app is linked to.")
            .says(
                "Ask for a link to the owner's page 保戶進度頁",
                "The link is a secret, for one session of 30 minutes.",
            )
            .takes::<OwnerPageBody>(false)
            .answers(answer::<OwnerPageBegun>(201, "The link.")),
        get("/claims/v1/endpoint", "getEndpointOfApp", Tag::App)
            .needs::<FollowClaims>()
            .says(
                "Show the webhook endpoint",
                "Where you are told of your claims, whether it works, how many messages wait.",
            )
            .answers(answer::<EndpointShown>(200, "The endpoint.")),
        post("/claims/v1/endpoint/redrive", "redriveOfApp", Tag::App)
            .needs::<FollowClaims>()
            .says("Tell again", "Of all events that did not arrive, or of a span of time.")
            .takes_as(true, redrive_body)
            .answers(answer::<EndpointShown>(200, "The endpoint as it is now.")),
    ]
}

fn text(_: &mut schemars::SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

fn html(status: u16) -> Answer {
    other(status, "HTML.", "text/html", text)
}
