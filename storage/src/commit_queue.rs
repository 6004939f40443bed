//! Limits of the committer's queue, and the state that sessions and the writer share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::wallet::Posting;

use crate::charge_queue::ChargeQueue;
use crate::fold::GivenBack;
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

    /// The charge of a message that moved more than its account's wallet was given back, in one of the accounts that it
    /// moved. The wallet of that account in memory is to [`take_back`](GivenBack::take_back) what it says.
    fn given_back(&self, given_back: &GivenBack);

    /// New receipts for gateways: whose, and their ids in `receipts`.
    fn receipts(&self, rows: Vec<(AccountNumber, u64)>);
}

/// For tools that charge nothing and deliver nothing.
impl Durable for () {
    fn queued(&self, _: Vec<QueuedRow>) {}
    fn refunded(&self, _: &Posting) {}
    fn given_back(&self, _: &GivenBack) {}
    fn receipts(&self, _: Vec<(AccountNumber, u64)>) {}
}

/// The state that sessions and the writer share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Chunks that wait for the writer.
    pub(crate) charges: ChargeQueue,
    available: AtomicBool,
    closing: AtomicBool,
    commits: AtomicU64,
    waiting: Mutex<Vec<Waker>>,
}

impl Shared {
    /// An empty queue for as many messages; writes are taken.
    pub(crate) fn new(queue_messages_max: usize) -> Self {
        Self {
            charges: ChargeQueue::new(queue_messages_max),
            available: AtomicBool::new(true),
            closing: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            waiting: Mutex::new(Vec::new()),
        }
    }

    /// Counts a commit that is durable.
    pub(crate) fn count_commit(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// Commits since the start that are durable.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// True if writes are taken.
    pub(crate) fn is_available(&self) -> bool {
        self.available.load(Ordering::Relaxed)
    }

    /// Wakes a session once there is room again.
    pub(crate) fn wait(&self, waker: &Waker) {
        self.waiting.lock().push(waker.clone());
    }

    /// Wakes those who wait for room, as there is some again.
    pub(crate) fn wake_waiting(&self) {
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
