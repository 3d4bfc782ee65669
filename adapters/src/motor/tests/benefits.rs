//! What is owed, by the day, within every cap.

use claimgate_packet::amount::Twd;

use super::super::benefits::*;
use super::super::documents::*;
use super::super::limits::*;
use super::*;

const BEFORE: jiff::civil::Date = date(2026, 6, 30);
const AFTER: jiff::civil::Date = date(2026, 7, 1);

fn amount(text: &str) -> Twd {
    text.parse().unwrap()
}

fn cost(kind: CostKind, sum: &str, units: Option<u32>) -> Cost {
    Cost { kind, amount: amount(sum), units, by_doctor: false }
}

fn of(losses: &Losses) -> Estimate {
    estimate(BEFORE, Asked::Insurer, losses).unwrap()
}

fn allowed(costs: Vec<Cost>) -> String {
    let found = of(&Losses { costs, ..Losses::default() });
    found.steps[0].allowed.to_string()
}

#[test]
fn each_cost_is_held_within_its_cap() {
    for (kind, sum, units, expected) in [
        (CostKind::Emergency, "8000", None, "8000"),
        (CostKind::WardDifference, "6000", Some(3), "4500"),
        (CostKind::Meals, "500", Some(3), "500"),
        (CostKind::Meals, "600", Some(3), "540"),
        (CostKind::Prosthesis, "130000", Some(2), "100000"),
        (CostKind::Denture, "48000", Some(4), "40000"),
        (CostKind::Denture, "90000", Some(7), "50000"),
        (CostKind::ArtificialEye, "12000", Some(1), "10000"),
        (CostKind::Materials, "20001", None, "20000"),
        (CostKind::Transport, "19999.50", None, "19999.50"),
        (CostKind::Nursing, "60000", Some(40), "36000"),
        (CostKind::HomeNursing, "2400", Some(2), "0"),
        (CostKind::NhiPaid, "50000", None, "0"),
    ] {
        assert_eq!(allowed(vec![cost(kind, sum, units)]), expected, "{kind:?}");
    }
    // Thirty days of nursing in all, in hospital and at home.
    let home = Cost { by_doctor: true, ..cost(CostKind::HomeNursing, "24000", Some(20)) };
    let found = of(&Losses { costs: vec![home, cost(CostKind::Nursing, "24000", Some(20))], ..Losses::default() });
    assert_eq!((found.steps[0].allowed, found.steps[1].allowed), (amount("24000"), amount("12000")));
    // All within 200,000.
    let found = of(&Losses { costs: vec![cost(CostKind::Treatment, "260000", None)], ..Losses::default() });
    assert_eq!((found.medical, found.due, found.nhi_room), (amount("200000"), amount("200000"), Twd::ZERO));
    assert!(found.estimate && !found.notice_zh.is_empty());
}

#[test]
fn the_day_of_the_accident_decides_the_limits() {
    let died = Losses { died: true, ..Losses::default() };
    for (on, expected) in [(BEFORE, "2000000"), (AFTER, "3000000")] {
        let found = estimate(on, Asked::Insurer, &died).unwrap();
        assert_eq!(found.total, amount(expected), "{on}");
        let ahead: Vec<(Benefit, i64)> =
            found.provisional.iter().map(|one| (one.benefit, one.amount.hundredths() * 2)).collect();
        assert_eq!(ahead, [(Benefit::Death, amount(expected).hundredths())], "half of it ahead");
    }
    let level = |on, level| {
        let losses = Losses { disability_levels: vec![level], ..Losses::default() };
        let found = estimate(on, Asked::Insurer, &losses).unwrap();
        (found.total.to_string(), found.status)
    };
    assert_eq!(level(BEFORE, 2), ("1670000".to_owned(), Status::Confirmed));
    assert_eq!(level(AFTER, 15), ("80000".to_owned(), Status::Unverified));
    assert_eq!(estimate(date(2012, 2, 29), Asked::Insurer, &died).unwrap_err()[0].at, "/on");
    // The rows follow one another without gap or overlap.
    for pair in LIMITS.windows(2) {
        assert_eq!(pair[0].until.unwrap().tomorrow().unwrap(), pair[1].from);
    }
    assert!(LIMITS.iter().all(|row| row.disability.is_sorted_by(|one, next| one > next)));
}

#[test]
fn several_disabilities_combine_by_the_standard() {
    let limits = limits(BEFORE).unwrap();
    for (levels, level, sum) in [
        (vec![7], Some(7), 730_000),
        (vec![15, 15], Some(15), 50_000),
        (vec![14, 15], Some(14), 70_000),
        (vec![12, 13], Some(11), 270_000),
        (vec![13, 13], Some(12), 170_000),
        (vec![8, 8], Some(6), 900_000),
        // Raised by one to 730,000, which is more than both together.
        (vec![8, 14], None, 670_000),
        (vec![7, 8], Some(5), 1_070_000),
        (vec![5, 5], Some(2), 1_670_000),
        (vec![2, 3], Some(1), 2_000_000),
        (vec![1, 15], Some(1), 2_000_000),
    ] {
        let found = combined(&levels, limits).unwrap();
        assert_eq!((found.level, found.amount), (level, sum), "{levels:?}");
    }
    // Every one, two and three levels of either table: never less than the highest, never more than the sum or level 1.
    for row in &LIMITS {
        for one in 1..=15_u8 {
            for two in 0..=15_u8 {
                for three in 0..=15_u8 {
                    let levels: Vec<u8> = [one, two, three].into_iter().filter(|level| *level > 0).collect();
                    let found = combined(&levels, row).unwrap();
                    let amounts: Vec<i64> = levels.iter().map(|level| row.level(*level).unwrap().0).collect();
                    let most = amounts.iter().sum::<i64>().min(row.disability[0]);
                    assert!(found.amount >= *amounts.iter().max().unwrap() && found.amount <= most, "{levels:?}");
                }
            }
        }
    }
    assert_eq!(combined(&[], limits), None);
}

#[test]
fn nothing_is_paid_twice_whoever_paid() {
    let paid = |benefit, sum: &str, by| Paid { benefit, amount: amount(sum), by, not_deducted: false };
    let losses = Losses {
        costs: vec![cost(CostKind::Treatment, "50000", None)],
        died: true,
        paid: vec![
            paid(Benefit::Medical, "60000", PaidBy::CompulsoryCover),
            paid(Benefit::Disability, "730000", PaidBy::CompulsoryCover),
            paid(Benefit::Death, "100000", PaidBy::Insured),
        ],
        ..Losses::default()
    };
    let found = of(&losses);
    assert_eq!((found.total, found.paid), (amount("2050000"), amount("880000")));
    assert_eq!((found.due, found.overpaid), (amount("1170000"), amount("10000")));
    assert_eq!(found.provisional[0].amount, amount("170000"), "half of the death benefit, less what was paid of it");
    // What both agreed not to deduct is not.
    let mut agreed = losses.clone();
    agreed.paid[2].not_deducted = true;
    assert_eq!(of(&agreed).due, amount("1270000"));
    // Grown worse: the level before is taken off. What is decided is paid ahead.
    let worse =
        Losses { disability_levels: vec![7], level_before: Some(9), level_decided: Some(9), ..Losses::default() };
    let found = of(&worse);
    assert_eq!((found.disability, found.provisional[0].amount), (amount("260000"), amount("470000")));
    // The fund says by which article it leaves out what NHI paid.
    let nhi = Losses { costs: vec![cost(CostKind::NhiPaid, "9000", None)], ..Losses::default() };
    let found = estimate(BEFORE, Asked::Fund, &nhi).unwrap();
    assert!(found.steps[0].basis.article.ends_with("§40 VI") && found.nhi_room.is_zero());
}

#[test]
fn losses_out_of_bounds_are_told_all_at_once() {
    let losses = Losses {
        costs: vec![
            cost(CostKind::Meals, "500", None),
            cost(CostKind::Emergency, "-1", Some(1)),
            Cost { by_doctor: true, ..cost(CostKind::Meals, "10000000.01", Some(4_000)) },
        ],
        disability_levels: vec![0, 16],
        level_before: Some(16),
        ..Losses::default()
    };
    let places: Vec<String> =
        estimate(BEFORE, Asked::Fund, &losses).unwrap_err().into_iter().map(|one| one.at).collect();
    assert_eq!(
        places,
        [
            "/costs/0/units",
            "/costs/1/amount",
            "/costs/1/units",
            "/costs/2/amount",
            "/costs/2/units",
            "/costs/2/by_doctor",
            "/disability_levels",
            "/level_before"
        ]
    );
    let most = Losses { costs: vec![cost(CostKind::Treatment, "10000000", None); MOST_COSTS], ..Losses::default() };
    assert_eq!(of(&most).medical, amount("200000"));
    let many = Losses { costs: vec![cost(CostKind::Treatment, "1", None); MOST_COSTS + 1], ..Losses::default() };
    assert_eq!(estimate(BEFORE, Asked::Fund, &many).unwrap_err()[0].at, "/costs");
}

#[test]
fn a_list_of_papers_says_what_is_there_coming_and_missing() {
    let claimed = Claimed {
        asked: Asked::Fund,
        benefits: vec![Benefit::Medical],
        costs: vec![CostKind::HomeNursing],
        identities: vec![super::super::claimants::Identity::Passport],
        circumstances: vec![Circumstance::Represented, Circumstance::Untraceable],
    };
    let papers = needed(&claimed);
    let codes: Vec<&str> = papers.iter().map(|one| one.code).collect();
    for code in
        ["compensation-application", "passport", "untraceable-proof", "representative-household", "home-nursing-proof"]
    {
        assert!(codes.contains(&code), "{code}");
    }
    assert!(!codes.contains(&"claim-application") && !codes.contains(&"death-certificate"));
    let (today, later) = (date(2026, 11, 1), date(2026, 12, 1));
    let days = [("accident-registration-slip", today), ("accident-preliminary-analysis", later)];
    let found = standing(&papers, &["medical-receipt"], &days, today);
    let state = |code: &str| found.iter().find(|one| one.needed.code == code).unwrap().state;
    assert_eq!(state("medical-receipt"), PaperState::There);
    assert_eq!(state("accident-registration-slip"), PaperState::Missing, "its day has come");
    assert_eq!(state("accident-preliminary-analysis"), PaperState::Coming { on: later });
    assert!(!is_complete(&found));
    let needs: Vec<&str> = papers.iter().filter(|one| !one.optional).map(|one| one.code).collect();
    assert!(is_complete(&standing(&papers, &needs, &days, today)), "optional papers may be wanting");
    // Codes are evidence types where there is one.
    assert!(codes.contains(&claimgate_packet::evidence::DIAGNOSIS_CERTIFICATE));
    assert!(codes.contains(&claimgate_packet::evidence::ACCIDENT_REGISTRATION_SLIP));
}
