//! Messages that were refused: one row for those of about a second, and their counts in the time series, in one commit.

use super::messages::Messages;
use crate::batch::Batch;
use crate::database::Unavailable;
use crate::rows::{RefusalsRow, Row};
use crate::schema::{Family, REFUSALS_COUNTED_KEY};
use crate::series::refusals::{CountedRefusals, cells_of, first_day_without};
use crate::store::Store;

/// Says whether it is noted since when rows of refused messages and time series are one.
#[derive(Clone, Copy, Debug)]
pub enum RefusalState {
    /// Noted in a commit that is on disk.
    Noted,
    /// To be noted with the next row; the days before this one have refusals of an earlier version.
    NotNoted {
        /// The first day behind them.
        from_day: u32,
    },
}

impl RefusalState {
    /// Reads it from a directory.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        Ok(match CountedRefusals::read(store.database())? {
            Some(_) => Self::Noted,
            None => Self::NotNoted { from_day: first_day_without(store.database())? },
        })
    }

    fn note(&mut self, batch: &mut Batch, from_id: u64) {
        if let Self::NotNoted { from_day } = *self {
            let counted = CountedRefusals { from_id, from_day };
            batch.insert(Family::Meta, REFUSALS_COUNTED_KEY, counted.to_bytes());
            *self = Self::Noted;
        }
    }
}

/// Writes refused messages down and counts them.
pub fn write_refusals(messages: &mut Messages<'_>, state: &mut RefusalState, row: &RefusalsRow) {
    let Messages { out, books, .. } = messages;
    let first = out.ids.take_refusals(row.ids(), row.times());
    out.batch.insert(Family::Refusals, first.to_be_bytes(), row.to_bytes());
    state.note(&mut out.batch, first);
    cells_of(row, |cell, added| books.series.add(cell, added));
}
