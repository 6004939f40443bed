//! Commits: the ids that each gave out, and the CDR blocks that it wrote.

use std::ops::Range;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::cdr::BlockReader;
use crate::database::{Database, Unavailable, damaged};
use crate::id_times::{IdRanges, IdRun, IdTimes};
use crate::rows::{BatchRow, Row};
use crate::schema::{
    Family, ID_LEAD_PREFIX, ID_SPREAD_KEY, LAST_COMMIT_AT_KEY, LAST_SHORT_ID_KEY, account_id_key, id_lead_key,
};

/// Reads the rows of commits.
#[derive(Clone, Copy, Debug)]
pub struct CommitRows<'a> {
    pub(crate) database: &'a Database,
}

impl CommitRows<'_> {
    /// The first id after all that were given out.
    pub fn next_id(&self) -> Result<u64, Unavailable> {
        let Some(last) = self.database.last(Family::Batches)? else { return Ok(0) };
        let (first, row) = read(&last.0, &last.1)?;
        Ok(first + row.ids())
    }

    /// The ids that messages submitted in this range of time may have, and ledger entries made in it. Others
    /// are among them: each row says its own time.
    pub fn ids_of(&self, times: &Range<UnixMicros>) -> Result<IdRanges, Unavailable> {
        Ok(self.id_times()?.ids_of(times))
    }

    /// The time at which an id was given out.
    pub fn time_of(&self, id: u64) -> Result<UnixMicros, Unavailable> {
        Ok(self.id_times()?.time_of(id))
    }

    /// The time of the last commit, to a minute or by its ids; `None` where there is none.
    pub fn last_at(&self) -> Result<Option<UnixMicros>, Unavailable> {
        let last_id = self.next_id()?.checked_sub(1);
        let of_ids = match last_id {
            Some(id) => Some(self.id_times()?.last().time_of(id)),
            None => None,
        };
        Ok(of_ids.max(self.noted_at()?))
    }

    /// The time of a commit that is noted.
    pub(crate) fn noted_at(self) -> Result<Option<UnixMicros>, Unavailable> {
        Ok(self.database.number(Family::Meta, LAST_COMMIT_AT_KEY)?.map(UnixMicros))
    }

    /// The relation of ids to time.
    pub(crate) fn id_times(self) -> Result<IdTimes, Unavailable> {
        let mut runs = Vec::new();
        let keys = &id_lead_key(0)..&id_lead_key(u64::MAX);
        self.database.range(Family::Meta, &keys.start[..]..&keys.end[..], |key, value| {
            let number = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).ok();
            let first = key.strip_prefix(ID_LEAD_PREFIX).and_then(number);
            let run = first.zip(number(value)).map(|(first, lead_micros)| IdRun { first, lead_micros });
            runs.push(run.ok_or_else(|| damaged(Family::Meta))?);
            Ok(true)
        })?;
        let spread = self.database.row(Family::Meta, ID_SPREAD_KEY)?.unwrap_or_default();
        Ok(IdTimes { runs, spread })
    }

    /// True if a commit gave this id to a message of any account.
    pub(crate) fn is_message(self, id: u64) -> Result<bool, Unavailable> {
        let Some(commit) = self.database.last_until(Family::Batches, &id.to_be_bytes())? else {
            return Ok(false);
        };
        let (first, row) = read(&commit.0, &commit.1)?;
        Ok(id < first + row.messages())
    }

    /// The account of a message, in one seek; `None` for an id that no message has, such as that of a ledger
    /// entry or a receipt. The ids of SMPP 3.3 binds are not looked up.
    pub fn account_of(&self, message_id: u64) -> Result<Option<AccountNumber>, Unavailable> {
        let Some(commit) = self.database.last_until(Family::Batches, &message_id.to_be_bytes())? else {
            return Ok(None);
        };
        let (first, row) = read(&commit.0, &commit.1)?;
        // The seek found a commit that begins at or before the message.
        let mut before = message_id.saturating_sub(first);
        for (account, count) in row.blocks {
            match before.checked_sub(u64::from(count)) {
                Some(left) => before = left,
                None => return Ok(Some(account)),
            }
        }
        Ok(None)
    }

    /// The last short id given out; zero if there was none.
    pub(crate) fn last_short_id(self) -> Result<u32, Unavailable> {
        let Some(value) = self.database.get(Family::Meta, LAST_SHORT_ID_KEY)? else { return Ok(0) };
        Ok(u32::from_be_bytes(value.try_into().map_err(|_| damaged(Family::Meta))?))
    }

    /// Calls `visit` with the first id and the row of each commit that begins in the range, until it returns `false`.
    pub(crate) fn each(
        self,
        ids: Range<u64>,
        mut visit: impl FnMut(u64, BatchRow) -> Result<bool, Unavailable>,
    ) -> Result<(), Unavailable> {
        let (start, end) = (ids.start.to_be_bytes(), ids.end.to_be_bytes());
        self.database.range(Family::Batches, &start[..]..&end[..], |key, value| {
            let (first, row) = read(key, value)?;
            visit(first, row)
        })
    }

    /// Calls `read` with the CDR blocks of all commits whose ids are in the range; it returns `false` if one
    /// is damaged.
    pub(crate) fn blocks_of(
        self,
        ids: Range<u64>,
        mut read: impl FnMut(AccountNumber, BlockReader<'_>) -> bool,
    ) -> Result<(), Unavailable> {
        self.each(ids, |first, row| {
            let mut id = first;
            for (account, count) in row.blocks {
                let block = self.database.get(Family::Cdrs, &account_id_key(account, id))?;
                let block = block.as_ref().and_then(|block| BlockReader::new(account, id, block));
                let is_sound = block.map(|block| read(account, block));
                if is_sound != Some(true) {
                    return Err(damaged(Family::Cdrs));
                }
                id += u64::from(count);
            }
            Ok(true)
        })
    }
}

/// The first id of a commit and its row.
fn read(key: &[u8], value: &[u8]) -> Result<(u64, BatchRow), Unavailable> {
    let first = key.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes));
    first.zip(BatchRow::read(value)).ok_or_else(|| damaged(Family::Batches))
}
