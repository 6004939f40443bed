//! What is in force: one configuration, applied, with the accounts that may bind.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::routing::Routes;
use tollgate_engine::tables::{Tables, Terms};
use tollgate_engine::throttle::Throttle;
use tollgate_engine::wallet::Wallet;
use tollgate_provisioning::ProvisionedAccount;

use crate::changed_accounts::ChangedAccounts;
use crate::delivery::{OperatorQueues, ReceiptQueue};

/// One configuration, applied.
#[derive(Debug)]
pub struct Snapshot {
    /// What messages are rated by.
    pub tables: Tables,
    /// The number that CDRs name the tariff version with.
    pub tariff: u32,
    /// Which operators take which messages; empty where none are provisioned and messages are charged only.
    pub routes: Routes,
    /// Every operator's lane.
    pub operator_queues: Arc<OperatorQueues>,
    /// Who may bind, by `system_id`.
    pub(crate) by_system_id: HashMap<Arc<str>, Arc<ActiveAccount>>,
    pub(crate) by_account: HashMap<Arc<str>, Arc<ActiveAccount>>,
    pub(crate) by_number: HashMap<AccountNumber, Arc<ActiveAccount>>,
    /// Accounts that were changed since.
    pub(crate) changed_accounts: ChangedAccounts,
}

/// An account as its sessions need it.
#[derive(Debug)]
pub struct ActiveAccount {
    /// As provisioned.
    pub provisioned: ProvisionedAccount,
    /// What messages are priced by.
    pub terms: Arc<Terms>,
    /// What outlives a reload.
    pub runtime: Arc<AccountRuntime>,
}

/// What an account has beyond its configuration.
#[derive(Debug)]
pub struct AccountRuntime {
    /// Its money.
    pub wallet: Arc<Wallet>,
    /// Its messages per second.
    pub throttle: Throttle,
    /// Its open binds.
    pub binds: AtomicU32,
    /// Its receipts.
    pub receipt_queue: Arc<ReceiptQueue>,
}

impl Snapshot {
    /// The account that binds by this name.
    pub fn by_system_id(&self, system_id: &[u8]) -> Option<Arc<ActiveAccount>> {
        let system_id = std::str::from_utf8(system_id).ok()?;
        self.changed_accounts
            .by_system_id(system_id)
            .or_else(|| self.unchanged(self.by_system_id.get(system_id)?))
    }

    /// An account by its id.
    pub fn by_account(&self, id: &str) -> Option<Arc<ActiveAccount>> {
        self.changed_accounts.by_id(id).or_else(|| self.by_account.get(id).cloned())
    }

    /// An account by its number on disk.
    pub fn by_number(&self, number: AccountNumber) -> Option<Arc<ActiveAccount>> {
        self.changed_accounts.by_number(number).or_else(|| self.by_number.get(&number).cloned())
    }

    /// Every account in force.
    pub fn accounts(&self) -> impl Iterator<Item = Arc<ActiveAccount>> {
        self.by_account
            .values()
            .filter_map(|account| self.unchanged(account))
            .chain(self.changed_accounts.all())
    }

    /// Counted on with each account that is changed by itself.
    pub fn generation(&self) -> u64 {
        self.changed_accounts.generation()
    }

    /// The account, unless it is another one by now.
    fn unchanged(&self, account: &Arc<ActiveAccount>) -> Option<Arc<ActiveAccount>> {
        (!self.changed_accounts.has(&account.provisioned.account.id)).then(|| Arc::clone(account))
    }
}
