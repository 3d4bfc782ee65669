//! Statements of made-up books, and of books made by chance.

use jiff::Timestamp;

use super::*;
use crate::id::Random;

type Case = (Kind, &'static str, Vec<(usize, Entry)>);

const DAYS: [&str; 3] = ["2026-11-22", "2026-11-23", "2026-11-24"];

fn books(entries: &[(usize, Entry)]) -> Books {
    let random = Random::system();
    Books {
        submission: SubmissionId::new(Timestamp::UNIX_EPOCH, &random),
        claim: ClaimId::new(Timestamp::UNIX_EPOCH, &random),
        line: Line::HealthReimbursement,
        other: "hospital-a".parse().unwrap(),
        entries: entries.iter().map(|(day, entry)| (DAYS[*day].parse().unwrap(), *entry)).collect(),
    }
}

fn statement(day: usize, all: &[Books]) -> Statement {
    let mut statement = Statement::new(&"insurer-a".parse().unwrap(), DAYS[day].parse().unwrap(), true);
    for one in all {
        statement.add(one);
    }
    statement
}

fn twd(amount: &str) -> Twd {
    amount.parse().unwrap()
}

#[test]
fn a_day_balances_where_what_is_accepted_is_paid_and_lists_what_is_not() {
    use Entry::{CameBack, Decided, Paid};
    let even = books(&[(0, Decided(twd("1200"))), (1, Paid(twd("1200")))]);
    let fine = statement(1, &[even]);
    assert!(fine.balances && fine.accounts["hospital-a"].differences.is_empty());
    assert_eq!(
        serde_json::to_value(fine.total).unwrap(),
        serde_json::json!({
            "opening": "1200", "decided": "0", "reversed": "0", "paid": "1200", "came_back": "0", "closing": "0"
        })
    );
    let uneven: [Case; 5] = [
        (Kind::DecidedUnpaid, "1200", vec![(1, Decided(twd("1200")))]),
        (Kind::PartlyPaid, "200.50", vec![(0, Decided(twd("1200.50"))), (1, Paid(twd("1000")))]),
        (Kind::CameBack, "1200", vec![(0, Decided(twd("1200"))), (0, Paid(twd("1200"))), (1, CameBack(twd("1200")))]),
        (Kind::PaidWithoutDecision, "-500", vec![(1, Paid(twd("500")))]),
        (Kind::Overpaid, "-200", vec![(0, Decided(twd("1200"))), (0, Paid(twd("1200"))), (1, Decided(twd("1000")))]),
    ];
    for (kind, amount, entries) in uneven {
        let told = statement(1, &[books(&entries)]);
        let account = &told.accounts["hospital-a"];
        let one = &account.differences[0];
        assert_eq!((one.kind, one.amount.to_string().as_str(), told.balances), (kind, amount, false));
        assert_eq!((account.sums.closing, account.unexplained), (one.amount, Total(0)), "{kind:?}");
        assert!(told.to_csv().contains(&format!("{},,,,,,{amount}\r\n", kind.as_str())));
    }
}

#[test]
fn too_much_for_one_and_too_little_for_another_is_no_balance() {
    let more = books(&[(1, Entry::Paid(twd("500")))]);
    let less = books(&[(1, Entry::Decided(twd("500")))]);
    let told = statement(1, &[more, less]);
    assert!(told.total.closing.is_zero() && !told.balances);
    assert_eq!(told.accounts["hospital-a"].differences.len(), 2);
}

#[test]
fn a_day_closes_with_what_the_next_opens_with_whatever_happened() {
    let random = Random::system();
    let all: Vec<Books> = (0..500)
        .map(|_| {
            let mut entries: Vec<(usize, Entry)> = (0..6)
                .map(|_| {
                    let [day, kind, high, low] = random.bytes::<4>();
                    let amount = twd(&(u32::from(high) * 256 + u32::from(low)).to_string());
                    let entry = match kind % 3 {
                        0 => Entry::Decided(amount),
                        1 => Entry::Paid(amount),
                        _ => Entry::CameBack(amount),
                    };
                    (usize::from(day % 3), entry)
                })
                .collect();
            // Money comes back only where some was paid.
            entries.push((0, Entry::Paid(twd("1"))));
            entries.sort_by_key(|(day, entry)| (*day, matches!(entry, Entry::CameBack(_))));
            books(&entries)
        })
        .collect();
    for day in 0..2 {
        let (one, next) = (statement(day, &all), statement(day + 1, &all));
        let Sums { opening, decided, reversed, paid, came_back, closing } = one.total;
        assert_eq!(opening.0 + decided.0 - reversed.0 - paid.0 + came_back.0, closing.0);
        assert_eq!(closing, next.total.opening);
        let listed: i64 = one.accounts["hospital-a"].differences.iter().map(|one| one.amount.0).sum();
        assert_eq!(listed, closing.0);
        assert!(one.accounts["hospital-a"].unexplained.is_zero());
        assert!(next.accounts["hospital-a"].unexplained.is_zero());
    }
}
