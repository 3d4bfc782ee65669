//! The words of a mandate: persons, powers, limits, how it was signed. The form is that of the `claim-mandate` schema.

use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Between whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the schema say it")]
pub enum Kind {
    IndividualToIndividual,
    IndividualToOrganisation,
    OrganisationToIndividual,
    OrganisationToOrganisation,
    StatutoryGuardian,
}

/// A person or organisation.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// `natural` or `legal`.
    pub entity: String,
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
    /// The identifier.
    #[serde(default)]
    pub id: Option<Identifier>,
    /// The birth date.
    #[serde(default)]
    pub birthdate: Option<Date>,
    /// The thumbprint (RFC 7638) of a wallet's key, or of a party's registered key.
    #[serde(default)]
    pub key_thumbprint: Option<String>,
    /// Its role, such as `insurer`.
    #[serde(default)]
    pub role: Option<String>,
}

opaque_debug!(Person);

/// An identifier of a person: `tw_national_id`, `tw_arc`, `tw_ubn`, `lei`, `passport`, `insurer_code`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Identifier {
    /// The scheme.
    pub scheme: String,
    /// The value, selectively disclosable.
    #[serde(default)]
    pub value: Option<String>,
}

opaque_debug!(Identifier);

/// What a mandate may allow. There is no "everything".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// File a claim.
    SubmitClaim,
    /// Add documents (補件).
    SupplementDocuments,
    /// Obtain records of others: the police, a hospital.
    ObtainRecords,
    /// Receive notices.
    ReceiveNotices,
    /// Have a vehicle inspected.
    InspectVehicle,
    /// Negotiate a settlement (和解); special authority.
    NegotiateSettlement,
    /// Sign a settlement; special authority.
    SignSettlement,
    /// Receive payment; special authority.
    ReceivePayment,
    /// Withdraw a claim; special authority.
    WithdrawClaim,
}

impl Power {
    /// Whether it needs a mandate signed with a digital signature: money and settlement.
    #[must_use]
    pub fn is_special(self) -> bool {
        matches!(self, Self::NegotiateSettlement | Self::SignSettlement | Self::ReceivePayment | Self::WithdrawClaim)
    }

    /// Whether an amount belongs to it.
    #[must_use]
    pub fn moves_money(self) -> bool {
        matches!(self, Self::SignSettlement | Self::ReceivePayment)
    }
}

/// Within what it counts. A list that is absent limits nothing; one that is empty allows nothing.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The cases.
    pub case_refs: Vec<CaseRef>,
    /// The insurers.
    #[serde(default)]
    pub insurers: Option<Vec<String>>,
    /// The policies.
    #[serde(default)]
    pub policy_numbers: Option<Vec<String>>,
    /// The number plates.
    #[serde(default)]
    pub plates: Option<Vec<String>>,
    /// The day of the accident.
    #[serde(default)]
    pub accident_on: Option<Date>,
    /// The kinds of records.
    #[serde(default)]
    pub record_kinds: Option<Vec<String>>,
    /// The most money.
    #[serde(default)]
    pub max_amount: Option<Amount>,
    /// How often; counted by the caller.
    #[serde(default)]
    pub max_uses: Option<u64>,
}

opaque_debug!(Limits);

/// A case by the number of a system.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseRef {
    /// The system.
    pub system: String,
    /// The number.
    pub value: String,
}

opaque_debug!(CaseRef);

/// New Taiwan dollars, with at most two decimals.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Digits, and at most two behind a point.
    pub value: String,
    /// `TWD`.
    pub currency: String,
}

/// Whether it may be passed on (複委任).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Substitution {
    /// No.
    NotAllowed,
    /// Yes.
    Allowed,
    /// As `substitution_detail` says.
    Limited,
}

/// How a mandate was signed and the mandator identified.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assurance {
    /// The level.
    pub level: Level,
    /// The kind of signature.
    pub mandator_signature: String,
    /// How the mandator was identified.
    pub identity_proof: String,
    /// When that was verified.
    #[serde(default)]
    pub verified_at: Option<Timestamp>,
}

/// How sure a mandate is, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A scan of paper.
    PaperScanned,
    /// A wallet's key alone.
    WalletKeyOnly,
    /// An electronic signature (電子簽章) the issuer verified.
    IssuerVerifiedElectronicSignature,
    /// A digital signature (數位簽章) by certificate the issuer verified.
    IssuerVerifiedDigitalSignature,
}

/// A signed document, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Its type.
    pub media_type: String,
    /// SHA-256, base64url.
    pub sha256: String,
    /// Where it lies, selectively disclosable.
    #[serde(default)]
    pub uri: Option<String>,
    /// SHA-256 of the signer's certificate, base64url.
    #[serde(default)]
    pub signer_cert_sha256: Option<String>,
}
