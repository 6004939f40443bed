//! Bringing a data directory of an earlier version up to date, when it is opened for writing.
//!
//! The schema version is written last, with the running sums (`sums/build.rs`): where an upgrade is broken off, it is done
//! once more from the beginning.

use tollgate_engine::wallet::WalletState;

use crate::batch::Batch;
use crate::database::{Database, Unavailable, damaged};
use crate::resales::ResaleKey;
use crate::rows::{
    AccountRow, AuditRow, BatchRow, BundleRow, CapRow, CommissionRow, DispatchCounters, DocumentRow,
    ExpiryRow, GatewayReceipt, KeyRow, LeaseRow, LedgerEntry, OperatorRow, RequestRow, ResaleRow, Row,
    ScheduledRow, SeriesRow, StateRow, TariffRow, UnmatchedRow, UpstreamRow, UsageRow,
};
use crate::schema::{
    Family, SCHEMA_VERSION_WITHOUT_SERIES, SCHEMA_VERSION_WITHOUT_SUMS, SCHEMA_VERSION_WITHOUT_USAGE_BELOW,
};
use crate::store_options::Durability;
use crate::{id_lag, number_countries, series_builder, usage_builder, usage_check};

/// Rows rewritten at once.
const ROWS_AT_ONCE: usize = 10_000;

/// Writes what every directory of this version has, a new one too.
pub fn begin(database: &Database) -> Result<(), Unavailable> {
    begin_counted(database, false)
}

/// The same where usage may be `is_uncounted` altogether.
fn begin_counted(database: &Database, is_uncounted: bool) -> Result<(), Unavailable> {
    id_lag::note_once(database)?;
    number_countries::begin(database, is_uncounted)?;
    usage_check::check_once(database)
}

/// Brings a directory of that version up to date, but for the running sums and the version itself.
pub fn upgrade(database: &Database, found: u32) -> Result<(), Unavailable> {
    begin_counted(database, found < SCHEMA_VERSION_WITHOUT_SUMS)?;
    if found == SCHEMA_VERSION_WITHOUT_USAGE_BELOW && database.last(Family::Resales)?.is_some() {
        let countries = number_countries::load(database)?;
        usage_builder::build(database, &countries, usage_builder::ROWS_AT_ONCE)?;
        mark_resales(database)?;
    }
    if found <= SCHEMA_VERSION_WITHOUT_SERIES {
        series_builder::build(database, series_builder::ROWS_AT_ONCE)?;
    }
    Family::ALL.iter().try_for_each(|family| rewrite(database, *family))
}

/// Writes the marks of who has sold to whom in which month.
fn mark_resales(database: &Database) -> Result<(), Unavailable> {
    let (mut batch, mut last, mut is_sound) = (Batch::default(), None, true);
    database.scan(Family::Resales, &[], |key, _| {
        let Some(resale) = ResaleKey::from_octets(key) else {
            is_sound = false;
            return false;
        };
        let mark = resale.mark();
        // A mark stands in front of all that it is of. There is one already where an upgrade was broken off.
        if last.replace(mark) != Some(mark) && !resale.is_mark() {
            batch.insert(Family::Resales, mark.to_octets().to_vec(), ResaleRow::default().to_bytes());
        }
        true
    })?;
    if is_sound { database.write(&batch, Durability::Sync) } else { Err(damaged(Family::Resales)) }
}

/// Writes rows that an earlier version left shorter as this one writes them. A commit says of each row what it replaces,
/// in the form of this version, and the running sums go by that.
fn rewrite(database: &Database, family: Family) -> Result<(), Unavailable> {
    let Some(rewritten) = form_of(family) else { return Ok(()) };
    let mut start = Vec::new();
    loop {
        let (mut batch, mut is_sound, mut last) = (Batch::default(), true, None);
        let mut left = ROWS_AT_ONCE;
        database.scan(family, &start, |key, value| {
            match rewritten(value) {
                Some(after) if after != value => batch.replace(family, key, after, Some(value.to_vec())),
                Some(_) => {}
                None => is_sound = false,
            }
            last = Some(key.to_vec());
            left -= 1;
            is_sound && left > 0
        })?;
        if !is_sound {
            return Err(damaged(family));
        }
        if !batch.is_empty() {
            database.write(&batch, Durability::Sync)?;
        }
        match last.filter(|_| left == 0) {
            // The smallest key behind the last.
            Some(mut key) => {
                key.push(0);
                start = key;
            }
            None => return Ok(()),
        }
    }
}

/// Reads a row and writes it again; `None` if it cannot be read.
type Rewritten = fn(&[u8]) -> Option<Vec<u8>>;

fn again<R: Row>(value: &[u8]) -> Option<Vec<u8>> {
    R::read(value).map(|row| row.to_bytes())
}

/// The form of a family's rows. `None` where commits take them as they are.
fn form_of(family: Family) -> Option<Rewritten> {
    Some(match family {
        Family::Accounts => again::<AccountRow>,
        Family::Wallets => again::<WalletState>,
        Family::Ledger => again::<LedgerEntry>,
        Family::Batches => again::<BatchRow>,
        Family::States => again::<StateRow>,
        Family::Dispatches => again::<DispatchCounters>,
        Family::Keys => again::<KeyRow>,
        Family::Tariffs => again::<TariffRow>,
        Family::Operators => again::<OperatorRow>,
        Family::Scheduled => again::<ScheduledRow>,
        Family::Expiries => again::<ExpiryRow>,
        Family::Leases => again::<LeaseRow>,
        Family::Upstream => again::<UpstreamRow>,
        Family::Receipts => again::<GatewayReceipt>,
        Family::Unmatched => again::<UnmatchedRow>,
        Family::Documents => again::<DocumentRow>,
        Family::Audit => again::<AuditRow>,
        Family::Requests => again::<RequestRow>,
        Family::Usage => again::<UsageRow>,
        Family::Bundles => again::<BundleRow>,
        Family::Caps => again::<CapRow>,
        Family::Commissions => again::<CommissionRow>,
        Family::Resales => again::<ResaleRow>,
        Family::Series | Family::SeriesOpen => again::<SeriesRow>,
        Family::Meta
        | Family::Cdrs
        | Family::Volumes
        | Family::ShortIds
        | Family::Queue
        | Family::Awaiting
        | Family::Health
        | Family::Sums
        | Family::TariffFiles
        | Family::Refusals
        | Family::MessageFilters
        | Family::MessageTexts => return None,
    })
}
