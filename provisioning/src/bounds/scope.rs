//! Bounds of what names a part of the traffic.

/// Countries, networks or prefixes that one rule may list.
pub const LISTED: usize = 1_000;

/// Digits of a prefix: those of the longest number (E.164 §6).
pub const PREFIX_DIGITS: usize = 15;
