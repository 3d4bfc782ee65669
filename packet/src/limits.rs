//! The bounds of a packet (packet.md, "Bounds"): what is larger is refused with the limit named.

use crate::jose::json::Limits;

/// Evidence documents in one packet.
pub const EVIDENCE: usize = 64;
/// Bytes of one evidence document as JSON, with its salt and name: 1 MiB.
pub const DOCUMENT_BYTES: usize = 1 << 20;
/// Bytes of a presentation: 8 MiB.
pub const PRESENTATION_BYTES: usize = 8 << 20;
/// Characters of a sealed packet: a full presentation in base64url, its header and its other parts.
pub const SEALED_BYTES: usize = PRESENTATION_BYTES / 3 * 4 + 8192;
/// Attachments of one claim.
pub const ATTACHMENTS: usize = 200;
/// Bytes of one attachment: 20 MiB.
pub const ATTACHMENT_BYTES: u64 = 20 << 20;
/// Characters of a sealed attachment: 20 MiB in base64url, its header and its other parts.
pub const SEALED_ATTACHMENT_BYTES: usize = (20 << 20) / 3 * 4 + 8192;
/// Bytes of one video, which is stored in parts: 1 GiB.
pub const VIDEO_BYTES: u64 = 1 << 30;
/// Recipients of one manifest.
pub const RECIPIENTS: usize = 64;
/// Members of a draft's documents that are disclosed apart.
pub const PARTS: usize = 1024;
/// Disclosures in one presentation, sub-disclosures counted.
pub const DISCLOSURES: usize = 4096;
/// Characters of a receipt.
pub const RECEIPT_BYTES: usize = 4096;
/// Characters of an identifier or address inside a packet.
pub const TEXT_BYTES: usize = 256;
/// Nesting of the payload after every disclosure is put in its place.
pub const UNFOLDED_DEPTH: usize = 64;

/// Bounds of a JOSE header (security.md J15).
pub const HEADER_JSON: Limits = Limits { bytes: 4096, depth: 16, members: 64 };
/// Bounds of the signed payload: digests and a few names, no evidence.
pub const MANIFEST_JSON: Limits = Limits { bytes: 256 << 10, depth: 16, members: 8192 };
/// Bounds of one disclosure.
pub const DISCLOSURE_JSON: Limits = Limits { bytes: DOCUMENT_BYTES + 4096, depth: 32, members: 100_000 };
/// Bounds of a receipt's payload.
pub const RECEIPT_JSON: Limits = Limits { bytes: RECEIPT_BYTES, depth: 1, members: 8 };
/// Bounds of a published key set or list of trusted keys.
pub const KEYS_JSON: Limits = Limits { bytes: 256 << 10, depth: 16, members: 8192 };
