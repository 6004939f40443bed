//! The committer: the single writer. It takes what is waiting in its queue, writes it as one batch with one sync, and
//! then answers everyone in it.
//!
//! The queue is bounded in messages; a session that finds it full stops reading its socket until there is room. After
//! a failed write the committer latches: it refuses everything, finds out whether the failed batch is on disk, and goes
//! on by itself when the disk can be written again. A batch that was refused and then turns out to be on disk is taken
//! back before anything else is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Sender, TrySendError, bounded};
use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::wallet::Posting;

use crate::change::Change;
use crate::chunk::{CancelError, Chunk};
pub(crate) use crate::command::Command;
pub use crate::command::{Cancellation, Provision, Provisioned, Replacement};
use crate::database::Unavailable;
use crate::delivery::DeliveryBatch;
use crate::fold::Fold;
use crate::journal::Journal;
use crate::message::QueuedRow;
use crate::store::Store;
use crate::writer::Writer;

/// How much waits and how much goes into one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages in the queue; beyond it sessions wait.
    pub queue_messages: usize,
    /// Messages in one commit.
    pub batch_messages: usize,
    /// Bytes of CDRs in one commit.
    pub batch_bytes: usize,
}

/// How a committer waits for a disk that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long a batch in doubt keeps its clients waiting before they are refused.
    pub doubt_max: Duration,
    /// How often a latched committer looks whether the disk can be written again.
    pub retry_interval: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { doubt_max: Duration::from_secs(1), retry_interval: Duration::from_millis(100) }
    }
}

/// Told what has just become durable, on the writer's thread, in the order of the commits and before anyone in the commit
/// is answered. What it does must be quick: every session waits for it.
pub trait Durable: Send + Sync + 'static {
    /// Messages that are in their queues now, charged or released, by ascending id.
    fn queued(&self, rows: Vec<QueuedRow>);

    /// A charge was given back, a cancelled message's too. The wallet in memory is to
    /// [`undo`](tollgate_engine::wallet::Wallet::undo) it.
    fn refunded(&self, posting: &Posting);

    /// New receipts for gateways: whose, and their ids in `receipts`.
    fn receipts(&self, rows: Vec<(AccountNumber, u64)>);
}

/// For whoever charges nothing and delivers nothing.
impl Durable for () {
    fn queued(&self, _: Vec<QueuedRow>) {}
    fn refunded(&self, _: &Posting) {}
    fn receipts(&self, _: Vec<(AccountNumber, u64)>) {}
}

/// The chunk could not be queued now; it is given back.
#[derive(Debug)]
pub struct QueueFull(pub Box<Chunk>);

/// The way to the single writer. Clones share it; when the last goes, the writer finishes what is queued and ends.
#[derive(Clone, Debug)]
pub struct Committer {
    sender: Sender<Command>,
    shared: Arc<Shared>,
}

/// What sessions and the writer see of each other.
#[derive(Debug)]
pub(crate) struct Shared {
    queued_messages: AtomicUsize,
    queue_messages_max: usize,
    available: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Shared {
    /// Takes room in the queue if there is enough. Room that was asked for in vain is never taken, not for a moment:
    /// two sessions that try at once would see each other's, both wait, and nobody would be left to wake them.
    fn take_room(&self, messages: usize) -> bool {
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

    pub(crate) fn set_available(&self, available: bool) {
        self.available.store(available, Ordering::Relaxed);
    }
}

impl Committer {
    /// Starts the writer's thread with the usual patience. Nothing else may write to this store.
    pub fn start<J: Journal>(
        store: Arc<Store>,
        journal: J,
        limits: Limits,
        durable: Arc<dyn Durable>,
    ) -> Result<(Self, JoinHandle<()>), Unavailable> {
        Self::start_with(store, journal, limits, Patience::default(), durable)
    }

    /// Starts the writer's thread.
    pub fn start_with<J: Journal>(
        store: Arc<Store>,
        journal: J,
        limits: Limits,
        patience: Patience,
        durable: Arc<dyn Durable>,
    ) -> Result<(Self, JoinHandle<()>), Unavailable> {
        let fold = Fold::load(&store)?;
        let (sender, receiver) = bounded(limits.queue_messages.max(1));
        let shared = Arc::new(Shared {
            queued_messages: AtomicUsize::new(0),
            queue_messages_max: limits.queue_messages,
            available: AtomicBool::new(true),
            waiting: Mutex::new(Vec::new()),
        });
        let waiting = (limits, patience);
        let writer = Writer::new(journal, store, fold, receiver, waiting, Arc::clone(&shared), durable);
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| Unavailable(error.to_string()))?;
        Ok((Self { sender, shared }, thread))
    }

    /// Whether writes are taken: not after a failed write, until it is overcome, and not once the writer has died. While they are not, messages are refused before they are charged.
    pub fn is_available(&self) -> bool {
        self.shared.available.load(Ordering::Relaxed)
    }

    /// Messages waiting.
    pub fn queued_messages(&self) -> usize {
        self.shared.queued_messages.load(Ordering::Relaxed)
    }

    /// Hands a chunk over, or gives it back where the queue is full. A chunk for a writer that has died comes back to
    /// its session as not durable.
    pub fn try_charge(&self, chunk: Box<Chunk>) -> Result<(), QueueFull> {
        let messages = chunk.count() as usize;
        if !self.shared.take_room(messages) {
            return Err(QueueFull(chunk));
        }
        let Err(error) = self.sender.try_send(Command::Charge(chunk)) else { return Ok(()) };
        self.shared.queued_messages.fetch_sub(messages, Ordering::Relaxed);
        match error {
            TrySendError::Full(Command::Charge(chunk)) => Err(QueueFull(chunk)),
            // There is no room to wait for: the writer has died.
            TrySendError::Disconnected(command) => {
                command.refuse();
                Ok(())
            }
            TrySendError::Full(_) => unreachable!("a charge was sent"),
        }
    }

    /// Hands a chunk over as soon as there is room. The chunk is taken out of `chunk` when that is done.
    pub fn poll_charge(&self, cx: &mut Context<'_>, chunk: &mut Option<Box<Chunk>>) -> Poll<()> {
        for attempt in 0..2 {
            let Some(ready) = chunk.take() else { return Poll::Ready(()) };
            let Err(QueueFull(back)) = self.try_charge(ready) else { return Poll::Ready(()) };
            *chunk = Some(back);
            if attempt == 0 {
                // Registered before the second look, so that room made in between is not missed.
                self.shared.waiting.lock().push(cx.waker().clone());
            }
        }
        Poll::Pending
    }

    /// Cancels a message. The answer comes as a notice, or at once as `Err` where the queue is full.
    pub fn cancel(&self, cancellation: Cancellation) -> Result<(), CancelError> {
        self.sender.try_send(Command::Cancel(cancellation)).map_err(|_| CancelError::Unavailable)
    }

    /// Replaces a message's content. The answer comes as a notice, or at once as `Err` where the queue is full.
    pub fn replace(&self, replacement: Replacement) -> Result<(), CancelError> {
        self.sender.try_send(Command::Replace(replacement)).map_err(|_| CancelError::Unavailable)
    }

    /// Hands over what happened to messages. Where the queue is full the batch is given back; where the writer has died it
    /// is refused.
    pub fn deliver(&self, batch: DeliveryBatch) -> Result<(), DeliveryBatch> {
        match self.sender.try_send(Command::Deliver(batch)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Command::Deliver(batch))) => Err(batch),
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => {
                command.refuse();
                Ok(())
            }
        }
    }

    /// Makes a change. Waits for room in the queue, so not for use on a session's task.
    pub fn change(&self, change: Change) {
        // A writer that is gone drops the change: its money goes back, and whoever waits for the reply sees it.
        let _ = self.sender.send(Command::Change(change));
    }

    /// Makes accounts and a tariff version durable before they are applied. Waits for room in the queue.
    pub fn provision(&self, provision: Provision) {
        let _ = self.sender.send(Command::Provision(provision));
    }
}
