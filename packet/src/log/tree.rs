//! Which nodes make a root or a proof, and how a proof is checked (RFC 6962 §2.1, RFC 9162 §2.1.3, §2.1.4).

use super::tile::TileId;
use super::{Hash, empty_root, node_hash};

/// A complete subtree of `2^level` entries, the `index`-th of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subtree {
    /// Height above the entries.
    pub level: u32,
    /// From the left, from nought.
    pub index: u64,
}

/// A range of entries as complete subtrees, left to right: one hash of a proof, or a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range(Vec<Subtree>);

impl Subtree {
    /// The tile that holds it, or the hashes it is made of.
    #[must_use]
    pub fn tile(self) -> TileId {
        let within = self.level % 8;
        TileId { level: self.level / 8, number: self.index >> (8 - within) }
    }

    /// Its hash, from the hashes of its tile.
    #[must_use]
    pub fn within(self, hashes: &[Hash]) -> Option<Hash> {
        let within = self.level % 8;
        let width = 1_usize << within;
        let first = usize::try_from(self.index & ((1 << (8 - within)) - 1)).ok()? << within;
        let mut row = hashes.get(first..first.checked_add(width)?)?.to_vec();
        while let [_, _, ..] = row.as_slice() {
            row = row.chunks_exact(2).filter_map(|pair| Some(node_hash(pair.first()?, pair.last()?))).collect();
        }
        row.first().copied()
    }
}

impl Range {
    /// The complete subtrees from entry `start` on; `start` is a multiple of the largest of them.
    fn of(start: u64, length: u64) -> Self {
        let (mut at, mut left, mut parts) = (start, length, Vec::new());
        while left > 0 {
            let level = left.ilog2();
            parts.push(Subtree { level, index: at >> level });
            at += 1 << level;
            left -= 1 << level;
        }
        Self(parts)
    }

    /// The complete subtrees.
    #[must_use]
    pub fn subtrees(&self) -> &[Subtree] {
        &self.0
    }

    /// The hash of the range from those of its subtrees; nothing where one is missing.
    #[must_use]
    pub fn hash(&self, mut of: impl FnMut(Subtree) -> Option<Hash>) -> Option<Hash> {
        let mut parts = self.0.iter().rev();
        let Some(last) = parts.next() else { return Some(empty_root()) };
        parts.try_fold(of(*last)?, |right, left| Some(node_hash(&of(*left)?, &right)))
    }
}

/// The whole tree of that many entries: its hash is the root.
#[must_use]
pub fn whole(size: u64) -> Range {
    Range::of(0, size)
}

/// The hashes of an inclusion proof, leaf's sibling first (RFC 6962 §2.1.1); nothing for an entry the tree has not.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range>> {
    (index < size).then(|| {
        let mut path = Vec::new();
        let (mut start, mut length) = (0, size);
        while length > 1 {
            let left = split(length);
            if index < start + left {
                path.push(Range::of(start + left, length - left));
                length = left;
            } else {
                path.push(Range::of(start, left));
                start += left;
                length -= left;
            }
        }
        path.reverse();
        path
    })
}

/// The hashes of a consistency proof (RFC 6962 §2.1.2); nothing unless `0 < old <= new`.
#[must_use]
pub fn consistency(old: u64, new: u64) -> Option<Vec<Range>> {
    (old > 0 && old <= new).then(|| {
        let mut path = Vec::new();
        let (mut start, mut rest, mut length, mut known) = (0, old, new, true);
        while rest < length {
            let left = split(length);
            if rest <= left {
                path.push(Range::of(start + left, length - left));
                length = left;
            } else {
                path.push(Range::of(start, left));
                start += left;
                rest -= left;
                length -= left;
                known = false;
            }
        }
        if !known {
            path.push(Range::of(start, length));
        }
        path.reverse();
        path
    })
}

/// The largest power of two below `length`, which is at least two.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

/// Whether the proof leads from a leaf's hash at `index` to the root of a tree of `size` (RFC 9162 §2.1.3.2).
#[must_use]
pub fn included(leaf: &Hash, (index, size): (u64, u64), proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the tree of `new.0` entries with root `new.1` begins with the one of `old` (RFC 9162 §2.1.4.2).
#[must_use]
pub fn consistent(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    if old.0 == 0 || old.0 > new.0 {
        return false;
    }
    if old.0 == new.0 {
        return proof.is_empty() && old.1 == new.1;
    }
    let mut path = proof.iter();
    let first = if old.0.is_power_of_two() { Some(old.1) } else { path.next() };
    let Some(first) = first.filter(|_| !proof.is_empty()) else { return false };
    let (mut at, mut last) = (old.0 - 1, new.0 - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut before, mut after) = (*first, *first);
    for hash in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node_hash(hash, &before);
            after = node_hash(hash, &after);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            after = node_hash(&after, hash);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old.1 && after == *new.1
}

#[cfg(test)]
mod tests;
