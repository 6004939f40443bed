//! The counts of one account's pockets, and the refund that a ledger is to have of a message.

use std::collections::HashMap;

use tollgate_engine::bundle::{BundleNumber, BundleTake};
use tollgate_engine::cap::CapCounters;
use tollgate_engine::money::Amount;
use tollgate_engine::posting::{AccountPostings, LevelPostings};

use crate::rows::{EntryKind, LedgerEntry};

/// The counts of one account's pockets.
#[derive(Debug, Default)]
pub struct PocketCount {
    /// Bundles that entries or CDRs name.
    pub bundles: HashMap<BundleNumber, BundleCount>,
    /// The counters of caps.
    pub caps: CapCounters,
    /// The commission balance.
    pub commission: i128,
}

/// The counts of one bundle.
#[derive(Clone, Copy, Debug, Default)]
pub struct BundleCount {
    /// True if an entry has its number.
    pub is_begun: bool,
    /// Units that purchases and grants gave.
    pub given: i128,
    /// Units that are left.
    pub left: i128,
}

/// The entry that the refund of a message is to have in one account's ledger.
#[derive(Debug)]
pub struct AskedRefund {
    amount: Amount,
    commission: Amount,
    takes: Vec<BundleTake>,
}

impl AskedRefund {
    /// The refund of a message that moved nothing but a wallet.
    pub fn of(amount: Amount) -> Self {
        Self { amount, commission: Amount::ZERO, takes: Vec::new() }
    }

    /// The refund of a message in one of its accounts.
    pub fn of_level(moved: &LevelPostings) -> Self {
        let takes = moved.takes.clone();
        Self { amount: moved.posting.amount, commission: moved.commission.negated(), takes }
    }

    /// True if the entry gives back what was taken. Units that come too late for their bundle are zero there.
    pub fn is_met_by(&self, entry: &LedgerEntry) -> bool {
        let is_returned = |(take, (bundle, units)): (&BundleTake, &(BundleNumber, i64))| {
            take.bundle == *bundle && (*units == 0 || i128::from(*units) == i128::from(take.units))
        };
        (self.amount, self.commission) == (entry.amount, entry.commission)
            && self.takes.len() == entry.units.len()
            && self.takes.iter().zip(&entry.units).all(is_returned)
    }
}

impl PocketCount {
    /// Adds what a message moved.
    pub fn add(&mut self, moved: &LevelPostings) {
        for take in &moved.takes {
            self.bundles.entry(take.bundle).or_default().left -= i128::from(take.units);
        }
        for count in moved.caps.iter() {
            self.caps.count(count, moved.posting.amount.into(), 1);
        }
        self.commission += i128::from(moved.commission.micros());
    }

    /// Takes back what a message counted in caps. Units and commission come back by the refund's entry.
    pub fn uncount(&mut self, moved: &LevelPostings) {
        let mut postings = AccountPostings::of(moved.posting.account);
        postings.add(moved);
        for (count, amount, messages) in &postings.refundable().caps {
            self.caps.give_back(count, *amount, *messages);
        }
    }

    /// Adds an entry of the ledger.
    pub fn add_entry(&mut self, id: u64, entry: &LedgerEntry) {
        self.commission += i128::from(entry.commission.micros());
        for (bundle, units) in &entry.units {
            let count = self.bundles.entry(*bundle).or_default();
            count.left += i128::from(*units);
            if matches!(entry.kind, EntryKind::BundlePurchase | EntryKind::BundleGrant) {
                count.given += i128::from(*units);
                count.is_begun |= bundle.0 == id;
            }
        }
    }
}
