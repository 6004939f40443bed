//! Makes the filters that an earlier run left out, from the blocks on disk, where the machine has time for it: those of its last
//! messages, and in a directory of before there were filters those of the last seven days, which is what is usually searched.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, bounded};
use tollgate_engine::time::UnixMicros;

use crate::clock::now;
use crate::database::{Unavailable, damaged};
use crate::message_filter::{FilterBuilder, FilterKeys, MessageFilterRow};
use crate::rows::Row;
use crate::schema::Family;
use crate::store::Store;

/// A filter with its first id.
pub type Made = (u64, MessageFilterRow);

/// Filters that wait for a commit at most.
pub const WAITING_MAX: usize = 8;
/// Messages of a filter at the least, apart from the last one: the last commit of them may have more.
const MESSAGES_MIN: u64 = 4_096;
/// The lowest priority that a thread may have: it gets what others leave.
const NICENESS: i32 = 19;
/// Messages that are older get no filter any more.
const MADE_FOR_MICROS: u64 = 7 * 86_400 * 1_000_000;

/// The thread that makes them, and ends when there are none left to make.
pub struct Missing {
    made: Receiver<Made>,
    is_stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Missing {
    /// Begins with the commits whose first ids are below `end`.
    pub fn start(store: Arc<Store>, end: u64) -> std::io::Result<Self> {
        let (sender, made) = bounded(WAITING_MAX);
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&is_stopped);
        let thread = std::thread::Builder::new().name("filters".to_owned()).spawn(move || {
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "the filters of messages are made at the usual priority");
            }
            if let Err(error) = make(&store, end, &stopped, &sender) {
                tracing::error!(%error, "messages of before are searched without filters");
            }
        })?;
        Ok(Self { made, is_stopped, thread: Some(thread) })
    }

    /// One that is made.
    pub fn next(&self) -> Option<Made> {
        self.made.try_recv().ok()
    }
}

impl Drop for Missing {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Release);
        // A thread that waits for room sees that nobody takes anything any more.
        self.made = crossbeam::channel::never();
        if let Some(thread) = self.thread.take() {
            // The database is not closed while it is read.
            let _ = thread.join();
        }
    }
}

fn make(store: &Store, end: u64, stopped: &AtomicBool, sender: &Sender<Made>) -> Result<(), Unavailable> {
    for gap in gaps(store, end)? {
        let mut from = gap.start;
        while let Some(to) = commits_of_a_filter(store, from..gap.end)? {
            if stopped.load(Ordering::Acquire) || sender.send(filter(store, from..to)?).is_err() {
                return Ok(());
            }
            from = to;
        }
    }
    Ok(())
}

/// The ranges of ids without a filter, of the last seven days.
fn gaps(store: &Store, end: u64) -> Result<Vec<Range<u64>>, Unavailable> {
    let since = UnixMicros(now().0.saturating_sub(MADE_FOR_MICROS));
    let since = store.commits().ids_of(&(since..UnixMicros(u64::MAX)))?.first().min(end);
    let (mut gaps, mut reached) = (Vec::new(), since);
    store.database().range(Family::MessageFilters, &[][..]..&end.to_be_bytes()[..], |key, value| {
        let first = key.try_into().map(u64::from_be_bytes).map_err(|_| damaged(Family::MessageFilters))?;
        let filter = MessageFilterRow::read(value).ok_or_else(|| damaged(Family::MessageFilters))?;
        if reached < first {
            gaps.push(reached..first);
        }
        reached = reached.max(filter.end);
        Ok(true)
    })?;
    if reached < end {
        gaps.push(reached..end);
    }
    Ok(gaps)
}

/// The first id behind the commits of the next filter; `None` where there are no more.
fn commits_of_a_filter(store: &Store, ids: Range<u64>) -> Result<Option<u64>, Unavailable> {
    let (mut end, mut messages) = (None, 0);
    store.commits().each(ids, |first, row| {
        end = Some(first + row.ids());
        messages += row.messages();
        Ok(messages < MESSAGES_MIN)
    })?;
    Ok(end)
}

fn filter(store: &Store, ids: Range<u64>) -> Result<Made, Unavailable> {
    let (mut keys, mut networks) = (FilterKeys::default(), BTreeSet::new());
    store.commits().blocks_of(ids.clone(), |_, mut block| {
        for cdr in block.by_ref() {
            keys.add(&cdr.fields);
            networks.insert(cdr.fields.network);
        }
        block.is_sound()
    })?;
    let mut filter = FilterBuilder::new(ids.start, keys.keys().len(), networks.len());
    filter.add(&keys, networks.into_iter());
    Ok(filter.finish(ids.end))
}
