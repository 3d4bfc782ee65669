//! The bounds of what a wallet, an issuer or a registry sends: looked at before anything is parsed.

use claimgate_packet::jose::json::Limits;

/// Bytes of a wallet's answer, and of the encrypted one.
pub const ANSWER_BYTES: usize = 512 << 10;
/// Bytes of one presentation.
pub const TOKEN_BYTES: usize = 256 << 10;
/// Disclosures in one presentation.
pub const DISCLOSURES: usize = 256;
/// Presentations in one answer.
pub const PRESENTATIONS: usize = 16;
/// Certificates in `x5c`.
pub const CERTIFICATES: usize = 4;
/// Bytes of one certificate.
pub const CERTIFICATE_BYTES: usize = 8 << 10;
/// Characters of an address, an identifier or a nonce.
pub const TEXT_BYTES: usize = 2048;
/// Nesting of a credential after every disclosure is in its place.
pub const DEPTH: usize = 16;
/// Bytes of a status list as it is sent.
pub const LIST_BYTES: usize = 4 << 20;
/// Bytes of a status list unpacked: 64 million entries of one bit.
pub const UNPACKED_BYTES: usize = 8 << 20;

/// A JOSE header, with room for certificates.
pub const HEADER_JSON: Limits = Limits { bytes: 48 << 10, depth: 8, members: 128 };
/// A signed payload.
pub const PAYLOAD_JSON: Limits = Limits { bytes: 192 << 10, depth: DEPTH, members: 8192 };
/// One disclosure.
pub const DISCLOSURE_JSON: Limits = Limits { bytes: 96 << 10, depth: DEPTH, members: 4096 };
/// The payload of a status list.
pub const LIST_JSON: Limits = Limits { bytes: LIST_BYTES, depth: 8, members: 128 };
/// A wallet's answer: `vp_token`, `presentation_submission`.
pub const ANSWER_JSON: Limits = Limits { bytes: ANSWER_BYTES, depth: 12, members: 2048 };
/// A document of an issuer or a registry: key sets, type metadata, snapshots.
pub const DOCUMENT_JSON: Limits = Limits { bytes: 1 << 20, depth: 24, members: 50_000 };
