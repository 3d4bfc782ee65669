//! Sessions with wallets (數位憑證皮夾): what was asked, where it stands, what was proved. Values only.
//!
//! A session's request is a secret while it is open; what was proved of a person is sealed, and only the names of claims
//! are told.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::credential::Credential;
use claimgate_adapters::wallet::key::PublicKey;
use claimgate_adapters::wallet::mandate::terms::{Level, Power};
use claimgate_adapters::wallet::session::Asked;
use claimgate_adapters::wallet::status::Reference;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::proposal::words;
use crate::id::{ClaimId, WalletSessionId};
use crate::keys::index::Mac;
use crate::party::PartyId;

words! {
    /// Where a session stands.
    SessionState {
        /// No wallet has looked at the request.
        Waiting = "waiting";
        /// A wallet has fetched the request.
        Opened = "opened";
        /// What was asked is proved.
        Verified = "verified";
        /// Proved, but nobody can say whether the credential still counts: looked at again.
        Held = "held";
        /// Not proved.
        Refused = "refused";
    }
}

words! {
    /// How a person was identified (身分保證等級), the surest first. Where MyData has a code for it, that stands beside it.
    Assurance {
        /// 自然人憑證, or 工商憑證 of an organisation (CER).
        PersonCertificate = "natural-person-certificate";
        /// 硬體金融憑證, 晶片金融卡 (FIC, FCH).
        FinancialHardware = "financial-hardware";
        /// 醫事憑證 (MOE).
        MedicalCertificate = "medical-certificate";
        /// `TW FidO` 行動自然人憑證 (TFD).
        TwFido = "tw-fido";
        /// A wallet's credential by the final standards.
        Wallet = "wallet";
        /// A credential of today's 數位憑證皮夾.
        WalletTwdiw = "wallet-twdiw";
        /// 健保卡 (NHI).
        HealthCard = "nhi-card";
        /// 軟體金融憑證 (FCS).
        FinancialSoftware = "financial-software";
        /// 雙證件 (PII).
        TwoDocuments = "two-documents";
        /// An app's login with a second factor; one-time password (OTP), 行動身分識別.
        AppLogin = "app-login";
    }
}

impl Assurance {
    /// Whether it is at least as sure as another.
    #[must_use]
    pub fn reaches(self, least: Self) -> bool {
        let place = |one: Self| Self::ALL.iter().position(|known| *known == one);
        place(self) <= place(least)
    }

    /// The method MyData tells by a code (`verification`).
    #[must_use]
    pub fn of_mydata(code: &str) -> Option<Self> {
        Some(match code {
            "CER" => Self::PersonCertificate,
            "FIC" | "FCH" => Self::FinancialHardware,
            "MOE" => Self::MedicalCertificate,
            "TFD" => Self::TwFido,
            "NHI" => Self::HealthCard,
            "FCS" => Self::FinancialSoftware,
            "PII" => Self::TwoDocuments,
            "OTP" => Self::AppLogin,
            _ => return None,
        })
    }
}

/// One of the words of a level: a typing error would be a level of its own otherwise.
///
/// # Errors
/// No level.
pub fn level<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Assurance, D::Error> {
    let word = String::deserialize(deserializer)?;
    word.parse().map_err(|_| {
        let known: Vec<&str> = Assurance::ALL.iter().map(|one| one.as_str()).collect();
        serde::de::Error::custom(format!("assurance is one of {}", known.join(", ")))
    })
}

/// The same where there is one.
///
/// # Errors
/// No level.
pub fn level_if_any<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Assurance>, D::Error> {
    level(deserializer).map(Some)
}

impl SessionState {
    /// Whether an answer is still taken.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Opened)
    }
}

/// What a session keeps, sealed, until it is answered.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    /// What was asked.
    pub asked: Asked,
    /// The private key the answer is encrypted to.
    pub key: Option<Value>,
    /// Where the wallet sends its user after the answer, on the same device.
    pub return_to: Option<String>,
    /// What is to be done under a mandate, where the query asks for one.
    #[serde(default)]
    pub act: Option<Act>,
    /// The mandate that is given by presenting.
    #[serde(default)]
    pub gift: Option<Gift>,
}

/// A mandate as a wallet is asked to sign its terms.
#[derive(Clone, Serialize, Deserialize)]
pub struct Gift {
    /// The party that has it.
    pub to: String,
    /// The terms, as transaction data.
    pub terms: Map<String, Value>,
    /// The hash a holder's proof names.
    pub hash: String,
}

/// A mandate whose terms a wallet signed.
#[derive(Clone, Serialize, Deserialize)]
pub struct GivenMandate {
    /// The terms.
    pub gift: Gift,
    /// When.
    pub at: Timestamp,
}

/// What someone wants to do under a mandate (委託).
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "WalletAction"))]
pub struct Act {
    /// The power it needs: `submit_claim`, `supplement_documents`, `obtain_records`, `receive_notices`, `inspect_vehicle`
    /// and, special authority, `negotiate_settlement`, `sign_settlement`, `receive_payment`, `withdraw_claim`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub power: Power,
    /// The system of the case number, as the mandate names it.
    pub case_system: String,
    /// The case number.
    pub case_number: String,
    /// The insurer it is done with.
    pub insurer: Option<String>,
    /// The policy (保單).
    pub policy_number: Option<String>,
    /// The vehicle's plate (車牌).
    pub plate: Option<String>,
    /// The day of the accident, `YYYY-MM-DD`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub accident_on: Option<Date>,
    /// The kind of record, where records are obtained.
    pub record_kind: Option<String>,
    /// New Taiwan dollars, such as `1200` or `1200.50`, where money moves: for a mandate that limits it.
    #[serde(default)]
    pub amount: Option<String>,
}

/// What came of a session, sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// The names of the claims that were proved.
    pub claims: Vec<String>,
    /// The names of claims that were disclosed, not asked for, and dropped.
    #[serde(default)]
    pub surplus: Vec<String>,
    /// Whether the credential's person is the claim's; none where that cannot be said.
    pub person: Option<bool>,
    /// How sure the identity is.
    pub assurance: Option<String>,
    /// What the wallet said, where it refused.
    #[serde(default)]
    pub wallet_said: Option<String>,
    /// The mandate it was done under.
    #[serde(default)]
    pub mandate: Option<String>,
    /// How sure that mandate is.
    #[serde(default)]
    pub mandate_level: Option<Level>,
    /// The mandate that was given.
    #[serde(default)]
    pub given: Option<GivenMandate>,
    /// By which digests it, and who gave and has it, are known to end (base64url).
    #[serde(default)]
    pub mandate_ends: Vec<String>,
    /// What was proved, by evidence field.
    #[serde(default)]
    pub evidence: Vec<Proved>,
}

claimgate_packet::opaque_debug!(Kept, Gift, GivenMandate, Act, Outcome, Proved);

/// One credential that was proved: the identity evidence of a session.
#[derive(Clone, Serialize, Deserialize)]
pub struct Proved {
    /// The credential query it answers.
    pub query: String,
    /// Its type.
    pub kind: String,
    /// Its issuer.
    pub issuer: String,
    /// SHA-256 of the issuer's JWT, base64url.
    pub digest: String,
    /// From when it counts.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// The thumbprint (RFC 7638) of the key its holder proved.
    pub holder: Option<String>,
    /// Where its status stands.
    pub status: Vec<Reference>,
    /// The claims, by evidence field.
    pub fields: Map<String, Value>,
}

impl Proved {
    /// A credential, without any claim of it.
    #[must_use]
    pub fn of(query: &str, credential: &Credential) -> Self {
        Self {
            query: query.to_owned(),
            kind: credential.kind.clone(),
            issuer: credential.issuer.clone(),
            digest: credential.digest.clone(),
            valid_from: credential.valid_from,
            valid_until: credential.valid_until,
            holder: credential.holder.as_ref().map(PublicKey::thumbprint),
            status: credential.status.clone(),
            fields: Map::new(),
        }
    }
}

/// A session in the database.
#[derive(Clone)]
pub struct Session {
    /// Id.
    pub id: WalletSessionId,
    /// Who asked.
    pub party: PartyId,
    /// The query.
    pub query: String,
    /// What for.
    pub purpose: String,
    /// The claim it is for.
    pub claim: Option<ClaimId>,
    /// State.
    pub state: SessionState,
    /// Why it is refused or held.
    pub reason: Option<String>,
    /// A [`Kept`], sealed; gone once it is answered.
    pub request: Option<Vec<u8>>,
    /// An [`Outcome`], sealed.
    pub outcome: Option<Vec<u8>>,
    /// The digest of the code the wallet's user comes back with, where the session is bound to one.
    pub code: Option<Mac>,
    /// Until when it may be answered.
    pub closes_at: Timestamp,
}

claimgate_packet::opaque_debug!(Session);

/// What is written of sessions.
#[derive(Debug)]
pub enum WalletWrite {
    /// A new session with the digest of its handle, and when it is forgotten.
    New(Box<Session>, Mac, Timestamp, Timestamp),
    /// A wallet has fetched the request.
    Opened(WalletSessionId),
    /// The one answer: only an open session takes it, and its nonce is gone with it.
    Answered(Box<Answered>),
    /// A held one was looked at again: state, reason, when again, when it is forgotten where it is refused.
    Judged(WalletSessionId, SessionState, Option<Reason>, Option<Timestamp>, Timestamp),
}

/// What an answer made of a session.
#[derive(Debug)]
pub struct Answered {
    /// The session.
    pub id: WalletSessionId,
    /// Its state.
    pub state: SessionState,
    /// Why.
    pub reason: Option<Reason>,
    /// An [`Outcome`], sealed.
    pub outcome: Vec<u8>,
    /// The digest of the code the wallet's user comes back with.
    pub code: Option<Mac>,
    /// When.
    pub at: Timestamp,
    /// When it is looked at again.
    pub due_at: Option<Timestamp>,
    /// Whether it stays as long as its claim.
    pub stays: bool,
    /// The mandate it uses once, where that one may run out.
    pub uses: Option<MandateUse>,
}

/// One use of a mandate (委託) that may be used so often and no more.
#[derive(Clone, Copy, Debug)]
pub struct MandateUse {
    /// The digest of its issuer and id.
    pub mandate: Mac,
    /// How often it may be used.
    pub most: u64,
    /// Until when it counts; what was counted is forgotten then.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_mydatas_methods_have_one() {
        assert!(Assurance::TwFido.reaches(Assurance::Wallet) && Assurance::Wallet.reaches(Assurance::Wallet));
        assert!(!Assurance::AppLogin.reaches(Assurance::TwoDocuments));
        for code in ["CER", "FIC", "FCH", "MOE", "TFD", "NHI", "FCS", "PII", "OTP"] {
            assert!(Assurance::of_mydata(code).is_some(), "{code}");
        }
        assert_eq!((Assurance::of_mydata("TFD"), Assurance::of_mydata("GOV")), (Some(Assurance::TwFido), None));
    }
}
