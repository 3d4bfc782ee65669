//! The operations of accidents (車險理賠警資查證): filed by apps and insurers, seen by police sources.

use serde_json::json;

use super::mydata::TRANSACTION;
use super::operation::{Operation, Tag, json};
use super::table::{CLAIM, get, post};
use crate::http::accidents::channels::{HandedInBody, LinkingBody, MydataBody, TakenShown};
use crate::http::accidents::{AccidentBody, AccidentShown, InquiryBody, NoticeBody, NoticeTaken, UsesShown};
use crate::http::caller::{AskMydata, FileAccidents, FollowClaims, GiveNotice, ReadDeliveries, ReadUses, ReportStatus};
use crate::http::mydata::MydataBegun;

/// All of them, in the order of the route table.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        post("/claims/v1/accidents", "fileAccident", Tag::App)
            .needs::<FileAccidents>()
            .says(
                "File an accident 事故申報",
                "For a person whose consents or mandates the app holds. Each police paper is asked for once, on its day, and \
                 is the next revision of each recipient's packet.",
            )
            .takes::<AccidentBody>(true)
            .answers(json::<AccidentShown>(201, "The accident."))
            .answers(json::<AccidentShown>(200, "The filing that is there already.")),
        get("/claims/v1/accidents/{id}", "readAccident", Tag::App)
            .needs::<FollowClaims>()
            .path("id", CLAIM, "Id of a claim this app filed.")
            .says("How an accident stands", "Each paper with its day, and who gets what.")
            .answers(json::<AccidentShown>(200, "The accident.")),
        post("/claims/v1/accidents/{id}/papers", "handInPaper", Tag::App)
            .needs::<FileAccidents>()
            .path("id", CLAIM, "Id of a claim this app filed.")
            .says(
                "Hand in a paper 上傳文件",
                "It goes out labelled unverified, until its source confirms the number. When the police's own comes, that one \
                 stands in its place.",
            )
            .takes::<HandedInBody>(true)
            .answers(json::<AccidentShown>(200, "The accident.")),
        post("/claims/v1/accidents/{id}/mydata", "beginAccidentMydata", Tag::App)
            .needs::<AskMydata>()
            .path("id", CLAIM, "Id of a claim this app filed.")
            .says(
                "Have papers sent by MyData 以 MyData 取得文件",
                "Begins a transaction for the papers that are given by now and not here. Send the person to the address.",
            )
            .takes::<MydataBody>(true)
            .answers(json::<MydataBegun>(201, "The transaction, as it begins.")),
        post("/claims/v1/accidents/{id}/mydata/{transaction}", "takeAccidentMydata", Tag::App)
            .needs::<FileAccidents>()
            .path("id", CLAIM, "Id of a claim this app filed.")
            .path("transaction", TRANSACTION, "Id of a transaction of this app, proved, for this claim or for none.")
            .says(
                "Take documents from MyData into the claim",
                "Each only if it is of this accident. They go out with the next revision of each packet; the same again changes \
                 nothing.",
            )
            .answers(json::<TakenShown>(200, "What became of each document.")),
        post("/claims/v1/accidents/{id}/linking", "answerAccidentLinking", Tag::App)
            .needs::<FileAccidents>()
            .path("id", CLAIM, "Id of a claim this app filed.")
            .says(
                "Say whether filings are one accident 事故併案",
                "For this filing, whether or not there is another: that is not told. Where both parties say so, filings that name \
                 a vehicle of each other in the same half hour become one accident.",
            )
            .takes::<LinkingBody>(true)
            .answers(json::<AccidentShown>(200, "The accident.")),
        post("/claims/v1/accidents/{id}/recipients/{party}/withdraw", "endAccidentGround", Tag::App)
            .needs::<FileAccidents>()
            .path("id", CLAIM, "Id of a claim this app filed.")
            .path("party", "^[a-z][a-z0-9-]{2,63}$", "The insurer's party id.")
            .says(
                "Take a consent or mandate back 收回同意",
                "What has not left for this insurer stays here. What has left cannot be called back.",
            )
            .answers(json::<AccidentShown>(200, "The accident.")),
        post("/insurer/v1/accidents", "inquireAccident", Tag::Insurer)
            .needs::<ReportStatus>()
            .says(
                "Inquire of an accident 洽查",
                "In compulsory cover by the insurer's own statutory ground (強制汽車責任保險法 §4; 承保及理賠作業處理辦法 §17), in any \
                 other line for the result of the check alone.",
            )
            .takes::<InquiryBody>(true)
            .answers(json::<AccidentShown>(200, "The accident.")),
        get("/insurer/v1/accidents/{id}", "readAccidentOfInsurer", Tag::Insurer)
            .needs::<ReadDeliveries>()
            .path("id", CLAIM, "Id of a claim this insurer is a recipient of.")
            .says("How an accident stands", "Each paper with its day, and what was stated beside what was recorded.")
            .answers(json::<AccidentShown>(200, "The accident.")),
        get("/police/v1/uses", "listPoliceUses", Tag::Police)
            .needs::<ReadUses>()
            .query("after", &json!({ "type": "string", "pattern": "^use_[0-9a-f-]{36}$" }), "Only what comes behind this one.")
            .query("limit", &json!({ "type": "integer", "minimum": 1, "maximum": 500, "default": 100 }), "At most so many.")
            .says("Who uses a source's papers", "Each recipient once for each version of a paper.")
            .answers(json::<UsesShown>(200, "The uses, oldest first.")),
        post("/police/v1/notices", "givePoliceNotice", Tag::Police)
            .needs::<GiveNotice>()
            .says(
                "Tell that a paper was changed 更正通知",
                "What is here of it is superseded; the new version is fetched and goes to everybody who has the old one.",
            )
            .takes::<NoticeBody>(true)
            .answers(json::<NoticeTaken>(200, "Taken.")),
    ]
}
