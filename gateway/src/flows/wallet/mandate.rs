//! A mandate (委託) among what a wallet presented: may its holder do this, for the claim's person, now?
//!
//! The decision is the adapter's. Here stand the two persons: the presenter by the number another credential of the same
//! holder proved, the mandator by the number of the mandate, which is compared with the claim's patient by keyed digest.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::mandate::Mandate;
use claimgate_adapters::wallet::mandate::decision::{Allowed, Grounds, Parties, decide};
use claimgate_adapters::wallet::mandate::scope::{Action, cents};
use claimgate_adapters::wallet::mandate::terms::{CaseRef, Identifier, Person};
use claimgate_adapters::wallet::session::Presented;
use claimgate_adapters::wallet::status::Outcome;
use jiff::Timestamp;

use super::Named;
use crate::core::wallet::Act;

/// The scheme of national IDs and resident certificate numbers in mandates.
const SCHEME: &str = "tw_national_id";

/// A mandate that allows the action, and the number of who gave it.
pub(super) struct Under {
    /// What was decided.
    pub(super) allowed: Allowed,
    /// The mandator's number, to be compared with the claim's person.
    pub(super) mandator: Option<String>,
    /// Who issued it: its id is unique there.
    pub(super) issuer: String,
    /// Until when it counts.
    pub(super) until: Timestamp,
}

/// Decides about the mandate a query asks for. Its status is looked at with everybody's, afterwards.
///
/// # Errors
/// The first [`Reason`].
pub(super) fn under(query: &Named, presented: &[Presented], act: &Act, now: Timestamp) -> Result<Under, Reason> {
    let wanted = query.mandate.as_deref().ok_or(Reason::QueryNotSatisfied)?;
    let credential = presented.iter().find(|one| one.query == wanted).map(|one| &one.credential);
    let credential = credential.ok_or(Reason::QueryNotSatisfied)?;
    let mandate = Mandate::read(credential)?;
    let number = query.subject.as_ref().and_then(|subject| query.fields.get(subject)).and_then(|way| {
        let mut own = presented.iter().filter(|one| one.query != wanted);
        own.find_map(|one| super::answer::find(&one.credential.claims, way)?.as_str())
    });
    let holder = Person {
        entity: "natural".to_owned(),
        id: number.map(|number| Identifier { scheme: SCHEME.to_owned(), value: Some(number.to_owned()) }),
        ..Person::default()
    };
    let key = credential.holder.as_ref().ok_or(Reason::KeyBindingMissing)?;
    // One that is used up is found so where its use is written.
    let grounds =
        Grounds { credential, issuer_trusted: true, status: Outcome::Valid, parent: None, documents: &[], uses: 0 };
    let parties = Parties { presenter: &holder, presenter_key: key, principal: &mandate.mandator };
    let allowed = decide(&grounds, &parties, &act.action(&CaseRef::from(act)), now)?;
    let mandator = mandate.mandator.id.and_then(|id| id.value);
    Ok(Under { allowed, mandator, issuer: credential.issuer.clone(), until: mandate.valid_until })
}

impl From<&Act> for CaseRef {
    fn from(act: &Act) -> Self {
        Self { system: act.case_system.clone(), value: act.case_number.clone() }
    }
}

impl Act {
    fn action<'a>(&'a self, case: &'a CaseRef) -> Action<'a> {
        Action {
            power: self.power,
            case,
            insurer: self.insurer.as_deref(),
            policy_number: self.policy_number.as_deref(),
            plate: self.plate.as_deref(),
            accident_on: self.accident_on,
            record_kind: self.record_kind.as_deref(),
            cents: self.amount.as_deref().and_then(cents),
        }
    }
}
