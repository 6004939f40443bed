//! Readers of time series.

use std::collections::BTreeSet;
use std::ops::Range;

use tollgate_engine::account::AccountNumber;

use crate::account_currencies::AccountCurrencies;
use crate::cdr::BlockReader;
use crate::database::{Database, Unavailable, damaged};
use crate::number_countries;
use crate::rows::{BatchRow, Row, SeriesRow};
use crate::schema::{Family, SERIES_KEPT_KEY, USAGE_COUNTED_KEY, account_id_key, account_key};
use crate::series::cell::{Cell, Cells};
use crate::series::charges::{accounts_of, cells_of};
use crate::series::{Dimension, KeptFrom, SeriesKey, SeriesOf, Step, span_key};
use crate::tallies::Tallies;
use crate::view::View;

/// Accounts that are looked for one by one, where there are no more of them.
const SOUGHT_MAX: usize = 32;

/// Reads time series.
#[derive(Clone, Copy, Debug)]
pub struct SeriesRows<'a> {
    pub(super) database: &'a Database,
}

/// The counters at one instant, whatever is counted while they are read.
pub struct SeriesInstant<'a> {
    view: &'a View<'a>,
    /// The first minutes whose rows are kept.
    pub kept_from: KeptFrom,
    /// Counted by none of the rows yet.
    open: [Cells; 2],
}

/// The accounts whose rows are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// Those of all.
    All,
    /// Those of these, and no rows that are of no account.
    Only(BTreeSet<AccountNumber>),
}

/// The rows that are read.
#[derive(Clone, Debug)]
pub struct SeriesRead {
    /// The length of the spans.
    pub step: Step,
    /// The spans, counted in their own length from 1970 in UTC.
    pub spans: Range<u32>,
    /// The kinds of rows.
    pub dimensions: Vec<Dimension>,
    /// The accounts whose rows are read.
    pub accounts: Accounts,
}

impl SeriesRows<'_> {
    /// The first minutes whose rows are kept.
    pub fn kept_from(&self) -> Result<KeptFrom, Unavailable> {
        match self.database.get(Family::Meta, SERIES_KEPT_KEY)? {
            None => Ok(KeptFrom::default()),
            Some(row) => KeptFrom::from_bytes(&row).ok_or_else(|| damaged(Family::Meta)),
        }
    }

    /// Reads the counters as they are at one instant. What the rows do not have yet is added from the open cells and from the
    /// CDRs of the last second.
    pub fn at_one_instant<T>(
        &self,
        read: impl FnOnce(&SeriesInstant<'_>) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        View::of_books(self.database, |view| {
            let kept_from = match view.octets(Family::Meta, SERIES_KEPT_KEY)? {
                None => KeptFrom::default(),
                Some(row) => KeptFrom::from_bytes(&row).ok_or_else(|| damaged(Family::Meta))?,
            };
            let open = [open_cells(view)?, self.uncounted(view)?];
            read(&SeriesInstant { view, kept_from, open })
        })
    }

    /// Charges that are neither in the rows nor in open cells.
    fn uncounted(self, view: &View<'_>) -> Result<Cells, Unavailable> {
        let from = view.number(Family::Meta, USAGE_COUNTED_KEY)?.unwrap_or(0);
        // Whatever the view has of messages, the countries that hold for them were durable before.
        let countries = number_countries::load(self.database)?;
        let mut tallies = Tallies::default();
        for commit in view.between(Family::Batches, &from.to_be_bytes(), &[u8::MAX; 9])? {
            let (key, value) = commit?;
            let first = key.first_chunk().map(|first| u64::from_be_bytes(*first));
            let read = first.zip(BatchRow::read(&value)).ok_or_else(|| damaged(Family::Batches))?;
            let (mut id, row) = read;
            for (account, count) in row.blocks {
                let block = view.octets(Family::Cdrs, &account_id_key(account, id))?;
                let block = block.as_ref().and_then(|block| BlockReader::new(account, id, block));
                let is_sound = block.map(|block| tallies.add_block(account, block, countries.at(id)));
                if is_sound != Some(true) {
                    return Err(damaged(Family::Cdrs));
                }
                id += u64::from(count);
            }
        }
        let mut currencies = AccountCurrencies::new();
        for account in accounts_of(&tallies) {
            currencies.learn(account, |account| view.row(Family::Accounts, &account_key(account)))?;
        }
        Ok(cells_of(&tallies, &currencies))
    }
}

impl SeriesInstant<'_> {
    /// Calls `visit` with the counters of what is asked for, some in several parts that add up.
    pub fn read(
        &self,
        asked: &SeriesRead,
        mut visit: impl FnMut(u32, &SeriesOf, &SeriesRow),
    ) -> Result<(), Unavailable> {
        let first_kept = asked.step.of(self.kept_from.of(asked.step));
        let spans = asked.spans.start.max(first_kept)..asked.spans.end;
        let asked = SeriesRead { spans, ..asked.clone() };
        for dimension in &asked.dimensions {
            read_rows(self.view, &asked, *dimension, &mut visit)?;
        }
        for (cell, added) in self.open.iter().flatten() {
            cell.rows(added, self.kept_from, |key, row| {
                if asked.has(&key) {
                    visit(key.at, &key.of, row);
                }
            });
        }
        Ok(())
    }
}

impl SeriesRead {
    fn has(&self, key: &SeriesKey) -> bool {
        let is_of_account = match (&self.accounts, key.of.account()) {
            (Accounts::All, _) => true,
            (Accounts::Only(accounts), Some(account)) => accounts.contains(&account),
            (Accounts::Only(_), None) => false,
        };
        key.step == self.step
            && self.spans.contains(&key.at)
            && self.dimensions.contains(&key.of.dimension())
            && is_of_account
    }
}

/// Reads the rows of one kind: of few accounts each by itself, of many all that there are.
fn read_rows(
    view: &View<'_>,
    asked: &SeriesRead,
    dimension: Dimension,
    visit: &mut impl FnMut(u32, &SeriesOf, &SeriesRow),
) -> Result<(), Unavailable> {
    let SeriesRead { step, spans, accounts, .. } = asked;
    let mut read = |start: &[u8], end: &[u8]| -> Result<(), Unavailable> {
        for row in view.between(Family::Series, start, end)? {
            let (key, value) = row?;
            let row = SeriesKey::from_bytes(&key).zip(SeriesRow::read(&value));
            let (key, row) = row.ok_or_else(|| damaged(Family::Series))?;
            if asked.has(&key) {
                visit(key.at, &key.of, &row);
            }
        }
        Ok(())
    };
    match accounts {
        Accounts::Only(accounts) if accounts.len() <= SOUGHT_MAX => {
            for at in spans.clone() {
                for account in accounts {
                    let of_account = |account: u32| {
                        [span_key(*step, dimension, at), account.to_be_bytes().to_vec()].concat()
                    };
                    let end = match account.0.checked_add(1) {
                        Some(next) => of_account(next),
                        None => span_key(*step, dimension, at + 1),
                    };
                    read(&of_account(account.0), &end)?;
                }
            }
            Ok(())
        }
        _ => read(&span_key(*step, dimension, spans.start), &span_key(*step, dimension, spans.end)),
    }
}

fn open_cells(view: &View<'_>) -> Result<Cells, Unavailable> {
    let mut cells = Cells::default();
    for row in view.between(Family::SeriesOpen, &[], &[u8::MAX; 9])? {
        let (key, value) = row?;
        let row = Cell::from_bytes(&key).zip(SeriesRow::read(&value));
        cells.extend([row.ok_or_else(|| damaged(Family::SeriesOpen))?]);
    }
    Ok(cells)
}
