//! Limits of the committer's queue, and the state that sessions and the writer share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::wallet::Posting;

use crate::message::QueuedRow;

/// Limits of the queue and of one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages in the queue; beyond it sessions wait.
    pub queue_messages: usize,
    /// Messages in one commit.
    pub batch_messages: usize,
    /// Bytes of CDRs in one commit.
    pub batch_bytes: usize,
}

/// The times for which a committer waits for a disk that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The time for which a batch in doubt keeps its clients waiting before they are told that its outcome is unknown.
    pub doubt_max: Duration,
    /// The interval at which a latched committer checks if the disk can be written again.
    pub retry_interval: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { doubt_max: Duration::from_secs(1), retry_interval: Duration::from_millis(100) }
    }
}

/// Gets what has just become durable, on the writer's thread, in the order of the commits and before anyone
/// in the commit is answered. What it does must be quick: every session waits for it.
pub trait Durable: Send + Sync + 'static {
    /// Messages that are in their queues now, by ascending id: those that were charged.
    fn queued(&self, rows: Vec<QueuedRow>);

    /// Scheduled messages that are due and in their queues now, by ascending id. Messages with later ids may have been
    /// there before them.
    fn released(&self, rows: Vec<QueuedRow>) {
        self.queued(rows);
    }

    /// A charge was given back, a cancelled message's too. The wallet in memory is to
    /// [`undo`](tollgate_engine::wallet::Wallet::undo) it.
    fn refunded(&self, posting: &Posting);

    /// New receipts for gateways: whose, and their ids in `receipts`.
    fn receipts(&self, rows: Vec<(AccountNumber, u64)>);
}

/// For tools that charge nothing and deliver nothing.
impl Durable for () {
    fn queued(&self, _: Vec<QueuedRow>) {}
    fn refunded(&self, _: &Posting) {}
    fn receipts(&self, _: Vec<(AccountNumber, u64)>) {}
}

/// The state that sessions and the writer share.
#[derive(Debug)]
pub(crate) struct Shared {
    queued_messages: AtomicUsize,
    queue_messages_max: usize,
    available: AtomicBool,
    closing: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Shared {
    /// An empty queue for as many messages; writes are taken.
    pub(crate) fn new(queue_messages_max: usize) -> Self {
        Self {
            queued_messages: AtomicUsize::new(0),
            queue_messages_max,
            available: AtomicBool::new(true),
            closing: AtomicBool::new(false),
            waiting: Mutex::new(Vec::new()),
        }
    }

    /// True if writes are taken.
    pub(crate) fn is_available(&self) -> bool {
        self.available.load(Ordering::Relaxed)
    }

    /// Messages in the queue.
    pub(crate) fn queued_messages(&self) -> usize {
        self.queued_messages.load(Ordering::Relaxed)
    }

    /// Returns room that was taken and not used. No session is woken.
    pub(crate) fn return_room(&self, messages: usize) {
        self.queued_messages.fetch_sub(messages, Ordering::Relaxed);
    }

    /// Wakes a session once there is room again.
    pub(crate) fn wait(&self, waker: &Waker) {
        self.waiting.lock().push(waker.clone());
    }

    /// Takes room in the queue if there is enough. Room that was asked for in vain is never taken, not for a
    /// moment: two sessions that try at once would see each other's, both wait, and none would be left to
    /// wake them.
    pub(crate) fn take_room(&self, messages: usize) -> bool {
        // A chunk larger than the whole queue passes when nothing else waits, or it would wait for ever.
        let fits = |queued: usize| queued == 0 || queued + messages <= self.queue_messages_max;
        let taken = self.queued_messages.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |queued| {
            fits(queued).then_some(queued + messages)
        });
        taken.is_ok()
    }

    /// Makes room again and wakes those who wait for it.
    pub(crate) fn give_room(&self, messages: usize) {
        self.queued_messages.fetch_sub(messages, Ordering::Relaxed);
        for waker in self.waiting.lock().drain(..) {
            waker.wake();
        }
    }

    /// True once nobody waits any longer for what is in doubt.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    pub(crate) fn set_available(&self, available: bool) {
        self.available.store(available, Ordering::Relaxed);
    }
}
