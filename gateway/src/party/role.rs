//! Roles (角色): what a party does here, and what its registration must say before it can do it.
//!
//! In: a registration with its keys. Out: every rule it breaks, in sentences an operator can act on. It must not know
//! states: an invited party may lack what these rules ask for.

use claimgate_fhir::taiwan::Namespace;
use claimgate_packet::jose::jwk::{JwkSet, KeyUse};
use claimgate_packet::words::Line;
use serde::{Deserialize, Serialize};

use super::{CertificateRule, ReceiptRule, RecipientForm, Registration};

/// The namespace of an agent's or broker's registration number (登錄字號、執業證照號碼).
pub const AGENT_REGISTRATION: &str = "urn:claimgate:agent-registration";

/// The namespace of an insurer's code (保險公司代碼).
pub const INSURER_CODE: &str = "urn:claimgate:insurer-code";

/// What a party does here (角色).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A hospital (醫院), known by its institution code.
    Hospital,
    /// An insurer (保險公司), known by its 統一編號.
    Insurer,
    /// The Motor Vehicle Accident Compensation Fund (特別補償基金), known by its 統一編號. It pulls as insurers do.
    Fund,
    /// The backend of an app for owners and patients.
    App,
    /// A police source of accident records (警察機關).
    Police,
    /// A repair shop (維修廠).
    Shop,
    /// An insurance agent or broker (保險業務員、保險經紀人), acting under a person's mandate (委託書).
    Agent,
    /// The insurance institute (保發中心).
    Institute,
    /// An appraisal committee (車輛行車事故鑑定會).
    Appraisal,
    /// A regulator (主管機關), who reads and never writes.
    Regulator,
    /// A person who runs this gateway (維運人員), with keys of their own.
    Operator,
}

impl Role {
    /// The word in documents and tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hospital => "hospital",
            Self::Insurer => "insurer",
            Self::Fund => "fund",
            Self::App => "app",
            Self::Police => "police",
            Self::Shop => "shop",
            Self::Agent => "agent",
            Self::Institute => "institute",
            Self::Appraisal => "appraisal",
            Self::Regulator => "regulator",
            Self::Operator => "operator",
        }
    }

    /// Whether packets are delivered to it.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::Insurer | Self::Fund)
    }

    /// Whether its access tokens are always bound to a key (DPoP), whatever its registration says.
    #[must_use]
    pub fn always_binds(self) -> bool {
        matches!(self, Self::Operator | Self::Regulator)
    }

    /// The role whose interface it uses; none where there is no interface for it yet.
    #[must_use]
    pub fn interface(self) -> Option<Self> {
        match self {
            Self::Hospital | Self::Insurer | Self::App | Self::Police | Self::Shop => Some(self),
            Self::Fund => Some(Self::Insurer),
            // A regulator reads what operators read, and nothing else: its scopes say so.
            Self::Operator | Self::Regulator => Some(Self::Operator),
            Self::Agent | Self::Institute | Self::Appraisal => None,
        }
    }
}

/// What stands in a registration and never may, whatever the party's state.
pub(super) fn misplaced(registration: &Registration) -> Option<&'static str> {
    let role = registration.role;
    let lines = &registration.lines;
    let rules = [
        (role != Role::Hospital && registration.consent.is_some(), "consent: only a hospital carries a consent basis"),
        (role != Role::Hospital && registration.policy.is_some(), "policy: only a hospital carries a policy"),
        (
            !matches!(role, Role::Police | Role::Institute | Role::Insurer) && registration.records_url.is_some(),
            "records_url: only a police source, the institute or an insurer answers there",
        ),
        (!role.receives() && registration.receipt.is_some(), "receipt: only an insurer acknowledges packets"),
        (!role.receives() && registration.form.is_some(), "form: only an insurer or the fund gets deliveries"),
        (
            registration.form == Some(RecipientForm::FhirBundle) && registration.receipt == Some(ReceiptRule::Required),
            "form: a FHIR repository's 2xx is no signed receipt; with receipt \"required\" take packet or fields",
        ),
        (
            role == Role::Fund && lines.iter().any(|line| *line != Line::MotorCompulsory),
            "lines: the fund (特別補償基金) compensates in the line motor-compulsory alone",
        ),
        // Hospitals and apps registered before this rule may have some.
        (
            !(role.receives() || lines.is_empty() || matches!(role, Role::Hospital | Role::App)),
            "lines: only insurers and the fund take lines of insurance",
        ),
    ];
    rules.into_iter().find(|(broken, _)| *broken).map(|(_, rule)| rule)
}

/// What a registration lacks before its party can take part.
pub(super) fn lacking(registration: &Registration, keys: &JwkSet) -> Vec<&'static str> {
    let has = |names: &[Namespace]| {
        let is_one = |system: &str| names.iter().any(|name| name.uri() == system);
        registration.identifiers.iter().any(|known| is_one(&known.system))
    };
    let mut lacking = Vec::new();
    let mut need = |holds: bool, rule: &'static str| {
        if !holds {
            lacking.push(rule);
        }
    };
    let by_name = registration.certificate.as_ref().is_some_and(|rule| *rule != CertificateRule::SelfSigned);
    need(
        keys.0.iter().any(|key| key.usage == KeyUse::Sig) || registration.jwks_url.is_some() || by_name,
        "jwks: at least one key with use \"sig\", to prove itself at the token endpoint, or jwks_url, where it publishes \
         such keys",
    );
    match registration.role {
        Role::Hospital => need(
            has(&[Namespace::Institution]),
            "identifiers: a hospital is found by its institution code (醫事機構代碼), system \
             https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw",
        ),
        Role::Insurer => {
            need(!registration.lines.is_empty(), "lines: an insurer names at least one line of insurance");
            need(
                !registration.identifiers.is_empty(),
                "identifiers: an insurer is found by its 統一編號 (system https://gcis.nat.gov.tw)",
            );
        }
        Role::Fund => need(
            has(&[Namespace::Ubn]),
            "identifiers: the fund (特別補償基金) is found by its 統一編號 (system https://gcis.nat.gov.tw)",
        ),
        Role::Shop | Role::Institute => need(
            has(&[Namespace::Ubn]),
            "identifiers: a shop or institute is known by its 統一編號 (system https://gcis.nat.gov.tw)",
        ),
        Role::Agent => need(
            registration.identifiers.iter().any(|known| known.system == AGENT_REGISTRATION),
            "identifiers: an agent or broker is known by its registration number (登錄字號、執業證照號碼), system \
             urn:claimgate:agent-registration",
        ),
        Role::Police | Role::Appraisal | Role::Regulator => need(
            has(&[Namespace::Government, Namespace::Ubn]),
            "identifiers: a public body is known by its OID (system https://oid.nat.gov.tw) or 統一編號 (system \
             https://gcis.nat.gov.tw)",
        ),
        Role::App | Role::Operator => {}
    }
    if registration.role.receives() {
        need(
            keys.0.iter().any(|key| key.alg.seals_packets()),
            "jwks: an insurer or the fund has at least one key with use \"enc\", packets are sealed to it",
        );
        need(
            registration.receipt != Some(ReceiptRule::Required) || keys.0.iter().any(|key| key.alg.signs_packets()),
            "jwks: an insurer that must sign receipts has a key with alg ES256 or EdDSA",
        );
    }
    lacking
}
