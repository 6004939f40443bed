//! The books: what is on disk, the way to the single writer, and the idempotency keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tollgate_provisioning::Provisioning;
use tollgate_storage::committer::{Committer, Provision, Provisioned};
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
}

impl Books {
    /// The books of a store and its writer.
    pub fn new(store: Arc<Store>, committer: Committer, key_window: Duration) -> Self {
        Self { keys: Arc::new(KeyRegistry::new(Arc::clone(&store))), store, committer, key_window }
    }

    /// Makes accounts, operators and tariff version durable, and answers their numbers. Waits for the disk.
    pub fn provision(&self, provisioning: &Provisioning) -> Result<Provisioned, Unavailable> {
        let accounts = provisioning.accounts.iter().map(|provisioned| {
            let account = &provisioned.account;
            (Arc::clone(&account.id), account.currency.to_string(), provisioned.opening_balance)
        });
        let tariff_files = provisioning
            .archive
            .iter()
            .map(|file| (file.name.to_string(), file.bytes.as_deref().unwrap_or(&file.digest).to_vec()));
        let operators = provisioning.operators.iter().map(|operator| Arc::clone(&operator.operator.code));
        let (reply, answer) = oneshot::channel();
        self.committer.provision(Provision {
            accounts: accounts.collect(),
            operators: operators.collect(),
            tariff_version: Arc::clone(&provisioning.version),
            tariff_files: tariff_files.collect(),
            reply,
        });
        answered(answer)
    }
}

fn answered(answer: oneshot::Receiver<Result<Provisioned, Unavailable>>) -> Result<Provisioned, Unavailable> {
    answer.blocking_recv().unwrap_or_else(|_| Err(Unavailable("the committer has stopped".to_owned())))
}
