//! Bundles, caps, commissions and resales, counted again at every level of every message.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::money::Total;

use super::fault::{Fault, damaged, off, scan};
use super::pocket_count::AskedRefund;
use super::{AccountCount, Count};
use crate::cdr::Cdr;
use crate::resales::{self, ResaleKey};
use crate::rows::{BundleRow, CapRow, CommissionRow, ResaleRow, Row};
use crate::schema::{Family, cap_key, parse_bundle_key, parse_cap_key};
use crate::store::Store;

impl Count {
    /// Counts what a message moved at each of its levels.
    pub(super) fn count_levels(&mut self, cdr: &Cdr<'_>, beside: &Beside) -> Result<(), Fault> {
        let id = cdr.message_id;
        let mut segments = cdr.fields.segments;
        let levels = beside.above.iter().map(|level| (level.segments, &level.postings));
        for (of_level, moved) in std::iter::once((segments, &beside.own)).chain(levels) {
            segments = of_level;
            if moved.covered > u32::from(segments) || moved.posting.segments > u32::from(segments) {
                return off(format!("message {id} covers or counts more than its {segments} segments"));
            }
            self.count_posting(id, &moved.posting)?;
            self.account(moved.posting.account, id)?.pockets.add(moved);
        }
        let is_counted = self.usage.is_counted(id);
        for (key, added) in resales::contributions(beside) {
            self.resales.entry(key.mark()).or_default();
            if is_counted {
                self.resales.entry(key).or_default().add(&added);
            }
        }
        Ok(())
    }

    /// Counts that a message was given back at each of its levels, and notes the refunds that ledgers are to have.
    pub(super) fn ask_refunds(&mut self, message_id: u64, beside: &Beside) -> Result<(), Fault> {
        let above = beside.above.iter().map(|level| &level.postings);
        for moved in std::iter::once(&beside.own).chain(above) {
            self.account(moved.posting.account, message_id)?.pockets.uncount(moved);
            self.ask_refund(message_id, &moved.posting, AskedRefund::of_level(moved))?;
        }
        for (key, removed) in resales::contributions(beside) {
            self.resales.entry(key).or_default().remove(&removed);
        }
        Ok(())
    }

    pub(super) fn compare_bundles(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Bundles, |key, value| {
            let read = parse_bundle_key(key).zip(BundleRow::read(value));
            let ((number, bundle), row) = read.ok_or_else(|| damaged(Family::Bundles, key))?;
            let name = self.name_of(number);
            let account = self.accounts.get_mut(&number);
            let counted = account.and_then(|account| account.pockets.bundles.remove(&bundle));
            let counted = counted.unwrap_or_default();
            let (left, units) = (i128::from(row.left), i128::from(row.units));
            self.report.bundles += 1;
            match (counted.is_begun, left == counted.left, units == counted.given) {
                (true, true, true) if left <= units => Ok(()),
                (false, ..) => off(format!("account {name}: no ledger entry gave bundle {}", bundle.0)),
                (_, false, _) => off(format!(
                    "account {name}: bundle {} has {left} units left, its entries and CDRs come to {}",
                    bundle.0, counted.left
                )),
                _ => off(format!(
                    "account {name}: bundle {} is said to be of {units} units with {left} left, it was given {}",
                    bundle.0, counted.given
                )),
            }
        })?;
        let missing = |(number, account): (&AccountNumber, &AccountCount)| {
            account.pockets.bundles.keys().min().map(|bundle| (*number, *bundle))
        };
        match self.accounts.iter().find_map(missing) {
            Some((number, bundle)) => {
                off(format!("account {}: bundle {} is missing", self.name_of(number), bundle.0))
            }
            None => Ok(()),
        }
    }

    pub(super) fn compare_caps(&mut self, store: &Store) -> Result<(), Fault> {
        let mut kept = 0;
        scan(store, Family::Caps, |key, value| {
            let read = parse_cap_key(key).zip(CapRow::read(value));
            let ((number, cap), row) = read.ok_or_else(|| damaged(Family::Caps, key))?;
            let account = self.accounts.get(&number);
            let counted = account.and_then(|account| account.pockets.caps.get(cap)).copied();
            if counted != Some(row.counter(cap)) {
                let name = self.name_of(number);
                return off(format!(
                    "account {name}: cap {:08x} counts {} messages of {}, CDRs come to {}",
                    cap.0,
                    row.messages,
                    row.amount,
                    counted.map_or_else(
                        || "nothing".to_owned(),
                        |counted| format!("{} of {} in their last span", counted.messages, counted.amount)
                    )
                ));
            }
            kept += 1;
            Ok(())
        })?;
        self.report.caps = kept;
        let counted = |account: &AccountCount| account.pockets.caps.iter().count() as u64;
        if self.accounts.values().map(counted).sum::<u64>() == kept {
            return Ok(());
        }
        for (number, account) in &self.accounts {
            for counter in account.pockets.caps.iter() {
                if store.get(Family::Caps, &cap_key(*number, counter.cap))?.is_none() {
                    let name = self.name_of(*number);
                    return off(format!(
                        "account {name}: the counter of cap {:08x} is missing",
                        counter.cap.0
                    ));
                }
            }
        }
        Ok(())
    }

    pub(super) fn compare_commissions(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Commissions, |key, value| {
            let number = key.try_into().map_err(|_| damaged(Family::Commissions, key))?;
            let number = AccountNumber(u32::from_be_bytes(number));
            let row = CommissionRow::read(value).ok_or_else(|| damaged(Family::Commissions, key))?;
            let account = self.accounts.get_mut(&number);
            let counted = account.map_or(0, |account| std::mem::take(&mut account.pockets.commission));
            self.report.commissions += 1;
            if row.0.micros() == counted {
                return Ok(());
            }
            let (name, counted) = (self.name_of(number), Total::from_micros(counted));
            off(format!(
                "account {name}: its commission balance is {}, CDRs and entries come to {counted}",
                row.0
            ))
        })?;
        match self.accounts.iter().find(|(_, account)| account.pockets.commission != 0) {
            Some((number, _)) => {
                off(format!("account {}: its commission balance is missing", self.name_of(*number)))
            }
            None => Ok(()),
        }
    }

    pub(super) fn compare_resales(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Resales, |key, value| {
            let read = ResaleKey::from_octets(key).zip(ResaleRow::read(value));
            let (resale, kept) = read.ok_or_else(|| damaged(Family::Resales, key))?;
            let counted = self.resales.remove(&resale);
            self.report.resales += u64::from(!resale.is_mark());
            if counted == Some(kept) {
                return Ok(());
            }
            let (seller, child) = (self.name_of(resale.seller), self.name_of(resale.child));
            off(format!(
                "account {seller} in {}: sold to {child} by its row {kept:?}, by CDRs {:?}",
                resale.month,
                counted.unwrap_or_default()
            ))
        })?;
        match self.resales.keys().min() {
            Some(resale) => {
                let (seller, child) = (self.name_of(resale.seller), self.name_of(resale.child));
                off(format!(
                    "account {seller} in {}: the row of what it sold to {child} is missing",
                    resale.month
                ))
            }
            None => Ok(()),
        }
    }
}
