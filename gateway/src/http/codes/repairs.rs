//! The codes of repairs (維修), behind all others: rows of the same table.

macro_rules! with_repairs {
    ($($before:tt)*) => { with_records! { $($before)*
    "repair.shop" 422, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/shops")],
        "Name a repair shop that takes part here, by its party id.", "請填已參與之維修廠代號。";
    "repair.mandate" 422, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/shops")],
        "Name a mandate you recorded and that is in force, or your own number of one.", "請填貴方已登錄且有效之委託，或自有之委託編號。";
    "repair.no-insurer" 409, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/shops")],
        "The claim names no insurer of the line motor-damage: nobody could approve a repair.", "此案未列車體損失險之保險公司，無從核定維修。";
    "repair.asked-otherwise" 409, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/shops")],
        "The shop has a job of this claim: take that back, then invite it anew.", "此維修廠已受邀，請先撤回再重新邀請。";
    "repair.chosen" 409, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/shops"), At("/claims/v1/accidents/{id}/shops/{repair}/choose")],
        "One shop repairs: take its mandate back first.", "已委託一家維修廠維修，請先撤回。";
    "repair.full" 409, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/shops"), Under("/claims/v1/accidents/{id}/shops/{repair}"), Under("/shops/v1/jobs/{id}/"), Under("/insurer/v1/repairs/{id}/")],
        "Ten shops at once, fifty jobs of a claim; of a job twenty versions and two hundred steps.", "同時至多十家維修廠、每案五十筆；每筆至多二十版估價與二百個步驟。";
    "repair.mandate-ended" 403, Sender, No, [Under("/shops/v1/jobs/{id}")],
        "The owner's mandate for this job has ended: you are out of it. What you sent stays with the claim.", "車主之委託已終止，貴廠不得再查詢或送件；已送資料留存於案件。";
    "repair.state" 409, Sender, AfterCorrection, [Under("/claims/v1/accidents/{id}/shops/{repair}"), Under("/shops/v1/jobs/{id}/"), Under("/insurer/v1/repairs/{id}/")],
        "The job takes no such step in the state the text names.", "依訊息所列狀態，此維修案不接受該步驟。";
    "repair.inspection" 422, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/inspection"), At("/insurer/v1/repairs/{id}/inspection")],
        "An appointment has a time to come and a place, the others neither; `instead` says how it is to be.", "現場勘車須填未來時間與地點，其餘不填；改採其他方式須填 instead。";
    "repair.not-inspected" 409, Sender, AfterCorrection, [At("/insurer/v1/repairs/{id}/decision")],
        "Say first that the vehicle was inspected, or that it need not be.", "請先登錄已勘車或免勘車。";
    "repair.estimate" 422, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/estimates")],
        "The text names each member that does not hold, and what holds instead.", "請依訊息所列逐項更正估價單。";
    "repair.other-vehicle" 422, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/estimates")],
        "The plate is none of this accident's own vehicle: check which job it belongs to.", "車牌與事故申報之車輛不符，請確認所屬案件。";
    "repair.quote-only" 409, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/inspection"), At("/shops/v1/jobs/{id}/invoice"), At("/insurer/v1/repairs/{id}/inspection"), At("/insurer/v1/repairs/{id}/decision")],
        "It is a quote; the owner has not chosen this shop.", "僅為報價，車主尚未選定此維修廠。";
    "repair.decision" 422, Sender, AfterCorrection, [At("/insurer/v1/repairs/{id}/decision")],
        "The text names each member that does not hold, and what holds instead.", "請依訊息所列逐項更正核定內容。";
    "repair.version" 409, Sender, AfterCorrection, [At("/insurer/v1/repairs/{id}/decision")],
        "A newer version came: read the job again and decide that one.", "已有較新之估價版本，請重新查詢後核定。";
    "repair.invoice" 422, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/invoice")],
        "The text names each member that does not hold, and what holds instead.", "請依訊息所列逐項更正發票。";
    "repair.seller" 422, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/invoice")],
        "The seller is the shop of the job, by the 統一編號 it is registered with.", "賣方統一編號須為本維修廠登錄之統一編號。";
    "repair.invoiced" 409, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/invoice")],
        "An invoice stands; another counts after the insurer disputed that one.", "已有發票；保險公司提出異議後方可另送。";
    "repair.invoice-used" 409, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/invoice")],
        "This number was sent for another job: an invoice counts once.", "此發票號碼已用於其他維修案，同一發票僅計一次。";
    "repair.nothing-approved" 409, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/invoice")],
        "Nothing of the newest version was approved.", "最新版估價無任何核准項目。";
    "repair.reason" 422, Sender, AfterCorrection, [At("/claims/v1/accidents/{id}/shops/{repair}/handover"), At("/insurer/v1/repairs/{id}/inspection"), At("/insurer/v1/repairs/{id}/invoice")],
        "Say why: an objection, another inspection, and an invoice that differs need a reason.", "請填理由：異議、改採其他勘車方式或發票與核定不符時均須說明。";
    "repair.day" 422, Sender, AfterCorrection, [At("/shops/v1/jobs/{id}/invoice"), At("/shops/v1/jobs/{id}/handover")],
        "The day is today or before, in Taiwan.", "日期不得晚於今日（臺灣時間）。";
    } };
}
