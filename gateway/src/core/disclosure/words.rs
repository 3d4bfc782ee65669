//! The words of a policy table: who gets something, and what was meant by a word nobody knows.

use std::fmt;
use std::str::FromStr;

use claimgate_packet::words::{Line, Purpose};

/// To whom a row speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Addressee {
    /// Whoever is asked to pay in this line of insurance.
    Line(Line),
    /// The Motor Vehicle Accident Compensation Fund (特別補償基金).
    Fund,
}

impl Addressee {
    /// Everyone a table can name, in glossary order.
    pub fn all() -> impl Iterator<Item = Self> {
        Line::ALL.iter().copied().map(Self::Line).chain([Self::Fund])
    }

    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Line(line) => line.as_str(),
            Self::Fund => "fund",
        }
    }

    /// The official Chinese term.
    #[must_use]
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Line(line) => line.chinese(),
            Self::Fund => "特別補償基金",
        }
    }
}

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is neither a line of insurance nor the fund.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no line of insurance; nearest: {0}")]
pub struct UnknownAddressee(String);

impl FromStr for Addressee {
    type Err = UnknownAddressee;

    fn from_str(word: &str) -> Result<Self, UnknownAddressee> {
        addressee(word).ok_or_else(|| UnknownAddressee(nearest(word, Self::all().map(Self::as_str)).join(", ")))
    }
}

/// The addressee of a word.
pub(super) fn addressee(word: &str) -> Option<Addressee> {
    Addressee::all().find(|known| known.as_str() == word)
}

/// The purpose of a word.
pub(super) fn purpose(word: &str) -> Option<Purpose> {
    Purpose::ALL.iter().copied().find(|known| known.as_str() == word)
}

/// The Chinese name of an evidence type (glossary).
#[must_use]
pub fn chinese(kind: &str) -> &'static str {
    match kind {
        "diagnosis-certificate" => "診斷證明書",
        "medical-receipt" => "醫療費用收據",
        "lab-report" => "檢驗報告",
        "prescription" => "處方箋",
        "medical-record" => "病歷",
        "accident-registration-slip" => "道路交通事故當事人登記聯單",
        "accident-scene-sketch" => "現場圖",
        "accident-scene-photos" => "現場照片",
        "accident-preliminary-analysis" => "道路交通事故初步分析研判表",
        "accident-certificate" => "交通事故證明書",
        "accident-appraisal" => "鑑定意見書",
        "accident-report" => "道路交通事故調查報告表",
        "accident-statement" => "當事人陳述",
        "accident-notice" => "出險通知",
        "accident-paper-check" => "警方文件查證回條",
        "vehicle-registration" => "車籍資料",
        "claim-application" => "理賠申請書",
        "consent" => "同意書",
        "revision-note" => "異動清單",
        "owner-paper" => "自行補件文件",
        _ => "",
    }
}

/// The known words that look most like another one, the likeliest first.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known: Vec<(usize, &str)> = known.into_iter().map(|one| (distance(word, one), one)).collect();
    known.sort_unstable();
    known.into_iter().take(3).map(|(_, one)| one).collect()
}

/// Levenshtein's distance in bytes.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, byte) in one.bytes().enumerate() {
        let mut diagonal = place;
        let mut left = place + 1;
        for (above, known) in row.iter_mut().skip(1).zip(other.bytes()) {
            let here = (*above + 1).min(left + 1).min(diagonal + usize::from(known != byte));
            diagonal = std::mem::replace(above, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = place + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_what_must_change() {
        for (one, other, apart) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(one, other), apart, "{one} {other}");
        }
        assert_eq!(nearest("adress", ["/visit", "address", "age"]).first(), Some(&"address"));
    }

    #[test]
    fn every_addressee_reads_back_from_its_word() {
        for one in Addressee::all() {
            assert_eq!(addressee(one.as_str()), Some(one));
        }
        assert_eq!(addressee("pets"), None);
    }
}
