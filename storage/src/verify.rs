//! Proves from a data directory alone that the books add up, or names the first thing that is off.
//!
//! Everything is counted again from the CDRs, the ledger entries and the states, and compared with the rows
//! that the daemon keeps: wallets, volumes, bundles, caps, commissions and resales of every level of a chain, usage and
//! dispatch counters, batches, keys and short ids. A message that was handed over is in exactly one place: in a queue, scheduled, or in a state; and one that
//! an operator has is known by that operator's id.
//!
//! Last, the running sums of all rows (`sums.rs`) are counted again and compared with those that the commits
//! have kept, with the chain hash of the last commit, and with the anchor.
//!
//! Rows are read one after the other. What is held in memory is per account, per dispatch and per block, of
//! one account its usage, of the time series a row for each day and key and for each hour of what is of no account, per bundle, cap and row of resales, and of each refund and ledger entry a few octets; of a
//! message, nothing.

mod audit;
mod compare;
mod fault;
mod filters;
mod ledger;
mod messages;
mod operators;
mod outcome;
mod pocket_count;
mod pockets;
mod refusals;
mod series;
mod sums;
mod tariffs;
mod usage;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Total;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::Month;

use crate::resales::ResaleKey;
use crate::rows::{AccountRow, ContentDigest, DispatchCounters, ResaleRow};
use crate::store::{Anchors, Store};
use crate::sums::CommitRow;

use fault::off;
use pocket_count::{AskedRefund, PocketCount};
use series::SeriesCount;
use sums::{compare_anchor, compare_sums};
use usage::UsageCount;

pub use fault::Fault;
pub use filters::{FilterReport, verify_filters};

/// The counts of books that balance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of wallets compared.
    pub wallets: u64,
    /// The number of the last commit, whose chain hash is that of the rows that stand.
    pub last_commit: u64,
    /// Commits whose ids were accounted for.
    pub batches: u64,
    /// The number of CDRs read.
    pub cdrs: u64,
    /// Dispatch counters compared.
    pub dispatches: u64,
    /// Segments on the CDRs, those of messages whose charge was given back aside.
    pub segments: u64,
    /// Refunds, each of which is asked for by one state and is in the ledger once.
    pub refunds: u64,
    /// Messages in queues.
    pub queued: u64,
    /// Messages that wait for their time.
    pub scheduled: u64,
    /// Messages that an operator has and whose receipt is awaited.
    pub awaited: u64,
    /// Messages at their end.
    pub ended: u64,
    /// Leases: what may have been on a wire when the books were closed.
    pub leases: u64,
    /// Receipts that wait for a gateway.
    pub receipts: u64,
    /// Receipts that belong to no message we know of.
    pub unmatched: u64,
    /// Usage counters compared.
    pub usage_rows: u64,
    /// Rows of time series compared.
    pub series_rows: u64,
    /// Bundles compared, those that have ended too.
    pub bundles: u64,
    /// Counters of caps compared.
    pub caps: u64,
    /// Commission balances compared.
    pub commissions: u64,
    /// Rows of what accounts sold to their children compared.
    pub resales: u64,
    /// Documents of the management API.
    pub documents: u64,
    /// Notes in the audit log, whose chain of hashes is whole.
    pub audit: u64,
    /// The sums by currency.
    pub totals: BTreeMap<String, Totals>,
}

impl Report {
    /// True if there are counts of delivery to report.
    pub fn delivers(&self) -> bool {
        let counts = [self.queued, self.scheduled, self.awaited, self.ended];
        counts.into_iter().chain([self.leases, self.receipts, self.unmatched]).any(|count| count > 0)
    }
}

/// Sums over the wallets of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Opening balances, top-ups and adjustments.
    pub paid_in: Total,
    /// The sum of the debits in CDRs.
    pub charged: Total,
    /// The sum of the refunds.
    pub refunded: Total,
    /// The sum of the balances: paid in − charged + refunded.
    pub balance: Total,
}

/// The last commit, compared with the anchor and with nothing else; `None` where there is none. A daemon may be running.
pub fn anchored_commit(store: &Store) -> Result<Option<CommitRow>, Fault> {
    let last = store.last_commit()?;
    if let (Some(last), Anchors::Found(anchor)) = (&last, store.anchors()) {
        compare_anchor(last, anchor.as_ref())?;
    }
    Ok(last)
}

/// Counts everything again.
pub fn verify(store: &Store) -> Result<Report, Fault> {
    let mut count = Count::default();
    count.read_accounts(store)?;
    count.read_operators(store)?;
    count.read_tariffs(store)?;
    count.usage = UsageCount::begin(store)?;
    count.series = Some(SeriesCount::begin(store)?);
    count.read_messages(store)?;
    count.read_ledger(store)?;
    count.read_receipts(store)?;
    count.read_unmatched(store)?;
    count.read_documents(store)?;
    count.read_audit(store)?;
    count.compare_tariff_files(store)?;
    count.compare_batches(store)?;
    count.compare_waiting(store)?;
    Count::compare_expiries(store)?;
    count.compare_leases(store)?;
    count.compare_upstream(store)?;
    count.compare_awaiting(store)?;
    count.compare_volumes(store)?;
    count.compare_dispatches(store)?;
    count.compare_bundles(store)?;
    count.compare_caps(store)?;
    count.compare_commissions(store)?;
    count.compare_resales(store)?;
    Count::compare_keys(store)?;
    Count::compare_short_ids(store)?;
    let (usage, series) = (std::mem::take(&mut count.usage), count.series.take());
    let wrong_balance = count.wrong_balance.take();
    let mut report = count.compare_wallets(store)?;
    report.usage_rows = usage.finish(store)?;
    report.series_rows = series.map_or(Ok(0), |series| series.finish(store))?;
    if let Some(wrong) = wrong_balance {
        // Where a balance at the end is off, that says more than those on the way.
        return off(wrong);
    }
    // Last, as a rule that is broken says more than a sum that is.
    let last = compare_sums(store)?;
    if let Anchors::Found(anchor) = store.anchors() {
        compare_anchor(&last, anchor.as_ref())?;
    }
    report.last_commit = last.number;
    Ok(report)
}

/// One account's own counts.
#[derive(Debug, Default)]
struct AccountCount {
    row: Option<AccountRow>,
    paid_in: i128,
    charged: i128,
    refunded: i128,
    /// The charges of each block, by the block's first id; once all are read in the order of ids, each with all before it.
    charged_with: Vec<(u64, i128)>,
    volumes: HashMap<Month, i128>,
    pockets: PocketCount,
}

#[derive(Debug, Default)]
struct Count {
    accounts: BTreeMap<AccountNumber, AccountCount>,
    operators: BTreeSet<OperatorNumber>,
    /// The archived versions of the tariff.
    tariffs: BTreeSet<u32>,
    /// Contents that versions name, each with one of the versions and its length.
    tariff_files: BTreeMap<ContentDigest, (u32, u64)>,
    dispatches: HashMap<(AccountNumber, Vec<u8>), DispatchCounters>,
    /// Blocks not yet found in a batch, by their first id.
    blocks: HashMap<u64, (AccountNumber, u32)>,
    /// Ids of ledger entries, of receipts and of unmatched receipts, to be found in batches.
    entries: Vec<u64>,
    /// A ledger entry that names another balance than the one that it led to.
    wrong_balance: Option<String>,
    /// Refunds that a state asks for and the ledger has not shown yet.
    refunds: HashMap<(AccountNumber, u64), AskedRefund>,
    /// The charges of the block that is read, by account.
    charged_in_block: BTreeMap<AccountNumber, i128>,
    resales: HashMap<ResaleKey, ResaleRow>,
    usage: UsageCount,
    series: Option<SeriesCount>,
    report: Report,
}

impl Count {
    fn read_accounts(&mut self, store: &Store) -> Result<(), Fault> {
        for (number, row) in store.provisioned().accounts()? {
            self.accounts.insert(number, AccountCount { row: Some(row), ..AccountCount::default() });
        }
        Ok(())
    }

    fn account(&mut self, number: AccountNumber, id: u64) -> Result<&mut AccountCount, Fault> {
        match self.accounts.get_mut(&number) {
            Some(account) => Ok(account),
            None => off(format!("entry {id} belongs to account {}, which does not exist", number.0)),
        }
    }

    /// The name of an account, for a person who reads of a fault.
    fn name_of(&self, number: AccountNumber) -> String {
        let row = self.accounts.get(&number).and_then(|account| account.row.as_ref());
        row.map_or_else(|| number.0.to_string(), |row| row.id.clone())
    }

    fn check_operator(&self, number: OperatorNumber, whose: impl FnOnce() -> String) -> Result<(), Fault> {
        if self.operators.contains(&number) {
            return Ok(());
        }
        off(format!("{} names operator {}, which does not exist", whose(), number.0))
    }
}
