//! Reads of what an account was charged, and of all that moved its money, in either direction.
//!
//! Each of them shows one durable instant, from its first row to its last, whatever is committed meanwhile;
//! the next call shows a later one. While one is under way the database cannot be opened again after a failed
//! write, so a visitor is to take what it needs and not to wait for anybody.

use std::ops::{ControlFlow, Range};

use tollgate_engine::account::AccountNumber;

use crate::cdr::{BlockReader, Cdr};
use crate::database::{Database, Unavailable, damaged};
use crate::rows::{LedgerEntry, StateRow};
use crate::schema::Family;
use crate::view::View;

/// One thing that moved an account's money.
#[derive(Clone, Debug, PartialEq)]
pub enum Transaction<'a> {
    /// An entry of the ledger, with its id.
    Entry(u64, LedgerEntry),
    /// A charge: the CDR is its debit. Beside it, the state of the message, if it has one.
    Charge(&'a Cdr<'a>, Option<&'a StateRow>),
}

impl Transaction<'_> {
    /// The entry's id, or the message's: both count on from the same instants.
    pub fn id(&self) -> u64 {
        match self {
            Self::Entry(id, _) => *id,
            Self::Charge(cdr, _) => cdr.message_id,
        }
    }
}

/// Reads charges and ledger entries of an account in the order of time.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    pub(super) database: &'a Database,
}

impl History<'_> {
    /// Calls `visit` with the CDRs of an account and the states of their messages, the newest first: of ids
    /// below `before_id` and not below `down_to`, until it returns `Break`. What is read of the disk begins
    /// where the CDRs do, and ends soon after the last that is visited.
    pub fn cdrs_before(
        &self,
        account: AccountNumber,
        before_id: u64,
        down_to: u64,
        mut visit: impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        View::of_account(self.database, account, |view| {
            charges_down(view, down_to..before_id, &mut visit).map(drop)
        })
    }

    /// Calls `visit` with the CDRs of an account and the states of their messages, in the order of their
    /// commits: of ids from `from_id` on and below `to_id`, until it returns `Break`.
    /// [`first_id_at`](crate::schema::first_id_at) has the ids of an instant.
    pub fn charges_between(
        &self,
        account: AccountNumber,
        from_id: u64,
        to_id: u64,
        mut visit: impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        View::of_account(self.database, account, |view| charges_up(view, from_id..to_id, &mut visit))
    }

    /// Calls `visit` with all that moved an account's money before an id, the newest first, until it returns
    /// `Break`.
    pub fn transactions_before(
        &self,
        account: AccountNumber,
        before_id: u64,
        mut visit: impl FnMut(Transaction<'_>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        View::of_account(self.database, account, |view| {
            let mut entries = view.entries_down(before_id)?.peekable();
            // A read that fails ends the walk over the CDRs, and is then returned.
            let mut failed = None;
            let walked = charges_down(view, 0..before_id, &mut |cdr, state| {
                while let Some(entry) = entries.next_if(|entry| is_after(entry, cdr.message_id)) {
                    match entry {
                        Ok((id, entry)) => visit(Transaction::Entry(id, entry))?,
                        Err(error) => {
                            failed = Some(error);
                            return ControlFlow::Break(());
                        }
                    }
                }
                visit(Transaction::Charge(cdr, state))
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
            if walked.is_break() {
                return Ok(());
            }
            for entry in entries {
                let (id, entry) = entry?;
                if visit(Transaction::Entry(id, entry)).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Calls `visit` with the ledger entries of an account and their ids, the newest first, of ids below
    /// `before_id`, until it breaks off.
    pub fn ledger_before(
        &self,
        account: AccountNumber,
        before_id: u64,
        mut visit: impl FnMut(u64, LedgerEntry) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        View::of_account(self.database, account, |view| visit_all(view.entries_down(before_id)?, &mut visit))
    }

    /// Calls `visit` with the ledger entries of an account and their ids, the oldest first, of ids from
    /// `from_id` on and below `to_id`, until it returns `Break`.
    pub fn ledger_between(
        &self,
        account: AccountNumber,
        from_id: u64,
        to_id: u64,
        mut visit: impl FnMut(u64, LedgerEntry) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        View::of_account(self.database, account, |view| {
            visit_all(view.entries_up(from_id..to_id)?, &mut visit)
        })
    }
}

/// True if an entry has an id above that, or could not be read.
fn is_after(entry: &Result<(u64, LedgerEntry), Unavailable>, message_id: u64) -> bool {
    entry.as_ref().map_or(true, |(id, _)| *id > message_id)
}

/// The CDRs whose ids are in the range, the newest first.
fn charges_down(
    view: &View<'_>,
    ids: Range<u64>,
    visit: &mut impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Unavailable> {
    let mut outcomes = view.outcomes_down(ids.end)?;
    for row in view.down(Family::Cdrs, ids.end)? {
        let (first, value) = row?;
        let mut block = BlockReader::new(view.account, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
        if first.saturating_add(u64::from(block.left())) <= ids.start {
            break;
        }
        let mut cdrs: Vec<Cdr<'_>> = block.by_ref().collect();
        if !block.is_sound() {
            return Err(damaged(Family::Cdrs));
        }
        cdrs.retain(|cdr| ids.contains(&cdr.message_id));
        for cdr in cdrs.iter().rev() {
            let outcome = outcomes.of(cdr.message_id)?;
            if visit(cdr, outcome).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if first <= ids.start {
            break;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The CDRs whose ids are in the range, the oldest first.
fn charges_up(
    view: &View<'_>,
    ids: Range<u64>,
    visit: &mut impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<()>,
) -> Result<(), Unavailable> {
    // The first of them may be in the middle of a block.
    let before = view.down(Family::Cdrs, ids.start)?.next().transpose()?;
    let start = before.map_or(ids.start, |(first, _)| first);
    let mut outcomes = view.outcomes_up(ids.clone())?;
    for row in view.up(Family::Cdrs, start..ids.end)? {
        let (first, value) = row?;
        let block = BlockReader::new(view.account, first, &value);
        let mut block = block.ok_or_else(|| damaged(Family::Cdrs))?;
        for cdr in block.by_ref() {
            if !ids.contains(&cdr.message_id) {
                continue;
            }
            let outcome = outcomes.of(cdr.message_id)?;
            if visit(&cdr, outcome).is_break() {
                return Ok(());
            }
        }
        if !block.is_sound() {
            return Err(damaged(Family::Cdrs));
        }
    }
    Ok(())
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
