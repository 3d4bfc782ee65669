//! What a hospital is told of a file it uploaded before (上傳) that its Bundle cannot refer to.

use claimgate_fhir::outcome::{Issue, IssueKind};

/// No such upload of this hospital.
#[must_use]
pub fn unknown() -> Issue {
    let text = "There is no such upload of yours, or it was forgotten because no Bundle referred to it in time. Upload the \
                file again.";
    Issue::error(IssueKind::NotFound, "attachment.upload-unknown", text).zh("查無此上傳檔案，或已逾期清除，請重新上傳")
}

/// Not all there yet.
#[must_use]
pub fn incomplete() -> Issue {
    let text = "The uploaded file is not all there yet. Ask with HEAD where it is, and go on from there.";
    Issue::error(IssueKind::Incomplete, "attachment.upload-incomplete", text).zh("檔案尚未上傳完成")
}

/// Another claim's.
#[must_use]
pub fn used() -> Issue {
    let text = "The uploaded file belongs to another claim already. Upload it again for this one.";
    Issue::error(IssueKind::Conflict, "attachment.upload-used", text).zh("此上傳檔案已屬於其他案件，請重新上傳")
}

/// Not as the Bundle states it.
#[must_use]
pub fn differs() -> Issue {
    let text = "The uploaded file has another contentType, size or hash (SHA-1 in base64, FHIR R4) than stated. Compare it \
                with the original.";
    Issue::error(IssueKind::Value, "attachment.upload-differs", text).zh("上傳檔案的格式、大小或雜湊值與宣告不符")
}
