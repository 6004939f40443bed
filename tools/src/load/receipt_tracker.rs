//! The messages of a run that still lack their receipt, and those that have had it.
//!
//! Shared by all binds, as a receipt may come over another bind than its message went, and before the answer.
//! Ids are kept as hashes; those whose receipt has come are remembered for a while, to tell a second receipt
//! from a stray one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;

/// Messages with answer and receipt that are remembered.
const SETTLED_MAX: usize = 1 << 20;

/// The messages of a run with an answer, a receipt or both.
#[derive(Debug, Default)]
pub struct ReceiptTracker {
    hasher: RandomState,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Messages with an answer or a receipt, and not both.
    open: HashMap<u64, Half>,
    outstanding: u64,
    settled: HashSet<u64>,
    settled_in_order: VecDeque<u64>,
}

/// The half that one message has had so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Answer,
    Receipt,
}

/// An answer or a receipt of a message, by the hash of its id.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// It was acknowledged.
    Acknowledged(u64),
    /// Its receipt came.
    Receipt(u64),
}

impl ReceiptTracker {
    /// The hash that stands for an id.
    pub fn hash(&self, message_id: &[u8]) -> u64 {
        self.hasher.hash_one(message_id)
    }

    /// Takes in answers and receipts. The number of receipts that came a second time.
    pub fn enter(&self, events: impl Iterator<Item = Event>) -> u64 {
        let mut inner = self.inner.lock();
        events.map(|event| u64::from(!inner.enter(event))).sum()
    }

    /// Messages acknowledged whose receipt has not come.
    pub fn outstanding(&self) -> u64 {
        self.inner.lock().outstanding
    }

    /// Receipts for messages that were not acknowledged.
    pub fn strays(&self) -> u64 {
        let inner = self.inner.lock();
        inner.open.len() as u64 - inner.outstanding
    }
}

impl Inner {
    /// False for a receipt that came before.
    fn enter(&mut self, event: Event) -> bool {
        match event {
            Event::Acknowledged(id) => match self.open.insert(id, Half::Answer) {
                Some(Half::Receipt) => self.settle(id),
                Some(Half::Answer) => {}
                None => self.outstanding += 1,
            },
            Event::Receipt(id) => match self.open.get(&id) {
                Some(Half::Answer) => {
                    self.outstanding -= 1;
                    self.settle(id);
                }
                Some(Half::Receipt) => return false,
                None if self.settled.contains(&id) => return false,
                None => {
                    self.open.insert(id, Half::Receipt);
                }
            },
        }
        true
    }

    fn settle(&mut self, id: u64) {
        self.open.remove(&id);
        if self.settled_in_order.len() >= SETTLED_MAX
            && let Some(oldest) = self.settled_in_order.pop_front()
        {
            self.settled.remove(&oldest);
        }
        if self.settled.insert(id) {
            self.settled_in_order.push_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_settled_by_both_in_either_order() {
        use Event::{Acknowledged, Receipt};
        let tracker = ReceiptTracker::default();
        let enter = |events: &[Event]| tracker.enter(events.iter().copied());
        assert_eq!(enter(&[Acknowledged(1), Acknowledged(2), Receipt(3)]), 0);
        assert_eq!((tracker.outstanding(), tracker.strays()), (2, 1));
        assert_eq!(enter(&[Receipt(1), Acknowledged(3)]), 0);
        assert_eq!((tracker.outstanding(), tracker.strays()), (1, 0));
        assert_eq!(enter(&[Receipt(1), Receipt(3), Receipt(4), Receipt(4)]), 3, "second ones");
        assert_eq!((tracker.outstanding(), tracker.strays()), (1, 1));
        assert_eq!(enter(&[Receipt(2)]), 0);
        assert_eq!(tracker.outstanding(), 0);
    }

    #[test]
    fn what_is_settled_is_forgotten_in_the_end() {
        let tracker = ReceiptTracker::default();
        let both = |id| [Event::Acknowledged(id), Event::Receipt(id)];
        tracker.enter((0..=SETTLED_MAX as u64).flat_map(both));
        assert_eq!(tracker.enter([Event::Receipt(1)].into_iter()), 1);
        assert_eq!(tracker.enter([Event::Receipt(0)].into_iter()), 0, "no longer known");
        assert_eq!(tracker.strays(), 1);
        assert_eq!(tracker.hash(b"17"), tracker.hash(b"17"));
    }
}
