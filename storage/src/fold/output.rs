//! The commit as it grows: its rows, the ids that it gives out, and what others are told once it is durable.

use std::collections::HashSet;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::Bundle;
use tollgate_engine::posting::AccountPostings;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::{Posting, Wallet};

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
    /// The same of messages that moved more than their account's wallet, one for each account.
    pub given_back: Vec<GivenBack>,
    /// New receipts for gateways.
    pub receipts: Vec<(AccountNumber, u64)>,
    /// Messages that operators took a second time.
    pub duplicates: u64,
}

/// The postings of one message in one account that are given back, as the account's wallet in memory takes them back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenBack {
    /// Everything that is given back.
    pub postings: AccountPostings,
    /// Bundles that had ended and are good again, for units among the postings, which are not in them yet.
    pub extended: Vec<Bundle>,
}

impl GivenBack {
    /// Takes the postings back in the account's wallet.
    pub fn take_back(&self, wallet: &Wallet) {
        if !self.extended.is_empty() {
            wallet.change_pockets(|pockets| {
                for bundle in &self.extended {
                    pockets.bundles.extend(bundle, bundle.expires_at, 0);
                }
            });
        }
        wallet.undo_postings(&self.postings);
    }
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
