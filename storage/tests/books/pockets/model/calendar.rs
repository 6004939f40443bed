//! The clerk's calendar: days are counted from one month to the next, on clocks that are always as far ahead of UTC.

use tollgate_engine::calendar::SpanUnit;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The day of 2020-01-01, counted from 1970-01-01.
const FIRST_DAY: i64 = 18_262;

/// A month's number, its first day and that of the next.
fn month_of_day(day: i64) -> (u32, i64, i64) {
    let (mut number, mut first) = (2020 * 12, FIRST_DAY);
    loop {
        let next = first + days_in(number);
        if day < next {
            return (number, first, next);
        }
        (number, first) = (number + 1, next);
    }
}

fn days_in(month: u32) -> i64 {
    match month % 12 {
        // Of the years that come up every fourth is a leap year.
        1 => 28 + i64::from((month / 12).is_multiple_of(4)),
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// The number of the month on clocks that are so many seconds ahead of UTC.
pub fn month_at(ahead: i64, now: u64) -> u32 {
    month_of_day((now.cast_signed() + ahead * SECOND) / DAY).0
}

/// The first instant of a span and the first behind it.
pub fn span_at(unit: SpanUnit, ahead: i64, now: u64) -> (u64, u64) {
    let ahead = ahead * SECOND;
    let shown = now.cast_signed() + ahead;
    let aligned = |length: i64| (shown / length * length, shown / length * length + length);
    let (start, end) = match unit {
        SpanUnit::Minute => aligned(60 * SECOND),
        SpanUnit::Hour => aligned(3_600 * SECOND),
        SpanUnit::Day => aligned(DAY),
        SpanUnit::Month => {
            let (_, first, next) = month_of_day(shown / DAY);
            (first * DAY, next * DAY)
        }
    };
    ((start - ahead).cast_unsigned(), (end - ahead).cast_unsigned())
}
