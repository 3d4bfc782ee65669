//! The words of a key: what it is for, its one algorithm, its curve.

use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384};

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

    pub(super) fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Sig => &["sign", "verify"],
            Self::Enc => &["deriveKey", "deriveBits"],
        }
    }
}

/// The one algorithm of a key (RFC 7518 §3.1, §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlg {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384; for SMART clients, never for packets.
    Es384,
    /// ECDH-ES with P-256 and AES-256 key wrap.
    EcdhEsA256kw,
}

impl KeyAlg {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Es256, Self::Es384, Self::EcdhEsA256kw];

    /// The `alg` word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EcdhEsA256kw => "ECDH-ES+A256KW",
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
            Self::Es256 | Self::Es384 => KeyUse::Sig,
            Self::EcdhEsA256kw => KeyUse::Enc,
        }
    }

    pub(super) fn curve(self) -> Curve {
        match self {
            Self::Es256 | Self::EcdhEsA256kw => Curve::P256,
            Self::Es384 => Curve::P384,
        }
    }
}

/// The curves a key may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
}

impl Curve {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    /// Bytes of a coordinate, and of the private number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    pub(super) fn agreement(self) -> &'static aws_lc_rs::agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
        }
    }
}
