//! Messages on their way to operators: those that wait, and those that may have been sent.

use rocksdb::Range as KeyRange;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::database::{Database, Unavailable, damaged, handle};
use crate::message::{CLASSES, QueueKey, QueuedRow};
use crate::rows::{ExpiryRow, LeaseRow, Row, ScheduledRow};
use crate::schema::{Family, instant_id_key, parse_instant_id_key};

/// Rows that are counted one by one; a longer queue is estimated.
const COUNTED_MAX: u64 = 100_000;

/// Reads messages on their way to operators: queued, scheduled and leased ones.
#[derive(Clone, Copy, Debug)]
pub struct QueueRows<'a> {
    pub(super) database: &'a Database,
}

impl QueueRows<'_> {
    /// Messages of a queue in the order in which they are sent, those whose ids come after `after`; zero for
    /// all.
    pub fn after(
        &self,
        first_choice: OperatorNumber,
        class: u8,
        after: u64,
        at_most: usize,
    ) -> Result<Vec<QueuedRow>, Unavailable> {
        self.page(first_choice, class, after, (at_most, usize::MAX)).map(|(rows, _)| rows)
    }

    /// The same, of at most so many rows, and none more once the rows have so many octets. True beside them where there
    /// are no more.
    pub fn page(
        &self,
        first_choice: OperatorNumber,
        class: u8,
        after: u64,
        (at_most, octets_max): (usize, usize),
    ) -> Result<(Vec<QueuedRow>, bool), Unavailable> {
        let (mut rows, mut octets, mut is_last) = (Vec::new(), 0_usize, true);
        let Some(first) = after.checked_add(1).filter(|_| at_most > 0) else { return Ok((rows, is_last)) };
        let start = QueueKey { first_choice, class, message_id: first }.to_bytes();
        self.database.range(Family::Queue, &start..&end_of_class(first_choice, class), |key, value| {
            let key = QueueKey::from_bytes(key).ok_or_else(|| damaged(Family::Queue))?;
            octets = octets.saturating_add(value.len());
            rows.push(QueuedRow { key, bytes: value.into() });
            is_last = rows.len() < at_most && octets < octets_max;
            Ok(is_last)
        })?;
        Ok((rows, is_last))
    }

    /// A message's row in its queue; `None` once it has left it.
    pub fn row(&self, key: QueueKey) -> Result<Option<Box<[u8]>>, Unavailable> {
        Ok(self.database.get(Family::Queue, &key.to_bytes())?.map(Vec::into_boxed_slice))
    }

    /// About how many messages wait for an operator, all classes together: exact up to a hundred thousand,
    /// which takes some ten milliseconds. Of more it is reckoned how much room they take in files beside
    /// those that were counted, so what is only in memory yet is left out.
    pub fn len_estimate(&self, first_choice: OperatorNumber) -> Result<u64, Unavailable> {
        let start = QueueKey { first_choice, class: 0, message_id: 0 }.to_bytes();
        let end = end_of_class(first_choice, u8::MAX);
        let (mut counted, mut first, mut last) = (0, Vec::new(), Vec::new());
        self.database.range(Family::Queue, &start..&end, |key, _| {
            counted += 1;
            if counted == 1 {
                first = key.to_vec();
            } else if counted == COUNTED_MAX {
                last = key.to_vec();
            }
            Ok(counted < COUNTED_MAX)
        })?;
        if counted < COUNTED_MAX {
            return Ok(counted);
        }
        let ranges = [KeyRange::new(&first, &last), KeyRange::new(&first, &end)];
        let sizes = self.database.with(|db| {
            let sizes = db.get_approximate_sizes_cf(handle(db, Family::Queue)?, &ranges);
            Ok::<_, Unavailable>(sizes)
        })?;
        match sizes[..] {
            [counted_bytes, all_bytes] if counted_bytes > 0 => {
                let all = u128::from(counted) * u128::from(all_bytes) / u128::from(counted_bytes);
                Ok(counted.max(u64::try_from(all).unwrap_or(u64::MAX)))
            }
            _ => Ok(counted),
        }
    }

    /// Every lease, the oldest first.
    pub fn leases(&self) -> Result<Vec<LeaseRow>, Unavailable> {
        let mut leases = Vec::new();
        self.database.range(Family::Leases, &[]..&[u8::MAX; 9], |key, value| {
            let id = key.try_into().map(u64::from_be_bytes).ok();
            let lease = id.and_then(|id| LeaseRow::read_as(id, value));
            leases.push(lease.ok_or_else(|| damaged(Family::Leases))?);
            Ok(true)
        })?;
        Ok(leases)
    }

    /// Messages whose validity ends then or has ended before, the longest ended first, with the queue that
    /// they wait in or are scheduled for.
    pub fn due_expiries(
        &self,
        until: UnixMicros,
        at_most: usize,
    ) -> Result<Vec<(UnixMicros, QueueKey)>, Unavailable> {
        let mut due = Vec::new();
        if at_most == 0 {
            return Ok(due);
        }
        self.database.range(Family::Expiries, &[]..&after_instant(until), |key, value| {
            let read = parse_instant_id_key(key).zip(ExpiryRow::read(value));
            let ((at, id), row) = read.ok_or_else(|| damaged(Family::Expiries))?;
            due.push((at, row.queue_key(id)));
            Ok(due.len() < at_most)
        })?;
        Ok(due)
    }

    /// The time at which the next scheduled message is due.
    pub fn next_scheduled(&self) -> Result<Option<UnixMicros>, Unavailable> {
        let mut next = None;
        self.database.range(Family::Scheduled, &[]..&[u8::MAX; 17], |key, _| {
            let (at, _) = parse_instant_id_key(key).ok_or_else(|| damaged(Family::Scheduled))?;
            next = Some(at);
            Ok(false)
        })?;
        Ok(next)
    }

    /// Scheduled messages that are due then, the longest due first, as they are to stand in their queues.
    pub fn due_scheduled(
        &self,
        until: UnixMicros,
        at_most: usize,
    ) -> Result<Vec<(UnixMicros, QueuedRow)>, Unavailable> {
        let mut due = Vec::new();
        if at_most == 0 {
            return Ok(due);
        }
        self.database.range(Family::Scheduled, &[]..&after_instant(until), |key, value| {
            let read = parse_instant_id_key(key).zip(ScheduledRow::read(value));
            let ((at, message_id), row) = read.ok_or_else(|| damaged(Family::Scheduled))?;
            let key = QueueKey { first_choice: row.first_choice, class: row.class, message_id };
            due.push((at, QueuedRow { key, bytes: row.bytes }));
            Ok(due.len() < at_most)
        })?;
        Ok(due)
    }

    /// A scheduled message; `None` once it was released, cancelled or has expired.
    pub fn scheduled_row(
        &self,
        due: UnixMicros,
        message_id: u64,
    ) -> Result<Option<ScheduledRow>, Unavailable> {
        self.database.row(Family::Scheduled, &instant_id_key(due, message_id))
    }
}

/// The first key behind those of a class.
fn end_of_class(first_choice: OperatorNumber, class: u8) -> Vec<u8> {
    assert!(class < CLASSES || class == u8::MAX, "a class of a queue, or all of them");
    // One octet more than the last key that there can be.
    let last = QueueKey { first_choice, class, message_id: u64::MAX };
    [&last.to_bytes()[..], &[0]].concat()
}

/// The first key behind those of an instant.
fn after_instant(at: UnixMicros) -> Vec<u8> {
    [&instant_id_key(at, u64::MAX)[..], &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a class of a queue")]
    fn a_class_that_no_queue_has_stops() {
        end_of_class(OperatorNumber(1), CLASSES);
    }
}
