//! The proof that a packet stands in the log, as one text to be kept with the packet (C2SP tlog-proof, version 1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{Checkpoint, CheckpointError, LONGEST, LogKey, decimal};
use super::{Hash, leaf_hash, tree};

const HEAD: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 64-bit size has no longer path.
const MOST_HASHES: usize = 63;

/// A proof of inclusion with the checkpoint it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProof {
    /// Place of the entry, from nought.
    pub index: u64,
    /// Hashes from the entry's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The signed checkpoint, as the log gave it.
    pub checkpoint: String,
}

/// Why a proof does not prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not of the form of a proof.
    #[error("not a log proof")]
    Malformed,
    /// The checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The path does not lead from this packet to the checkpoint's root.
    #[error("the proof is not one of this packet")]
    NotIncluded,
}

impl ProofError {
    /// The stable reason code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "proof.malformed",
            Self::Checkpoint(CheckpointError::Malformed) => "proof.checkpoint_malformed",
            Self::Checkpoint(CheckpointError::Origin) => "proof.other_log",
            Self::Checkpoint(CheckpointError::Unsigned | CheckpointError::Signature) => "proof.checkpoint_signature",
            Self::NotIncluded => "proof.not_included",
        }
    }
}

impl LogProof {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`ProofError::Malformed`]
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > LONGEST {
            return Err(ProofError::Malformed);
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError::Malformed)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEAD) {
            return Err(ProofError::Malformed);
        }
        // Extra data is nobody's word and not looked at.
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let hash = |line: &str| Hash::try_from(STANDARD.decode(line).ok()?.as_slice()).ok();
        let path: Option<Vec<Hash>> = lines.take(MOST_HASHES + 1).map(hash).collect();
        let path = path.filter(|path| path.len() <= MOST_HASHES).ok_or(ProofError::Malformed)?;
        Ok(Self { index: index.ok_or(ProofError::Malformed)?, path, checkpoint: checkpoint.to_owned() })
    }

    /// The text, for a file that ends in `.tlog-proof`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let path: String = self.path.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        format!("{HEAD}\nindex {}\n{path}\n{}", self.index, self.checkpoint)
    }

    /// Whether the log of that key holds this entry: the SHA-256 of a packet's signed part.
    ///
    /// # Errors
    /// A checkpoint the log did not sign, or a path that leads elsewhere.
    pub fn verify(&self, entry: &Hash, key: &LogKey) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, key)?;
        let place = (self.index, checkpoint.size);
        if tree::included(&leaf_hash(entry), place, &self.path, &checkpoint.root) {
            Ok(checkpoint)
        } else {
            Err(ProofError::NotIncluded)
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::log::checkpoint::LogSigner;
    use crate::log::node_hash;

    #[test]
    fn a_proof_reads_back_and_proves_this_entry_only() {
        let (mine, other) = ([1; 32], [2; 32]);
        let root = node_hash(&leaf_hash(&mine), &leaf_hash(&other));
        let signer = LogSigner::new("gateway.example/log", Zeroizing::new([7; 32])).unwrap();
        let checkpoint = signer.sign(2, &root).unwrap();
        let proof = LogProof { index: 0, path: vec![leaf_hash(&other)], checkpoint };
        let text = proof.to_text();
        let read = LogProof::parse(&text).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&mine, signer.public()).unwrap().size, 2);
        assert_eq!(read.verify(&other, signer.public()), Err(ProofError::NotIncluded));
        assert_eq!(LogProof::parse(&text.replacen("index", "extra eA==\nindex", 1)), Ok(proof));
        for wrong in [text.replacen("index 0", "index 00", 1), text.replacen("@v1", "@v2", 1), String::new()] {
            assert_eq!(LogProof::parse(&wrong), Err(ProofError::Malformed), "{wrong}");
        }
        let long = text.replacen("index 0\n", &format!("index 0\n{}", (STANDARD.encode(mine) + "\n").repeat(64)), 1);
        assert_eq!(LogProof::parse(&long), Err(ProofError::Malformed));
    }
}
