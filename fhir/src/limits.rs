//! How much of an input is read: every bound is checked before the cost is paid.

/// Bounds on one JSON input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole input; 10 MB.
    pub bytes: usize,
    /// Nesting of objects and arrays; 64, and never more than [`Limits::DEEPEST`].
    pub depth: usize,
    /// Entries of a Bundle; 5000.
    pub entries: usize,
    /// Items of any one array; 20 000.
    pub items: usize,
    /// JSON values in all, because a small text can become a large tree; 500 000.
    pub values: usize,
}

impl Limits {
    /// The JSON reader's own recursion guard stands at 128; our own limit must bite first.
    pub const DEEPEST: usize = 120;
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 10 * 1024 * 1024, depth: 64, entries: 5000, items: 20_000, values: 500_000 }
    }
}
