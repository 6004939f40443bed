//! The single writer's side of the committer: batches, batches in doubt, and the answers to all in a batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError};

use crate::batch::Batch;
use crate::clock::Clock;
use crate::command::Command;
use crate::commit_queue::{Durable, Limits, Patience, Shared};
use crate::completion::{Completion, Drafted};
use crate::counting::{self, Counting};
use crate::database::Unavailable;
use crate::filtering::Filtering;
use crate::fold::{Draft, Fold, News};
use crate::gather::gather;
use crate::journal::{Journal, JournalError};
use crate::store::Store;
use crate::sums::{CommitRow, RunningSums, hour_of};

/// The single writer.
pub struct Writer<J> {
    journal: J,
    store: Arc<Store>,
    fold: Fold,
    sums: RunningSums,
    receiver: Receiver<Option<Command>>,
    limits: Limits,
    patience: Patience,
    shared: Arc<Shared>,
    durable: Arc<dyn Durable>,
    clock: Arc<dyn Clock>,
    trouble: Option<Trouble>,
    counting: Option<Counting>,
    filtering: Filtering,
    metrics: Metrics,
}

/// The reason for which the committer is latched.
enum Trouble {
    /// Nothing is written while the disk is all but full.
    NoRoom,
    /// A commit may be on disk. Its clients were told that its outcome is unknown; its money stays taken until it is known.
    InDoubt(Box<Drafted>),
}

impl<J: Journal> Writer<J> {
    /// On top of what the fold says.
    pub fn new(
        journal: J,
        store: Arc<Store>,
        (fold, sums): (Fold, RunningSums),
        receiver: Receiver<Option<Command>>,
        (limits, patience): (Limits, Patience),
        shared: Arc<Shared>,
        (durable, clock): (Arc<dyn Durable>, Arc<dyn Clock>),
    ) -> Self {
        let (trouble, metrics) = (None, Metrics::new());
        // Without it usage is counted at the end, and until then by each reader.
        let counting = Counting::start(Arc::clone(&store), fold.uncounted())
            .inspect_err(|error| tracing::error!(%error, "charges are not counted for usage"))
            .ok();
        let filtering = Filtering::start(Arc::clone(&store), fold.uncounted().end);
        Self {
            journal,
            store,
            fold,
            sums,
            receiver,
            limits,
            patience,
            shared,
            durable,
            clock,
            trouble,
            counting,
            filtering,
            metrics,
        }
    }

    /// Writes until no one is left to send anything.
    pub fn run(mut self) {
        while let Some(commands) = self.next_commands() {
            if self.trouble.is_some() {
                commands.into_iter().for_each(Command::refuse);
                self.try_to_recover();
                if self.trouble.is_some() && self.shared.is_closing() {
                    // Whoever still waits for a commit in doubt keeps the queue open.
                    return;
                }
            } else if !commands.is_empty() {
                self.commit(commands);
            }
        }
        // A last attempt to find out what is on disk.
        self.try_to_recover();
        self.count_the_rest();
    }

    /// Waits for the first command and takes what else is there, within the limits of a batch. `None` when no
    /// one is left to send any; an empty batch when it is time to look after the disk.
    fn next_commands(&mut self) -> Option<Vec<Command>> {
        let first = if self.trouble.is_some() {
            match self.receiver.recv_timeout(self.patience.retry_interval) {
                Ok(command) => command,
                Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
                Err(RecvTimeoutError::Disconnected) if self.shared.charges.is_empty() => return None,
                Err(RecvTimeoutError::Disconnected) => None,
            }
        } else if self.shared.charges.is_empty() {
            self.receiver.recv().ok()?
        } else {
            None
        };
        let commands = gather(first, &self.receiver, &self.shared.charges, self.limits);
        self.shared.wake_waiting();
        Some(commands)
    }

    fn commit(&mut self, commands: Vec<Command>) {
        let started = Instant::now();
        let mut drafted = self.draft(commands);
        if drafted.batch.is_empty() {
            // Everything asked for is on disk already.
            return self.durable(drafted);
        }
        let commit = match self.add_sums(&mut drafted) {
            Ok(commit) => commit,
            Err(error) => {
                tracing::error!(%error, "the sums of a commit cannot be read");
                return drafted.completions.into_iter().for_each(Completion::fail);
            }
        };
        match self.journal.append(&drafted.batch, &commit) {
            Ok(()) => {
                let messages = drafted.messages;
                self.durable(drafted);
                self.metrics.committed(messages, started.elapsed());
                self.shared.count_commit();
            }
            Err(JournalError::NotWritten(reason)) => {
                self.latch(&reason);
                self.trouble = Some(Trouble::NoRoom);
                drafted.completions.into_iter().for_each(Completion::fail);
            }
            Err(JournalError::InDoubt(reason)) => {
                self.latch(&reason);
                self.settle_doubt(drafted);
            }
        }
    }

    /// Counts the charges that are not in the usage rows, so that the next start need not. Where it fails,
    /// that start does.
    fn count_the_rest(&mut self) {
        let (uncounted, collected) = (self.fold.uncounted(), self.counting.take());
        if self.trouble.is_some() || uncounted.is_empty() {
            return;
        }
        let collected = collected.and_then(|counting| counting.rest(&uncounted));
        let from_disk = || counting::count(&self.store, uncounted.clone()).ok();
        debug_assert!(
            collected.as_ref().zip(from_disk().as_ref()).is_none_or(|(memory, disk)| memory == disk),
            "usage in memory is that of the CDRs"
        );
        let Some(counted) = collected.or_else(from_disk) else { return };
        let mut draft = Draft::new(&self.fold, &self.store, &*self.clock);
        if draft.count_charges(&counted).is_err() {
            return;
        }
        let mut drafted = Drafted::new(draft.finish(), std::iter::empty());
        let Ok(commit) = self.add_sums(&mut drafted) else { return };
        if let Err(error) = self.journal.append(&drafted.batch, &commit) {
            return tracing::warn!(%error, "the last charges are counted for usage at the next start");
        }
        self.durable(drafted);
    }

    /// Adds to a commit the sums that it leaves. Expired rows are forgotten an hour after the one in which they ended.
    fn add_sums(&self, drafted: &mut Drafted) -> Result<CommitRow, Unavailable> {
        let at = self.clock.now();
        let forget = hour_of(self.clock.forgotten_before()).checked_sub(2);
        let sums = self.sums.extend(self.store.database(), &mut drafted.batch, at, forget)?;
        let commit = sums.commit;
        drafted.sums = Some(sums);
        Ok(commit)
    }

    /// Folds commands into a batch. Charges first: their ids lead the batch.
    fn draft(&mut self, mut commands: Vec<Command>) -> Drafted {
        commands.sort_by_key(|command| !matches!(command, Command::Charge(_)));
        let uncounted = self.fold.uncounted();
        let now = Instant::now();
        let counted = self.counting.as_mut().and_then(|counting| counting.ready(&uncounted));
        let mut refused = Vec::new();
        loop {
            let mut draft = Draft::new(&self.fold, &self.store, &*self.clock);
            if let Some(counted) = counted
                && let Err(error) = draft.count_charges(counted)
            {
                tracing::error!(%error, "usage counters cannot be read at present");
            }
            if let Err(error) = draft.close_series(now, self.clock.forgotten_before()) {
                tracing::error!(%error, "time series cannot be read at present");
            }
            for (first, filter) in self.filtering.offer() {
                draft.put_filter(*first, filter);
            }
            let mut folded = Vec::with_capacity(commands.len());
            let mut halfway = None;
            for (at, command) in commands.iter().enumerate() {
                match draft.fold(command) {
                    // What stopped half-way is in the draft, half: it begins anew without that command.
                    Err(error) if error.is_halfway() && command.folds_in_parts() => {
                        halfway = Some((at, error));
                        break;
                    }
                    result => folded.push(result),
                }
            }
            let Some((at, error)) = halfway else {
                let finished = draft.finish();
                return Drafted::new(finished, commands.into_iter().zip(folded).chain(refused));
            };
            refused.push((commands.remove(at), Err(error)));
        }
    }

    /// The commit is on disk: the fold takes it over, and all are told.
    fn durable(&mut self, drafted: Drafted) {
        let Drafted { batch, changes, sums, completions, .. } = drafted;
        if let Some(sums) = sums {
            self.sums.advance(sums);
            self.store.database().forget(self.sums.forgotten_hour());
        }
        self.collect_usage(&completions);
        let charged = completions.iter().filter_map(Completion::charged);
        self.filtering.durable(self.fold.uncounted().end, charged);
        let news = self.fold.advance(changes);
        if let Some(counting) = &mut self.counting {
            counting.reached(self.fold.uncounted().end);
        }
        self.tell(batch, news);
        completions.into_iter().for_each(Completion::complete);
    }

    /// Counts the charges of a commit for usage, before the fold takes over what holds for later ones.
    fn collect_usage(&mut self, completions: &[Completion]) {
        let Some(counting) = &mut self.counting else { return };
        let in_force = self.fold.countries();
        for chunk in completions.iter().filter_map(Completion::charged) {
            counting.add(chunk, in_force);
        }
    }

    fn tell(&self, batch: Batch, news: News) {
        if news.queued {
            let rows = batch.take_queued(&news.unqueued);
            let (released, new): (Vec<_>, Vec<_>) =
                rows.into_iter().partition(|row| news.released.contains(&row.key.message_id));
            self.durable.queued(new);
            if !released.is_empty() {
                self.durable.released(released);
            }
        }
        for posting in &news.refunds {
            self.durable.refunded(posting);
        }
        for given_back in &news.given_back {
            self.durable.given_back(given_back);
        }
        if !news.receipts.is_empty() {
            self.durable.receipts(news.receipts);
        }
        if news.duplicates > 0 {
            self.metrics.duplicates.increment(news.duplicates);
        }
    }

    /// A write failed half-way. The clients wait while it is found out what is on disk, but not for ever: then they are
    /// told that the outcome is unknown, and the commit stays as it is until it is known.
    fn settle_doubt(&mut self, mut drafted: Drafted) {
        let deadline = Instant::now() + self.patience.doubt_max;
        loop {
            match self.resolve(drafted) {
                Ok(()) => return self.unlatch(),
                Err(unresolved) => drafted = *unresolved,
            }
            if Instant::now() >= deadline {
                break;
            }
            std::thread::sleep(self.patience.retry_interval);
        }
        tracing::error!("it is not known whether the last commit is on disk; its clients get no answer");
        drafted.completions.iter_mut().for_each(Completion::in_doubt);
        self.trouble = Some(Trouble::InDoubt(Box::new(drafted)));
    }

    /// Finds out whether a commit is on disk, and answers accordingly. Gives it back while that cannot be found out.
    fn resolve(&mut self, drafted: Drafted) -> Result<(), Box<Drafted>> {
        let Ok(last) = self.journal.recover() else { return Err(Box::new(drafted)) };
        if drafted.sums.as_ref().is_some_and(|sums| sums.commit == last) {
            self.durable(drafted);
        } else if last == *self.sums.last() {
            drafted.completions.into_iter().for_each(Completion::fail);
        } else {
            let (found, expected) = (last.number, self.sums.last().number);
            tracing::error!(
                found,
                expected,
                "acknowledged commits are not on disk any more; nothing is written"
            );
            return Err(Box::new(drafted));
        }
        Ok(())
    }

    fn try_to_recover(&mut self) {
        let recovered = match self.trouble.take() {
            None => return,
            Some(Trouble::NoRoom) => match self.journal.recover() {
                Ok(last) if last == *self.sums.last() => Ok(()),
                _ => Err(Trouble::NoRoom),
            },
            Some(Trouble::InDoubt(drafted)) => self.resolve(*drafted).map_err(Trouble::InDoubt),
        };
        match recovered {
            Ok(()) => self.unlatch(),
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    fn latch(&mut self, reason: &str) {
        tracing::error!(reason, "storage failed; messages are refused until it can be written again");
        self.shared.set_available(false);
        self.metrics.failed();
    }

    fn unlatch(&mut self) {
        tracing::info!("storage can be written again");
        self.trouble = None;
        self.shared.set_available(true);
        self.metrics.available.set(1.0);
    }
}

impl<J> Drop for Writer<J> {
    fn drop(&mut self) {
        // Queued commands are refused, and the queue is closed, before the writer is known to be gone: a later command in
        // an open queue would be dropped without an answer.
        let receiver = std::mem::replace(&mut self.receiver, crossbeam::channel::never());
        receiver.try_iter().flatten().for_each(Command::refuse);
        drop(receiver);
        while let Some(chunk) = self.shared.charges.next() {
            Command::Charge(chunk).refuse();
        }
        // Sessions that still wait for room try again, and find the writer gone.
        self.shared.set_available(false);
        self.shared.wake_waiting();
        if std::thread::panicking() {
            self.metrics.failed();
        }
    }
}

/// The committer's metrics.
struct Metrics {
    batch_messages: metrics::Histogram,
    duration: metrics::Histogram,
    available: metrics::Gauge,
    failures: metrics::Counter,
    duplicates: metrics::Counter,
}

impl Metrics {
    fn new() -> Self {
        let metrics = Self {
            batch_messages: metrics::histogram!("tollgate_commit_batch_messages"),
            duration: metrics::histogram!("tollgate_commit_duration_seconds"),
            available: metrics::gauge!("tollgate_storage_available"),
            failures: metrics::counter!("tollgate_storage_failures_total"),
            duplicates: metrics::counter!("tollgate_duplicate_acceptances_total"),
        };
        metrics.available.set(1.0);
        metrics
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
