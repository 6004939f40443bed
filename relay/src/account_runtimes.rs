//! The state of every account that outlives a reload: wallets, throttles, binds, receipts and approvals.

use std::collections::HashMap;
use std::sync::Arc;

use dashmap::DashMap;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::approvals::Approvals;
use tollgate_engine::pockets::Pockets;
use tollgate_engine::wallet::{Wallet, WalletState, Wallets};
use tollgate_storage::store::{Store, Unavailable};

use crate::account_runtime::AccountRuntime;
use crate::delivery::receipt_queue::ReceiptQueue;
use crate::detectors::Detectors;

/// Wallets and states, by number on disk or by the account's id.
#[derive(Debug, Default)]
pub struct AccountRuntimes {
    wallets: Wallets,
    runtimes: DashMap<Arc<str>, Arc<AccountRuntime>>,
    receipt_queues: DashMap<AccountNumber, Arc<ReceiptQueue>>,
    approvals: DashMap<Arc<str>, Arc<Approvals>>,
    detectors: Arc<Detectors>,
}

impl AccountRuntimes {
    /// With every wallet that the books have, and the pockets beside it.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        let runtimes = Self::default();
        let pockets = store.pockets().all(tollgate_storage::clock::due())?;
        let mut pockets: HashMap<AccountNumber, Pockets> = pockets.into_iter().collect();
        for (number, state) in store.wallets().all()? {
            let pockets = pockets.remove(&number).unwrap_or_default();
            runtimes.wallets.insert(Wallet::with_pockets(number, state, pockets));
        }
        Ok(runtimes)
    }

    /// The wallet of an account.
    pub fn wallet(&self, number: AccountNumber) -> Option<Arc<Wallet>> {
        self.wallets.get(number)
    }

    /// The accounts that have a detector of traffic pumping now.
    pub fn detectors(&self) -> &Detectors {
        &self.detectors
    }

    /// The number of wallets.
    pub fn wallets_len(&self) -> usize {
        self.wallets.len()
    }

    /// The receipts of an account, provisioned or not.
    pub fn receipt_queue(&self, account: AccountNumber) -> Arc<ReceiptQueue> {
        let queue =
            self.receipt_queues.entry(account).or_insert_with(|| Arc::new(ReceiptQueue::new(account)));
        Arc::clone(&queue)
    }

    /// The approvals of an account, by its id. Its messages are judged by them whatever configuration is in force, and
    /// it need not be provisioned yet.
    pub fn approvals(&self, account: &Arc<str>) -> Arc<Approvals> {
        Arc::clone(&self.approvals.entry(Arc::clone(account)).or_default())
    }

    /// The state of an account, made on first use. A wallet that was not loaded from disk became durable just now:
    /// `durable` is what the commit made of it.
    pub fn runtime(&self, id: &Arc<str>, number: AccountNumber, durable: WalletState) -> Arc<AccountRuntime> {
        let runtime = self.runtimes.entry(Arc::clone(id)).or_insert_with(|| {
            let wallet = self.wallets.get(number);
            let wallet = wallet.unwrap_or_else(|| self.wallets.insert(Wallet::new(number, durable)));
            let detectors = Arc::clone(&self.detectors);
            Arc::new(AccountRuntime::new(wallet, self.receipt_queue(number), detectors))
        });
        Arc::clone(&runtime)
    }
}
