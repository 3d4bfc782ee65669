//! The object store and the database compared: files that nobody names, as after a restore, and files that are missing.
//!
//! In: the listing of one, the rows of the other, one of 256 parts at a time. Out: both kinds; what nobody names is
//! removed where an operator says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::files::LEAVES;
use super::registry::Operator;
use super::{Engine, Fault};
use crate::core::change::Change;
use crate::id::{AttachmentId, ClaimId, ObjectId};
use crate::objects::segments;

/// An object that no row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Which.
    pub object: ObjectId,
    /// How many segments of it are there.
    pub segments: usize,
    /// When the last of them was written, by the clock of the store.
    pub written: Timestamp,
}

/// A file of a claim of which not all is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The claim.
    pub claim: ClaimId,
    /// Its attachment.
    pub attachment: AttachmentId,
    /// Segments that are not there; the leaves of its digest tree count as one.
    pub missing: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Objects that are there and named.
    pub named: usize,
    /// Objects that nobody names.
    pub strays: Vec<Stray>,
    /// Files of which something is missing.
    pub lost: Vec<Lost>,
}

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
pub enum NotRemoved {
    /// It may be the store of another gateway.
    #[error(
        "not one object of this store is named by this database: they may be another gateway's, so nothing is removed"
    )]
    Foreign,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// Compares the object store with the database.
    ///
    /// # Errors
    /// One of the two is away.
    pub async fn compare_objects(&self) -> Result<Compared, Fault> {
        let mut compared = Compared::default();
        for first in 0..=u8::MAX {
            // What is named is written down before its first byte: listed first, it cannot seem to be nobody's.
            let mut there: BTreeMap<ObjectId, (BTreeSet<(u32, u32)>, Timestamp)> = BTreeMap::new();
            for one in self.objects.list(first).await? {
                let (places, written) = there.entry(one.object).or_insert_with(|| (BTreeSet::new(), one.written));
                places.insert(one.place);
                *written = one.written.max(*written);
            }
            let mut named = BTreeSet::new();
            for one in self.store.named_objects(first).await? {
                named.insert(one.object);
                let Some((claim, attachment, parts, bytes)) = one.file else { continue };
                let places = there.get(&one.object).map(|(places, _)| places);
                let mut missing = 0;
                for number in (0..segments(bytes)).chain([LEAVES]) {
                    let place = (parts.epoch(number), number);
                    let listed = places.is_some_and(|places| places.contains(&place));
                    // It may have come since it was listed.
                    if !listed && !self.objects.has(one.object, place).await? {
                        missing += 1;
                    }
                }
                if missing > 0 {
                    compared.lost.push(Lost { claim, attachment, missing });
                }
            }
            for (object, (places, written)) in there {
                if named.contains(&object) {
                    compared.named += 1;
                } else {
                    compared.strays.push(Stray { object, segments: places.len(), written });
                }
            }
        }
        Ok(compared)
    }

    /// Removes what nobody names and was written before then; gives how many objects that were.
    ///
    /// # Errors
    /// The database names none of the objects, or one of the two is away.
    pub async fn remove_strays(
        &self,
        by: &Operator,
        compared: &Compared,
        before: Timestamp,
    ) -> Result<usize, NotRemoved> {
        let old: Vec<_> = compared.strays.iter().filter(|stray| stray.written < before).collect();
        if old.is_empty() {
            return Ok(0);
        }
        if compared.named == 0 {
            return Err(NotRemoved::Foreign);
        }
        let detail = [("account", by.account()), ("objects", old.len().to_string()), ("before", before.to_string())];
        let mut change = Change::new("remove_strays");
        change.push(self.audit(&by.actor(), "objects.removed", &"objects", detail));
        self.store.commit(change).await.map_err(Fault::from)?;
        for stray in &old {
            self.objects.remove(stray.object).await.map_err(Fault::from)?;
        }
        Ok(old.len())
    }
}
