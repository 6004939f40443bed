//! An account's rows at one durable instant, whatever is committed while they are read.

use rocksdb::{DB, DBIterator, Direction, IteratorMode, ReadOptions, Snapshot};
use tollgate_engine::account::AccountNumber;

use crate::database::{Database, KeyAndValue, Unavailable, damaged, handle};
use crate::rows::{LedgerEntry, Row, StateRow};
use crate::schema::{Family, account_id_key, account_key, parse_account_id_key};

/// An account's rows as they are now and for as long as this is held.
pub struct View<'db> {
    db: &'db DB,
    snapshot: Snapshot<'db>,
    /// The account of the rows.
    pub account: AccountNumber,
}

/// Rows by ascending or descending id.
pub struct Ids<'view> {
    rows: DBIterator<'view>,
    family: Family,
}

/// Rows by a number that is their key.
pub struct Numbered<'view> {
    rows: DBIterator<'view>,
    family: Family,
}

/// States of messages, read beside their CDRs in the same order.
pub struct Outcomes<'view> {
    rows: Ids<'view>,
    next: Option<(u64, StateRow)>,
    ended: bool,
    is_ascending: bool,
}

impl View<'_> {
    /// Reads an account's rows as they are now. The database cannot be reopened meanwhile, so `read` must be
    /// short.
    pub fn of_account<T>(
        database: &Database,
        account: AccountNumber,
        read: impl FnOnce(&View<'_>) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        database.with(|db| read(&View { db, snapshot: db.snapshot(), account }))
    }

    /// Reads the rows of the books as they are now, whoever they belong to. The same holds for `read`.
    pub fn of_books<T>(
        database: &Database,
        read: impl FnOnce(&View<'_>) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        Self::of_account(database, AccountNumber::default(), read)
    }

    /// Rows whose keys are numbers below that, the greatest first.
    pub fn numbered_down(&self, family: Family, below: u64) -> Result<Numbered<'_>, Unavailable> {
        // No row of these families has the number zero.
        let start = below.saturating_sub(1).to_be_bytes();
        let mode = IteratorMode::From(&start, Direction::Reverse);
        let rows = self.snapshot.iterator_cf_opt(handle(self.db, family)?, ReadOptions::default(), mode);
        Ok(Numbered { rows, family })
    }

    /// Rows whose ids are below that, the newest first.
    pub fn down(&self, family: Family, below: u64) -> Result<Ids<'_>, Unavailable> {
        self.down_of(self.account, family, below)
    }

    /// The same of another account.
    pub fn down_of(
        &self,
        account: AccountNumber,
        family: Family,
        below: u64,
    ) -> Result<Ids<'_>, Unavailable> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(account_key(account));
        // Where there is no id below, there is no row below the bound either.
        let start = match below.checked_sub(1) {
            Some(last) => account_id_key(account, last).to_vec(),
            None => account_key(account).to_vec(),
        };
        self.rows(family, options, IteratorMode::From(&start, Direction::Reverse))
    }

    /// Rows whose ids are in the range, the oldest first.
    pub fn up(&self, family: Family, ids: std::ops::Range<u64>) -> Result<Ids<'_>, Unavailable> {
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(account_id_key(self.account, ids.end));
        let start = account_id_key(self.account, ids.start);
        self.rows(family, options, IteratorMode::From(&start, Direction::Forward))
    }

    /// The states of messages whose ids are below that, to be asked for the newest first.
    pub fn outcomes_down(&self, below: u64) -> Result<Outcomes<'_>, Unavailable> {
        let rows = self.down(Family::States, below)?;
        Ok(Outcomes { rows, next: None, ended: false, is_ascending: false })
    }

    /// The states of messages whose ids are in the range, to be asked for the oldest first.
    pub fn outcomes_up(&self, ids: std::ops::Range<u64>) -> Result<Outcomes<'_>, Unavailable> {
        let rows = self.up(Family::States, ids)?;
        Ok(Outcomes { rows, next: None, ended: false, is_ascending: true })
    }

    /// Ledger entries whose ids are below that, the newest first.
    pub fn entries_down(
        &self,
        below: u64,
    ) -> Result<impl Iterator<Item = Result<(u64, LedgerEntry), Unavailable>>, Unavailable> {
        Ok(self.down(Family::Ledger, below)?.map(|row| ledger_entry(row?)))
    }

    /// Ledger entries whose ids are in the range, the oldest first.
    pub fn entries_up(
        &self,
        ids: std::ops::Range<u64>,
    ) -> Result<impl Iterator<Item = Result<(u64, LedgerEntry), Unavailable>>, Unavailable> {
        Ok(self.up(Family::Ledger, ids)?.map(|row| ledger_entry(row?)))
    }

    /// Rows whose keys lie between these, in their order.
    pub fn between(
        &self,
        family: Family,
        start: &[u8],
        end: &[u8],
    ) -> Result<impl Iterator<Item = Result<KeyAndValue, Unavailable>>, Unavailable> {
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(end);
        let mode = IteratorMode::From(start, Direction::Forward);
        let rows = self.snapshot.iterator_cf_opt(handle(self.db, family)?, options, mode);
        Ok(rows.map(|row| row.map_err(Unavailable::from)))
    }

    /// A row that is one big-endian number.
    pub fn number(&self, family: Family, key: &[u8]) -> Result<Option<u64>, Unavailable> {
        let Some(value) = self.snapshot.get_pinned_cf(handle(self.db, family)?, key)? else {
            return Ok(None);
        };
        let number = value.as_ref().try_into().map_err(|_| damaged(family))?;
        Ok(Some(u64::from_be_bytes(number)))
    }

    /// The octets of one row.
    pub fn octets(&self, family: Family, key: &[u8]) -> Result<Option<Box<[u8]>>, Unavailable> {
        Ok(self.snapshot.get_cf(handle(self.db, family)?, key)?.map(Vec::into_boxed_slice))
    }

    /// Reads one row.
    pub fn row<R: Row>(&self, family: Family, key: &[u8]) -> Result<Option<R>, Unavailable> {
        let Some(value) = self.snapshot.get_pinned_cf(handle(self.db, family)?, key)? else {
            return Ok(None);
        };
        R::read(&value).map(Some).ok_or_else(|| damaged(family))
    }

    fn rows(
        &self,
        family: Family,
        options: ReadOptions,
        mode: IteratorMode<'_>,
    ) -> Result<Ids<'_>, Unavailable> {
        let rows = self.snapshot.iterator_cf_opt(handle(self.db, family)?, options, mode);
        Ok(Ids { rows, family })
    }
}

impl Iterator for Ids<'_> {
    type Item = Result<(u64, Box<[u8]>), Unavailable>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.rows.next()? {
            Ok((key, value)) => match parse_account_id_key(&key) {
                Some((_, id)) => Ok((id, value)),
                None => Err(damaged(self.family)),
            },
            Err(error) => Err(error.into()),
        })
    }
}

impl Iterator for Numbered<'_> {
    type Item = Result<(u64, Box<[u8]>), Unavailable>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.rows.next()? {
            Ok((key, value)) => match key.first_chunk::<8>().filter(|_| key.len() == 8) {
                Some(number) => Ok((u64::from_be_bytes(*number), value)),
                None => Err(damaged(self.family)),
            },
            Err(error) => Err(error.into()),
        })
    }
}

impl Outcomes<'_> {
    /// The state of a message.
    pub fn of(&mut self, message_id: u64) -> Result<Option<&StateRow>, Unavailable> {
        while !self.ended && self.next.as_ref().is_none_or(|(of, _)| self.is_before(*of, message_id)) {
            let row = self.rows.next().transpose()?;
            self.ended = row.is_none();
            self.next = match row {
                Some((id, value)) => {
                    Some((id, StateRow::read(&value).ok_or_else(|| damaged(Family::States))?))
                }
                None => None,
            };
        }
        Ok(self.next.as_ref().filter(|(of, _)| *of == message_id).map(|(_, row)| row))
    }

    fn is_before(&self, id: u64, message_id: u64) -> bool {
        if self.is_ascending { id < message_id } else { id > message_id }
    }
}

fn ledger_entry((id, value): (u64, Box<[u8]>)) -> Result<(u64, LedgerEntry), Unavailable> {
    Ok((id, LedgerEntry::read(&value).ok_or_else(|| damaged(Family::Ledger))?))
}
