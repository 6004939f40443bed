//! Accounts that were changed one at a time since the tables were made, in front of those that the tables were made with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use tollgate_engine::account::AccountNumber;

use crate::active_account::ActiveAccount;

/// The changed accounts, by each of their names.
#[derive(Debug, Default)]
pub struct ChangedAccounts {
    by_id: DashMap<Arc<str>, Arc<ActiveAccount>>,
    by_system_id: DashMap<Arc<str>, Arc<ActiveAccount>>,
    by_number: DashMap<AccountNumber, Arc<ActiveAccount>>,
    generation: AtomicU64,
}

impl ChangedAccounts {
    /// Grows with each change. A session that sees another number looks its account up again.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Puts an account in front of its earlier version.
    pub fn put(&self, account: &Arc<ActiveAccount>) {
        let id = Arc::clone(&account.provisioned.account.id);
        if let Some(before) = self.by_id.insert(id, Arc::clone(account)) {
            self.by_system_id.remove(&before.provisioned.system_id);
        }
        self.by_system_id.insert(Arc::clone(&account.provisioned.system_id), Arc::clone(account));
        self.by_number.insert(account.runtime.wallet.number(), Arc::clone(account));
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// True if an account of this id was changed.
    pub fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<Arc<ActiveAccount>> {
        self.by_id.get(id).map(|entry| Arc::clone(entry.value()))
    }

    pub(crate) fn by_system_id(&self, system_id: &str) -> Option<Arc<ActiveAccount>> {
        self.by_system_id.get(system_id).map(|entry| Arc::clone(entry.value()))
    }

    pub(crate) fn by_number(&self, number: AccountNumber) -> Option<Arc<ActiveAccount>> {
        self.by_number.get(&number).map(|entry| Arc::clone(entry.value()))
    }

    pub(crate) fn all(&self) -> Vec<Arc<ActiveAccount>> {
        self.by_id.iter().map(|entry| Arc::clone(entry.value())).collect()
    }
}
