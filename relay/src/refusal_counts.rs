//! Refusals counted by account and reason, until they are handed to the committer (`refusal_hand_over.rs`).
//!
//! A refused message costs one atomic addition. What is counted since the last hand-over is in memory alone: a crash loses the
//! refusals of about a second, and no money.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tollgate_engine::refusal::Refusal;

/// The refusals of one account.
#[derive(Debug, Default)]
pub struct RefusalCounts {
    has_any: AtomicBool,
    counts: [AtomicU64; Refusal::ALL.len()],
}

impl RefusalCounts {
    /// Counts messages that were refused for one reason.
    pub fn add(&self, refusal: Refusal, messages: u64) {
        if let Some(count) = self.counts.get(refusal as usize) {
            count.fetch_add(messages, Ordering::Relaxed);
        }
        self.has_any.store(true, Ordering::Release);
    }

    /// Takes out what was counted.
    pub fn take(&self) -> impl Iterator<Item = (Refusal, u64)> {
        let has_any = self.has_any.load(Ordering::Relaxed) && self.has_any.swap(false, Ordering::Acquire);
        let counts = Refusal::ALL.iter().zip(&self.counts).filter(move |_| has_any);
        let taken = counts.map(|(refusal, count)| (*refusal, count.swap(0, Ordering::Relaxed)));
        taken.filter(|(_, messages)| *messages > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_taken_once() {
        let counts = RefusalCounts::default();
        assert_eq!(counts.take().count(), 0);
        counts.add(Refusal::NoRate, 2);
        counts.add(Refusal::Throttled, 1);
        counts.add(Refusal::NoRate, 1);
        let taken: Vec<_> = counts.take().collect();
        assert_eq!(taken, [(Refusal::Throttled, 1), (Refusal::NoRate, 3)]);
        assert_eq!(counts.take().count(), 0);
    }
}
