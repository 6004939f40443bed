//! The rhythm of an account's invoices: by the month, week or day of its time zone.
//!
//! Each month, week and day has a number, by which the schedule notes how far it is: months are counted from the year zero,
//! weeks and days from 1970.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use tollgate_engine::time::UnixMicros;

use crate::period::{PeriodUnit, Periods, instant};

#[cfg(test)]
mod tests;

/// The rhythm of an account's invoices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cycle {
    /// Months of the calendar.
    #[default]
    Monthly,
    /// Weeks from Monday on.
    Weekly,
    /// Days of the calendar.
    Daily,
}

/// The first day of a month and of a year.
const FIRST: Date = date(1970, 1, 1);
/// The first Monday of 1970.
const MONDAY: Date = date(1970, 1, 5);
/// The number of the first month of 1970.
const MONTHS_BEFORE: i64 = 1970 * 12;

impl Cycle {
    /// Every rhythm there is.
    pub const ALL: [Self; 3] = [Self::Monthly, Self::Weekly, Self::Daily];

    /// The periods of it, counted from 1970.
    pub const fn periods(self) -> Periods {
        match self {
            Self::Monthly => Periods { anchor: FIRST, unit: PeriodUnit::Month },
            Self::Weekly => Periods { anchor: MONDAY, unit: PeriodUnit::Days(7) },
            Self::Daily => Periods { anchor: FIRST, unit: PeriodUnit::Days(1) },
        }
    }
    /// The number of the period that an instant lies in; `None` beyond the calendar.
    pub fn number_at(self, at: UnixMicros, zone: &TimeZone) -> Option<u32> {
        let number = self.periods().number_at(at, zone)?;
        u32::try_from(number.checked_add(self.counted_before())?).ok()
    }

    /// The first instant of a period; `None` beyond the calendar.
    pub fn begins_at(self, number: u32, zone: &TimeZone) -> Option<UnixMicros> {
        instant(self.periods().start(i64::from(number) - self.counted_before())?, zone)
    }

    const fn counted_before(self) -> i64 {
        match self {
            Self::Monthly => MONTHS_BEFORE,
            Self::Weekly | Self::Daily => 0,
        }
    }
}
