//! Bounds of a plan.

/// Volume tiers: more than any price list has.
pub const TIERS: usize = 1_000;

/// The greatest number of a segment in a month, which no account reaches.
pub const SEGMENTS: u64 = 1 << 53;
