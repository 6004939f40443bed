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
use tokio::sync::{mpsc, oneshot};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::wallet::Wallet;

use crate::chunk::{CancelError, Chunk, Notice};
use crate::fold::Fold;
use crate::journal::Journal;
use crate::rows::EntryKind;
use crate::store::{Store, Unavailable};
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

/// Something for the single writer to do.
pub(crate) enum Command {
    Charge(Box<Chunk>),
    Cancel(Cancellation),
    Post(LedgerPosting),
    Provision(Provision),
}

/// A message to cancel and refund.
#[derive(Debug)]
pub struct Cancellation {
    /// Whose money comes back.
    pub wallet: Arc<Wallet>,
    /// Which message.
    pub message_id: u64,
    /// The session's mark.
    pub token: u64,
    /// Where the [`Notice::Cancelled`] goes.
    pub reply: mpsc::UnboundedSender<Notice>,
}

/// An entry for an account's ledger.
#[derive(Debug)]
pub struct LedgerPosting {
    /// Whose.
    pub wallet: Arc<Wallet>,
    /// What it is.
    pub kind: EntryKind,
    /// Added to the balance.
    pub amount: Amount,
    /// Why.
    pub reference: String,
    /// Told once it is durable and in the wallet.
    pub reply: oneshot::Sender<Result<(), Unavailable>>,
}

/// Accounts and a tariff version that are about to be applied.
#[derive(Debug)]
pub struct Provision {
    /// Name, currency and opening balance of each account; known ones keep what they have.
    pub accounts: Vec<(Arc<str>, String, Amount)>,
    /// The tariff's content hash.
    pub tariff_version: Arc<str>,
    /// The tariff's files.
    pub tariff_files: Vec<(String, Vec<u8>)>,
    /// Told the numbers once they are durable.
    pub reply: oneshot::Sender<Result<Provisioned, Unavailable>>,
}

/// The numbers that stand for accounts and for the tariff on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    /// In the order asked.
    pub accounts: Vec<AccountNumber>,
    /// Of the tariff version.
    pub tariff: u32,
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
    ) -> Result<(Self, JoinHandle<()>), Unavailable> {
        Self::start_with(store, journal, limits, Patience::default())
    }

    /// Starts the writer's thread.
    pub fn start_with<J: Journal>(
        store: Arc<Store>,
        journal: J,
        limits: Limits,
        patience: Patience,
    ) -> Result<(Self, JoinHandle<()>), Unavailable> {
        let fold = Fold::load(&store)?;
        let (sender, receiver) = bounded(limits.queue_messages.max(1));
        let shared = Arc::new(Shared {
            queued_messages: AtomicUsize::new(0),
            queue_messages_max: limits.queue_messages,
            available: AtomicBool::new(true),
            waiting: Mutex::new(Vec::new()),
        });
        let writer = Writer::new(journal, store, fold, receiver, (limits, patience), Arc::clone(&shared));
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

    /// Adds a ledger entry. Waits for room in the queue, so not for use on a session's task.
    pub fn post(&self, posting: LedgerPosting) {
        // A writer that is gone drops the reply, which its receiver sees.
        let _ = self.sender.send(Command::Post(posting));
    }

    /// Makes accounts and a tariff version durable before they are applied. Waits for room in the queue.
    pub fn provision(&self, provision: Provision) {
        let _ = self.sender.send(Command::Provision(provision));
    }
}

impl Command {
    /// Messages and bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::Charge(chunk) => (chunk.count() as usize, chunk.bytes()),
            Self::Cancel(_) | Self::Post(_) | Self::Provision(_) => (0, 0),
        }
    }

    /// Answers that nothing was done.
    pub(crate) fn refuse(self) {
        let latched = || Unavailable("writes are refused until storage recovers".to_owned());
        match self {
            Self::Charge(chunk) => chunk.fail(),
            Self::Cancel(cancellation) => cancellation.answer(Err(CancelError::Unavailable)),
            Self::Post(posting) => drop(posting.reply.send(Err(latched()))),
            Self::Provision(provision) => drop(provision.reply.send(Err(latched()))),
        }
    }
}

impl Cancellation {
    pub(crate) fn answer(self, result: Result<(), CancelError>) {
        let _ = self.reply.send(Notice::Cancelled { token: self.token, result });
    }
}
