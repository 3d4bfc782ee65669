//! What a hospital takes back (撤回): a resource that says of itself that it counts no more (作廢, 退費, 登錄錯誤), or names what
//! it replaces (換發, 更正).
//!
//! In: a resource that would be a document, or is one. Out: which document counts no more, by its number, and why. Such a
//! resource is no evidence, and no error. Must not know: whether anybody has the document.

use claimgate_packet::evidence::WithdrawalReason;

use crate::element::Element;
use crate::outcome::Issue;
use crate::terms;

use super::reading::{Reading, not_carried};

/// Our own extension of any such resource: why it counts no more, in the words of [`WithdrawalReason`].
const REASON: &str = "urn:claimgate:withdrawal-reason";
/// Our own extension of a receipt: the number of the one it replaces.
const REPLACES: &str = "urn:claimgate:replaces";
/// `Claim.related.relationship` of a receipt that was issued before this one.
const BEFORE: [&str; 2] = ["prior", "replaces"];

/// A document that counts no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// Its evidence type.
    pub kind: &'static str,
    /// Its number; without one it is told apart by nothing.
    pub number: Option<String>,
    /// Why.
    pub reason: WithdrawalReason,
    /// The number of the document that takes its place.
    pub replaced_by: Option<String>,
}

claimgate_packet::opaque_debug!(Withdrawn);

/// Why a resource counts no more, by this member of it; nothing where it does.
pub(super) fn reason(resource: &Element<'_>, member: &str) -> Option<WithdrawalReason> {
    let by_status = of_status(resource.members().get(member)?.as_str()?)?;
    Some(stated(resource).unwrap_or(by_status))
}

/// The reason a status comes to where nothing else is said.
pub(super) fn of_status(status: &str) -> Option<WithdrawalReason> {
    match status {
        "cancelled" => Some(WithdrawalReason::Cancelled),
        "superseded" => Some(WithdrawalReason::Amended),
        "entered-in-error" => Some(WithdrawalReason::EnteredInError),
        _ => None,
    }
}

/// What the resource itself says of why.
pub(super) fn stated(resource: &Element<'_>) -> Option<WithdrawalReason> {
    let coded = terms::extension(resource, REASON).and_then(|found| {
        let concept = || terms::concept(&found.child("valueCodeableConcept")?);
        let code = found.string("valueCode").map(str::to_owned);
        code.or_else(|| terms::codes(&concept()?).map(|(_, code)| code.to_owned()).next())
    });
    // Invoice alone has a place of its own for it, in words.
    let worded = || {
        let words = resource.members().get("cancelledReason")?.as_str()?;
        let known = |reason: &WithdrawalReason| words.contains(reason.chinese());
        WithdrawalReason::KNOWN.into_iter().find(known)
    };
    coded.and_then(|code| WithdrawalReason::of(&code)).or_else(worded)
}

impl<'a> Reading<'_, 'a> {
    /// Takes a document back in place of reading it.
    pub(super) fn take_back(
        &self,
        resource: &Element<'a>,
        kind: &'static str,
        number: Option<String>,
        reason: WithdrawalReason,
    ) {
        self.mark(resource);
        // What is charged by a receipt that counts no more has no other place either.
        for line in resource.children("lineItem") {
            let charge = line.child("chargeItemReference").and_then(|reference| self.bundle.any(&reference));
            if let Some(charge) = charge {
                self.mark(&charge);
            }
        }
        let text = if number.is_some() {
            "The document is withdrawn: it is no evidence, and whoever holds it is told why."
        } else {
            "The document is withdrawn: it is no evidence. It has no number, so that whoever holds it is told that it is \
             there no more, but not why."
        };
        let issue = Issue::information("document.withdrawn", text).zh("文件已作廢或撤回，將通知持有者");
        resource.findings().report(issue.at(resource.path()));
        self.withdrawn.borrow_mut().push(Withdrawn { kind, number, reason, replaced_by: None });
    }

    /// Notes what a receipt in force replaces: by its extension, or by what it is related to.
    pub(super) fn replaces(&self, receipt: &Element<'a>, kind: &'static str, own: Option<&str>) {
        let mut numbers: Vec<String> = Vec::new();
        let named = terms::extension(receipt, REPLACES).and_then(|found| found.child("valueIdentifier"));
        numbers.extend(named.and_then(|number| terms::identifier(&number)).map(|number| number.value.to_owned()));
        for related in receipt.children("related") {
            let relation = related.child("relationship").and_then(|relation| terms::concept(&relation));
            let before = relation.is_some_and(|it| terms::codes(&it).any(|(_, code)| BEFORE.contains(&code)));
            let number = if before { self.number_of_related(&related) } else { None };
            if number.is_none() {
                not_carried(&related, "relationship", "Only a receipt issued before this one is read: code \"prior\".");
            }
            numbers.extend(number);
        }
        for number in numbers {
            self.take_place(kind, number, own, WithdrawalReason::Reissued);
        }
    }

    /// The number of the receipt a `Claim.related` names.
    fn number_of_related(&self, related: &Element<'a>) -> Option<String> {
        let claim = related.child("claim");
        let logical = claim.as_ref().and_then(|claim| claim.child("identifier"));
        let number = logical.or_else(|| related.child("reference")).and_then(|number| terms::identifier(&number));
        let number = number.map(|number| number.value.to_owned());
        number.or_else(|| {
            let other = self.bundle.any(&claim?)?;
            let all = terms::identifiers(&other, "identifier");
            let own = all.into_iter().find(|number| !self.is_case_number(number.system, number.value));
            own.map(|number| number.value.to_owned())
        })
    }

    /// Notes that one document takes the place of another, which may have said itself that it is cancelled.
    pub(super) fn take_place(&self, kind: &'static str, number: String, own: Option<&str>, reason: WithdrawalReason) {
        if own == Some(number.as_str()) {
            return;
        }
        let replaced_by = own.map(str::to_owned);
        let mut withdrawn = self.withdrawn.borrow_mut();
        match withdrawn.iter_mut().find(|one| one.kind == kind && one.number.as_deref() == Some(number.as_str())) {
            Some(known) => {
                known.replaced_by = replaced_by;
                if known.reason == WithdrawalReason::Cancelled {
                    known.reason = reason;
                }
            }
            None => withdrawn.push(Withdrawn { kind, number: Some(number), reason, replaced_by }),
        }
    }
}
