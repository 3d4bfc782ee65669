//! The manifest: the issuer-signed payload of a packet, without anything personal (packet.md, layer 3).
//!
//! In: the payload's bytes. Out: who issued what when, and where the digests stand. Knows nothing of
//! keys or of sealing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::jose::json::parse_object;
use crate::limits::{MANIFEST_JSON, TEXT_BYTES};
use crate::words::{ClaimKind, Line, Purpose};

/// The `typ` of a manifest.
pub const TYP: &str = "claim-packet+sd-jwt";
/// The `typ` of a sealed packet.
pub const SEALED_TYP: &str = "claim-packet+jwe";
/// The `cty` of a sealed attachment; its `typ` is that of a packet.
pub const ATTACHMENT_CTY: &str = "claim-packet-attachment";
/// The version of the payload.
pub const VERSION: u64 = 1;
/// The `_sd_alg` of a manifest.
pub const SD_ALG: &str = "sha-256";

/// Which claim a packet belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRef {
    /// Claim id, `clm_` + UUIDv7.
    pub id: String,
    /// Kind of claim.
    pub kind: ClaimKind,
}

/// One recipient as the manifest names it: a disclosed element of `recipients`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientElement {
    /// The recipient's address: what an opener compares with its own.
    pub aud: String,
    /// Party id in the gateway's registry.
    pub party: String,
    /// Line of insurance.
    pub line: Line,
    /// What the data may be used for.
    pub purpose: Purpose,
    /// Counts from 1 per recipient, without gaps.
    pub revision: u32,
    /// The packet this one replaces; `null` for the first.
    #[serde(default)]
    pub supersedes: Option<String>,
    /// The sorted digests of every evidence and sub-disclosure this recipient gets.
    pub grants: Vec<String>,
    /// What an indemnity line may know of the others: a [`Coordination`](crate::coordination::Coordination), kept as it
    /// stands so that a later form breaks no opener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordination: Option<Value>,
}

crate::opaque_debug!(RecipientElement);

impl RecipientElement {
    /// Reads a disclosed element; `None` when it has not this form.
    pub(crate) fn read(value: Value) -> Option<Self> {
        let element: Self = serde_json::from_value(value).ok()?;
        let named = is_text(&element.aud) && is_text(&element.party);
        (named && element.revision >= 1).then_some(element)
    }
}

/// The signed payload, checked in form.
pub(crate) struct Manifest {
    pub(crate) issuer: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) packet_id: String,
    pub(crate) claim: ClaimRef,
    /// The payload as signed.
    pub(crate) payload: Map<String, Value>,
}

/// Why a payload is no manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoManifest {
    /// Another `ver`.
    Version,
    /// Anything else.
    Form,
}

impl Manifest {
    /// Reads the payload. What RFC 9901 §7.1 leaves open is closed here: `_sd_alg` must be there, nothing
    /// but evidence and recipients may be selectively disclosed.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, NoManifest> {
        let payload = parse_object(bytes, MANIFEST_JSON).map_err(|_| NoManifest::Form)?;
        if payload.get("ver").and_then(Value::as_u64).ok_or(NoManifest::Form)? != VERSION {
            return Err(NoManifest::Version);
        }
        Self::from_payload(payload).ok_or(NoManifest::Form)
    }

    fn from_payload(payload: Map<String, Value>) -> Option<Self> {
        let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|text| is_text(text));
        let closed = text("_sd_alg")? == SD_ALG
            && !payload.contains_key("_sd")
            && payload.get("evidence")?.as_object()?.keys().eq(["_sd"])
            && payload.get("recipients")?.as_array()?.iter().all(|element| element_digest(element).is_some());
        let issuer = text("iss")?.to_owned();
        let packet_id = text("jti").filter(|id| is_id(id, "pkt_"))?.to_owned();
        let issued_at = Timestamp::from_second(payload.get("iat")?.as_i64()?).ok()?;
        let claim: ClaimRef = serde_json::from_value(payload.get("claim")?.clone()).ok()?;
        (closed && is_id(&claim.id, "clm_")).then_some(Self { issuer, issued_at, packet_id, claim, payload })
    }

    /// The digests of the evidence, decoys among them.
    pub(crate) fn evidence_digests(&self) -> impl Iterator<Item = &str> {
        let digests = self.payload.get("evidence").and_then(|evidence| evidence.get("_sd"));
        digests.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The digests of the recipients' elements, in the order they stand.
    pub(crate) fn recipient_digests(&self) -> impl Iterator<Item = &str> {
        self.payload.get("recipients").and_then(Value::as_array).into_iter().flatten().filter_map(element_digest)
    }
}

fn element_digest(element: &Value) -> Option<&str> {
    element.as_object().filter(|map| map.len() == 1)?.get("...")?.as_str()
}

/// Whether a text may stand in a packet as a name: not empty, bounded, no control characters.
pub(crate) fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// Whether a text is an id with its prefix: then 1 to 60 letters, digits, `-` or `_`.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        (1..=60).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}
