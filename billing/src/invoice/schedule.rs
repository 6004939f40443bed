//! The rhythm of an account's invoices: by the month, week or day of its time zone.

use jiff::civil::{Date, date};

use crate::period::{PeriodUnit, Periods};

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
}
