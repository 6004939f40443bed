//! Reads of what an account was charged, and of all that moved its money, in either direction.
//!
//! Each of them shows one durable instant, from its first row to its last, whatever is committed meanwhile;
//! the next call shows a later one. While one is under way the database cannot be opened again after a failed
//! write, so a visitor is to take what it needs and not to wait for anybody.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::LevelCharge;
use tollgate_engine::time::UnixMicros;

use super::below::{BlocksDown, block_down, paid_above, sold_below};
use super::messages::MessageRows;
use crate::cdr::{BlockReader, Cdr};
use crate::commits::CommitRows;
use crate::database::{Database, Unavailable, damaged};
use crate::id_times::IdRanges;
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
    /// A message of an account below, and what the account paid for it; `None` where it paid nothing as a level.
    Below(&'a Cdr<'a>, Option<&'a LevelCharge>),
}

impl Transaction<'_> {
    /// The entry's id, or the message's: both count on from the same number.
    pub fn id(&self) -> u64 {
        match self {
            Self::Entry(id, _) => *id,
            Self::Charge(cdr, _) | Self::Below(cdr, _) => cdr.message_id,
        }
    }

    /// The time at which the entry was made, or the message submitted.
    pub fn at(&self) -> UnixMicros {
        match self {
            Self::Entry(_, entry) => entry.at,
            Self::Charge(cdr, _) | Self::Below(cdr, _) => cdr.header.submitted_at,
        }
    }
}

/// Reads charges and ledger entries of an account in the order of ids, which is that of commits.
/// [`CommitRows::ids_of`](super::CommitRows::ids_of) has the ids of a range of time; among them are some of
/// other times, which a visitor leaves out.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    pub(super) database: &'a Database,
}

impl History<'_> {
    /// Calls `visit` with the CDRs of an account that have these ids and the states of their messages, the
    /// newest first, until it returns `Break`. What is read of the disk begins where the CDRs do, and ends
    /// soon after the last that is visited.
    pub fn charges_down(
        &self,
        account: AccountNumber,
        ids: &IdRanges,
        mut visit: impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        self.each_down(account, ids, |view, ids| charges_down(view, ids, &mut visit))
    }

    /// The same, the oldest first.
    pub fn charges_up(
        &self,
        account: AccountNumber,
        ids: &IdRanges,
        mut visit: impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        self.each_up(account, ids, |view, ids| charges_up(view, ids, &mut visit))
    }

    /// Calls `visit` with all of these ids that moved an account's money, the newest first, until it returns
    /// `Break`. Every message of the accounts that it ever sold to is among them, whether it paid for it or not, so that
    /// a visitor knows how much was read.
    pub fn transactions_down(
        &self,
        account: AccountNumber,
        ids: &IdRanges,
        mut visit: impl FnMut(Transaction<'_>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        self.debits_down(account, ids, |view, below, ids| transactions_down(view, below, ids, &mut visit))
    }

    /// The same without ledger entries.
    pub fn all_charges_down(
        &self,
        account: AccountNumber,
        ids: &IdRanges,
        mut visit: impl FnMut(Transaction<'_>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        let mut visit = |charge: Transaction<'_>| Ok(visit(charge));
        self.debits_down(account, ids, |view, below, ids| all_charges_down(view, below, &ids, &mut visit))
    }

    /// Calls `visit` with the CDRs of these ids of all accounts that an account ever sold to, one account after the other,
    /// until it returns `Break`; beside each, what the account paid for it, or `None` where it paid nothing as a level.
    pub fn charges_below(
        &self,
        account: AccountNumber,
        ids: &IdRanges,
        mut visit: impl FnMut(&Cdr<'_>, Option<&LevelCharge>) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        let mut visit = |cdr: &Cdr<'_>| Ok(visit(cdr, paid_above(cdr, account).as_ref()));
        View::of_account(self.database, account, |view| {
            for below in sold_below(view)? {
                for ids in ids.iter().rev() {
                    let mut blocks = BlocksDown::new(view, [below], &ids)?;
                    while let Some(block) = blocks.next()? {
                        if block_down(&block, &ids, &mut visit)?.is_break() {
                            return Ok(());
                        }
                    }
                }
            }
            Ok(())
        })
    }

    /// The accounts that an account ever sold to, and those that they ever sold to.
    pub fn ever_sold_to(&self, account: AccountNumber) -> Result<BTreeSet<AccountNumber>, Unavailable> {
        View::of_account(self.database, account, sold_below)
    }

    /// The charge of an account for a message of an account below it, read from its CDR; `None` if it paid nothing as a level, or
    /// there is no such message.
    pub fn charge_below<T>(
        &self,
        account: AccountNumber,
        message_id: u64,
        read: impl FnOnce(&Cdr<'_>, &LevelCharge) -> T,
    ) -> Result<Option<T>, Unavailable> {
        let database = self.database;
        let Some(sender) = (CommitRows { database }).account_of(message_id)?.filter(|of| *of != account)
        else {
            return Ok(None);
        };
        let read = |cdr: &Cdr<'_>| paid_above(cdr, account).map(|level| read(cdr, &level));
        Ok(MessageRows { database }.cdr(sender, message_id, read)?.flatten())
    }

    /// Calls `visit` with the ledger entries of an account that have these ids, and their ids, the newest
    /// first, until it returns `Break`.
    pub fn entries_down(
        &self,
        account: AccountNumber,
        ids: &IdRanges,
        mut visit: impl FnMut(u64, LedgerEntry) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        self.each_down(account, ids, |view, ids| {
            visit_all(view.entries_down(ids.end)?.take_while(|entry| is_from(entry, ids.start)), &mut visit)
        })
    }

    /// The same, the oldest first.
    pub fn entries_up(
        &self,
        account: AccountNumber,
        ids: &IdRanges,
        mut visit: impl FnMut(u64, LedgerEntry) -> ControlFlow<()>,
    ) -> Result<(), Unavailable> {
        self.each_up(account, ids, |view, ids| visit_all(view.entries_up(ids)?, &mut visit))
    }

    /// Reads range after range of one durable instant, the newest first, with the accounts that the account ever sold to.
    fn debits_down(
        self,
        account: AccountNumber,
        ids: &IdRanges,
        mut read: impl FnMut(
            &View<'_>,
            &BTreeSet<AccountNumber>,
            Range<u64>,
        ) -> Result<ControlFlow<()>, Unavailable>,
    ) -> Result<(), Unavailable> {
        let mut below = None;
        self.each_down(account, ids, |view, ids| {
            let below = match &mut below {
                Some(below) => below,
                none => none.insert(sold_below(view)?),
            };
            read(view, below, ids)
        })
    }

    /// Reads range after range of one durable instant, the newest first.
    fn each_down(
        self,
        account: AccountNumber,
        ids: &IdRanges,
        mut read: impl FnMut(&View<'_>, Range<u64>) -> Result<ControlFlow<()>, Unavailable>,
    ) -> Result<(), Unavailable> {
        View::of_account(self.database, account, |view| {
            for ids in ids.iter().rev() {
                if read(view, ids)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn each_up(
        self,
        account: AccountNumber,
        ids: &IdRanges,
        mut read: impl FnMut(&View<'_>, Range<u64>) -> Result<ControlFlow<()>, Unavailable>,
    ) -> Result<(), Unavailable> {
        View::of_account(self.database, account, |view| {
            for ids in ids.iter() {
                if read(view, ids)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// All that moved the account's money and has an id in the range, the newest first.
fn transactions_down(
    view: &View<'_>,
    below: &BTreeSet<AccountNumber>,
    ids: Range<u64>,
    visit: &mut impl FnMut(Transaction<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Unavailable> {
    let entries = view.entries_down(ids.end)?.take_while(|entry| is_from(entry, ids.start));
    let mut entries = entries.peekable();
    let walked = all_charges_down(view, below, &ids, &mut |charge| {
        while let Some(entry) = entries.next_if(|entry| is_from(entry, charge.id())) {
            let (id, entry) = entry?;
            if visit(Transaction::Entry(id, entry)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(visit(charge))
    })?;
    if walked.is_break() {
        return Ok(walked);
    }
    visit_all(entries, &mut |id, entry| visit(Transaction::Entry(id, entry)))
}

/// The CDRs of the account and of those below it whose ids are in the range, the newest first.
fn all_charges_down(
    view: &View<'_>,
    below: &BTreeSet<AccountNumber>,
    ids: &Range<u64>,
    visit: &mut impl FnMut(Transaction<'_>) -> Result<ControlFlow<()>, Unavailable>,
) -> Result<ControlFlow<()>, Unavailable> {
    let mut outcomes = view.outcomes_down(ids.end)?;
    let accounts = std::iter::once(view.account).chain(below.iter().copied());
    let mut blocks = BlocksDown::new(view, accounts, ids)?;
    while let Some(block) = blocks.next()? {
        let flow = block_down(&block, ids, |cdr| {
            if cdr.account == view.account {
                visit(Transaction::Charge(cdr, outcomes.of(cdr.message_id)?))
            } else {
                visit(Transaction::Below(cdr, paid_above(cdr, view.account).as_ref()))
            }
        })?;
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// True if an entry has that id or one above, or could not be read.
fn is_from(entry: &Result<(u64, LedgerEntry), Unavailable>, id: u64) -> bool {
    entry.as_ref().map_or(true, |(entry_id, _)| *entry_id >= id)
}

/// The CDRs whose ids are in the range, the newest first.
fn charges_down(
    view: &View<'_>,
    ids: Range<u64>,
    visit: &mut impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Unavailable> {
    all_charges_down(view, &BTreeSet::new(), &ids, &mut |charge| {
        Ok(match charge {
            Transaction::Charge(cdr, state) => visit(cdr, state),
            Transaction::Below(..) | Transaction::Entry(..) => ControlFlow::Continue(()),
        })
    })
}

/// The CDRs whose ids are in the range, the oldest first.
fn charges_up(
    view: &View<'_>,
    ids: Range<u64>,
    visit: &mut impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Unavailable> {
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
                return Ok(ControlFlow::Break(()));
            }
        }
        if !block.is_sound() {
            return Err(damaged(Family::Cdrs));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn visit_all(
    entries: impl Iterator<Item = Result<(u64, LedgerEntry), Unavailable>>,
    visit: &mut impl FnMut(u64, LedgerEntry) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Unavailable> {
    for entry in entries {
        let (id, entry) = entry?;
        if visit(id, entry).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
