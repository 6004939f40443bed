//! Bounds and defaults of a bundle product.

use super::number::{Bounds, Number};

/// Units of one bundle: one at least, and no more than integers of JSON's common readers hold exactly.
pub const UNITS: Bounds<u64> = Bounds::new("units", 1, 1 << 53);

/// Days for which a bundle is valid: ten years at most.
pub const VALID_DAYS: Bounds = Bounds::new("days", 1, 3_660);

/// Of bundles that end together the one with the smaller number is taken first.
pub const PRIORITY: Number = Bounds::new("priority", 0, 255).with_default(100);

/// Units that are carried over at most, where not all are.
pub const ROLLOVER_UNITS: Bounds<u64> = Bounds::new("at_most", 1, 1 << 53);

/// Days by which a refund behind the end of a bundle makes it valid again.
pub const EXTEND_DAYS: Bounds = Bounds::new("extend_days", 1, 3_660);

/// Plans that a product may list.
pub const PLANS: usize = 1_000;
