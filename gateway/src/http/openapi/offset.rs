//! The operations of offset at discharge 理賠抵繳: a hospital's and an insurer's.

use serde_json::json;

use super::operation::{Operation, Tag, json};
use super::table::{OFFSET, get, post};
use crate::http::caller::{PushBundles, ReadBundles, ReadDeliveries, ReportStatus};
use crate::http::offset::{
    BillBody, CancelBody, DayBody, InstructionBody, MoneyBody, Nothing, OffsetForInsurer, OffsetPage, OffsetView,
    OpenOffset, PromiseBody, ReasonBody,
};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = hospital();
    all.extend(insurer());
    all
}

fn hospital() -> Vec<Operation> {
    let put = |path, id| Operation::new("PUT", path, id, Tag::Hospital).needs::<PushBundles>();
    let step = |path, id| post(path, id, Tag::Hospital).needs::<PushBundles>();
    let of = |operation: Operation| {
        let operation = operation.path("id", OFFSET, "Id of a case of this hospital.");
        operation.answers(json::<OffsetView>(200, "The case as it is now."))
    };
    vec![
        step("/hospital/v1/offsets", "openOffset")
            .says(
                "Open an offset at discharge 理賠抵繳",
                "The provisional bill and the insurers in the order in which they bear it. The same again is the case \
                 that is open (docs/claim-life.md).",
            )
            .takes::<OpenOffset>(true)
            .answers(json::<OffsetView>(201, "The case is open, and the insurers are asked."))
            .answers(json::<OffsetView>(200, "The same case, which is open already.")),
        of(get("/hospital/v1/offsets/{id}", "getOffset", Tag::Hospital).needs::<ReadBundles>())
            .says("Read an offset", "Where it stands, what each insurer bears, who is on turn until when."),
        of(put("/hospital/v1/offsets/{id}/bill", "changeOffsetBill"))
            .says("Say what the bill is", "Provisional or final; what insurers bear is computed again in the order.")
            .takes::<BillBody>(true),
        of(step("/hospital/v1/offsets/{id}/instruction", "instructOffset"))
            .says("Hand in the insured's payment instruction 給付指示", "A reference to it, never the paper itself.")
            .takes::<InstructionBody>(true),
        of(step("/hospital/v1/offsets/{id}/accept", "acceptOffset"))
            .says("Accept the promises", "From then on they do not expire.")
            .takes::<Nothing>(false),
        of(step("/hospital/v1/offsets/{id}/cancel", "cancelOffset"))
            .says("Call it off", "For the patient or the hospital; what was paid goes back first.")
            .takes::<CancelBody>(true),
        of(step("/hospital/v1/offsets/{id}/death", "reportDeathInOffset"))
            .says("Report a death before discharge", "The promises are held until the heirs instruct.")
            .takes::<DayBody>(true),
        of(step("/hospital/v1/offsets/{id}/discharge", "dischargeInOffset"))
            .says("Report the discharge", "A case nobody accepted lapses: the patient pays, the claim goes on.")
            .takes::<DayBody>(true),
    ]
}

fn insurer() -> Vec<Operation> {
    let step = |path, id| post(path, id, Tag::Insurer).needs::<ReportStatus>();
    let of = |operation: Operation| {
        let operation = operation.path("id", OFFSET, "Id of a case this insurer was asked in.");
        operation.answers(json::<OffsetForInsurer>(200, "The case as it is now."))
    };
    vec![
        get("/insurer/v1/offsets", "listOffsets", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .says("List offsets 理賠抵繳", "The cases this insurer was asked in, oldest first, 50 at a time.")
            .query("after", &json!({ "type": "string", "pattern": OFFSET }), "`next_after` of the page before.")
            .answers(json::<OffsetPage>(200, "A page.")),
        of(get("/insurer/v1/offsets/{id}", "getOffsetOfInsurer", Tag::Insurer).needs::<ReadDeliveries>())
            .says("Read an offset", "The bill, the own part, who is on turn."),
        of(step("/insurer/v1/offsets/{id}/promise", "promiseOffset"))
            .says(
                "Promise an amount",
                "At most the bill; of it counts what the order leaves. Again: a changed promise.",
            )
            .takes::<PromiseBody>(true),
        of(step("/insurer/v1/offsets/{id}/decline", "declineOffset"))
            .says("Promise nothing", "The claim goes on as any other.")
            .takes::<ReasonBody>(false),
        of(step("/insurer/v1/offsets/{id}/cancel", "withdrawOffset"))
            .says("Take a promise back", "What was paid under it goes back.")
            .takes::<ReasonBody>(false),
        of(step("/insurer/v1/offsets/{id}/settle", "settleOffset"))
            .says("Report what was paid to the hospital", "An entry of the submission's ledger under the instruction.")
            .takes::<MoneyBody>(true),
        of(step("/insurer/v1/offsets/{id}/refund", "refundOffset"))
            .says(
                "Report what came back from the hospital",
                "An entry of the submission's ledger that reverses a payment.",
            )
            .takes::<MoneyBody>(true),
    ]
}
