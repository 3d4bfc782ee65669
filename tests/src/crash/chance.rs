//! Chance that can be repeated: a seed in, numbers out (`SplitMix64`).

/// A source of numbers.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// One that begins here.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One for another task, whose numbers do not depend on which task runs first.
    #[must_use]
    pub fn another(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound, 0 where the bound is.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or_default()
    }

    /// Whether one of so many cases came.
    pub fn once_in(&mut self, cases: u64) -> bool {
        self.below(cases) == 0
    }

    /// One of a list.
    pub fn one_of<'a, T>(&mut self, list: &'a mut [T]) -> Option<&'a mut T> {
        let place = self.below(u64::try_from(list.len()).unwrap_or_default());
        list.get_mut(usize::try_from(place).unwrap_or_default())
    }
}
