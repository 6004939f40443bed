//! Entries of the ledger: what changes a balance and is not a charge.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;

use super::Draft;
use super::counters::{check_balance, sum};
use crate::rows::{EntryKind, LedgerEntry, Row};
use crate::schema::{Family, account_id_key};
use crate::store::Unavailable;

impl Draft<'_> {
    /// Adds an entry to an account's ledger, if the balance can hold it.
    pub(super) fn add(
        &mut self,
        account: AccountNumber,
        kind: EntryKind,
        amount: Amount,
        reference: &str,
    ) -> Result<(), Unavailable> {
        let wallet = self.changes.wallets.get(&account).copied().unwrap_or_else(|| self.fold.wallet(account));
        check_balance(wallet.balance.checked_add(amount))?;
        self.post(account, kind, amount, reference.to_owned());
        Ok(())
    }

    pub(super) fn post(
        &mut self,
        account: AccountNumber,
        kind: EntryKind,
        amount: Amount,
        reference: String,
    ) {
        let id = self.take_entry_id();
        let entry = LedgerEntry { kind, amount, at: self.now, reference };
        self.batch.insert(Family::Ledger, account_id_key(account, id), entry.to_bytes());
        let wallet = self.wallet_mut(account);
        wallet.balance = sum(wallet.balance, amount);
    }
}
