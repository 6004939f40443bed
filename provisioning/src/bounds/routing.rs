//! Bounds and defaults of routing.

use super::number::{Bounds, Number};

/// The health below which `least_cost_above` takes a cheap operator only if nothing healthier is left.
pub const HEALTH_FLOOR: Number<u8> = Bounds::new("health_floor", 0, 100).with_default(50);
