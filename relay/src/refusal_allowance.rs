//! Allowances: numbers of messages that fill up with time.

use std::time::Instant;

/// The nanoseconds of a minute: in one of them an allowance of so many a minute grows by so many parts.
const PARTS_OF_ONE: u64 = 60_000_000_000;

/// A number of messages that may be kept, which grows with time.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// In parts, of which a message takes [`PARTS_OF_ONE`], so that no fill loses anything.
    left: u64,
    at: Instant,
}

impl Allowance {
    /// An allowance of so many messages now.
    pub fn full(most: u32, now: Instant) -> Self {
        Self { left: parts(most), at: now }
    }

    /// Adds what the time since the last fill has brought.
    pub fn fill(&mut self, now: Instant, per_minute: u32, most: u32) {
        let nanos = u64::try_from(now.saturating_duration_since(self.at).as_nanos()).unwrap_or(u64::MAX);
        self.left = self.left.saturating_add(nanos.saturating_mul(per_minute.into())).min(parts(most));
        self.at = now.max(self.at);
    }

    /// True if one more message may be kept.
    pub fn has_one(&self) -> bool {
        self.left >= PARTS_OF_ONE
    }

    /// Takes one message away, where there is one.
    pub fn take_one(&mut self) {
        self.left = self.left.saturating_sub(PARTS_OF_ONE);
    }

    /// True if no time can add to it.
    pub fn is_full(&self, most: u32) -> bool {
        self.left >= parts(most)
    }
}

fn parts(messages: u32) -> u64 {
    u64::from(messages) * PARTS_OF_ONE
}
