//! Changes that a commit makes to the fold once it is durable.

use std::collections::HashMap;

use tollgate_engine::time::UnixMicros;

use super::amended::Amendment;
use super::chain_places::Placed;
use super::counters::Wallets;
use super::ids::IdCounter;
use super::leases::LeaseChanges;
use super::numbers::Numbers;
use super::output::News;
use super::pockets::PocketChanges;
use super::refusals::RefusalState;
use super::series::SeriesChanges;
use super::unmatched::UnmatchedChanges;
use super::usage::UsageChanges;
use crate::countries::NumberCountries;
use crate::rows::{AuditTail, ChainPlace};

/// The changes of a commit.
#[derive(Debug)]
pub struct Changes {
    /// Wallets that changed.
    pub wallets: Wallets,
    /// Accounts, operators and tariff versions that got a number.
    pub numbers: Numbers,
    /// The ids that are given out.
    pub ids: IdCounter,
    /// The time of the last commit, as it is noted.
    pub last_at: Option<UnixMicros>,
    /// Leases that were made or ended.
    pub leases: LeaseChanges,
    /// Amendments by message id; `None` for one that was passed on.
    pub amended: HashMap<u64, Option<Amendment>>,
    /// Receipts that were kept as unmatched, or are not any longer.
    pub unmatched: UnmatchedChanges,
    /// Usage counters that changed.
    pub usage: UsageChanges,
    /// Time series that changed.
    pub series: SeriesChanges,
    /// The note since when refusals are counted as they are written.
    pub refusals: RefusalState,
    /// Countries of numbers that hold from this commit on.
    pub countries: NumberCountries,
    /// Pockets that were read or changed.
    pub pockets: PocketChanges,
    /// Places of accounts in chains that were read or changed.
    pub places: HashMap<Placed, Option<ChainPlace>>,
    /// The first id whose charge is not counted in the usage rows.
    pub usage_counted: u64,
    /// The last note of the audit log.
    pub audit: AuditTail,
    /// The news for others.
    pub news: News,
}
