//! Bundles that are given, used, ended or extended.
//!
//! Units that are taken away are gone from the bundle in memory before the change is sent, and the price of a purchase from
//! the wallet; they come back when the change is dropped without having become durable. Units that are given, and a later
//! end, come into memory once they are durable.

use std::sync::Arc;

use tollgate_engine::bundle::{Bundle, BundleNumber, BundleTake};
use tollgate_engine::money::Amount;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Wallet;

use super::entry::{EntryChange, EntryText, PostedEntry};
use crate::rows::{BundleRow, EntryKind};

/// A change of the bundles of one account, which is one entry in its ledger.
#[derive(Debug)]
pub struct BundleChange {
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) act: BundleAct,
    pub(crate) text: EntryText,
    /// Units that are out of the bundles in memory, and the bundles as they were.
    taken: Vec<(Bundle, u64)>,
    /// Money that is out of the wallet in memory.
    paid: Amount,
}

/// The way in which bundles change.
#[derive(Clone, Debug)]
pub(crate) enum BundleAct {
    /// A new bundle, whose number is the id of the entry.
    Begin(BundleRow),
    /// The rest of a bundle that has ended.
    Expire(BundleTake),
    /// A bundle that has ended goes on with a part of its rest, and the other part is lost.
    RollOver { bundle: Bundle, rest: u64, kept: u64, expires_at: UnixMicros },
    /// Tokens are used.
    Consume(Vec<BundleTake>),
    /// A bundle ends later, with more units.
    Extend { bundle: Bundle, expires_at: UnixMicros, more: u64 },
}

impl BundleChange {
    /// A bundle bought from the wallet at its price. Refused as malformed where the row is not that of a new bundle, and
    /// with `insufficient_funds` where balance and credit limit do not cover the price.
    pub fn buy(
        wallet: Arc<Wallet>,
        row: BundleRow,
        credit_limit: Amount,
        text: EntryText,
    ) -> Result<Self, Refusal> {
        if !row.is_new() {
            return Err(Refusal::Malformed);
        }
        let paid = row.price;
        if paid > Amount::ZERO {
            wallet.withdraw(paid, credit_limit)?;
        }
        Ok(Self { wallet, act: BundleAct::Begin(row), text, taken: Vec::new(), paid })
    }

    /// The same, paid by money that comes in with the same change, and by nothing else.
    pub fn buy_with(money: &mut EntryChange, row: BundleRow, text: EntryText) -> Result<Self, Refusal> {
        if !row.is_new() {
            return Err(Refusal::Malformed);
        }
        money.spend(row.price)?;
        let wallet = Arc::clone(money.wallet());
        Ok(Self { wallet, act: BundleAct::Begin(row), text, taken: Vec::new(), paid: Amount::ZERO })
    }

    /// The rest of a bundle that has ended at `due` or before. `None` where it has not, or has nothing left.
    pub fn expire(
        wallet: Arc<Wallet>,
        number: BundleNumber,
        due: UnixMicros,
        text: EntryText,
    ) -> Option<Self> {
        let (bundle, rest) = take_rest(&wallet, number, due)?;
        let act = BundleAct::Expire(BundleTake { bundle: number, units: rest });
        Some(Self { wallet, act, text, taken: vec![(bundle, rest)], paid: Amount::ZERO })
    }

    /// The rest of a bundle that is taken away before its end. `None` where it has nothing left.
    pub fn cut_short(wallet: Arc<Wallet>, number: BundleNumber, text: EntryText) -> Option<Self> {
        Self::expire(wallet, number, UnixMicros(u64::MAX), text)
    }

    /// The units of one bundle that it takes away.
    pub fn taken_of(&self, number: BundleNumber) -> u64 {
        self.taken.iter().filter(|(bundle, _)| bundle.number == number).map(|(_, units)| *units).sum()
    }

    /// A bundle that has ended at `due` or before goes on to another end, with at most so many units of its rest. `None`
    /// where it has not ended, has nothing left, or the new end is not a later one.
    pub fn roll_over(
        wallet: Arc<Wallet>,
        number: BundleNumber,
        (due, expires_at): (UnixMicros, UnixMicros),
        keep_at_most: u64,
        text: EntryText,
    ) -> Option<Self> {
        if expires_at <= due {
            return None;
        }
        let (bundle, units) = take_rest(&wallet, number, due)?;
        let (emptied, kept) = (Bundle { left: 0, ..bundle.clone() }, units.min(keep_at_most));
        let act = BundleAct::RollOver { bundle: emptied, rest: units, kept, expires_at };
        Some(Self { wallet, act, text, taken: vec![(bundle, units)], paid: Amount::ZERO })
    }

    /// Tokens that a service beside messages uses, of bundles that have not ended at `due`; the text says for what. `None` where
    /// fewer are left, or none are asked for.
    pub fn consume(wallet: Arc<Wallet>, tokens: u64, due: UnixMicros, text: EntryText) -> Option<Self> {
        if tokens == 0 {
            return None;
        }
        let (takes, taken) = wallet.change_pockets(|pockets| {
            let takes = pockets.bundles.cover_tokens(tokens, due)?;
            let taken =
                takes.iter().filter_map(|take| Some((pockets.bundles.get(take.bundle)?.clone(), take.units)));
            let taken: Vec<_> = taken.collect();
            pockets.bundles.take(&takes);
            Some((takes, taken))
        })?;
        Some(Self { wallet, act: BundleAct::Consume(takes), text, taken, paid: Amount::ZERO })
    }

    /// A bundle, as it is on disk, ends later than now, with more units or not. `None` where it would end sooner.
    pub fn extend(
        wallet: Arc<Wallet>,
        (number, row): (BundleNumber, &BundleRow),
        expires_at: UnixMicros,
        more: u64,
        text: EntryText,
    ) -> Option<Self> {
        let bundle = row.bundle(number);
        let act = BundleAct::Extend { bundle, expires_at, more };
        let (taken, paid) = (Vec::new(), Amount::ZERO);
        (expires_at >= row.expires_at).then_some(Self { wallet, act, text, taken, paid })
    }

    /// The price of a purchase.
    pub(crate) fn price(&self) -> Amount {
        match &self.act {
            BundleAct::Begin(row) => row.price,
            _ => Amount::ZERO,
        }
    }

    /// The kind of its entry.
    pub(crate) fn kind(&self) -> EntryKind {
        match &self.act {
            BundleAct::Begin(row) if row.price > Amount::ZERO => EntryKind::BundlePurchase,
            BundleAct::Begin(_) | BundleAct::Extend { .. } => EntryKind::BundleGrant,
            BundleAct::Expire(_) => EntryKind::BundleExpiry,
            BundleAct::RollOver { .. } => EntryKind::BundleRollover,
            BundleAct::Consume(_) => EntryKind::BundleConsumption,
        }
    }

    /// It is durable, as this entry.
    pub(super) fn settle(&mut self, posted: &PostedEntry) {
        (self.taken, self.paid) = (Vec::new(), Amount::ZERO);
        match &self.act {
            BundleAct::Begin(row) => {
                let bundle = row.bundle(BundleNumber(posted.id));
                self.wallet.change_pockets(|pockets| pockets.bundles.insert(bundle));
            }
            BundleAct::RollOver { bundle, kept: units, expires_at, .. }
            | BundleAct::Extend { bundle, more: units, expires_at } => {
                self.wallet.change_pockets(|pockets| {
                    // A refund may have extended it in between.
                    let known = pockets.bundles.get(bundle.number).map(|known| known.expires_at);
                    let expires_at = known.map_or(*expires_at, |known| known.max(*expires_at));
                    pockets.bundles.extend(bundle, expires_at, *units);
                });
            }
            BundleAct::Expire(_) | BundleAct::Consume(_) => {}
        }
    }
}

impl Drop for BundleChange {
    fn drop(&mut self) {
        if self.paid > Amount::ZERO {
            self.wallet.give_back(self.paid);
        }
        if !self.taken.is_empty() {
            self.wallet.change_pockets(|pockets| {
                for (bundle, units) in &self.taken {
                    pockets.bundles.put_back(bundle, *units);
                }
            });
        }
    }
}

/// Takes all that is left of a bundle that has ended, and returns it with the bundle as it was.
fn take_rest(wallet: &Wallet, number: BundleNumber, due: UnixMicros) -> Option<(Bundle, u64)> {
    wallet.change_pockets(|pockets| {
        let bundle = pockets.bundles.get(number)?.clone();
        if bundle.left == 0 || bundle.expires_at > due {
            return None;
        }
        Some((bundle, pockets.bundles.take_rest(number)))
    })
}
