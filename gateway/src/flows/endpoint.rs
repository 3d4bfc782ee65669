//! Endpoints: an operator names where a party is told; keys are made here and rotated with an overlap.

use claimgate_adapters::insurer::webhook::{Scheme, Secret};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::core::push::{Content, EndpointRow, EndpointState, PushWrite, Selection, Span};
use crate::keys::at_rest::Place;
use crate::party::{PartyId, Role};
use crate::sender::{AddressError, Target};
use crate::store::{EndpointView, StoreError};

/// How long the key before signs beside the new one.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// Keys kept at once.
const MOST_KEYS: usize = 3;
/// Positions one write tells again of.
const SLICE: i64 = 1_000;

/// Why an endpoint was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// The address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No such party, or one that is told nothing.
    #[error("there is no such insurer or app; webhooks tell insurers of their deliveries and apps of their claims")]
    NotAnInsurer,
    /// An app gets events alone.
    #[error("an app is told of events: content is event")]
    NoPackets,
    /// It has none.
    #[error("this party has no endpoint; `claimgate endpoint set` names one")]
    None,
    /// One operator alone may not do this.
    #[error(
        "operators.four_eyes is on: an endpoint's address and secret need a second operator; claimgate endpoint set or \
         rotate … --as NAME, then claimgate party approve PROPOSAL --as ANOTHER"
    )]
    SecondOperator,
    /// Changed by another at the same time.
    #[error("the endpoint was changed by another at this moment; look at it and do it again")]
    Meanwhile,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotChanged {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::Meanwhile,
            other => Self::Fault(other.into()),
        }
    }
}

/// A signing key as it is kept, encrypted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// What somebody wants of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedEndpoint {
    /// An address, with a new secret.
    Set {
        /// Where.
        url: String,
        /// What it is sent.
        content: Content,
        /// How messages are signed.
        scheme: Scheme,
    },
    /// A new secret; the one before signs beside it for a day.
    Rotate {
        /// How messages are signed.
        scheme: Scheme,
    },
}

impl WantedEndpoint {
    /// How messages are signed.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Set { scheme, .. } | Self::Rotate { scheme } => *scheme,
        }
    }

    /// The same as a word.
    #[must_use]
    pub fn scheme_word(&self) -> &'static str {
        match self.scheme() {
            Scheme::Ed25519 => "ed25519",
            Scheme::Hmac => "hmac",
        }
    }
}

impl Engine {
    /// Names a party's endpoint with a new key; what it was told before and has not acknowledged is told again.
    /// Answers with what the receiver checks signatures with: `whpk_…` or `whsec_…`, shown once.
    ///
    /// # Errors
    /// See [`NotChanged`].
    pub async fn set_endpoint(
        &self,
        party: &PartyId,
        url: &str,
        (content, scheme): (Content, Scheme),
    ) -> Result<Zeroizing<String>, NotChanged> {
        self.want_endpoint(party, &WantedEndpoint::Set { url: url.to_owned(), content, scheme }).await
    }

    /// Makes a new key; the one before signs beside it for a day. Answers as [`Engine::set_endpoint`].
    ///
    /// # Errors
    /// See [`NotChanged`].
    pub async fn rotate_endpoint_key(&self, party: &PartyId, scheme: Scheme) -> Result<Zeroizing<String>, NotChanged> {
        self.want_endpoint(party, &WantedEndpoint::Rotate { scheme }).await
    }

    async fn want_endpoint(&self, party: &PartyId, wanted: &WantedEndpoint) -> Result<Zeroizing<String>, NotChanged> {
        self.check_endpoint(party, wanted).await?;
        if self.rules.four_eyes {
            return Err(NotChanged::SecondOperator);
        }
        let secret = self.new_secret(wanted.scheme());
        let known = self.store.endpoint(party).await?;
        let mut change = Change::new("set_endpoint");
        self.write_endpoint("operator", (party, known), (wanted, &secret), &mut change)?;
        self.store.commit(change).await?;
        receiver_text(&secret)
    }

    /// Whether it can be done at all.
    pub(super) async fn check_endpoint(&self, party: &PartyId, wanted: &WantedEndpoint) -> Result<(), NotChanged> {
        let found = self.store.party(party).await?;
        let told = found.filter(|party| party.role().receives() || party.role() == Role::App);
        let told = told.ok_or(NotChanged::NotAnInsurer)?;
        // Nothing but events is meant for an app: it gets no packet.
        if told.role() == Role::App && matches!(wanted, WantedEndpoint::Set { content: Content::Packet, .. }) {
            return Err(NotChanged::NoPackets);
        }
        match wanted {
            WantedEndpoint::Set { url, .. } => Target::parse(url, self.sender.policy()).map(|_| ()).map_err(Into::into),
            WantedEndpoint::Rotate { .. } => self.store.endpoint(party).await?.map(|_| ()).ok_or(NotChanged::None),
        }
    }

    /// The rows of what is wanted, from the endpoint as it was read.
    pub(super) fn write_endpoint(
        &self,
        actor: &str,
        (party, known): (&PartyId, Option<EndpointView>),
        (wanted, secret): (&WantedEndpoint, &Secret),
        change: &mut Change,
    ) -> Result<(), NotChanged> {
        let mut kept = vec![Kept { key: secret.to_private_text().to_string(), until: None }];
        match (wanted, known) {
            (WantedEndpoint::Set { url, content, .. }, known) => {
                let target = Target::parse(url, self.sender.policy())?;
                change.push(Write::Push(PushWrite::Endpoint(EndpointRow {
                    party: party.clone(),
                    url: target.url().to_string(),
                    content: *content,
                    secrets: self.seal_secrets(party, &kept)?,
                    state: EndpointState::On,
                    version: known.map_or(0, |known| known.version),
                    at: self.now(),
                })));
                change.push(Write::Push(PushWrite::Redrive(party.clone(), Selection::Open, Span::ALL, self.now())));
                let detail = [("host", target.host().to_owned()), ("content", content.as_str().to_owned())];
                change.push(self.audit(actor, "endpoint.set", party, detail));
            }
            (WantedEndpoint::Rotate { .. }, Some(known)) => {
                for mut before in self.kept(party, &known.secrets)? {
                    before.until = before.until.or_else(|| self.now().checked_add(OVERLAP).ok());
                    kept.push(before);
                }
                kept.truncate(MOST_KEYS);
                let known = EndpointView { secrets: self.seal_secrets(party, &kept)?, ..known };
                change.push(Write::Push(PushWrite::Endpoint(row(party, &known, known.state, self.now()))));
                change.push(self.audit(actor, "endpoint.key-rotated", party, []));
            }
            (WantedEndpoint::Rotate { .. }, None) => return Err(NotChanged::None),
        }
        Ok(())
    }

    /// Switches an endpoint off, or on again: then everything that is not acknowledged is told again.
    ///
    /// # Errors
    /// See [`NotChanged`].
    pub async fn switch_endpoint(&self, party: &PartyId, on: bool) -> Result<(), NotChanged> {
        self.switch_endpoint_by("operator", party, on).await
    }

    /// The same, by an operator whose name is known. Switched to what it is already, its health begins anew.
    ///
    /// # Errors
    /// See [`NotChanged`].
    pub async fn switch_endpoint_by(&self, actor: &str, party: &PartyId, on: bool) -> Result<(), NotChanged> {
        let known = self.store.endpoint(party).await?.ok_or(NotChanged::None)?;
        let (state, action) = if on {
            (EndpointState::On, "endpoint.switched-on")
        } else {
            (EndpointState::Off, "endpoint.switched-off")
        };
        let mut change = Change::new("switch_endpoint");
        change.push(Write::Push(PushWrite::Endpoint(row(party, &known, state, self.now()))));
        if on {
            change.push(Write::Push(PushWrite::Redrive(party.clone(), Selection::Open, Span::ALL, self.now())));
        }
        change.push(self.audit(actor, action, party, []));
        Ok(self.store.commit(change).await?)
    }

    /// Tells a party again of deliveries, under the same message ids; switches on what was switched off for failing.
    /// `actor` is the party itself or an operator.
    ///
    /// # Errors
    /// See [`NotChanged`].
    pub async fn redrive(
        &self,
        actor: &str,
        party: &PartyId,
        selection: Selection,
    ) -> Result<EndpointView, NotChanged> {
        let known = self.store.endpoint(party).await?.ok_or(NotChanged::None)?;
        // A long range is written slice by slice, so that others' writes go between.
        let mut beyond = if let Selection::After(position) = selection { position } else { 0 };
        if !matches!(selection, Selection::One(_)) {
            let head = self.store.head(party).await?;
            while beyond.saturating_add(SLICE) < head {
                let span = Span(beyond, beyond + SLICE);
                let mut slice = Change::new("redrive_slice");
                slice.push(Write::Push(PushWrite::Redrive(party.clone(), selection, span, self.now())));
                self.store.commit(slice).await?;
                beyond += SLICE;
            }
        }
        let mut change = Change::new("redrive");
        if matches!(known.state, EndpointState::Failing | EndpointState::Gone) {
            change.push(Write::Push(PushWrite::Endpoint(row(party, &known, EndpointState::On, self.now()))));
            change.push(self.audit(actor, "endpoint.switched-on", party, []));
        }
        let rest = Span(beyond, i64::MAX);
        change.push(Write::Push(PushWrite::Redrive(party.clone(), selection, rest, self.now())));
        let which = match selection {
            Selection::One(id) => id.to_string(),
            Selection::Between(from, to) => format!("{from}/{to}"),
            Selection::After(position) => format!("after {position}"),
            Selection::Open => "open".to_owned(),
        };
        change.push(self.audit(actor, "endpoint.redriven", party, [("which", which)]));
        self.store.commit(change).await?;
        self.store.endpoint(party).await?.ok_or(NotChanged::None)
    }

    /// The keys that sign an endpoint's messages now, the newest first.
    pub(super) fn endpoint_secrets(&self, party: &PartyId, sealed: &[u8]) -> Result<Vec<Secret>, Fault> {
        let now = self.now();
        let kept = self.kept(party, sealed)?;
        let valid = kept.iter().filter(|one| one.until.is_none_or(|until| now < until));
        valid.map(|one| Secret::parse(&one.key).map_err(|_| Fault::Stored("endpoint"))).collect()
    }

    pub(super) fn new_secret(&self, scheme: Scheme) -> Secret {
        Secret::new(scheme, Zeroizing::new(self.random.bytes()))
    }

    fn seal_secrets(&self, party: &PartyId, kept: &[Kept]) -> Result<Vec<u8>, Fault> {
        let text = Zeroizing::new(serde_json::to_vec(kept).map_err(|_| Fault::Stored("endpoint"))?);
        Ok(self.vault.seal_registry(place(party.as_str()), &text)?)
    }

    fn kept(&self, party: &PartyId, sealed: &[u8]) -> Result<Vec<Kept>, Fault> {
        let plain = self.vault.open_registry(place(party.as_str()), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Stored("endpoint"))
    }
}

fn place(party: &str) -> Place<'_> {
    Place { table: "endpoint", row: party, column: "secrets" }
}

fn row(party: &PartyId, known: &EndpointView, state: EndpointState, at: Timestamp) -> EndpointRow {
    EndpointRow {
        party: party.clone(),
        url: known.url.clone(),
        content: known.content,
        secrets: known.secrets.clone(),
        state,
        version: known.version,
        at,
    }
}

pub(super) fn receiver_text(secret: &Secret) -> Result<Zeroizing<String>, NotChanged> {
    secret.to_receiver_text().map_err(|_| NotChanged::Fault(Fault::Stored("endpoint")))
}
