//! A decision (理賠決定) as an insurer reports it: what was claimed, and per receipt line what of it is accepted or declined
//! and why. Amounts in, amounts out: it balances, or the first place where it does not is named. Knows no states, no IO.

use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// The most lines of a decision: a long stay's receipts have some hundred.
pub const LINES: usize = 500;

macro_rules! reasons {
    ($($variant:ident = $code:literal, $chinese:literal, $english:literal;)+) => {
        /// Why an amount is not paid (不給付原因): a closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "DeclineReason"))]
        pub enum Reason {
            $(#[doc = $english] #[serde(rename = $code)] $variant,)+
        }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code in interfaces.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// In Chinese, for people.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese,)+ }
            }

            /// In English, for people.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $english,)+ }
            }
        }
    };
}

reasons! {
    NotInForce = "not-in-force", "保單未生效或已失效", "The policy did not count on that day.";
    WaitingPeriod = "waiting-period", "等待期間", "It happened within the waiting period.";
    Excluded = "excluded", "除外責任", "The policy excludes it.";
    NotCovered = "not-covered", "非保障範圍", "The policy does not cover it.";
    PreExisting = "pre-existing", "投保前已患疾病", "The illness was there before the policy.";
    NotDisclosed = "not-disclosed", "違反告知義務", "It was not disclosed when the policy was made.";
    Deductible = "deductible", "自負額", "The insured bears this part.";
    LimitUsed = "limit-used", "已達給付限額", "The limit of the policy is used up.";
    PaidElsewhere = "paid-elsewhere", "其他保險已給付", "Another insurer has paid it.";
    PaidByNhi = "paid-by-nhi", "健保已給付", "National Health Insurance has paid it.";
    NonMedicalFee = "non-medical-fee", "非醫療費用", "The fee is none of medical care.";
    NotNecessary = "not-necessary", "非必要醫療", "The care was not needed for what was treated.";
    CopyNotAccepted = "copy-not-accepted", "不接受副本收據", "The policy wants the original of the receipt.";
    PapersMissing = "papers-missing", "文件不足", "The papers do not show it.";
    ClaimedTwice = "claimed-twice", "重複申請", "It was claimed before.";
    TooLate = "too-late", "請求權時效消滅", "The time to claim it is over.";
    Other = "other", "其他", "Another reason; the insurer's letter says which.";
}

/// What an insurer decides of a submission.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The day it was decided.
    pub decided_on: Date,
    /// The desk or team that decided, never a person's name.
    #[validate(length(min = 1, max = 64))]
    pub decided_by: String,
    /// The sum of what was claimed.
    pub claimed: Twd,
    /// The sum of what is accepted.
    pub accepted: Twd,
    /// The sum of what is declined.
    pub declined: Twd,
    /// The version of the decision this one reverses and replaces; needed where one stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 1))]
    pub corrects: Option<i64>,
    /// Why it is corrected; with `corrects` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1_000))]
    pub correction: Option<String>,
    /// Each receipt line, or each benefit where there is no receipt.
    #[validate(length(min = 1, max = 500), nested)]
    pub lines: Vec<DecisionLine>,
}

/// What is decided of one line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionLine {
    /// Number of the receipt (收據號碼), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 64))]
    pub receipt: Option<String>,
    /// The line of the receipt, or the benefit (給付項目), as the insurer names it.
    #[validate(length(min = 1, max = 120))]
    pub item: String,
    /// The policy (保單) it is decided under, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 64))]
    pub policy: Option<String>,
    /// What was claimed.
    pub claimed: Twd,
    /// What is accepted of it.
    pub accepted: Twd,
    /// What is declined of it.
    pub declined: Twd,
    /// Why; their amounts make up what is declined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 10))]
    pub reasons: Vec<Declined>,
}

/// An amount that is declined for one reason.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Declined {
    /// Why.
    pub code: Reason,
    /// How much.
    pub amount: Twd,
}

opaque_debug!(Decision, DecisionLine, Declined);

/// Where a decision does not balance. Names places, never amounts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Unbalanced {
    /// JSON pointer within the decision.
    pub at: String,
    /// What does not fit.
    pub what: &'static str,
}

impl Decision {
    /// Whether all of it fits together: accepted and declined make up what was claimed in each line, reasons what is
    /// declined, lines the sums.
    ///
    /// # Errors
    /// The first place that does not.
    pub fn check(&self) -> Result<(), Unbalanced> {
        let wrong = |at: String, what| Err(Unbalanced { at, what });
        for (place, line) in self.lines.iter().enumerate() {
            let negative = [line.claimed, line.accepted, line.declined].iter().any(|amount| *amount < Twd::ZERO);
            if negative || line.reasons.iter().any(|reason| reason.amount <= Twd::ZERO) {
                return wrong(
                    format!("/lines/{place}"),
                    "an amount is not negative, and that of a reason more than zero",
                );
            }
            if line.accepted.checked_add(line.declined) != Some(line.claimed) {
                return wrong(format!("/lines/{place}/claimed"), "accepted and declined make up what was claimed");
            }
            if Twd::sum(line.reasons.iter().map(|reason| reason.amount)) != Some(line.declined) {
                let what = "the amounts of the reasons make up what is declined; what is declined has a reason";
                return wrong(format!("/lines/{place}/reasons"), what);
            }
        }
        let sum = |of: fn(&DecisionLine) -> Twd| Twd::sum(self.lines.iter().map(of));
        for (name, total, lines) in [
            ("claimed", self.claimed, sum(|line| line.claimed)),
            ("accepted", self.accepted, sum(|line| line.accepted)),
            ("declined", self.declined, sum(|line| line.declined)),
        ] {
            if lines != Some(total) {
                return wrong(format!("/{name}"), "the total is the sum of the lines");
            }
        }
        if self.corrects.is_some() != self.correction.is_some() {
            return wrong("/correction".to_owned(), "a corrected decision says why, and only that one");
        }
        Ok(())
    }

    /// The word of its outcome: `accepted`, `partly-accepted` or `declined`.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match (self.accepted.is_zero(), self.declined.is_zero()) {
            (true, _) => "declined",
            (false, true) => "accepted",
            (false, false) => "partly-accepted",
        }
    }
}

/// What the insurer found of one policy (保單).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyFound {
    /// Its number; left out where none was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 64))]
    pub number: Option<String>,
    /// Whether it is there and counts.
    pub result: PolicyResult,
    /// What it insures, as the insurer names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 120))]
    pub product: Option<String>,
}

/// Whether a policy is there and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PolicyResult {
    /// There is one, and it counts (有效).
    Matched,
    /// There is none (查無保單).
    NotFound,
    /// There is one, and it did not count on that day (保單未生效或已失效).
    NotInForce,
}

/// Whom to ask at the insurer (承辦窗口): a desk, not a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// The desk.
    #[validate(length(min = 1, max = 64))]
    pub desk: String,
    /// Its telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 5, max = 40))]
    pub phone: Option<String>,
    /// Its mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 3, max = 120))]
    pub email: Option<String>,
}

opaque_debug!(PolicyFound, Handler);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    type Change = fn(&mut Value);

    fn decision(change: impl FnOnce(&mut Value)) -> Decision {
        let mut value = json!({
            "decided_on": "2026-11-23", "decided_by": "健康險理賠科",
            "claimed": "1500", "accepted": "1200", "declined": "300",
            "lines": [
                { "receipt": "R-1", "item": "病房費差額", "claimed": "1200", "accepted": "1200", "declined": "0" },
                { "receipt": "R-1", "item": "證明書費", "claimed": "300", "accepted": "0", "declined": "300",
                  "reasons": [{ "code": "non-medical-fee", "amount": "200" }, { "code": "deductible", "amount": "100" }] },
            ],
        });
        change(&mut value);
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_decision_balances_or_the_place_is_named() {
        let fine = decision(|_| ());
        assert_eq!((fine.check(), fine.outcome()), (Ok(()), "partly-accepted"));
        let cases: [(&str, Change); 7] = [
            ("/lines/0/claimed", |value| value["lines"][0]["claimed"] = json!("1201")),
            ("/lines/1/reasons", |value| value["lines"][1]["reasons"][0]["amount"] = json!("199.99")),
            ("/lines/1/reasons", |value| value["lines"][1]["reasons"] = json!([])),
            ("/lines/0", |value| value["lines"][0]["accepted"] = json!("-1")),
            ("/accepted", |value| value["accepted"] = json!("1201")),
            ("/claimed", |value| value["claimed"] = json!("1500.01")),
            ("/correction", |value| value["corrects"] = json!(1)),
        ];
        for (at, change) in cases {
            assert_eq!(decision(change).check().unwrap_err().at, at);
        }
    }

    #[test]
    fn every_reason_reads_back_from_its_code_and_no_other_word_does() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::from_value::<Reason>(json!(reason.as_str())).unwrap(), *reason);
        }
        assert!(serde_json::from_str::<Reason>("\"no-reason\"").is_err());
    }
}
