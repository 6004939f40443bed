//! Bounds and defaults of an operator, its links aside.

use super::number::{Bounds, Number};

/// Priorities and weights above this one make no difference.
const MOST_RANK: u32 = 1_000_000;

/// Lower is tried first. The default lies in the middle, so that others can come before and after it.
pub const PRIORITY: Number = Bounds::new("priority", 0, MOST_RANK).with_default(100);

/// Share among operators of equal priority. By default all have the same.
pub const WEIGHT: Number = Bounds::new("weight", 0, MOST_RANK).with_default(1);

/// All numbers of an operator.
pub const NUMBERS: [Number; 2] = [PRIORITY, WEIGHT];

/// Operators of one installation: more than anybody has contracts with.
pub const OPERATORS: usize = 1_000;

/// Source addresses or accounts that an operator of the management API may list.
pub const LISTED: usize = 1_000;

/// Networks or costs that an operator of the management API may list.
pub const NETWORKS: usize = 5_000;

/// Values of `data_coding` that there are.
pub const DATA_CODINGS: usize = 256;
