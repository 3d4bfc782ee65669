//! What the page says, in Chinese and English.

use super::super::page::field;
use crate::core::application::page::Language;
use crate::core::request::RequestState;
use crate::core::submission::SubmissionState;
use crate::flows::insurer::{NoPaper, NotAsked, NotDone};
use crate::flows::owner::NotNoted;

type Both = (&'static str, &'static str);

pub(super) const TITLE: Both = ("理賠進度", "Your claim");
pub(super) const SKIP: Both = ("跳至主要內容", "Skip to the main part");
pub(super) const NUMBER: Both = ("案件末六碼", "Claim ending in");
pub(super) const LINK_HINT: Both = (
    "此連結只能使用一次，請在要查看的裝置上按「開啟」。",
    "This link works once. Press Open on the device you want to use.",
);
pub(super) const CODE_HINT: Both = (
    "請輸入醫院提供的追蹤碼，即可查看進度及補件。追蹤碼不會因此失效，仍可於保戶 App 使用一次；於 App 使用後，請改由 App 開啟本頁。",
    "Type the tracking code the hospital gave you to follow your claim and send papers. That does not use the code up: your \
     insurance app can still take it, once. After that, open this page from the app.",
);
pub(super) const CODE: Both = ("追蹤碼", "Tracking code");
pub(super) const CODE_FORM: Both =
    ("25 個英數字，大小寫、空格與連字號不拘", "25 letters and digits; case, spaces and hyphens do not matter");
pub(super) const OPEN: Both = ("查看進度", "Open");
pub(super) const NO_CODE: Both = (
    "追蹤碼不明、已於 App 使用或已過期，請再確認，或向醫院查詢",
    "This code is unknown, was used in an app, or has expired: check it, or ask the hospital",
);
pub(super) const OVER: Both = (
    "這裡沒有開啟中的案件，或時間已過。請重新由 App 或以追蹤碼開啟。",
    "No claim is open here, or its time is over. Open it again from the app or with the tracking code.",
);
pub(super) const CLOSED: Both =
    ("已結束，此裝置上不再顯示任何內容。", "This has ended; nothing of it is shown on this device any more.");
pub(super) const NO_LINK: Both =
    ("連結不存在或已逾時，請重新索取。", "This link does not exist or its time is over. Ask for a new one.");
pub(super) const USED: Both =
    ("此連結已在另一個瀏覽器使用，請重新索取。", "This link was used in another browser. Ask for a new one.");
pub(super) const FOREIGN: Both =
    ("此表單不是由本頁送出，未保存任何內容。", "This form was not sent by our own page; nothing was kept.");
pub(super) const BROKEN: Both = ("表單無法讀取，請回上一頁再試。", "The form cannot be read. Go back and try again.");
pub(super) const FAILED: Both =
    ("系統暫時無法處理，請稍後再試。", "This cannot be done at the moment. Try again later.");

pub(super) const NEWS: Both = ("有新進度，請重新整理本頁。", "There is news: load this page again.");
pub(super) const SENT: Both =
    ("文件已收到，將送交要求補件的保險公司。", "Your papers were received and go to the insurers that asked for them.");
pub(super) const ASKED: Both = (
    "確認信已寄出，請於 24 小時內開啟信中連結並按「確認」。",
    "A mail was sent: open its link within 24 hours and press Confirm.",
);
pub(super) const TURNS: Both = ("輪到誰", "Who is on turn");
pub(super) const NOBODY_ON_TURN: Both = ("目前無待辦事項。", "Nothing is waited for.");
pub(super) const DEADLINE: Both = ("最近期限", "Next last day");
pub(super) const INSURER: Both = ("保險公司", "The insurer");
pub(super) const HOSPITAL: Both = ("醫院", "The hospital");
pub(super) const YOU: Both = ("您", "You");
pub(super) const PAPERS: Both = ("請補件", "Papers you are asked for");
pub(super) const UNTIL: Both = ("期限", "until");
pub(super) const ASKED_BY: Both = ("要求者", "Asked for by");
pub(super) const FILES: Both = (
    "照片（JPEG、PNG、HEIC）或 PDF，共 10 檔以內、每檔 5 MiB 以內。檔案原樣轉送，照片內含之拍攝時間地點一併提供。多家公司要求同一文件，只須上傳一次；每家公司僅收到其要求之文件。",
    "Photos (JPEG, PNG, HEIC) or PDF, ten files, 5 MiB each. Files are passed on as they are, with the time and place a camera \
     wrote into a photo. What several insurers ask for is uploaded once; each gets what it asked for and nothing else.",
);
pub(super) const NOTE: Both = ("說明（可不填）", "A note (may be left empty)");
pub(super) const COMPLETE: Both = ("我沒有其他文件了", "That is all I have");
pub(super) const SEND: Both = ("送出文件", "Send the papers");
pub(super) const NOTHING: Both = (
    "請至少選擇一個檔案；若確無文件，請勾選「我沒有其他文件了」",
    "Choose at least one file; if there is none, tick \"That is all I have\"",
);
pub(super) const TOO_LARGE: Both =
    ("檔案合計超過 20 MiB，請分次上傳或縮小照片", "The files are more than 20 MiB together: send them in parts");
pub(super) const STANDS: Both = ("各保險公司進度", "How it stands with each insurer");
pub(super) const NOTHING_SENT: Both = ("尚未送交任何保險公司。", "Nothing was sent to an insurer yet.");
pub(super) const HAPPENED: Both = ("經過", "What happened");
pub(super) const WALLET: Both = ("數位憑證皮夾", "Digital wallet");
pub(super) const WALLET_HINT: Both = (
    "可用數位憑證皮夾出示身分；保險公司將知道文件由本人提供。不出示亦可補件。",
    "Show who you are with a digital wallet: insurers then know that papers come from you. Papers can be sent without.",
);
pub(super) const WALLET_ASK: Both = ("以皮夾出示身分", "Show who I am");
pub(super) const WALLET_WAITS: Both = (
    "請以皮夾掃描並出示；本頁每 4 秒自動更新。",
    "Scan this with the wallet and present; this page looks again every 4 seconds.",
);
pub(super) const WALLET_HERE: Both = ("在此裝置開啟皮夾", "Open the wallet on this device");
pub(super) const QR: Both = ("皮夾請求之 QR 碼", "QR code of the request to the wallet");
pub(super) const IDENTIFIED: Both =
    ("已由皮夾確認為本案當事人。", "The wallet showed that you are the person of this claim.");
pub(super) const NOT_IDENTIFIED: Both = (
    "皮夾出示之身分與本案當事人不符或無法比對，請再試一次。",
    "What the wallet showed is not the person of this claim, or cannot be compared. Try again.",
);
pub(super) const NO_WALLET: Both = ("目前無法使用數位憑證皮夾", "Wallets cannot be used here now");
pub(super) const MAIL: Both = ("電子郵件通知", "News by mail");
pub(super) const MAIL_HINT: Both = (
    "有新進度或補件要求時寄信通知；信中不含姓名、公司與金額，隨時可取消。",
    "You are told of news and of papers asked for. Mails hold no name, insurer or amount, and can be stopped at any time.",
);
pub(super) const ADDRESS: Both = ("電子郵件信箱", "Your address");
pub(super) const TELL_ME: Both = ("通知我", "Tell me");
pub(super) const TAKE_OFF: Both = ("取消", "Stop");
pub(super) const CONFIRMED_ALREADY: Both = ("已確認", "confirmed");
pub(super) const WAITS_FOR_CONFIRMATION: Both = ("待確認", "not confirmed yet");
pub(super) const CLOSE: Both = ("結束並清除", "Done: clear this device");
pub(super) const NO_ADDRESS: Both =
    ("此連結已失效，或信箱已取消通知。", "This link counts no more, or the address was taken off.");
pub(super) const WILL_BE_TOLD: Both =
    ("按「確認」後，此信箱將收到本案的進度通知。", "Press Confirm, and this address is told of news of the claim.");
pub(super) const IS_TOLD: Both = ("此信箱會收到本案的進度通知。", "This address is told of news of the claim.");
pub(super) const CONFIRM: Both = ("確認", "Confirm");
pub(super) const REMOVE: Both = ("不再通知並刪除信箱", "Stop, and forget the address");
pub(super) const CONFIRMED: Both = ("已確認，有新進度時將寄信通知。", "Confirmed: this address is told of news.");
pub(super) const REMOVED: Both = ("已取消並刪除信箱。", "Stopped; the address is forgotten.");

/// A line for an address.
pub(super) const EMAIL: field::Line<'_> =
    field::Line { kind: "email", autocomplete: "email", mode: "email", most: "254" };

/// A label with what it labels.
pub(super) fn labelled(language: Language, label: Both, what: &str) -> String {
    let colon = language.say(("：", ": "));
    format!("{}{colon}{what}", language.say(label))
}

/// A state in English.
pub(super) fn state(state: SubmissionState) -> &'static str {
    match state {
        SubmissionState::Sent => "sent",
        SubmissionState::Withdrawn => "taken back",
        SubmissionState::Returned => "given back",
        SubmissionState::Received => "received",
        SubmissionState::InReview => "in review",
        SubmissionState::SupplementRequested => "papers asked for",
        SubmissionState::Accepted => "accepted",
        SubmissionState::PartlyAccepted => "partly accepted",
        SubmissionState::Declined => "declined",
        SubmissionState::Paid => "paid",
        SubmissionState::Closed => "closed",
        SubmissionState::ClosedIncomplete => "closed, papers missing",
        SubmissionState::ClaimantWithdrew => "withdrawn by you",
        SubmissionState::Appealed => "appealed",
        SubmissionState::Reopened => "reopened",
    }
}

/// A state of a request in English.
pub(super) fn request(state: RequestState) -> &'static str {
    match state {
        RequestState::Requested => "asked for",
        RequestState::Received => "seen",
        RequestState::Accepted => "taken on",
        RequestState::PartlyAnswered => "sent in part",
        RequestState::Answered => "sent",
        RequestState::Refused => "refused",
        RequestState::Cancelled => "not needed any more",
        RequestState::Expired => "its last day is over",
    }
}

/// A line of insurance in English.
pub(super) fn line(line: claimgate_packet::words::Line) -> &'static str {
    use claimgate_packet::words::Line;
    match line {
        Line::HealthReimbursement => "Reimbursement of medical expenses",
        Line::HealthDaily => "Daily benefit in hospital",
        Line::CriticalIllness => "Critical illness",
        Line::Disability => "Disability",
        Line::Life => "Life",
        Line::Accident => "Personal accident",
        Line::Group => "Group",
        Line::Travel => "Travel",
        Line::MotorCompulsory => "Compulsory motor",
        Line::MotorLiability => "Motor liability",
        Line::MotorDriverInjury => "Injury of the driver",
        Line::MotorPassenger => "Passengers",
        Line::MotorDamage => "Damage to the car",
        Line::MotorTheft => "Theft of the car",
    }
}

/// Why an address was not taken.
pub(super) fn address(reason: &NotNoted) -> Both {
    match reason {
        NotNoted::TooMany => {
            ("每案最多三個信箱，請先取消其一", "A claim has three addresses at most: take one off first")
        }
        NotNoted::Off => ("目前不提供電子郵件通知", "No mail is sent here"),
        NotNoted::Address | NotNoted::Fault(_) => {
            ("信箱格式不正確，例如 name@example.tw", "This is no address such as name@example.tw")
        }
    }
}

/// Why papers were not taken.
pub(super) fn not_taken(reason: &NotDone) -> Both {
    match reason {
        NotDone::NotAsked(NotAsked::File(reason)) => file(*reason),
        NotDone::NotAsked(NotAsked::TooManyPapers) => {
            ("本案已收 24 份文件，其餘請洽保險公司", "This claim has 24 papers: settle the rest with the insurer")
        }
        NotDone::NotAsked(NotAsked::Step(_)) => {
            ("此補件要求已結束，請重新整理本頁", "This request is over: load the page again")
        }
        _ => NOTHING,
    }
}

fn file(reason: NoPaper) -> Both {
    match reason {
        NoPaper::TooMany => ("一次最多 10 個檔案", "Ten files at most"),
        NoPaper::TooLarge => {
            ("單一檔案超過 5 MiB，請縮小後再試", "A file is larger than 5 MiB: make it smaller and try again")
        }
        NoPaper::Together => TOO_LARGE,
        NoPaper::Archive => (
            "檔案是壓縮檔或 Office 文件，不是照片；請改傳照片或 PDF",
            "A file is an archive or an office document, no photo: send photos or PDF",
        ),
        NoPaper::Kind => (
            "只接受照片（JPEG、PNG、HEIC、WebP、TIFF）或 PDF",
            "Only photos (JPEG, PNG, HEIC, WebP, TIFF) or PDF are taken",
        ),
    }
}
