//! Which police paper is given from which day on (道路交通事故處理辦法 §13), and what a recipient gets of it. Pure.
//!
//! In: a paper, the day of the accident, the ground and line of a recipient. Out: the day with its article, and content or
//! check. A source that names another day is right about its own papers.

use claimgate_adapters::police::api::{GroundKind, Item};
use jiff::civil::Date;
use jiff::{Span, Timestamp};

/// From which day on a paper is given.
struct Release {
    item: Item,
    /// Accidents from this day on; none: as far back as is known.
    from: Option<Date>,
    /// Days after the accident.
    days: i64,
    article: &'static str,
}

/// The text of 2024-10-11. A change of the rule is a further row with the day from which it holds.
const RELEASES: [Release; 4] = [
    Release {
        item: Item::AccidentRegistrationSlip, from: None, days: 0, article: "道路交通事故處理辦法 §13 I (1)"
    },
    Release {
        item: Item::AccidentSceneSketch, from: None, days: 7, article: "道路交通事故處理辦法 §13 I (2)"
    },
    Release {
        item: Item::AccidentScenePhotos, from: None, days: 7, article: "道路交通事故處理辦法 §13 I (2)"
    },
    Release {
        item: Item::AccidentPreliminaryAnalysis,
        from: None,
        days: 30,
        article: "道路交通事故處理辦法 §13 I (3)",
    },
];

/// From when on a paper is asked for, and by which article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The day, in Taiwan.
    pub on: Date,
    /// Its first instant.
    pub at: Timestamp,
    /// The article.
    pub article: &'static str,
}

/// What a recipient gets of a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The paper itself, as far as the disclosure policy goes.
    Content,
    /// What the check found, and nothing of the paper.
    Check,
}

impl Share {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Check => "check",
        }
    }
}

/// From when on a paper of an accident is asked for.
#[must_use]
pub fn release(item: Item, accident: Date) -> Option<Due> {
    let holds = |row: &&Release| row.item == item && row.from.is_none_or(|from| from <= accident);
    let row = RELEASES.iter().filter(holds).max_by_key(|row| row.from)?;
    let on = accident.checked_add(Span::new().days(row.days)).ok()?;
    Some(Due { on, at: first_instant(on)?, article: row.article })
}

/// The first instant of a day in Taiwan.
#[must_use]
pub fn first_instant(on: Date) -> Option<Timestamp> {
    let midnight = on.at(0, 0, 0, 0);
    jiff::tz::offset(8).to_timestamp(midnight).ok()
}

/// What a ground carries: with a consent, a mandate or a statute the paper, without one what the check found.
#[must_use]
pub fn share(ground: Option<GroundKind>) -> Share {
    match ground {
        Some(GroundKind::Consent | GroundKind::Mandate | GroundKind::Statutory) => Share::Content,
        None => Share::Check,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn each_paper_has_its_day_and_article() {
        let accident = date(2026, 2, 3);
        let days: Vec<_> = Item::ALL.iter().map(|item| release(*item, accident).unwrap().on).collect();
        assert_eq!(days, [accident, date(2026, 2, 10), date(2026, 2, 10), date(2026, 3, 5)]);
        let sketch = release(Item::AccidentSceneSketch, accident).unwrap();
        assert_eq!(sketch.at.to_string(), "2026-02-09T16:00:00Z", "midnight in Taiwan");
        assert!(sketch.article.contains("§13"));
    }

    #[test]
    fn who_has_no_ground_gets_the_check_alone() {
        assert_eq!(share(None), Share::Check);
        assert!(GroundKind::ALL.iter().all(|kind| share(Some(*kind)) == Share::Content));
    }
}
