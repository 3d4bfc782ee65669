//! The codes of record requests (病歷調閱), behind those of repairs: rows of the same table.

macro_rules! with_records {
    ($($before:tt)*) => { codes! { $($before)*
    "records.no-consent" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests")],
        "Send the person's consent with the request.", "調閱須檢附本人同意書。";
    "records.beyond-consent" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests")],
        "Ask for no more than the consent names: its insurer, hospitals, kinds of record, days; or get another consent.", "調閱範圍不得逾越同意書所載之公司、醫院、病歷種類與期間。";
    "records.other-person" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests"), At("/fhir/Task/{id}/$records")],
        "Consent, request and documents are of one person.", "同意書、調閱對象與文件須為同一人。";
    "records.person" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests")],
        "Name the person by a number, or by name and whole date of birth.", "請以證號，或姓名及完整出生日期指明調閱對象。";
    "records.consent" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests")],
        "Correct the member of the consent that the pointer names.", "請更正 pointer 所指之同意書欄位。";
    "records.hospital" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests")],
        "Name hospitals of this exchange, each once.", "請列已參加本平台之醫院，每院一次。";
    "records.document" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests"), At("/hospital/v1/requests/{id}/answer")],
        "Name kinds of record that can be asked for, each once; of an answer, kinds that were asked for and have not come.", "請列可調閱之病歷種類，每種一次；回覆時僅能列已調閱且尚未提供者。";
    "records.line" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests")],
        "Name a line of insurance you take here.", "請列貴公司於本平台承作之險種。";
    "records.compare-with" 422, Sender, AfterCorrection, [At("/insurer/v1/record-requests")],
        "Name submissions of your own.", "請列貴公司本身之受理案件。";
    "records.claim" 409, Sender, No, [At("/insurer/v1/submissions/{id}/status"), At("/insurer/v1/submissions/{id}/payments"), At("/insurer/v1/submissions/{id}/supplements")],
        "Decide, pay and ask on the claim's own submission.", "請於原理賠案件辦理決定、給付與補件。";
    "records.not-approved" 409, Sender, AfterCorrection, [At("/fhir/Task/{id}/$records")],
        "Answer the request with `accepted` first.", "請先由病歷室核可（accepted）。";
    "records.fee-open" 409, Sender, AfterCorrection, [At("/fhir/Task/{id}/$records")],
        "Wait until the insurer accepts the copy fee, or state another one.", "複製費尚未獲同意，請待保險公司回覆或重新提出。";
    "records.fee" 422, Sender, AfterCorrection, [At("/hospital/v1/requests/{id}/fee")],
        "A fee is zero or more.", "複製費不得為負數。";
    "records.fee-late" 409, Sender, No, [At("/hospital/v1/requests/{id}/fee"), At("/insurer/v1/requests/{id}/fee")],
        "A fee is stated and answered before the records are sent.", "病歷提供後不得再提出或回覆複製費。";
    "records.fee-none" 409, Sender, AfterCorrection, [At("/insurer/v1/requests/{id}/fee")],
        "There is no fee that waits for this answer.", "目前無待回覆之複製費。";
    "records.fee-other" 409, Sender, AfterCorrection, [At("/insurer/v1/requests/{id}/fee")],
        "Read the request again and answer the amount it has now.", "複製費金額已變更，請重新讀取後回覆。";
    "records.consent-over" 409, Sender, No, [At("/fhir/Task/{id}/$records"), At("/hospital/v1/requests/{id}/answer"), At("/hospital/v1/requests/{id}/fee"), At("/insurer/v1/requests/{id}/fee")],
        "The consent counts no more: nothing is sent.", "同意已撤回或逾期，不得提供。";
    "records.as-bundle" 422, Sender, AfterCorrection, [At("/hospital/v1/requests/{id}/answer")],
        "Send the records to /fhir/Task/{id}/$records; say `accepted` or `refused` here.", "病歷請以 Bundle 送至 /fhir/Task/{id}/$records，此處僅回覆受理或拒絕。";
    "records.nothing-asked" 422, Sender, AfterCorrection, [At("/fhir/Task/{id}/$records")],
        "Send documents of the kinds and days that were asked for.", "請提供調閱所列種類與期間之文件。";
    "records.too-many" 409, Sender, No, [At("/fhir/Task/{id}/$records")],
        "A request takes 50 bundles: put more into each.", "同一調閱之 Bundle 已達上限，請合併提供。";
    } };
}
