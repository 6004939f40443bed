//! Accounts that are no longer provisioned and still have books, as they were last.

use std::sync::Arc;

use dashmap::DashMap;

use crate::active_account::ActiveAccount;
use crate::snapshot::Snapshot;

/// The accounts that were in force once, by id. One that came back is here no longer.
#[derive(Debug, Default)]
pub struct RemovedAccounts(DashMap<Arc<str>, Arc<ActiveAccount>>);

impl RemovedAccounts {
    /// Keeps an account as it was last.
    pub fn keep(&self, account: Arc<ActiveAccount>) {
        self.0.insert(Arc::clone(&account.provisioned.account.id), account);
    }

    /// An account by its id.
    pub fn get(&self, id: &str) -> Option<Arc<ActiveAccount>> {
        self.0.get(id).map(|entry| Arc::clone(entry.value()))
    }

    /// Every removed account.
    pub fn all(&self) -> Vec<Arc<ActiveAccount>> {
        self.0.iter().map(|entry| Arc::clone(entry.value())).collect()
    }

    /// Keeps the accounts that `after` no longer has.
    pub(crate) fn keep_those_that_left(&self, before: &Snapshot, after: &Snapshot) {
        before
            .accounts()
            .filter(|account| after.by_account(&account.provisioned.account.id).is_none())
            .for_each(|account| self.keep(account));
    }

    /// Forgets the accounts that a snapshot has again.
    pub(crate) fn forget_those_of(&self, snapshot: &Snapshot) {
        self.0.retain(|id, _| snapshot.by_account(id).is_none());
    }
}
