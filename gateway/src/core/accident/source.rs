//! Police sources by jurisdiction (管轄): city and county police, the highway police, the military police.

use std::fmt;
use std::str::FromStr;

/// The namespace of a police party's jurisdictions among its identifiers.
pub const POLICE_JURISDICTION: &str = "urn:claimgate:police-jurisdiction";

/// Each word with its Chinese name. Cities and counties by ISO 3166-2, the two national forces by their names
/// (道路交通事故處理辦法 §8).
const WORDS: [(&str, &str); 24] = [
    ("TW-TPE", "臺北市"),
    ("TW-NWT", "新北市"),
    ("TW-TAO", "桃園市"),
    ("TW-TXG", "臺中市"),
    ("TW-TNN", "臺南市"),
    ("TW-KHH", "高雄市"),
    ("TW-KEE", "基隆市"),
    ("TW-HSZ", "新竹市"),
    ("TW-CYI", "嘉義市"),
    ("TW-HSQ", "新竹縣"),
    ("TW-MIA", "苗栗縣"),
    ("TW-CHA", "彰化縣"),
    ("TW-NAN", "南投縣"),
    ("TW-YUN", "雲林縣"),
    ("TW-CYQ", "嘉義縣"),
    ("TW-PIF", "屏東縣"),
    ("TW-ILA", "宜蘭縣"),
    ("TW-HUA", "花蓮縣"),
    ("TW-TTT", "臺東縣"),
    ("TW-PEN", "澎湖縣"),
    ("TW-KIN", "金門縣"),
    ("TW-LIE", "連江縣"),
    ("highway-police", "國道公路警察局"),
    ("military-police", "憲兵"),
];

/// Whose record an accident is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Jurisdiction(usize);

/// A word that is no jurisdiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a jurisdiction is an ISO 3166-2 code such as TW-TPE, highway-police or military-police")]
pub struct UnknownJurisdiction;

impl Jurisdiction {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        WORDS.get(self.0).map_or("", |(word, _)| word)
    }

    /// The name.
    #[must_use]
    pub fn chinese(self) -> &'static str {
        WORDS.get(self.0).map_or("", |(_, name)| name)
    }
}

impl FromStr for Jurisdiction {
    type Err = UnknownJurisdiction;

    fn from_str(word: &str) -> Result<Self, UnknownJurisdiction> {
        WORDS.iter().position(|(known, _)| *known == word).map(Self).ok_or(UnknownJurisdiction)
    }
}

impl fmt::Debug for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
