//! Why a packet is refused: one stable code each, and one only for whatever fails in decryption.

/// A refusal. `Display` is a sentence for people, [`OpenError::code`] the stable word for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OpenError {
    /// Larger than a bound of packet.md, which is named.
    #[error("the packet is too large: {0}")]
    TooLarge(&'static str),
    /// Not the text form of a packet.
    #[error("this is not a packet")]
    Malformed,
    /// The outer or inner header is not exactly the expected one.
    #[error("the packet's header is not the expected one")]
    Header,
    /// It does not decrypt: unknown key, changed bytes, anything.
    #[error("the packet does not decrypt")]
    Decrypt,
    /// It names a signing key that is not among the trusted ones.
    #[error("the packet names a signing key that is not among the trusted keys")]
    UnknownKey,
    /// The signature is not by the trusted key it names.
    #[error("the packet's signature does not verify")]
    Signature,
    /// Another issuer than the trusted keys are for.
    #[error("the packet names another issuer than the trusted keys do")]
    Issuer,
    /// The trusted key did not count when the packet was issued, or has ended since.
    #[error("the packet's signing key was not valid when it was issued, or has ended since")]
    Key,
    /// Issued more than a minute from now.
    #[error("the packet is dated in the future")]
    Future,
    /// Another version of the manifest than this build reads.
    #[error("the packet has a version this opener does not know")]
    Version,
    /// Not exactly one disclosed recipient, or another one than the opener.
    #[error("the packet is not addressed to this recipient")]
    NotAddressed,
    /// The grants are not sorted, or one stands twice.
    #[error("the packet's grants are not in ascending order")]
    Order,
    /// A disclosure cannot be read or belongs nowhere: changed, foreign, or without the one it stands in.
    #[error("the packet's disclosures do not belong to what was signed")]
    Digest,
    /// A digest, a disclosure or a name stands twice.
    #[error("a digest, a disclosure or a name stands twice")]
    Duplicate,
    /// Granted evidence is not there.
    #[error("the packet is incomplete: granted evidence is missing")]
    Incomplete,
    /// Evidence is there that was not granted.
    #[error("the packet discloses more than was granted")]
    NotGranted,
    /// Evidence does not fit the schema it names.
    #[error("evidence does not fit the schema it names")]
    Schema,
    /// An attachment is not the one the evidence names.
    #[error("the attachment is not the one the evidence names")]
    Attachment,
    /// The same packet and line came with another presentation. Found by the caller's store.
    #[error("another presentation of this packet was opened before")]
    Replayed,
}

impl OpenError {
    /// Every refusal, in the order of the checks.
    pub const ALL: [Self; 19] = [
        Self::TooLarge("a bound is exceeded"),
        Self::Malformed,
        Self::Header,
        Self::Decrypt,
        Self::UnknownKey,
        Self::Signature,
        Self::Version,
        Self::Issuer,
        Self::Future,
        Self::Key,
        Self::NotAddressed,
        Self::Order,
        Self::Digest,
        Self::Duplicate,
        Self::Incomplete,
        Self::NotGranted,
        Self::Schema,
        Self::Attachment,
        Self::Replayed,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge(_) => "packet.too_large",
            Self::Malformed => "packet.malformed",
            Self::Header => "packet.header",
            Self::Decrypt => "packet.decrypt",
            Self::UnknownKey => "packet.unknown_key",
            Self::Signature => "packet.signature",
            Self::Issuer => "packet.issuer",
            Self::Key => "packet.key",
            Self::Future => "packet.future",
            Self::Version => "packet.version",
            Self::NotAddressed => "packet.not_addressed",
            Self::Order => "packet.order",
            Self::Digest => "packet.digest",
            Self::Duplicate => "packet.duplicate",
            Self::Incomplete => "packet.incomplete",
            Self::NotGranted => "packet.not_granted",
            Self::Schema => "packet.schema",
            Self::Attachment => "packet.attachment",
            Self::Replayed => "packet.replayed",
        }
    }
}
