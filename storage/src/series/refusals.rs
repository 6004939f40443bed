//! Refused messages in time series: what a row of `refusals` counts, and since when rows and counters are one.
//!
//! A commit that writes such a row adds its messages, those that are listed and those that are only counted, to the cells of
//! the time series. So what the rows tell and what the series count are the same in every state on disk, and `verify` counts the
//! one from the other. Earlier versions wrote the two apart, and may have lost a part of the one and not of the other.

use std::collections::BTreeMap;

use tollgate_engine::time::UnixMicros;

use super::cell::{Cell, RefusalCell};
use super::{Dimension, Minute, SeriesKey, Step, span_key};
use crate::database::{Database, Unavailable, damaged};
use crate::rows::{RefusalsRow, SeriesRow};
use crate::schema::{Family, REFUSALS_COUNTED_KEY};

/// The days whose counters have what the rows of `refusals` tell, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedRefusals {
    /// The first id of the first row that was counted when it was written.
    pub from_id: u64,
    /// The first day behind all in which an earlier version counted refusals, counted from 1970 in UTC.
    pub from_day: u32,
}

impl CountedRefusals {
    /// The note in `meta`; `None` where no row was counted when it was written.
    pub fn read(database: &Database) -> Result<Option<Self>, Unavailable> {
        let Some(row) = database.get(Family::Meta, REFUSALS_COUNTED_KEY)? else { return Ok(None) };
        let split = row.split_first_chunk();
        let read = split.and_then(|(id, rest)| {
            Some(Self {
                from_id: u64::from_be_bytes(*id),
                from_day: u32::from_be_bytes(rest.try_into().ok()?),
            })
        });
        read.map(Some).ok_or_else(|| damaged(Family::Meta))
    }

    /// The row in `meta`.
    pub fn to_bytes(self) -> Vec<u8> {
        [&self.from_id.to_be_bytes()[..], &self.from_day.to_be_bytes()].concat()
    }
}

/// Calls `add` with the cells that the messages of a row of `refusals` count in. A message counts when it came; those that are
/// only counted, when the row was written.
pub fn cells_of(row: &RefusalsRow, mut add: impl FnMut(Cell, &SeriesRow)) {
    let mut counts: BTreeMap<RefusalCell, u64> = BTreeMap::new();
    let mut count = |at: UnixMicros, account, refusal, messages| {
        let cell = counts.entry(RefusalCell { minute: Minute::of(at), account, refusal }).or_default();
        *cell = cell.wrapping_add(messages);
    };
    row.messages.iter().for_each(|message| count(message.at, message.account, message.reason, 1));
    row.not_kept.iter().for_each(|more| count(row.at, more.account, more.reason, more.count));
    for (cell, messages) in counts {
        let row = SeriesRow { messages: messages.cast_signed(), ..SeriesRow::default() };
        add(Cell::Refusals(cell), &row);
    }
}

/// The first day behind all that have counters of refusals.
pub fn first_day_without(database: &Database) -> Result<u32, Unavailable> {
    let (mut first, mut is_sound) = (0, true);
    for dimension in [Dimension::Refusals, Dimension::AccountRefusals] {
        let end = span_key(Step::Day, dimension, u32::MAX);
        if let Some((key, _)) = database.last_until(Family::Series, &end)?
            && key.starts_with(&[Step::Day as u8, dimension as u8])
        {
            let key = SeriesKey::from_bytes(&key).ok_or_else(|| damaged(Family::Series))?;
            first = first.max(key.at.saturating_add(1));
        }
    }
    database.scan(Family::SeriesOpen, &[], |key, _| {
        match Cell::from_bytes(key) {
            Some(Cell::Refusals(cell)) => first = first.max(Step::Day.of(cell.minute).saturating_add(1)),
            Some(_) => {}
            None => is_sound = false,
        }
        is_sound
    })?;
    if is_sound { Ok(first) } else { Err(damaged(Family::SeriesOpen)) }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::account::AccountNumber;
    use tollgate_engine::refusal::Refusal;

    use super::*;
    use crate::rows::{RefusalsNotKept, RefusedMessage};

    #[test]
    fn a_row_counts_each_message_when_it_came() {
        const MINUTE: u64 = 60_000_000;
        let account = AccountNumber(7);
        let message = |at, reason: Refusal| RefusedMessage {
            account,
            at: UnixMicros(at),
            reason,
            status: reason.default_status(),
            source: b"ACME".as_slice().into(),
            destination: b"254722000001".as_slice().into(),
            network: None,
            segments: 1,
            dispatch_id: None,
            idempotency_key: None,
            user_message_reference: None,
        };
        let row = RefusalsRow {
            at: UnixMicros(2 * MINUTE),
            messages: vec![
                message(2 * MINUTE - 1, Refusal::NoRate),
                message(2 * MINUTE, Refusal::NoRate),
                message(2 * MINUTE, Refusal::Throttled),
            ],
            not_kept: vec![RefusalsNotKept { account, reason: Refusal::NoRate, count: 9 }],
        };
        let mut counted = Vec::new();
        cells_of(&row, |cell, row| counted.push((cell, row.messages)));
        let cell = |minute, refusal| Cell::Refusals(RefusalCell { minute: Minute(minute), account, refusal });
        let expected =
            [(cell(1, Refusal::NoRate), 1), (cell(2, Refusal::Throttled), 1), (cell(2, Refusal::NoRate), 10)];
        assert_eq!(counted, expected);
    }
}
