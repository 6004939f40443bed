//! Refusals counted by account and reason, until they are handed to the committer (`refusal_hand_over.rs`).
//!
//! A refused message costs an atomic addition, and the first one since the last hand-over enters its account in a list, so
//! that no other account is looked at. What is counted since the last hand-over is in memory alone: a crash loses the
//! refusals of about a second, and no money.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam::queue::SegQueue;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::refusal::Refusal;

/// The refusals of one account.
#[derive(Debug)]
pub struct RefusalCounts {
    /// The account that they are of.
    pub account: AccountNumber,
    is_listed: AtomicBool,
    counts: [AtomicU64; Refusal::ALL.len()],
    refused: Arc<RefusedAccounts>,
}

/// The accounts that have refusals which are not handed over.
#[derive(Debug, Default)]
pub struct RefusedAccounts(SegQueue<Arc<RefusalCounts>>);

impl RefusalCounts {
    /// Nothing is counted yet. With its first refusal the account enters this list.
    pub fn new(account: AccountNumber, refused: Arc<RefusedAccounts>) -> Self {
        let counts = std::array::from_fn(|_| AtomicU64::default());
        Self { account, is_listed: AtomicBool::default(), counts, refused }
    }

    /// Counts messages that were refused for one reason.
    pub fn add(self: &Arc<Self>, refusal: Refusal, messages: u64) {
        if let Some(count) = self.counts.get(refusal as usize) {
            count.fetch_add(messages, Ordering::Relaxed);
        }
        // Whoever takes the counts after this was set takes these as well.
        if !self.is_listed.swap(true, Ordering::AcqRel) {
            self.refused.0.push(Arc::clone(self));
        }
    }

    /// Takes out what was counted, of an account that is taken from the list.
    pub fn take(&self) -> impl Iterator<Item = (Refusal, u64)> {
        self.is_listed.swap(false, Ordering::AcqRel);
        let counts = Refusal::ALL.iter().zip(&self.counts);
        let taken = counts.map(|(refusal, count)| (*refusal, count.swap(0, Ordering::Relaxed)));
        taken.filter(|(_, messages)| *messages > 0)
    }
}

impl RefusedAccounts {
    /// Takes the accounts that are in the list now.
    pub fn take(&self) -> Vec<Arc<RefusalCounts>> {
        (0..self.0.len()).map_while(|_| self.0.pop()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_taken_once() {
        let refused = Arc::new(RefusedAccounts::default());
        let counts = Arc::new(RefusalCounts::new(AccountNumber(7), Arc::clone(&refused)));
        assert_eq!(counts.take().count(), 0);
        assert!(refused.take().is_empty());
        counts.add(Refusal::NoRate, 2);
        counts.add(Refusal::Throttled, 1);
        counts.add(Refusal::NoRate, 1);
        let listed: Vec<_> = refused.take().iter().map(|counts| counts.account).collect();
        assert_eq!(listed, [AccountNumber(7)], "it is in the list once");
        let taken: Vec<_> = counts.take().collect();
        assert_eq!(taken, [(Refusal::Throttled, 1), (Refusal::NoRate, 3)]);
        assert_eq!(counts.take().count(), 0);
        assert!(refused.take().is_empty());
        counts.add(Refusal::NoRate, 1);
        assert_eq!(refused.take().len(), 1, "it enters the list again");
    }
}
