//! Every combination of facts has one answer, and it is that of a second telling of the law that knows no table.

use std::collections::BTreeSet;

use claimgate_packet::words::Line;
use jiff::civil::date;

use super::accident::*;
use super::payers::*;
use super::*;

mod benefits;
mod claimants;

const DAY: jiff::civil::Date = date(2026, 11, 1);

fn covers() -> Vec<Cover> {
    let by = |by: &str| by.to_owned();
    vec![
        Cover::Insured { by: by("A") },
        Cover::Insured { by: by("B") },
        Cover::ConsentDisputed { by: by("A") },
        Cover::WithoutConsent,
        Cover::Uninsured,
        Cover::Untraceable,
        Cover::NotRequired,
        Cover::NotKnown,
    ]
}

fn accident(covers: &[Cover]) -> Accident {
    let vehicle = |(number, cover): (usize, &Cover)| Vehicle { id: number.to_string(), cover: cover.clone() };
    Accident { on: DAY, vehicles: covers.iter().enumerate().map(vehicle).collect(), persons: Vec::new() }
}

/// All accidents of one to three vehicles.
fn accidents() -> Vec<Accident> {
    let all = covers();
    let mut found = Vec::new();
    for one in &all {
        found.push(accident(std::slice::from_ref(one)));
        for two in &all {
            found.push(accident(&[one.clone(), two.clone()]));
            for three in &all {
                found.push(accident(&[one.clone(), two.clone(), three.clone()]));
            }
        }
    }
    found
}

/// All persons of an accident.
fn persons(accident: &Accident) -> Vec<Person> {
    let mut positions = vec![Position::Outside];
    for vehicle in &accident.vehicles {
        positions.push(Position::Driver { of: vehicle.id.clone() });
        positions.push(Position::Passenger { of: vehicle.id.clone() });
    }
    let mut found = Vec::new();
    for position in positions {
        for harm in Harm::ALL {
            for conduct in Conduct::ALL {
                found.push(Person { id: "p".to_owned(), position: position.clone(), harm: *harm, conduct });
            }
        }
    }
    found
}

/// The law told a second time: who pays, with how many vehicles each.
fn told(accident: &Accident, person: &Person) -> BTreeSet<(Who, u32)> {
    if person.harm == Harm::Damage || person.conduct != Conduct::None {
        return BTreeSet::new();
    }
    let mut asked: Vec<&Vehicle> = accident.vehicles.iter().collect();
    if let Position::Driver { of } = &person.position {
        if accident.vehicles.iter().all(|one| one.cover == Cover::NotRequired) {
            return BTreeSet::new();
        }
        asked.retain(|one| one.id != *of);
    }
    let insurer = |id: &str| Who::Insurer { id: id.to_owned() };
    let who = |one: &&Vehicle| match &one.cover {
        Cover::Insured { by } | Cover::ConsentDisputed { by } => insurer(by),
        Cover::NotKnown => Who::NotKnown,
        _ => Who::Fund,
    };
    let all: Vec<Who> = asked.iter().map(who).collect();
    let times = |who: &Who| u32::try_from(all.iter().filter(|one| *one == who).count()).unwrap();
    all.iter().map(|who| (who.clone(), times(who))).collect()
}

#[test]
fn every_combination_has_exactly_one_set_of_payers_exclusions_and_articles() {
    let mut count = 0;
    for accident in accidents() {
        for person in persons(&accident) {
            let found = verdict(&accident, &person);
            let payers: BTreeSet<(Who, u32)> =
                found.payers.iter().map(|payer| (payer.who.clone(), payer.share.of)).collect();
            assert_eq!(payers, told(&accident, &person), "{:?}", accident.vehicles.len());
            assert_eq!(payers.len(), found.payers.len(), "each payer once");
            let over: BTreeSet<u32> = found.payers.iter().map(|payer| payer.share.over).collect();
            let sum: u32 = found.payers.iter().map(|payer| payer.share.of).sum();
            assert!(found.payers.is_empty() || over == BTreeSet::from([sum]), "the shares are the whole");
            let outcome = match (payers.len(), payers.iter().any(|(who, _)| *who == Who::Fund)) {
                _ if payers.iter().any(|(who, _)| *who == Who::NotKnown) => Outcome::NotKnown,
                (0, _) => Outcome::Nobody,
                (1, true) => Outcome::Fund,
                (1, false) => Outcome::Insurer,
                (_, true) => Outcome::Mixed,
                (_, false) => Outcome::Insurers,
            };
            assert_eq!(found.outcome, outcome);
            assert_eq!(found.exclusions.iter().any(|one| one.whole), found.payers.is_empty());
            assert!(!found.basis.is_empty() && found.basis == once(found.basis.clone()), "articles, each once");
            assert!(!found.hints.is_empty() || accident.vehicles.len() == 1);
            assert_eq!(found, verdict(&accident, &person), "the same again");
            count += 1;
        }
    }
    println!("{count} combinations");
    assert!(count > 40_000);
}

#[test]
fn each_table_has_one_row_for_each_key() {
    for kind in CoverKind::ALL {
        assert_eq!(COVERS.iter().filter(|row| row.cover == *kind).count(), 1);
    }
    for position in PositionKind::ALL {
        for vehicles in [Count::One, Count::Two, Count::More] {
            let of_key = POSITIONS.iter().filter(|row| row.position == *position && row.vehicles == vehicles);
            assert_eq!(of_key.count(), 1);
        }
        for bodily in [true, false] {
            assert_eq!(HINTS.iter().filter(|row| row.position == *position && row.bodily == bodily).count(), 1);
        }
    }
    for insurers in [Count::None, Count::One, Count::Two, Count::More] {
        for fund in [true, false] {
            for not_known in [true, false] {
                let fits = |row: &&OutcomeRow| {
                    row.insurers.contains(&insurers) && row.fund.contains(&fund) && row.not_known == not_known
                };
                assert_eq!(OUTCOMES.iter().filter(fits).count(), 1, "{insurers:?} {fund} {not_known}");
            }
        }
    }
    let codes: BTreeSet<&str> = EXCLUSIONS.iter().map(|row| row.code.as_str()).collect();
    assert_eq!(codes.len(), ExclusionCode::ALL.len());
}

fn of(accident: &Accident, position: Position) -> Verdict {
    verdict(accident, &Person { id: "p".to_owned(), position, harm: Harm::Injury, conduct: Conduct::None })
}

fn articles(found: &Verdict) -> Vec<&str> {
    found.basis.iter().map(|basis| basis.article.split_once(' ').unwrap().1).collect()
}

#[test]
fn the_cases_of_the_law_are_answered_with_its_articles() {
    let all = covers();
    let (a, b, uninsured, fled, exempt) = (&all[0], &all[1], &all[4], &all[5], &all[6]);
    let driver = || Position::Driver { of: "0".to_owned() };
    let passenger = || Position::Passenger { of: "0".to_owned() };
    // Two insured cars: the driver from the other's insurer, the passenger from both.
    let two = accident(&[a.clone(), b.clone()]);
    let found = of(&two, driver());
    assert_eq!(found.payers.iter().map(|payer| &payer.who).collect::<Vec<_>>(), [&Who::Insurer { id: "B".to_owned() }]);
    assert_eq!(articles(&found), ["§14 I (1) 1", "§7", "§25 I", "§13"]);
    let found = of(&two, passenger());
    assert_eq!((found.outcome, found.payers.len()), (Outcome::Insurers, 2));
    assert!(articles(&found).contains(&"§36 I (1)") && articles(&found).contains(&"§22-1 (1)"));
    // Hit and run beside an insured car: the driver to the fund, the passenger to insurer and fund.
    let run = accident(&[a.clone(), fled.clone()]);
    assert_eq!(of(&run, driver()).outcome, Outcome::Fund);
    assert!(articles(&of(&run, driver())).contains(&"§40 I (1)"));
    assert_eq!(of(&run, passenger()).outcome, Outcome::Mixed);
    assert!(articles(&of(&run, passenger())).contains(&"§36 I (3)"));
    // A pedestrian hit by an uninsured scooter.
    assert_eq!(of(&accident(std::slice::from_ref(uninsured)), Position::Outside).outcome, Outcome::Fund);
    // Both of §40: by the Act alone.
    let none = of(&accident(&[uninsured.clone(), fled.clone()]), Position::Outside);
    assert_eq!(articles(&none), ["§36 I (2)", "§7", "§40 I (2)", "§40 I (1)"]);
    // A single car: nobody pays the driver, whose own voluntary cover is named; the passenger is paid.
    let single = of(&accident(std::slice::from_ref(a)), driver());
    assert_eq!((single.outcome, single.hints[0].line), (Outcome::Nobody, Line::MotorDriverInjury));
    assert_eq!(of(&accident(std::slice::from_ref(a)), passenger()).outcome, Outcome::Insurer);
    // Farm machines alone: their drivers get nothing, others do.
    let farm = accident(&[exempt.clone(), exempt.clone()]);
    assert!(of(&farm, driver()).exclusions.iter().any(|one| one.code == ExclusionCode::NotRequiredDriver));
    assert_eq!(of(&farm, Position::Outside).outcome, Outcome::Fund);
    // One insurer of two of three cars bears two thirds.
    let three = of(&accident(&[a.clone(), a.clone(), b.clone()]), Position::Outside);
    assert_eq!(three.payers.iter().map(|payer| payer.share.of).collect::<Vec<_>>(), [2, 1]);
    // Who receives first tells the others, each once.
    let person = Person { id: "p".to_owned(), position: Position::Outside, harm: Harm::Death, conduct: Conduct::None };
    let hurt = |covers: &[Cover]| Accident { persons: vec![person.clone()], ..accident(covers) };
    let first = Who::Insurer { id: "A".to_owned() };
    let told = to_notify(&hurt(&[a.clone(), b.clone(), fled.clone(), uninsured.clone()]), &first);
    assert_eq!(told, [Who::Insurer { id: "B".to_owned() }, Who::Fund]);
    assert!(to_notify(&hurt(std::slice::from_ref(a)), &first).is_empty());
    assert!(to_notify(&two, &first).is_empty(), "nobody was hurt");
}

#[test]
fn facts_that_do_not_hold_together_are_told_all_at_once() {
    let mut facts = accident(&[covers()[0].clone(), covers()[1].clone()]);
    let person = |of: &str| Person {
        id: "p".to_owned(),
        position: Position::Driver { of: of.to_owned() },
        harm: Harm::Injury,
        conduct: Conduct::None,
    };
    facts.persons = vec![person("0")];
    assert_eq!(facts.check(), Ok(()));
    facts.on = date(2012, 2, 29);
    facts.persons = vec![person("0"), person("0"), person("9")];
    facts.vehicles[1].id = "0".to_owned();
    let places: Vec<String> = facts.check().unwrap_err().into_iter().map(|fault| fault.at).collect();
    let expected =
        ["/on", "/vehicles/1/id", "/persons/1/id", "/persons/1/position/of", "/persons/2/id", "/persons/2/position/of"];
    assert_eq!(places, expected);
    facts.vehicles.clear();
    assert!(facts.check().unwrap_err().iter().any(|fault| fault.at == "/vehicles"));
}

#[test]
fn personal_facts_do_not_print_themselves() {
    let facts = accident(&covers());
    assert_eq!(format!("{facts:?}"), "Accident(..)");
}
