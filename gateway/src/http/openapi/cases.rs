//! The operations of owners' cases (車禍理賠案件) for app backends.

use super::operation::{Operation, Tag, json};
use super::table::{get, post};
use crate::http::caller::{FileAccidents, FollowClaims};
use crate::http::cases::shown::{CaseShown, ConsentsShown, InvitationShown, SavedShown};
use crate::http::cases::{CaseBody, EditsBody, JoinBody, SubmitBody};

const CASE: &str = "^cas_[0-9a-f-]{36}$";

/// All of them, in the order of the route table.
pub(super) fn operations() -> Vec<Operation> {
    let of = |operation: Operation| operation.path("id", CASE, "Id of a case this app opened.");
    let patch = |path, id| Operation::new("PATCH", path, id, Tag::App);
    vec![
        post("/claims/v1/cases", "openCase", Tag::App)
            .needs::<FileAccidents>()
            .says("Open a case 車禍理賠案件", "One accident as one person tells it. The same `client_id` again is the case that is there.")
            .takes::<CaseBody>(true)
            .answers(json::<CaseShown>(201, "The case."))
            .answers(json::<CaseShown>(200, "The case that is there already.")),
        of(get("/claims/v1/cases/{id}", "readCase", Tag::App).needs::<FollowClaims>())
            .says("How a case stands", "The draft, the others of the accident, each claim with its documents, checks, who is on turn, one timeline.")
            .answers(json::<CaseShown>(200, "The case.")),
        of(patch("/claims/v1/cases/{id}", "saveCase").needs::<FileAccidents>())
            .says(
                "Save a draft 儲存草稿",
                "Each field is merged by itself, by the version its edit was made on. What is wrong or contended is part of the \
                 answer and keeps nothing else from being saved.",
            )
            .takes::<EditsBody>(true)
            .answers(json::<SavedShown>(200, "What was saved.")),
        of(post("/claims/v1/cases/{id}/invitations", "inviteToCase", Tag::App).needs::<FileAccidents>())
            .says("Invite another person of the accident 邀請對方", "A one-time code, told once.")
            .answers(json::<InvitationShown>(201, "The invitation.")),
        of(post("/claims/v1/cases/{id}/join", "joinCase", Tag::App).needs::<FileAccidents>())
            .says("Join the case of whoever invited 加入", "Each states for themselves and sees what is joint or shared of the others.")
            .takes::<JoinBody>(true)
            .answers(json::<CaseShown>(200, "The case.")),
        of(get("/claims/v1/cases/{id}/consents", "listCaseConsents", Tag::App).needs::<FollowClaims>())
            .says("Who gets what for what 同意畫面", "One switch for each claim, by the disclosure policy in force.")
            .answers(json::<ConsentsShown>(200, "The data of a consent screen.")),
        of(post("/claims/v1/cases/{id}/submit", "submitCase", Tag::App).needs::<FileAccidents>())
            .says(
                "Send a case 送出",
                "Each claim with its consent is filed once; what was edited since goes to each insurer as its next revision.",
            )
            .takes::<SubmitBody>(true)
            .answers(json::<CaseShown>(200, "The case.")),
    ]
}
