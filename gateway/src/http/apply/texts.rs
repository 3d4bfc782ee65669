//! What the page says, in Chinese and English: headings, the claim form, the consent, what is wrong.

use claimgate_packet::words::Line;

use crate::core::application::Faulty;
use crate::core::application::page::Language;
use crate::core::disclosure::chinese;
use crate::flows::health::NotSignedByWallet;

type Both = (&'static str, &'static str);

/// Which text was signed: its number goes up when a sentence below changes its meaning.
pub(super) const FORM: &str = "claimgate-page/1";

pub(super) const APPLY: Both = ("理賠申請", "Apply for a claim");
pub(super) const BEGIN: Both = ("開始填寫", "Begin");
pub(super) const BEGIN_HINT: Both = (
    "此連結只能使用一次，請在要填寫的裝置上按「開始填寫」。填寫內容僅供理賠申請使用。",
    "This link works once. Press Begin on the device you want to use. What you enter is used for this claim alone.",
);
pub(super) const OVER: Both = (
    "這裡沒有進行中的申請，或時間已過。請向醫院人員索取新的連結。",
    "There is no application here, or its time is over. Ask the hospital's staff for a new link.",
);
pub(super) const CLOSED: Both =
    ("已結束，此裝置上不再顯示任何內容。", "This has ended; nothing of it is shown on this device any more.");
pub(super) const NO_LINK: Both = (
    "連結不存在或已逾時，請向醫院人員索取新的連結。",
    "This link does not exist or its time is over. Ask the hospital's staff for a new one.",
);
pub(super) const USED: Both = (
    "此連結已在另一個瀏覽器使用，請向醫院人員索取新的連結。",
    "This link was used in another browser. Ask the hospital's staff for a new one.",
);
pub(super) const FOREIGN: Both =
    ("此表單不是由本頁送出，未保存任何內容。", "This form was not sent by our own page; nothing was kept.");
pub(super) const BROKEN: Both = ("表單無法讀取，請回上一頁再試。", "The form cannot be read. Go back and try again.");
pub(super) const FAILED: Both =
    ("系統暫時無法處理，請稍後再試。", "This cannot be done at the moment. Try again later.");

pub(super) const NOBODY: Both = ("請至少選擇一家保險公司", "Choose at least one insurer");
pub(super) const NAME: Both = ("請填被保險人姓名；新生兒未命名者填「○○○之子女」", "Give the name of the insured");
pub(super) const AGREE: Both = ("須閱讀並勾選同意，才能簽署", "Read this and agree to it before you sign");
pub(super) const CONFIRM: Both =
    ("請輸入與申請人相同的姓名", "Type the name of the person who applies, as it stands above");
pub(super) const HOW: Both = ("請選擇簽署方式", "Choose how to sign");
pub(super) const NO_WALLET: Both =
    ("目前無法使用數位憑證皮夾，請改用其他方式", "Wallets cannot be used here now; sign in another way");

/// What a wallet's signature lacks.
pub(super) fn wallet(reason: &NotSignedByWallet) -> Both {
    match reason {
        NotSignedByWallet::Waiting => (
            "皮夾尚未回覆；請於皮夾出示後再按「簽署並送出」",
            "The wallet has not answered yet. Present it, then press Sign and send again",
        ),
        _ => (
            "皮夾出示之身分或內容與本申請不符，請重新出示或改用其他方式",
            "What the wallet presented does not fit this application; present it anew, or sign in another way",
        ),
    }
}

/// A fault in English, for somebody who fills in a page.
pub(super) fn fault(fault: &Faulty) -> &'static str {
    match fault.at {
        "/insured" => "Give a number (ID, resident certificate, passport, medical record), or name and date of birth",
        "/insured/birth_date" => "Give the whole date of birth",
        "/applicant/capacity" => "The insured is under 18: a statutory representative applies",
        "/account/bank" => "The bank's code has three or seven digits",
        "/account/number" => "The number of the account has 6 to 16 digits",
        "/account/holder" => "The account is another person's: give the number of the written payment instruction",
        "/signature" => "The signature is not complete: draw it, or name the witnesses or the number of the paper",
        "/signed_at" => "Another application of this case was signed meanwhile: ask for a new page",
        "/recipients" => "Choose insurers that take part, each once, and at most ten policies",
        _ => fault.text,
    }
}

/// What the applicant declares (理賠申請書).
pub(super) const CLAIM_FORM: Both = (
    "本人謹此申請保險金給付，並聲明以上所填均屬實。本申請書由醫院轉交以下勾選之保險公司。",
    "I apply for the insurance benefit and declare that what I entered is true. The hospital hands this application to the \
     insurers chosen below.",
);
/// What each consent says (保險法 §177-1; 個人資料保護法 §§6–8).
pub(super) const CONSENT: Both = (
    "本人同意醫院將下列文件提供該公司，僅供本件理賠審核之用（保險法第 177 條之 1、個人資料保護法第 6 條）。本人得隨時收回同意；尚未送出者不再送出，已送出者無法取回。不同意不影響就醫，但該公司可能須另行索取文件。",
    "I consent that the hospital hands the documents below to this insurer, for the assessment of this claim alone (Insurance \
     Act §177-1, Personal Data Protection Act §6). I can take the consent back at any time: what has not left then stays; what \
     has left cannot be called back. Not consenting does not affect treatment; the insurer may then ask for the documents itself.",
);
/// What coordination says (損害填補).
pub(super) const SHARE: Both = (
    "並同意告知該公司：同一收據尚有幾家申請實支實付，及其已給付金額（不告知公司名稱）",
    "It may also be told how many other insurers reimburse the same receipts and what they paid, not who they are",
);

/// Whether a document is one the patient may leave out.
pub(super) fn is_optional(kind: &str) -> bool {
    !matches!(kind, "claim-application" | "consent" | "revision-note" | "owner-paper")
}

/// A label with what it labels.
pub(super) fn with(language: Language, label: Both, what: &str) -> String {
    let colon = language.say(("：", ": "));
    format!("{}{colon}{what}", language.say(label))
}

/// A document's name.
pub(super) fn document(kind: &'static str) -> Both {
    let english = match kind {
        "diagnosis-certificate" => "Certificate of diagnosis",
        "medical-receipt" => "Receipts",
        "lab-report" => "Laboratory reports",
        "prescription" => "Prescriptions",
        "medical-record" => "Medical records",
        "accident-registration-slip" => "Registration slip of the accident",
        "accident-scene-sketch" => "Sketch of the scene",
        "accident-scene-photos" => "Photos of the scene",
        "accident-preliminary-analysis" => "Preliminary analysis of the accident",
        "accident-certificate" => "Certificate of the accident",
        "accident-appraisal" => "Appraisal of the accident",
        "claim-application" => "This application",
        "consent" => "This consent",
        "revision-note" => "What later versions change",
        "owner-paper" => "What you send when it asks for more",
        other => other,
    };
    (chinese(kind), english)
}

/// A line of insurance.
pub(super) fn line(line: Line) -> Both {
    let english = match line {
        Line::HealthReimbursement => "Reimbursement of medical expenses",
        Line::HealthDaily => "Daily benefit in hospital",
        Line::Accident => "Personal accident",
        Line::CriticalIllness => "Critical illness",
        Line::Disability => "Disability",
        Line::Life => "Life",
        Line::Group => "Group",
        Line::Travel => "Travel",
        other => other.as_str(),
    };
    (line.chinese(), english)
}

/// Who applies.
pub(super) const CAPACITIES: [(&str, Both); 4] = [
    ("insured", ("被保險人本人", "The insured")),
    ("representative-of-minor", ("未成年人之法定代理人", "Statutory representative of a minor")),
    ("guardian", ("受監護宣告人之監護人", "Guardian of a ward")),
    ("parent-of-newborn", ("新生兒之父母", "Parent of a newborn")),
];

/// Kinds of numbers.
pub(super) const NUMBERS: [(&str, Both); 5] = [
    ("national-id", ("身分證", "National ID")),
    ("resident-certificate", ("居留證", "Resident certificate")),
    ("passport", ("護照", "Passport")),
    ("medical-record", ("病歷號碼", "Medical record number")),
    ("none", ("尚無證號（新生兒）", "No number yet (newborn)")),
];

/// Why somebody was treated.
pub(super) const CAUSES: [(&str, Both); 2] = [("illness", ("疾病", "Illness")), ("accident", ("意外事故", "Accident"))];

/// How somebody signs.
pub(super) const WAYS: [(&str, Both); 4] = [
    ("drawn", ("螢幕手寫簽名", "Drawn on this screen")),
    ("typed", ("輸入姓名，院方人員見證", "Name typed, a member of staff witnesses")),
    ("thumbprint", ("無法簽名：指印及二人見證", "Cannot sign: thumbprint before two witnesses")),
    ("paper", ("紙本簽名，醫院留存", "On paper, which the hospital keeps")),
];
