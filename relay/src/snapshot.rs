//! The configuration in force: tables, routes and accounts of one load, swapped whole by a reload.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::pumping::PumpingSettings;
use tollgate_engine::routing::Routes;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{BelowCostFault, BundleProduct};
use tollgate_storage::chunk::ChunkHeader;
use tollgate_storage::countries::CountryTable;

use crate::changed_accounts::ChangedAccounts;
use crate::delivery::operator_queues::OperatorQueues;

pub use crate::account_runtime::AccountRuntime;
pub use crate::active_account::ActiveAccount;

/// The tables, routes and accounts of one configuration.
#[derive(Debug)]
pub struct Snapshot {
    /// The tables that messages are rated by.
    pub tables: Tables,
    /// The countries of numbers by the same tables, as the books keep them.
    pub number_countries: Arc<CountryTable>,
    /// The number that CDRs name the tariff version with.
    pub tariff: u32,
    /// The routes to operators.
    pub routes: Routes,
    /// True if messages of accounts that set no delivery go to operators.
    pub delivers_by_default: bool,
    /// The bundles that accounts can buy.
    pub bundle_products: Vec<BundleProduct>,
    /// Prices at which accounts sell for less than they pay, where the level above them wants to know.
    pub below_cost: Vec<BelowCostFault>,
    /// The search for traffic pumping where an account sets nothing else.
    pub pumping: PumpingSettings,
    /// The queues of all operators.
    pub operator_queues: Arc<OperatorQueues>,
    /// Accounts that may bind, by `system_id`.
    pub(crate) by_system_id: HashMap<Arc<str>, Arc<ActiveAccount>>,
    pub(crate) by_account: HashMap<Arc<str>, Arc<ActiveAccount>>,
    pub(crate) by_number: HashMap<AccountNumber, Arc<ActiveAccount>>,
    /// Accounts that were changed since.
    pub(crate) changed_accounts: ChangedAccounts,
}

/// The snapshot in force. Clones share it.
#[derive(Clone, Debug)]
pub struct CurrentSnapshot(Arc<ArcSwap<Snapshot>>);

impl CurrentSnapshot {
    /// With the first one.
    pub fn new(snapshot: Snapshot) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(snapshot)))
    }

    /// The snapshot, for a moment.
    pub fn load(&self) -> Guard<Arc<Snapshot>> {
        self.0.load()
    }

    /// The snapshot, to keep.
    pub fn load_full(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    pub(crate) fn store(&self, snapshot: Snapshot) {
        self.0.store(Arc::new(snapshot));
    }
}

impl Snapshot {
    /// The fields that charges of an account share which are submitted at this instant.
    pub fn chunk_header(
        &self,
        account: &ActiveAccount,
        submitted_at: UnixMicros,
        short_ids: bool,
    ) -> ChunkHeader {
        ChunkHeader {
            submitted_at,
            tariff: self.tariff,
            plan: Arc::clone(&account.terms.account.plan),
            short_ids,
            countries: Arc::clone(&self.number_countries),
        }
    }

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

    /// The levels above an account, from its parent up: each parent that pays for its children's messages or earns on them.
    pub fn levels_above(&self, account: &ActiveAccount) -> Vec<Arc<ActiveAccount>> {
        let mut above: Vec<Arc<ActiveAccount>> = Vec::new();
        let mut parent = account.terms.account.reselling.parent.clone();
        while let Some(level) = parent.as_deref().and_then(|parent| self.by_account(parent)) {
            let reselling = &level.terms.account.reselling;
            if !reselling.chain || above.len() + 1 >= LEVELS_MAX {
                break;
            }
            parent.clone_from(&reselling.parent);
            above.push(level);
        }
        above
    }

    /// Every account in force.
    pub fn accounts(&self) -> impl Iterator<Item = Arc<ActiveAccount>> {
        self.by_account
            .values()
            .filter_map(|account| self.unchanged(account))
            .chain(self.changed_accounts.all())
    }

    /// Counts each account that is changed by itself.
    pub fn generation(&self) -> u64 {
        self.changed_accounts.generation()
    }

    /// The account, unless it was changed since.
    fn unchanged(&self, account: &Arc<ActiveAccount>) -> Option<Arc<ActiveAccount>> {
        (!self.changed_accounts.has(&account.provisioned.account.id)).then(|| Arc::clone(account))
    }
}
