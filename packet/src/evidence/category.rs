//! Fee categories (費用類別) of a receipt: the columns of NHI's inpatient claim form, and what hospitals charge beside.
//!
//! The list may grow. A code this build does not know is kept as it stands, so that an opener built before still reads
//! the receipt it is in.

use serde::{Deserialize, Serialize};

use crate::opaque_debug;

/// Our own code system of fee categories, for sources that have none.
pub const FEE_CATEGORY_SYSTEM: &str = "urn:claimgate:fee-category";

macro_rules! categories {
    ($($variant:ident = $code:literal $name:literal $($alias:literal)*;)+) => {
        /// Fee category (費用類別), written as its code and Chinese name.
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(from = "Wire", into = "Wire")]
        pub enum FeeCategory {
            $(#[doc = $name] $variant,)+
            /// A category the list has no place for (其他), in the source's words.
            Other(String),
            /// A category of a later list than this build's, kept whole.
            Unknown {
                /// Its code.
                code: String,
                /// Its Chinese name.
                name: String,
            },
        }

        impl FeeCategory {
            /// Every category of the list.
            pub const LISTED: &'static [Self] = &[$(Self::$variant),+];

            /// The code.
            #[must_use]
            pub fn code(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)+
                    Self::Other(_) => OTHER,
                    Self::Unknown { code, .. } => code,
                }
            }

            /// The Chinese name.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other(text) => text,
                    Self::Unknown { name, .. } => name,
                }
            }

            /// The category of a code of [`FEE_CATEGORY_SYSTEM`].
            #[must_use]
            pub fn of_code(code: &str) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The category whose Chinese name this is.
            #[must_use]
            pub fn of_name(name: &str) -> Option<Self> {
                match name {
                    $($name $(| $alias)* => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

/// The code of what is not on the list.
const OTHER: &str = "OTHER";

categories! {
    Diagnosis = "DIAG" "診察費";
    Room = "ROOM" "病房費";
    Meal = "MEAL" "膳食費";
    Examination = "EXAM" "檢查費" "檢驗費" "檢查(驗)費" "檢驗檢查費";
    Radiology = "RADO" "放射線診療費";
    Therapy = "THRP" "治療處置費";
    Surgery = "SGRY" "手術費";
    Rehabilitation = "PHSC" "復健治療費";
    Blood = "BLOD" "血液血漿費";
    Dialysis = "HD" "血液透析費";
    Anaesthesia = "ANE" "麻醉費";
    Material = "METR" "特殊材料費" "特殊材料" "特材費" "自費特材" "自費特殊材料" "自費特殊材料費";
    MaterialDifference = "METRDIFF" "特殊材料差額" "特材差額" "特殊材料費差額" "差額特材" "自付差額特材";
    Drug = "DRUG" "藥費" "藥品費";
    Pharmacy = "DSVC" "藥事服務費";
    Psychiatry = "NRTP" "精神科治療費";
    Injection = "INJT" "注射技術費";
    Baby = "BABY" "嬰兒費";
    Agency = "CHARG" "代辦費";
    Registration = "REG" "掛號費";
    RoomDifference = "ROOMDIFF" "病房費差額" "病房差額" "病房費自付差額";
    Difference = "DIFF" "差額" "自付差額" "差額負擔";
    Board = "BOARD" "伙食費";
    Nursing = "NURS" "護理費";
    Certificate = "CERT" "證明書費";
    RecordCopy = "COPY" "病歷複製費";
    Ambulance = "AMB" "救護車費" "救護車";
}

opaque_debug!(FeeCategory);

/// As it stands in a packet.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Wire {
    /// A code of `urn:claimgate:fee-category`, or `OTHER`. The list may grow: take a code you do not know by its name.
    code: String,
    /// The Chinese name; with `OTHER` the source's own words.
    name: String,
}

impl From<FeeCategory> for Wire {
    fn from(category: FeeCategory) -> Self {
        Self { code: category.code().to_owned(), name: category.name().to_owned() }
    }
}

impl From<Wire> for FeeCategory {
    fn from(wire: Wire) -> Self {
        if wire.code == OTHER {
            return Self::Other(wire.name);
        }
        Self::of_code(&wire.code).unwrap_or(Self::Unknown { code: wire.code, name: wire.name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_category_is_written_with_code_and_name_and_read_back() {
        let other = FeeCategory::Other("停車費".to_owned());
        for category in FeeCategory::LISTED.iter().chain([&other]) {
            let value = serde_json::to_value(category).unwrap();
            assert!(serde_json::from_value::<FeeCategory>(value).unwrap() == *category, "{}", category.code());
        }
        assert_eq!(
            serde_json::to_value(FeeCategory::Registration).unwrap(),
            json!({ "code": "REG", "name": "掛號費" })
        );
        assert!(FeeCategory::of_name("檢驗費") == Some(FeeCategory::Examination));
    }

    #[test]
    fn a_category_of_a_later_list_is_kept_as_it_stands() {
        let later = json!({ "code": "TELE", "name": "視訊診療費" });
        let category: FeeCategory = serde_json::from_value(later.clone()).unwrap();
        assert_eq!((category.code(), category.name()), ("TELE", "視訊診療費"));
        assert!(FeeCategory::of_code("TELE").is_none());
        assert_eq!(serde_json::to_value(category).unwrap(), later);
        for broken in [json!({ "code": "TELE" }), json!({ "code": "TELE", "name": "x", "more": 1 }), json!("TELE")] {
            assert!(serde_json::from_value::<FeeCategory>(broken).is_err());
        }
    }
}
