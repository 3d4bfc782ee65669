//! The operations of the rules of motor insurance, and of asking who covers a vehicle.

use super::operation::{Operation, Tag, json};
use super::table::{CLAIM, get, post};
use crate::core::assessment::Assessment;
use crate::http::assessments::AssessmentBody;
use crate::http::caller::{FileAccidents, FollowClaims, ReadDeliveries};
use crate::http::cover::{CoverBody, CoverKey, CoverShown, CoversShown};

/// All of them, in the order of the route table.
pub(super) fn operations() -> Vec<Operation> {
    let rules = "By the rules of compulsory motor insurance (docs/motor-rules.md): payers, claimants, estimate and papers, each \
                 with its article. Nothing is kept and nothing is decided.";
    vec![
        get("/claims/v1/accidents/{id}/cover", "listCoverLookUps", Tag::App)
            .needs::<FollowClaims>()
            .path("id", CLAIM, "Id of a claim this app filed.")
            .says("Who covers its vehicles", "What was looked up for this claim, oldest first.")
            .answers(json::<CoversShown>(200, "The look-ups.")),
        post("/claims/v1/accidents/{id}/cover", "lookUpCover", Tag::App)
            .needs::<FileAccidents>()
            .path("id", CLAIM, "Id of a claim this app filed.")
            .says(
                "Look up who covers a vehicle 投保查詢",
                "The institute's certificate check for compulsory cover, then each insurer that takes part by a digest: yes, no or \
                 unknown, and lines. A disclosure of the plate: under a consent, audited, ten times a day. What was answered whole \
                 within a day is given again.",
            )
            .takes::<CoverBody>(true)
            .answers(json::<CoverShown>(200, "What was found.")),
        get("/insurer/v1/cover-key", "readCoverKey", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .says("The key of cover look-ups", "What an insurer that answers them makes digests with (docs/cover-api.md).")
            .answers(json::<CoverKey>(200, "The key.")),
        post("/claims/v1/assessments", "assessAccident", Tag::App)
            .needs::<FollowClaims>()
            .says("Who must pay whom 強制險試算", rules)
            .takes::<AssessmentBody>(true)
            .answers(json::<Assessment>(200, "The answers.")),
        post("/insurer/v1/assessments", "assessAccidentOfInsurer", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .says("Who must pay whom 強制險試算", rules)
            .takes::<AssessmentBody>(true)
            .answers(json::<Assessment>(200, "The answers.")),
    ]
}
