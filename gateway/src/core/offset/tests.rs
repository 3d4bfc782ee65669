//! The machine under chance, its diagram, and what no story over HTTP shows.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::id::Random;

fn at(hours: i64) -> Timestamp {
    "2026-11-23T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

fn twd(amount: i64) -> Twd {
    amount.to_string().parse().unwrap()
}

fn party(name: &str) -> PartyId {
    format!("ins-{name}").parse().unwrap()
}

fn case(bill: i64, insurers: &[&str]) -> Offset {
    let id = || SubmissionId::new(at(0), &Random::system());
    let parts = insurers.iter().map(|name| Part::asked(party(name), id(), Line::HealthReimbursement)).collect();
    Offset::open(twd(bill), "2026-11-25".parse().unwrap(), parts, at(0))
}

fn promise(name: &str, amount: i64, hours: i64) -> Step {
    Step::Promise { party: party(name), amount: twd(amount), expires_at: at(hours), conditions: None }
}

fn instruction(by: Signer) -> Step {
    Step::Instruct(Instruction { method: "paper".into(), reference: "I-1".into(), signed_at: at(0), by })
}

fn pay(name: &str, amount: i64, reference: &str) -> Step {
    Step::Pay(party(name), twd(amount), reference.to_owned())
}

fn shares(case: &Offset) -> Vec<String> {
    case.shares().iter().map(ToString::to_string).collect()
}

#[test]
fn promises_count_in_their_order_and_never_beyond_the_bill() {
    let mut case = case(1_000, &["a", "b", "c"]);
    assert_eq!(case.take(&promise("b", 800, 10), at(1)), Ok(true));
    assert_eq!(case.take(&promise("b", 800, 10), at(1)), Ok(false), "said again it changes nothing");
    assert_eq!(case.take(&promise("c", 500, 10), at(1)), Ok(true));
    assert_eq!(
        (shares(&case), case.flags()),
        (vec!["0".into(), "800".into(), "200".into()], vec!["promised-beyond-bill"])
    );
    assert_eq!(case.take(&promise("a", 1_001, 10), at(1)), Err(NotOffset::AboveBill));
    assert_eq!(case.take(&promise("a", 900, 10), at(1)), Ok(true));
    assert_eq!(shares(&case), ["900", "100", "0"], "whoever stands first bears first, whenever it answered");
    assert_eq!(case.take(&Step::Accept, at(1)), Err(NotOffset::NoInstruction));
    assert_eq!(case.take(&instruction(Signer::Heirs), at(1)), Err(NotOffset::Heirs));
    assert_eq!(case.take(&instruction(Signer::Insured), at(1)), Ok(true));
    assert_eq!(case.take(&Step::Accept, at(2)), Ok(true));
    assert!(!case.pass(at(1_000)), "what was accepted does not expire");
    // The bill rises: what was promised and not used is there for it.
    assert_eq!(case.take(&Step::Bill(BillKind::Final, twd(1_700), None), at(3)), Ok(true));
    assert_eq!((shares(&case), case.state()), (vec!["900".into(), "800".into(), "0".into()], OffsetState::Billed));
    assert_eq!(case.take(&pay("a", 901, "T-1"), at(4)), Err(NotOffset::AboveDue));
    for step in [pay("a", 900, "T-1"), pay("b", 800, "T-2")] {
        assert_eq!(case.take(&step, at(4)), Ok(true));
    }
    assert_eq!(case.state(), OffsetState::Settled);
    // It falls after all was paid: the last in the order is freed first.
    assert_eq!(case.take(&Step::Bill(BillKind::Final, twd(850), None), at(5)), Ok(true));
    assert_eq!((shares(&case), case.state()), (vec!["850".into(), "0".into(), "0".into()], OffsetState::Refunding));
    assert_eq!(case.flags(), ["promised-beyond-bill", "paid-too-much"]);
}

#[test]
fn a_death_holds_the_promises_and_only_the_heirs_go_on() {
    let mut case = case(1_000, &["a"]);
    for step in [promise("a", 700, 10), instruction(Signer::Insured)] {
        assert_eq!(case.take(&step, at(1)), Ok(true));
    }
    assert_eq!(case.take(&Step::Death("2026-11-23".parse().unwrap()), at(2)), Ok(true));
    assert_eq!((case.state(), case.due_at()), (OffsetState::Held, None));
    assert!(!case.pass(at(1_000)), "no promise expires meanwhile");
    assert_eq!(case.take(&Step::Accept, at(30)), Err(NotOffset::State(OffsetState::Held)));
    assert_eq!(case.take(&instruction(Signer::Representative), at(30)), Err(NotOffset::Heirs));
    assert_eq!(case.take(&instruction(Signer::Heirs), at(30)), Ok(true));
    assert_eq!((case.take(&Step::Accept, at(31)), case.state()), (Ok(true), OffsetState::Accepted));
    assert_eq!(case.flags(), ["heirs"]);
}

#[test]
fn a_promise_expires_and_the_day_of_discharge_ends_what_was_not_accepted() {
    let mut case = case(1_000, &["a", "b"]);
    assert_eq!(case.take(&promise("a", 700, 10), at(1)), Ok(true));
    assert_eq!(case.due_at(), Some(at(10)));
    assert!(!case.pass(at(9)) && case.pass(at(10)));
    assert_eq!((case.state(), case.patient_part()), (OffsetState::Asked, twd(1_000)));
    // 2026-11-25 ends at 16:00 UTC.
    assert_eq!(case.due_at(), Some(at(64)));
    assert!(case.pass(at(64)));
    assert_eq!((case.state(), case.turns()), (OffsetState::Lapsed, Vec::new()));
    assert_eq!(case.take(&promise("b", 700, 100), at(65)), Err(NotOffset::State(OffsetState::Lapsed)));
    let words: Vec<&str> = case.history.iter().map(|one| one.step.as_str()).collect();
    assert_eq!(words, ["open", "promise", "time", "time"], "nothing is lost of it");
}

#[test]
fn an_insurer_knows_the_days_it_set_itself_and_no_other_ones() {
    let mut case = case(1_000, &["a", "b", "c"]);
    for step in [promise("a", 700, 10), promise("b", 500, 20)] {
        assert_eq!(case.take(&step, at(1)), Ok(true));
    }
    let until = |case: &Offset, name: &str| {
        let turns = case.turns_for(&party(name), &case.turns());
        turns.iter().map(|turn| (turn.role, turn.by)).collect::<Vec<_>>()
    };
    assert_eq!(case.turns()[0].by, Some(at(10)));
    assert_eq!(until(&case, "a"), [("patient", Some(at(10)))]);
    assert_eq!(until(&case, "b"), [("patient", Some(at(20)))]);
    assert_eq!(until(&case, "c"), [("patient", Some(at(64))), ("insurer", Some(at(64)))]);
    // What expires is a step of whoever promised it.
    assert!(case.pass(at(10)));
    let of = |case: &Offset| case.history.iter().skip(3).map(|one| one.party.clone()).collect::<Vec<_>>();
    assert_eq!(of(&case), [Some("ins-a".to_owned())]);
    assert_eq!(case.take(&Step::Decline(party("c"), None), at(11)), Ok(true));
    assert!(case.pass(at(20)));
    assert_eq!(case.state(), OffsetState::Lapsed);
    assert_eq!(of(&case)[2..], [Some("ins-b".to_owned()), None], "that it came to nothing is everybody's");
}

/// A number below `most`, by a generator anyone can repeat (Knuth's MMIX constants).
fn chance(seed: &mut u64, most: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % most
}

fn any_step(seed: &mut u64, now: Timestamp) -> Step {
    let who = party(["a", "b", "c"][usize::try_from(chance(seed, 3)).unwrap()]);
    let amount = twd(i64::try_from(chance(seed, 1_500)).unwrap());
    let later = now + SignedDuration::from_hours(i64::try_from(chance(seed, 90)).unwrap());
    let reference = format!("T-{}", chance(seed, 1_000_000));
    match chance(seed, 16) {
        0 => Step::Bill(BillKind::Provisional, amount, None),
        1 if chance(seed, 2) == 0 => Step::Bill(BillKind::Final, Twd::ZERO, None),
        1 | 2 => Step::Bill(BillKind::Final, amount, None),
        3..=5 => Step::Promise { party: who, amount, expires_at: later, conditions: None },
        6 => Step::Decline(who, None),
        7 => {
            let (reference, by) = (format!("I-{}", chance(seed, 2)), Signer::Insured);
            Step::Instruct(Instruction { method: "paper".into(), reference, signed_at: at(0), by })
        }
        8 => instruction(Signer::Heirs),
        9 | 10 => Step::Accept,
        11 if chance(seed, 4) == 0 => Step::Cancel(Canceller::Patient, None),
        11 => Step::Withdraw(who, None),
        12 if chance(seed, 3) == 0 => Step::Death("2026-11-23".parse().unwrap()),
        12 if chance(seed, 3) == 0 => Step::Discharge("2026-11-23".parse().unwrap()),
        13 | 14 => Step::Refund(who, amount, reference),
        _ => Step::Pay(who, amount, reference),
    }
}

/// An amount that fits, where chance would rarely find one.
fn fitting(case: &Offset, step: Step) -> Step {
    let due =
        |who: &PartyId| case.borne().find(|(part, _)| part.party == *who).map(|(part, share)| (share, part.paid()));
    match step {
        Step::Pay(who, amount, reference) => match due(&who) {
            Some((share, paid)) if share > paid => Step::Pay(who, share.checked_sub(paid).unwrap(), reference),
            _ => Step::Pay(who, amount, reference),
        },
        Step::Refund(who, amount, reference) => match due(&who) {
            Some((share, paid)) if paid > share => Step::Refund(who, paid.checked_sub(share).unwrap(), reference),
            _ => Step::Refund(who, amount, reference),
        },
        other => other,
    }
}

#[test]
fn whatever_is_said_the_bill_is_never_exceeded_the_order_holds_and_no_money_is_lost() {
    let mut seen: BTreeMap<(OffsetState, StepName), BTreeSet<OffsetState>> = BTreeMap::new();
    for start in 0..8_000_u64 {
        let mut dice = start.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (mut case, mut now) = (case(1_000, &["a", "b", "c"]), at(0));
        // Half of them begin where money is near: chance alone comes there rarely.
        let ahead = [promise("a", 600, 40), promise("b", 600, 40), instruction(Signer::Insured), Step::Accept];
        let bill = Step::Bill(BillKind::Final, twd(900), None);
        for step in ahead.iter().chain([&bill, &pay("a", 600, "T")]).take(usize::try_from(start % 8).unwrap()) {
            assert_eq!(case.take(step, now), Ok(true));
        }
        for _ in 0..30 {
            let most = if chance(&mut dice, 8) == 0 { 2_400 } else { 120 };
            now += SignedDuration::from_mins(i64::try_from(chance(&mut dice, most)).unwrap());
            let before = case.state();
            if case.pass(now) {
                assert!(before.successors(StepName::Time).contains(&case.state()), "{before} time {}", case.state());
                seen.entry((before, StepName::Time)).or_default().insert(case.state());
            }
            let (before, copy) = (case.state(), case.clone());
            let step = any_step(&mut dice, now);
            let step = if chance(&mut dice, 2) == 0 { fitting(&case, step) } else { step };
            match case.take(&step, now) {
                Ok(true) => {
                    let name = step.name();
                    assert!(before.successors(name).contains(&case.state()), "{before} {name:?} {}", case.state());
                    seen.entry((before, name)).or_default().insert(case.state());
                    assert_eq!(case.take(&step, now), Ok(false), "{before} {name:?} said again");
                }
                Ok(false) | Err(_) => assert!(case == copy, "what is refused changes nothing"),
            }
            holds(&case);
        }
    }
    // Every arrow of the table was gone at least once: none is drawn that does not exist.
    let mut never = Vec::new();
    for from in OffsetState::ALL {
        for step in StepName::ALL {
            let gone = |to: &&OffsetState| !seen.get(&(*from, step)).is_some_and(|seen| seen.contains(to));
            never.extend(from.successors(step).iter().filter(gone).map(|to| format!("{from} {step:?} {to}")));
        }
    }
    assert!(never.is_empty(), "{never:#?}");
}

fn holds(case: &Offset) {
    let (shares, bill) = (case.shares(), case.bill());
    let borne = Twd::sum(shares.iter().copied()).unwrap();
    assert!(borne <= bill, "never above the bill");
    assert_eq!(borne.checked_add(case.patient_part()), Some(bill), "bill = offsets + the patient's part");
    let mut left = if case.end.is_some() { Twd::ZERO } else { bill };
    for (part, share) in case.parts.iter().zip(shares) {
        assert_eq!(share, part.promise().unwrap_or(Twd::ZERO).min(left), "in the order");
        left = left.checked_sub(share).unwrap();
        let net =
            part.moved.iter().map(|one| if one.back { -one.amount.hundredths() } else { one.amount.hundredths() });
        assert_eq!(net.sum::<i64>(), part.paid().hundredths());
        assert!(part.paid() >= Twd::ZERO, "no more comes back than was paid");
    }
    if case.state().is_over() {
        assert!(case.parts.iter().all(|part| part.paid().is_zero()), "it ends when all money is back");
    }
}

/// The diagram of the guide, made from the code (Mermaid).
fn diagram() -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned()];
    lines.extend(OffsetState::ALL.iter().map(|state| format!("    {state}: {state} {}", state.chinese())));
    lines.push("    [*] --> asked: open".to_owned());
    for from in OffsetState::ALL {
        for to in OffsetState::ALL.iter().filter(|to| *to != from) {
            let steps: Vec<&str> = StepName::ALL
                .iter()
                .filter(|step| from.successors(**step).contains(to))
                .map(|step| step.as_str())
                .collect();
            if !steps.is_empty() {
                lines.push(format!("    {from} --> {to}: {}", steps.join(", ")));
            }
        }
    }
    lines.join("\n")
}

#[test]
fn the_page_on_the_life_of_a_claim_draws_the_offset() {
    let page = include_str!("../../../../docs/claim-life.md");
    assert!(page.contains(&diagram()), "docs/claim-life.md should hold:\n{}", diagram());
}
