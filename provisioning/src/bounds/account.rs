//! Bounds and defaults of an account.

use super::number::{Bounds, Number};

/// Simultaneous binds of an account.
pub const MAX_BINDS: Number = Bounds::new("max_binds", 1, 10_000).with_default(10);

/// Unanswered requests of one bind. `storage.queue_messages` bounds it too.
pub const WINDOW: Bounds = Bounds::new("window", 1, 65_535);

/// Seconds for which `user_message_reference` serves as the idempotency key.
/// `storage.idempotency_window_hours` bounds it too.
pub const REFERENCE_SECONDS: Bounds =
    Bounds::new("idempotency_by_user_message_reference_seconds", 1, u32::MAX);

/// Messages per second in the long run.
pub const PER_SECOND: Bounds = Bounds::new("per_second", 1, 1_000_000);

/// Messages at once after a pause; as many as [`PER_SECOND`] where none is set.
pub const BURST: Bounds = Bounds::new("burst", 1, 1_000_000);

/// Source addresses, or addresses to bind from, that an account of the management API may list.
pub const LISTED: usize = 1_000;

/// Rates of its own that an account of the management API may have.
pub const RATES: usize = 5_000;

/// Characters of the name that people know an account of the management API by.
pub const DISPLAY_NAME_CHARACTERS: usize = 200;

/// Segments of a calendar month above which an account is warned of overage: what the signed 64-bit integers of
/// JSON's common readers hold.
pub const OVERAGE_SEGMENTS: Bounds<u64> = Bounds::new("overage_segments", 0, i64::MAX.cast_unsigned());
