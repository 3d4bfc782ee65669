//! Webhooks after Standard Webhooks 1.0.0: a thin event out, signed; and the receiver's check of it.
//!
//! In: an event, secrets, the handed-in present. Out: body and headers, or a verdict. It knows ids only: no personal
//! data can get into an event. It must not know where an endpoint is or when it is tried again.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Header with the message's id, the same at every attempt.
pub const ID: &str = "webhook-id";
/// Header with the attempt's time, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header with the signatures, separated by spaces.
pub const SIGNATURE: &str = "webhook-signature";

/// How far a message's time may be from the receiver's clock, both ways.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Bytes of a shared secret we make.
const SECRET_BYTES: usize = 32;
/// Most signatures a header is read for.
const MOST_SIGNATURES: usize = 8;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A delivery can be fetched.
    #[serde(rename = "delivery.ready")]
    DeliveryReady,
    /// A delivery was withdrawn before it left.
    #[serde(rename = "delivery.withdrawn")]
    DeliveryWithdrawn,
    /// Something happened to a claim an app backend is linked to.
    #[serde(rename = "claim.event")]
    ClaimEvent,
}

impl EventKind {
    /// The event's type.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeliveryReady => "delivery.ready",
            Self::DeliveryWithdrawn => "delivery.withdrawn",
            Self::ClaimEvent => "claim.event",
        }
    }
}

impl std::str::FromStr for EventKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::DeliveryReady, Self::DeliveryWithdrawn, Self::ClaimEvent];
        all.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// The body of a webhook: what happened and to which delivery. The packet itself is fetched with a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEvent {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When it happened (UTC), not when it is told.
    pub timestamp: Timestamp,
    /// To what.
    pub data: EventData,
}

/// Ids and words of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventData {
    /// The delivery, `dlv_…`.
    pub delivery_id: String,
    /// Its place in the recipient's stream: `after=` this minus one lists it.
    pub position: i64,
    /// The claim, `clm_…`.
    pub claim_id: String,
    /// The submission (受理案件), `sub_…`.
    pub submission_id: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// Revision for this recipient and line.
    pub revision: i64,
}

/// The body of a webhook to an app backend: what happened to a claim it is linked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimEvent {
    /// Always `claim.event`.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When it happened (UTC), not when it is told.
    pub timestamp: Timestamp,
    /// What.
    pub data: ClaimEventData,
}

/// An entry of the owner's timeline: ids and words, never a name or an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimEventData {
    /// The claim, `clm_…`.
    pub claim_id: String,
    /// Its place in the owner's stream of the claim: from 1 without gaps.
    pub position: i64,
    /// What happened, as the timeline has it, for example `submission.decided`.
    pub event: String,
    /// Parameters of the event, as the timeline has them.
    pub parameters: serde_json::Value,
}

/// One attempt as it is signed: `id.timestamp.body` (Standard Webhooks, signature scheme).
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The message's id; holds no full stop.
    pub id: &'a str,
    /// The attempt's time.
    pub at: Timestamp,
    /// The very bytes that are sent.
    pub body: &'a [u8],
}

/// How an endpoint's messages are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// `v1a`: Ed25519. Only the gateway can sign; the receiver holds a public key.
    Ed25519,
    /// `v1`: HMAC-SHA-256 with a shared secret.
    Hmac,
}

/// What signs an endpoint's messages.
pub enum Secret {
    /// A private Ed25519 key, as its seed.
    Ed25519(Zeroizing<[u8; 32]>),
    /// A shared secret of 24 to 64 bytes.
    Hmac(Zeroizing<Vec<u8>>),
}

/// What a receiver checks with.
pub enum Verifier {
    /// The gateway's public key for this endpoint.
    Ed25519([u8; 32]),
    /// The shared secret.
    Hmac(Zeroizing<Vec<u8>>),
}

claimgate_packet::opaque_debug!(Secret, Verifier);

/// A text that is no webhook key, or a key that cannot sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook key reads whsec_, whsk_ or whpk_ and base64: 24 to 64 bytes for whsec_, 32 bytes for the others")]
pub struct KeyError;

/// Why a receiver must not believe a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// The time is no number, or too far from now.
    #[error("webhook-timestamp is more than five minutes from now, or no number")]
    Time,
    /// No signature of the list fits any key.
    #[error("webhook-signature holds no signature by a known key over these very bytes")]
    Signature,
}

fn signed_content(message: &Message<'_>, timestamp: &str) -> Vec<u8> {
    [message.id.as_bytes(), b".", timestamp.as_bytes(), b".", message.body].concat()
}

impl Secret {
    /// A new secret from 32 bytes of chance.
    #[must_use]
    pub fn new(scheme: Scheme, chance: Zeroizing<[u8; SECRET_BYTES]>) -> Self {
        match scheme {
            Scheme::Ed25519 => Self::Ed25519(chance),
            Scheme::Hmac => Self::Hmac(Zeroizing::new(chance.to_vec())),
        }
    }

    /// Reads the private text form: `whsec_…` or `whsk_…`.
    ///
    /// # Errors
    /// Another form, or a length that is not allowed.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if let Some(bytes) = after("whsec_", text) {
            return if (24..=64).contains(&bytes.len()) { Ok(Self::Hmac(bytes)) } else { Err(KeyError) };
        }
        let bytes = after("whsk_", text).ok_or(KeyError)?;
        let seed: [u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyError)?;
        Ok(Self::Ed25519(Zeroizing::new(seed)))
    }

    /// The private text form, for the encrypted row it is kept in.
    #[must_use]
    pub fn to_private_text(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Ed25519(seed) => format!("whsk_{}", STANDARD.encode(seed.as_slice())),
            Self::Hmac(bytes) => format!("whsec_{}", STANDARD.encode(bytes.as_slice())),
        })
    }

    /// What the receiver gets: `whpk_…`, the public key; or `whsec_…`, the shared secret itself.
    ///
    /// # Errors
    /// A seed that is no key.
    pub fn to_receiver_text(&self) -> Result<Zeroizing<String>, KeyError> {
        match self {
            Self::Ed25519(_) => {
                let pair = self.pair()?;
                Ok(Zeroizing::new(format!("whpk_{}", STANDARD.encode(pair.public_key().as_ref()))))
            }
            Self::Hmac(_) => Ok(self.to_private_text()),
        }
    }

    /// Which scheme it signs by.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Ed25519(_) => Scheme::Ed25519,
            Self::Hmac(_) => Scheme::Hmac,
        }
    }

    fn pair(&self) -> Result<Ed25519KeyPair, KeyError> {
        match self {
            Self::Ed25519(seed) => Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| KeyError),
            Self::Hmac(_) => Err(KeyError),
        }
    }

    fn sign(&self, content: &[u8]) -> Result<String, KeyError> {
        Ok(match self {
            Self::Ed25519(_) => format!("v1a,{}", STANDARD.encode(self.pair()?.sign(content).as_ref())),
            Self::Hmac(bytes) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice());
                format!("v1,{}", STANDARD.encode(hmac::sign(&key, content).as_ref()))
            }
        })
    }
}

/// The value of `webhook-signature`: one signature per secret, the present one first.
///
/// # Errors
/// A secret that cannot sign.
pub fn signature(message: &Message<'_>, secrets: &[Secret]) -> Result<String, KeyError> {
    let content = signed_content(message, &message.at.as_second().to_string());
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(&content)).collect::<Result<_, _>>()?;
    Ok(signatures.join(" "))
}

impl Verifier {
    /// Reads what the operator handed over: `whpk_…` or `whsec_…`.
    ///
    /// # Errors
    /// Another form, or a length that is not allowed.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if let Some(bytes) = after("whpk_", text) {
            return Ok(Self::Ed25519(bytes.as_slice().try_into().map_err(|_| KeyError)?));
        }
        match Secret::parse(text)? {
            Secret::Hmac(bytes) => Ok(Self::Hmac(bytes)),
            Secret::Ed25519(_) => Err(KeyError),
        }
    }

    fn accepts(&self, version: &str, signature: &[u8], content: &[u8]) -> bool {
        match (self, version) {
            (Self::Ed25519(key), "v1a") => UnparsedPublicKey::new(&ED25519, key).verify(content, signature).is_ok(),
            (Self::Hmac(bytes), "v1") => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice());
                hmac::verify(&key, content, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// What a receiver does with a message before it believes it: the time, then any one signature by a known key.
/// The id has to be remembered by the receiver for at least [`TOLERANCE_SECONDS`].
///
/// # Errors
/// See [`NotGenuine`].
pub fn verify(
    (id, timestamp, signatures): (&str, &str, &str),
    body: &[u8],
    known: &[Verifier],
    now: Timestamp,
) -> Result<(), NotGenuine> {
    let seconds: i64 = timestamp.parse().map_err(|_| NotGenuine::Time)?;
    if now.as_second().abs_diff(seconds) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(NotGenuine::Time);
    }
    let content = signed_content(&Message { id, at: now, body }, timestamp);
    let genuine =
        signatures.split(' ').take(MOST_SIGNATURES).filter_map(|one| one.split_once(',')).any(|(version, text)| {
            let Ok(signature) = STANDARD.decode(text) else { return false };
            known.iter().any(|verifier| verifier.accepts(version, &signature, &content))
        });
    if genuine { Ok(()) } else { Err(NotGenuine::Signature) }
}

fn after(prefix: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let encoded = text.strip_prefix(prefix).filter(|encoded| encoded.len() <= 128)?;
    STANDARD.decode(encoded).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests;
