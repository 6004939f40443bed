//! Compares the usage counters of a data directory with its commits, once: earlier versions could give out ids
//! again that counted as counted, after a restart with a clock that was set back, and never counted their
//! charges. Where messages are missing, all usage is counted again.

use std::collections::BTreeMap;

use tollgate_engine::account::AccountNumber;

use crate::batch::Batch;
use crate::database::{Database, Unavailable, damaged};
use crate::number_countries;
use crate::rows::{BatchRow, Row, UsageRow};
use crate::schema::{Family, USAGE_CHECKED_KEY, USAGE_COUNTED_KEY, parse_usage_key};
use crate::store_options::Durability;
use crate::usage::UsageOf;
use crate::usage_builder;

/// Messages by account; an account without any is not in it.
type Messages = BTreeMap<AccountNumber, u64>;

/// Compares usage with the commits unless it was done before, and counts again what does not agree. It reads
/// a row for each commit and for each usage counter, and no CDR unless they are counted again.
pub fn check_once(database: &Database) -> Result<(), Unavailable> {
    if database.get(Family::Meta, USAGE_CHECKED_KEY)?.is_some() {
        return Ok(());
    }
    if charged(database)? != counted(database)? {
        tracing::warn!(
            "usage lacks messages of an earlier version: counting the usage of all messages again"
        );
        usage_builder::build(database, &number_countries::load(database)?, usage_builder::ROWS_AT_ONCE)?;
    }
    let mut batch = Batch::default();
    batch.insert(Family::Meta, USAGE_CHECKED_KEY, Vec::new());
    database.write(&batch, Durability::Sync)
}

/// The messages of the commits whose charges count as counted.
fn charged(database: &Database) -> Result<Messages, Unavailable> {
    let counted_to = database.number(Family::Meta, USAGE_COUNTED_KEY)?.unwrap_or(0);
    let mut charged = Messages::new();
    database.range(Family::Batches, &[]..&counted_to.to_be_bytes(), |_, value| {
        let row = BatchRow::read(value).ok_or_else(|| damaged(Family::Batches))?;
        for (account, count) in row.blocks {
            *charged.entry(account).or_default() += u64::from(count);
        }
        Ok(true)
    })?;
    charged.retain(|_, messages| *messages > 0);
    Ok(charged)
}

/// The messages that usage counts, each of which is in one row of its network.
fn counted(database: &Database) -> Result<Messages, Unavailable> {
    let mut counted = Messages::new();
    let mut is_sound = true;
    database.scan(Family::Usage, &[], |key, value| {
        match parse_usage_key(key).zip(UsageRow::read(value)) {
            Some((key, row)) if matches!(key.of, UsageOf::Network(..)) => {
                *counted.entry(key.account).or_default() += row.messages;
            }
            Some(_) => {}
            None => is_sound = false,
        }
        is_sound
    })?;
    counted.retain(|_, messages| *messages > 0);
    // A damaged row is for `verify` to name, and not for a start to hide.
    if is_sound { Ok(counted) } else { Err(damaged(Family::Usage)) }
}
