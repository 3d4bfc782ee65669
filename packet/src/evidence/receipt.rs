//! Receipt of medical expenses (醫療費用收據): lines by payer, reductions, sums, and the key that makes two
//! printings of it one receipt. NHI figures may be points (點數) and are never added to dollars.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::category::FeeCategory;
use super::terms::{Coding, Concept, Institution, Patient, Quantity, Visit};
use crate::amount::Twd;
use crate::opaque_debug;

/// Receipt of medical expenses (醫療費用收據), 醫療法 §22.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MedicalReceipt {
    /// Receipt key (收據鍵), where institution, number and date are all known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ReceiptKey>,
    /// Receipt number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Original, copy or reprint, where the source says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<CopyKind>,
    /// Who was treated.
    pub patient: Patient,
    /// Who issued it.
    pub institution: Institution,
    /// The visit it charges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// Day of issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// What every amount is in, but for the figures of NHI, which may be points (點數).
    #[serde(default)]
    pub currency: Currency,
    /// Lines in the order of the source.
    pub lines: Vec<ReceiptLine>,
    /// Reductions (減免) and public subsidies (公費補助).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reductions: Vec<Reduction>,
    /// Sums.
    pub totals: ReceiptTotals,
}

/// The currency of a receipt: the only one accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Currency {
    /// New Taiwan dollars (新臺幣).
    #[default]
    #[serde(rename = "TWD")]
    Twd,
}

/// Receipt key (收據鍵): the same receipt however often it is printed.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiptKey {
    /// Institution code (醫事機構代碼).
    pub institution: String,
    /// Receipt number.
    pub number: String,
    /// Day of issue.
    pub date: Date,
}

/// Which printing of a receipt it is. The list may grow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CopyKind {
    /// 正本.
    Original,
    /// 副本.
    Copy,
    /// 補發.
    Reprint,
    /// A word of a later list than this build's, kept as it stands.
    #[serde(untagged)]
    Unknown(String),
}

/// One line of a receipt: what one payer pays for one item.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiptLine {
    /// Number of the line in the source; an item that several payers share has one line for each.
    pub sequence: u32,
    /// What was charged (費用項目).
    pub item: Concept,
    /// Fee category, where the source's own words say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<FeeCategory>,
    /// The source's own category, as written (Claim.item.category).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_category: Option<Concept>,
    /// Special material (特殊材料) that was charged, where it is named apart from its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<Material>,
    /// Who pays this line.
    pub payer: Payer,
    /// What else the source says of it, for example a copay code (部分負擔代碼).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Concept>,
    /// Day of service, or its first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serviced_on: Option<Date>,
    /// Last day of service, where it took several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serviced_until: Option<Date>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Price of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Twd>,
    /// Amount of the line.
    pub amount: Twd,
}

/// A special material (特殊材料), in most cases one the patient pays (自費特材).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// Its code, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Coding>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Who pays a receipt line. The list may grow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// The patient, for what National Health Insurance does not cover (自費).
    SelfPay,
    /// The patient's share of what it covers (部分負擔).
    Copay,
    /// National Health Insurance (健保); the figure may be points.
    Nhi,
    /// The source does not say.
    Unstated,
    /// A word of a later list than this build's, kept as it stands.
    #[serde(untagged)]
    Unknown(String),
}

/// An amount taken off: a reduction of the hospital's (減免) or a subsidy (補助).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reduction {
    /// The line it belongs to; absent where it is taken off the whole receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What kind of reduction it is, where the source's own words say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ReductionKind>,
    /// Why, as the source wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Concept>,
    /// How much less is asked, never negative.
    pub amount: Twd,
}

/// Who gives up the amount of a [`Reduction`]. The list may grow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReductionKind {
    /// The hospital asks less (減免、優待、折扣).
    Hospital,
    /// Public money pays it (公費補助).
    Subsidy,
    /// A word of a later list than this build's, kept as it stands.
    #[serde(untagged)]
    Unknown(String),
}

/// Sums of a receipt. What the source states and the sums of the lines are kept apart: hospitals count differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiptTotals {
    /// The total the source states for the patient to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Twd>,
    /// The total of all payers, where the source states one apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_gross: Option<Twd>,
    /// What the source states as the sum of the lines the patient pays (自費).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_self_pay: Option<Twd>,
    /// What the source states as the sum of the copay (部分負擔).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_copay: Option<Twd>,
    /// What the source states as the sum of NHI (健保); may be points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_nhi: Option<Twd>,
    /// Sum of the lines the patient pays (自費).
    pub self_pay: Twd,
    /// Sum of the copay lines (部分負擔); absent means none.
    #[serde(default, skip_serializing_if = "Twd::is_zero")]
    pub copay: Twd,
    /// Sum of the lines National Health Insurance pays; may be points, so it is in no other sum.
    pub nhi: Twd,
    /// Sum of the lines whose payer is unstated.
    pub unstated: Twd,
    /// Sum of the reductions; absent means none.
    #[serde(default, skip_serializing_if = "Twd::is_zero")]
    pub reductions: Twd,
    /// Due (應收), where the source states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Twd>,
    /// Paid (已收), where the source states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Twd>,
    /// Unpaid (未收), where the source states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpaid: Option<Twd>,
}

opaque_debug!(MedicalReceipt, ReceiptKey, CopyKind, ReceiptLine, Material, Payer, Reduction, ReductionKind);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_word_of_a_later_list_is_kept_as_it_stands() {
        fn check<T: Serialize + serde::de::DeserializeOwned + PartialEq>(known: (&str, T), later: (&str, T)) {
            for (word, value) in [known, later] {
                assert!(serde_json::from_value::<T>(json!(word)).unwrap() == value, "{word}");
                assert_eq!(serde_json::to_value(value).unwrap(), json!(word));
            }
            for broken in [Value::Null, json!(1), json!(["self-pay"]), json!({ "more": "self-pay" })] {
                assert!(serde_json::from_value::<T>(broken).is_err());
            }
        }
        let later = || "shared".to_owned();
        check(("self-pay", Payer::SelfPay), ("shared", Payer::Unknown(later())));
        check(("reprint", CopyKind::Reprint), ("shared", CopyKind::Unknown(later())));
        check(("subsidy", ReductionKind::Subsidy), ("shared", ReductionKind::Unknown(later())));
    }
}
