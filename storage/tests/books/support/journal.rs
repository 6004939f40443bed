//! A journal that fails as it is told to, around the real one.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_storage::batch::Batch;
use tollgate_storage::journal::{Journal, JournalError, RocksJournal};
use tollgate_storage::store::{CommitRow, Durability, Store};

/// The fate of one append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Written,
    /// The disk is full, and known to be.
    Full,
    /// An error is reported and nothing is on disk.
    LostInDoubt,
    /// An error is reported although the batch is on disk.
    WrittenInDoubt,
}

/// The script of a journal that fails.
#[derive(Clone, Debug, Default)]
pub struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Of the coming appends; those after the last succeed.
    fates: VecDeque<Fate>,
    /// The number of coming attempts to recover that fail.
    failing_recoveries: u32,
}

impl Script {
    pub fn then(&self, fates: impl IntoIterator<Item = Fate>) {
        self.0.lock().fates.extend(fates);
    }

    pub fn fail_recoveries(&self, count: u32) {
        self.0.lock().failing_recoveries = count;
    }

    /// Around the real journal of this store.
    pub fn journal(&self, store: Arc<Store>) -> FaultyJournal {
        FaultyJournal { inner: RocksJournal::new(store, Durability::Os), script: self.clone() }
    }
}

pub struct FaultyJournal {
    inner: RocksJournal,
    script: Script,
}

impl Journal for FaultyJournal {
    fn append(&mut self, batch: &Batch, commit: &CommitRow) -> Result<(), JournalError> {
        let fate = self.script.0.lock().fates.pop_front().unwrap_or(Fate::Written);
        match fate {
            Fate::Written => self.inner.append(batch, commit),
            Fate::Full => Err(JournalError::NotWritten("no room".to_owned())),
            Fate::LostInDoubt => Err(JournalError::InDoubt("write failed".to_owned())),
            Fate::WrittenInDoubt => {
                self.inner.append(batch, commit)?;
                Err(JournalError::InDoubt("sync failed".to_owned()))
            }
        }
    }

    fn recover(&mut self) -> Result<CommitRow, JournalError> {
        let mut state = self.script.0.lock();
        if state.failing_recoveries > 0 {
            state.failing_recoveries -= 1;
            return Err(JournalError::InDoubt("still failing".to_owned()));
        }
        drop(state);
        self.inner.recover()
    }
}
