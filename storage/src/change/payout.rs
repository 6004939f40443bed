//! Commission that is paid out.

use std::sync::Arc;

use tollgate_engine::money::{Amount, Total};
use tollgate_engine::wallet::Wallet;

use super::entry::EntryText;

/// Commission that an account has earned and is paid. It is out of the commission balance in memory until the change is
/// durable.
#[derive(Debug)]
pub struct CommissionPayout {
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) commission: Amount,
    pub(crate) to_wallet: bool,
    pub(crate) text: EntryText,
    /// True once nothing is to be given back any more.
    settled: bool,
}

impl CommissionPayout {
    /// Takes an amount out of an account's commission balance, for its wallet or to be paid outside. `None` where it is not
    /// more than zero, or the commission balance does not cover it.
    pub fn new(wallet: Arc<Wallet>, commission: Amount, to_wallet: bool, text: EntryText) -> Option<Self> {
        let is_taken = commission > Amount::ZERO
            && wallet.change_pockets(|pockets| {
                let is_covered = pockets.commission >= Total::from(commission);
                if is_covered {
                    pockets.commission -= commission;
                }
                is_covered
            });
        is_taken.then(|| Self { wallet, commission, to_wallet, text, settled: false })
    }

    /// Added to the wallet.
    pub(crate) fn amount(&self) -> Amount {
        if self.to_wallet { self.commission } else { Amount::ZERO }
    }

    /// It is durable.
    pub(super) fn settle(&mut self) {
        self.settled = true;
        self.wallet.credit(self.amount());
    }
}

impl Drop for CommissionPayout {
    fn drop(&mut self) {
        if !self.settled {
            self.wallet.change_pockets(|pockets| pockets.commission += self.commission);
        }
    }
}
