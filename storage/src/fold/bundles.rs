//! Parts of a change that move money between wallets, units of bundles, or commission.

use tollgate_engine::bundle::{BundleNumber, BundleTake};
use tollgate_engine::money::{Amount, Total};

use super::books::{Books, NewEntry};
use super::output::Output;
use super::pockets::signed;
use crate::change::{BundleAct, BundleChange, ChangeError, CommissionPayout, PostedEntry, TransferChange};
use crate::database::Unavailable;
use crate::rows::{BUNDLE_UNITS_MAX, EntryKind};

impl Books<'_> {
    /// Moves money from one wallet to another. Both balances can hold it.
    pub fn transfer(&mut self, out: &mut Output, transfer: &TransferChange) -> [PostedEntry; 2] {
        let text = || transfer.text.clone();
        let taken = NewEntry::of_money(EntryKind::TransferOut, transfer.taken.negated(), text());
        let given = NewEntry::of_money(EntryKind::TransferIn, transfer.given, text());
        [self.post(out, transfer.from.number(), taken), self.post(out, transfer.to.number(), given)]
    }

    /// Checks that bundles can be changed so, one after the other, and reads them. Nothing is changed.
    pub fn check_bundles(&mut self, changes: &[BundleChange]) -> Result<(), ChangeError> {
        for change in changes {
            let account = change.wallet.number();
            match &change.act {
                BundleAct::Begin(_) => {}
                BundleAct::Expire(BundleTake { bundle, .. }) => {
                    self.pockets.load_bundle((account, *bundle))?;
                }
                BundleAct::RollOver { bundle, .. } => {
                    self.pockets.load_bundle((account, bundle.number))?;
                }
                BundleAct::Consume(takes) => {
                    for take in takes {
                        self.pockets.load_bundle((account, take.bundle))?;
                    }
                }
                BundleAct::Extend { bundle, more, .. } => {
                    let row =
                        self.pockets.find_bundle((account, bundle.number))?.ok_or(ChangeError::Bundle)?;
                    // Several changes of one bundle together are far from what a number can hold.
                    if row.units.saturating_add(*more) > BUNDLE_UNITS_MAX {
                        return Err(ChangeError::Bundle);
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes a change of bundles that was checked.
    pub fn change_bundles(
        &mut self,
        out: &mut Output,
        change: &BundleChange,
    ) -> Result<PostedEntry, Unavailable> {
        let (account, id) = (change.wallet.number(), out.ids.take_entry());
        let units = match &change.act {
            BundleAct::Begin(row) => {
                let number = BundleNumber(id);
                self.pockets.begin_bundle((account, number), row.clone())?;
                vec![(number, signed(row.units))]
            }
            BundleAct::Expire(rest) => {
                self.pockets.take(account, &[*rest]);
                vec![(rest.bundle, -signed(rest.units))]
            }
            BundleAct::RollOver { bundle, rest, kept, expires_at } => {
                let lost = BundleTake { bundle: bundle.number, units: rest - kept };
                self.pockets.take(account, &[lost]);
                let row = self.pockets.bundle_mut((account, bundle.number));
                row.expires_at = row.expires_at.max(*expires_at);
                row.period = row.period.saturating_add(1);
                vec![(lost.bundle, -signed(lost.units))]
            }
            BundleAct::Consume(takes) => {
                self.pockets.take(account, takes);
                takes.iter().map(|take| (take.bundle, -signed(take.units))).collect()
            }
            BundleAct::Extend { bundle, expires_at, more } => {
                let row = self.pockets.bundle_mut((account, bundle.number));
                row.expires_at = row.expires_at.max(*expires_at);
                row.units += more;
                row.left += more;
                vec![(bundle.number, signed(*more))]
            }
        };
        let (kind, amount) = (change.kind(), change.price().negated());
        let entry = NewEntry { kind, amount, units, commission: Amount::ZERO, text: change.text.clone() };
        Ok(self.post_as(out, account, id, entry))
    }

    /// Checks that commission balances cover what is to be paid out: in memory they may be ahead of the disk.
    pub fn check_payouts(&mut self, payouts: &[CommissionPayout]) -> Result<(), ChangeError> {
        for (at, payout) in payouts.iter().enumerate() {
            let account = payout.wallet.number();
            let mut left = self.pockets.load_commission(account)?;
            for earlier in payouts.iter().take(at + 1).filter(|earlier| earlier.wallet.number() == account) {
                left -= earlier.commission;
            }
            if left < Total::ZERO {
                return Err(ChangeError::Commission);
            }
        }
        Ok(())
    }

    /// Pays commission out that was checked.
    pub fn pay_commission(&mut self, out: &mut Output, payout: &CommissionPayout) -> PostedEntry {
        let account = payout.wallet.number();
        self.pockets.pay_commission(account, payout.commission);
        let entry = NewEntry {
            kind: EntryKind::CommissionPayout,
            amount: payout.amount(),
            units: Vec::new(),
            commission: payout.commission.negated(),
            text: payout.text.clone(),
        };
        self.post(out, account, entry)
    }
}
