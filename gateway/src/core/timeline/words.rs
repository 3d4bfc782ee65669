//! What people read of an event of the timeline, in both languages.

/// The sentences of an event code in English and Chinese, for people.
#[must_use]
pub fn sentence(code: &str) -> (&'static str, &'static str) {
    match code {
        "claim.received" => ("The hospital's documents were received and checked", "已收到並查核醫院文件"),
        "claim.held-for-consent" => ("Held: no consent on record", "保留中：尚無同意書"),
        "packet.signed" => ("The claim packet was signed", "理賠封包已簽章"),
        "delivery.ready" => ("Ready for the insurer", "已可由保險公司領取"),
        "delivery.held" => ("Held: the insurer is not active", "保留中：保險公司未啟用"),
        "delivery.identity-too-weak" => (
            "Held: the insurer needs the person identified more surely",
            "保留中：保險公司要求較高之身分保證等級，請完成身分驗證",
        ),
        "claim.unchanged" => ("A revision without changes for any insurer", "更新內容與各保險公司無關"),
        "delivery.fetched" => ("Fetched by the insurer", "保險公司已領取"),
        "delivery.acknowledged" => ("Acknowledged by the insurer", "保險公司已簽收"),
        "delivery.withdrawn" => {
            ("Taken back before it left: the consent ended or was replaced", "同意已撤回或變更，未送出即收回")
        }
        "evidence.withdrawn" => ("The hospital withdrew documents the insurer holds", "醫院已作廢或撤回部分文件"),
        "claim.voided" => ("The hospital withdrew the whole case", "醫院已撤回全案"),
        "submission.flagged" => (
            "Decided or paid on documents that were withdrawn since: look at it again",
            "核定或給付所據之文件已撤回，請重新檢視",
        ),
        "delivery.returned" => ("Given back by the insurer as not its own", "保險公司退件"),
        "delivery.forwarded" => ("Handed on to another insurer", "已轉送另一保險公司"),
        "delivery.not-forwarded" => {
            ("Not handed on: the hospital checks the insurers it named", "未轉送：請醫院確認投保公司")
        }
        "submission.linked" => ("The insurer has the case by another way too", "保險公司已由其他管道收件"),
        "offset.step" => ("A step of the offset at discharge", "理賠抵繳進度更新"),
        "repair.step" => ("A step of the repair", "維修進度更新"),
        "accident.filed" => ("The accident was filed", "已受理事故申報"),
        "claim.same-damage" => ("The same damage is claimed from another insurer too", "同一損害亦向其他保險公司申請"),
        "accident.first-insurer" => (
            "Another insurer took in a claim of this accident under compulsory cover: check for double payment",
            "本事故之強制險已由其他保險公司受理，請查核有無重複給付",
        ),
        "accident.paper" => ("A police paper of the accident", "警方事故文件進度"),
        "accident.mydata" => {
            ("A police paper is given now: have it sent by MyData", "警方文件已可申請，請以 MyData 取得")
        }
        "accident.linked" => ("The filings of both parties are one accident", "雙方申報已併為同一事故"),
        "submission.decided" => ("The insurer decided", "保險公司已作成決定"),
        "submission.payment" => ("A payment of the insurer", "保險公司給付紀錄"),
        "submission.coordination" => ("What others pay of the same expenses changed", "同一費用之其他給付有變動"),
        "submission.request" => ("Papers the insurer asks for", "保險公司要求補件"),
        "deadline.near" => ("A last day is near, or over", "期限將至或已過"),
        "claim.mydata" => ("Data from MyData was checked", "MyData 資料查驗完成"),
        "submission.status" => ("Status reported by the insurer", "保險公司回報進度"),
        _ => ("Something happened", "有新進度"),
    }
}
