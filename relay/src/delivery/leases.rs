//! The leases that still name a message that is not settled.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The leases of this process and those found at its start.
#[derive(Debug, Default)]
pub struct Leases {
    /// The number of messages that each still names.
    held: Mutex<HashMap<u64, usize>>,
    /// The leases that name none any more, until their release is durable.
    done: Mutex<Vec<u64>>,
    last: AtomicU64,
}

impl Leases {
    /// The number of a new lease: the time in microseconds, or one more than the last.
    pub fn next(&self, now: u64) -> u64 {
        let next = |last: u64| Some(now.max(last + 1));
        let (Ok(before) | Err(before)) = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        now.max(before + 1)
    }

    /// Notes that a lease over this many messages is durable.
    pub fn hold(&self, lease: u64, messages: usize) {
        self.last.fetch_max(lease, Ordering::Relaxed);
        if messages == 0 {
            self.done.lock().push(lease);
        } else {
            self.held.lock().insert(lease, messages);
        }
    }

    /// Notes that one of its messages is settled, or is named by a newer lease. Zero is no lease.
    pub fn let_go(&self, lease: u64) {
        let mut held = self.held.lock();
        let Some(messages) = held.get_mut(&lease) else { return };
        *messages -= 1;
        if *messages == 0 {
            held.remove(&lease);
            self.done.lock().push(lease);
        }
    }

    /// Takes the numbers of all leases that are not released yet.
    pub fn all(&self) -> Vec<u64> {
        let mut all = self.take_done();
        all.extend(self.held.lock().keys());
        all
    }

    /// Takes the numbers of the leases that may be released now.
    pub fn take_done(&self) -> Vec<u64> {
        std::mem::take(&mut self.done.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_done_with_its_last_message() {
        let leases = Leases::default();
        let lease = leases.next(100);
        leases.hold(lease, 2);
        leases.let_go(lease);
        assert!(leases.take_done().is_empty());
        leases.let_go(lease);
        leases.let_go(lease);
        assert_eq!(leases.take_done(), [lease]);
    }

    #[test]
    fn numbers_grow_though_the_clock_stands_still() {
        let leases = Leases::default();
        assert_eq!([leases.next(7), leases.next(7), leases.next(3)], [7, 8, 9]);
        leases.hold(50, 1);
        assert_eq!(leases.next(7), 51);
    }
}
