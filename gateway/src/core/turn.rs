//! Who is on turn (輪到誰): one function over all that is open of a claim, for every view of it. No IO, no clock.
//!
//! In: where each submission stands, requests that wait for an answer, offsets at discharge with their turns. Out: who has to
//! do what, since when, until when. A day that is not known is no day; nothing is guessed.

use claimgate_adapters::insurer::request::Addressee;
use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::offset;
use super::request::RequestKind;
use super::submission::SubmissionState;
use crate::party::PartyId;

/// Who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The hospital of the claim.
    Hospital,
    /// An insurer.
    Insurer,
    /// The insured, or whoever acts for them.
    Person,
}

impl Who {
    /// The word in interfaces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hospital => "hospital",
            Self::Insurer => "insurer",
            Self::Person => "person",
        }
    }
}

/// Somebody who has something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub who: Who,
    /// Whose submission it is about; where an insurer is on turn, that one.
    pub party: Option<PartyId>,
    /// In which line.
    pub line: Option<Line>,
    /// What is to be done.
    pub what: &'static str,
    /// Since when.
    pub since: Timestamp,
    /// Until when, where a day is known.
    pub by: Option<Timestamp>,
}

/// A submission, as far as it says who is on turn.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The insurer.
    pub party: PartyId,
    /// The line.
    pub line: Line,
    /// Where it stands.
    pub state: SubmissionState,
    /// Since when.
    pub since: Timestamp,
    /// When payment is due (給付期限), where that is known.
    pub due: Option<Timestamp>,
}

/// A request that waits for an answer.
#[derive(Clone, Debug)]
pub struct Request {
    /// The insurer that asks.
    pub party: PartyId,
    /// The line of its submission.
    pub line: Line,
    /// What is asked for.
    pub kind: RequestKind,
    /// Who is asked.
    pub to: Addressee,
    /// Since when.
    pub since: Timestamp,
    /// When its last day is over.
    pub by: Timestamp,
}

/// All that is open of a claim.
#[derive(Clone, Debug)]
pub struct Open {
    /// When the newest revision came.
    pub received: Timestamp,
    /// Its submissions.
    pub submissions: Vec<Submission>,
    /// Its requests that wait, for papers (補件) and records (病歷調閱) alike.
    pub requests: Vec<Request>,
    /// Recipients that wait until the person is identified more surely, each since when.
    pub identity: Vec<(PartyId, Line, Timestamp)>,
    /// The turns of its offsets at discharge, each with when that case was changed last.
    pub offsets: Vec<(offset::Turn, Timestamp)>,
}

/// Who is on turn: what is due first comes first, what has no day last.
#[must_use]
pub fn turns(open: &Open) -> Vec<Turn> {
    let mut turns = Vec::new();
    if open.submissions.is_empty() && open.identity.is_empty() {
        // Nothing has left: there is no consent yet, or no insurer that can get anything.
        let (party, line) = (None, None);
        turns.push(Turn { who: Who::Hospital, party, line, what: "consent", since: open.received, by: None });
    }
    turns.extend(open.identity.iter().map(|(party, line, since)| Turn {
        who: Who::Person,
        party: Some(party.clone()),
        line: Some(*line),
        what: "identify",
        since: *since,
        by: None,
    }));
    turns.extend(open.submissions.iter().filter_map(|one| of_submission(one, &open.requests)));
    turns.extend(open.requests.iter().map(|one| Turn {
        who: if one.to == Addressee::Hospital { Who::Hospital } else { Who::Person },
        party: Some(one.party.clone()),
        line: Some(one.line),
        what: match one.kind {
            RequestKind::Supplement => "papers",
            RequestKind::Records => "records",
        },
        since: one.since,
        by: Some(one.by),
    }));
    turns.extend(open.offsets.iter().map(|(turn, since)| Turn {
        who: match turn.role {
            "hospital" => Who::Hospital,
            "insurer" => Who::Insurer,
            _ => Who::Person,
        },
        party: turn.party.clone(),
        line: None,
        what: turn.what,
        since: *since,
        by: turn.by,
    }));
    turns.sort_by_key(|turn| (turn.by.unwrap_or(Timestamp::MAX), turn.since));
    turns
}

/// The next day something is due on.
#[must_use]
pub fn next_deadline(turns: &[Turn]) -> Option<Timestamp> {
    turns.iter().filter_map(|turn| turn.by).min()
}

/// What of it an insurer may know: what is its own to do, and what others do for its submission.
#[must_use]
pub fn of_insurer(turns: Vec<Turn>, insurer: &PartyId, line: Line) -> Vec<Turn> {
    let own = |turn: &Turn| turn.party.as_ref() == Some(insurer) && turn.line.is_none_or(|of| of == line);
    turns.into_iter().filter(own).collect()
}

fn of_submission(one: &Submission, requests: &[Request]) -> Option<Turn> {
    use SubmissionState::{
        Accepted, Appealed, ClaimantWithdrew, Closed, ClosedIncomplete, Declined, InReview, Paid, PartlyAccepted,
        Received, Reopened, Returned, Sent, SupplementRequested, Withdrawn,
    };
    let asked = || requests.iter().any(|request| request.party == one.party && request.line == one.line);
    let (who, what, by) = match one.state {
        Sent => (Who::Insurer, "receive", None),
        // Whoever is asked is on turn by the request itself.
        SupplementRequested if asked() => return None,
        Received | InReview | Reopened | Appealed | SupplementRequested => (Who::Insurer, "decide", one.due),
        Accepted | PartlyAccepted => (Who::Insurer, "pay", one.due),
        Withdrawn => (Who::Hospital, "consent", None),
        Returned => (Who::Hospital, "check-coverage", None),
        Declined | Paid | Closed | ClosedIncomplete | ClaimantWithdrew => return None,
    };
    Some(Turn { who, party: Some(one.party.clone()), line: Some(one.line), what, since: one.since, by })
}

/// What is to be done, in English and Chinese, for people.
#[must_use]
pub fn sentence(what: &str) -> (&'static str, &'static str) {
    match what {
        "consent" => ("obtain the patient's consent", "取得病人同意"),
        "identify" => ("be identified more surely", "以較高保證等級完成身分驗證"),
        "check-coverage" => ("check the insurers named", "確認投保公司"),
        "receive" => ("take the case in", "收件"),
        "decide" => ("decide", "審核並作成決定"),
        "pay" => ("pay", "給付"),
        "papers" => ("send the papers asked for", "補件"),
        "fill-in" => ("fill in the accident and the claims", "填寫事故資料與理賠項目"),
        "choose" => ("choose among values that differ", "就不同之填寫內容擇一"),
        "submit" => ("consent and send", "勾選同意並送出"),
        "own-papers" => ("get the papers that are missing", "補齊缺少之文件"),
        "records" => ("provide the records asked for", "提供調閱之病歷"),
        "promise" => ("promise an amount or decline", "承諾理賠抵繳金額"),
        "instruct" => ("sign the payment instruction", "簽署給付指示"),
        "instruct-as-heirs" => ("the heirs sign the payment instruction", "由繼承人簽署給付指示"),
        "accept" => ("accept the promises", "接受承諾"),
        "final-bill" => ("say the final bill", "結算帳單"),
        "give-back" => ("give back what was paid too much", "退還溢付款項"),
        _ => ("go on", "續行"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn submission(party: &str, state: SubmissionState, due: Option<i64>) -> Submission {
        let party = party.parse().unwrap();
        Submission { party, line: Line::Accident, state, since: at(1), due: due.map(at) }
    }

    fn request(party: &str, kind: RequestKind, to: Addressee, by: i64) -> Request {
        Request { party: party.parse().unwrap(), line: Line::Accident, kind, to, since: at(2), by: at(by) }
    }

    fn shown(open: &Open) -> Vec<(&'static str, &'static str, Option<i64>)> {
        turns(open).iter().map(|turn| (turn.who.as_str(), turn.what, turn.by.map(Timestamp::as_second))).collect()
    }

    #[test]
    fn whoever_is_asked_is_on_turn_and_the_insurer_again_when_the_answer_is_there() {
        use SubmissionState::{Accepted, Paid, Sent, SupplementRequested};
        let mut open = Open {
            received: at(0),
            submissions: Vec::new(),
            requests: Vec::new(),
            identity: Vec::new(),
            offsets: Vec::new(),
        };
        assert_eq!(shown(&open), [("hospital", "consent", None)]);
        open.identity = vec![("party-a".parse().unwrap(), Line::Accident, at(4))];
        assert_eq!(shown(&open), [("person", "identify", None)]);
        open.identity.clear();
        open.submissions = vec![submission("party-a", Sent, None), submission("party-b", SupplementRequested, None)];
        open.requests = vec![
            request("party-b", RequestKind::Supplement, Addressee::Person, 50),
            request("party-b", RequestKind::Records, Addressee::Hospital, 40),
        ];
        let expected =
            [("hospital", "records", Some(40)), ("person", "papers", Some(50)), ("insurer", "receive", None)];
        assert_eq!(shown(&open), expected);
        assert_eq!(next_deadline(&turns(&open)), Some(at(40)));
        open.requests.clear();
        open.submissions = vec![submission("party-a", Paid, None), submission("party-b", SupplementRequested, None)];
        assert_eq!(shown(&open), [("insurer", "decide", None)]);
        open.submissions = vec![submission("party-b", Accepted, Some(90))];
        assert_eq!(shown(&open), [("insurer", "pay", Some(90))]);
    }

    #[test]
    fn an_insurer_sees_its_own_and_nothing_of_another() {
        let turn = offset::Turn { role: "insurer", party: Some("party-b".parse().unwrap()), what: "promise", by: None };
        let open = Open {
            received: at(0),
            submissions: vec![
                submission("party-a", SubmissionState::InReview, None),
                submission("party-b", SubmissionState::Returned, None),
            ],
            requests: vec![request("party-b", RequestKind::Supplement, Addressee::Hospital, 9)],
            identity: Vec::new(),
            offsets: vec![(turn, at(3))],
        };
        let seen = |party: &str| -> Vec<&str> {
            let own = of_insurer(turns(&open), &party.parse().unwrap(), Line::Accident);
            own.iter().map(|turn| turn.what).collect()
        };
        assert_eq!(seen("party-a"), ["decide"]);
        assert_eq!(seen("party-b"), ["papers", "check-coverage", "promise"]);
        assert_eq!(turns(&open).len(), 4);
    }

    #[test]
    fn every_thing_to_do_has_a_sentence() {
        for what in [
            "consent",
            "identify",
            "check-coverage",
            "receive",
            "decide",
            "pay",
            "papers",
            "records",
            "promise",
            "instruct",
        ] {
            assert_ne!(sentence(what), sentence("?"), "{what}");
        }
    }
}
