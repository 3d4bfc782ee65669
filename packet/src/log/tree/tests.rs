//! Proofs against the plain definition of the tree, and against the vectors of another implementation.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;
use crate::jose::digest::sha256;
use crate::log::leaf_hash;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

/// MTH of RFC 6962 §2.1, as it is written there.
fn root_of(leaves: &[Hash]) -> Hash {
    match leaves.len() {
        0 => empty_root(),
        1 => leaves[0],
        count => {
            let (left, right) = leaves.split_at(1 << (count - 1).ilog2());
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

fn hashes(ranges: &[Range], leaves: &[Hash]) -> Vec<Hash> {
    let node = |one: Subtree| {
        let first = usize::try_from(one.index << one.level).unwrap();
        Some(root_of(&leaves[first..first + (1 << one.level)]))
    };
    ranges.iter().map(|range| range.hash(node).unwrap()).collect()
}

#[test]
fn every_proof_of_every_small_tree_holds_and_no_other_does() {
    let all = leaves(40);
    for size in 1..=40_u64 {
        let leaves = &all[..usize::try_from(size).unwrap()];
        let root = root_of(leaves);
        assert_eq!(hashes(&[whole(size)], leaves), [root]);
        for index in 0..size {
            let proof = hashes(&inclusion(index, size).unwrap(), leaves);
            let leaf = all[usize::try_from(index).unwrap()];
            assert!(included(&leaf, (index, size), &proof, &root), "{index} of {size}");
            assert!(!included(&leaf, (index + 1, size), &proof, &root));
            assert!(!included(&leaf_hash(b"other"), (index, size), &proof, &root));
            if !proof.is_empty() {
                assert!(!included(&leaf, (index, size), &proof[1..], &root));
            }
        }
        for old in 1..=size {
            let before = root_of(&leaves[..usize::try_from(old).unwrap()]);
            let proof = hashes(&consistency(old, size).unwrap(), leaves);
            assert!(consistent((old, &before), (size, &root), &proof), "{old} to {size}");
            assert!(!consistent((old, &leaf_hash(b"other")), (size, &root), &proof));
        }
    }
    assert!(inclusion(3, 3).is_none() && consistency(0, 3).is_none() && consistency(4, 3).is_none());
}

#[test]
fn a_node_is_found_in_its_tile() {
    let all = leaves(600);
    for (level, index) in [(0, 0), (0, 299), (3, 33), (7, 1), (7, 3), (8, 1)] {
        let one = Subtree { level, index };
        let tile = one.tile();
        let row: Vec<Hash> = if tile.level == 0 {
            let first = usize::try_from(tile.number * 256).unwrap();
            all[first..(first + 256).min(600)].to_vec()
        } else {
            all.chunks_exact(256).map(root_of).collect()
        };
        let first = usize::try_from(index << level).unwrap();
        assert_eq!(one.within(&row), Some(root_of(&all[first..first + (1 << level)])), "{level} {index}");
    }
    assert_eq!(Subtree { level: 4, index: 0 }.within(&all[..15]), None);
}

fn hash_of(value: &Value) -> Hash {
    let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).unwrap();
    // Some vectors put other texts where roots stand; they only need to stay equal or different.
    Hash::try_from(bytes.as_slice()).unwrap_or_else(|_| sha256(&bytes))
}

#[expect(clippy::disallowed_methods, reason = "where the test vectors are; only a test asks")]
fn shared() -> PathBuf {
    let shared = std::env::var("CLAIMGATE_SHARED").map_or_else(|_| PathBuf::from("../shared"), PathBuf::from);
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(shared)
}

#[test]
fn the_vectors_of_another_implementation_agree() {
    let folder = shared().join("data/vectors/merkle/testdata");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let (mut count, mut good, mut folders) = (0, 0, vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let proof: Vec<Hash> = case["proof"].as_array().into_iter().flatten().map(hash_of).collect();
            let number = |name: &str| case[name].as_u64().unwrap_or_default();
            // A hash of another length is never one of ours: the type refuses it.
            let whole = |one: &Value| STANDARD.decode(one.as_str().unwrap_or_default()).unwrap().len() == 32;
            let inclusion = case.get("leafIdx").is_some();
            let path_whole = case["proof"].as_array().into_iter().flatten().all(whole);
            let whole = path_whole && (!inclusion || (whole(&case["leafHash"]) && whole(&case["root"])));
            let holds = if inclusion {
                let place = (number("leafIdx"), number("treeSize"));
                included(&hash_of(&case["leafHash"]), place, &proof, &hash_of(&case["root"]))
            } else {
                let (before, after) = (hash_of(&case["root1"]), hash_of(&case["root2"]));
                consistent((number("size1"), &before), (number("size2"), &after), &proof)
            };
            assert_eq!(holds && whole, !case["wantErr"].as_bool().unwrap(), "{}: {}", path.display(), case["desc"]);
            count += 1;
            good += usize::from(holds && whole);
        }
    }
    assert_eq!((count, good), (196, 12));
}
