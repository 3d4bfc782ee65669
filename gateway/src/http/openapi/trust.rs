//! The operations of the registry of trusted issuers.

use super::operation::{Operation, Tag, json};
use super::table::{get, post};
use crate::http::caller::{ApproveOperator, ReadOperator, WriteOperator};
use crate::http::operator::trust::{
    IssuerShown, ProposeBody, RevokeBody, TrustProposalShown, TrustProposals, TrustedIssuers,
};

const PROPOSAL: &str = "^prp_[0-9a-f-]{36}$";

pub(super) fn operations() -> Vec<Operation> {
    let of = |operation: Operation| operation.path("id", PROPOSAL, "Id of a proposal.");
    let decided = || json::<TrustProposalShown>(200, "The proposal as it is now; the same again is the same answer.");
    vec![
        get("/operator/v1/trust/issuers", "listTrustedIssuers", Tag::Operator)
            .needs::<ReadOperator>()
            .says(
                "List trusted issuers 信任清單",
                "Of credentials from wallets, by type and purpose; revoked ones too.",
            )
            .answers(json::<TrustedIssuers>(200, "Issuers by id.")),
        post("/operator/v1/trust/issuers/revoke", "revokeTrustedIssuer", Tag::Operator)
            .needs::<WriteOperator>()
            .says("Take trust away", "At once and everywhere, by one operator; to trust it again takes two.")
            .takes::<RevokeBody>(true)
            .answers(json::<IssuerShown>(200, "It counts no more.")),
        get("/operator/v1/trust/proposals", "listTrustProposals", Tag::Operator)
            .needs::<ReadOperator>()
            .says("List proposals for trusted issuers", "Those nobody has decided.")
            .answers(json::<TrustProposals>(200, "Proposals, oldest first.")),
        post("/operator/v1/trust/proposals", "proposeTrustedIssuer", Tag::Operator)
            .needs::<WriteOperator>()
            .says("Propose a trusted issuer, or a change of one", "Another operator approves it.")
            .takes::<ProposeBody>(true)
            .answers(json::<TrustProposalShown>(202, "It waits for another operator.")),
        of(get("/operator/v1/trust/proposals/{id}", "getTrustProposal", Tag::Operator).needs::<ReadOperator>())
            .says("Read a proposal for a trusted issuer", "Decided or not.")
            .answers(json::<TrustProposalShown>(200, "The proposal.")),
        of(post("/operator/v1/trust/proposals/{id}/approve", "approveTrustProposal", Tag::Operator)
            .needs::<ApproveOperator>())
        .says("Approve what another operator proposed", "It counts so at once, on every gateway.")
        .answers(decided()),
        of(post("/operator/v1/trust/proposals/{id}/reject", "rejectTrustProposal", Tag::Operator)
            .needs::<ApproveOperator>())
        .says("Reject a proposal for a trusted issuer", "Nothing changes.")
        .answers(decided()),
        of(post("/operator/v1/trust/proposals/{id}/withdraw", "withdrawTrustProposal", Tag::Operator)
            .needs::<WriteOperator>())
        .says("Take a proposal for a trusted issuer back", "Only who proposed it.")
        .answers(decided()),
    ]
}
