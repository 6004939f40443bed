//! A journal that waits, so that a test decides what comes into one batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crossbeam::channel::{Receiver, Sender, unbounded};
use tollgate_storage::batch::Batch;
use tollgate_storage::journal::{Journal, JournalError, RocksJournal};
use tollgate_storage::store::{CommitRow, Durability, Store};

/// Holds appends back until it is opened for good.
#[derive(Debug)]
pub struct JournalControl {
    closed: Option<Sender<()>>,
    waits: Receiver<()>,
    appends: Arc<AtomicU32>,
}

impl JournalControl {
    pub fn closed() -> Self {
        let (closed, waits) = unbounded();
        Self { closed: Some(closed), waits, appends: Arc::default() }
    }

    /// Around the real journal of this store.
    pub fn journal(&self, store: Arc<Store>) -> GatedJournal {
        let (waits, appends) = (self.waits.clone(), Arc::clone(&self.appends));
        GatedJournal { inner: RocksJournal::new(store, Durability::Os), waits, appends }
    }

    /// Batches that have come to the journal.
    pub fn appends(&self) -> u32 {
        self.appends.load(Ordering::SeqCst)
    }

    /// Lets one append pass.
    pub fn let_one_pass(&self) {
        self.closed.as_ref().expect("it is closed").send(()).unwrap();
    }

    pub fn open(&mut self) {
        self.closed = None;
    }
}

pub struct GatedJournal {
    inner: RocksJournal,
    waits: Receiver<()>,
    appends: Arc<AtomicU32>,
}

impl Journal for GatedJournal {
    fn append(&mut self, batch: &Batch, commit: &CommitRow) -> Result<(), JournalError> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        // It ends when whoever holds the gate lets go of it.
        let _ = self.waits.recv();
        self.inner.append(batch, commit)
    }

    fn recover(&mut self) -> Result<CommitRow, JournalError> {
        self.inner.recover()
    }
}
