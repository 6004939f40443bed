//! Pockets of accounts as the commit will leave them: bundles, counters of caps, commission balances, and beside them what
//! accounts have sold to their children.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::bundle::{Bundle, BundleNumber, BundleTake};
use tollgate_engine::cap::{CapCount, CapCounters, CapNumber};
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::posting::{AccountPostings, LevelPostings};
use tollgate_engine::time::UnixMicros;

use super::kept_rows::{KeptRows, RowKey, RowsDraft};
use super::output::GivenBack;
use crate::batch::Batch;
use crate::database::{Unavailable, damaged};
use crate::resales::{self, ResaleKey};
use crate::rows::{BundleRow, CapRow, CommissionRow, ResaleRow};
use crate::schema::{Family, account_key, bundle_key, cap_key};
use crate::store::Store;

/// A bundle by its account and number.
pub type BundleKey = (AccountNumber, BundleNumber);

type CapKey = (AccountNumber, CapNumber);

/// Pockets as they are on disk, as far as they were needed lately.
#[derive(Debug, Default)]
pub struct KeptPockets {
    bundles: KeptRows<BundleKey, BundleRow>,
    caps: KeptRows<CapKey, CapRow>,
    commissions: KeptRows<AccountNumber, CommissionRow>,
    resales: KeptRows<ResaleKey, ResaleRow>,
}

/// Pockets that a commit has read or changed.
#[derive(Debug)]
pub struct PocketChanges {
    bundles: HashMap<BundleKey, Option<BundleRow>>,
    caps: HashMap<CapKey, Option<CapRow>>,
    commissions: HashMap<AccountNumber, Option<CommissionRow>>,
    resales: HashMap<ResaleKey, Option<ResaleRow>>,
}

/// Pockets as the commit will leave them.
#[derive(Debug)]
pub struct PocketDraft<'a> {
    bundles: RowsDraft<'a, BundleKey, BundleRow>,
    caps: RowsDraft<'a, CapKey, CapRow>,
    commissions: RowsDraft<'a, AccountNumber, CommissionRow>,
    resales: RowsDraft<'a, ResaleKey, ResaleRow>,
}

/// The times by which a refund finds out if a bundle has ended: that of the commit, and that of deadlines.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The time of the commit.
    pub now: UnixMicros,
    /// Whatever ends at this instant or before has ended.
    pub due: UnixMicros,
}

impl RowKey for BundleKey {
    const FAMILY: Family = Family::Bundles;

    fn to_octets(self) -> Vec<u8> {
        bundle_key(self.0, self.1).to_vec()
    }
}

impl RowKey for CapKey {
    const FAMILY: Family = Family::Caps;

    fn to_octets(self) -> Vec<u8> {
        cap_key(self.0, self.1).to_vec()
    }
}

impl RowKey for AccountNumber {
    const FAMILY: Family = Family::Commissions;

    fn to_octets(self) -> Vec<u8> {
        account_key(self).to_vec()
    }
}

impl RowKey for ResaleKey {
    const FAMILY: Family = Family::Resales;

    fn to_octets(self) -> Vec<u8> {
        ResaleKey::to_octets(self).to_vec()
    }
}

impl KeptPockets {
    /// Takes over what is durable.
    pub fn advance(&mut self, changes: PocketChanges) {
        self.bundles.advance(changes.bundles);
        self.caps.advance(changes.caps);
        self.commissions.advance(changes.commissions);
        self.resales.advance(changes.resales);
    }
}

impl<'a> PocketDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store, kept: &'a KeptPockets) -> Self {
        Self {
            bundles: RowsDraft::new(store, &kept.bundles),
            caps: RowsDraft::new(store, &kept.caps),
            commissions: RowsDraft::new(store, &kept.commissions),
            resales: RowsDraft::new(store, &kept.resales),
        }
    }

    /// Reads all that postings of an account are about to change. Only this can fail, and it changes nothing.
    pub fn load(&mut self, postings: &AccountPostings) -> Result<(), Unavailable> {
        let AccountPostings { account, takes, caps, commission, .. } = postings;
        takes.iter().try_for_each(|take| self.load_bundle((*account, take.bundle)).map(drop))?;
        caps.iter().try_for_each(|(count, ..)| self.caps.load((*account, count.cap)).map(drop))?;
        if *commission != Total::ZERO {
            self.commissions.load(*account)?;
        }
        Ok(())
    }

    /// Reads what accounts have sold and is about to be changed.
    pub fn load_resales(&mut self, keys: impl IntoIterator<Item = ResaleKey>) -> Result<(), Unavailable> {
        keys.into_iter().try_for_each(|key| self.resales.load(key).map(drop))
    }

    /// A bundle that is known to be there.
    pub fn load_bundle(&mut self, key: BundleKey) -> Result<&BundleRow, Unavailable> {
        self.bundles.load(key)?.ok_or_else(|| damaged(Family::Bundles))
    }

    /// A bundle that may not be there.
    pub fn find_bundle(&mut self, key: BundleKey) -> Result<Option<&BundleRow>, Unavailable> {
        self.bundles.load(key)
    }

    /// The commission balance of an account.
    pub fn load_commission(&mut self, account: AccountNumber) -> Result<Total, Unavailable> {
        Ok(self.commissions.load(account)?.copied().unwrap_or_default().0)
    }

    /// Applies what messages move in an account beside its wallet.
    pub fn apply(&mut self, postings: &AccountPostings) {
        let AccountPostings { account, takes, caps, commission, .. } = postings;
        self.take(*account, takes);
        for (count, amount, messages) in caps {
            self.count(*account, count, |counters| counters.count(count, *amount, *messages));
        }
        self.earn(*account, *commission);
    }

    /// Adds what accounts have sold.
    pub fn add_resales<'k>(&mut self, sold: impl IntoIterator<Item = (&'k ResaleKey, &'k ResaleRow)>) {
        for (key, added) in sold {
            self.resales.row_mut(*key).get_or_insert_default().add(added);
        }
    }

    /// Notes that accounts have sold to others.
    pub fn mark_resales(&mut self, marks: impl IntoIterator<Item = ResaleKey>) {
        for mark in marks {
            self.resales.row_mut(mark).get_or_insert_default();
        }
    }

    /// Takes away what accounts have sold with a message whose charge is given back. Its row stays, also with nothing in it:
    /// it says whom an account has ever sold to.
    pub fn remove_resales(&mut self, beside: &Beside) {
        for (key, removed) in resales::contributions(beside) {
            self.resales.row_mut(key).get_or_insert_default().remove(&removed);
        }
    }

    /// Gives back everything that a message moved in an account beside its wallet. Returns the units for the ledger, and
    /// what the wallet in memory takes back.
    pub fn give_back(
        &mut self,
        moved: &LevelPostings,
        times: Times,
    ) -> (Vec<(BundleNumber, i64)>, GivenBack) {
        let account = moved.posting.account;
        let mut postings = AccountPostings::of(account);
        postings.add(moved);
        let mut postings = postings.refundable();
        let (mut units, mut extended) = (Vec::new(), Vec::new());
        postings.takes.retain(|take| {
            let returned = self.return_units(account, take, times, &mut extended);
            units.push((take.bundle, if returned { signed(take.units) } else { 0 }));
            returned
        });
        for (count, amount, messages) in &postings.caps {
            self.count(account, count, |counters| counters.give_back(count, *amount, *messages));
        }
        self.lose(account, postings.commission);
        (units, GivenBack { postings, extended })
    }

    /// Takes units out of bundles that have them.
    pub fn take(&mut self, account: AccountNumber, takes: &[BundleTake]) {
        for BundleTake { bundle, units } in takes {
            let row = self.bundle_mut((account, *bundle));
            assert!(
                row.left >= *units,
                "{units} units are taken from bundle {}, which has {}",
                bundle.0,
                row.left
            );
            row.left -= units;
        }
    }

    /// A bundle that was loaded, to be changed.
    pub fn bundle_mut(&mut self, key: BundleKey) -> &mut BundleRow {
        match self.bundles.row_mut(key) {
            Some(row) => row,
            None => unreachable!("bundle {} is not there to be changed", key.1.0),
        }
    }

    /// Puts a bundle in, whose number was never given before.
    pub fn begin_bundle(&mut self, key: BundleKey, row: BundleRow) -> Result<(), Unavailable> {
        assert!(self.bundles.load(key)?.is_none(), "bundle {} is given twice", key.1.0);
        *self.bundles.row_mut(key) = Some(row);
        Ok(())
    }

    /// Pays commission out.
    pub fn pay_commission(&mut self, account: AccountNumber, amount: Amount) {
        self.lose(account, amount.into());
    }

    /// Writes the rows that changed.
    pub fn finish(self, batch: &mut Batch) -> PocketChanges {
        PocketChanges {
            bundles: self.bundles.finish(batch),
            caps: self.caps.finish(batch),
            commissions: self.commissions.finish(batch),
            resales: self.resales.finish(batch),
        }
    }

    /// Returns units to a bundle; `false` where it has ended and they are forfeited.
    fn return_units(
        &mut self,
        account: AccountNumber,
        take: &BundleTake,
        times: Times,
        extended: &mut Vec<Bundle>,
    ) -> bool {
        let row = self.bundle_mut((account, take.bundle));
        if row.expires_at <= times.due {
            let Some(until) = row.late_refund.extended_to(times.now) else { return false };
            row.expires_at = row.expires_at.max(until);
            extended.push(row.bundle(take.bundle));
        }
        row.left += take.units;
        assert!(row.left <= row.units, "bundle {} of {} units has {}", take.bundle.0, row.units, row.left);
        true
    }

    fn count(&mut self, account: AccountNumber, count: &CapCount, change: impl FnOnce(&mut CapCounters)) {
        let row = self.caps.row_mut((account, count.cap));
        let mut counters = CapCounters::default();
        if let Some(row) = row {
            counters.set(row.counter(count.cap));
        }
        change(&mut counters);
        *row = counters.get(count.cap).map(|counter| CapRow::from(*counter));
    }

    fn earn(&mut self, account: AccountNumber, commission: Total) {
        if commission != Total::ZERO {
            self.commissions.row_mut(account).get_or_insert_default().0 += commission;
        }
    }

    fn lose(&mut self, account: AccountNumber, commission: Total) {
        if commission != Total::ZERO {
            self.commissions.row_mut(account).get_or_insert_default().0 -= commission;
        }
    }
}

/// Units as a ledger entry has them.
pub fn signed(units: u64) -> i64 {
    match i64::try_from(units) {
        Ok(units) => units,
        Err(_) => unreachable!("no bundle has {units} units"),
    }
}
