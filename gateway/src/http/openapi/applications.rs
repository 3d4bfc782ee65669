//! The operations of patients' applications (院內申請).

use serde_json::json;

use super::operation::{Operation, Tag, json as answer};
use super::table::{get, post};
use crate::http::applications::{ApplicationBody, ApplicationShown};
use crate::http::caller::{PushBundles, ReadBundles};

const APPLICATION: &str = "^apl_[0-9a-f-]{36}$";
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
