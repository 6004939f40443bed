//! Entries of the ledger: what changes a balance and is not a charge.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;

use super::Draft;
use super::counters::sum;
use crate::change::{EntryText, PostedEntry};
use crate::rows::{EntryKind, LedgerEntry, Row};
use crate::schema::{Family, account_id_key};

impl Draft<'_> {
    /// What an account has, with all that this commit has changed so far.
    pub(super) fn balance(&self, account: AccountNumber) -> Amount {
        let changed = self.changes.wallets.get(&account).copied();
        changed.unwrap_or_else(|| self.fold.wallet(account)).balance
    }

    /// Adds an entry to an account's ledger. The balance was seen to hold it.
    pub(super) fn post(
        &mut self,
        account: AccountNumber,
        kind: EntryKind,
        amount: Amount,
        text: EntryText,
    ) -> PostedEntry {
        let id = self.take_entry_id();
        let wallet = self.wallet_mut(account);
        wallet.balance = sum(wallet.balance, amount);
        let balance_after = wallet.balance;
        let EntryText { actor, reference, details, metadata } = text;
        let entry = LedgerEntry {
            kind,
            amount,
            at: self.now,
            reference,
            balance_after: Some(balance_after),
            actor,
            details,
            metadata,
        };
        self.batch.insert(Family::Ledger, account_id_key(account, id), entry.to_bytes());
        PostedEntry { id, balance_after }
    }
}
