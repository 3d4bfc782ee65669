//! Why the value of a field was not taken: a stable word, and a sentence in English and Chinese that repeats no value.

/// Why a value was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// A stable word.
    pub code: &'static str,
    /// In English.
    pub text: &'static str,
    /// In Chinese.
    pub chinese: &'static str,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal, $chinese:literal;)+) => {
        impl FieldFault {
            $($(#[$doc])* pub const $name: Self = Self { code: $code, text: $text, chinese: $chinese };)+
        }
    };
}

faults! {
    /// No such field.
    UNKNOWN = "unknown-field", "There is no field of this name", "沒有這個欄位";
    /// Made on a version that is not there.
    VERSION = "unknown-version", "It was made on a version this field has never had; read the case again", "欄位版本不存在，請重新讀取案件";
    /// As many fields as a case can hold.
    MANY = "too-many-fields", "The case holds as many fields as it can", "案件欄位數已達上限";
    /// Too many values wait.
    DISPUTED = "too-many-values", "Choose among the values that wait first", "請先就並存之數值擇一";
    /// No day of the calendar.
    DATE = "impossible-date", "A day of the calendar: YYYY-MM-DD", "日期不存在，格式為 YYYY-MM-DD";
    /// A day that has not come.
    FUTURE = "future-date", "This day has not come yet", "日期不得為未來";
    /// A day before any claim could still be made.
    PAST = "date-too-early", "This day lies too far back", "日期過早";
    /// No time of day.
    TIME = "impossible-time", "A time of day: HH:MM", "時間格式為 HH:MM";
    /// No plate.
    PLATE = "not-a-plate", "A licence plate such as ABC-1234, 1234-AB or 123-ABC", "車牌號碼格式不符，例如 ABC-1234";
    /// No word of the list.
    WORD = "not-in-list", "One of the words of this field's list", "請由清單中選擇";
    /// No text, or too long.
    TEXT = "text-length", "A text that is neither empty nor too long, without control characters", "文字不得為空白、過長或含控制字元";
    /// Neither true nor false.
    BOOL = "not-true-or-false", "true or false", "請填是或否";
    /// No identity number.
    IDENTITY = "not-an-identity", "A national ID or resident number whose check digit fits, or a passport number", "身分證、居留證號檢查碼不符，或護照號碼格式不符";
    /// No telephone.
    PHONE = "not-a-phone", "6 to 20 digits; +, - and spaces may stand between", "電話號碼格式不符";
    /// No boxes of the statement.
    CIRCUMSTANCES = "not-circumstances", "Boxes 1 to 17, each once", "碰撞情形為 1 至 17，不得重複";
    /// No point on the globe.
    POINT = "not-a-point", "latitude and longitude in decimal degrees", "經緯度格式不符";
    /// No number of a certificate, policy or licence.
    NUMBER = "not-a-number", "1 to 40 letters, digits and hyphens", "號碼為 1 至 40 個英數字或連字號";
    /// No number of a bank or account.
    ACCOUNT = "not-an-account", "Bank: 3 or 7 digits; account: 6 to 16 digits", "銀行代碼為 3 或 7 碼，帳號為 6 至 16 碼數字";
    /// No party id.
    PARTY = "not-a-party", "The party id of an insurer or the fund", "保險公司代號格式不符";
    /// A claim that was filed.
    FILED = "claim-filed", "This claim was filed: what is claimed from whom stays; plan another one under another key", "此項理賠已送出，不得變更項目或保險公司，請另立一項";
    /// No such upload.
    UPLOAD = "unknown-upload", "There is no such upload of yours, or it was used otherwise", "查無此上傳檔案";
    /// An upload whose bytes are not all there.
    UPLOADING = "upload-not-complete", "Not all of this file has been uploaded yet", "檔案尚未上傳完成";
    /// As many files as a case can hold.
    FILES = "too-many-files", "The case holds as many files as it can", "案件檔案數已達上限";
    /// No item of this list.
    ITEM = "not-of-this-form", "An object with the members of this list and no others", "內容格式不符";
}
