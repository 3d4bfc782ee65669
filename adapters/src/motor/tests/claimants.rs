//! Who claims, in which parts.

use claimgate_packet::amount::Twd;

use super::super::claimants::*;
use super::*;

fn amount(text: &str) -> Twd {
    text.parse().unwrap()
}

fn relative(id: &str, kinship: Kinship) -> Relative {
    let (capacity, identity) = (Capacity::Full, Identity::National);
    Relative { id: id.to_owned(), kinship, capacity, identity, conduct: Conduct::None }
}

fn dead(relatives: Vec<Relative>) -> Victim {
    let (capacity, identity) = (Capacity::Full, Identity::National);
    Victim { id: "v".to_owned(), harm: Harm::Death, capacity, identity, relatives, funeral: None }
}

#[test]
fn the_first_rank_that_has_anybody_shares_equally_and_to_the_dollar() {
    let all = [
        relative("sibling", Kinship::Sibling),
        relative("grandchild", Kinship::Grandchild),
        relative("grandparent", Kinship::Grandparent),
        relative("child", Kinship::Child),
        relative("parent", Kinship::Parent),
        relative("spouse", Kinship::Spouse),
    ];
    for (taken, rank, count) in [(6, 1, 3), (3, 2, 1), (2, 3, 1), (1, 4, 1)] {
        let found = claimants(&dead(all[..taken].to_vec()), Some(amount("2000000")));
        assert_eq!((found.rank, found.claimants.len(), found.joint), (Some(rank), count, count > 1));
        assert!(!found.rest_to_fund && found.in_life_to_heirs);
    }
    let three = claimants(&dead(all.to_vec()), Some(amount("2000000")));
    assert!(three.claimants.iter().all(|one| one.share == Some(Fraction { of: 1, over: 3 })));
    assert!(three.claimants.iter().all(|one| one.amount == Some(amount("666666"))));
    assert_eq!(three.left_over, Some(amount("2")), "what rounding leaves is named");
}

#[test]
fn who_brought_it_about_gets_nothing_and_the_others_no_more() {
    let mut victim = dead(vec![relative("spouse", Kinship::Spouse), relative("child", Kinship::Child)]);
    victim.relatives[0].conduct = Conduct::Intent;
    let found = claimants(&victim, Some(amount("3000000")));
    assert_eq!((found.barred.as_slice(), found.claimants.len(), found.joint), (&["spouse".to_owned()][..], 1, false));
    assert_eq!(found.claimants[0].amount, Some(amount("1500000")));
    assert!(found.basis.iter().any(|basis| basis.article.ends_with("§28 II")));
}

#[test]
fn without_relatives_the_funeral_is_paid_and_the_rest_is_the_funds() {
    let mut victim = dead(Vec::new());
    let nobody = claimants(&victim, Some(amount("2000000")));
    assert_eq!((nobody.claimants.len(), nobody.rest_to_fund, nobody.rest), (0, true, Some(amount("2000000"))));
    victim.funeral = Some(Funeral { id: "friend".to_owned(), cost: amount("300000") });
    let found = claimants(&victim, Some(amount("2000000")));
    assert_eq!((found.claimants[0].kind, found.claimants[0].amount), (Claimant::FuneralPayer, Some(amount("300000"))));
    assert_eq!(found.rest, Some(amount("1700000")));
    victim.funeral = Some(Funeral { id: "friend".to_owned(), cost: amount("9000000") });
    let found = claimants(&victim, Some(amount("2000000")));
    assert_eq!((found.claimants[0].amount, found.rest), (Some(amount("2000000")), Some(Twd::ZERO)));
}

#[test]
fn minors_wards_and_foreigners_claim_their_own_way() {
    for (capacity, represented) in [(Capacity::Full, false), (Capacity::Minor, true), (Capacity::Ward, true)] {
        let victim = Victim { harm: Harm::Injury, capacity, identity: Identity::Resident, ..dead(Vec::new()) };
        let found = claimants(&victim, None);
        let one = &found.claimants[0];
        assert_eq!((one.by_representative, one.identity), (represented, Some(Identity::Resident)));
        assert_eq!((found.rank, found.in_life_to_heirs), (None, false));
    }
    let mut victim = dead(vec![relative("a", Kinship::Spouse), relative("a", Kinship::Spouse)]);
    let faults: Vec<String> = victim.check().unwrap_err().into_iter().map(|fault| fault.at).collect();
    assert_eq!(faults, ["/relatives/1/id", "/relatives"]);
    victim.harm = Harm::Injury;
    assert!(victim.check().is_err(), "who lives has no heirs");
}
