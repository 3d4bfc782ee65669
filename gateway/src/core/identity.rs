//! How the person of a claim was identified (身分確認): by which means, proved or only said, and what that makes of the claim's
//! level of assurance (身分保證等級). Values only; no number stands in any of them.

use jiff::Timestamp;

use super::proposal::words;
use super::wallet::Assurance;
use crate::id::{ClaimId, IdentificationId};
use crate::keys::index::Mac;
use crate::party::PartyId;
use claimgate_packet::words::Line;

words! {
    /// Where an identification comes from.
    Source {
        /// A session with a wallet (數位憑證皮夾).
        Wallet = "wallet";
        /// A transaction with MyData.
        Mydata = "mydata";
        /// An app's report of its own login.
        App = "app";
    }
    /// For whom the identified person stands.
    Capacity {
        /// The claim's own person.
        Oneself = "self";
        /// A child's, or another's who cannot act (法定代理人).
        Representative = "statutory-representative";
    }
}

/// One identification.
#[derive(Clone)]
pub struct Identification {
    /// Id.
    pub id: IdentificationId,
    /// The claim.
    pub claim: ClaimId,
    /// Who says so.
    pub party: PartyId,
    /// Where it comes from.
    pub source: Source,
    /// How sure it is.
    pub assurance: Assurance,
    /// Whether something signed was verified here; otherwise it is the app's word.
    pub proved: bool,
    /// For whom the person stands.
    pub capacity: Capacity,
    /// The person: a keyed digest of the number within this claim.
    pub person: Mac,
    /// A digest of what it rests on, which counts once.
    pub once: Mac,
    /// The session or transaction it rests on.
    pub subject: Option<String>,
    /// What was verified, sealed under the claim's key.
    pub body: Option<Vec<u8>>,
    /// When.
    pub at: Timestamp,
}

claimgate_packet::opaque_debug!(Identification);

/// A recipient that waits for a surer identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Who.
    pub party: PartyId,
    /// In which line.
    pub line: Line,
    /// What it needs at least.
    pub least: Assurance,
    /// Since when.
    pub since: Timestamp,
}

/// What is known of a claim's person.
#[derive(Clone, Default)]
pub struct Identified {
    /// All identifications, the oldest first.
    pub all: Vec<Identification>,
    /// Who waits.
    pub held: Vec<Hold>,
}

claimgate_packet::opaque_debug!(Identified);

impl Identified {
    /// The claim's person: who proved it first, or said it first where nobody proved it.
    #[must_use]
    pub fn person(&self) -> Option<Mac> {
        let mut own = self.all.iter().filter(|one| one.capacity == Capacity::Oneself);
        own.clone().find(|one| one.proved).or_else(|| own.next()).map(|one| one.person)
    }

    /// Whether somebody proved to be the claim's person.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.all.iter().any(|one| one.capacity == Capacity::Oneself && one.proved)
    }

    /// The surest level the claim's person reached. A statutory representative's counts for no more than `represented`: who
    /// stands for whom nobody signed.
    #[must_use]
    pub fn level(&self, represented: Assurance) -> Option<Assurance> {
        let person = self.person();
        let counts = |one: &Identification| match one.capacity {
            Capacity::Oneself => (Some(one.person) == person).then_some(one.assurance),
            Capacity::Representative => Some(weaker(one.assurance, represented)),
        };
        self.all.iter().filter_map(counts).reduce(|one, other| if one.reaches(other) { one } else { other })
    }

    /// Since when a recipient waits, where it does.
    #[must_use]
    pub fn waits(&self, party: &PartyId, line: Line) -> Option<&Hold> {
        self.held.iter().find(|hold| hold.party == *party && hold.line == line)
    }
}

/// The less sure of two.
#[must_use]
pub fn weaker(one: Assurance, other: Assurance) -> Assurance {
    if one.reaches(other) { other } else { one }
}

/// What is written.
#[derive(Debug)]
pub enum IdentityWrite {
    /// An identification; what waits of its claim is looked at again at once.
    New(Box<Identification>),
    /// A recipient waits from now on.
    Hold(ClaimId, Hold),
    /// A recipient waits no more.
    Released(ClaimId, PartyId, Line),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    fn one(person: u8, assurance: Assurance, proved: bool, capacity: Capacity) -> Identification {
        let (at, random) = (Timestamp::UNIX_EPOCH, Random::system());
        Identification {
            id: IdentificationId::new(at, &random),
            claim: ClaimId::new(at, &random),
            party: "app-one".parse().unwrap(),
            source: Source::App,
            assurance,
            proved,
            capacity,
            person: [person; 32],
            once: [0; 32],
            subject: None,
            body: None,
            at,
        }
    }

    #[test]
    fn the_surest_identification_of_one_person_counts_and_of_another_none() {
        use Assurance::{AppLogin, PersonCertificate, TwFido, TwoDocuments, Wallet};
        use Capacity::{Oneself, Representative};
        let level = |all: Vec<Identification>| Identified { all, held: Vec::new() }.level(TwoDocuments);
        assert_eq!(level(Vec::new()), None);
        let said = one(1, AppLogin, false, Oneself);
        assert_eq!(level(vec![said.clone()]), Some(AppLogin));
        assert_eq!(
            level(vec![said.clone(), one(1, Wallet, true, Oneself), one(1, AppLogin, false, Oneself)]),
            Some(Wallet)
        );
        // What was only said yields to what was proved; a second person raises nothing.
        assert_eq!(
            level(vec![said, one(2, Wallet, true, Oneself), one(3, PersonCertificate, true, Oneself)]),
            Some(Wallet)
        );
        assert_eq!(level(vec![one(9, TwFido, true, Representative)]), Some(TwoDocuments));
        assert_eq!(level(vec![one(9, AppLogin, false, Representative)]), Some(AppLogin));
    }
}
