//! Bounds of an account's caps.

use super::number::Bounds;

/// Caps of one account. Each is looked at for every message of the account.
pub const CAPS: usize = 100;

/// Messages of a span: one at least, and no more than integers of JSON's common readers hold exactly.
pub const MAX_MESSAGES: Bounds<u64> = Bounds::new("max_messages", 1, 1 << 53);
