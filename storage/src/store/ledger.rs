//! Reads of the ledger, in either direction. Each shows one durable instant, as those of `history` do.

use std::ops::ControlFlow;

use tollgate_engine::account::AccountNumber;

use super::view::View;
use super::{Store, Unavailable, damaged};
use crate::rows::{LedgerEntry, Row};
use crate::schema::Family;

impl Store {
    /// Calls `visit` with the ledger entries of an account and their ids, the newest first, of ids below `before_id`, until
    /// it breaks off.
    pub fn ledger_before(
        &self,
        account: AccountNumber,
        before_id: u64,
        mut visit: impl FnMut(u64, LedgerEntry) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        self.view(account, |view| visit_all(view.entries_down(before_id)?, &mut visit))
    }

    /// Calls `visit` with the ledger entries of an account and their ids, the oldest first, of ids from `from_id` on and
    /// below `to_id`, until it breaks off.
    pub fn ledger_between(
        &self,
        account: AccountNumber,
        from_id: u64,
        to_id: u64,
        mut visit: impl FnMut(u64, LedgerEntry) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        self.view(account, |view| {
            let entries = view.up(Family::Ledger, from_id..to_id)?.map(|row| read(row?));
            visit_all(entries, &mut visit)
        })
    }
}

impl View<'_> {
    /// Entries whose ids are below that, the newest first.
    pub fn entries_down(
        &self,
        below: u64,
    ) -> Result<impl Iterator<Item = Result<(u64, LedgerEntry), Unavailable>>, Unavailable> {
        Ok(self.down(Family::Ledger, below)?.map(|row| read(row?)))
    }
}

fn read((id, value): (u64, Box<[u8]>)) -> Result<(u64, LedgerEntry), Unavailable> {
    Ok((id, LedgerEntry::read(&value).ok_or_else(|| damaged(Family::Ledger))?))
}

fn visit_all(
    entries: impl Iterator<Item = Result<(u64, LedgerEntry), Unavailable>>,
    visit: &mut impl FnMut(u64, LedgerEntry) -> ControlFlow<()>,
) -> Result<(), Unavailable> {
    for entry in entries {
        let (id, entry) = entry?;
        if visit(id, entry).is_break() {
            break;
        }
    }
    Ok(())
}
