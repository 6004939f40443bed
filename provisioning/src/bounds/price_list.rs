//! Bounds of a price list.

/// Mark-ups of one price list. The first one that holds is looked for with every message.
pub const MARK_UPS: usize = 1_000;

/// Rates that a price list of the management API may have.
pub const RATES: usize = 5_000;

/// The greatest share of what a child pays that its parent may earn, in percent.
pub const COMMISSION_PERCENT: i64 = 100;
