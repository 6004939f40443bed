//! Proves from a data directory alone that the books add up, or names the first thing that is off.
//!
//! Everything is counted again from the CDRs, the ledger entries and the states, and compared with the rows that the
//! daemon keeps: wallets, volumes, dispatch counters, batches, keys and short ids.

mod compare;

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::Month;

use crate::cdr::{BlockReader, Cdr};
use crate::rows::{AccountRow, DispatchCounters, EntryKind, LedgerEntry, Row, StateRow};
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
    Count::compare_keys(store)?;
    Count::compare_short_ids(store)?;
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
    let key = key.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
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
            let mut block =
                BlockReader::new(account, first, value).ok_or_else(|| damaged(Family::Cdrs, key))?;
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
            match self.blocks.insert(first, (account, count)) {
                None => Ok(()),
                Some(_) => off(format!("message {first} has CDRs of two accounts")),
            }
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
            if let Some(counters) =
                dispatch.and_then(|dispatch| self.dispatches.get_mut(&(account, dispatch)))
            {
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
                    return off(format!(
                        "ledger entry {id} refunds message {message_id}, which asks for no such refund"
                    ));
                }
                self.account(account, id)?.refunded += micros;
            } else {
                self.account(account, id)?.paid_in += micros;
            }
            match self.entries.insert(id, account) {
                None => Ok(()),
                Some(_) => off(format!("entry {id} is in the ledgers of two accounts")),
            }
        })?;
        match self.refunds.keys().next() {
            Some((_, id)) => off(format!("message {id} is to be refunded but the ledger has no entry")),
            None => Ok(()),
        }
    }
}
