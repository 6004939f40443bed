//! The commit as it grows: its rows, the ids that it gives out, and what others are told once it is durable.

use std::collections::HashSet;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Posting;

use crate::batch::Batch;
use crate::rows::{BatchRow, Row};
use crate::schema::{Family, LAST_SHORT_ID_KEY, first_id_at};

/// The rows, ids and news of a commit.
#[derive(Debug)]
pub struct Output {
    /// The time of the commit.
    pub now: UnixMicros,
    /// The rows of the commit.
    pub batch: Batch,
    /// The ids that it gives out.
    pub ids: Ids,
    /// The news for others.
    pub news: News,
}

/// The news of a commit that is durable.
#[derive(Debug, Default)]
pub struct News {
    /// True if there are new messages in queues.
    pub queued: bool,
    /// Messages that came into a queue and left it again in the same commit.
    pub unqueued: HashSet<u64>,
    /// Postings that the wallets in memory take back.
    pub refunds: Vec<Posting>,
    /// New receipts for gateways.
    pub receipts: Vec<(AccountNumber, u64)>,
    /// Messages that operators took a second time.
    pub duplicates: u64,
}

/// The ids that a commit gives out.
#[derive(Debug)]
pub struct Ids {
    row: BatchRow,
    /// The first id that no commit before has given out.
    unused: u64,
    first: u64,
    next: u64,
    last_short: u32,
}

impl Output {
    /// An empty commit, on top of the ids that were given out before.
    pub fn new(now: UnixMicros, next_id: u64, last_short_id: u32) -> Self {
        let first = next_id.max(first_id_at(now));
        let (row, unused, last_short) = (BatchRow::default(), next_id, last_short_id);
        let ids = Ids { row, unused, first, next: first, last_short };
        Self { now, batch: Batch::default(), ids, news: News::default() }
    }

    /// Writes the row that says which ids the commit gave out.
    pub fn write_ids(&mut self) {
        let Ids { row, first, .. } = &self.ids;
        if row.ids() > 0 {
            self.batch.insert(Family::Batches, first.to_be_bytes(), row.to_bytes());
        }
    }

    /// Gives out 32-bit ids to as many messages; returns the first. They begin again at one rather than wrap
    /// around among these messages.
    pub fn take_short_ids(&mut self, count: u32) -> u32 {
        let before = self.ids.last_short;
        let first = if before.checked_add(count).is_some() { before + 1 } else { 1 };
        let last = first + count - 1;
        self.ids.last_short = last;
        let (value, old) = (last.to_be_bytes().to_vec(), before.to_be_bytes().to_vec());
        self.batch.replace(Family::Meta, LAST_SHORT_ID_KEY, value, Some(old));
        first
    }
}

impl Ids {
    /// The first id that is not given out yet. A commit that gives out none leaves it as it is: an id is used
    /// once a row on disk says so, and not because time has passed.
    pub fn next(&self) -> u64 {
        if self.row.ids() == 0 { self.unused } else { self.next }
    }

    /// The last 32-bit id that was given out.
    pub fn last_short(&self) -> u32 {
        self.last_short
    }

    /// Gives out the ids of a block of an account's messages; returns the first.
    pub fn take_block(&mut self, account: AccountNumber, count: u32) -> u64 {
        self.row.blocks.push((account, count));
        self.take(u64::from(count))
    }

    /// Gives out the id of one ledger entry or receipt.
    pub fn take_entry(&mut self) -> u64 {
        self.row.entries += 1;
        self.take(1)
    }

    fn take(&mut self, count: u64) -> u64 {
        let first = self.next;
        self.next += count;
        first
    }
}
