//! The registry: an operator adds parties and changes their state or consent basis. Everything is audited.

use claimgate_packet::jose::jwk::{KeyUse, PublicJwk};

use super::{Engine, Fault, TRIES};
use crate::access::assertion;
use crate::core::change::{Change, Write};
use crate::party::{AuthProfile, ConsentBasis, Party, PartyId, PartyState, Registration, RegistrationError};
use crate::store::StoreError;

/// Why the registry was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotRegistered {
    /// The registration document.
    #[error("the registration is refused: {0}")]
    Registration(#[from] RegistrationError),
    /// The id or an identifier is taken.
    #[error("a party with this id or one of these identifiers is registered already")]
    Taken,
    /// No such party.
    #[error("there is no such party; `claimgate party list` shows all")]
    Unknown,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotRegistered {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl Engine {
    /// Registers a party; it takes part at once.
    ///
    /// # Errors
    /// A refused document, or a taken id or identifier.
    pub async fn register(&self, registration: Registration) -> Result<Party, NotRegistered> {
        check_policy(&registration)?;
        let party = Party::new(registration, PartyState::Live, 1)?;
        check_keys(&party)?;
        let mut change = Change::new("register_party");
        change.push(Write::NewParty(Box::new(party.clone()), self.now()));
        change.push(self.audit(
            "operator",
            "party.registered",
            &party.id,
            [("role", party.role().as_str().to_owned())],
        ));
        match self.store.commit(change).await {
            Ok(()) => Ok(party),
            Err(StoreError::Conflict { .. }) => Err(NotRegistered::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// Suspends a party (its tokens are refused at once) or brings it back.
    ///
    /// # Errors
    /// No such party.
    pub async fn set_state(&self, id: &PartyId, state: PartyState) -> Result<Party, NotRegistered> {
        let action = match state {
            PartyState::Live => "party.enabled",
            PartyState::Suspended => "party.disabled",
        };
        self.change_party(id, action, |party| Ok(party.in_state(state))).await
    }

    /// Sets or removes a hospital's consent basis. Held claims are released by the worker.
    ///
    /// # Errors
    /// No such party, or not a hospital.
    pub async fn set_consent(&self, id: &PartyId, basis: Option<ConsentBasis>) -> Result<Party, NotRegistered> {
        self.change_party(id, "party.consent-changed", |party| {
            let registration = Registration { consent: basis.clone(), ..party.registration().clone() };
            Party::new(registration, party.state, party.version)
        })
        .await
    }

    /// Replaces a party's registration document: new keys, lines or name. Its id and role stay.
    ///
    /// # Errors
    /// No such party, another id or role, or a refused document.
    pub async fn replace_registration(&self, id: &PartyId, registration: Registration) -> Result<Party, NotRegistered> {
        self.change_party(id, "party.replaced", |party| {
            if registration.id != party.id.as_str() || registration.role != party.role() {
                return Err(RegistrationError::Rule("id and role: may not change; register another party"));
            }
            check_policy(&registration)?;
            // Only `party consent --none` takes a basis away.
            let consent = registration.consent.clone().or_else(|| party.registration().consent.clone());
            let registration = Registration { consent, ..registration.clone() };
            let party = Party::new(registration, party.state, party.version)?;
            check_keys(&party)?;
            Ok(party)
        })
        .await
    }

    async fn change_party(
        &self,
        id: &PartyId,
        action: &'static str,
        step: impl Fn(Party) -> Result<Party, RegistrationError>,
    ) -> Result<Party, NotRegistered> {
        for _ in 0..TRIES {
            let party = step(self.store.party(id).await?.ok_or(NotRegistered::Unknown)?)?;
            let mut change = Change::new("change_party");
            change.push(Write::ChangeParty(Box::new(party.clone()), self.now()));
            change.push(self.audit("operator", action, id, []));
            match self.store.commit(change).await {
                Ok(()) => return Ok(party.next_version()),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Contended.into())
    }
}

/// Without such a key a party is registered and never gets a token. Only here: one that was registered before stays
/// readable.
fn check_keys(party: &Party) -> Result<(), RegistrationError> {
    let taken = assertion::algorithms(party.auth());
    let proves = |key: &PublicJwk| key.usage == KeyUse::Sig && taken.contains(&key.alg);
    if party.keys().iter().any(proves) {
        return Ok(());
    }
    Err(RegistrationError::Rule(match party.auth() {
        AuthProfile::Smart => {
            "jwks: under SMART (auth \"smart\", a hospital's default) a party proves itself at the token endpoint with a \
             key with use \"sig\" and alg ES384; there is none"
        }
        AuthProfile::Fapi => {
            "jwks: under FAPI (auth \"fapi\", an insurer's and an app's default) a party proves itself at the token \
             endpoint with a key with use \"sig\" and alg ES256 or EdDSA (Ed25519); there is none"
        }
    }))
}

/// Only here, where an operator can still mend it: a stored policy may name a code that a later build dropped.
fn check_policy(registration: &Registration) -> Result<(), RegistrationError> {
    match &registration.policy {
        Some(policy) => Ok(policy.check()?),
        None => Ok(()),
    }
}
