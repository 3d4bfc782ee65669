//! Jobs step by step: what stands after a supplement, what a quote may not, what comes in the wrong order.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

fn job(purpose: RepairPurpose) -> Repair {
    Repair {
        purpose,
        mandate: "M-1".to_owned(),
        plates: vec!["ABC-1234".to_owned()],
        accident_on: None,
        note: None,
        accepted_at: None,
        inspection: None,
        versions: Vec::new(),
        rulings: Rulings::new(),
        decisions: Vec::new(),
        invoice: None,
        former_invoices: Vec::new(),
        handover: None,
        end: None,
        history: Vec::new(),
    }
}

fn now() -> Timestamp {
    "2026-11-24T02:00:00Z".parse().unwrap()
}

fn labour(lines: &[(u32, i64)]) -> Box<Estimate> {
    let line = |(line, amount): &(u32, i64)| {
        json!({ "line": line, "kind": "labour", "operation": "repair", "text": "鈑金", "hours": "1",
                "rate": amount.to_string(), "amount": amount.to_string(), "tax": "0" })
    };
    let sum: i64 = lines.iter().map(|(_, amount)| amount).sum();
    let value = json!({
        "number": "E-1", "on": "2026-11-24", "vehicle": { "plate": "abc1234" },
        "lines": lines.iter().map(line).collect::<Vec<Value>>(),
        "totals": { "labour": sum.to_string(), "parts": "0", "paint": "0", "other": "0", "net": sum.to_string(),
                    "tax": "0", "gross": sum.to_string() },
    });
    Box::new(serde_json::from_value(value).unwrap())
}

fn decision(version: u32, lines: &[u32]) -> Step {
    let lines: Vec<Value> = lines.iter().map(|line| json!({ "line": line, "result": "approved" })).collect();
    Step::Decide(Box::new(serde_json::from_value(json!({ "version": version, "lines": lines })).unwrap()))
}

fn inspected(outcome: Outcome) -> Step {
    Step::Inspect(Inspected { outcome, instead: None, note: None })
}

#[test]
fn a_supplement_leaves_what_was_decided_of_lines_that_are_the_same() {
    let mut job = job(RepairPurpose::Repair);
    for step in [Step::Accept, inspected(Outcome::Done), Step::Estimate(labour(&[(1, 1_000), (2, 2_000)]))] {
        assert!(job.take(&step, now()).unwrap());
    }
    assert!(job.take(&decision(1, &[1, 2]), now()).unwrap());
    assert_eq!(job.state(), RepairState::Approved);
    // Line 1 is as it was, line 2 costs more, line 3 is new.
    assert!(job.take(&Step::Estimate(labour(&[(1, 1_000), (2, 2_500), (3, 500)])), now()).unwrap());
    assert_eq!((job.state(), job.rulings.keys().copied().collect::<Vec<_>>()), (RepairState::Estimated, vec![1]));
    assert!(matches!(job.take(&decision(1, &[2, 3]), now()), Err(NotRepair::Version)));
    assert!(job.take(&decision(2, &[2]), now()).unwrap());
    assert_eq!(job.state(), RepairState::Estimated, "one line waits");
    assert!(job.take(&decision(2, &[3]), now()).unwrap());
    assert!(!job.take(&decision(2, &[3]), now()).unwrap(), "the same again");
    assert_eq!(job.state(), RepairState::Approved);
}

#[test]
fn steps_in_the_wrong_order_are_refused_and_change_nothing() {
    let mut quote = job(RepairPurpose::Quote);
    let before = quote.clone();
    assert!(matches!(quote.take(&Step::Estimate(labour(&[(1, 1)])), now()), Err(NotRepair::State(_))), "not accepted");
    assert!(quote == before);
    quote.take(&Step::Accept, now()).unwrap();
    assert!(!quote.take(&Step::Accept, now()).unwrap());
    quote.take(&Step::Estimate(labour(&[(1, 1)])), now()).unwrap();
    assert_eq!(quote.state(), RepairState::Quoted);
    assert!(matches!(quote.take(&decision(1, &[1]), now()), Err(NotRepair::QuoteOnly)));
    assert!(matches!(quote.take(&inspected(Outcome::Waived), now()), Err(NotRepair::QuoteOnly)));
    quote.take(&Step::Choose, now()).unwrap();
    assert_eq!(quote.state(), RepairState::Estimated);
    assert!(matches!(quote.take(&decision(1, &[1]), now()), Err(NotRepair::NotInspected)));
    assert!(matches!(quote.take(&inspected(Outcome::Agreed), now()), Err(NotRepair::Inspection)), "nothing was asked");
    let past =
        Asked { kind: InspectionKind::Appointment, at: Some(now()), place: Some("廠內".to_owned()), note: None };
    assert!(matches!(quote.take(&Step::AskInspection(past), now()), Err(NotRepair::Inspection)));
    let mut other = labour(&[(1, 2)]);
    other.vehicle.plate = "XYZ-9999".to_owned();
    assert!(matches!(quote.take(&Step::Estimate(other), now()), Err(NotRepair::OtherVehicle)));
    assert!(matches!(quote.take(&Step::Confirm(true, None), now()), Err(NotRepair::State(_))));
    quote.take(&Step::Withdraw(None), now()).unwrap();
    assert!(!quote.take(&Step::Withdraw(None), now()).unwrap());
    assert!(matches!(quote.take(&Step::Accept, now()), Err(NotRepair::State(RepairState::Withdrawn))));
}

#[test]
fn states_read_back_by_their_words() {
    for state in RepairState::ALL {
        assert_eq!(state.as_str().parse(), Ok(*state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}
