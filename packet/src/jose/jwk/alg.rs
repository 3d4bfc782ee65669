//! The words of a key: what it is for, its one algorithm, its kind.

use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, X25519};

/// What a key is for (RFC 7517 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// `sig`.
    Sig,
    /// `enc`.
    Enc,
}

impl KeyUse {
    /// The `use` word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sig => "sig",
            Self::Enc => "enc",
        }
    }
}

/// The one algorithm of a key (RFC 7518 §3.1, §4.1; RFC 8037 §3.1, §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlg {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384; for SMART clients, never for packets.
    Es384,
    /// Ed25519.
    EdDsa,
    /// RSA-PSS with SHA-256; for FAPI clients, never for packets.
    Ps256,
    /// RSA (PKCS #1 v1.5) with SHA-384; for SMART clients, never for packets.
    Rs384,
    /// ECDH-ES with P-256 or X25519, and AES-256 key wrap.
    EcdhEsA256kw,
    /// ECDH-ES with P-256, direct: what a wallet answers to; never for packets.
    EcdhEs,
    /// RSA-OAEP with SHA-256, for recipients that have nothing else.
    RsaOaep256,
}

impl KeyAlg {
    /// Every algorithm. Where a key says its use only, the first that goes with its kind is meant; an RSA key for
    /// signatures always says which.
    pub const ALL: [Self; 8] = [
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
        Self::Ps256,
        Self::Rs384,
        Self::EcdhEsA256kw,
        Self::EcdhEs,
        Self::RsaOaep256,
    ];

    /// The `alg` word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Ps256 => "PS256",
            Self::Rs384 => "RS384",
            Self::EcdhEsA256kw => "ECDH-ES+A256KW",
            Self::EcdhEs => "ECDH-ES",
            Self::RsaOaep256 => "RSA-OAEP-256",
        }
    }

    /// The algorithm of an `alg` word, by exact match.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == name)
    }

    /// What a key of this algorithm is for.
    #[must_use]
    pub fn usage(self) -> KeyUse {
        match self {
            Self::Es256 | Self::Es384 | Self::EdDsa | Self::Ps256 | Self::Rs384 => KeyUse::Sig,
            Self::EcdhEsA256kw | Self::EcdhEs | Self::RsaOaep256 => KeyUse::Enc,
        }
    }

    /// Whether a packet may be signed with it, and a receipt: ES256 and EdDSA.
    #[must_use]
    pub fn signs_packets(self) -> bool {
        matches!(self, Self::Es256 | Self::EdDsa)
    }

    /// Whether a packet may be sealed to it: ECDH-ES+A256KW and RSA-OAEP-256.
    #[must_use]
    pub fn seals_packets(self) -> bool {
        matches!(self, Self::EcdhEsA256kw | Self::RsaOaep256)
    }

    pub(super) fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Es256 | Self::EcdhEs => kind == Kind::P256,
            Self::Es384 => kind == Kind::P384,
            Self::EdDsa => kind == Kind::Ed25519,
            Self::EcdhEsA256kw => matches!(kind, Kind::P256 | Kind::X25519),
            Self::RsaOaep256 | Self::Ps256 | Self::Rs384 => kind == Kind::Rsa,
        }
    }

    /// The `key_ops` words that go with it (RFC 7517 §4.3).
    pub(super) fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Es256 | Self::Es384 | Self::EdDsa | Self::Ps256 | Self::Rs384 => &["sign", "verify"],
            Self::EcdhEsA256kw | Self::EcdhEs => &["deriveKey", "deriveBits"],
            Self::RsaOaep256 => &["encrypt", "decrypt", "wrapKey", "unwrapKey"],
        }
    }
}

/// The kinds of key: a curve, or RSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    P384,
    Ed25519,
    X25519,
    Rsa,
}

impl Kind {
    /// The kind of a `kty` and, where it has one, `crv`.
    pub(super) fn from_names(kty: Option<&str>, crv: Option<&str>) -> Option<Self> {
        match (kty?, crv) {
            ("EC", Some("P-256")) => Some(Self::P256),
            ("EC", Some("P-384")) => Some(Self::P384),
            ("OKP", Some("Ed25519")) => Some(Self::Ed25519),
            ("OKP", Some("X25519")) => Some(Self::X25519),
            ("RSA", None) => Some(Self::Rsa),
            _ => None,
        }
    }

    /// The `crv` word; none for RSA.
    pub(super) fn curve(self) -> Option<&'static str> {
        match self {
            Self::P256 => Some("P-256"),
            Self::P384 => Some("P-384"),
            Self::Ed25519 => Some("Ed25519"),
            Self::X25519 => Some("X25519"),
            Self::Rsa => None,
        }
    }

    /// The key agreement on this curve, which also tells whether a point is on it.
    pub(super) fn agreement(self) -> Option<&'static aws_lc_rs::agreement::Algorithm> {
        match self {
            Self::P256 => Some(&ECDH_P256),
            Self::P384 => Some(&ECDH_P384),
            Self::X25519 => Some(&X25519),
            Self::Ed25519 | Self::Rsa => None,
        }
    }
}
