//! Entries for ledgers. Money that one takes away is gone from the wallet in memory before the change is sent, and comes back
//! when the entry is dropped without having become durable.

use std::sync::Arc;

use tollgate_engine::money::{Amount, Total};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::wallet::Wallet;

use crate::rows::EntryKind;

/// The texts of a ledger entry: its author and its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryText {
    /// The author of the entry.
    pub actor: String,
    /// The reason in a few words.
    pub reference: String,
    /// The reason at length.
    pub details: String,
    /// JSON, or empty.
    pub metadata: String,
}

impl EntryText {
    /// The texts of an entry without an author.
    pub fn reference(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), ..Self::default() }
    }
}

/// An entry for an account's ledger. Money that it takes is out of the wallet in memory until the entry is
/// durable.
#[derive(Debug)]
pub struct EntryChange {
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) kind: EntryKind,
    /// Added to the balance.
    pub(crate) amount: Amount,
    pub(crate) text: EntryText,
    /// True once nothing is to be given back any more.
    settled: bool,
}

/// An entry that is in its ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostedEntry {
    /// The id of the entry.
    pub id: u64,
    /// The durable balance after it.
    pub balance_after: Total,
}

impl EntryChange {
    /// Money that comes in: zero or more. It is in the wallet once it is durable. Refused as malformed where
    /// it is less.
    pub fn credit(
        wallet: Arc<Wallet>,
        kind: EntryKind,
        amount: Amount,
        text: EntryText,
    ) -> Result<Self, Refusal> {
        if amount.is_negative() {
            return Err(Refusal::Malformed);
        }
        Ok(Self { wallet, kind, amount, text, settled: false })
    }

    /// Money that is taken away: `amount` is more than zero, and is gone from the wallet in memory from here
    /// on. Refused as malformed where it is not, and with `insufficient_funds` where balance and credit limit
    /// do not cover it.
    pub fn debit(
        wallet: Arc<Wallet>,
        kind: EntryKind,
        amount: Amount,
        credit_limit: Amount,
        text: EntryText,
    ) -> Result<Self, Refusal> {
        wallet.withdraw(amount, credit_limit)?;
        let negative = amount.negated();
        Ok(Self { wallet, kind, amount: negative, text, settled: false })
    }

    /// It is durable.
    pub(super) fn settle(&mut self) {
        self.settled = true;
        if !self.amount.is_negative() {
            self.wallet.credit(self.amount);
        }
    }
}

impl Drop for EntryChange {
    fn drop(&mut self) {
        if !self.settled && self.amount.is_negative() {
            self.wallet.give_back(self.amount.negated());
        }
    }
}
