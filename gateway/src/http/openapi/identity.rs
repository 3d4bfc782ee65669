//! The operations of identities.

use super::operation::{Operation, Tag, json};
use super::table::{get, post};
use crate::http::caller::AskWallets;
use crate::http::identity::{ChallengeBody, ChallengeView, ClaimIdentity, IdentificationView, ReportBody};

const CLAIM: &str = "^clm_[0-9a-f-]{36}$";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        post("/identity/v1/challenges", "challengePerson", Tag::App)
            .needs::<AskWallets>()
            .says("Get a challenge", "The person of a claim signs it with a card, or an identity provider puts it into its assertion.")
            .takes::<ChallengeBody>(true)
            .answers(json::<ChallengeView>(201, "Good for ten minutes and one report.")),
        post("/identity/v1/identifications", "identifyPerson", Tag::App)
            .needs::<AskWallets>()
            .says(
                "Report how the person was identified 身分確認",
                "By the app's own login, or by 自然人憑證 or TW FidO with what was signed. Wallet sessions and MyData transactions of a \
                 claim are identifications by themselves.",
            )
            .takes::<ReportBody>(true)
            .answers(json::<IdentificationView>(201, "It is recorded; packets that waited for it go.")),
        get("/identity/v1/claims/{id}", "getClaimIdentity", Tag::App)
            .needs::<AskWallets>()
            .path("id", CLAIM, "Id of a claim this app is linked to.")
            .says("Read how sure the person of a claim is", "The level of assurance 身分保證等級, and which recipients wait for more.")
            .answers(json::<ClaimIdentity>(200, "As it is now.")),
    ]
}
