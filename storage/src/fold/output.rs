//! The commit as it grows: its rows, the ids that it gives out, and what others are told once it is durable.

use std::collections::HashSet;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Posting;

use super::ids::{IdCounter, Ids};
use crate::batch::Batch;

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
    /// Messages that came into a queue because they are due, among others that are newer.
    pub released: HashSet<u64>,
    /// Postings that the wallets in memory take back.
    pub refunds: Vec<Posting>,
    /// New receipts for gateways.
    pub receipts: Vec<(AccountNumber, u64)>,
    /// Messages that operators took a second time.
    pub duplicates: u64,
}

impl Output {
    /// An empty commit, on top of the ids that were given out before.
    pub fn new(now: UnixMicros, ids: IdCounter) -> Self {
        Self { now, batch: Batch::default(), ids: Ids::new(ids, now), news: News::default() }
    }

    /// Gives out 32-bit ids to as many messages; returns the first.
    pub fn take_short_ids(&mut self, count: u32) -> u32 {
        self.ids.take_short(&mut self.batch, count)
    }
}
