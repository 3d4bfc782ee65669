//! Which writer wrote which segments: an upload that is taken up again writes under names of its own, so that a writer
//! that was given up cannot change what another finished.
//!
//! As text `0.1,37.2`: from segment 0 on the first writer, from 37 on the second.

use std::fmt;
use std::str::FromStr;

/// The first segment of each writer and the writer's number (epoch), ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(Vec<(u32, u32)>);

/// A text that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parts read first.epoch, with commas between")]
pub struct NoParts;

impl Parts {
    /// All of it by one writer.
    #[must_use]
    pub fn one() -> Self {
        Self(vec![(0, 1)])
    }

    /// From this segment on another writer; what came from there on counts no more.
    #[must_use]
    pub fn then(mut self, first: u32, epoch: u32) -> Self {
        self.0.retain(|(from, _)| *from < first);
        self.0.push((first, epoch));
        self
    }

    /// Who wrote a segment.
    #[must_use]
    pub fn epoch(&self, number: u32) -> u32 {
        self.0.iter().rev().find(|(from, _)| *from <= number).map_or(0, |(_, epoch)| *epoch)
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (from, epoch)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{from}.{epoch}")?;
        }
        Ok(())
    }
}

impl FromStr for Parts {
    type Err = NoParts;

    fn from_str(text: &str) -> Result<Self, NoParts> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let one = |part: &str| {
            let (from, epoch) = part.split_once('.')?;
            Some((from.parse().ok()?, epoch.parse().ok()?))
        };
        let parts: Option<Vec<(u32, u32)>> = text.split(',').map(one).collect();
        let parts = parts.ok_or(NoParts)?;
        if parts.is_sorted_by(|(one, _), (next, _)| one < next) { Ok(Self(parts)) } else { Err(NoParts) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_writer_of_a_segment_counts() {
        let parts = Parts::one().then(3, 2).then(3, 3).then(9, 4).then(7, 5);
        assert_eq!(parts.to_string(), "0.1,3.3,7.5");
        assert_eq!(parts.to_string().parse(), Ok(parts.clone()));
        assert_eq!([0, 2, 3, 6, 7, 50].map(|number| parts.epoch(number)), [1, 1, 3, 3, 5, 5]);
        assert_eq!("".parse(), Ok(Parts::default()));
        for wrong in ["1", "0.1,", "3.1,3.2", "x.1", "0.-1"] {
            assert_eq!(wrong.parse::<Parts>(), Err(NoParts), "{wrong}");
        }
    }
}
