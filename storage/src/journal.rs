//! The journal of commits: the seam at which a replicated log can replace the local disk.

use std::sync::Arc;

use thiserror::Error;

use crate::batch::Batch;
use crate::database::Unavailable;
use crate::store::Store;
use crate::store_options::Durability;
use crate::sums::CommitRow;

/// A batch was not written, or it is not known whether it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Nothing was written: the disk is all but full.
    #[error("{0}")]
    NotWritten(String),
    /// A write failed half-way; [`Journal::recover`] finds out what is there.
    #[error("{0}")]
    InDoubt(String),
}

/// An ordered log of commits, each durable as a whole once `append` returns.
pub trait Journal: Send + 'static {
    /// Writes the rows of a commit, its own among them, durably.
    fn append(&mut self, batch: &Batch, commit: &CommitRow) -> Result<(), JournalError>;

    /// After a failure: makes the journal usable again and returns the last commit that is durable in it. `Err` while the
    /// journal cannot be used.
    fn recover(&mut self) -> Result<CommitRow, JournalError>;
}

/// The local journal: RocksDB's write-ahead log, and the anchor beside it.
#[derive(Debug)]
pub struct RocksJournal {
    store: Arc<Store>,
    durability: Durability,
}

impl RocksJournal {
    /// Writing to this store.
    pub fn new(store: Arc<Store>, durability: Durability) -> Self {
        Self { store, durability }
    }

    fn check_room(&self) -> Result<(), JournalError> {
        self.store.database().check_room().map_err(|error| JournalError::NotWritten(error.to_string()))
    }
}

impl Journal for RocksJournal {
    fn append(&mut self, batch: &Batch, commit: &CommitRow) -> Result<(), JournalError> {
        self.check_room()?;
        self.store.commit(batch, commit, self.durability).map_err(in_doubt)
    }

    fn recover(&mut self) -> Result<CommitRow, JournalError> {
        self.check_room()?;
        self.store.database().reopen().map_err(in_doubt)?;
        let last = self.store.last_commit().map_err(in_doubt)?;
        let last = last.ok_or_else(|| JournalError::InDoubt("the last commit is not there".to_owned()))?;
        self.store.settle_anchor(&last).map_err(in_doubt)?;
        Ok(last)
    }
}

fn in_doubt(error: Unavailable) -> JournalError {
    JournalError::InDoubt(error.0)
}
