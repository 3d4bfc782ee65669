//! The operations of patients' applications (院內申請).

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::operation::{Answer, Operation, Tag, empty, json as answer, other};
use super::table::{get, post};
use crate::http::application_pages::{PageBegun, PageBody, PageShown};
use crate::http::applications::{ApplicationBody, ApplicationShown};
use crate::http::caller::{PushBundles, ReadBundles};

const APPLICATION: &str = "^apl_[0-9a-f-]{36}$";
const PAGE: &str = "^apg_[0-9a-f-]{36}$";
const SECRET: &str = "^[A-Za-z0-9_-]{43}$";
const PARTY: &str = "^[a-z][a-z0-9-]{2,63}$";

/// All of them, in the order of the route table.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        post("/hospital/v1/applications", "applyForClaim", Tag::Hospital)
            .needs::<PushBundles>()
            .says(
                "Take an application 院內申請",
                "The claim form and the consent for each insurer, as the patient signed them, before or after the documents of \
                 the case. The newest of a case counts; the same again is the one that is there.",
            )
            .header_parameter(
                "Idempotency-Key",
                &json!({ "type": "string", "pattern": "^[!-~]{1,255}$" }),
                "The same key with the same bytes is the same application for 30 days, also where another has replaced it; \
                 with others it is refused.",
            )
            .takes::<ApplicationBody>(true)
            .answers(answer::<ApplicationShown>(201, "The application."))
            .answers(answer::<ApplicationShown>(200, "The one that is there already.")),
        post("/hospital/v1/application-pages", "beginApplicationPage", Tag::Hospital)
            .needs::<PushBundles>()
            .says(
                "Ask for a link to the page 院內申請頁面",
                "A patient applies on it, at a tablet of the hospital or a phone of their own. The link is a secret, for one session.",
            )
            .takes::<PageBody>(true)
            .answers(answer::<PageBegun>(201, "The link.")),
        get("/hospital/v1/application-pages/{id}", "readApplicationPage", Tag::Hospital)
            .needs::<ReadBundles>()
            .path("id", PAGE, "Id of a page of yours.")
            .says("What came of a page", "Whether it waits, is open, was signed or expired, and the application.")
            .answers(answer::<PageShown>(200, "The page.")),
        get("/apply/link/{secret}", "lookAtLink", Tag::Page)
            .path("secret", SECRET, "The secret of the link.")
            .says("Look at a link", "Asks whether to begin; that alone uses nothing up.")
            .answers(html(200)),
        post("/apply/link/{secret}", "useLink", Tag::Page)
            .path("secret", SECRET, "The secret of the link.")
            .says("Use a link", "Begins the one session of it, by cookie.")
            .takes_form(json!({ "type": "object", "properties": { "language": { "type": "string" } } }))
            .answers(empty(303, "To the page.")),
        get("/apply", "showApplicationPage", Tag::Page)
            .says("The page as it stands", "To fill in, to look over and sign, or who received what.")
            .answers(html(200)),
        post("/apply", "stepApplicationPage", Tag::Page)
            .says("The next step", "What was typed is kept; with something wrong the page comes again with status 422.")
            .takes_form(json!({ "type": "object", "additionalProperties": { "type": "string" } }))
            .answers(empty(303, "To the page.")),
        get("/page/style.css", "pageStyle", Tag::Page)
            .says("The style of pages", "Loaded by pages alone.")
            .answers(other(200, "CSS.", "text/css", text)),
        get("/page/sign.js", "pageScript", Tag::Page)
            .says("The script of pages", "Takes a drawn signature; pages work without it.")
            .answers(other(200, "JavaScript.", "text/javascript", text)),
        get("/hospital/v1/applications/{id}", "readApplication", Tag::Hospital)
            .needs::<ReadBundles>()
            .path("id", APPLICATION, "Id of an application of yours.")
            .says("Who received what", "For the patient: each insurer, and whether and when it received the documents.")
            .answers(answer::<ApplicationShown>(200, "The application.")),
        post("/hospital/v1/applications/{id}/recipients/{party}/withdraw", "withdrawRecipient", Tag::Hospital)
            .needs::<PushBundles>()
            .path("id", APPLICATION, "Id of an application of yours.")
            .path("party", PARTY, "The insurer's party id.")
            .says(
                "Take a consent back 收回同意",
                "What has not left for this insurer is withdrawn. What has left cannot be called back, and is said to have.",
            )
            .answers(answer::<ApplicationShown>(200, "The application.")),
    ]
}

fn html(status: u16) -> Answer {
    other(status, "The page.", "text/html", text)
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}
