//! The schedule to the second, and answers that lie.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "what is judged is an outcome")]
fn reply(status: u16, retry_after: Option<&str>) -> Result<Reply, SendError> {
    Ok(Reply { status, retry_after: retry_after.map(ToOwned::to_owned), ..Reply::default() })
}

fn fresh() -> History {
    History { tries: 0, first_try: None, failures: 0, failing_since: None }
}

fn wait(outcome: &Result<Reply, SendError>, history: &History, chance: u16) -> i64 {
    match judge(outcome, history, at(0), chance).1 {
        Next::Again { due, .. } => due.as_second() - at(0).as_second(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_2xx_is_success() {
    for status in [200, 201, 202, 204, 299] {
        assert_eq!(judge(&reply(status, None), &fresh(), at(0), 0), (None, Next::Done), "{status}");
    }
    for status in [100, 199, 300, 301, 304, 307, 308, 400, 401, 404, 418, 429, 500, 502, 503, 504, 599] {
        let (whose, next) = judge(&reply(status, None), &fresh(), at(0), 0);
        assert_eq!(whose, Some(Whose::Recipient), "{status}");
        assert!(matches!(next, Next::Again { .. }), "{status}");
    }
    let off = Next::Off(EndpointState::Gone);
    assert_eq!(judge(&reply(410, None), &fresh(), at(0), 0), (Some(Whose::Recipient), off));
}

#[test]
fn the_schedule_is_the_published_one_with_a_fifth_of_jitter() {
    let mut waits = Vec::new();
    for tries in 0..9 {
        let history = History { tries, ..fresh() };
        let half = u16::MAX / 2;
        waits.push(wait(&reply(500, None), &history, half));
        let (early, late) = (wait(&reply(500, None), &history, 0), wait(&reply(500, None), &history, u16::MAX));
        let base = *STEPS.get(usize::try_from(tries).unwrap()).unwrap_or(&36_000);
        assert_eq!((early, late), (base * 8 / 10, base * 12 / 10), "{tries}");
    }
    let near = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000, 36_000, 36_000];
    for (wait, near) in waits.iter().zip(near) {
        // The middle of the jitter is the published figure, to a thousandth.
        assert!((near * 998 / 1_000..=near).contains(wait), "{wait} {near}");
    }
}

#[test]
fn the_fault_is_named() {
    for error in [SendError::TimedOut(20), SendError::Unconnected, SendError::Forbidden, SendError::Broken] {
        assert_eq!(judge(&Err(error), &fresh(), at(0), 0).0, Some(Whose::Network), "{error}");
    }
    assert_eq!(judge(&Err(SendError::Unsendable), &fresh(), at(0), 0).0, Some(Whose::Gateway));
}

#[test]
fn a_receiver_may_ask_for_more_time_but_not_for_ever() {
    assert_eq!(wait(&reply(503, Some("120")), &fresh(), 0), 120);
    assert_eq!(wait(&reply(503, Some("1")), &fresh(), 0), 4);
    assert_eq!(wait(&reply(429, None), &fresh(), 0), 60);
    assert_eq!(wait(&reply(429, Some("3")), &fresh(), 0), 60);
    assert_eq!(wait(&reply(429, Some("90")), &fresh(), 0), 90);
    assert_eq!(wait(&reply(503, Some("999999999")), &fresh(), 0), 36_000);
    // Ten minutes after the present of this test, and a date long gone.
    assert_eq!(wait(&reply(503, Some("Tue, 14 Nov 2023 22:23:20 GMT")), &fresh(), 0), 600);
    assert_eq!(wait(&reply(503, Some("Sun, 06 Nov 1994 08:49:37 GMT")), &fresh(), 0), 4);
    for nonsense in ["", "soon", "-5", "1e9", "99999999999999999999", "Tue, 99 Nov 2023 22:23:20 GMT"] {
        assert_eq!(wait(&reply(503, Some(nonsense)), &fresh(), 0), 4, "{nonsense}");
    }
}

#[test]
fn after_failures_in_a_row_the_endpoint_rests_ever_longer() {
    let rest = |failures| match judge(&reply(500, None), &History { failures, ..fresh() }, at(0), 0).1 {
        Next::Again { rest, .. } => rest.map(|until| until.as_second() - at(0).as_second()),
        other => panic!("{other:?}"),
    };
    let rests: Vec<_> = (0..10).map(rest).collect();
    let expected = [0, 0, 5, 10, 20, 40, 80, 160, 320, 600].map(|seconds| (seconds > 0).then_some(seconds));
    assert_eq!(rests, expected);
    assert_eq!(rest(u32::MAX - 1), Some(600));
}

#[test]
fn after_seven_days_a_message_is_dead_and_an_endpoint_off() {
    let week = 7 * 24 * 3_600;
    let message = History { first_try: Some(at(-week)), ..fresh() };
    assert_eq!(judge(&reply(500, None), &message, at(0), 0).1, Next::Dead);
    let endpoint = History { failing_since: Some(at(-week)), ..fresh() };
    assert_eq!(judge(&reply(500, None), &endpoint, at(0), 0).1, Next::Off(EndpointState::Failing));
    let nearly = History { first_try: Some(at(1 - week)), failing_since: Some(at(1 - week)), ..fresh() };
    assert!(matches!(judge(&reply(500, None), &nearly, at(0), 0).1, Next::Again { .. }));
    // What the gateway itself held back waits on, whatever was before.
    for ours in [SendError::Unsendable, SendError::Anonymous] {
        for history in [message, endpoint] {
            let (whose, next) = judge(&Err(ours), &history, at(0), 0);
            assert!(whose == Some(Whose::Gateway) && matches!(next, Next::Again { .. }), "{ours:?} {next:?}");
        }
    }
    // A success at the last moment counts.
    assert_eq!(judge(&reply(204, None), &endpoint, at(0), 0).1, Next::Done);
}

#[test]
fn words_read_back() {
    for content in [Content::Event, Content::Packet] {
        assert_eq!(content.as_str().parse(), Ok(content));
    }
    for state in [EndpointState::On, EndpointState::Off, EndpointState::Failing, EndpointState::Gone] {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    assert!("on ".parse::<EndpointState>().is_err());
}
