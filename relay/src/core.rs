//! What is in force now: the tables that messages are rated by and the accounts that may bind, swapped whole by a
//! reload; and beside them what lives on across reloads, the wallets, throttles and bind counts.
//!
//! Provisioned are the files and what was added over the management API. A change of one account over the API swaps that
//! account alone ([`changed_accounts`]), unless it changes a price of its own, which makes a new tariff version like any other.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use dashmap::DashMap;
use parking_lot::RwLock;
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::approvals::Approvals;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{Routes, RoutingError};
use tollgate_engine::tables::{DefinitionError, Tables};
use tollgate_engine::throttle::Throttle;
use tollgate_engine::wallet::{Wallet, WalletState, Wallets};
use tollgate_storage::committer::{Committer, Provision, Provisioned};
use tollgate_storage::keys::KeyRegistry;
use tollgate_storage::store::{Store, Unavailable};

use crate::delivery::{DeliveryScheduler, OperatorQueues, OperatorSetup, ReceiptQueue};
use crate::metrics::Metrics;
use crate::reload_order::ReloadOrder;
use tollgate_provisioning::{Loaded, ProvisionedAccount, ProvisionedOperator, Provisioning};

use crate::additions::Additions;
use crate::changed_accounts::ChangedAccounts;
use crate::snapshot::{AccountRuntime, ActiveAccount, Snapshot};

/// Why a configuration cannot be applied.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// Its pieces contradict one another.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Definition(Vec<DefinitionError>),
    /// Its operators and routes contradict one another.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Routing(Vec<RoutingError>),
    /// Accounts and tariff version could not be made durable first.
    #[error(transparent)]
    Storage(#[from] Unavailable),
}

/// Everything that the parts of the daemon share.
#[derive(Debug)]
pub struct Core {
    /// What is in force.
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// What hands messages to operators.
    pub scheduler: Arc<DeliveryScheduler>,
    /// Every wallet.
    pub wallets: Wallets,
    /// The books on disk.
    pub store: Arc<Store>,
    /// The way to the single writer.
    pub committer: Committer,
    /// How long an idempotency key is remembered; from start to end, as all of `[storage]`.
    pub key_window: Duration,
    /// Idempotency keys.
    pub keys: Arc<KeyRegistry>,
    /// What is counted.
    pub metrics: Metrics,
    /// Held by whoever changes what is provisioned, from the first look to the last step.
    pub turn: tokio::sync::Mutex<()>,
    /// The files as they were read last.
    pub current: ArcSwap<Loaded>,
    /// Where a reload is ordered.
    pub reloads: mpsc::Sender<ReloadOrder>,
    /// Rung when operators were changed by other than a reload: their links are to follow.
    pub operators_changed: Notify,
    additions: RwLock<Additions>,
    runtimes: DashMap<Arc<str>, Arc<AccountRuntime>>,
    receipt_queues: ReceiptQueues,
    approvals: ApprovalsByAccount,
}

/// The receipts of every account that has some, or may get some.
type ReceiptQueues = DashMap<AccountNumber, Arc<ReceiptQueue>>;

/// What has been approved, by the id of the account: the same for every configuration.
type ApprovalsByAccount = DashMap<Arc<str>, Arc<Approvals>>;

impl Core {
    /// The first configuration on top of what the disk holds.
    pub async fn begin(
        store: Arc<Store>,
        committer: Committer,
        loaded: &Loaded,
        additions: Additions,
        reloads: mpsc::Sender<ReloadOrder>,
    ) -> Result<Self, ApplyError> {
        let wallets = Wallets::default();
        for (number, state) in store.wallets()? {
            wallets.insert(Wallet::new(number, state));
        }
        let (keys, runtimes) = (Arc::new(KeyRegistry::new(Arc::clone(&store))), DashMap::new());
        let (receipt_queues, approvals) = (ReceiptQueues::new(), ApprovalsByAccount::new());
        let lasting = SnapshotBuilder {
            store: &store,
            committer: &committer,
            wallets: &wallets,
            runtimes: &runtimes,
            approvals: &approvals,
        };
        let snapshot =
            lasting.make_snapshot(&receipt_queues, &OperatorQueues::default(), loaded, &additions).await?;
        let (snapshot, metrics) = (Arc::new(ArcSwap::from_pointee(snapshot)), Metrics::new());
        let delivery = loaded.settings.delivery.clone();
        let scheduler =
            DeliveryScheduler::new(Arc::clone(&snapshot), delivery, Arc::clone(&store), committer.clone())?;
        let key_window = Duration::from_hours(loaded.settings.storage.idempotency_window_hours.into());
        Ok(Self {
            snapshot,
            scheduler,
            wallets,
            store,
            committer,
            key_window,
            keys,
            metrics,
            turn: tokio::sync::Mutex::new(()),
            current: ArcSwap::from_pointee(loaded.clone()),
            reloads,
            operators_changed: Notify::new(),
            additions: RwLock::new(additions),
            runtimes,
            receipt_queues,
            approvals,
        })
    }

    /// Another configuration in place of the one in force, whole or not at all.
    pub async fn apply(&self, loaded: &Loaded) -> Result<(), ApplyError> {
        let _turn = self.turn.lock().await;
        let additions = self.additions();
        let snapshot = self.prepare(loaded, &additions).await?;
        self.current.store(Arc::new(loaded.clone()));
        self.enact(snapshot, additions);
        Ok(())
    }

    /// What would be in force with these files and additions. Numbers and tariff version are durable from here on, which
    /// binds nobody to anything. Whoever asks has the [`turn`](Self::turn).
    pub async fn prepare(&self, loaded: &Loaded, additions: &Additions) -> Result<Snapshot, ApplyError> {
        let Self { store, committer, wallets, runtimes, approvals, .. } = self;
        let operator_queues = Arc::clone(&self.snapshot.load().operator_queues);
        let lasting = SnapshotBuilder { store, committer, wallets, runtimes, approvals };
        lasting.make_snapshot(&self.receipt_queues, &operator_queues, loaded, additions).await
    }

    /// Puts what was prepared in force. Operators' links follow once they are told.
    pub fn enact(&self, snapshot: Snapshot, additions: Additions) {
        *self.additions.write() = additions;
        self.snapshot.store(Arc::new(snapshot));
    }

    /// What is provisioned over the management API.
    pub fn additions(&self) -> Additions {
        self.additions.read().clone()
    }

    /// Puts one account of the API in force, new or changed, and nothing else; its prices are those of a tariff version that
    /// is archived. Whoever asks has the [`turn`](Self::turn).
    pub fn put_account(
        &self,
        number: AccountNumber,
        mut provisioned: ProvisionedAccount,
    ) -> Result<Arc<ActiveAccount>, ApplyError> {
        let snapshot = self.snapshot.load();
        let id = Arc::clone(&provisioned.account.id);
        provisioned.account.approvals = self.approvals(&id);
        let terms = snapshot.tables.terms_for(provisioned.account.clone());
        let terms = Arc::new(terms.map_err(|error| ApplyError::Definition(vec![error]))?);
        let runtime = self
            .runtimes
            .entry(Arc::clone(&id))
            .or_insert_with(|| runtime_of(&self.wallets, &self.receipt_queues, number, &provisioned));
        let runtime = Arc::clone(&runtime);
        self.additions.write().accounts.insert(id, provisioned.clone());
        let account = Arc::new(ActiveAccount { provisioned, terms, runtime });
        snapshot.changed_accounts.put(&account);
        Ok(account)
    }

    /// The receipts of an account, provisioned or not.
    pub fn receipt_queue(&self, account: AccountNumber) -> Arc<ReceiptQueue> {
        receipt_queue_of(&self.receipt_queues, account)
    }

    /// What has been approved for an account, by its id. Its messages are judged by it whatever configuration is in
    /// force, and it need not be provisioned yet.
    pub fn approvals(&self, account: &Arc<str>) -> Arc<Approvals> {
        approvals_of(&self.approvals, account)
    }
}

fn approvals_of(approvals: &ApprovalsByAccount, account: &Arc<str>) -> Arc<Approvals> {
    Arc::clone(&approvals.entry(Arc::clone(account)).or_default())
}

fn receipt_queue_of(receipt_queues: &ReceiptQueues, account: AccountNumber) -> Arc<ReceiptQueue> {
    Arc::clone(&receipt_queues.entry(account).or_insert_with(|| Arc::new(ReceiptQueue::new(account))))
}

/// What lives on from one configuration to the next.
struct SnapshotBuilder<'a> {
    store: &'a Store,
    committer: &'a Committer,
    wallets: &'a Wallets,
    runtimes: &'a DashMap<Arc<str>, Arc<AccountRuntime>>,
    approvals: &'a ApprovalsByAccount,
}

impl SnapshotBuilder<'_> {
    /// Accounts, operators and tariff version are durable before anything is priced by them or sent to them, so that
    /// every CDR can be explained.
    async fn make_snapshot(
        &self,
        receipt_queues: &ReceiptQueues,
        operator_queues: &OperatorQueues,
        loaded: &Loaded,
        additions: &Additions,
    ) -> Result<Snapshot, ApplyError> {
        let provisioning = &additions.beside(&loaded.provisioning);
        let mut definition = provisioning.definition(&loaded.settings.refusals);
        for account in &mut definition.accounts {
            account.approvals = approvals_of(self.approvals, &account.id);
        }
        let tables = Tables::build(definition).map_err(ApplyError::Definition)?;
        let Provisioned { accounts, operators, tariff } = provision(self.committer, provisioning).await?;
        let routing = provisioning.routing_definition(&operators);
        let routes = Routes::build(routing, &tables.networks).map_err(ApplyError::Routing)?;
        let operator_queues = Arc::new(
            operator_queues.after(&self.operators(provisioning, &operators)?, &loaded.settings.delivery),
        );
        let mut snapshot = Snapshot {
            tables,
            tariff,
            routes,
            operator_queues,
            by_system_id: HashMap::new(),
            by_account: HashMap::new(),
            by_number: HashMap::new(),
            changed_accounts: ChangedAccounts::default(),
        };
        for (provisioned, number) in provisioning.accounts.iter().zip(accounts) {
            let Some(terms) = snapshot.tables.terms(&provisioned.account.id) else { continue };
            let runtime = self
                .runtimes
                .entry(Arc::clone(&provisioned.account.id))
                .or_insert_with(|| runtime_of(self.wallets, receipt_queues, number, provisioned));
            let mut provisioned = provisioned.clone();
            provisioned.account.approvals = Arc::clone(&terms.account.approvals);
            let (terms, runtime) = (Arc::clone(terms), Arc::clone(&runtime));
            let account = Arc::new(ActiveAccount { provisioned, terms, runtime });
            snapshot.by_system_id.insert(Arc::clone(&account.provisioned.system_id), Arc::clone(&account));
            snapshot.by_number.insert(number, Arc::clone(&account));
            snapshot.by_account.insert(Arc::clone(&account.provisioned.account.id), account);
        }
        Ok(snapshot)
    }

    fn operators(
        &self,
        provisioning: &Provisioning,
        numbers: &[OperatorNumber],
    ) -> Result<OperatorSetup, Unavailable> {
        let provisioned = provisioning.operators.iter().zip(numbers).map(|(operator, number)| {
            let mut operator: ProvisionedOperator = operator.clone();
            operator.operator.number = *number;
            Arc::new(operator)
        });
        let known = self.store.operators()?.into_iter().map(|(number, row)| (number, row.code.into()));
        Ok(OperatorSetup { provisioned: provisioned.collect(), known: known.collect() })
    }
}

/// The wallet was loaded from disk, or its opening balance has become durable just now.
fn runtime_of(
    wallets: &Wallets,
    receipt_queues: &ReceiptQueues,
    number: AccountNumber,
    provisioned: &ProvisionedAccount,
) -> Arc<AccountRuntime> {
    let wallet = wallets.get(number).unwrap_or_else(|| {
        let state = WalletState { balance: provisioned.opening_balance, ..WalletState::default() };
        wallets.insert(Wallet::new(number, state))
    });
    let (throttle, binds, receipt_queue) =
        (Throttle::default(), AtomicU32::new(0), receipt_queue_of(receipt_queues, number));
    Arc::new(AccountRuntime { wallet, throttle, binds, receipt_queue })
}

async fn provision(committer: &Committer, provisioning: &Provisioning) -> Result<Provisioned, Unavailable> {
    let accounts = provisioning
        .accounts
        .iter()
        .map(|provisioned| {
            let account = &provisioned.account;
            (Arc::clone(&account.id), account.currency.to_string(), provisioned.opening_balance)
        })
        .collect();
    let tariff_files = provisioning
        .archive
        .iter()
        .map(|file| (file.name.to_string(), file.bytes.as_deref().unwrap_or(&file.digest).to_vec()))
        .collect();
    let operators =
        provisioning.operators.iter().map(|operator| Arc::clone(&operator.operator.code)).collect();
    let (reply, answer) = oneshot::channel();
    let tariff_version = Arc::clone(&provisioning.version);
    let (committer, request) =
        (committer.clone(), Provision { accounts, operators, tariff_version, tariff_files, reply });
    // Sending may wait for room in the queue, which must not hold up other tasks.
    let sent = tokio::task::spawn_blocking(move || committer.provision(request)).await;
    sent.map_err(|error| Unavailable(error.to_string()))?;
    answer.await.unwrap_or_else(|_| Err(Unavailable("the committer has stopped".to_owned())))
}

impl AccountRuntime {
    /// Takes a place among the account's binds, if one is free.
    pub fn take_bind(&self, max: u32) -> bool {
        let taken = self
            .binds
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < max).then_some(open + 1));
        taken.is_ok()
    }

    /// Gives the place back.
    pub fn give_back_bind(&self) {
        self.binds.fetch_sub(1, Ordering::Relaxed);
    }
}
