//! Alerts compared, keys near their end, and what the mails say.

use jiff::SignedDuration;

use super::*;
use crate::id::Random;

fn alert(kind: AlertKind, party: &str) -> Alert {
    let at = Timestamp::from_second(1_790_000_000).unwrap();
    Alert {
        id: AlertId::new(at, &Random::system()),
        kind,
        party: party.parse().ok(),
        subject: party.to_owned(),
        state: AlertState::Open,
        detail: String::new(),
        since: at,
        last_seen: at,
        acknowledged_by: None,
        closed: None,
    }
}

fn condition(kind: AlertKind, party: &str) -> Condition {
    Condition { kind, party: party.parse().ok(), subject: party.to_owned(), detail: "now".to_owned() }
}

#[test]
fn what_lasts_is_seen_what_is_new_opens_what_is_over_closes() {
    let open = [alert(AlertKind::EndpointFailing, "insurer-a"), alert(AlertKind::WorkOverdue, "work")];
    let [failing, work] = &open;
    let every = |_: AlertKind| true;
    let same = steps(&open, vec![condition(AlertKind::EndpointFailing, "insurer-a")], every);
    assert_eq!(same.seen, [(failing.id, "now".to_owned())]);
    assert_eq!((same.open, same.close), (Vec::new(), vec![(work.id, false)]));

    // It is off now: that it no longer fails is no good news, and is told to nobody.
    let off = steps(&open, vec![condition(AlertKind::EndpointOff, "insurer-a")], every);
    assert_eq!(off.close, [(failing.id, false), (work.id, false)]);
    assert_eq!(off.open, [condition(AlertKind::EndpointOff, "insurer-a")]);

    // Another party's endpoint that fails says nothing of this one.
    let other = steps(&open, vec![condition(AlertKind::EndpointOff, "insurer-b")], every);
    assert_eq!(other.close, [(failing.id, true), (work.id, false)]);

    // What was not looked at this time stays as it is.
    let part = steps(&open, Vec::new(), |kind| kind.family() == "endpoint");
    assert_eq!(part.close, [(failing.id, true)]);
}

#[test]
fn a_keys_end_is_told_thirty_seven_and_one_day_before() {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let of = |hours: i64| of_key(Some(now + SignedDuration::from_hours(hours)), now);
    assert_eq!(of_key(None, now), None);
    assert_eq!(of(720), None);
    assert_eq!(of(719), Some(AlertKind::KeyThirtyDays));
    assert_eq!(of(168), Some(AlertKind::KeyThirtyDays));
    assert_eq!(of(167), Some(AlertKind::KeySevenDays));
    assert_eq!(of(23), Some(AlertKind::KeyOneDay));
    assert_eq!(of_key(Some(now + SignedDuration::from_secs(1)), now), Some(AlertKind::KeyOneDay));
    assert_eq!(of(0), Some(AlertKind::KeyExpired));
    assert_eq!(of(-5), Some(AlertKind::KeyExpired));
}

#[test]
fn every_mail_speaks_both_languages_in_short_lines_of_subject() {
    for kind in AlertKind::ALL {
        for event in MailEvent::ALL {
            let letter = letter(&alert(*kind, "insurer-a"), *event, "https://claims.example.tw");
            assert!(
                letter.subject.contains(kind.as_str()) && letter.subject.chars().count() < 78,
                "{}",
                letter.subject
            );
            assert!(!letter.text.is_ascii() && letter.text.contains("insurer-a"));
            assert!(letter.text.split("\r\n").all(|line| line.len() < 998), "RFC 5322 §2.1.1");
        }
    }
}
