//! Bundles, counters of caps, commission balances, and what accounts have sold to their children.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::cap::CapCounter;
use tollgate_engine::money::Total;
use tollgate_engine::pockets::Pockets;
use tollgate_engine::time::{Month, UnixMicros};

use super::provisioned::numbered;
use crate::database::{Database, Unavailable, damaged};
use crate::resales::ResaleKey;
use crate::rows::{BundleRow, CapRow, CommissionRow, ResaleRow, Row};
use crate::schema::{Family, account_key, bundle_key, parse_bundle_key, parse_cap_key, volume_key};

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
        let mut resales = Vec::new();
        let start = volume_key(seller, *months.start());
        let end = (account_key(seller), months.end().0.to_be_bytes());
        let is_within = |key: &[u8]| key.get(..4) == Some(&end.0) && key.get(4..8) <= Some(&end.1[..]);
        let mut is_sound = true;
        self.database.scan(Family::Resales, &start, |key, value| {
            if !is_within(key) {
                return false;
            }
            let read = ResaleKey::from_octets(key).zip(ResaleRow::read(value));
            is_sound = read.is_some();
            resales.extend(read.filter(|(_, row)| !row.is_empty()));
            is_sound
        })?;
        if is_sound { Ok(resales) } else { Err(damaged(Family::Resales)) }
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
