//! Parties (參與機構): who takes part, in what role, with which keys and lines. Pure: no store, no HTTP.
//!
//! In: a registration document an operator approved. Out: a [`Party`] that every later step trusts.

use std::fmt;
use std::str::FromStr;

use claimgate_adapters::signature::{SourceKey, SourceKeyError};
use claimgate_fhir::outcome::{Policy, UnknownCode};
use claimgate_fhir::taiwan;
use claimgate_packet::jose::jwk::{JwkError, JwkSet, PublicJwk};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sender::AddressError;

mod contact;
pub mod difference;
mod form;
mod limits;
mod policy;
mod role;
mod source;
mod state;
mod term;
mod token;

pub use contact::{Contact, ContactKind};
pub use form::RecipientForm;
pub use limits::{Allowed, PartyLimits};
pub use policy::HospitalPolicy;
pub use role::{AGENT_REGISTRATION, INSURER_CODE, Role};
pub use source::SourceKeyEntry;
pub use state::{InvalidPartyStep, PartyState, UnknownPartyState};
pub use term::Term;
pub use token::{Binding, CertificateRule, TokenRule};

/// A party's id, its OAuth `client_id`: 3 to 64 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PartyId(String);

/// A text that is no party id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a party id is 3 to 64 lower-case letters, digits and hyphens, and starts with a letter")]
pub struct PartyIdError;

impl FromStr for PartyId {
    type Err = PartyIdError;

    fn from_str(text: &str) -> Result<Self, PartyIdError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (3..=64).contains(&text.len())
            && text.bytes().all(allowed)
            && text.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
        if fits { Ok(Self(text.to_owned())) } else { Err(PartyIdError) }
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartyId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a party proves itself: the two profiles disagree on purpose about `aud` and algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthProfile {
    /// SMART Backend Services: `aud` is the token URL; ES384 or RS384.
    Smart,
    /// FAPI 2.0: `aud` is the issuer, as one string; ES256, EdDSA (Ed25519) or PS256.
    Fapi,
}

/// One way an outsider names a party: a namespace URI and a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyIdentifier {
    /// For example `https://gcis.nat.gov.tw` for a 統一編號.
    pub system: String,
    /// The number.
    pub value: String,
}

/// On what ground a hospital hands over patients' documents (個人資料保護法 §6, 保險法 §177-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConsentBasis {
    /// The hospital attests with each push that it holds the patient's written consent.
    HospitalAttested {
        /// Which agreement or form says so.
        reference: String,
    },
    /// The patient's own consent, given with an application of the case: it names each recipient.
    Patient {
        /// Which agreement with the hospital says so.
        reference: String,
    },
}

/// Whether an insurer signs a receipt (簽收回條) with each acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptRule {
    /// No acknowledgement without one.
    Required,
    /// As it likes; one that is given is checked.
    #[default]
    Optional,
}

/// The registration document, as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// OAuth `client_id`.
    pub id: String,
    /// Role.
    pub role: Role,
    /// Name for people.
    pub name: String,
    /// How it proves itself; default: hospitals SMART, others FAPI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthProfile>,
    /// Institution code, 統一編號, insurer code.
    #[serde(default)]
    pub identifiers: Vec<PartyIdentifier>,
    /// An insurer's lines; the first one counts where a Coverage names none. The fund's is motor-compulsory.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// A hospital's ground for handing over documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentBasis>,
    /// What a hospital's bundles are held to beyond what everyone's are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<HospitalPolicy>,
    /// Whether an insurer must sign receipts; default: it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptRule>,
    /// In which form a recipient gets its deliveries; default: the sealed packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<RecipientForm>,
    /// What the access tokens of an insurer or an app must be bound to; default: an insurer's to something of its own,
    /// an app's to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenRule>,
    /// The client certificate it proves itself by, in place of an assertion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateRule>,
    /// Where it publishes the keys it proves itself by; those of `jwks` with `use: sig` then sign its receipts alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// Where a police source (docs/police-api.md), the institute or an insurer (docs/cover-api.md) answers: an https address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_url: Option<String>,
    /// Whether a push of this hospital, or a request of this insurer that changes something, is refused without a
    /// verified signature (電子簽章).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signature_required: bool,
    /// Further keys of a hospital or an insurer for HTTP message signatures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_keys: Vec<SourceKeyEntry>,
    /// Whether an insurer gets signed answers to unsigned requests too; to signed ones it always does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed_answers: bool,
    /// How much it may ask, where that is not what everyone may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<PartyLimits>,
    /// The first day on which the registration counts, in Taiwan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Date>,
    /// The last day on which it counts, in Taiwan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_until: Option<Date>,
    /// Whom to ask. Personal data: never written with the rest, see [`Registration::with_contacts`].
    #[serde(default, skip_serializing)]
    pub contacts: Vec<Contact>,
    /// Public keys: `use: sig` to prove itself, `use: enc` to receive packets. An invited party may have none yet.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub jwks: Value,
}

impl Registration {
    /// A registration that says nothing but this.
    #[must_use]
    pub fn new(id: &str, role: Role, name: &str, jwks: Value) -> Self {
        Self {
            id: id.to_owned(),
            role,
            name: name.to_owned(),
            auth: None,
            identifiers: Vec::new(),
            lines: Vec::new(),
            consent: None,
            policy: None,
            receipt: None,
            form: None,
            token: None,
            certificate: None,
            jwks_url: None,
            records_url: None,
            signature_required: false,
            source_keys: Vec::new(),
            signed_answers: false,
            effective_from: None,
            effective_until: None,
            contacts: Vec::new(),
            limits: None,
            jwks,
        }
    }

    /// The whole document, contacts too: for the operator, and for what is sealed at once.
    ///
    /// # Errors
    /// Never with a value that was read from JSON.
    pub fn with_contacts(&self) -> Result<Value, serde_json::Error> {
        let mut document = serde_json::to_value(self)?;
        if let Some(members) = document.as_object_mut().filter(|_| !self.contacts.is_empty()) {
            members.insert("contacts".to_owned(), serde_json::to_value(&self.contacts)?);
        }
        Ok(document)
    }
}

/// Why a registration is refused.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The id is malformed.
    #[error("id: {0}")]
    Id(#[from] PartyIdError),
    /// A key is unusable.
    #[error("jwks: {0}")]
    Jwks(#[from] JwkError),
    /// A hospital's policy names what no warning has.
    #[error("policy.errors: {0}")]
    Policy(#[from] UnknownCode),
    /// The URL of the keys is none that may be asked.
    #[error("jwks_url: {0}")]
    Url(#[from] AddressError),
    /// The address a police source is asked at is none that may be.
    #[error("records_url: {0}")]
    RecordsUrl(AddressError),
    /// A key for signatures is unusable.
    #[error("source_keys: {0}")]
    SourceKey(#[from] SourceKeyError),
    /// A step the state machine does not have.
    #[error("state: {0}")]
    State(#[from] InvalidPartyStep),
    /// A rule is broken.
    #[error("{0}")]
    Rule(&'static str),
}

/// A registered party.
#[derive(Clone, Debug)]
pub struct Party {
    /// Id and `client_id`.
    pub id: PartyId,
    /// Whether it takes part.
    pub state: PartyState,
    /// Counts changes; a step that relied on an earlier version is redone.
    pub version: i64,
    registration: Registration,
    policy: Policy,
    keys: JwkSet,
    source_keys: Vec<SourceKey>,
    term: Term,
}

impl Party {
    /// Checks a registration. An invited party may still lack keys, numbers and lines; see [`Party::missing`].
    ///
    /// # Errors
    /// What is missing or unusable, by name.
    pub fn new(registration: Registration, state: PartyState, version: i64) -> Result<Self, RegistrationError> {
        use RegistrationError::Rule;
        let id = registration.id.parse()?;
        let mut registration = registration;
        for known in &mut registration.identifiers {
            // Look-ups fold the spellings of a namespace to one; so does the registry.
            known.system = taiwan::canonical(&known.system).to_owned();
            known.value = known.value.trim().to_owned();
        }
        if registration.role == Role::Fund && registration.lines.is_empty() {
            registration.lines.push(Line::MotorCompulsory);
        }
        let keys = match &registration.jwks {
            Value::Null => JwkSet::default(),
            jwks => JwkSet::from_json(jwks)?,
        };
        let name = registration.name.trim();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(Rule("name: 1 to 200 characters, none of them control characters"));
        }
        if registration.identifiers.iter().any(|known| known.system.is_empty() || known.value.is_empty()) {
            return Err(Rule("identifiers: each has a system and a value"));
        }
        if let Some(rule) = role::misplaced(&registration) {
            return Err(Rule(rule));
        }
        if let Some(rule) = token::broken(&registration) {
            return Err(Rule(rule));
        }
        let lacking = role::lacking(&registration, &keys);
        if let Some(rule) = lacking.first().filter(|_| state != PartyState::Invited) {
            return Err(Rule(rule));
        }
        if registration.limits.is_some_and(|limits| !limits.hold()) {
            return Err(Rule(
                "limits: requests_per_second and burst are 1 to 1000000, concurrent 1 to 100000, bytes_per_minute 65536 \
                 to 1099511627776",
            ));
        }
        contact::check(&registration.contacts)?;
        let term = Term::read(&registration)?;
        let policy = registration.policy.as_ref().map(HospitalPolicy::effective).unwrap_or_default();
        let source_keys = source::keys(&registration, &keys)?;
        Ok(Self { id, state, version, registration, policy, keys, source_keys, term })
    }

    /// The same party one step on.
    ///
    /// # Errors
    /// A step that does not exist, or what an invited party still lacks.
    pub fn in_state(self, state: PartyState) -> Result<Self, RegistrationError> {
        let state = self.state.step(state)?;
        match self.missing().first() {
            Some(rule) if self.state == PartyState::Invited && state != self.state => {
                Err(RegistrationError::Rule(rule))
            }
            _ => Ok(Self { state, ..self }),
        }
    }

    /// What an invited party must still have before it goes on. Who went on before has it.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let mut missing = role::lacking(&self.registration, &self.keys);
        let numbers = &self.registration.identifiers;
        let has_ubn = numbers.iter().any(|known| known.system == taiwan::Namespace::Ubn.uri());
        if self.role() == Role::Insurer && !numbers.is_empty() && !has_ubn && self.state == PartyState::Invited {
            missing
                .push("identifiers: an insurer has its 統一編號 (system https://gcis.nat.gov.tw) before it takes part");
        }
        missing
    }

    /// The same party with the contacts that are kept apart.
    #[must_use]
    pub fn with_contacts(mut self, contacts: Vec<Contact>) -> Self {
        self.registration.contacts = contacts;
        self
    }

    /// The same party after a change was committed.
    #[must_use]
    pub fn next_version(self) -> Self {
        Self { version: self.version + 1, ..self }
    }

    /// The document it was registered with.
    #[must_use]
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Which warnings on its bundles refuse them; none where it is not a hospital.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.registration.role
    }

    /// From when until when its registration counts.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term
    }

    /// Whether it takes part now: it is live, and its registration counts.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == PartyState::Live && self.term.holds(now)
    }

    /// Whether it is let in now. In a gateway of made-up data (`gateway.sandbox`) so are those who try their programs;
    /// delivered is to those who are live alone.
    #[must_use]
    pub fn may_enter(&self, now: Timestamp, sandbox: bool) -> bool {
        self.is_live(now) || (sandbox && self.state == PartyState::Sandbox && self.term.holds(now))
    }

    /// How it proves itself.
    #[must_use]
    pub fn auth(&self) -> AuthProfile {
        self.registration.auth.unwrap_or(match self.registration.role {
            Role::Hospital => AuthProfile::Smart,
            _ => AuthProfile::Fapi,
        })
    }

    /// All its registered keys, valid now or not.
    #[must_use]
    pub fn keys(&self) -> &[PublicJwk] {
        &self.keys.0
    }

    /// Whether its acknowledgements need a signed receipt.
    #[must_use]
    pub fn must_sign_receipts(&self) -> bool {
        self.registration.receipt == Some(ReceiptRule::Required)
    }

    /// In which form it gets its deliveries.
    #[must_use]
    pub fn form(&self) -> RecipientForm {
        self.registration.form.unwrap_or_default()
    }

    /// What its access tokens must be bound to. Of an insurer's, none is worth anything to a thief; in a gateway of
    /// made-up data they may be (FAPI 2.0 Security Profile §5.3.2.1).
    #[must_use]
    pub fn binding(&self, sandbox: bool) -> Binding {
        match self.registration.token {
            _ if self.role().always_binds() => Binding::Key,
            Some(TokenRule::Dpop) => Binding::Key,
            Some(TokenRule::Mtls) => Binding::Certificate,
            Some(TokenRule::Bearer) | None if self.role().receives() && !sandbox => Binding::Either,
            Some(TokenRule::Bearer) | None => Binding::Free,
        }
    }

    /// The key packets are sealed to: use `enc`, valid now, newest `nbf` first.
    #[must_use]
    pub fn encryption_key(&self, now: Timestamp) -> Option<&PublicJwk> {
        self.keys.0.iter().filter(|key| key.alg.seals_packets() && valid(key, now)).max_by_key(|key| key.not_before)
    }

    /// Whether it is registered under this institution code (醫事機構代碼).
    #[must_use]
    pub fn is_institution(&self, code: &str) -> bool {
        let system = taiwan::Namespace::Institution.uri();
        self.registration.identifiers.iter().any(|known| known.system == system && known.value == code)
    }
}

fn valid(key: &PublicJwk, now: Timestamp) -> bool {
    key.revoked_at.is_none_or(|at| now < at)
        && key.not_before.is_none_or(|from| from <= now)
        && key.not_after.is_none_or(|until| now < until)
}
