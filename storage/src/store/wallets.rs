//! Wallets: durable balances, at present and in the past.

use std::collections::BTreeSet;
use std::ops::Range;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::WalletState;

use super::below::{paid_above, sold_below};
use super::provisioned::numbered;
use crate::cdr::BlockReader;
use crate::commits::CommitRows;
use crate::database::{Database, Unavailable, damaged};
use crate::rows::{LedgerEntry, Row};
use crate::schema::{Family, account_id_key, account_key, parse_account_id_key};
use crate::view::{Ids, View};

/// Reads durable wallets.
#[derive(Clone, Copy, Debug)]
pub struct WalletRows<'a> {
    pub(super) database: &'a Database,
}

impl WalletRows<'_> {
    /// Every wallet at this durable instant.
    pub fn all(&self) -> Result<Vec<(AccountNumber, WalletState)>, Unavailable> {
        numbered(self.database, Family::Wallets)
    }

    /// The durable wallet of an account.
    pub fn of(&self, account: AccountNumber) -> Result<Option<WalletState>, Unavailable> {
        self.database.row(Family::Wallets, &account_key(account))
    }

    /// An entry of an account's ledger.
    pub fn entry(&self, account: AccountNumber, id: u64) -> Result<Option<LedgerEntry>, Unavailable> {
        self.database.row(Family::Ledger, &account_id_key(account, id))
    }

    /// Calls `visit` with each entry of an account's ledger from an id on, in the order in which they were posted.
    pub fn entries_from(
        &self,
        account: AccountNumber,
        first: u64,
        mut visit: impl FnMut(u64, LedgerEntry),
    ) -> Result<(), Unavailable> {
        let mut is_sound = true;
        self.database.scan(Family::Ledger, &account_id_key(account, first), |key, value| {
            match parse_account_id_key(key).zip(LedgerEntry::read(value)) {
                Some(((of, _), _)) if of != account => return false,
                Some(((_, id), entry)) => visit(id, entry),
                None => is_sound = false,
            }
            is_sound
        })?;
        if is_sound { Ok(()) } else { Err(damaged(Family::Ledger)) }
    }

    /// The durable balance of an account at this instant: all that was paid in and all messages that were
    /// submitted before it.
    ///
    /// It is reckoned from the present balance back, and from the last balance that the ledger names before
    /// the instant on, in turns, a block of CDRs or a ledger entry at a time: whatever is nearer to the
    /// instant is there first. It takes about as long as the nearer one has CDRs to be read.
    pub fn balance_at(&self, account: AccountNumber, at: UnixMicros) -> Result<Total, Unavailable> {
        let commits = CommitRows { database: self.database };
        let since = commits.ids_of(&(at..UnixMicros(u64::MAX)))?.first();
        let until = commits.ids_of(&(UnixMicros(0)..at))?.end();
        View::of_account(self.database, account, |view| {
            let wallet = view.row::<WalletState>(Family::Wallets, &account_key(account))?;
            let present = wallet.unwrap_or_default().balance;
            let mut since = Walk::new(view, since..u64::MAX, at..UnixMicros(u64::MAX))?;
            let mut until = Walk {
                // Below these ids nothing is of a later time.
                balance_below: since.ids.start,
                ..Walk::new(view, 0..until, UnixMicros(0)..at)?
            };
            let below = sold_below(view)?;
            if !below.is_empty() {
                // Entries of its ledger name balances with the charges of accounts below, whose blocks are read here.
                while !since.step()? {}
                let charged = charged_below(view, &below, &since)?;
                return Ok(Total::from_micros(present.micros() - since.change + charged));
            }
            loop {
                if since.step()? {
                    return Ok(Total::from_micros(present.micros() - since.change));
                }
                if until.step()? {
                    return Ok(Total::from_micros(until.change));
                }
            }
        })
    }
}

/// The changes of an account's balance within a range of ids that are of some time, added up from the end on.
struct Walk<'view> {
    account: AccountNumber,
    /// `None` once all that are needed were added.
    entries: Option<Ids<'view>>,
    blocks: Ids<'view>,
    ids: Range<u64>,
    times: Range<UnixMicros>,
    /// An entry with an id below that stands for all changes before, if it names the balance after it.
    balance_below: u64,
    change: i128,
}

impl<'view> Walk<'view> {
    fn new(view: &'view View<'_>, ids: Range<u64>, times: Range<UnixMicros>) -> Result<Self, Unavailable> {
        let (entries, blocks) =
            (Some(view.down(Family::Ledger, ids.end)?), view.down(Family::Cdrs, ids.end)?);
        Ok(Self { account: view.account, entries, blocks, ids, times, balance_below: 0, change: 0 })
    }

    /// Reads one row more; whether everything is added up.
    fn step(&mut self) -> Result<bool, Unavailable> {
        let Some(entries) = &mut self.entries else { return self.step_block() };
        match entries.next().transpose()? {
            Some((id, value)) if id >= self.ids.start => {
                let entry = LedgerEntry::read(&value).ok_or_else(|| damaged(Family::Ledger))?;
                self.add_entry(id, &entry);
            }
            _ => self.entries = None,
        }
        Ok(false)
    }

    fn add_entry(&mut self, id: u64, entry: &LedgerEntry) {
        match entry.balance_after.filter(|_| id < self.balance_below) {
            Some(balance) => {
                self.change += balance.micros();
                (self.ids.start, self.entries) = (id, None);
            }
            None if self.times.contains(&entry.at) => self.change += i128::from(entry.amount.micros()),
            None => {}
        }
    }

    fn step_block(&mut self) -> Result<bool, Unavailable> {
        let Some((first, value)) = self.blocks.next().transpose()? else { return Ok(true) };
        let block = BlockReader::new(self.account, first, &value);
        let mut block = block.ok_or_else(|| damaged(Family::Cdrs))?;
        if first.saturating_add(u64::from(block.left())) <= self.ids.start {
            return Ok(true);
        }
        let is_of_time = self.times.contains(&block.header().submitted_at);
        for cdr in block.by_ref().filter(|cdr| is_of_time && self.ids.contains(&cdr.message_id)) {
            self.change -= i128::from(cdr.fields.amount.micros());
        }
        if block.is_sound() { Ok(first <= self.ids.start) } else { Err(damaged(Family::Cdrs)) }
    }
}

/// Everything that an account paid for messages of accounts below it, within the ids and times of a walk.
fn charged_below(
    view: &View<'_>,
    below: &BTreeSet<AccountNumber>,
    walk: &Walk<'_>,
) -> Result<i128, Unavailable> {
    let mut charged = 0;
    for account in below {
        for row in view.down_of(*account, Family::Cdrs, walk.ids.end)? {
            let (first, value) = row?;
            let block = BlockReader::new(*account, first, &value);
            let mut block = block.ok_or_else(|| damaged(Family::Cdrs))?;
            if first.saturating_add(u64::from(block.left())) <= walk.ids.start {
                break;
            }
            let is_of_time = walk.times.contains(&block.header().submitted_at);
            for cdr in block.by_ref().filter(|cdr| is_of_time && walk.ids.contains(&cdr.message_id)) {
                let paid = paid_above(&cdr, view.account).map(|level| level.postings.posting.amount);
                charged += paid.map_or(0, |amount| i128::from(amount.micros()));
            }
            if !block.is_sound() {
                return Err(damaged(Family::Cdrs));
            }
        }
    }
    Ok(charged)
}
