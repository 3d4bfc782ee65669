//! The registry: an operator adds parties and changes their state or consent basis. Everything is audited.

use claimgate_packet::jose::jwk::{KeyUse, PublicJwk};

use super::endpoint::NotChanged;
use super::{Engine, Fault, TRIES};
use crate::access::assertion;
use crate::core::change::{Change, Write};
use crate::keys::at_rest::{AtRestError, Place};
use crate::keys::issuers::DocumentError;
use crate::party::difference::difference;
use crate::party::{AuthProfile, ConsentBasis, Contact, Party, PartyId, PartyState, Registration, RegistrationError};
use crate::store::StoreError;

mod change;
mod endpoints;
mod operator;
mod proposals;
mod seed;
mod trust;

pub use change::Changed;
pub use endpoints::EndpointChanged;
pub use operator::Operator;
pub use proposals::{LIFE_DAYS, Proposal, Reviewed, Standing};
pub use seed::Seeded;
pub use trust::IssuerShown;

/// Why the registry was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotRegistered {
    /// The registration document.
    #[error("the registration is refused: {0}")]
    Registration(#[from] RegistrationError),
    /// The id, an identifier or an operator's key is taken: which, and by whom.
    #[error("{0}")]
    Taken(String),
    /// No such party.
    #[error("there is no such party; `claimgate party list` shows all")]
    Unknown,
    /// One operator alone may not do this.
    #[error("operators.four_eyes is on: {0} needs a second operator; {1}")]
    SecondOperator(&'static str, &'static str),
    /// Not one of `operators.names`, where two must agree.
    #[error(
        "--as: not one of operators.names in the configuration; who is registered with keys of their own proposes and \
         approves over the operator interface"
    )]
    UnknownOperator,
    /// Nobody who may act alone.
    #[error("--as: neither one of operators.names in the configuration nor a registered operator who is live")]
    NoOperator,
    /// Who proposed it.
    #[error("who proposed it cannot approve it: ask another operator")]
    SameOperator,
    /// Whose proposal it is.
    #[error("only who proposed it can take it back; another operator rejects it")]
    OtherOperator,
    /// Nothing differs.
    #[error("nothing would change: the party is registered like this")]
    NothingNew,
    /// No such open proposal.
    #[error("there is no such open proposal; `claimgate party proposals` lists them")]
    NoProposal,
    /// Too old.
    #[error("the proposal has expired; propose it again")]
    Expired,
    /// The party was changed since.
    #[error("the party has changed since this was proposed; look at it, and propose again")]
    Outdated,
    /// Changed by another at the same time, or whoever asks is no operator any more.
    #[error("the registry changed at this moment; look at it and do it again")]
    Meanwhile,
    /// Nobody could approve any more.
    #[error("operators.four_eyes is on: two operators who may act must be left; add another first")]
    TooFew,
    /// An endpoint.
    #[error(transparent)]
    Endpoint(NotChanged),
    /// A document of a trusted issuer.
    #[error("the issuer is refused: {0}")]
    Issuer(#[from] DocumentError),
    /// A file of insurers is none.
    #[error("the file cannot be read as insurers: {0}")]
    Seed(&'static str),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotRegistered {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<NotChanged> for NotRegistered {
    fn from(error: NotChanged) -> Self {
        match error {
            NotChanged::Fault(fault) => Self::Fault(fault),
            other => Self::Endpoint(other),
        }
    }
}

impl From<AtRestError> for NotRegistered {
    fn from(error: AtRestError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<serde_json::Error> for NotRegistered {
    fn from(_: serde_json::Error) -> Self {
        Self::Fault(Fault::Stored("registration"))
    }
}

const PROPOSE: &str = "claimgate party propose FILE --as NAME, then claimgate party approve ID --as ANOTHER";
const PROPOSE_LIVE: &str =
    "claimgate party propose --party ID --state live --as NAME, then claimgate party approve PROPOSAL --as ANOTHER";

impl Engine {
    /// Registers a party; it takes part at once.
    ///
    /// # Errors
    /// As [`Engine::register_as`].
    pub async fn register(&self, registration: Registration) -> Result<Party, NotRegistered> {
        self.register_as(registration, PartyState::Live).await
    }

    /// Registers a party in a state. Under four eyes only the first of a registry: somebody must be there to begin with.
    ///
    /// # Errors
    /// A refused document, a taken id or identifier, or a second operator is needed.
    pub async fn register_as(&self, registration: Registration, state: PartyState) -> Result<Party, NotRegistered> {
        if self.rules.four_eyes && self.store.counts().await?.parties > 0 {
            return Err(NotRegistered::SecondOperator("a registration", PROPOSE));
        }
        self.add(registration, state, None).await
    }

    async fn add(
        &self,
        registration: Registration,
        state: PartyState,
        by: Option<&Operator>,
    ) -> Result<Party, NotRegistered> {
        self.check_document(&registration)?;
        let party = Party::new(registration, state, 1)?;
        check_keys(&party)?;
        let mut change = Change::new("register_party");
        if let Some(by) = by {
            by.rely(&mut change);
        }
        self.write_new(&party, &mut change)?;
        let detail = [("role", party.role().as_str().to_owned()), ("state", state.as_str().to_owned())];
        let actor = by.map_or_else(|| "operator".to_owned(), Operator::actor);
        change.push(self.audit(&actor, "party.registered", &party.id, detail));
        match self.store.commit(change).await {
            Ok(()) => Ok(party),
            Err(StoreError::Conflict { .. }) => Err(self.why_taken(&party, true).await),
            Err(error) => Err(error.into()),
        }
    }

    /// What of a registration is another's, told to operators alone. By place: a number is not repeated.
    async fn why_taken(&self, next: &Party, is_new: bool) -> NotRegistered {
        let known = match self.store.parties().await {
            Ok(known) => known,
            Err(error) => return error.into(),
        };
        for (place, number) in next.registration().identifiers.iter().enumerate() {
            let holder = known.iter().find(|one| one.id != next.id && one.registration().identifiers.contains(number));
            if let Some(holder) = holder {
                return NotRegistered::Taken(format!(
                    "identifiers[{place}] is a number of {}, registered already",
                    holder.id
                ));
            }
        }
        NotRegistered::Taken(if is_new && known.iter().any(|one| one.id == next.id) {
            format!("{} is registered already: `claimgate party replace` changes it", next.id)
        } else {
            "another party has this id, one of these identifiers, or (an operator) one of these keys".to_owned()
        })
    }

    /// Only here, where an operator can still mend it: a stored policy may name a code that a later build dropped, and
    /// which addresses may be asked is a setting.
    fn check_document(&self, registration: &Registration) -> Result<(), RegistrationError> {
        if let Some(policy) = &registration.policy {
            policy.check()?;
        }
        if let Some(url) = &registration.jwks_url {
            self.keys_target(url)?;
        }
        if let Some(url) = &registration.records_url {
            self.keys_target(url).map_err(RegistrationError::RecordsUrl)?;
        }
        Ok(())
    }

    fn write_new(&self, party: &Party, change: &mut Change) -> Result<(), AtRestError> {
        change.push(Write::NewParty(Box::new(party.clone()), self.now()));
        if !party.registration().contacts.is_empty() {
            change.push(self.keep_contacts(party)?);
        }
        Ok(())
    }

    /// The contacts of a party, sealed: they are personal data of its staff.
    fn keep_contacts(&self, party: &Party) -> Result<Write, AtRestError> {
        let contacts = &party.registration().contacts;
        let sealed = match serde_json::to_vec(contacts) {
            Ok(text) if !contacts.is_empty() => Some(self.vault.seal_registry(contacts_of(&party.id), &text)?),
            _ => None,
        };
        Ok(Write::PartyContacts(party.id.clone(), sealed))
    }

    /// A party with its contacts, for the operator.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn party_with_contacts(&self, id: &PartyId) -> Result<Option<Party>, NotRegistered> {
        let Some(party) = self.store.party(id).await? else { return Ok(None) };
        let contacts: Vec<Contact> = match self.store.party_contacts(id).await? {
            Some(sealed) => serde_json::from_slice(&self.vault.open_registry(contacts_of(id), &sealed)?)?,
            None => Vec::new(),
        };
        Ok(Some(party.with_contacts(contacts)))
    }

    /// Takes a party one step on: suspends it (its tokens are refused at once), brings it back, certifies it.
    ///
    /// # Errors
    /// No such party, no such step, something an invited party lacks, or a second operator is needed.
    pub async fn set_state(&self, id: &PartyId, state: PartyState) -> Result<Party, NotRegistered> {
        if self.rules.four_eyes && state == PartyState::Live {
            return Err(NotRegistered::SecondOperator("state live", PROPOSE_LIVE));
        }
        let action = match state {
            PartyState::Live => "party.enabled",
            PartyState::Suspended => "party.disabled",
            _ => "party.state-changed",
        };
        self.change_party(id, action, false, |party| Ok(party.in_state(state)?)).await
    }

    /// Sets or removes a hospital's consent basis. Held claims are released by the worker.
    ///
    /// # Errors
    /// No such party, not a hospital, or a second operator is needed; to take a basis away none is.
    pub async fn set_consent(&self, id: &PartyId, basis: Option<ConsentBasis>) -> Result<Party, NotRegistered> {
        if self.rules.four_eyes && basis.is_some() {
            return Err(NotRegistered::SecondOperator("a consent basis", PROPOSE));
        }
        self.change_party(id, "party.consent-changed", false, |party| {
            let registration = Registration { consent: basis.clone(), ..party.registration().clone() };
            Ok(Party::new(registration, party.state, party.version)?)
        })
        .await
    }

    /// Replaces a party's registration document: new keys, lines or name. Its id and role stay.
    ///
    /// # Errors
    /// No such party, another id or role, a refused document, or a second operator is needed.
    pub async fn replace_registration(&self, id: &PartyId, registration: Registration) -> Result<Party, NotRegistered> {
        self.check_document(&registration)?;
        self.change_party(id, "party.replaced", true, |party| {
            let next = replaced(&party, &registration)?;
            if self.rules.four_eyes && difference(Some(&party), &next).iter().any(|one| !one.alone) {
                let what = "more than a change of authentication keys (use sig) or contacts";
                return Err(NotRegistered::SecondOperator(what, PROPOSE));
            }
            Ok(next)
        })
        .await
    }

    async fn change_party(
        &self,
        id: &PartyId,
        action: &'static str,
        with_contacts: bool,
        step: impl Fn(Party) -> Result<Party, NotRegistered>,
    ) -> Result<Party, NotRegistered> {
        for _ in 0..TRIES {
            let party = step(self.store.party(id).await?.ok_or(NotRegistered::Unknown)?)?;
            let mut change = Change::new("change_party");
            change.push(Write::ChangeParty(Box::new(party.clone()), self.now()));
            if with_contacts {
                change.push(self.keep_contacts(&party)?);
            }
            change.push(self.audit("operator", action, id, [("state", party.state.as_str().to_owned())]));
            match self.store.commit(change).await {
                Ok(()) => return Ok(party.next_version()),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Contended.into())
    }
}

/// A party with another document.
fn replaced(party: &Party, registration: &Registration) -> Result<Party, RegistrationError> {
    if registration.id != party.id.as_str() || registration.role != party.role() {
        return Err(RegistrationError::Rule("id and role: may not change; register another party"));
    }
    // Only `party consent --none` takes a basis away.
    let consent = registration.consent.clone().or_else(|| party.registration().consent.clone());
    let next = Party::new(Registration { consent, ..registration.clone() }, party.state, party.version)?;
    check_keys(&next)?;
    // Packets are known to be sealed to a kid: another key of that name would leave them unreadable.
    let same_name = |key: &PublicJwk| {
        let known = party.keys().iter().find(|known| known.kid == key.kid && known.usage == KeyUse::Enc);
        known.is_some_and(|known| known.thumbprint() != key.thumbprint())
    };
    if next.keys().iter().any(same_name) {
        return Err(RegistrationError::Rule("jwks: a new key needs a kid of its own; that of an earlier key is taken"));
    }
    Ok(next)
}

fn contacts_of(id: &PartyId) -> Place<'_> {
    Place { table: "party", row: id.as_str(), column: "contacts" }
}

/// Without such a key a party is registered and never gets a token. Only here: one that was registered before stays
/// readable.
fn check_keys(party: &Party) -> Result<(), RegistrationError> {
    operator::check(party)?;
    // An invited party may have no key yet, and some roles have nothing to get a token for.
    if party.state == PartyState::Invited || party.role().interface().is_none() {
        return Ok(());
    }
    // Keys at a URL are looked at when they are needed; a certificate is no assertion and has no algorithm here.
    if party.registration().jwks_url.is_some() || party.registration().certificate.is_some() {
        return Ok(());
    }
    let taken = assertion::algorithms(party.auth());
    let proves = |key: &PublicJwk| key.usage == KeyUse::Sig && taken.contains(&key.alg);
    if party.keys().iter().any(proves) {
        return Ok(());
    }
    Err(RegistrationError::Rule(match party.auth() {
        AuthProfile::Smart => {
            "jwks: under SMART (auth \"smart\", a hospital's default) a party proves itself at the token endpoint with a \
             key with use \"sig\" and alg ES384 or RS384; there is none"
        }
        AuthProfile::Fapi => {
            "jwks: under FAPI (auth \"fapi\", an insurer's and an app's default) a party proves itself at the token \
             endpoint with a key with use \"sig\" and alg ES256, EdDSA (Ed25519) or PS256; there is none"
        }
    }))
}
