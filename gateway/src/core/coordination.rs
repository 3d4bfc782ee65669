//! Coordination (損害填補): who of a claim's recipients reimburses the same expenses, in which order, and what each may know
//! of the others. No IO.
//!
//! In: the recipients of a claim that may reimburse, in the order of the patient's application, with what each kept of its
//! payments. Out: the element of one of them, or nothing where its consent does not name it. No recipient learns who the
//! others are.

use std::collections::BTreeSet;

use claimgate_packet::amount::Twd;
use claimgate_packet::coordination::{Coordination, SharedReceipt};
use claimgate_packet::evidence::{CopyKind, MedicalReceipt};
use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::submission::SubmissionState;
use crate::party::PartyId;

/// A consent of the application that counts, as far as sharing goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Who.
    pub party: PartyId,
    /// In which line.
    pub line: Line,
    /// Whether the consent leaves it the receipts.
    pub gets_receipts: bool,
    /// Whether the consent covers telling it of the others, and was not taken back.
    pub may_know: bool,
}

/// A recipient that has a submission of the claim.
#[derive(Clone)]
pub struct Holder {
    /// Who.
    pub party: PartyId,
    /// In which line.
    pub line: Line,
    /// Where its submission stands.
    pub state: SubmissionState,
    /// What it paid and did not get back.
    pub kept: Twd,
}

/// What is known of a claim before it is clear who gets anything now.
#[derive(Clone, Default)]
pub struct Known {
    /// The consents of the application that counts, in its order.
    pub order: Vec<Share>,
    /// Who has a submission of the claim, in the order they came.
    pub holders: Vec<Holder>,
    /// Receipts (institution and number) that stand in another claim too.
    pub elsewhere: BTreeSet<(String, String)>,
}

/// How a claim's expenses are shared.
#[derive(Clone, Default)]
pub struct Sharing {
    sharers: Vec<Sharer>,
    elsewhere: BTreeSet<(String, String)>,
}

#[derive(Clone)]
struct Sharer {
    party: PartyId,
    line: Line,
    may_know: bool,
    kept: Twd,
}

claimgate_packet::opaque_debug!(Holder, Known, Sharing);

impl Known {
    /// Those who hold documents of the claim or get them now and may reimburse: in the order of the application, then those
    /// it does not name. Who was withdrawn before anything left, gave the claim back or was told that nothing is applied for
    /// any more is none of them; nor is who gets no receipt by its consent and has paid nothing.
    #[must_use]
    pub fn sharing(&self, getting: &[(PartyId, Line)]) -> Sharing {
        let Self { order, holders, elsewhere } = self;
        let place = |party: &PartyId, line: Line| order.iter().position(|one| one.party == *party && one.line == line);
        let gets = |party: &PartyId, line: Line| getting.iter().any(|(to, of)| to == party && *of == line);
        let mut found: Vec<(usize, Sharer)> = Vec::new();
        let mut take = |party: &PartyId, line: Line, kept: Twd| {
            let place = place(party, line);
            let share = place.and_then(|place| order.get(place));
            if share.is_some_and(|share| !share.gets_receipts) && kept.is_zero() {
                return;
            }
            let may_know = share.is_some_and(|share| share.may_know);
            let sharer = Sharer { party: party.clone(), line, may_know, kept };
            found.push((place.unwrap_or(usize::MAX), sharer));
        };
        for holder in holders.iter().filter(|one| one.line.reimburses()) {
            if counts(holder.state) || gets(&holder.party, holder.line) {
                take(&holder.party, holder.line, holder.kept);
            }
        }
        let held = |party: &PartyId, line: Line| holders.iter().any(|one| one.party == *party && one.line == line);
        for (party, line) in getting.iter().filter(|(party, line)| line.reimburses() && !held(party, *line)) {
            take(party, *line, Twd::ZERO);
        }
        // The sort is stable: those without a place stay in the order of their submissions.
        found.sort_by_key(|(place, _)| *place);
        Sharing { sharers: found.into_iter().map(|(_, sharer)| sharer).collect(), elsewhere: elsewhere.clone() }
    }
}

impl Sharing {
    /// What a recipient may know, with the receipts it gets: nothing where its consent does not name it, its line pays a
    /// fixed sum, or it gets no receipt at all.
    #[must_use]
    pub fn element(
        &self,
        (party, line): (&PartyId, Line),
        receipts: &[&MedicalReceipt],
        as_of: Timestamp,
    ) -> Option<Coordination> {
        let own = |one: &&Sharer| one.party == *party && one.line == line;
        let place = self.sharers.iter().position(|one| own(&one))?;
        if receipts.is_empty() || !self.sharers.get(place)?.may_know {
            return None;
        }
        let number = u32::try_from(place + 1).ok()?;
        let of = u32::try_from(self.sharers.len()).ok()?;
        let shared = receipts.iter().filter_map(|receipt| {
            let key = receipt.key.clone()?;
            let elsewhere = self.elsewhere.contains(&(key.institution.clone(), key.number.clone()));
            Some(SharedReceipt { key, elsewhere })
        });
        Some(Coordination {
            receipts: shared.collect(),
            copy: if number == 1 { CopyKind::Original } else { CopyKind::Copy },
            number,
            of,
            others: of.saturating_sub(1),
            paid_by_others: Twd::sum(self.sharers.iter().filter(|one| !own(one)).map(|one| one.kept))?,
            as_of,
        })
    }

    /// Those who may know of the others, but for one.
    pub fn told_of<'a>(&'a self, party: &'a PartyId, line: Line) -> impl Iterator<Item = (&'a PartyId, Line)> {
        let others = self.sharers.iter().filter(move |one| one.party != *party || one.line != line);
        others.filter(|one| one.may_know).map(|one| (&one.party, one.line))
    }
}

/// Whether a submission's holder reimburses, or may come to.
fn counts(state: SubmissionState) -> bool {
    !matches!(state, SubmissionState::Withdrawn | SubmissionState::Returned | SubmissionState::ClaimantWithdrew)
}

/// The element without what changes between revisions by itself: a payment of another makes no new packet.
#[must_use]
pub fn lasting(element: &Coordination) -> Coordination {
    Coordination { paid_by_others: Twd::ZERO, as_of: Timestamp::UNIX_EPOCH, ..element.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn party(id: &str) -> PartyId {
        id.parse().unwrap()
    }

    fn share(id: &str, line: Line, may_know: bool) -> Share {
        Share { party: party(id), line, gets_receipts: true, may_know }
    }

    fn holder(id: &str, line: Line, state: SubmissionState, kept: &str) -> Holder {
        Holder { party: party(id), line, state, kept: kept.parse().unwrap() }
    }

    fn receipt() -> MedicalReceipt {
        serde_json::from_value(json!({
            "key": { "institution": "0101090517", "number": "R-1", "date": "2026-11-20" }, "number": "R-1",
            "patient": { "identifiers": [] }, "institution": { "code": "0101090517" }, "lines": [],
            "totals": { "self_pay": "1200", "nhi": "0", "unstated": "0" } }))
        .unwrap()
    }

    fn at() -> Timestamp {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    const PAYS: Line = Line::HealthReimbursement;

    #[test]
    fn each_knows_its_printing_and_what_the_others_paid_and_not_who_they_are() {
        let order = [share("insurer-a", PAYS, true), share("insurer-b", Line::Accident, true)];
        let holders = [
            holder("insurer-b", Line::Accident, SubmissionState::Received, "0"),
            holder("insurer-a", PAYS, SubmissionState::Paid, "800"),
            holder("insurer-c", Line::HealthDaily, SubmissionState::Paid, "5000"),
        ];
        let elsewhere = BTreeSet::from([("0101090517".to_owned(), "R-1".to_owned())]);
        let known = Known { order: order.to_vec(), holders: holders.to_vec(), elsewhere };
        let sharing = known.sharing(&[]);
        let receipt = receipt();
        let of = |id: &str, line: Line| sharing.element((&party(id), line), &[&receipt], at());
        let first = of("insurer-a", PAYS).unwrap();
        assert_eq!((first.number, first.of, first.others, first.paid_by_others.to_string()), (1, 2, 1, "0".to_owned()));
        assert!(first.copy == CopyKind::Original && first.receipts[0].elsewhere);
        let second = of("insurer-b", Line::Accident).unwrap();
        assert_eq!((second.number, second.paid_by_others.to_string()), (2, "800".to_owned()));
        assert!(second.copy == CopyKind::Copy);
        assert!(!serde_json::to_string(&second).unwrap().contains("insurer"), "nobody is named");
        assert!(of("insurer-c", Line::HealthDaily).is_none(), "a fixed sum shares nothing");
        assert!(sharing.element((&party("insurer-a"), PAYS), &[], at()).is_none(), "no receipt, nothing to share");
        assert_eq!(sharing.told_of(&party("insurer-a"), PAYS).count(), 1);
        assert!(lasting(&second) == Coordination { paid_by_others: Twd::ZERO, as_of: Timestamp::UNIX_EPOCH, ..second });
    }

    #[test]
    fn who_got_nothing_is_no_sharer_and_who_may_not_know_counts_for_the_others() {
        let order = [share("insurer-a", PAYS, true), share("insurer-b", PAYS, false), share("insurer-c", PAYS, true)];
        let holders = [
            holder("insurer-a", PAYS, SubmissionState::Withdrawn, "0"),
            holder("insurer-b", PAYS, SubmissionState::Declined, "0"),
        ];
        let known = Known { order: order.to_vec(), holders: holders.to_vec(), elsewhere: BTreeSet::new() };
        let sharing = known.sharing(&[(party("insurer-c"), PAYS)]);
        let receipt = receipt();
        let of = |id: &str| sharing.element((&party(id), PAYS), &[&receipt], at());
        assert!(of("insurer-a").is_none() && of("insurer-b").is_none());
        let left = of("insurer-c").unwrap();
        assert_eq!((left.number, left.of, left.others), (2, 2, 1));
        // Who gets no receipt holds no printing of one, until it has paid on what it got before.
        let mut order = order;
        order[1].gets_receipts = false;
        let of = |kept: &str| {
            let paid = holder("insurer-b", PAYS, SubmissionState::Paid, kept);
            let known = Known { order: order.to_vec(), holders: vec![paid], elsewhere: BTreeSet::new() };
            let sharing = known.sharing(&[(party("insurer-c"), PAYS)]);
            let element = sharing.element((&party("insurer-c"), PAYS), &[&receipt], at()).unwrap();
            (element.number, element.of, element.copy == CopyKind::Original, element.paid_by_others.to_string())
        };
        assert_eq!(of("0"), (1, 1, true, "0".to_owned()));
        assert_eq!(of("300"), (2, 2, false, "300".to_owned()));
        // Sent again, it is one of them again.
        let again = known.sharing(&[(party("insurer-a"), PAYS)]);
        assert_eq!(again.element((&party("insurer-a"), PAYS), &[&receipt], at()).unwrap().number, 1);
    }
}
