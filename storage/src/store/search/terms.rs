//! The terms of a search: the messages that it is for, its budget, and the page that it brings.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Instant;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::cdr::Cdr;
use crate::database::{Unavailable, damaged};
use crate::id_times::IdRanges;
use crate::message_filter::FilterKey;
use crate::rows::{RefusedMessage, Row, StateRow};
use crate::schema::{Family, account_id_key, parse_account_id_key};
use crate::view::View;

/// The messages that are sought, as far as storage can tell without reading them.
#[derive(Clone, Debug)]
pub struct Sought<'a> {
    /// The accounts; `None` for all.
    pub accounts: Option<&'a BTreeSet<AccountNumber>>,
    /// The times at which they came.
    pub times: Range<UnixMicros>,
    /// Ids that they are among, beside those that the times leave.
    pub ids: IdRanges,
    /// Values that they have, each of them.
    pub keys: Vec<FilterKey>,
    /// True to find charged ones.
    pub charged: bool,
    /// True to find refused ones.
    pub refused: bool,
}

/// The cost that one search may have, and the messages that it is to bring.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Messages of the page.
    pub items: usize,
    /// Messages to step over in front of it.
    pub offset: usize,
    /// The time at which the page ends, however few messages it has by then.
    pub page_until: Instant,
    /// The time until which messages behind the page are counted; `None` where the count is not asked for.
    pub count_until: Option<Instant>,
    /// Messages that are looked at for the page at most.
    pub looks_max: u64,
}

/// Decides about messages one by one, and makes the items of the page of those that it takes.
pub trait Pick {
    /// An item of the page.
    type Item;

    /// True if every charged message of the accounts, times and ids is taken.
    fn takes_every_message(&self) -> bool;

    /// True for a charged message that is taken.
    fn takes(&self, cdr: &Cdr<'_>, states: &States<'_, '_>) -> Result<bool, Unavailable>;

    /// The item of a charged message.
    fn charged(&self, cdr: &Cdr<'_>, states: &States<'_, '_>) -> Result<Self::Item, Unavailable>;

    /// True for a refused message that is taken.
    fn takes_refused(&self, message: &RefusedMessage) -> bool;

    /// The item of a refused message.
    fn refused(&self, id: u64, message: &RefusedMessage) -> Self::Item;
}

/// A page of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The newest first.
    pub items: Vec<T>,
    /// The ids below which the next page begins; `None` where there is nothing more.
    pub next_below: Option<u64>,
    /// The messages that were counted, from the first of the page on.
    pub count: u64,
    /// True if the count has reached the last message.
    pub is_counted: bool,
    /// True if the offset was passed.
    pub is_offset_passed: bool,
}

/// The states of the messages of one block, read when the first of them is asked for.
pub struct States<'view, 'db> {
    view: &'view View<'db>,
    account: AccountNumber,
    ids: Range<u64>,
    rows: OnceCell<Vec<(u64, StateRow)>>,
}

impl<'view, 'db> States<'view, 'db> {
    /// Those of the block with these ids; nothing is read yet.
    pub(super) fn new(view: &'view View<'db>, account: AccountNumber, ids: Range<u64>) -> Self {
        Self { view, account, ids, rows: OnceCell::new() }
    }

    /// The state of a message of the block; `None` where it has none.
    pub fn of(&self, message_id: u64) -> Result<Option<&StateRow>, Unavailable> {
        let rows = if let Some(rows) = self.rows.get() {
            rows
        } else {
            let read = self.read()?;
            self.rows.get_or_init(|| read)
        };
        let found = rows.binary_search_by_key(&message_id, |(id, _)| *id).ok();
        Ok(found.and_then(|at| rows.get(at)).map(|(_, row)| row))
    }

    fn read(&self) -> Result<Vec<(u64, StateRow)>, Unavailable> {
        let key = |id| account_id_key(self.account, id);
        let (start, end) = (key(self.ids.start), key(self.ids.end));
        let mut rows = Vec::new();
        for row in self.view.between(Family::States, &start, &end)? {
            let (key, value) = row?;
            let read = parse_account_id_key(&key).zip(StateRow::read(&value));
            let ((_, id), row) = read.ok_or_else(|| damaged(Family::States))?;
            rows.push((id, row));
        }
        Ok(rows)
    }
}

/// The treatment of a block.
pub enum Look {
    /// It is read.
    Read,
    /// Its messages are counted, and need not be read.
    Counted,
    /// The budget is spent.
    Stop,
}
