//! Deliveries to the peer: at most a window of them unanswered, each matched to its answer.
//!
//! Our requests are counted on without end and their sequence numbers follow from the count, so what waits
//! for an answer stands in the order in which it was sent, wrap or no wrap, and the first is the first to be
//! late. Lateness is measured in time that the peer was listened to: while its input is not read, its answers
//! cannot be seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::handler::DeliveryOutcome;

/// The highest sequence number that a requester may choose (SMPP 3.4 §3.2).
const SEQUENCE_MAX: u32 = 0x7FFF_FFFF;

/// The sequence numbers of our own requests: 1 to 0x7FFFFFFF, and over again.
#[derive(Debug, Default)]
pub(super) struct OwnRequests {
    count: u64,
}

impl OwnRequests {
    /// The next request's number among all, and its sequence number.
    pub(super) fn next(&mut self) -> (u64, u32) {
        let sequence = u32::try_from(self.count % u64::from(SEQUENCE_MAX)).unwrap_or(0) + 1;
        self.count += 1;
        (self.count, sequence)
    }

    /// The request that `sequence` refers to: the latest that had it.
    pub(super) fn find(&self, sequence: u32) -> Option<u64> {
        let last = u32::try_from(self.count.checked_sub(1)? % u64::from(SEQUENCE_MAX)).ok()?;
        let wanted = sequence.checked_sub(1).filter(|wanted| *wanted < SEQUENCE_MAX)?;
        let back = if wanted <= last { last - wanted } else { last + (SEQUENCE_MAX - wanted) };
        self.count.checked_sub(u64::from(back)).filter(|count| *count > 0)
    }
}

#[derive(Debug)]
pub(super) struct Sent {
    pub(super) token: u64,
    /// The time for which the peer had been listened to when it was sent.
    pub(super) at: Duration,
}

/// The deliveries of one session.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    pub(super) window: usize,
    pub(super) unanswered: BTreeMap<u64, Sent>,
    /// The outcomes that the handler is to be told.
    pub(super) outcomes: Vec<(u64, DeliveryOutcome)>,
}

impl Deliveries {
    pub(super) fn open(&mut self, window: u32) {
        self.window = usize::try_from(window).unwrap_or(usize::MAX);
    }

    pub(super) fn are_answered(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// The time at which the oldest was sent, as [`Sent::at`].
    pub(super) fn oldest(&self) -> Option<Duration> {
        self.unanswered.first_key_value().map(|(_, sent)| sent.at)
    }

    pub(super) fn give_up(&mut self, since: impl Fn(&Sent) -> bool) -> u64 {
        let mut count = 0;
        while let Some(first) = self.unanswered.first_entry().filter(|first| since(first.get())) {
            self.outcomes.push((first.remove().token, DeliveryOutcome::Unanswered));
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap_and_are_found_again() {
        let mut own = OwnRequests::default();
        assert_eq!(own.find(1), None, "nothing was asked yet");
        assert_eq!((own.next(), own.next()), ((1, 1), (2, 2)));
        assert_eq!((own.find(0), own.find(1), own.find(2), own.find(3)), (None, Some(1), Some(2), None));

        let max = u64::from(SEQUENCE_MAX);
        own.count = max - 1;
        assert_eq!((own.next(), own.next()), ((max, SEQUENCE_MAX), (max + 1, 1)));
        assert_eq!((own.find(SEQUENCE_MAX), own.find(1)), (Some(max), Some(max + 1)));
        assert_eq!(own.find(2), Some(2), "the latest that had it");
        assert_eq!((own.find(0x8000_0000), own.find(u32::MAX)), (None, None));
    }
}
