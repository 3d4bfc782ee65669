//! Mandates (委託) as the store keeps them: recorded ones, and those that ended before their time. Values only.
//!
//! A mandate is known by a keyed digest of its issuer and id, a person by one of their number: neither stands in the clear.

use claimgate_adapters::wallet::mandate::terms::Power;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::proposal::words;
use super::wallet::{MandateUse, Proved};
use crate::id::MandateId;
use crate::keys::index::Mac;
use crate::party::PartyId;

words! {
    /// Why a mandate ended before its time (民法第 549、550 條).
    Ending {
        /// The mandator took it back.
        Revoked = "revoked";
        /// The mandator or the mandatary died.
        Died = "died";
    }
}

/// A mandate that was recorded.
#[derive(Debug)]
pub struct MandateRow {
    /// Its id here.
    pub id: MandateId,
    /// Who recorded it.
    pub party: PartyId,
    /// The digest of its issuer and id.
    pub mandate: Mac,
    /// A [`MandateDocument`], sealed.
    pub document: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// When its time is over and it is forgotten.
    pub forget_at: Timestamp,
}

/// What is kept of a recorded mandate, sealed.
#[derive(Serialize, Deserialize)]
pub struct MandateDocument {
    /// The credential with what it discloses, without a holder's proof.
    pub credential: String,
    /// The thumbprint (RFC 7638) of the key it is bound to.
    pub holder: Option<String>,
    /// Of one its mandator signed: whose key that is.
    #[serde(default)]
    pub mandator: Option<MandatorProof>,
}

/// Whose key a mandator signs with: a credential of the mandator, bound to that key by an issuer that counts.
#[derive(Clone, Serialize, Deserialize)]
pub struct MandatorProof {
    /// The credential, without its claims.
    pub proved: Proved,
    /// The number it says the holder has.
    pub number: String,
}

claimgate_packet::opaque_debug!(MandateDocument, MandatorProof);

/// What a person gives somebody by presenting to a session (委託): the terms a wallet shows and signs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateGiving"))]
pub struct Giving {
    /// The party that has it (受託人), bound to its registered key.
    pub to: String,
    /// What it allows: `submit_claim`, `supplement_documents`, `obtain_records`, `receive_notices`, `inspect_vehicle`.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub powers: Vec<Power>,
    /// The system of the case number.
    pub case_system: String,
    /// The case number.
    pub case_number: String,
    /// The insurers it is done with.
    #[serde(default)]
    pub insurers: Option<Vec<String>>,
    /// The policies (保單).
    #[serde(default)]
    pub policy_numbers: Option<Vec<String>>,
    /// The vehicles' plates (車牌).
    #[serde(default)]
    pub plates: Option<Vec<String>>,
    /// The day of the accident, `YYYY-MM-DD`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub accident_on: Option<Date>,
    /// The kinds of records, where records are obtained.
    #[serde(default)]
    pub record_kinds: Option<Vec<String>>,
    /// How often.
    #[serde(default)]
    pub max_uses: Option<u64>,
    /// Until when (UTC), at most a year.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub valid_until: Timestamp,
}

claimgate_packet::opaque_debug!(Giving);

/// What ended, and why.
#[derive(Debug)]
pub struct MandateEnd {
    /// The digest of a mandate, or of a person.
    pub what: Mac,
    /// Why.
    pub reason: Ending,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// When it is forgotten; a death never is.
    pub forget_at: Option<Timestamp>,
}

/// What is written of mandates.
#[derive(Debug)]
pub enum MandateWrite {
    /// A recorded mandate.
    Record(Box<MandateRow>),
    /// One use of one that may run out.
    Use(MandateUse),
    /// It ended; said again, it stays as it was said first.
    End(MandateEnd),
}
