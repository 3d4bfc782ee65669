//! A mandate (委託) among what a wallet presented: may its holder do this, for the claim's person, now?
//!
//! Also the terms of one a person gives by presenting.
//!
//! The decision is the adapter's. Here stand the two persons: the presenter by the number another credential of the same
//! holder proved, the mandator by the number of the mandate, which is compared with the claim's patient by keyed digest.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::mandate::Mandate;
use claimgate_adapters::wallet::mandate::decision::{Allowed, Grounds, Parties, decide};
use claimgate_adapters::wallet::mandate::scope::{Action, cents};
use claimgate_adapters::wallet::mandate::terms::{CaseRef, Identifier, Person};
use claimgate_adapters::wallet::oid4vp::transaction::Transaction;
use claimgate_adapters::wallet::session::Presented;
use claimgate_adapters::wallet::status::Outcome;
use jiff::Timestamp;

use super::{Named, NotStarted};
use crate::core::mandate::Giving;
use crate::core::wallet::{Act, Gift};
use crate::flows::Engine;
use crate::flows::mandate::{GIVE, NotGiven};

/// The schemes of national IDs and of resident certificate numbers (身分證字號、居留證號) in mandates: no number is of both.
const SCHEMES: [&str; 2] = ["tw_national_id", "tw_arc"];

/// A mandate that allows the action, and the number of who gave it.
pub(super) struct Under {
    /// What was decided.
    pub(super) allowed: Allowed,
    /// The mandate.
    pub(super) mandate: Mandate,
    /// Who issued it: its id is unique there.
    pub(super) issuer: String,
}

impl Under {
    /// The mandator's number, to be compared with the claim's person.
    pub(super) fn mandator(&self) -> Option<String> {
        self.mandate.mandator.id.as_ref()?.value.clone()
    }
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
    // A foreigner's mandate names the scheme of resident certificates; the credential says the number alone.
    let named = mandate.mandatary.id.as_ref().map_or("", |id| id.scheme.as_str());
    let scheme = SCHEMES.into_iter().find(|scheme| *scheme == named).unwrap_or("tw_national_id");
    let holder = Person {
        entity: "natural".to_owned(),
        id: number.map(|number| Identifier { scheme: scheme.to_owned(), value: Some(number.to_owned()) }),
        ..Person::default()
    };
    let key = credential.holder.as_ref().ok_or(Reason::KeyBindingMissing)?;
    // One that is used up is found so where its use is written.
    let grounds =
        Grounds { credential, issuer_trusted: true, status: Outcome::Valid, parent: None, documents: &[], uses: 0 };
    let parties = Parties { presenter: &holder, presenter_key: key, principal: &mandate.mandator };
    let allowed = decide(&grounds, &parties, &act.action(&CaseRef::from(act)), now)?;
    Ok(Under { allowed, mandate, issuer: credential.issuer.clone() })
}

impl Engine {
    /// The transaction data of a mandate that is given: by a person whose number is proved, and who signs.
    pub(super) async fn gives(
        &self,
        giving: Option<&Giving>,
        query: &Named,
        ids: &[String],
    ) -> Result<Option<(Transaction, Gift)>, NotStarted> {
        let Some(giving) = giving else { return Ok(None) };
        if query.subject.is_none() || query.mandate.is_some() || ids.is_empty() {
            return Err(NotStarted::Gives("mandate goes with a query that proves a person's number and signs"));
        }
        let terms = self.gift(giving).await.map_err(|reason| match reason {
            NotGiven::Form(text) => NotStarted::Gives(text),
            NotGiven::Fault(fault) => NotStarted::Fault(fault),
        })?;
        let transaction = Transaction::new(GIVE, ids, terms.clone());
        let hash = transaction.hash();
        Ok(Some((transaction, Gift::of(giving, terms, hash))))
    }
}

impl From<&Act> for CaseRef {
    fn from(act: &Act) -> Self {
        Self { system: act.case_system.clone(), value: act.case_number.clone() }
    }
}

impl Act {
    /// The same for the adapter's decision.
    pub(in crate::flows) fn action<'a>(&'a self, case: &'a CaseRef) -> Action<'a> {
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
