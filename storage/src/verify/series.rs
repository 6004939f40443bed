//! Time series, counted again from CDRs and states: days of every kind, and hours of those kinds that are of no account. Refusals
//! leave no CDR: their counters are compared with the rows of refused messages, for the days of which all are kept.

use std::collections::HashMap;
use std::sync::Arc;

use super::fault::{Fault, damaged, off};
use super::refusals::RefusalDays;
use crate::cdr::Cdr;
use crate::rows::{Row, SeriesRow, StateRow};
use crate::schema::Family;
use crate::series::cell::{Cell, Cells};
use crate::series::{Dimension, KeptFrom, Minute, SeriesKey, Step};
use crate::series_builder::SeriesCounter;
use crate::store::Store;

/// Cells in memory, of which only the rows are kept.
const CELLS_MAX: usize = 50_000;

/// The series that were counted.
#[derive(Debug)]
pub(super) struct SeriesCount {
    counter: SeriesCounter,
    kept: KeptFrom,
    rows: HashMap<SeriesKey, SeriesRow>,
    refusals: RefusalDays,
    /// The plan of the block that is read.
    plan: Arc<str>,
}

impl SeriesCount {
    /// Nothing is counted yet.
    pub(super) fn begin(store: &Store) -> Result<Self, Fault> {
        let counter = SeriesCounter::begin(store.database())?;
        let kept = store.series().kept_from()?;
        let refusals = RefusalDays::begin(store)?;
        Ok(Self { counter, kept, rows: HashMap::new(), refusals, plan: "".into() })
    }

    /// Counts a message.
    pub(super) fn count(
        &mut self,
        store: &Store,
        cdr: &Cdr<'_>,
        state: Option<&StateRow>,
    ) -> Result<(), Fault> {
        if *self.plan != *cdr.header.plan {
            self.plan = cdr.header.plan.into();
        }
        self.counter.count(store.database(), cdr, &self.plan, state)?;
        if self.counter.cells.len() > CELLS_MAX {
            self.sum();
        }
        Ok(())
    }

    /// Compares what was counted with the rows and the open cells; returns the number of rows compared.
    pub(super) fn finish(mut self, store: &Store) -> Result<u64, Fault> {
        self.count_refusals(store)?;
        self.sum();
        let is_compared = |key: &SeriesKey| is_compared(key, self.kept, &self.refusals);
        let (mut compared, mut fault) = (0, Ok(()));
        let mut kept_rows = HashMap::new();
        store.scan(Family::Series, &[], |key, value| {
            match SeriesKey::from_bytes(key).zip(SeriesRow::read(value)) {
                None => fault = Err(damaged(Family::Series, key)),
                Some((_, row)) if row.is_empty() => {
                    fault = off(format!("a row of time series counts nothing: {key:?}"));
                }
                Some((key, row)) if is_compared(&key) => {
                    compared += 1;
                    kept_rows.insert(key, row);
                }
                Some(_) => {}
            }
            fault.is_ok()
        })?;
        fault?;
        let (mut open, mut damage) = (Cells::default(), None);
        store.scan(Family::SeriesOpen, &[], |key, value| {
            match Cell::from_bytes(key).zip(SeriesRow::read(value)) {
                Some((cell, row)) => drop(open.insert(cell, row)),
                None => damage = Some(damaged(Family::SeriesOpen, key)),
            }
            damage.is_none()
        })?;
        if let Some(damage) = damage {
            return Err(damage);
        }
        add(&open, self.kept, is_compared, &mut kept_rows);
        for (key, counted) in &self.rows {
            let kept = kept_rows.remove(key).unwrap_or_default();
            if kept != *counted {
                return off(format!("{}: kept {kept:?}, counted {counted:?}", name(key)));
            }
        }
        match kept_rows.iter().find(|(_, kept)| !kept.is_empty()) {
            Some((key, kept)) => off(format!("{}: kept {kept:?}, counted nothing", name(key))),
            None => Ok(compared),
        }
    }

    /// Counts the messages of the rows of `refusals`.
    fn count_refusals(&mut self, store: &Store) -> Result<(), Fault> {
        let (cells, refusals, kept) = (&mut self.counter.cells, &self.refusals, self.kept);
        let is_compared = |key: &SeriesKey| is_compared(key, kept, refusals);
        refusals.each(store, |cell, added| {
            cells.entry(cell).or_default().add(added);
            if cells.len() > CELLS_MAX {
                add(&std::mem::take(cells), kept, is_compared, &mut self.rows);
            }
        })
    }

    fn sum(&mut self) {
        let cells = std::mem::take(&mut self.counter.cells);
        let is_compared = |key: &SeriesKey| is_compared(key, self.kept, &self.refusals);
        add(&cells, self.kept, is_compared, &mut self.rows);
    }
}

fn add(
    cells: &Cells,
    kept: KeptFrom,
    is_compared: impl Fn(&SeriesKey) -> bool,
    rows: &mut HashMap<SeriesKey, SeriesRow>,
) {
    for (cell, added) in cells {
        cell.rows(added, kept, |key, added| {
            if is_compared(&key) {
                rows.entry(key).or_default().add(added);
            }
        });
    }
}

fn is_compared(key: &SeriesKey, kept: KeptFrom, refusals: &RefusalDays) -> bool {
    let dimension = key.of.dimension();
    let counts_refusals = matches!(dimension, Dimension::Refusals | Dimension::AccountRefusals);
    let is_kept = key.at >= key.step.of(kept.of(key.step));
    let day = Step::Day.of(Minute(key.at.saturating_mul(key.step.minutes())));
    is_kept
        && (!counts_refusals || refusals.has(day))
        && match key.step {
            Step::Minute => false,
            Step::Hour => key.of.account().is_none(),
            Step::Day => true,
        }
}

fn name(key: &SeriesKey) -> String {
    let minutes = u64::from(key.at) * u64::from(key.step.minutes());
    let from = tollgate_engine::time::UnixMicros(minutes * 60_000_000).to_rfc3339();
    format!("time series of {:?}, {:?} from {from} on", key.of, key.step)
}
