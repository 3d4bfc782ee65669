//! What is asked about a mandate and what is answered: values, and how answers to single checks make one decision.

use claimgate_adapters::signature::PdfStanding;
use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::mandate::Mandate;
use claimgate_adapters::wallet::mandate::decision::items::{Check, Finding};
use claimgate_adapters::wallet::mandate::terms::{Identifier, Level, Person};
use jiff::Timestamp;

use crate::core::wallet::Act;
use crate::flows::Fault;
use crate::id::MandateId;
use crate::party::PartyId;

/// A person by a number, as the caller knows them.
#[derive(Clone)]
pub struct Given {
    /// The scheme: `tw_national_id`, `tw_arc`, `tw_ubn`, `passport`, `insurer_code`.
    pub scheme: String,
    /// The number.
    pub value: String,
}

/// Which mandate.
pub enum Which {
    /// As it is presented: an SD-JWT VC, perhaps with the holder's proof behind it.
    Presented(String),
    /// One that was recorded.
    Recorded(MandateId),
}

/// What is to be checked.
pub struct NewCheck {
    /// The mandate; none where there are documents alone.
    pub which: Option<Which>,
    /// The mandate it was passed on from (複委任).
    pub parent: Option<String>,
    /// Nonce and audience the holder was asked to prove the key for.
    pub proof: Option<(String, String)>,
    /// Of a mandate its mandator signed: a credential of the mandator that is bound to the key.
    pub mandator: Option<String>,
    /// What for: issuers are trusted by purpose.
    pub purpose: String,
    /// What is to be done.
    pub act: Option<Act>,
    /// The kinds of records that are asked for, each answered for itself.
    pub kinds: Vec<String>,
    /// Whose case it is.
    pub principal: Option<Given>,
    /// Who presents, as the caller identified them.
    pub presenter: Option<Given>,
    /// Which party presents; the caller where nothing is said.
    pub presented_by: Option<PartyId>,
    /// Signed documents (委託書).
    pub documents: Vec<Vec<u8>>,
    /// Whether it is used: counted, if it is granted.
    pub counts: bool,
}

claimgate_packet::opaque_debug!(Given, Which, NewCheck);

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Everything that was asked.
    Granted,
    /// Some kinds of records and not others.
    Partly,
    /// Nobody can say now.
    Held,
    /// Nothing.
    Refused,
    /// Documents alone: people read them.
    Manual,
}

impl Decision {
    /// The word in interfaces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Partly => "partly",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Manual => "manual",
        }
    }
}

/// A document that was handed in.
#[derive(Debug)]
pub struct DocumentStanding {
    /// Its SHA-256, base64url.
    pub sha256: String,
    /// Its signature.
    pub standing: PdfStanding,
}

/// A mandate as it was read.
pub struct Looked {
    /// Who issued it: its id is unique there.
    pub issuer: String,
    /// Itself.
    pub mandate: Mandate,
    /// The one above it.
    pub above: Option<Mandate>,
    /// How sure it is; of both the lower.
    pub level: Level,
    /// How often it was used before.
    pub used: u64,
    /// The same of the one above it.
    pub used_above: u64,
    /// How the presenter proved the key: `key-binding` or `registered-key`.
    pub proved_by: Option<&'static str>,
}

claimgate_packet::opaque_debug!(Looked);

/// What was found.
#[derive(Debug)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// Whether the credential itself verifies.
    pub credential: Finding,
    /// The twelve checks.
    pub items: Vec<(Check, Finding)>,
    /// Each kind of record that was asked for.
    pub records: Vec<(String, Finding)>,
    /// The mandate, where it could be read.
    pub looked: Option<Looked>,
    /// The documents.
    pub documents: Vec<DocumentStanding>,
    /// Whether a use was counted.
    pub counted: bool,
    /// When.
    pub at: Timestamp,
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
pub enum NotChecked {
    /// No such recorded mandate for this party.
    #[error("there is no such mandate")]
    Unknown,
    /// Nothing to check, or nothing to check it for.
    #[error("name a mandate with an action, or hand in documents")]
    Nothing,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Given {
    pub(super) fn person(&self) -> Person {
        Person {
            entity: "natural".to_owned(),
            id: Some(Identifier { scheme: self.scheme.clone(), value: Some(self.value.clone()) }),
            ..Person::default()
        }
    }
}

/// What stands against it, the first in order; a refusal before what nobody can say.
pub(super) fn refusal(items: &[(Check, Finding)]) -> Option<Finding> {
    let first = |wanted: fn(&Finding) -> bool| items.iter().map(|(_, finding)| *finding).find(wanted);
    first(|finding| matches!(finding, Finding::Failed(_))).or(first(|finding| matches!(finding, Finding::Unknown(_))))
}

/// The twelve checks for one kind of record; for none, where no kind is asked for.
pub(super) type OfKind = (Option<String>, Vec<(Check, Finding)>);

/// What comes of all kinds together.
pub(super) fn decision(all: &[OfKind]) -> Decision {
    let against: Vec<Option<Finding>> = all.iter().map(|(_, items)| refusal(items)).collect();
    let granted = against.iter().filter(|one| one.is_none()).count();
    if granted == against.len() {
        Decision::Granted
    } else if granted > 0 {
        Decision::Partly
    } else if against.iter().any(|one| matches!(one, Some(Finding::Unknown(_)))) {
        Decision::Held
    } else {
        Decision::Refused
    }
}

impl Verdict {
    pub(super) fn of(decision: Decision, documents: Vec<DocumentStanding>, at: Timestamp) -> Self {
        let items = Check::ALL.into_iter().map(|check| (check, Finding::NotReached)).collect();
        Self {
            decision,
            credential: Finding::NotReached,
            items,
            records: Vec::new(),
            looked: None,
            documents,
            counted: false,
            at,
        }
    }

    /// The credential itself does not verify: whose issuer is trusted is the first check, all else is before it.
    pub(super) fn without_credential(mut self, reason: Reason) -> Self {
        self.credential = Err(reason).into();
        let untrusted = matches!(
            reason,
            Reason::IssuerUntrusted
                | Reason::IssuerNotEffective
                | Reason::IssuerKeyUnresolved
                | Reason::MandateIssuerUntrusted
        );
        if untrusted && let Some((_, finding)) = self.items.first_mut() {
            *finding = Finding::Failed(Reason::MandateIssuerUntrusted);
        }
        self
    }

    /// Check M12.
    pub(super) fn recorded(&mut self, found: Result<(), Reason>) {
        if let Some((_, finding)) = self.items.last_mut() {
            *finding = found.into();
        }
        if found.is_err() {
            self.decision = Decision::Refused;
            self.counted = false;
            for (_, record) in &mut self.records {
                *record = found.into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(findings: &[Finding]) -> Vec<OfKind> {
        findings
            .iter()
            .map(|finding| (None, vec![(Check::Issuer, Finding::Passed), (Check::Limits, *finding)]))
            .collect()
    }

    #[test]
    fn one_refusal_is_not_made_up_by_another_kind_that_passes() {
        let (failed, unknown) = (Finding::Failed(Reason::PowerMissing), Finding::Unknown(Reason::StatusStale));
        assert_eq!(decision(&all(&[Finding::Passed])), Decision::Granted);
        assert_eq!(decision(&all(&[Finding::Passed, failed])), Decision::Partly);
        assert_eq!(decision(&all(&[failed, unknown])), Decision::Held);
        assert_eq!(decision(&all(&[failed, failed])), Decision::Refused);
        let mut verdict = Verdict::of(Decision::Granted, Vec::new(), Timestamp::UNIX_EPOCH);
        (verdict.counted, verdict.records) = (true, vec![("sketch".to_owned(), Finding::Passed)]);
        verdict.recorded(Err(Reason::MandateScopeExceeded));
        assert_eq!((verdict.decision, verdict.counted), (Decision::Refused, false));
        assert_eq!(verdict.records[0].1, Finding::Failed(Reason::MandateScopeExceeded));
    }
}
