//! Numbers that spread messages over operators by weight.

use std::cell::Cell;

/// A sequence of pseudo-random numbers (SplitMix64), for messages that are not parts of a long one.
#[derive(Debug)]
pub struct Spread(Cell<u64>);

impl Spread {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// The next number of the sequence.
    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
