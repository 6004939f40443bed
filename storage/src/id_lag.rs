//! The spread of the ids of an earlier version, which counted ids on from the last one for as long as the
//! clock was behind it, and noted nothing of it.

use tollgate_engine::time::UnixMicros;

use crate::batch::Batch;
use crate::cdr::BlockReader;
use crate::database::{Database, Unavailable, damaged};
use crate::id_times::Spread;
use crate::rows::{BatchRow, Row};
use crate::schema::{Family, ID_SPREAD_KEY, account_id_key, issued_at};
use crate::store_options::Durability;

/// Writes the spread of a data directory that has none. It reads a row for each commit, and of CDRs those
/// where ids began to be counted on.
pub fn note_once(database: &Database) -> Result<(), Unavailable> {
    if database.get(Family::Meta, ID_SPREAD_KEY)?.is_some() {
        return Ok(());
    }
    let mut spread = Spread::default();
    let (mut end, mut counted_on) = (0, false);
    database.range(Family::Batches, &[]..&[u8::MAX; 9], |key, value| {
        let first = key.try_into().map(u64::from_be_bytes).map_err(|_| damaged(Family::Batches))?;
        let row = BatchRow::read(value).ok_or_else(|| damaged(Family::Batches))?;
        // By a clock that goes forward there are always ids between two commits that nobody has.
        let counts_on = first == end;
        if counts_on && !counted_on {
            // The clock came nearer with each commit, so that the first says how far it was.
            if let Some(submitted_at) = first_submit(database, first, &row)? {
                spread = spread.with(submitted_at, issued_at(first));
            }
        }
        // Where it says nothing, the next is asked.
        counted_on = counts_on && (counted_on || !row.blocks.is_empty());
        end = first + row.ids();
        Ok(true)
    })?;
    let mut batch = Batch::default();
    batch.insert(Family::Meta, ID_SPREAD_KEY, spread.to_bytes());
    database.write(&batch, Durability::Sync)
}

/// The time at which the first messages of a commit were submitted.
fn first_submit(database: &Database, first: u64, row: &BatchRow) -> Result<Option<UnixMicros>, Unavailable> {
    let Some((account, _)) = row.blocks.first() else { return Ok(None) };
    let block = database.get(Family::Cdrs, &account_id_key(*account, first))?;
    // A block that cannot be read is for `verify` to name.
    let block = block.as_ref().and_then(|block| BlockReader::new(*account, first, block));
    Ok(block.map(|block| block.header().submitted_at))
}
