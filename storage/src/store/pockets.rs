//! Bundles, counters of caps, commission balances, and what accounts have sold to their children.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::cap::CapCounter;
use tollgate_engine::money::Total;
use tollgate_engine::pockets::Pockets;
use tollgate_engine::time::{Month, UnixMicros};

use super::below::{BlocksDown, sold_below};
use super::provisioned::numbered;
use crate::cdr::BlockReader;
use crate::database::{Database, Unavailable, damaged};
use crate::resales::{self, ResaleKey};
use crate::rows::{BundleRow, CapRow, CommissionRow, ResaleRow, Row};
use crate::schema::{
    Family, USAGE_COUNTED_KEY, account_key, bundle_key, parse_bundle_key, parse_cap_key, volume_key,
};
use crate::view::View;

/// Reads the pockets of accounts.
#[derive(Clone, Copy, Debug)]
pub struct PocketRows<'a> {
    pub(super) database: &'a Database,
}

impl PocketRows<'_> {
    /// The pockets of all accounts that have any, as charging is to have them: without bundles that had ended by then and
    /// have nothing left.
    pub fn all(&self, now: UnixMicros) -> Result<Vec<(AccountNumber, Pockets)>, Unavailable> {
        let mut pockets: HashMap<AccountNumber, Pockets> = HashMap::new();
        self.scan(Family::Bundles, &[], parse_bundle_key, |(account, number), row: BundleRow| {
            if row.left > 0 || row.expires_at > now {
                pockets.entry(account).or_default().bundles.insert(row.bundle(number));
            }
        })?;
        self.scan(Family::Caps, &[], parse_cap_key, |(account, cap), row: CapRow| {
            pockets.entry(account).or_default().caps.set(row.counter(cap));
        })?;
        for (account, CommissionRow(commission)) in numbered(self.database, Family::Commissions)? {
            pockets.entry(account).or_default().commission = commission;
        }
        Ok(pockets.into_iter().filter(|(_, pockets)| !pockets.is_empty()).collect())
    }

    /// Every bundle that an account has or had, in the order in which they were given.
    pub fn bundles(&self, account: AccountNumber) -> Result<Vec<(BundleNumber, BundleRow)>, Unavailable> {
        let mut bundles = Vec::new();
        let key = account_key(account);
        self.scan(Family::Bundles, &key, parse_bundle_key, |(_, number), row| bundles.push((number, row)))?;
        Ok(bundles)
    }

    /// One bundle of an account.
    pub fn bundle(
        &self,
        account: AccountNumber,
        bundle: BundleNumber,
    ) -> Result<Option<BundleRow>, Unavailable> {
        self.database.row(Family::Bundles, &bundle_key(account, bundle))
    }

    /// The counters of an account's caps, each in the last span that anything was counted in.
    pub fn caps(&self, account: AccountNumber) -> Result<Vec<CapCounter>, Unavailable> {
        let mut caps = Vec::new();
        let key = account_key(account);
        self.scan(Family::Caps, &key, parse_cap_key, |(_, cap), row: CapRow| caps.push(row.counter(cap)))?;
        Ok(caps)
    }

    /// The commission balance of an account.
    pub fn commission(&self, account: AccountNumber) -> Result<Total, Unavailable> {
        let row: Option<CommissionRow> = self.database.row(Family::Commissions, &account_key(account))?;
        Ok(row.unwrap_or_default().0)
    }

    /// Everything that an account sold in some months, by month, child, network and country, but for what was given back.
    pub fn resales(
        &self,
        seller: AccountNumber,
        months: RangeInclusive<Month>,
    ) -> Result<Vec<(ResaleKey, ResaleRow)>, Unavailable> {
        let resales = View::of_account(self.database, seller, |view| {
            let mut resales = uncounted_resales(view)?;
            resales.retain(|key, _| months.contains(&key.month));
            let start = volume_key(seller, *months.start());
            let end = account_key(AccountNumber(seller.0.saturating_add(1)));
            for row in view.between(Family::Resales, &start, &end)? {
                let (key, value) = row?;
                let read = ResaleKey::from_octets(&key).zip(ResaleRow::read(&value));
                let (key, row) = read.ok_or_else(|| damaged(Family::Resales))?;
                if !months.contains(&key.month) {
                    break;
                }
                resales.entry(key).or_default().add(&row);
            }
            Ok(resales)
        })?;
        Ok(resales.into_iter().filter(|(_, row)| !row.is_empty()).collect())
    }

    /// Calls `visit` with every row whose key begins so.
    fn scan<K, R: Row>(
        self,
        family: Family,
        prefix: &[u8],
        parse: impl Fn(&[u8]) -> Option<K>,
        mut visit: impl FnMut(K, R),
    ) -> Result<(), Unavailable> {
        let mut is_sound = true;
        self.database.scan(family, prefix, |key, value| {
            if !key.starts_with(prefix) {
                return false;
            }
            match parse(key).zip(R::read(value)) {
                Some((key, row)) => visit(key, row),
                None => is_sound = false,
            }
            is_sound
        })?;
        if is_sound { Ok(()) } else { Err(damaged(family)) }
    }
}

/// Everything that an account sold with messages whose charges are not in the rows yet.
fn uncounted_resales(view: &View<'_>) -> Result<BTreeMap<ResaleKey, ResaleRow>, Unavailable> {
    let from = view.number(Family::Meta, USAGE_COUNTED_KEY)?.unwrap_or(0);
    let mut resales: BTreeMap<ResaleKey, ResaleRow> = BTreeMap::new();
    let mut blocks = BlocksDown::new(view, sold_below(view)?, &(from..u64::MAX))?;
    while let Some((below, first, value)) = blocks.next()? {
        let mut block = BlockReader::new(below, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
        for beside in block.by_ref().filter_map(|cdr| cdr.beside()) {
            let sold = resales::contributions(&beside).filter(|(key, _)| key.seller == view.account);
            for (key, added) in sold {
                resales.entry(key).or_default().add(&added);
            }
        }
        if !block.is_sound() {
            return Err(damaged(Family::Cdrs));
        }
    }
    Ok(resales)
}
