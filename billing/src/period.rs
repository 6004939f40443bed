//! Periods of the calendar, counted from the day on which the first of them begins.
//!
//! Period n is worked out from the anchor and never from period n − 1: what begins on 31 January goes on on 28 February and on
//! 31 March, and a year from 29 February ends on 28 February except in leap years. Periods are local dates; [`instant`] is the
//! one way from a date to an instant.

mod instant;
mod steps;
#[cfg(test)]
mod tests;

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Unit};
use tollgate_engine::time::UnixMicros;

pub use instant::{date_at, instant};
pub use steps::{StepLength, StepsError, steps, steps_before};

/// The length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodUnit {
    /// So many days; zero is taken for one.
    Days(u16),
    /// Up to the same day of the next calendar month, or its last day where it has no such day.
    Month,
    /// Up to the same day of the next year; from 29 February, up to 28 February where the year has no such day.
    Year,
}

/// The periods of one length from an anchor date on, and before it with negative numbers. They follow one another without a
/// gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// The first day of period 0.
    pub anchor: Date,
    /// The length of each period.
    pub unit: PeriodUnit,
}

impl Periods {
    /// The first day of period `n`; `None` beyond the calendar, whose years are -9999 to 9999.
    pub fn start(&self, n: i64) -> Option<Date> {
        let span = match self.unit {
            PeriodUnit::Days(days) => Span::new().try_days(n.checked_mul(i64::from(days.max(1)))?),
            PeriodUnit::Month => Span::new().try_months(n),
            PeriodUnit::Year => Span::new().try_years(n),
        };
        self.anchor.checked_add(span.ok()?).ok()
    }

    /// The first day of period `n`, and the first day behind it.
    pub fn period(&self, n: i64) -> Option<Range<Date>> {
        Some(self.start(n)?..self.start(n.checked_add(1)?)?)
    }

    /// The number of the period that a day lies in.
    pub fn number_of(&self, day: Date) -> Option<i64> {
        let whole = match self.unit {
            PeriodUnit::Days(days) => {
                let apart = self.anchor.until((Unit::Day, day)).ok()?;
                return Some(i64::from(apart.get_days()).div_euclid(i64::from(days.max(1))));
            }
            PeriodUnit::Month => months(day) - months(self.anchor),
            PeriodUnit::Year => i64::from(day.year()) - i64::from(self.anchor.year()),
        };
        let is_begun = self.start(whole)? <= day;
        Some(if is_begun { whole } else { whole - 1 })
    }

    /// The instants of period `n` in a time zone: its first one, and the first one behind it. Where the zone has skipped every
    /// day of the period, both are the same.
    pub fn instants(&self, n: i64, zone: &TimeZone) -> Option<Range<UnixMicros>> {
        let days = self.period(n)?;
        Some(instant(days.start, zone)?..instant(days.end, zone)?)
    }

    /// The number of the period that an instant lies in.
    pub fn number_at(&self, at: UnixMicros, zone: &TimeZone) -> Option<i64> {
        let mut n = self.number_of(date_at(at, zone)?)?;
        // The clocks of some zones fall back over midnight, so that a date is shown again after the next one has begun.
        while self.instants(n, zone)?.end <= at {
            n += 1;
        }
        while at < self.instants(n, zone)?.start {
            n -= 1;
        }
        Some(n)
    }
}

/// Months since the year zero.
fn months(day: Date) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month())
}
