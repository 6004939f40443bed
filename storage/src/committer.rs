//! The committer: the single writer. It takes what is waiting in its queue, writes it as one batch with one
//! sync, and then answers everyone in it.
//!
//! The queue is bounded in messages and in memory; a session that finds it full stops reading its socket until there is
//! room. Accounts take turns in it. After a failed write the committer latches: it refuses what has not entered a batch, finds out
//! whether the failed batch is on disk, and goes on by itself when the disk can be written again. A batch in
//! doubt is neither refused nor taken back: its senders are told that its outcome is unknown.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam::channel::{Sender, TrySendError, bounded};

use crate::change::Change;
pub use crate::change::{ProvisionChange, Provisioned};
use crate::chunk::Chunk;
use crate::clock::{Clock, SystemClock};
use crate::command::Command;
pub use crate::command::{Cancellation, Provision, RefusalRecord, Replacement};
use crate::commit_queue::Shared;
pub use crate::commit_queue::{Durable, Limits, Patience};
use crate::database::Unavailable;
use crate::delivery::DeliveryBatch;
use crate::fold::Fold;
pub use crate::fold::GivenBack;
use crate::journal::Journal;
use crate::outcome::CancelError;
use crate::store::Store;
use crate::sums::RunningSums;
use crate::writer::Writer;

/// The chunk could not be queued now; it is given back.
#[derive(Debug)]
pub struct QueueFull(pub Box<Chunk>);

/// The way to the single writer. Clones share it; when the last goes, the writer finishes what is queued and
/// ends.
#[derive(Clone, Debug)]
pub struct Committer {
    /// Commands; nothing where a chunk has come into the queue of charges.
    sender: Sender<Option<Command>>,
    shared: Arc<Shared>,
}

/// Says whether the committer takes writes. It is no way to the committer.
#[derive(Clone, Debug)]
pub struct Availability(Arc<Shared>);

impl Availability {
    /// True if writes are taken, as [`Committer::is_available`] says.
    pub fn is_available(&self) -> bool {
        self.0.is_available()
    }
}

impl Committer {
    /// Starts the writer's thread with the usual patience and this machine's clock. Nothing else may write to
    /// this store.
    pub fn start<J: Journal>(
        store: Arc<Store>,
        journal: J,
        limits: Limits,
        durable: Arc<dyn Durable>,
    ) -> Result<(Self, JoinHandle<()>), Unavailable> {
        Self::start_with(store, journal, limits, Patience::default(), durable, Arc::new(SystemClock))
    }

    /// Starts the writer's thread.
    pub fn start_with<J: Journal>(
        store: Arc<Store>,
        journal: J,
        limits: Limits,
        patience: Patience,
        durable: Arc<dyn Durable>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, JoinHandle<()>), Unavailable> {
        let state = (Fold::load(&store)?, RunningSums::load(store.database())?);
        let (sender, receiver) = bounded(limits.queue_messages.max(1));
        let shared = Arc::new(Shared::new(limits.queue_messages));
        let (waiting, around) = ((limits, patience), (durable, clock));
        let writer = Writer::new(journal, store, state, receiver, waiting, Arc::clone(&shared), around);
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| Unavailable(error.to_string()))?;
        Ok((Self { sender, shared }, thread))
    }

    /// True if writes are taken: not after a failed write, until it is overcome, and not once the writer has
    /// ended. While they are not, messages are refused before they are charged.
    pub fn is_available(&self) -> bool {
        self.shared.is_available()
    }

    /// Says whether writes are taken, without being a way to the writer that would keep it from ending.
    pub fn availability(&self) -> Availability {
        Availability(Arc::clone(&self.shared))
    }

    /// The process is about to end: a commit in doubt is looked for once more and then left to the next start.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Commits since the start that are durable.
    pub fn commits(&self) -> u64 {
        self.shared.commits()
    }

    /// The number of messages in the queue.
    pub fn queued_messages(&self) -> usize {
        self.shared.charges.messages()
    }

    /// True if accounts with little traffic charge beside one with much more.
    pub fn is_uneven(&self) -> bool {
        self.shared.charges.is_uneven()
    }

    /// Hands a chunk over, or gives it back where the queue is full. A chunk for a writer that has died comes
    /// back to its session as not durable.
    pub fn try_charge(&self, chunk: Box<Chunk>) -> Result<(), QueueFull> {
        self.shared.charges.offer(Instant::now(), chunk).map_err(QueueFull)?;
        // Where the channel is full the writer looks at the queue without being told.
        if let Err(TrySendError::Disconnected(_)) = self.sender.try_send(None) {
            // There is nobody to wait for: the writer has died.
            while let Some(chunk) = self.shared.charges.next() {
                Command::Charge(chunk).refuse();
            }
        }
        Ok(())
    }

    /// Hands a chunk over as soon as there is room. The chunk is taken out of `chunk` when that is done.
    pub fn poll_charge(&self, cx: &mut Context<'_>, chunk: &mut Option<Box<Chunk>>) -> Poll<()> {
        for attempt in 0..2 {
            let Some(ready) = chunk.take() else { return Poll::Ready(()) };
            let Err(QueueFull(back)) = self.try_charge(ready) else { return Poll::Ready(()) };
            *chunk = Some(back);
            if attempt == 0 {
                // Registered before the second look, so that room made in between is not missed.
                self.shared.wait(cx.waker());
            }
        }
        Poll::Pending
    }

    /// Cancels a message. The answer comes as a commit outcome, or at once as `Err` where the queue is full.
    pub fn cancel(&self, cancellation: Cancellation) -> Result<(), CancelError> {
        self.sender.try_send(Some(Command::Cancel(cancellation))).map_err(|_| CancelError::Unavailable)
    }

    /// Replaces a message's content. The answer comes as a commit outcome, or at once as `Err` where the
    /// queue is full.
    pub fn replace(&self, replacement: Replacement) -> Result<(), CancelError> {
        self.sender.try_send(Some(Command::Replace(replacement))).map_err(|_| CancelError::Unavailable)
    }

    /// Hands over what happened to messages. Where the queue is full the batch is given back; where the
    /// writer has died it is refused.
    pub fn deliver(&self, batch: DeliveryBatch) -> Result<(), DeliveryBatch> {
        match self.sender.try_send(Some(Command::Deliver(batch))) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Some(Command::Deliver(batch)))) => Err(batch),
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => {
                command.into_iter().for_each(Command::refuse);
                Ok(())
            }
        }
    }

    /// Has messages that were refused written down and counted, with the next commit. Where the queue is full or the writer has
    /// died they are given back at once.
    pub fn record_refusals(&self, record: RefusalRecord) {
        let sent = self.sender.try_send(Some(Command::Refusals(Box::new(record))));
        if let Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) = sent {
            command.into_iter().for_each(Command::refuse);
        }
    }

    /// Makes a change. Waits for room in the queue, so not for use on a session's task.
    pub fn change(&self, change: Change) {
        // A writer that is gone drops the change: its money goes back, and the requester sees that no reply
        // comes.
        let _ = self.sender.send(Some(Command::Change(Box::new(change))));
    }

    /// Makes accounts and a tariff version durable before they are applied. Waits for room in the queue.
    pub fn provision(&self, provision: Provision) {
        let _ = self.sender.send(Some(Command::Provision(provision)));
    }
}
