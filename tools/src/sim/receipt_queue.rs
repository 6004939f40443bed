//! The receipts of one system_id that no transceiver has for itself: those for messages of transmitters, and
//! those that a bind left behind unacknowledged.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::Waker;
use std::time::Instant;

use parking_lot::Mutex;

use super::delay_queue::DelayQueue;
use super::receipts::Receipt;

/// The queue of one system_id, shared by its binds.
#[derive(Debug)]
pub struct ReceiptQueue {
    /// Number that wait. Looked at first, so that a bind without anything to fetch takes no lock.
    waiting: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    receipts: DelayQueue<Receipt>,
    /// The binds that may fetch, by their number.
    listeners: HashMap<u64, Waker>,
}

impl ReceiptQueue {
    /// An empty queue with room for `most` receipts.
    pub fn new(most: usize) -> Self {
        let inner = Inner { receipts: DelayQueue::new(most), listeners: HashMap::new() };
        Self { waiting: AtomicUsize::new(0), inner: Mutex::new(inner) }
    }

    /// Adds receipts, each with the time at which it is due, and wakes the binds that may fetch them. Gives
    /// back those that do not fit.
    pub fn put(&self, receipts: impl IntoIterator<Item = (Instant, Receipt)>) -> Vec<Receipt> {
        let mut inner = self.inner.lock();
        let mut left = Vec::new();
        let before = inner.receipts.len();
        for (due, receipt) in receipts {
            if let Err(receipt) = inner.receipts.push(due, receipt) {
                left.push(receipt);
            }
        }
        let came = inner.receipts.len() - before;
        if came > 0 {
            self.waiting.fetch_add(came, AcqRel);
            inner.listeners.values().for_each(Waker::wake_by_ref);
        }
        left
    }

    /// Has the bind with this number woken whenever receipts come.
    pub fn listen(&self, bind: u64, waker: &Waker) {
        self.inner.lock().listeners.insert(bind, waker.clone());
    }

    /// Forgets a bind that has ended.
    pub fn forget(&self, bind: u64) {
        self.inner.lock().listeners.remove(&bind);
    }

    /// Takes out at most `room` receipts that are due at `now`. The time at which the next one is due.
    pub fn fetch(&self, now: Instant, room: usize, into: &mut Vec<Receipt>) -> Option<Instant> {
        if self.waiting.load(Acquire) == 0 {
            return None;
        }
        let mut inner = self.inner.lock();
        let before = into.len();
        into.extend(std::iter::from_fn(|| inner.receipts.pop(now)).take(room));
        self.waiting.fetch_sub(into.len() - before, AcqRel);
        inner.receipts.next_due()
    }
}
