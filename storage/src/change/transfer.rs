//! Money that goes from one wallet to another: a parent funds a child, or takes money back.

use std::sync::Arc;

use tollgate_engine::money::Amount;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::wallet::Wallet;

use super::entry::EntryText;

/// Money from one wallet for another. It is out of the one in memory until the change is durable, and in the other from
/// then on.
#[derive(Debug)]
pub struct TransferChange {
    pub(crate) from: Arc<Wallet>,
    pub(crate) to: Arc<Wallet>,
    pub(crate) taken: Amount,
    pub(crate) given: Amount,
    pub(crate) text: EntryText,
    /// True once nothing is to be given back any more.
    settled: bool,
}

impl TransferChange {
    /// Takes an amount out of the one wallet; `given` is what comes into the other, in its own currency. Refused as
    /// malformed where one of them is not more than zero or the wallets are one, and with `insufficient_funds` where
    /// balance and credit limit of the one that pays do not cover it.
    pub fn new(
        from: Arc<Wallet>,
        to: Arc<Wallet>,
        (taken, given): (Amount, Amount),
        credit_limit: Amount,
        text: EntryText,
    ) -> Result<Self, Refusal> {
        if given <= Amount::ZERO || from.number() == to.number() {
            return Err(Refusal::Malformed);
        }
        from.withdraw(taken, credit_limit)?;
        Ok(Self { from, to, taken, given, text, settled: false })
    }

    /// It is durable.
    pub(super) fn settle(&mut self) {
        self.settled = true;
        self.to.credit(self.given);
    }
}

impl Drop for TransferChange {
    fn drop(&mut self) {
        if !self.settled {
            self.from.give_back(self.taken);
        }
    }
}
