//! The operations of repairs 維修: the owner's app, shops, insurers.

use claimgate_adapters::shop::{Estimate, Invoice, RepairDecision};
use serde_json::json;

use super::operation::{Operation, Tag, json};
use super::table::{CLAIM, get, post};
use super::timeline::streamed;
use crate::http::caller::{FileAccidents, FollowClaims, ReadDeliveries, ReadJobs, ReportStatus, WriteJobs};
use crate::http::shops::{
    ConfirmBody, HandoverBody, InspectedBody, InspectionBody, InvitationBody, InvoiceAnswerBody, JobPage, JobView,
    NothingBody, OwnerJob, OwnerJobs, WhyBody,
};

const REPAIR: &str = "^rpr_[0-9a-f-]{36}$";

pub(super) fn operations() -> Vec<Operation> {
    let mut all = owner();
    all.extend(shop());
    all.extend(insurer());
    all
}

fn owner() -> Vec<Operation> {
    let of = |operation: Operation| operation.path("id", CLAIM, "Id of the claim this app filed.");
    let step = |path, id| {
        let operation = of(post(path, id, Tag::App).needs::<FileAccidents>());
        let operation = operation.path("repair", REPAIR, "Id of the job.");
        operation.answers(json::<OwnerJob>(200, "The job as it is now."))
    };
    vec![
        of(post("/claims/v1/accidents/{id}/shops", "inviteShop", Tag::App).needs::<FileAccidents>())
            .says(
                "Invite a repair shop 維修廠",
                "For a quote or for the repair, under the owner's mandate. The same again is the job that is there \
                 (docs/shops.md).",
            )
            .takes::<InvitationBody>(true)
            .answers(json::<OwnerJob>(201, "The shop is invited."))
            .answers(json::<OwnerJob>(200, "It was invited so before.")),
        of(get("/claims/v1/accidents/{id}/shops", "listShops", Tag::App).needs::<FollowClaims>())
            .says(
                "List the shops of a claim",
                "What each quotes, where it stands, what the insurer bears: sums, no lines.",
            )
            .answers(json::<OwnerJobs>(200, "Every job of the claim, oldest first.")),
        step("/claims/v1/accidents/{id}/shops/{repair}/choose", "chooseShop")
            .says("Choose a quote", "That shop repairs; every other job of the claim that is open ends.")
            .takes::<NothingBody>(false),
        step("/claims/v1/accidents/{id}/shops/{repair}/withdraw", "withdrawShop")
            .says("Take the mandate back 撤回委託", "The shop is out at once; what it sent stays with the claim.")
            .takes::<WhyBody>(false),
        step("/claims/v1/accidents/{id}/shops/{repair}/handover", "confirmHandover")
            .says("Confirm the handover 交車確認", "Or object to it, with the reason.")
            .takes::<ConfirmBody>(true),
    ]
}

fn shop() -> Vec<Operation> {
    let of = |operation: Operation| {
        let operation = operation.path("id", REPAIR, "Id of a job of this shop.");
        operation.answers(json::<JobView>(200, "The job as it is now."))
    };
    let step = |path, id| of(post(path, id, Tag::Shop).needs::<WriteJobs>());
    vec![
        get("/shops/v1/jobs", "listJobs", Tag::Shop)
            .needs::<ReadJobs>()
            .says("List jobs 維修案", "This shop's jobs, oldest first, 50 at a time.")
            .query("after", &json!({ "type": "string", "pattern": REPAIR }), "`next_after` of the page before.")
            .answers(json::<JobPage>(200, "A page.")),
        of(get("/shops/v1/jobs/{id}", "getJob", Tag::Shop).needs::<ReadJobs>())
            .says("Read a job", "Every version, what was decided of each line, the invoice beside it."),
        step("/shops/v1/jobs/{id}/accept", "acceptJob")
            .says("Take a job 接案", "From then on inspection and estimate may come.")
            .takes::<NothingBody>(false),
        step("/shops/v1/jobs/{id}/decline", "declineJob")
            .says("Take no job 婉拒", "Until lines are approved.")
            .takes::<WhyBody>(false),
        step("/shops/v1/jobs/{id}/inspection", "askInspection")
            .says("Ask for an inspection 勘車", "An appointment, a remote one, or none.")
            .takes::<InspectionBody>(true),
        step("/shops/v1/jobs/{id}/estimates", "sendEstimate")
            .says(
                "Send an estimate 估價單 or a supplement 追加",
                "Whole each time, lines keep their numbers; what was decided of a line stands while the line is the same.",
            )
            .takes::<Estimate>(true),
        step("/shops/v1/jobs/{id}/invoice", "sendInvoice")
            .says("Send the invoice 發票", "It is kept and compared line by line with what was approved.")
            .takes::<Invoice>(true),
        step("/shops/v1/jobs/{id}/handover", "reportHandover")
            .says("Report the handover 交車", "The owner confirms it.")
            .takes::<HandoverBody>(true),
        streamed(get("/shops/v1/events", "streamOfShop", Tag::Shop).needs::<ReadJobs>()),
    ]
}

fn insurer() -> Vec<Operation> {
    let of = |operation: Operation| {
        let operation = operation.path("id", REPAIR, "Id of a job of a vehicle whose damage this insurer bears.");
        operation.answers(json::<JobView>(200, "The job as it is now."))
    };
    let step = |path, id| of(post(path, id, Tag::Insurer).needs::<ReportStatus>());
    vec![
        get("/insurer/v1/repairs", "listRepairs", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .says("List repairs 維修案", "Of claims that name you in the line motor-damage, oldest first, 50 at a time.")
            .query("after", &json!({ "type": "string", "pattern": REPAIR }), "`next_after` of the page before.")
            .answers(json::<JobPage>(200, "A page.")),
        of(get("/insurer/v1/repairs/{id}", "getRepair", Tag::Insurer).needs::<ReadDeliveries>())
            .says("Read a repair", "Every version, every line, the figures, the invoice beside what was approved."),
        step("/insurer/v1/repairs/{id}/inspection", "answerInspection")
            .says("Answer an inspection 勘車", "Agree, say how instead, or say that it was done or need not be.")
            .takes::<InspectedBody>(true),
        step("/insurer/v1/repairs/{id}/decision", "decideRepair")
            .says(
                "Decide an estimate 核定",
                "Line by line: approved, changed or refused, with reasons; depreciation of parts, the deductible, total loss.",
            )
            .takes::<RepairDecision>(true),
        step("/insurer/v1/repairs/{id}/invoice", "answerInvoice")
            .says("Accept or dispute the invoice", "One that differs from what was approved is accepted with a reason only.")
            .takes::<InvoiceAnswerBody>(true),
    ]
}
