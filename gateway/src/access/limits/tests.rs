//! Each limit bites, and bites its party alone.

use super::*;

const ALLOWED: Allowed = Allowed { requests_per_second: 10, burst: 5, concurrent: 3, bytes_per_minute: 60_000 };
const START: Duration = Duration::from_secs(100);

fn limits() -> Arc<Limits> {
    Limits::new(&config::Limits {
        requests_per_second: 1,
        burst: 1,
        concurrent: 1,
        bytes_per_minute: 1,
        token_requests_per_second: 1,
        token_burst: 3,
        token_peer_requests_per_second: 1,
        token_peer_burst: 5,
        proxies: Vec::new(),
    })
}

fn id(text: &str) -> PartyId {
    text.parse().unwrap()
}

#[test]
fn requests_run_out_for_one_party_and_come_again() {
    let limits = limits();
    let enter = |who: &str, now| limits.enter(&id(who), ALLOWED, now);
    for left in [4, 3, 2, 1, 0] {
        let (standing, entered) = enter("hospital-a", START);
        assert!(entered.is_ok());
        assert_eq!(standing.requests.0, left);
    }
    let (standing, refused) = enter("hospital-a", START);
    assert_eq!(refused.unwrap_err(), Exceeded { what: What::Requests, retry_after: 1 });
    assert_eq!(standing.requests, (0, 1));
    assert!(enter("hospital-b", START).1.is_ok());
    assert!(enter("hospital-a", START + Duration::from_millis(100)).1.is_ok());
}

#[test]
fn a_place_is_free_again_when_its_request_is_over() {
    let limits = limits();
    let enter = |who: &str| limits.enter(&id(who), ALLOWED, START);
    let held: Vec<_> = (0..3).map(|_| enter("insurer-a").1.unwrap()).collect();
    let (standing, refused) = enter("insurer-a");
    assert_eq!((refused.unwrap_err().what, standing.concurrent), (What::Concurrent, 0));
    assert!(enter("insurer-b").1.is_ok());
    drop(held);
    assert!(enter("insurer-a").1.is_ok());
}

#[test]
fn bytes_run_out_for_one_party() {
    let limits = limits();
    let (one, other) = (limits.enter(&id("hospital-a"), ALLOWED, START).1.unwrap(), id("hospital-b"));
    assert_eq!(one.take_bytes(60_000, START), Ok(()));
    assert_eq!(one.take_bytes(1, START).unwrap_err().what, What::Bytes);
    assert_eq!(limits.enter(&other, ALLOWED, START).1.unwrap().take_bytes(60_000, START), Ok(()));
    assert_eq!(one.take_bytes(1, START + Duration::from_secs(1)), Ok(()));
}

#[test]
fn a_reader_holds_one_answer_of_any_size_or_several_small_ones() {
    let limits = limits();
    let one = limits.enter(&id("insurer-a"), ALLOWED, START).1.unwrap();
    let mut large = one.send(500, 100).unwrap();
    assert_eq!(one.send(1, 100).unwrap_err().what, What::Concurrent);
    large.shrink(60);
    let small = one.send(40, 100).unwrap();
    assert!(one.send(1, 100).is_err());
    drop((large, small));
    assert!(one.send(500, 100).is_ok());
}

#[test]
fn a_clients_name_used_from_elsewhere_takes_nothing_from_it() {
    let limits = limits();
    let (theirs, ours): (IpAddr, IpAddr) = ("203.0.113.9".parse().unwrap(), "198.51.100.7".parse().unwrap());
    let ask = |peer, client: &str| {
        limits.ask_token(peer, START).and_then(|()| limits.ask_token_for(peer, Some(id(client)), START))
    };
    for _ in 0..3 {
        assert_eq!(ask(theirs, "hospital-a"), Ok(()));
    }
    assert!(ask(theirs, "hospital-a").is_err());
    assert_eq!(ask(ours, "hospital-a"), Ok(()));
    assert_eq!(ask(theirs, "hospital-b"), Ok(()));
    assert!(ask(theirs, "hospital-c").is_err(), "one address has a limit over all clients");
}

#[test]
fn an_address_has_so_many_bodies_unfinished_and_no_more() {
    let limits = limits();
    let (one, other): (IpAddr, IpAddr) = ("203.0.113.9".parse().unwrap(), "198.51.100.7".parse().unwrap());
    let mut held: Vec<_> = (0..MOST_UNFINISHED).map(|_| limits.begin_body(one, START).unwrap()).collect();
    assert_eq!(limits.begin_body(one, START).unwrap_err().what, What::Requests);
    assert!(limits.begin_body(other, START).is_ok());
    held.pop();
    assert!(limits.begin_body(one, START).is_ok(), "what is read or given up is free again");
}

#[test]
fn an_ipv6_network_is_one_asker() {
    let six = |text: &str| network(text.parse().unwrap());
    assert_eq!(six("2001:db8:1:2:3::4"), six("2001:db8:1:2:ffff::1"));
    assert_ne!(six("2001:db8:1:2::1"), six("2001:db8:1:3::1"));
    assert_eq!(six("::ffff:203.0.113.9"), six("203.0.113.9"));
}
