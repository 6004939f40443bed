//! What a commit changes in the fold, and whom it concerns.

use std::collections::{HashMap, HashSet};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::Month;
use tollgate_engine::wallet::{Posting, WalletState};

use super::amended::Amendment;
use super::leases::LeaseChanges;
use super::records::Records;
use super::touched::Touched;
use super::unmatched::UnmatchedChanges;
use super::usage::UsageChanges;
use crate::rows::{AuditTail, DispatchCounters};

/// A counter's row as it is on disk, where it is, and as it will be.
pub type Changed<T> = (Option<T>, T);

/// What a commit changes in the fold.
#[derive(Debug, Default)]
pub struct Changes {
    pub wallets: HashMap<AccountNumber, WalletState>,
    pub volumes: HashMap<(AccountNumber, Month), Changed<u64>>,
    pub dispatches: HashMap<(AccountNumber, Box<[u8]>), Changed<DispatchCounters>>,
    pub accounts: HashMap<String, AccountNumber>,
    pub operators: HashMap<String, OperatorNumber>,
    pub tariffs: HashMap<String, u32>,
    pub next_id: u64,
    pub last_short_id: u32,
    pub leases: LeaseChanges,
    /// By message id; `None` where it is told.
    pub amended: HashMap<u64, Option<Amendment>>,
    pub unmatched: UnmatchedChanges,
    pub usage: UsageChanges,
    /// The first id whose charge is not counted, where that changes.
    pub usage_counted: Option<u64>,
    /// Rows that events of this commit have changed, as they will be.
    pub touched: Touched,
    pub records: Records,
    pub news: News,
}

/// What others are told of a commit that is durable.
#[derive(Debug, Default)]
pub struct News {
    /// Whether there are new messages in queues.
    pub queued: bool,
    /// Those that came into a queue and left it again in the same commit.
    pub unqueued: HashSet<u64>,
    /// What the wallets in memory take back.
    pub refunds: Vec<Posting>,
    /// New receipts for gateways.
    pub receipts: Vec<(AccountNumber, u64)>,
    /// Messages that operators took a second time.
    pub duplicates: u64,
}

impl Changes {
    /// None yet, on top of these ids.
    pub fn new(next_id: u64, last_short_id: u32, audit: AuditTail) -> Self {
        let mut changes = Self { next_id, last_short_id, ..Self::default() };
        changes.records.audit = audit;
        changes
    }
}
