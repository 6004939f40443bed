//! Rows that add up others: wallets, volumes and counters of dispatches. They are changed in memory as a
//! commit grows, and written once, at its end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;
use tollgate_engine::time::Month;
use tollgate_engine::wallet::WalletState;

use crate::batch::Batch;
use crate::database::Unavailable;
use crate::rows::{DispatchCounters, Row};
use crate::schema::{Family, account_key, account_name_key, volume_key};
use crate::store::Store;

/// A counter's row as it is on disk, `None` if there is none, and as it will be.
pub type Changed<T> = (Option<T>, T);

/// Every durable wallet.
pub type Wallets = HashMap<AccountNumber, WalletState>;

/// Wallets, volumes and dispatches as the commit will leave them.
#[derive(Debug)]
pub struct Counters<'a> {
    store: &'a Store,
    durable: &'a Wallets,
    wallets: Wallets,
    volumes: HashMap<(AccountNumber, Month), Changed<u64>>,
    dispatches: HashMap<(AccountNumber, Box<[u8]>), Changed<DispatchCounters>>,
}

impl<'a> Counters<'a> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store, durable: &'a Wallets) -> Self {
        let (volumes, dispatches) = (HashMap::new(), HashMap::new());
        Self { store, durable, wallets: HashMap::new(), volumes, dispatches }
    }

    /// Reads the counters that a charge or a refund is about to change. Only this can fail, and it changes
    /// nothing: a message is folded as a whole or not at all.
    pub fn load<'d>(
        &mut self,
        account: AccountNumber,
        month: Month,
        dispatches: impl IntoIterator<Item = &'d [u8]>,
    ) -> Result<(), Unavailable> {
        self.load_dispatches(account, dispatches)?;
        if !self.volumes.contains_key(&(account, month)) {
            let before = self.durable_volume(account, month)?;
            self.volumes.insert((account, month), (before, before.unwrap_or_default()));
        }
        Ok(())
    }

    /// Reads the counters of dispatches that are about to be changed.
    pub fn load_dispatches<'d>(
        &mut self,
        account: AccountNumber,
        dispatches: impl IntoIterator<Item = &'d [u8]>,
    ) -> Result<(), Unavailable> {
        for dispatch in dispatches {
            if let Entry::Vacant(entry) = self.dispatches.entry((account, dispatch.into())) {
                let before = self.store.dispatches().counters(account, dispatch)?;
                entry.insert((before, before.unwrap_or_default()));
            }
        }
        Ok(())
    }

    /// The balance of an account with all that this commit has changed so far.
    pub fn balance(&self, account: AccountNumber) -> Total {
        self.wallet(account).balance
    }

    /// The wallet of an account with all that this commit has changed so far.
    pub fn wallet(&self, account: AccountNumber) -> WalletState {
        let changed = self.wallets.get(&account).copied();
        changed.unwrap_or_else(|| durable_wallet(self.durable, account))
    }

    /// The wallet of an account, to be changed.
    pub fn wallet_mut(&mut self, account: AccountNumber) -> &mut WalletState {
        let durable = self.durable;
        self.wallets.entry(account).or_insert_with(|| durable_wallet(durable, account))
    }

    /// The counters of a dispatch that were loaded, to be changed.
    pub fn dispatch_mut(&mut self, account: AccountNumber, dispatch: &[u8]) -> &mut DispatchCounters {
        &mut self.dispatches.entry((account, dispatch.into())).or_default().1
    }

    /// The segments of a month that were loaded, to be changed.
    pub fn volume_mut(&mut self, account: AccountNumber, month: Month) -> &mut u64 {
        &mut self.volumes.entry((account, month)).or_default().1
    }

    /// The volume in the wallet if the wallet still has segments in the month, which saves a read; otherwise the one on
    /// disk. A month in which nothing has counted yet may have a row or none.
    fn durable_volume(&self, account: AccountNumber, month: Month) -> Result<Option<u64>, Unavailable> {
        let wallet = durable_wallet(self.durable, account);
        if let Some(volume) =
            wallet.volumes.iter().find(|volume| volume.month == month && volume.segments > 0)
        {
            return Ok(Some(volume.segments));
        }
        self.store.database().number(Family::Volumes, &volume_key(account, month))
    }

    /// Writes the counters that changed, and returns the wallets that did. Counters that were loaded for a
    /// command that was then not folded have not changed.
    pub fn finish(self, batch: &mut Batch) -> Wallets {
        for (account, after) in &self.wallets {
            let before = self.durable.get(account).map(Row::to_bytes);
            batch.replace(Family::Wallets, account_key(*account), after.to_bytes(), before);
        }
        for ((account, month), (before, after)) in &self.volumes {
            if before.unwrap_or_default() != *after {
                let (key, before) =
                    (volume_key(*account, *month), before.map(|count| count.to_be_bytes().to_vec()));
                batch.replace(Family::Volumes, key, after.to_be_bytes().to_vec(), before);
            }
        }
        for ((account, dispatch), (before, after)) in &self.dispatches {
            if before.unwrap_or_default() != *after {
                let key = account_name_key(*account, dispatch);
                batch.replace(Family::Dispatches, key, after.to_bytes(), before.as_ref().map(Row::to_bytes));
            }
        }
        self.wallets
    }
}

fn durable_wallet(wallets: &Wallets, account: AccountNumber) -> WalletState {
    wallets.get(&account).copied().unwrap_or_default()
}

/// Checks that money which is paid in or taken out leaves a balance within half of what an amount can hold. Money
/// that is given back may lead beyond that.
pub fn check_balance(balance: Total) -> Result<(), Unavailable> {
    if balance.micros().unsigned_abs() <= u128::from(i64::MAX.unsigned_abs() / 2) {
        Ok(())
    } else {
        Err(Unavailable("the balance cannot hold the amount".to_owned()))
    }
}
