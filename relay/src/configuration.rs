//! The configuration in force, and how it is changed: by a reload of the files, or by the management API.
//!
//! It is made of the files and of the additions of the management API. A change of one account over the API swaps that
//! account alone ([`changed_accounts`](crate::changed_accounts)), unless it changes a price of its own, which makes a new
//! tariff version like any other.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use tollgate_engine::account::AccountNumber;
use tollgate_provisioning::{Loaded, ProvisionedAccount};
use tollgate_storage::store::Unavailable;

use crate::account_runtimes::AccountRuntimes;
use crate::active_account::ActiveAccount;
use crate::additions::Additions;
use crate::books::Books;
use crate::delivery::operator_queues::{CurrentOperatorQueues, OperatorQueues};
use crate::snapshot::CurrentSnapshot;
use crate::snapshot_builder::{ApplyError, Prepared, SnapshotBuilder};

/// The configuration in force.
#[derive(Debug)]
pub struct Configuration {
    snapshot: CurrentSnapshot,
    operator_queues: CurrentOperatorQueues,
    /// The files as they were read last.
    files: ArcSwap<Loaded>,
    /// Held by whoever changes what is in force, from the first look to the last step.
    additions: Mutex<Additions>,
    builder: SnapshotBuilder,
    accounts: Arc<AccountRuntimes>,
    books: Books,
}

impl Configuration {
    /// Puts the first configuration in force, on top of what the disk holds. Waits for the disk.
    pub fn begin(
        books: Books,
        accounts: Arc<AccountRuntimes>,
        operator_queues: CurrentOperatorQueues,
        loaded: Loaded,
        additions: Additions,
    ) -> Result<Self, ApplyError> {
        let builder = SnapshotBuilder::new(books.clone(), Arc::clone(&accounts));
        let prepared = builder.prepare(&loaded, additions, &OperatorQueues::default())?;
        operator_queues.follow(prepared.operator_queues);
        Ok(Self {
            snapshot: CurrentSnapshot::new(prepared.snapshot),
            operator_queues,
            files: ArcSwap::from_pointee(loaded),
            additions: Mutex::new(prepared.additions),
            builder,
            accounts,
            books,
        })
    }

    /// The snapshot that is in force, now and after each change.
    pub fn snapshot(&self) -> &CurrentSnapshot {
        &self.snapshot
    }

    /// The files as they were read last.
    pub fn files(&self) -> Arc<Loaded> {
        self.files.load_full()
    }

    /// Accounts and operators of the management API. Waits for a change that is under way.
    pub fn additions(&self) -> Additions {
        self.additions.lock().clone()
    }

    /// Begins a change, which nobody else can do meanwhile. Waits for one that is under way.
    pub fn change(&self) -> ConfigurationChange<'_> {
        ConfigurationChange { configuration: self, additions: self.additions.lock() }
    }
}

/// The right to change what is in force.
#[derive(Debug)]
pub struct ConfigurationChange<'a> {
    configuration: &'a Configuration,
    additions: MutexGuard<'a, Additions>,
}

impl ConfigurationChange<'_> {
    /// Accounts and operators of the management API.
    pub fn additions(&self) -> &Additions {
        &self.additions
    }

    /// Puts other files in force, whole or not at all. Waits for the disk.
    pub fn apply(&mut self, loaded: Arc<Loaded>) -> Result<(), ApplyError> {
        let prepared = self.prepare_with(&loaded, self.additions.clone())?;
        self.configuration.files.store(loaded);
        self.enact(prepared);
        Ok(())
    }

    /// Prepares a snapshot with these additions. Waits for the disk.
    pub fn prepare(&self, additions: Additions) -> Result<Prepared, ApplyError> {
        self.prepare_with(&self.configuration.files(), additions)
    }

    fn prepare_with(&self, loaded: &Loaded, additions: Additions) -> Result<Prepared, ApplyError> {
        let operator_queues = Arc::clone(&self.configuration.snapshot.load().operator_queues);
        self.configuration.builder.prepare(loaded, additions, &operator_queues)
    }

    /// Puts what was prepared in force. Operators' links follow once they are told.
    pub fn enact(&mut self, prepared: Prepared) {
        let Prepared { snapshot, additions, operator_queues } = prepared;
        *self.additions = additions;
        // First the queues: a message that is routed by the snapshot finds its queue.
        self.configuration.operator_queues.follow(operator_queues);
        self.configuration.snapshot.store(snapshot);
    }

    /// Checks that a configuration with these additions contradicts itself nowhere. Nothing is written.
    pub fn check(&self, additions: &Additions) -> Result<(), ApplyError> {
        self.configuration.builder.tables(&self.configuration.files(), additions).map(drop)
    }

    /// The number that stands for an account on disk, whose wallet is taken into memory; `None` for one without books.
    /// Reads the disk.
    pub fn load_account(&self, id: &str) -> Result<Option<AccountNumber>, Unavailable> {
        let Configuration { accounts, books, .. } = self.configuration;
        let known = books.store.provisioned().accounts()?;
        let number = known.into_iter().find(|(_, row)| row.id == id).map(|(number, _)| number);
        if let Some(number) = number {
            accounts.load_wallet(&books.store, number)?;
        }
        Ok(number)
    }

    /// Puts one account of the API in force, new or changed, and nothing else; its prices are those of a tariff version
    /// that is archived.
    pub fn put_account(
        &mut self,
        number: AccountNumber,
        mut provisioned: ProvisionedAccount,
    ) -> Result<Arc<ActiveAccount>, ApplyError> {
        let Configuration { snapshot, accounts, .. } = self.configuration;
        let snapshot = snapshot.load();
        let id = Arc::clone(&provisioned.account.id);
        provisioned.account.approvals = accounts.approvals(&id);
        let terms = snapshot.tables.terms_for(provisioned.account.clone());
        let terms = Arc::new(terms.map_err(|error| ApplyError::Definition(vec![error]))?);
        let runtime = accounts.runtime(number, &provisioned);
        self.additions.accounts.insert(id, provisioned.clone());
        let account = Arc::new(ActiveAccount { provisioned, terms, runtime });
        snapshot.changed_accounts.put(&account);
        Ok(account)
    }
}
