//! Proves from a data directory alone that the books add up, or names the first thing that is off.
//!
//! Everything is counted again from the CDRs, the ledger entries and the states, and compared with the rows that the
//! daemon keeps: wallets, volumes, dispatch counters, batches, keys and short ids.

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::Month;
use tollgate_engine::wallet::WalletState;

use crate::cdr::{BlockReader, Cdr};
use crate::rows::{AccountRow, BatchRow, DispatchCounters, EntryKind, KeyRow, LedgerEntry, Row, StateRow};
use crate::schema::{Family, parse_account_id_key};
use crate::store::{Store, Unavailable};

/// What was counted in books that balance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Wallets compared.
    pub wallets: u64,
    /// Commits whose ids were accounted for.
    pub batches: u64,
    /// CDRs read.
    pub cdrs: u64,
    /// Dispatch counters compared.
    pub dispatches: u64,
    /// Segments on the CDRs, cancelled messages aside.
    pub segments: u64,
    /// By currency.
    pub totals: BTreeMap<String, Totals>,
}

/// Sums over the wallets of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Opening balances, top-ups and adjustments.
    pub paid_in: Amount,
    /// CDR debits.
    pub charged: Amount,
    /// Refunds.
    pub refunded: Amount,
    /// What the wallets hold: paid in − charged + refunded.
    pub balance: Amount,
}

/// Why the books are not proven.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The first thing that is off.
    #[error("{0}")]
    Off(String),
    /// The directory could not be read.
    #[error(transparent)]
    Unreadable(#[from] Unavailable),
}

/// Counts everything again.
pub fn verify(store: &Store) -> Result<Report, Fault> {
    let mut count = Count::default();
    count.read_accounts(store)?;
    count.read_cdrs(store)?;
    count.read_states(store)?;
    count.read_ledger(store)?;
    count.compare_batches(store)?;
    count.compare_volumes(store)?;
    count.compare_dispatches(store)?;
    count.compare_keys(store)?;
    count.compare_short_ids(store)?;
    count.compare_wallets(store)
}

/// One account's own counts.
#[derive(Debug, Default)]
struct AccountCount {
    row: Option<AccountRow>,
    paid_in: i128,
    charged: i128,
    refunded: i128,
    volumes: HashMap<Month, i128>,
}

#[derive(Debug, Default)]
struct Count {
    accounts: BTreeMap<AccountNumber, AccountCount>,
    dispatches: HashMap<(AccountNumber, Vec<u8>), DispatchCounters>,
    /// Blocks not yet found in a batch, by their first id.
    blocks: HashMap<u64, (AccountNumber, u32)>,
    /// Ledger entries not yet found in a batch.
    entries: BTreeMap<u64, AccountNumber>,
    /// Refunds that a state asks for and the ledger has not shown yet.
    refunds: HashMap<(AccountNumber, u64), Amount>,
    report: Report,
}

fn off<T>(what: String) -> Result<T, Fault> {
    Err(Fault::Off(what))
}

/// Scans a family with a visitor that may find a fault.
fn scan(
    store: &Store,
    family: Family,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut fault = Ok(());
    store.scan(family, &[], |key, value| {
        fault = visit(key, value);
        fault.is_ok()
    })?;
    fault
}

fn damaged(family: Family, key: &[u8]) -> Fault {
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    Fault::Off(format!("{}: the row with key {key} cannot be read", family.name()))
}

/// A key that begins with an account number, and the rest of it.
fn split_account(family: Family, key: &[u8]) -> Result<(AccountNumber, &[u8]), Fault> {
    let (account, rest) = key.split_first_chunk::<4>().ok_or_else(|| damaged(family, key))?;
    Ok((AccountNumber(u32::from_be_bytes(*account)), rest))
}

impl Count {
    fn read_accounts(&mut self, store: &Store) -> Result<(), Fault> {
        for (number, row) in store.accounts()? {
            self.accounts.insert(number, AccountCount { row: Some(row), ..AccountCount::default() });
        }
        Ok(())
    }

    fn read_cdrs(&mut self, store: &Store) -> Result<(), Fault> {
        let tariffs: Vec<u32> = store.tariffs()?.into_iter().map(|(number, _)| number).collect();
        let mut last: Option<(AccountNumber, u64)> = None;
        scan(store, Family::Cdrs, |key, value| {
            let (account, first) = parse_account_id_key(key).ok_or_else(|| damaged(Family::Cdrs, key))?;
            let mut block = BlockReader::new(account, first, value).ok_or_else(|| damaged(Family::Cdrs, key))?;
            if last.is_some_and(|(of, end)| of == account && first < end) {
                return off(format!("account {}: message {first} has two CDRs", account.0));
            }
            if !tariffs.contains(&block.header().tariff) {
                return off(format!("message {first}: tariff {} is not archived", block.header().tariff));
            }
            let count = block.left();
            for cdr in block.by_ref() {
                self.count_cdr(&cdr)?;
            }
            if !block.is_sound() {
                return Err(damaged(Family::Cdrs, key));
            }
            last = Some((account, first + u64::from(count)));
            self.blocks.insert(first, (account, count));
            Ok(())
        })
    }

    fn count_cdr(&mut self, cdr: &Cdr<'_>) -> Result<(), Fault> {
        let account = self.account(cdr.account, cdr.message_id)?;
        account.charged += i128::from(cdr.fields.amount.micros());
        *account.volumes.entry(cdr.header.month).or_default() += i128::from(cdr.fields.segments);
        if let Some(dispatch) = cdr.fields.dispatch_id {
            let counters = self.dispatches.entry((cdr.account, dispatch.to_vec())).or_default();
            counters.messages += 1;
            counters.segments += u64::from(cdr.fields.segments);
            counters.cost = counters.cost.checked_add(cdr.fields.amount).unwrap_or(Amount::MAX);
        }
        self.report.cdrs += 1;
        self.report.segments += u64::from(cdr.fields.segments);
        Ok(())
    }

    fn account(&mut self, number: AccountNumber, id: u64) -> Result<&mut AccountCount, Fault> {
        match self.accounts.get_mut(&number) {
            Some(account) => Ok(account),
            None => off(format!("entry {id} belongs to account {}, which does not exist", number.0)),
        }
    }

    fn read_states(&mut self, store: &Store) -> Result<(), Fault> {
        let mut states = Vec::new();
        scan(store, Family::States, |key, value| {
            let (account, id) = parse_account_id_key(key).ok_or_else(|| damaged(Family::States, key))?;
            let row = StateRow::read(value).ok_or_else(|| damaged(Family::States, key))?;
            states.push((account, id, row));
            Ok(())
        })?;
        for (account, id, row) in states {
            let found = store.cdr(account, id, |cdr| {
                let dispatch = cdr.fields.dispatch_id.map(<[u8]>::to_vec);
                (cdr.fields.amount, cdr.fields.segments, cdr.header.month, dispatch)
            })?;
            let Some((amount, segments, month, dispatch)) = found else {
                return off(format!("message {id} has a state but no CDR"));
            };
            if row.refunded != amount {
                return off(format!("message {id}: charged {amount}, refunded {}", row.refunded));
            }
            *self.account(account, id)?.volumes.entry(month).or_default() -= i128::from(segments);
            if let Some(counters) = dispatch.and_then(|dispatch| self.dispatches.get_mut(&(account, dispatch))) {
                counters.cancelled += 1;
                counters.segments -= u64::from(segments);
                counters.cost = counters.cost.checked_sub(amount).unwrap_or(Amount::MAX);
            }
            self.report.segments -= u64::from(segments);
            self.refunds.insert((account, id), row.refunded);
        }
        Ok(())
    }

    fn read_ledger(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Ledger, |key, value| {
            let (account, id) = parse_account_id_key(key).ok_or_else(|| damaged(Family::Ledger, key))?;
            let entry = LedgerEntry::read(value).ok_or_else(|| damaged(Family::Ledger, key))?;
            let micros = i128::from(entry.amount.micros());
            if entry.kind == EntryKind::Refund {
                let message_id = entry.reference.parse().unwrap_or(0);
                if self.refunds.remove(&(account, message_id)) != Some(entry.amount) {
                    return off(format!("ledger entry {id} refunds message {message_id}, which asks for no such refund"));
                }
                self.account(account, id)?.refunded += micros;
            } else {
                self.account(account, id)?.paid_in += micros;
            }
            self.entries.insert(id, account);
            Ok(())
        })?;
        match self.refunds.keys().next() {
            Some((_, id)) => off(format!("message {id} is to be refunded but the ledger has no entry")),
            None => Ok(()),
        }
    }

    fn compare_batches(&mut self, store: &Store) -> Result<(), Fault> {
        let mut end = 0;
        scan(store, Family::Batches, |key, value| {
            let first = key.first_chunk::<8>().ok_or_else(|| damaged(Family::Batches, key))?;
            let row = BatchRow::read(value).ok_or_else(|| damaged(Family::Batches, key))?;
            let mut id = u64::from_be_bytes(*first);
            if id < end {
                return off(format!("commit {id} gives out ids that an earlier one gave out"));
            }
            for (account, count) in &row.blocks {
                if self.blocks.remove(&id) != Some((*account, *count)) {
                    return off(format!("commit {id}: {count} CDRs of account {} are missing", account.0));
                }
                id += u64::from(*count);
            }
            for _ in 0..row.entries {
                if self.entries.remove(&id).is_none() {
                    return off(format!("ledger entry {id} is missing"));
                }
                id += 1;
            }
            end = id;
            self.report.batches += 1;
            Ok(())
        })?;
        if let Some(first) = self.blocks.keys().min() {
            return off(format!("the CDRs from message {first} on belong to no commit"));
        }
        match self.entries.keys().next() {
            Some(id) => off(format!("ledger entry {id} belongs to no commit")),
            None => Ok(()),
        }
    }

    fn compare_volumes(&mut self, store: &Store) -> Result<(), Fault> {
        let mut volumes: HashMap<(AccountNumber, Month), i128> = HashMap::new();
        for (number, account) in &self.accounts {
            volumes.extend(account.volumes.iter().map(|(month, segments)| ((*number, *month), *segments)));
        }
        scan(store, Family::Volumes, |key, value| {
            let (account, month) = split_account(Family::Volumes, key)?;
            let month = month.first_chunk::<4>().ok_or_else(|| damaged(Family::Volumes, key))?;
            let month = Month(u32::from_be_bytes(*month));
            let kept = value.first_chunk::<8>().ok_or_else(|| damaged(Family::Volumes, key))?;
            let kept = u64::from_be_bytes(*kept);
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

    fn compare_dispatches(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Dispatches, |key, value| {
            let (account, dispatch) = split_account(Family::Dispatches, key)?;
            let kept = DispatchCounters::read(value).ok_or_else(|| damaged(Family::Dispatches, key))?;
            let name = String::from_utf8_lossy(dispatch).into_owned();
            match self.dispatches.remove(&(account, dispatch.to_vec())) {
                Some(counted) if counted == kept => {
                    self.report.dispatches += 1;
                    Ok(())
                }
                counted => off(format!("dispatch {name}: kept {kept:?}, counted {:?}", counted.unwrap_or_default())),
            }
        })?;
        match self.dispatches.keys().next() {
            Some((_, dispatch)) => off(format!("dispatch {}: no counters kept", String::from_utf8_lossy(dispatch))),
            None => Ok(()),
        }
    }

    fn compare_keys(&mut self, store: &Store) -> Result<(), Fault> {
        let mut keys = Vec::new();
        scan(store, Family::Keys, |key, value| {
            let (account, name) = split_account(Family::Keys, key)?;
            let row = KeyRow::read(value).ok_or_else(|| damaged(Family::Keys, key))?;
            keys.push((account, name.to_vec(), row.message_id));
            Ok(())
        })?;
        for (account, key, visible_id) in keys {
            let id = full_id(store, account, visible_id)?;
            let same = store.cdr(account, id, |cdr| cdr.fields.idempotency_key == Some(&*key))?;
            if same != Some(true) {
                return off(format!("an idempotency key of account {} names message {id}, which has not used it", account.0));
            }
        }
        Ok(())
    }

    fn compare_short_ids(&mut self, store: &Store) -> Result<(), Fault> {
        let mut ids = Vec::new();
        scan(store, Family::ShortIds, |key, value| {
            let (account, _) = split_account(Family::ShortIds, key)?;
            let id = value.first_chunk::<8>().ok_or_else(|| damaged(Family::ShortIds, key))?;
            ids.push((account, u64::from_be_bytes(*id)));
            Ok(())
        })?;
        for (account, id) in ids {
            if store.cdr(account, id, |_| ())?.is_none() {
                return off(format!("a short id names message {id}, which has no CDR"));
            }
        }
        Ok(())
    }

    fn compare_wallets(mut self, store: &Store) -> Result<Report, Fault> {
        let mut wallets: HashMap<AccountNumber, WalletState> = store.wallets()?.into_iter().collect();
        for (number, account) in &self.accounts {
            let id = account.row.as_ref().map_or("?", |row| row.id.as_str());
            let Some(wallet) = wallets.remove(number) else {
                return off(format!("account {id} has no wallet"));
            };
            let counted = account.paid_in - account.charged + account.refunded;
            if i128::from(wallet.balance.micros()) != counted {
                let counted = amount(counted);
                return off(format!("account {id}: its wallet holds {}, its ledger adds up to {counted}", wallet.balance));
            }
            for volume in wallet.volumes.iter().filter(|volume| volume.month != Month::default()) {
                let counted = account.volumes.get(&volume.month).copied().unwrap_or(0);
                if i128::from(volume.segments) != counted {
                    let (month, kept) = (volume.month, volume.segments);
                    return off(format!("account {id} in {month}: its wallet counts {kept} segments, CDRs {counted}"));
                }
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

impl Totals {
    fn add(&mut self, account: &AccountCount, balance: Amount) {
        for (total, added) in [
            (&mut self.paid_in, amount(account.paid_in)),
            (&mut self.charged, amount(account.charged)),
            (&mut self.refunded, amount(account.refunded)),
            (&mut self.balance, balance),
        ] {
            *total = total.checked_add(added).unwrap_or(Amount::MAX);
        }
    }
}

fn amount(micros: i128) -> Amount {
    Amount::from_micros(i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX }))
}

/// The id of a message that a client may know by a short one.
fn full_id(store: &Store, account: AccountNumber, visible_id: u64) -> Result<u64, Fault> {
    match u32::try_from(visible_id) {
        Ok(short_id) => Ok(store.message_of_short_id(account, short_id)?.unwrap_or(visible_id)),
        Err(_) => Ok(visible_id),
    }
}
