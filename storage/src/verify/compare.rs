//! The daemon's own rows against what was counted.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;
use tollgate_engine::time::Month;
use tollgate_engine::wallet::WalletState;

use super::fault::{Fault, damaged, off, scan, split_account};
use super::{AccountCount, Count, Report, Totals};
use crate::rows::{BatchRow, DispatchCounters, KeyRow, Row};
use crate::schema::Family;
use crate::store::Store;

impl Count {
    pub(super) fn compare_batches(&mut self, store: &Store) -> Result<(), Fault> {
        self.entries.sort_unstable();
        if let Some([id, _]) = self.entries.array_windows().find(|[id, next]| id == next) {
            return off(format!("entry {id} is present twice"));
        }
        let mut entries = std::mem::take(&mut self.entries).into_iter().peekable();
        let mut end = 0;
        scan(store, Family::Batches, |key, value| {
            let first = key.try_into().map_err(|_| damaged(Family::Batches, key))?;
            let row = BatchRow::read(value).ok_or_else(|| damaged(Family::Batches, key))?;
            let mut id = u64::from_be_bytes(first);
            if id < end {
                return off(format!("commit {id} gives out ids that an earlier one gave out"));
            }
            for (account, count) in &row.blocks {
                if self.blocks.remove(&id) != Some((*account, *count)) {
                    return off(format!("commit {id}: {count} CDRs of account {} are missing", account.0));
                }
                id += u64::from(*count);
            }
            if let Some(stray) = entries.next_if(|entry| *entry < id) {
                return off(format!("entry {stray} belongs to no commit"));
            }
            end = id + u64::from(row.entries);
            // Not every one of these ids has a row for ever: a receipt's goes with it.
            while entries.next_if(|entry| *entry < end).is_some() {}
            self.report.batches += 1;
            Ok(())
        })?;
        if let Some(first) = self.blocks.keys().min() {
            return off(format!("the CDRs from message {first} on belong to no commit"));
        }
        match entries.next() {
            Some(id) => off(format!("entry {id} belongs to no commit")),
            None => Ok(()),
        }
    }

    pub(super) fn compare_volumes(&mut self, store: &Store) -> Result<(), Fault> {
        let mut volumes: HashMap<(AccountNumber, Month), i128> = HashMap::new();
        for (number, account) in &self.accounts {
            volumes.extend(account.volumes.iter().map(|(month, segments)| ((*number, *month), *segments)));
        }
        scan(store, Family::Volumes, |key, value| {
            let (account, month) = split_account(Family::Volumes, key)?;
            let month = month.try_into().map_err(|_| damaged(Family::Volumes, key))?;
            let month = Month(u32::from_be_bytes(month));
            let kept = u64::from_be_bytes(value.try_into().map_err(|_| damaged(Family::Volumes, key))?);
            let counted = volumes.remove(&(account, month)).unwrap_or(0);
            if i128::from(kept) == counted {
                return Ok(());
            }
            off(format!("account {} in {month}: {kept} segments kept, {counted} on CDRs", account.0))
        })?;
        match volumes.into_iter().find(|(_, segments)| *segments != 0) {
            Some(((account, month), counted)) => {
                off(format!("account {} in {month}: no segments kept, {counted} on CDRs", account.0))
            }
            None => Ok(()),
        }
    }

    pub(super) fn compare_dispatches(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Dispatches, |key, value| {
            let (account, dispatch) = split_account(Family::Dispatches, key)?;
            let kept = DispatchCounters::read(value).ok_or_else(|| damaged(Family::Dispatches, key))?;
            let name = dispatch.escape_ascii().to_string();
            match self.dispatches.remove(&(account, dispatch.to_vec())) {
                Some(counted) if counted == kept => {
                    self.report.dispatches += 1;
                    Ok(())
                }
                counted => {
                    off(format!("dispatch {name}: kept {kept:?}, counted {:?}", counted.unwrap_or_default()))
                }
            }
        })?;
        match self.dispatches.keys().next() {
            Some((_, dispatch)) => off(format!("dispatch {}: no counters kept", dispatch.escape_ascii())),
            None => Ok(()),
        }
    }

    pub(super) fn compare_keys(store: &Store) -> Result<(), Fault> {
        scan(store, Family::Keys, |key, value| {
            let (account, name) = split_account(Family::Keys, key)?;
            let row = KeyRow::read(value).ok_or_else(|| damaged(Family::Keys, key))?;
            let id = full_id(store, account, row.message_id)?;
            let same = store.messages().cdr(account, id, |cdr| cdr.fields.idempotency_key == Some(name))?;
            if same == Some(true) {
                return Ok(());
            }
            off(format!(
                "an idempotency key of account {} names message {id}, which has not used it",
                account.0
            ))
        })
    }

    pub(super) fn compare_short_ids(store: &Store) -> Result<(), Fault> {
        scan(store, Family::ShortIds, |key, value| {
            let (account, _) = split_account(Family::ShortIds, key)?;
            let id = value.try_into().map_err(|_| damaged(Family::ShortIds, key))?;
            let id = u64::from_be_bytes(id);
            match store.messages().cdr(account, id, |_| ())? {
                Some(()) => Ok(()),
                None => off(format!("a short id names message {id}, which has no CDR")),
            }
        })
    }

    pub(super) fn compare_wallets(mut self, store: &Store) -> Result<Report, Fault> {
        let mut wallets: HashMap<AccountNumber, WalletState> = store.wallets().all()?.into_iter().collect();
        for (number, account) in &self.accounts {
            let id = account.row.as_ref().map_or("?", |row| row.id.as_str());
            let Some(wallet) = wallets.remove(number) else {
                return off(format!("account {id} has no wallet"));
            };
            let counted = account.paid_in - account.charged + account.refunded;
            if wallet.balance.micros() != counted {
                let counted = Total::from_micros(counted);
                return off(format!(
                    "account {id}: its wallet holds {}, its ledger adds up to {counted}",
                    wallet.balance
                ));
            }
            for volume in wallet.volumes.iter().filter(|volume| volume.month != Month::default()) {
                let counted = account.volumes.get(&volume.month).copied().unwrap_or(0);
                if i128::from(volume.segments) != counted {
                    let (month, kept) = (volume.month, volume.segments);
                    return off(format!(
                        "account {id} in {month}: its wallet counts {kept} segments, CDRs {counted}"
                    ));
                }
            }
            if let Some((month, lost)) =
                account.volumes.iter().find(|(month, lost)| **lost > 0 && forgot(&wallet, **month))
            {
                return off(format!("account {id} in {month}: its wallet has lost {lost} segments"));
            }
            let currency = account.row.as_ref().map_or("?", |row| row.currency.as_str());
            let totals = self.report.totals.entry(currency.to_owned()).or_default();
            totals.add(account, wallet.balance);
            self.report.wallets += 1;
        }
        match wallets.keys().next() {
            Some(number) => off(format!("wallet {} belongs to no account", number.0)),
            None => Ok(self.report),
        }
    }
}

/// True if a month that had charges is not in the wallet although it is later than one of the two that are.
fn forgot(wallet: &WalletState, month: Month) -> bool {
    wallet.volumes.iter().all(|kept| kept.month != month)
        && wallet.volumes.iter().any(|kept| kept.month < month)
}

impl Totals {
    fn add(&mut self, account: &AccountCount, balance: Total) {
        self.paid_in += Total::from_micros(account.paid_in);
        self.charged += Total::from_micros(account.charged);
        self.refunded += Total::from_micros(account.refunded);
        self.balance += balance;
    }
}

/// The id of a message that a client may know by a short one.
fn full_id(store: &Store, account: AccountNumber, visible_id: u64) -> Result<u64, Fault> {
    match u32::try_from(visible_id) {
        Ok(short_id) => Ok(store.messages().of_short_id(account, short_id)?.unwrap_or(visible_id)),
        Err(_) => Ok(visible_id),
    }
}
