//! Makes the filters of messages, beside the commits and a while after them, where the machine has time for it.
//!
//! A thread of the lowest priority reads the blocks of commits again, some thousand messages at a time, and the writer puts the
//! filters that are ready into its next commit. Nothing depends on them: a search reads blocks without a filter as they are,
//! and finds the same. What is made and not yet written when the process ends is made once more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use tollgate_engine::time::UnixMicros;

use crate::clock::now;
use crate::database::{Unavailable, damaged};
use crate::message_filter::{FilterBuilder, MessageFilterRow};
use crate::rows::{BatchRow, Row};
use crate::schema::Family;
use crate::store::Store;

/// Messages of a filter at the least: the last commit of them may have more.
const MESSAGES_MIN: u64 = 4_096;
/// Filters that wait for a commit at most. While there is none, none is made.
const WAITING_MAX: usize = 8;
/// The interval at which the thread looks for what has become durable.
const EVERY: Duration = Duration::from_secs(1);
/// The lowest priority that a thread may have: it gets what others leave.
const NICENESS: i32 = 19;
/// Of a directory without filters, those of the last seven days are made: what is usually searched.
const MADE_AT_FIRST_MICROS: u64 = 7 * 86_400 * 1_000_000;

/// The writer's side of the thread.
pub struct Filtering {
    shared: Arc<Progress>,
    made: Receiver<(u64, MessageFilterRow)>,
    /// Filters that are in no durable commit, by the first id.
    waiting: VecDeque<(u64, MessageFilterRow)>,
    /// Those of them that the commit which is drafted has.
    offered: usize,
    thread: Option<JoinHandle<()>>,
}

/// The writer's words to the thread.
#[derive(Default)]
struct Progress {
    /// Everything below this id is durable.
    reached: AtomicU64,
    is_stopped: AtomicBool,
}

/// The thread's place among the commits.
struct Maker {
    store: Arc<Store>,
    /// The first id that is in no filter.
    from: u64,
    /// The first id behind the commits that were counted for the next one, and their messages.
    counted_to: u64,
    messages: u64,
}

impl Filtering {
    /// Begins where the filters on disk end.
    pub fn start(store: Arc<Store>, reached: u64) -> std::io::Result<Self> {
        let (sender, made) = bounded(WAITING_MAX);
        let shared = Arc::new(Progress { reached: AtomicU64::new(reached), ..Progress::default() });
        let progress = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("filters".to_owned()).spawn(move || {
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "the filters of messages are made at the usual priority");
            }
            match Maker::begin(store) {
                Ok(maker) => maker.run(&progress, &sender),
                Err(error) => tracing::error!(%error, "no filters of messages are made"),
            }
        })?;
        Ok(Self { shared, made, waiting: VecDeque::new(), offered: 0, thread: Some(thread) })
    }

    /// Everything below this id is durable.
    pub fn reached(&self, id: u64) {
        self.shared.reached.store(id, Ordering::Release);
    }

    /// The filters that the next commit is to have, each with its first id.
    pub fn offer(&mut self) -> impl Iterator<Item = &(u64, MessageFilterRow)> {
        while self.waiting.len() < WAITING_MAX {
            let Ok(made) = self.made.try_recv() else { break };
            self.waiting.push_back(made);
        }
        self.offered = self.waiting.len();
        self.waiting.iter()
    }

    /// The commit that they were offered for is durable.
    pub fn written(&mut self) {
        self.waiting.drain(..self.offered);
        self.offered = 0;
    }
}

impl Drop for Filtering {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Release);
        // A thread that waits for room sees that nobody takes anything any more.
        self.made = crossbeam::channel::never();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The database is not closed while it is read.
            let _ = thread.join();
        }
    }
}

impl Maker {
    fn begin(store: Arc<Store>) -> Result<Self, Unavailable> {
        let from = if let Some((_, value)) = store.database().last(Family::MessageFilters)? {
            MessageFilterRow::read(&value).ok_or_else(|| damaged(Family::MessageFilters))?.end
        } else {
            let since = UnixMicros(now().0.saturating_sub(MADE_AT_FIRST_MICROS));
            let ids = store.commits().ids_of(&(since..UnixMicros(u64::MAX)))?;
            // A directory without commits of these days begins with the next one.
            ids.first().min(store.commits().next_id()?)
        };
        Ok(Self { store, from, counted_to: from, messages: 0 })
    }

    fn run(mut self, progress: &Progress, sender: &Sender<(u64, MessageFilterRow)>) {
        while !progress.is_stopped.load(Ordering::Acquire) {
            match self.next(progress.reached.load(Ordering::Acquire)) {
                Ok(Some(made)) => {
                    if sender.send(made).is_err() {
                        return;
                    }
                    continue;
                }
                Ok(None) => {}
                // Such as while the database is opened again.
                Err(error) => tracing::debug!(%error, "filters of messages are made later"),
            }
            std::thread::park_timeout(EVERY);
        }
    }

    /// The next filter with its first id; `None` while there are not enough messages below `reached`.
    fn next(&mut self, reached: u64) -> Result<Option<(u64, MessageFilterRow)>, Unavailable> {
        if !self.count(reached)? {
            return Ok(None);
        }
        let (mut first, mut filter) = (None, FilterBuilder::default());
        self.store.commits().blocks_of(self.from..self.counted_to, |_, mut block| {
            first.get_or_insert(block.next_id());
            block.by_ref().for_each(|cdr| filter.add(&cdr));
            block.is_sound()
        })?;
        let (first, end) = (first.unwrap_or(self.from), self.counted_to);
        (self.from, self.messages) = (end, 0);
        Ok(Some((first, filter.finish(end))))
    }

    /// Counts on until there are enough messages for a filter; true once there are.
    fn count(&mut self, reached: u64) -> Result<bool, Unavailable> {
        let keys = self.counted_to.to_be_bytes()..reached.to_be_bytes();
        if self.messages >= MESSAGES_MIN || keys.start >= keys.end {
            return Ok(self.messages >= MESSAGES_MIN);
        }
        let (mut counted_to, mut messages) = (self.counted_to, self.messages);
        self.store.database().range(Family::Batches, &keys.start[..]..&keys.end[..], |key, value| {
            let first = key.try_into().map(u64::from_be_bytes).map_err(|_| damaged(Family::Batches))?;
            let row = BatchRow::read(value).ok_or_else(|| damaged(Family::Batches))?;
            counted_to = first + row.ids();
            messages += row.messages();
            Ok(messages < MESSAGES_MIN)
        })?;
        (self.counted_to, self.messages) = (counted_to, messages);
        Ok(messages >= MESSAGES_MIN)
    }
}
