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
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::{Posting, Wallet};

use crate::batch::Batch;
use crate::chunk::{CancelError, Chunk, Notice};
use crate::fold::{Changes, Charged, Draft, Fold};
use crate::journal::{Journal, JournalError};
use crate::rows::EntryKind;
use crate::schema::Family;
use crate::store::{Store, Unavailable};

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

/// How long a batch in doubt keeps its clients waiting before they are refused.
const DOUBT_MAX: Duration = Duration::from_secs(1);

/// How often a latched committer looks whether the disk can be written again.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// Something for the single writer to do.
enum Command {
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

#[derive(Debug)]
struct Shared {
    queued_messages: AtomicUsize,
    queue_messages_max: usize,
    available: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Committer {
    /// Starts the writer's thread. Nothing else may write to this store.
    pub fn start<J: Journal>(
        store: Arc<Store>,
        journal: J,
        limits: Limits,
    ) -> Result<(Self, JoinHandle<()>), Unavailable> {
        let fold = Fold::load(&store)?;
        let (sender, receiver) = bounded(limits.queue_messages.max(1));
        let shared = Arc::new(Shared {
            queued_messages: AtomicUsize::new(0),
            queue_messages_max: limits.queue_messages,
            available: AtomicBool::new(true),
            waiting: Mutex::new(Vec::new()),
        });
        let writer = Writer {
            journal,
            store,
            fold,
            receiver,
            limits,
            shared: Arc::clone(&shared),
            trouble: None,
            gauges: Gauges::new(),
        };
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| Unavailable(error.to_string()))?;
        Ok((Self { sender, shared }, thread))
    }

    /// Whether writes are taken. While they are not, messages are refused before they are charged.
    pub fn is_available(&self) -> bool {
        self.shared.available.load(Ordering::Relaxed)
    }

    /// Messages waiting.
    pub fn queued_messages(&self) -> usize {
        self.shared.queued_messages.load(Ordering::Relaxed)
    }

    /// Hands a chunk over, or gives it back where the queue is full.
    pub fn try_charge(&self, chunk: Box<Chunk>) -> Result<(), QueueFull> {
        let messages = chunk.count() as usize;
        let queued = self.shared.queued_messages.fetch_add(messages, Ordering::Relaxed);
        // A chunk larger than the whole queue passes when nothing else waits, or it would wait for ever.
        if queued > 0 && queued + messages > self.shared.queue_messages_max {
            self.shared.queued_messages.fetch_sub(messages, Ordering::Relaxed);
            return Err(QueueFull(chunk));
        }
        self.sender.try_send(Command::Charge(chunk)).map_err(|error| {
            self.shared.queued_messages.fetch_sub(messages, Ordering::Relaxed);
            match error.into_inner() {
                Command::Charge(chunk) => QueueFull(chunk),
                Command::Cancel(_) | Command::Post(_) | Command::Provision(_) => unreachable!("a charge was sent"),
            }
        })
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

    /// Cancels a message. The answer comes as a notice; `Err` gives the request back where the queue is full.
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

/// The writer's side.
struct Writer<J> {
    journal: J,
    store: Arc<Store>,
    fold: Fold,
    receiver: Receiver<Command>,
    limits: Limits,
    shared: Arc<Shared>,
    trouble: Option<Trouble>,
    gauges: Gauges,
}

/// Why the committer is latched.
enum Trouble {
    /// Nothing is written while the disk is all but full.
    NoRoom,
    /// A batch whose clients were refused may be on disk: this row tells, and the inverse takes it back.
    InDoubt { witness: (Family, Vec<u8>), inverse: Batch },
}

/// What to do once it is known whether a commit is durable.
enum Completion {
    Chunk(Box<Chunk>, u64),
    Cancelled(Cancellation, Charged),
    Posted(LedgerPosting),
    Provisioned(oneshot::Sender<Result<Provisioned, Unavailable>>, Provisioned),
}

impl<J: Journal> Writer<J> {
    fn run(mut self) {
        while let Some(commands) = self.next_commands() {
            if self.trouble.is_some() {
                commands.into_iter().for_each(refuse);
                self.try_to_recover();
            } else if !commands.is_empty() {
                self.commit(commands);
            }
        }
    }

    /// Waits for the first command and takes what else is there, within the limits of a batch. `None` when no one is
    /// left to send any; an empty batch when it is time to look after the disk.
    fn next_commands(&mut self) -> Option<Vec<Command>> {
        let first = if self.trouble.is_some() {
            match self.receiver.recv_timeout(RETRY_INTERVAL) {
                Ok(command) => command,
                Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        } else {
            self.receiver.recv().ok()?
        };
        let (mut messages, mut bytes) = first.size();
        let mut commands = vec![first];
        while messages < self.limits.batch_messages && bytes < self.limits.batch_bytes {
            let Ok(command) = self.receiver.try_recv() else { break };
            let size = command.size();
            (messages, bytes) = (messages + size.0, bytes + size.1);
            commands.push(command);
        }
        self.shared.queued_messages.fetch_sub(messages, Ordering::Relaxed);
        for waker in self.shared.waiting.lock().drain(..) {
            waker.wake();
        }
        Some(commands)
    }

    fn commit(&mut self, commands: Vec<Command>) {
        let started = Instant::now();
        let (batch, changes, completions, messages) = self.draft(commands);
        if batch.is_empty() {
            return;
        }
        match self.journal.append(&batch) {
            Ok(()) => {
                self.durable(changes, completions);
                self.gauges.committed(messages, started.elapsed());
            }
            Err(JournalError::NotWritten(reason)) => {
                self.latch(&reason);
                completions.into_iter().for_each(Completion::fail);
                self.trouble = Some(Trouble::NoRoom);
            }
            Err(JournalError::InDoubt(reason)) => {
                self.latch(&reason);
                self.settle_doubt(batch, changes, completions);
            }
        }
    }

    /// Folds commands into a batch. Charges first: their ids lead the batch.
    fn draft(&self, commands: Vec<Command>) -> (Batch, Changes, Vec<Completion>, u32) {
        let mut draft = Draft::new(&self.fold, &self.store, now());
        let mut completions = Vec::with_capacity(commands.len());
        let (mut others, mut messages) = (Vec::new(), 0);
        for command in commands {
            match command {
                Command::Charge(chunk) => match draft.charge(&chunk) {
                    Ok(first_visible_id) => {
                        messages += chunk.count();
                        completions.push(Completion::Chunk(chunk, first_visible_id));
                    }
                    Err(_) => chunk.fail(),
                },
                other => others.push(other),
            }
        }
        completions.extend(others.into_iter().filter_map(|command| draft_other(&mut draft, command)));
        let (batch, changes) = draft.finish();
        (batch, changes, completions, messages)
    }

    fn durable(&mut self, changes: Changes, completions: Vec<Completion>) {
        self.fold.advance(changes);
        completions.into_iter().for_each(Completion::complete);
    }

    /// A write failed half-way. The clients wait while it is found out what is on disk, but not for ever.
    fn settle_doubt(&mut self, batch: Batch, changes: Changes, completions: Vec<Completion>) {
        let Some(witness) = witness(&batch) else {
            completions.into_iter().for_each(Completion::fail);
            self.trouble = Some(Trouble::NoRoom);
            return;
        };
        let deadline = Instant::now() + DOUBT_MAX;
        loop {
            match self.journal.recover(witness.0, &witness.1) {
                Ok(true) => {
                    self.durable(changes, completions);
                    return self.unlatch();
                }
                Ok(false) => {
                    completions.into_iter().for_each(Completion::fail);
                    return self.unlatch();
                }
                Err(_) if Instant::now() < deadline => std::thread::sleep(RETRY_INTERVAL),
                Err(_) => break,
            }
        }
        completions.into_iter().for_each(Completion::fail);
        self.trouble = Some(Trouble::InDoubt { witness, inverse: batch.inverse() });
    }

    fn try_to_recover(&mut self) {
        let recovered = match &self.trouble {
            None => true,
            Some(Trouble::NoRoom) => self.journal.recover(Family::Meta, b"").is_ok(),
            Some(Trouble::InDoubt { witness, inverse }) => match self.journal.recover(witness.0, &witness.1) {
                Ok(true) => self.journal.append(inverse).is_ok(),
                Ok(false) => true,
                Err(_) => false,
            },
        };
        if recovered {
            self.unlatch();
        }
    }

    fn latch(&mut self, reason: &str) {
        tracing::error!(reason, "storage failed; messages are refused until it can be written again");
        self.shared.available.store(false, Ordering::Relaxed);
        self.gauges.failed();
    }

    fn unlatch(&mut self) {
        tracing::info!("storage can be written again");
        self.trouble = None;
        self.shared.available.store(true, Ordering::Relaxed);
        self.gauges.available.set(1.0);
    }
}

impl Command {
    /// Messages and bytes.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Charge(chunk) => (chunk.count() as usize, chunk.bytes()),
            Self::Cancel(_) | Self::Post(_) | Self::Provision(_) => (0, 0),
        }
    }
}

/// Adds a command that is not a charge to the draft. One that fails is answered at once.
fn draft_other(draft: &mut Draft<'_>, command: Command) -> Option<Completion> {
    match command {
        Command::Charge(chunk) => {
            chunk.fail();
            None
        }
        Command::Cancel(cancellation) => match draft.cancel(cancellation.wallet.number(), cancellation.message_id) {
            Ok(charged) => Some(Completion::Cancelled(cancellation, charged)),
            Err(error) => {
                cancellation.answer(Err(error));
                None
            }
        },
        Command::Post(posting) => {
            draft.post(posting.wallet.number(), posting.kind, posting.amount, posting.reference.clone());
            Some(Completion::Posted(posting))
        }
        Command::Provision(provision) => {
            let accounts = provision
                .accounts
                .iter()
                .map(|(id, currency, opening)| draft.provision(id, currency, *opening))
                .collect();
            let tariff = draft.archive(&provision.tariff_version, &provision.tariff_files);
            Some(Completion::Provisioned(provision.reply, Provisioned { accounts, tariff }))
        }
    }
}

fn refuse(command: Command) {
    let latched = || Unavailable("writes are refused until storage recovers".to_owned());
    match command {
        Command::Charge(chunk) => chunk.fail(),
        Command::Cancel(cancellation) => cancellation.answer(Err(CancelError::Unavailable)),
        Command::Post(posting) => drop(posting.reply.send(Err(latched()))),
        Command::Provision(provision) => drop(provision.reply.send(Err(latched()))),
    }
}

impl Cancellation {
    fn answer(self, result: Result<(), CancelError>) {
        let _ = self.reply.send(Notice::Cancelled { token: self.token, result });
    }
}

impl Completion {
    fn complete(self) {
        match self {
            Self::Chunk(chunk, first_visible_id) => chunk.complete(first_visible_id),
            Self::Cancelled(cancellation, charged) => {
                let account = cancellation.wallet.number();
                let Charged { amount, segments, month, .. } = charged;
                cancellation.wallet.undo(&Posting { account, amount, month, counted_before: 0, segments });
                cancellation.answer(Ok(()));
            }
            Self::Posted(posting) => {
                let held = posting.wallet.credit(posting.amount);
                assert!(held, "a durable ledger entry does not fit into its wallet");
                let _ = posting.reply.send(Ok(()));
            }
            Self::Provisioned(reply, provisioned) => drop(reply.send(Ok(provisioned))),
        }
    }

    fn fail(self) {
        let failed = || Unavailable("the commit failed".to_owned());
        match self {
            Self::Chunk(chunk, _) => chunk.fail(),
            Self::Cancelled(cancellation, _) => cancellation.answer(Err(CancelError::Unavailable)),
            Self::Posted(posting) => drop(posting.reply.send(Err(failed()))),
            Self::Provisioned(reply, _) => drop(reply.send(Err(failed()))),
        }
    }
}

/// A row that is on disk if and only if the batch is.
fn witness(batch: &Batch) -> Option<(Family, Vec<u8>)> {
    batch.puts.iter().find(|put| put.before.is_none()).map(|put| (put.family, put.key.clone()))
}

fn now() -> UnixMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMicros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// What Prometheus sees of the committer.
struct Gauges {
    batch_messages: metrics::Histogram,
    duration: metrics::Histogram,
    available: metrics::Gauge,
    failures: metrics::Counter,
}

impl Gauges {
    fn new() -> Self {
        let gauges = Self {
            batch_messages: metrics::histogram!("tollgate_commit_batch_messages"),
            duration: metrics::histogram!("tollgate_commit_duration_seconds"),
            available: metrics::gauge!("tollgate_storage_available"),
            failures: metrics::counter!("tollgate_storage_failures_total"),
        };
        gauges.available.set(1.0);
        gauges
    }

    fn committed(&self, messages: u32, took: Duration) {
        self.batch_messages.record(f64::from(messages));
        self.duration.record(took.as_secs_f64());
    }

    fn failed(&self) {
        self.available.set(0.0);
        self.failures.increment(1);
    }
}
