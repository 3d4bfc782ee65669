//! Closed lists of words: what hospitals write, and the one word each means.

use claimgate_packet::evidence::FeeCategory;
use claimgate_packet::words::Line;

/// Our word, and every spelling of it.
pub(super) type Words = &'static [(&'static str, &'static [&'static str])];

/// FHIR administrative gender. 1 and 2 as in the second digit of the national ID.
pub(super) const GENDER: Words = &[
    ("male", &["male", "m", "1", "男", "男性"]),
    ("female", &["female", "f", "2", "女", "女性"]),
    ("other", &["other", "o", "其他"]),
    ("unknown", &["unknown", "u", "不詳", "未知"]),
];

/// Patient source (病人來源), v3-ActCode.
pub(super) const CLASS: Words = &[
    ("AMB", &["amb", "o", "opd", "門診"]),
    ("EMER", &["emer", "e", "er", "急診"]),
    ("IMP", &["imp", "i", "ipd", "住院"]),
    ("HH", &["hh", "居家"]),
];

/// Who pays a line.
pub(super) const PAYER: Words = &[
    ("self-pay", &["self-pay", "自費", "自付"]),
    ("copay", &["copay", "部分負擔", "部份負擔"]),
    ("nhi", &["nhi", "健保", "健保給付"]),
];

/// Price component: a charge, or what is taken off.
pub(super) const COMPONENT: Words =
    &[("base", &["base", "收費"]), ("deduction", &["deduction", "減免"]), ("discount", &["discount", "優待", "折扣"])];

/// Which printing of a receipt it is.
pub(super) const COPY: Words =
    &[("original", &["original", "正本"]), ("copy", &["copy", "副本"]), ("reprint", &["reprint", "補發"])];

/// Code system of a diagnosis.
pub(super) const DIAGNOSES: Words = &[
    ("icd-10-cm-2023", &["icd-10-cm-2023", "icd-10-cm"]),
    ("icd-10-cm-2021", &["icd-10-cm-2021"]),
    ("icd-10-cm-2014", &["icd-10-cm-2014"]),
    ("icd-9-cm-2001", &["icd-9-cm-2001", "icd-9-cm"]),
];

/// Condition.clinicalStatus.
pub(super) const CLINICAL: Words =
    &[("active", &["active"]), ("remission", &["remission"]), ("resolved", &["resolved", "痊癒"])];

/// Code system of a laboratory test: LOINC, 醫療服務給付項目 of NHI, or the hospital's own.
pub(super) const TESTS: Words =
    &[("loinc", &["loinc"]), ("nhi", &["nhi", "健保", "健保碼"]), ("own", &["own", "自訂", "院內碼"])];

/// v3-ObservationInterpretation.
pub(super) const INTERPRETATION: Words = &[
    ("H", &["h", "高", "偏高", "↑"]),
    ("HH", &["hh", "↑↑"]),
    ("L", &["l", "低", "偏低", "↓"]),
    ("LL", &["ll", "↓↓"]),
    ("N", &["n", "正常"]),
    ("A", &["a", "異常", "*"]),
    ("POS", &["pos", "陽性", "+"]),
    ("NEG", &["neg", "陰性", "-"]),
];

/// Our word for a spelling.
pub(super) fn of(words: Words, text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    words.iter().find(|(_, spellings)| spellings.contains(&&*lower)).map(|(word, _)| *word)
}

/// A line of insurance by our word or its Chinese name.
pub(super) fn line(text: &str) -> Option<Line> {
    Line::ALL.iter().copied().find(|line| line.as_str() == text || line.chinese() == text)
}

/// A fee category by its code or Chinese name.
pub(super) fn category(text: &str) -> Option<FeeCategory> {
    FeeCategory::of_code(&text.to_ascii_uppercase()).or_else(|| FeeCategory::of_name(text))
}
