//! The journal of committed batches: the seam at which a replicated log can replace the local disk.

use std::sync::Arc;

use thiserror::Error;

use crate::batch::Batch;
use crate::database::Durability;
use crate::schema::Family;
use crate::store::Store;

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

/// An ordered log of batches, each durable as a whole once `append` returns.
pub trait Journal: Send + 'static {
    /// Writes a batch, durably.
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError>;

    /// After a failure: makes the journal usable again and returns the value of a row, `None` where it is not
    /// there. `Err` while the journal cannot be used.
    fn recover(&mut self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, JournalError>;
}

/// The local journal: RocksDB's write-ahead log.
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
}

impl Journal for RocksJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        self.store.database().check_room().map_err(|error| JournalError::NotWritten(error.to_string()))?;
        self.store
            .database()
            .write(batch, self.durability)
            .map_err(|error| JournalError::InDoubt(error.to_string()))
    }

    fn recover(&mut self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        self.store.database().check_room().map_err(|error| JournalError::NotWritten(error.to_string()))?;
        self.store.database().reopen().map_err(|error| JournalError::InDoubt(error.to_string()))?;
        self.store.get(family, key).map_err(|error| JournalError::InDoubt(error.to_string()))
    }
}
