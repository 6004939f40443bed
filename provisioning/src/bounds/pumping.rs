//! Bounds and defaults of the search for traffic pumping.

use tollgate_engine::pumping::PumpingSettings;

use super::number::{Bounds, Number};

const DEFAULT: PumpingSettings = PumpingSettings::DEFAULT;

/// Different numbers in sequence from which on a range is found.
pub const SEQUENCE_NUMBERS: Number =
    Bounds::new("sequence_numbers", 8, 250).with_default(DEFAULT.sequence_numbers);

/// Different numbers close together from which on a range is found.
pub const NARROW_NUMBERS: Number = Bounds::new("narrow_numbers", 8, 250).with_default(DEFAULT.narrow_numbers);

/// The share of the last messages, in percent, from which on new and expensive networks are found.
pub const SHARE_PERCENT: Number = Bounds::new("share_percent", 10, 100).with_default(DEFAULT.share_percent);

/// The price, in percent of what the account usually pays, from which on a destination is expensive.
pub const EXPENSIVE_PERCENT: Number =
    Bounds::new("expensive_percent", 110, 10_000).with_default(DEFAULT.expensive_percent);

/// The share of ended messages, in percent, up to which a range counts as not delivered.
pub const DELIVERED_PERCENT: Number =
    Bounds::new("delivered_percent", 1, 69).with_default(DEFAULT.delivered_percent);

/// Messages that a range whose rate is stepped down may still have in a minute; none at all with zero.
pub const STEP_DOWN_PER_MINUTE: Number =
    Bounds::new("step_down_per_minute", 0, 6_000).with_default(DEFAULT.step_down_per_minute);

/// Minutes without a sign after which a finding ends.
pub const QUIET_MINUTES: Number = Bounds::new("quiet_minutes", 1, 10_080).with_default(DEFAULT.quiet_minutes);

/// All of them.
pub const NUMBERS: [Number; 7] = [
    SEQUENCE_NUMBERS,
    NARROW_NUMBERS,
    SHARE_PERCENT,
    EXPENSIVE_PERCENT,
    DELIVERED_PERCENT,
    STEP_DOWN_PER_MINUTE,
    QUIET_MINUTES,
];
