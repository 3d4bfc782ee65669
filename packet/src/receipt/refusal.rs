//! Why a receipt does not count: one stable code each.

/// A refusal. `Display` is a sentence for people, [`Refusal::code`] the stable word for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Longer than 4096 characters.
    #[error("the receipt is longer than 4096 characters")]
    TooLarge,
    /// Not a compact JWS, or not exactly the members of a receipt.
    #[error("this is not a receipt")]
    Malformed,
    /// The header is not exactly `alg` (ES256 or EdDSA), `kid` and `typ`.
    #[error("the receipt's header is not the expected one")]
    Header,
    /// No registered signing key has this `kid`.
    #[error("the receipt names no registered signing key of the recipient")]
    UnknownKey,
    /// The signature is not by the key it names.
    #[error("the receipt's signature does not verify")]
    Signature,
    /// The key did not count when the receipt was signed or came in.
    #[error("the signing key was not valid when the receipt was signed or came in")]
    Key,
    /// Signed before the packet was, or more than a minute from now.
    #[error("the receipt is older than its packet, or dated in the future")]
    Time,
    /// Another delivery.
    #[error("the receipt is for another delivery")]
    Delivery,
    /// Another packet.
    #[error("the receipt is for another packet")]
    Packet,
    /// Another line of insurance.
    #[error("the receipt is for another line of insurance")]
    Line,
    /// Another presentation.
    #[error("the receipt is for another presentation")]
    Digest,
}

impl Refusal {
    /// Every refusal, in the order of the checks.
    pub const ALL: [Self; 11] = [
        Self::TooLarge,
        Self::Malformed,
        Self::Header,
        Self::UnknownKey,
        Self::Signature,
        Self::Key,
        Self::Time,
        Self::Delivery,
        Self::Packet,
        Self::Line,
        Self::Digest,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "receipt.too_large",
            Self::Malformed => "receipt.malformed",
            Self::Header => "receipt.header",
            Self::UnknownKey => "receipt.unknown_key",
            Self::Signature => "receipt.signature",
            Self::Key => "receipt.key",
            Self::Time => "receipt.time",
            Self::Delivery => "receipt.delivery",
            Self::Packet => "receipt.packet",
            Self::Line => "receipt.line",
            Self::Digest => "receipt.digest",
        }
    }
}
