//! The rows that add up what others say: wallets, volumes, counters of dispatches and of costs. They are changed in
//! memory as a draft grows, and written once, at its end.

use std::collections::hash_map::Entry;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::Month;
use tollgate_engine::wallet::WalletState;

use super::{Draft, Fold};
use crate::database::Unavailable;
use crate::rows::{DispatchCounters, Row};
use crate::schema::{Family, account_key, account_name_key, volume_key};

impl Draft<'_> {
    /// Reads the counters that a charge or a refund is about to change. Only this can fail, and it changes nothing: a
    /// message is folded as a whole or not at all.
    pub(super) fn load<'d>(
        &mut self,
        account: AccountNumber,
        month: Month,
        dispatches: impl IntoIterator<Item = &'d [u8]>,
    ) -> Result<(), Unavailable> {
        self.load_dispatch(account, dispatches)?;
        if !self.changes.volumes.contains_key(&(account, month)) {
            let before = self.durable_volume(account, month)?;
            self.changes.volumes.insert((account, month), (before, before.unwrap_or_default()));
        }
        Ok(())
    }

    /// The same for counters of dispatches alone.
    pub(super) fn load_dispatch<'d>(
        &mut self,
        account: AccountNumber,
        dispatches: impl IntoIterator<Item = &'d [u8]>,
    ) -> Result<(), Unavailable> {
        for dispatch in dispatches {
            if let Entry::Vacant(entry) = self.changes.dispatches.entry((account, dispatch.into())) {
                let before =
                    self.store.database().row(Family::Dispatches, &account_name_key(account, dispatch))?;
                entry.insert((before, before.unwrap_or_default()));
            }
        }
        Ok(())
    }

    pub(super) fn wallet_mut(&mut self, account: AccountNumber) -> &mut WalletState {
        let fold = self.fold;
        self.changes.wallets.entry(account).or_insert_with(|| fold.wallet(account))
    }

    pub(super) fn dispatch_mut(&mut self, account: AccountNumber, dispatch: &[u8]) -> &mut DispatchCounters {
        &mut self.changes.dispatches.entry((account, dispatch.into())).or_default().1
    }

    pub(super) fn volume_mut(&mut self, account: AccountNumber, month: Month) -> &mut u64 {
        &mut self.changes.volumes.entry((account, month)).or_default().1
    }

    /// From the wallet where it still has the month, which saves a read; else from disk.
    fn durable_volume(&self, account: AccountNumber, month: Month) -> Result<Option<u64>, Unavailable> {
        let wallet = self.fold.wallet(account);
        if let Some(volume) = wallet.volumes.iter().find(|volume| volume.month == month) {
            return Ok(Some(volume.segments));
        }
        self.store.database().number(Family::Volumes, &volume_key(account, month))
    }

    /// Writes what has changed. What was loaded for something that was then not folded has not.
    pub(super) fn write_counters(&mut self) {
        let Self { fold, batch, changes, .. } = self;
        for (account, after) in &changes.wallets {
            let before = fold.wallets.get(account).map(Row::to_bytes);
            batch.replace(Family::Wallets, account_key(*account), after.to_bytes(), before);
        }
        for ((account, month), (before, after)) in &changes.volumes {
            if before.unwrap_or_default() != *after {
                let (key, before) =
                    (volume_key(*account, *month), before.map(|count| count.to_be_bytes().to_vec()));
                batch.replace(Family::Volumes, key, after.to_be_bytes().to_vec(), before);
            }
        }
        for ((account, dispatch), (before, after)) in &changes.dispatches {
            if before.unwrap_or_default() != *after {
                let key = account_name_key(*account, dispatch);
                batch.replace(Family::Dispatches, key, after.to_bytes(), before.as_ref().map(Row::to_bytes));
            }
        }
    }
}

impl Fold {
    /// The durable wallet of an account.
    pub(super) fn wallet(&self, account: AccountNumber) -> WalletState {
        self.wallets.get(&account).copied().unwrap_or_default()
    }
}

/// A balance stays within half of what an amount can hold, so that the sums that follow from it fit too: debits that
/// are still on their way to disk, and refunds.
pub fn check_balance(balance: Option<Amount>) -> Result<(), Unavailable> {
    match balance {
        Some(balance) if balance.micros().unsigned_abs() <= i64::MAX.unsigned_abs() / 2 => Ok(()),
        _ => Err(Unavailable("the balance cannot hold the amount".to_owned())),
    }
}

/// Books that do not fit into an `i64` of millionths are broken; the process must not go on writing them.
pub fn sum(left: Amount, right: Amount) -> Amount {
    let sum = left.checked_add(right);
    assert!(sum.is_some(), "a durable balance overflows: {left} + {right}");
    sum.unwrap_or(left)
}

/// What takes an amount away again.
pub fn negative(amount: Amount) -> Amount {
    Amount::from_micros(-amount.micros())
}
