//! The single writer's side of the committer: batches, doubts, and what everyone in a batch is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError};
use tokio::sync::oneshot;
use tollgate_engine::wallet::Posting;

use crate::batch::Batch;
use crate::chunk::{CancelError, Chunk};
use crate::clock::now;
use crate::committer::{Cancellation, Command, LedgerPosting, Limits, Patience, Provisioned, Shared};
use crate::fold::{Changes, Charged, Draft, Fold};
use crate::journal::{Journal, JournalError};
use crate::schema::Family;
use crate::store::{Store, Unavailable};

/// The single writer.
pub struct Writer<J> {
    journal: J,
    store: Arc<Store>,
    fold: Fold,
    receiver: Receiver<Command>,
    limits: Limits,
    patience: Patience,
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
    /// On top of what the fold says.
    pub fn new(
        journal: J,
        store: Arc<Store>,
        fold: Fold,
        receiver: Receiver<Command>,
        (limits, patience): (Limits, Patience),
        shared: Arc<Shared>,
    ) -> Self {
        let (trouble, gauges) = (None, Gauges::new());
        Self { journal, store, fold, receiver, limits, patience, shared, trouble, gauges }
    }

    /// Writes until no one is left to send anything.
    pub fn run(mut self) {
        while let Some(commands) = self.next_commands() {
            if self.trouble.is_some() {
                commands.into_iter().for_each(Command::refuse);
                self.try_to_recover();
            } else if !commands.is_empty() {
                self.commit(commands);
            }
        }
        // A last attempt to take back what was refused and may be on disk.
        self.try_to_recover();
    }

    /// Waits for the first command and takes what else is there, within the limits of a batch. `None` when no one is
    /// left to send any; an empty batch when it is time to look after the disk.
    fn next_commands(&mut self) -> Option<Vec<Command>> {
        let first = if self.trouble.is_some() {
            match self.receiver.recv_timeout(self.patience.retry_interval) {
                Ok(command) => command,
                Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        } else {
            self.receiver.recv().ok()?
        };
        let (mut messages, mut bytes) = first.size();
        let mut commands = vec![first];
        let limits = self.limits;
        while messages.max(commands.len()) < limits.batch_messages && bytes < limits.batch_bytes {
            let Ok(command) = self.receiver.try_recv() else { break };
            let size = command.size();
            (messages, bytes) = (messages + size.0, bytes + size.1);
            commands.push(command);
        }
        self.shared.give_room(messages);
        Some(commands)
    }

    fn commit(&mut self, commands: Vec<Command>) {
        let started = Instant::now();
        let (batch, changes, completions, messages) = self.draft(commands);
        if batch.is_empty() {
            // Everything asked for is on disk already.
            return self.durable(changes, completions);
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
                    Err(error) => {
                        tracing::error!(account = chunk.account().0, %error, "a charge cannot be folded");
                        chunk.fail();
                    }
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
        let deadline = Instant::now() + self.patience.doubt_max;
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
                Err(_) if Instant::now() < deadline => std::thread::sleep(self.patience.retry_interval),
                Err(_) => break,
            }
        }
        completions.into_iter().for_each(Completion::fail);
        self.trouble = Some(Trouble::InDoubt { witness, inverse: batch.inverse() });
    }

    fn try_to_recover(&mut self) {
        let recovered = match &self.trouble {
            None => return,
            Some(Trouble::NoRoom) => self.journal.recover(Family::Meta, b"").is_ok(),
            Some(Trouble::InDoubt { witness, inverse }) => {
                match self.journal.recover(witness.0, &witness.1) {
                    Ok(true) => self.journal.append(inverse).is_ok(),
                    Ok(false) => true,
                    Err(_) => false,
                }
            }
        };
        if recovered {
            self.unlatch();
        }
    }

    fn latch(&mut self, reason: &str) {
        tracing::error!(reason, "storage failed; messages are refused until it can be written again");
        self.shared.set_available(false);
        self.gauges.failed();
    }

    fn unlatch(&mut self) {
        tracing::info!("storage can be written again");
        self.trouble = None;
        self.shared.set_available(true);
        self.gauges.available.set(1.0);
    }
}

impl<J> Drop for Writer<J> {
    fn drop(&mut self) {
        // Whoever still waits for room looks again, and finds the writer gone.
        self.shared.set_available(false);
        self.shared.give_room(0);
        if std::thread::panicking() {
            self.gauges.failed();
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
        Command::Cancel(cancellation) => {
            match draft.cancel(cancellation.wallet.number(), cancellation.message_id) {
                Ok(charged) => Some(Completion::Cancelled(cancellation, charged)),
                Err(error) => {
                    cancellation.answer(Err(error));
                    None
                }
            }
        }
        Command::Post(posting) => {
            let added = draft.add(posting.wallet.number(), posting.kind, posting.amount, &posting.reference);
            match added {
                Ok(()) => Some(Completion::Posted(posting)),
                Err(error) => {
                    let _ = posting.reply.send(Err(error));
                    None
                }
            }
        }
        Command::Provision(provision) => match draft.provision_all(&provision.accounts) {
            Ok(accounts) => {
                let tariff = draft.archive(&provision.tariff_version, &provision.tariff_files);
                Some(Completion::Provisioned(provision.reply, Provisioned { accounts, tariff }))
            }
            Err(error) => {
                let _ = provision.reply.send(Err(error));
                None
            }
        },
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
