//! The digest tree of a file: a leaf for each segment, so that a part of a large file can be shown to be of it.
//!
//! As RFC 9162 §2.1.1 has it for SHA-256: leaf = SHA-256(0x00 ‖ segment), node = SHA-256(0x01 ‖ left ‖ right).

use aws_lc_rs::digest::{Context, SHA256};

/// The digest of a segment, and of any node.
pub type Leaf = [u8; 32];

fn hash(parts: &[&[u8]]) -> Leaf {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut leaf = [0; 32];
    for (to, from) in leaf.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    leaf
}

/// The leaf of a segment's bytes.
#[must_use]
pub fn leaf(segment: &[u8]) -> Leaf {
    hash(&[&[0], segment])
}

/// The root over all leaves.
#[must_use]
pub fn root(leaves: &[Leaf]) -> Leaf {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        // A last one without a neighbour goes up as it is, which is what splitting at powers of two comes to.
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => hash(&[&[1], left, right]),
                rest => rest.first().copied().unwrap_or_default(),
            })
            .collect();
    }
    level.pop().unwrap_or_else(|| hash(&[]))
}

#[cfg(test)]
mod tests {
    use claimgate_packet::jose::digest::sha256;
    use claimgate_packet::log::tree::included;

    use super::*;

    #[test]
    fn the_root_is_that_of_the_public_logs_trees() {
        assert_eq!(root(&[]), sha256(b""));
        let leaves: Vec<Leaf> = (0_u8..7).map(|number| leaf(&[number])).collect();
        assert_eq!(root(&leaves[..1]), leaves[0]);
        let node = |left: &Leaf, right: &Leaf| hash(&[&[1], left, right]);
        // RFC 9162 §2.1.3.1: the proof of leaf 4 in a tree of 7.
        let proof = [leaves[5], leaves[6], node(&node(&leaves[0], &leaves[1]), &node(&leaves[2], &leaves[3]))];
        assert!(included(&leaves[4], (4, 7), &proof, &root(&leaves)));
        assert!(!included(&leaves[3], (4, 7), &proof, &root(&leaves)));
    }
}
