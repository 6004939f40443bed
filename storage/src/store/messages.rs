//! Reads of messages whose account is not known.

use rocksdb::{Direction, IteratorMode};
use tollgate_engine::account::AccountNumber;

use super::{Store, Unavailable, damaged, handle};
use crate::rows::{BatchRow, Row};
use crate::schema::Family;

impl Store {
    /// Whose message this is, in one seek; `None` for an id that no message has, be it one of a ledger entry or receipt.
    /// The ids that binds of SMPP 3.3 see are not meant.
    pub fn account_of_message(&self, message_id: u64) -> Result<Option<AccountNumber>, Unavailable> {
        self.with(|db| {
            let key = message_id.to_be_bytes();
            let mode = IteratorMode::From(&key, Direction::Reverse);
            let Some(row) = db.iterator_cf(handle(db, Family::Batches)?, mode).next() else {
                return Ok(None);
            };
            let (key, value) = row?;
            let first = key.as_ref().try_into().map(u64::from_be_bytes).ok();
            let (first, row) = first.zip(BatchRow::read(&value)).ok_or_else(|| damaged(Family::Batches))?;
            // The seek found a commit that begins at or before the message.
            let mut before = message_id.saturating_sub(first);
            for (account, count) in row.blocks {
                match before.checked_sub(u64::from(count)) {
                    Some(left) => before = left,
                    None => return Ok(Some(account)),
                }
            }
            Ok(None)
        })
    }
}
