//! What `/mandates/v1` answers: the twelve checks, both persons, documents, in the words of the interface.

use claimgate_adapters::signature::{PdfStanding, Revocation};
use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::mandate::decision::items::{Check, Finding};
use claimgate_adapters::wallet::mandate::terms::{Level, Person};
use jiff::Timestamp;
use serde::Serialize;

use crate::flows::mandate::{Looked, Verdict};

claimgate_packet::opaque_debug!(PersonShown, MandateShown, MandateVerdict);

/// One answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateFinding"))]
pub struct FindingShown {
    /// `passed`, `failed`, `unknown` or `not-checked`.
    pub result: &'static str,
    /// Why, as docs/wallet.md lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<&'static str>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text_zh: Option<&'static str>,
}

impl From<Finding> for FindingShown {
    fn from(finding: Finding) -> Self {
        let (result, reason) = match finding {
            Finding::Passed => ("passed", None),
            Finding::Failed(reason) => ("failed", Some(reason)),
            Finding::Unknown(reason) => ("unknown", Some(reason)),
            Finding::NotReached => ("not-checked", None),
        };
        Self {
            result,
            reason: reason.map(Reason::code),
            reason_text: reason.map(Reason::english),
            reason_text_zh: reason.map(Reason::chinese),
        }
    }
}

/// One of the twelve checks.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateCheckItem"))]
pub struct ItemShown {
    /// `M1` to `M12`.
    pub check: &'static str,
    /// What it looks at.
    pub about: &'static str,
    /// What it found.
    #[serde(flatten)]
    pub finding: FindingShown,
}

/// A kind of record that was asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateRecordKind"))]
pub struct KindShown {
    /// The kind.
    pub record_kind: String,
    /// Whether it is granted.
    pub granted: bool,
    /// What stands against it.
    #[serde(flatten)]
    pub finding: FindingShown,
}

/// One of the two persons of a mandate, as it names them.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandatePerson"))]
pub struct PersonShown {
    /// `natural` or `legal`.
    pub entity: String,
    /// The name, where it was disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The scheme of the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The number, its last four characters hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The role, such as `insurer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

impl From<&Person> for PersonShown {
    fn from(person: &Person) -> Self {
        let id = person.id.as_ref();
        Self {
            entity: person.entity.clone(),
            name: person.name.clone(),
            scheme: id.map(|id| id.scheme.clone()),
            number: id.and_then(|id| id.value.as_deref()).map(hidden),
            role: person.role.clone(),
        }
    }
}

fn hidden(number: &str) -> String {
    let shown = number.chars().count().saturating_sub(4);
    number.chars().enumerate().map(|(place, sign)| if place < shown { sign } else { '*' }).collect()
}

/// The mandate as it was read.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MandateShown {
    /// Its id at its issuer.
    pub id: String,
    /// Until when it counts (UTC).
    pub valid_until: Timestamp,
    /// How it was signed; of a mandate and the one above it the lower.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub level: Level,
    /// Who gives it (委託人): of one that was passed on, who gave it first.
    pub mandator: PersonShown,
    /// Who passed it on (複委任).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_on_by: Option<PersonShown>,
    /// Who has it (受託人).
    pub mandatary: PersonShown,
    /// How the mandatary's key was proved: `key-binding` (KB-JWT) or `registered-key` (a party's).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proved_by: Option<&'static str>,
    /// How often it was used before.
    pub uses: u64,
    /// How often it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u64>,
    /// The same of the one above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses_above: Option<u64>,
}

impl From<&Looked> for MandateShown {
    fn from(looked: &Looked) -> Self {
        let mandate = &looked.mandate;
        Self {
            id: mandate.id.clone(),
            valid_until: mandate.valid_until,
            level: looked.level,
            mandator: (&looked.above.as_ref().unwrap_or(mandate).mandator).into(),
            passed_on_by: looked.above.as_ref().map(|_| (&mandate.mandator).into()),
            mandatary: (&mandate.mandatary).into(),
            proved_by: looked.proved_by,
            uses: looked.used,
            max_uses: mandate.limits.max_uses,
            uses_above: looked.above.as_ref().map(|_| looked.used_above),
        }
    }
}

/// A document that was handed in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MandateDocument"))]
pub struct DocumentShown {
    /// Its SHA-256, base64url.
    pub sha256: String,
    /// `digital-signature` (數位簽章, 電子簽章法 §6), `unverified` (a scan, or nobody here can check it) or `invalid`.
    pub signature: &'static str,
    /// Why it is not a digital signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// SHA-256 of the signer's certificate, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// When it was signed, by the signer's clock (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// Whether the certificate was in force: `good`, or `unchecked` where no list of revocations says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<&'static str>,
}

/// What was found.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MandateVerdict {
    /// `granted`, `partly` (some kinds of records), `held`, `refused`, or `manual` for documents alone: people read them.
    pub decision: &'static str,
    /// Whether the credential itself verifies.
    pub credential: FindingShown,
    /// The twelve checks in their order.
    pub checks: Vec<ItemShown>,
    /// Each kind of record that was asked for.
    pub records: Vec<KindShown>,
    /// The mandate, with both persons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mandate: Option<MandateShown>,
    /// The documents.
    pub documents: Vec<DocumentShown>,
    /// Whether a use was counted.
    pub used: bool,
    /// When (UTC).
    pub decided_at: Timestamp,
}

/// A mandate that is recorded.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MandateRecorded {
    /// Its id here, `mdt_` + UUIDv7.
    pub mandate_id: String,
    /// Until when it counts (UTC).
    pub valid_until: Timestamp,
    /// How it was signed.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub level: Level,
    /// The mandate itself, where this gateway issued it: signed with a key of `/.well-known/claim-packet-keys`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
}

/// In the words of the interface.
pub(super) fn shown(verdict: Verdict) -> MandateVerdict {
    let item = |(check, finding): (Check, Finding)| ItemShown {
        check: check.number(),
        about: check.word(),
        finding: finding.into(),
    };
    let kind = |(record_kind, finding): (String, Finding)| KindShown {
        record_kind,
        granted: finding == Finding::Passed,
        finding: finding.into(),
    };
    let documents = verdict.documents.into_iter().map(|one| {
        let (signature, why, signer) = match one.standing {
            PdfStanding::Signed(signer) => ("digital-signature", None, Some(signer)),
            PdfStanding::Unsigned => ("unverified", Some("Not signed: a scan proves nothing by itself."), None),
            PdfStanding::Unchecked(why) => ("unverified", Some(why), None),
            PdfStanding::Invalid(why) => ("invalid", Some(why), None),
        };
        DocumentShown {
            sha256: one.sha256,
            signature,
            why,
            signed_at: signer.as_ref().and_then(|signer| signer.signed_at),
            revocation: signer.as_ref().map(|signer| match signer.revocation {
                Revocation::Good => "good",
                Revocation::Unchecked => "unchecked",
            }),
            certificate: signer.map(|signer| signer.certificate),
        }
    });
    MandateVerdict {
        decision: verdict.decision.as_str(),
        credential: verdict.credential.into(),
        checks: verdict.items.into_iter().map(item).collect(),
        records: verdict.records.into_iter().map(kind).collect(),
        mandate: verdict.looked.as_ref().map(MandateShown::from),
        documents: documents.collect(),
        used: verdict.counted,
        decided_at: verdict.at,
    }
}
