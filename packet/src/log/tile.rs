//! Tiles: 256 neighbouring hashes of one level, named as C2SP tlog-tiles names them.

use std::fmt;

use super::{Hash, node_hash};

/// The hashes of a full tile.
pub const WIDTH: usize = 256;

/// A tile of hashes. Level 0 holds the leaf hashes; each hash of level `n` is the root of a full tile of `n - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// Level, 0 to 7 (a tree of 64-bit size has no more).
    pub level: u32,
    /// From the left, from nought.
    pub number: u64,
}

/// What a path below the log's address asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Hashes, and how many of them.
    Hashes(TileId, usize),
    /// The entries of the level-0 tile of that number, and how many of them.
    Entries(u64, usize),
}

impl TileId {
    /// How many hashes the tile has in a tree of that many entries.
    #[must_use]
    pub fn width(self, size: u64) -> usize {
        let row = size.checked_shr(8 * self.level).unwrap_or(0);
        let before = self.number.saturating_mul(256);
        usize::try_from(row.saturating_sub(before).min(256)).unwrap_or(0)
    }
}

/// The root of a full tile: one hash of the level above; nothing for a partial one.
#[must_use]
pub fn full_root(hashes: &[Hash]) -> Option<Hash> {
    if hashes.len() != WIDTH {
        return None;
    }
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.chunks_exact(2).filter_map(|pair| Some(node_hash(pair.first()?, pair.last()?))).collect();
    }
    row.first().copied()
}

impl Wanted {
    /// Reads a path such as `0/x001/067`, `1/000.p/17` or `entries/x001/067`; nothing for any other spelling.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (first, rest) = path.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, plain(width).filter(|width| (1..256).contains(width))?),
            None => (rest, 256),
        };
        let (number, width) = (spelled(number)?, usize::try_from(width).ok()?);
        match first {
            "entries" => Some(Self::Entries(number, width)),
            level => {
                let level = u32::try_from(plain(level)?).ok().filter(|level| *level < 8)?;
                Some(Self::Hashes(TileId { level, number }, width))
            }
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, width) = match self {
            Self::Hashes(tile, width) => {
                write!(f, "{}/", tile.level)?;
                (tile.number, *width)
            }
            Self::Entries(number, width) => {
                f.write_str("entries/")?;
                (*number, *width)
            }
        };
        let mut groups = vec![number % 1_000];
        let mut rest = number / 1_000;
        while rest > 0 {
            groups.push(rest % 1_000);
            rest /= 1_000;
        }
        while let Some(group) = groups.pop() {
            let lead = if groups.is_empty() { "" } else { "x" };
            let tail = if groups.is_empty() { "" } else { "/" };
            write!(f, "{lead}{group:03}{tail}")?;
        }
        if width < WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

/// A decimal without leading noughts.
fn plain(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}

/// A number in groups of three digits, all but the last led by `x`.
fn spelled(text: &str) -> Option<u64> {
    let mut groups = text.split('/').peekable();
    let (mut number, mut first) = (0_u64, true);
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() { group.strip_prefix('x')? } else { group };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if first && groups.peek().is_some() && digits == "000" {
            return None;
        }
        number = number.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
        first = false;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_and_no_other_spelling_does() {
        for (wanted, path) in [
            (Wanted::Hashes(TileId { level: 0, number: 0 }, 256), "0/000"),
            (Wanted::Hashes(TileId { level: 1, number: 1_234_067 }, 17), "1/x001/x234/067.p/17"),
            (Wanted::Entries(1_000, 256), "entries/x001/000"),
            (Wanted::Entries(0, 1), "entries/000.p/1"),
        ] {
            assert_eq!(wanted.to_string(), path);
            assert_eq!(Wanted::parse(path), Some(wanted));
        }
        for path in [
            "",
            "0",
            "0/0",
            "0/00",
            "0/0000",
            "00/000",
            "8/000",
            "x/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/x000/001",
            "0/001/002",
            "0/x001/x002",
            "0/000/",
            "0//000",
            "entries/",
            "0/000.p/",
            "-1/000",
            "0/+01",
        ] {
            assert_eq!(Wanted::parse(path), None, "{path}");
        }
    }

    #[test]
    fn widths_are_those_of_the_standards_example() {
        let width = |level, number| TileId { level, number }.width(70_000);
        assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (256, 112, 0));
        assert_eq!((width(1, 0), width(1, 1), width(2, 0), width(3, 0)), (256, 17, 1, 0));
    }
}
