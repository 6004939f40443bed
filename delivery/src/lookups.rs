//! Receipts whose message is looked up on disk.

use std::collections::BTreeMap;

use crate::unmatched::Arrived;

/// The look-ups that are under way, or could not be made.
#[derive(Debug, Default)]
pub struct Lookups {
    waiting: BTreeMap<u64, Arrived>,
    failed: Vec<u64>,
    last: u64,
}

impl Lookups {
    /// A receipt waits for what is on disk. Returns the number of its look-up.
    pub fn add(&mut self, arrived: Arrived) -> u64 {
        self.last += 1;
        self.waiting.insert(self.last, arrived);
        self.last
    }

    /// The receipt of a look-up that was made.
    pub fn take(&mut self, lookup: u64) -> Option<Arrived> {
        self.waiting.remove(&lookup)
    }

    /// A look-up could not be made.
    pub fn failed(&mut self, lookup: u64) {
        self.failed.push(lookup);
    }

    /// The receipts of look-ups that could not be made, which are to be made again.
    pub fn take_failed(&mut self) -> Vec<(u64, Arrived)> {
        let failed = std::mem::take(&mut self.failed).into_iter();
        failed.filter_map(|lookup| Some((lookup, self.waiting.get(&lookup)?.clone()))).collect()
    }
}
