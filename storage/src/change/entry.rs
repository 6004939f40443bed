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
    /// Money that is out of the wallet in memory until the entry is durable.
    held: Amount,
    /// Money that comes into the wallet in memory once it is: what comes in, less what it pays for in the same change.
    coming: Amount,
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
        Ok(Self { wallet, kind, amount, text, held: Amount::ZERO, coming: amount })
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
        Ok(Self { wallet, kind, amount: amount.negated(), text, held: amount, coming: Amount::ZERO })
    }

    /// Money of the same wallet that is taken away by the same change as this comes in, and after it: `amount` is more than
    /// zero. As far as this reaches the wallet in memory never has the one nor the other, so that nobody is refused meanwhile
    /// for what is paid; only the rest is taken from it as by [`debit`](Self::debit), and refused like that.
    pub fn pay(
        &mut self,
        kind: EntryKind,
        amount: Amount,
        credit_limit: Amount,
        text: EntryText,
    ) -> Result<Self, Refusal> {
        if amount <= Amount::ZERO {
            return Err(Refusal::Malformed);
        }
        let covered = amount.min(self.coming);
        let held = amount.minus(covered);
        if held > Amount::ZERO {
            self.wallet.withdraw(held, credit_limit)?;
        }
        self.coming = self.coming.minus(covered);
        let wallet = Arc::clone(&self.wallet);
        Ok(Self { wallet, kind, amount: amount.negated(), text, held, coming: Amount::ZERO })
    }

    /// Gives up what comes in for something of the same change that is not an entry. Refused with `insufficient_funds` where
    /// it does not reach.
    pub(super) fn spend(&mut self, amount: Amount) -> Result<(), Refusal> {
        if amount > self.coming {
            return Err(Refusal::InsufficientFunds);
        }
        self.coming = self.coming.minus(amount);
        Ok(())
    }

    /// The wallet that it is of.
    pub(super) fn wallet(&self) -> &Arc<Wallet> {
        &self.wallet
    }

    /// It is durable.
    pub(super) fn settle(&mut self) {
        self.held = Amount::ZERO;
        if self.coming > Amount::ZERO {
            self.wallet.credit(self.coming);
        }
    }
}

impl Drop for EntryChange {
    fn drop(&mut self) {
        if self.held > Amount::ZERO {
            self.wallet.give_back(self.held);
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::account::AccountNumber;
    use tollgate_engine::money::Total;
    use tollgate_engine::wallet::WalletState;

    use super::*;

    fn micros(amount: i64) -> Amount {
        Amount::from_micros(amount)
    }

    fn money(wallet: &Arc<Wallet>, amount: i64) -> EntryChange {
        let text = EntryText::reference("pay_1");
        EntryChange::credit(Arc::clone(wallet), EntryKind::Payment, micros(amount), text).unwrap()
    }

    #[test]
    fn what_comes_in_pays_without_the_wallet_having_either() {
        let state = WalletState { balance: Total::from_micros(7), ..WalletState::default() };
        let wallet = Arc::new(Wallet::new(AccountNumber(1), state));
        let balance = || wallet.state().balance;
        let pay = |money: &mut EntryChange, amount| {
            money.pay(EntryKind::Subscription, micros(amount), Amount::ZERO, EntryText::default())
        };
        let mut come = money(&wallet, 40);
        let mut paid = pay(&mut come, 30).unwrap();
        assert_eq!((balance(), paid.amount), (Total::from_micros(7), micros(-30)));
        // The rest of another is the wallet's.
        let mut second = pay(&mut come, 15).unwrap();
        assert_eq!(balance(), Total::from_micros(2));
        assert_eq!(pay(&mut come, 3).unwrap_err(), Refusal::InsufficientFunds);
        assert_eq!(pay(&mut come, 0).unwrap_err(), Refusal::Malformed);
        for entry in [&mut come, &mut paid, &mut second] {
            entry.settle();
        }
        drop((come, paid, second));
        assert_eq!(balance(), Total::from_micros(2), "7 and 40, less 30 and 15");

        let mut come = money(&wallet, 10);
        assert_eq!(come.spend(micros(11)), Err(Refusal::InsufficientFunds));
        come.spend(micros(4)).unwrap();
        let undone = pay(&mut come, 8).unwrap();
        assert_eq!(balance(), Total::ZERO);
        drop((come, undone));
        assert_eq!(balance(), Total::from_micros(2), "nothing of it became durable");
    }
}
