//! The books: what is on disk, the way to the single writer, and the idempotency keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tollgate_storage::change::{Change, ChangeError};
use tollgate_storage::committer::{Committer, Provision, ProvisionChange, Provisioned};
use tollgate_storage::keys::KeyRegistry;
use tollgate_storage::store::{Store, Unavailable};

/// Reads and writes of the books. Clones share them.
#[derive(Clone, Debug)]
pub struct Books {
    /// The books on disk, for reading.
    pub store: Arc<Store>,
    /// The way to the single writer.
    pub committer: Committer,
    /// Idempotency keys in use and on disk.
    pub keys: Arc<KeyRegistry>,
    /// Time that an idempotency key is remembered; from start to end, as all of `[storage]`.
    pub key_window: Duration,
    /// Time for which texts of messages are kept; zero where they are not.
    pub text_window: Duration,
}

impl Books {
    /// The books of a store and its writer.
    pub fn new(store: Arc<Store>, committer: Committer, key_window: Duration) -> Self {
        Self {
            keys: Arc::new(KeyRegistry::new(Arc::clone(&store))),
            store,
            committer,
            key_window,
            text_window: Duration::ZERO,
        }
    }

    /// Makes accounts, operators and tariff version durable, and answers their numbers. Waits for the disk.
    pub fn provision(&self, change: ProvisionChange) -> Result<Provisioned, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.committer.provision(Provision { change, reply });
        answer.blocking_recv().unwrap_or_else(|_| Err(Unavailable("the committer has stopped".to_owned())))
    }

    /// The same, with more in the same commit. Waits for the disk.
    pub fn provision_with(
        &self,
        provision: ProvisionChange,
        write: impl FnOnce(&mut Change),
    ) -> Result<Provisioned, Unavailable> {
        let (mut change, answer) = Change::begin();
        change.provision = Some(provision);
        write(&mut change);
        self.committer.change(change);
        let stopped = || Unavailable("the committer has stopped".to_owned());
        let changed = answer.blocking_recv().map_err(|_| stopped())?.map_err(|error| match error {
            ChangeError::Unavailable(error) => error,
            other => Unavailable(other.to_string()),
        })?;
        changed.provisioned.ok_or_else(|| Unavailable("the change was made before".to_owned()))
    }
}
