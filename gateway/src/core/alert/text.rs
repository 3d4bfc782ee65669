//! What mails say, in Chinese and English: no personal data, no secret, no address.

use super::{Alert, AlertKind, MailEvent};

/// A mail's subject and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// What is wrong and what to do, in English and Chinese.
fn said(kind: AlertKind) -> (&'static str, &'static str) {
    match kind {
        AlertKind::EndpointFailing => (
            "Your webhook endpoint has not answered with 2xx for a while. Nothing is lost: messages are kept and tried \
             again, and pulling works. GET /insurer/v1/endpoint and /insurer/v1/deliveries/{id}/attempts say what failed.",
            "通知端點已有一段時間未回覆 2xx。訊息均保留並持續重送，亦可改以拉取方式取得；原因見 GET /insurer/v1/endpoint 與 /insurer/v1/deliveries/{id}/attempts。",
        ),
        AlertKind::EndpointOff => (
            "Your webhook endpoint was switched off after seven days without success. Nothing is lost: pull, or mend the \
             endpoint and POST /insurer/v1/endpoint/redrive, which switches it on again.",
            "通知端點連續七日失敗，已停止發送。資料未遺失：請改以拉取方式取得，或修復後呼叫 POST /insurer/v1/endpoint/redrive 重新啟用。",
        ),
        AlertKind::EndpointGone => (
            "Your webhook endpoint answered 410 and was switched off. Nothing is lost: pull, name another address, or POST \
             /insurer/v1/endpoint/redrive, which switches it on again.",
            "通知端點回覆 410，已停止發送。資料未遺失：請改以拉取方式取得、登錄新位址，或呼叫 POST /insurer/v1/endpoint/redrive 重新啟用。",
        ),
        AlertKind::KeyThirtyDays | AlertKind::KeySevenDays | AlertKind::KeyOneDay => (
            "The last registered key of this use ends soon. Give the operator a new public key in time: without one, no \
             packet can be sealed for you (enc), or you get no token (sig).",
            "此用途最後一把登錄金鑰即將到期。請及早提供新的公開金鑰：逾期將無法加密封包（enc）或無法取得權杖（sig）。",
        ),
        AlertKind::KeyExpired => (
            "No registered key of this use is valid now. Packets for you wait (enc), or you get no token (sig), until a new \
             public key is registered.",
            "目前已無此用途之有效金鑰。登錄新的公開金鑰前，封包將暫緩（enc）或無法取得權杖（sig）。",
        ),
        AlertKind::AuthorityEnded => (
            "A certificate authority or revocation list for source signatures is not in force. claimgate doctor names the \
             file to replace.",
            "來源簽章之憑證管理中心憑證或廢止清冊已失效；claimgate doctor 會指出應更換的檔案。",
        ),
        AlertKind::AuditBroken => (
            "A line of the audit trail was changed or is missing. Keep a copy of the database as it is and run claimgate \
             doctor.",
            "稽核軌跡有一行遭變更或缺漏。請先保全資料庫現況，再執行 claimgate doctor。",
        ),
        AlertKind::LogBroken => (
            "The public log does not hold together. Keep a copy of the database as it is and run claimgate doctor.",
            "透明日誌不一致。請先保全資料庫現況，再執行 claimgate doctor。",
        ),
        AlertKind::TermEnds => (
            "Payments of this insurer are due within a few working days. GET /insurer/v1/deadlines lists them.",
            "此保險公司有給付即將屆期；清單見 GET /insurer/v1/deadlines。",
        ),
        AlertKind::TermPast => (
            "Payments of this insurer are past the last day of their term. GET /insurer/v1/deadlines lists them; a late \
             payment may bear interest.",
            "此保險公司有給付已逾期限，逾期可能須加計利息；清單見 GET /insurer/v1/deadlines。",
        ),
        AlertKind::WorkOverdue => (
            "Deferred steps are overdue: no worker takes them up. Look at the log for errors and whether the server runs.",
            "延後處理的工作已逾時無人處理。請檢查伺服器是否運作，並查閱記錄中的錯誤。",
        ),
    }
}

/// The mail that tells of an alert.
#[must_use]
pub fn letter(alert: &Alert, event: MailEvent, issuer: &str) -> Letter {
    let whose = alert.party.as_ref().map(|party| format!(" {party}")).unwrap_or_default();
    let kind = alert.kind.as_str();
    let (subject, (english, chinese)) = match event {
        MailEvent::Opened => (format!("[ClaimGate] 警示 alert: {kind}{whose}"), said(alert.kind)),
        MailEvent::Closed => (
            format!("[ClaimGate] 警示解除 alert over: {kind}{whose}"),
            (
                "This alert is over: the endpoint is sent to again, or was switched off on purpose.",
                "此警示已解除：端點已恢復發送，或已由維運人員停用。",
            ),
        ),
    };
    let mut lines = vec![chinese.to_owned(), String::new(), english.to_owned(), String::new()];
    for (name, value) in [
        ("gateway 閘道", issuer.to_owned()),
        ("alert 警示", format!("{} ({kind})", alert.id)),
        ("party 機構", alert.party.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("subject 對象", alert.subject.clone()),
        ("since 起始", alert.since.to_string()),
        ("detail 說明", alert.detail.clone()),
    ] {
        if !value.is_empty() {
            lines.push(format!("{name}: {value}"));
        }
    }
    lines.push(String::new());
    Letter { subject, text: lines.join("\r\n") }
}
