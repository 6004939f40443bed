//! The leases that still name a message that has not ended.

use rustc_hash::FxHashMap;

/// The leases of this process and those found at its start.
#[derive(Debug, Default)]
pub struct Leases {
    /// The number of messages that each still names.
    held: FxHashMap<u64, u64>,
    /// Those that name none any more.
    done: Vec<u64>,
    last: u64,
}

impl Leases {
    /// The number of a new lease: the date in microseconds, or one more than the last.
    pub fn next(&mut self, date: u64) -> u64 {
        self.last = date.max(self.last + 1);
        self.last
    }

    /// Notes that a lease over this many messages is durable.
    pub fn hold(&mut self, lease: u64, messages: u64) {
        self.last = self.last.max(lease);
        if messages == 0 {
            self.done.push(lease);
        } else {
            self.held.insert(lease, messages);
        }
    }

    /// Notes that one of its messages has ended, or is named by a newer lease. Zero is no lease.
    pub fn let_go(&mut self, lease: u64) {
        let Some(messages) = self.held.get_mut(&lease) else { return };
        *messages -= 1;
        if *messages == 0 {
            self.held.remove(&lease);
            self.done.push(lease);
        }
    }

    /// Takes the numbers of all leases that are not released yet, in order.
    pub fn take_all(&mut self) -> Vec<u64> {
        let mut all = std::mem::take(&mut self.done);
        all.extend(self.held.drain().map(|(lease, _)| lease));
        all.sort_unstable();
        all
    }

    /// Takes the numbers of the leases that may be released now.
    pub fn take_done(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_done_with_its_last_message() {
        let mut leases = Leases::default();
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
        let mut leases = Leases::default();
        assert_eq!([leases.next(7), leases.next(7), leases.next(3)], [7, 8, 9]);
        leases.hold(50, 1);
        assert_eq!(leases.next(7), 51);
    }
}
