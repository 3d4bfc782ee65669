//! What people look at before a case is sent (防範偽冒申請): flags for the person and the insurer's staff, never a refusal. Pure.
//!
//! In: a draft, and what is known beside it. Out: each flag with its words. No value is repeated.

use claimgate_packet::evidence::accident::NoticeKind;
use jiff::civil::{Date, date};

use super::draft::Draft;
use super::facts::{day, statement};
use super::plan::{person, plans};

/// From this day on the higher limits of compulsory cover hold (強制汽車責任保險給付標準, 2026).
pub const LIMITS_FROM: Date = date(2026, 7, 1);

/// What is known beside a draft.
#[derive(Clone, Default)]
pub struct Beside {
    /// Names of the parties on the police's slip, where it is here.
    pub police_names: Option<Vec<String>>,
    /// The day the police recorded.
    pub police_day: Option<Date>,
    /// Whether one of its files is in another case too.
    pub file_elsewhere: bool,
    /// Keys of claims whose damage is claimed elsewhere too.
    pub claimed_elsewhere: Vec<String>,
}

claimgate_packet::opaque_debug!(Beside);

/// A flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// A stable word.
    pub code: &'static str,
    /// The field it is about.
    pub field: Option<String>,
    /// In English.
    pub text: &'static str,
    /// In Chinese.
    pub chinese: &'static str,
}

/// The flags of a draft.
#[must_use]
pub fn checks(draft: &Draft, beside: &Beside) -> Vec<Flag> {
    let mut flags = Vec::new();
    let mut flag = |code, field: Option<String>, text, chinese| flags.push(Flag { code, field, text, chinese });
    let holder = draft.text("payout.holder");
    for (key, plan) in plans(draft) {
        let claimant = person(draft, plan.claimant.as_ref());
        let name = claimant.as_ref().and_then(|one| one.name.clone());
        let statutory = plan.kind == NoticeKind::InjuryCompulsory;
        if statutory && holder.as_ref().zip(name.as_ref()).is_some_and(|(holder, name)| holder != name) {
            flag(
                "payout-other-name",
                Some("payout.holder".to_owned()),
                "The account is in another name than the claimant's: a compulsory benefit goes to the claimant alone",
                "帳戶戶名與請求權人不同；強制險給付應匯入請求權人本人帳戶",
            );
        }
        let victim = person(draft, plan.victim.as_ref()).and_then(|one| one.name).or(name);
        if let (Some(listed), Some(victim)) = (&beside.police_names, victim)
            && !matches!(plan.kind, NoticeKind::OwnDamage | NoticeKind::ThirdPartyDamage)
            && !listed.contains(&victim)
        {
            flag(
                "not-on-police-list",
                Some(format!("claim.{key}")),
                "The person this is claimed for is not among the parties the police wrote down",
                "受害人未列於警方當事人登記聯單",
            );
        }
        if beside.claimed_elsewhere.contains(&key) {
            flag(
                "claimed-elsewhere",
                Some(format!("claim.{key}")),
                "The same damage is claimed from another insurer too; both are linked",
                "同一損害亦向其他保險公司申請，已建立關聯",
            );
        }
    }
    if beside.file_elsewhere {
        flag("file-elsewhere", None, "A file stands in another case too", "有檔案亦出現於其他案件");
    }
    if let Some(on) = day(draft) {
        let near = on >= LIMITS_FROM.saturating_sub(jiff::Span::new().days(3))
            && on <= LIMITS_FROM.saturating_add(jiff::Span::new().days(2));
        let crossed = beside.police_day.is_some_and(|of| (of < LIMITS_FROM) != (on < LIMITS_FROM));
        let unproved =
            near && beside.police_day.is_none() && statement(draft).is_none_or(|stated| !stated.record.exists);
        if crossed || unproved {
            flag(
                "limits-boundary",
                Some("occurrence.date".to_owned()),
                "The day decides which limits of compulsory cover hold (2026-07-01), and no police record shows it",
                "事故日期決定強制險給付標準（2026-07-01 起適用新制），尚無警方紀錄可證",
            );
        }
    }
    flags.dedup();
    flags
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn draft(fields: &[(&str, Value)]) -> Draft {
        let mut draft = Draft::default();
        for (name, value) in fields {
            draft.fill(name, value, Timestamp::UNIX_EPOCH);
        }
        draft
    }

    fn codes(draft: &Draft, beside: &Beside) -> Vec<&'static str> {
        checks(draft, beside).iter().map(|flag| flag.code).collect()
    }

    #[test]
    fn each_check_flags_what_people_should_see() {
        let claim = ("claim.a", json!({ "kind": "injury-compulsory", "insurer": "motor-1", "claimant": "me" }));
        let me = ("person.me", json!({ "name": "王小明" }));
        let plain = draft(&[
            claim.clone(),
            me.clone(),
            ("payout.holder", json!("王小明")),
            ("occurrence.date", json!("2026-11-01")),
        ]);
        assert!(codes(&plain, &Beside::default()).is_empty());
        let other = draft(&[claim, me, ("payout.holder", json!("陳大文")), ("occurrence.date", json!("2026-07-01"))]);
        assert_eq!(codes(&other, &Beside::default()), ["payout-other-name", "limits-boundary"]);
        let beside = Beside {
            police_names: Some(vec!["李大華".to_owned()]),
            police_day: Some(date(2026, 6, 30)),
            file_elsewhere: true,
            claimed_elsewhere: vec!["a".to_owned()],
        };
        let all = ["payout-other-name", "not-on-police-list", "claimed-elsewhere", "file-elsewhere", "limits-boundary"];
        assert_eq!(codes(&other, &beside), all);
        let there = Beside { police_day: Some(date(2026, 7, 1)), ..Beside::default() };
        assert_eq!(codes(&other, &there), ["payout-other-name"], "the police say the same day");
    }
}
