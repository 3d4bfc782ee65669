//! The public log of packets (透明日誌): what anyone needs to prove that a packet was logged and nothing removed.
//!
//! In: hashes, proofs, checkpoints. Out: a verdict, or the parts a proof is put together from. RFC 6962 hashing,
//! C2SP tlog-tiles, tlog-checkpoint and tlog-proof; an entry is the SHA-256 of a packet's signed part (the compact
//! JWS), so the log holds no personal data. Must not know where tiles are kept.

use aws_lc_rs::digest::{Context, SHA256};

pub mod checkpoint;
pub mod proof;
pub mod tile;
pub mod tree;

/// A hash of the tree, or an entry.
pub type Hash = [u8; 32];

/// The Merkle hash of an entry (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    hash(&[&[0], entry])
}

/// The hash of an inner node (RFC 6962 §2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

/// The root of the tree without entries (RFC 6962 §2.1).
#[must_use]
pub fn empty_root() -> Hash {
    hash(&[])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    out
}
