//! The age of a debt: days since its invoice was due, in the classes of accountants.

use jiff::Unit;
use jiff::civil::Date;

/// The class of an amount that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Age {
    /// It is to be paid today or later.
    NotDue,
    /// It was to be paid 1 to 30 days ago.
    UpTo30,
    /// It was to be paid 31 to 60 days ago.
    UpTo60,
    /// It was to be paid 61 to 90 days ago.
    UpTo90,
    /// It was to be paid more than 90 days ago.
    Over90,
}

impl Age {
    /// All classes, the youngest first.
    pub const ALL: [Self; 5] = [Self::NotDue, Self::UpTo30, Self::UpTo60, Self::UpTo90, Self::Over90];

    /// The class of what was to be paid on a day.
    pub fn of(due: Date, today: Date) -> Self {
        match due.until((Unit::Day, today)).map_or(0, |span| span.get_days()) {
            ..=0 => Self::NotDue,
            1..=30 => Self::UpTo30,
            31..=60 => Self::UpTo60,
            61..=90 => Self::UpTo90,
            91.. => Self::Over90,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn classes_change_after_thirty_sixty_and_ninety_days() {
        let due = date(2028, 1, 31);
        for (today, age) in [
            (date(2027, 12, 1), Age::NotDue),
            (date(2028, 1, 31), Age::NotDue),
            (date(2028, 2, 1), Age::UpTo30),
            (date(2028, 3, 1), Age::UpTo30),
            (date(2028, 3, 2), Age::UpTo60),
            (date(2028, 3, 31), Age::UpTo60),
            (date(2028, 4, 1), Age::UpTo90),
            (date(2028, 4, 30), Age::UpTo90),
            (date(2028, 5, 1), Age::Over90),
            (date(2031, 1, 1), Age::Over90),
        ] {
            assert_eq!(Age::of(due, today), age, "{today}");
        }
    }
}
