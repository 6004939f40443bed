//! The books of a daemon that is stopped, open for a few changes one after the other.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use tollgate_storage::change::{Change, ChangeError, Changed};
use tollgate_storage::committer::{Committer, Limits};
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult, EventOutcome};
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::store::{Durability, Store, StoreOptions};

/// A batch of one: each change waits for its own.
const LIMITS: Limits = Limits { queue_messages: 1, batch_messages: 1, batch_bytes: 1 };

/// The books and their writer, which ends with this value.
#[derive(Debug)]
pub struct OfflineBooks {
    store: Arc<Store>,
    committer: Option<Committer>,
    writer: Option<JoinHandle<()>>,
    /// The user who makes the changes.
    pub(super) uid: u32,
}

impl OfflineBooks {
    /// Opens a data directory for changes that the user with this number makes. `Err` is for a person to read.
    pub fn open(options: StoreOptions, uid: u32) -> Result<Self, String> {
        let store = Arc::new(Store::open(options).map_err(|error| error.to_string())?);
        let journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
        let (committer, writer) = Committer::start(Arc::clone(&store), journal, LIMITS, Arc::new(()))
            .map_err(|error| error.to_string())?;
        Ok(Self { store, committer: Some(committer), writer: Some(writer), uid })
    }

    /// The rows of the books.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Makes what happened to messages durable, in one commit, and says what became of each. `Err` is for a person to read.
    pub fn deliver(&self, events: Vec<DeliveryEvent>) -> Result<Vec<EventOutcome>, String> {
        let (told, heard) = oneshot::channel();
        let done = Box::new(move |result| {
            let _ = told.send(result);
        });
        let batch = DeliveryBatch { events, done };
        self.committer()?.deliver(batch).map_err(|_| "the committer has no room".to_owned())?;
        match heard.blocking_recv().map_err(|_| stopped())? {
            DeliveryResult::Durable(outcomes) => Ok(outcomes),
            DeliveryResult::Refused(_) => Err("the books could not be written".to_owned()),
        }
    }

    /// Makes a change durable. `Err` is for a person to read.
    pub(super) fn commit(
        &self,
        change: Change,
        answer: oneshot::Receiver<Result<Changed, ChangeError>>,
    ) -> Result<Changed, String> {
        self.committer()?.change(change);
        answer.blocking_recv().map_err(|_| stopped())?.map_err(|error| error.to_string())
    }

    fn committer(&self) -> Result<&Committer, String> {
        self.committer.as_ref().ok_or_else(stopped)
    }
}

fn stopped() -> String {
    "the committer has stopped".to_owned()
}

impl Drop for OfflineBooks {
    fn drop(&mut self) {
        // The writer ends with the last way to it.
        self.committer = None;
        let ended = self.writer.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()), "a panic of the committer ends the process");
    }
}
