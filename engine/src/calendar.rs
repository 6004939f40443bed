//! Calendar minutes, hours, days and months in a plan's time zone, in which caps count.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::time::{UnixMicros, UnknownTimeZone};

const MINUTE: u64 = 60_000_000;
const HOUR: u64 = 60 * MINUTE;

/// The length of a span of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SpanUnit {
    /// A minute of the clock.
    Minute = 0,
    /// An hour of the clock.
    Hour = 1,
    /// From midnight to midnight, of 23 to 25 hours.
    Day = 2,
    /// A calendar month.
    Month = 3,
}

impl SpanUnit {
    /// Every unit there is.
    pub const ALL: [Self; 4] = [Self::Minute, Self::Hour, Self::Day, Self::Month];

    /// The name in files, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The one that a file names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// The one that is stored as this number.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| *unit as u8 == byte)
    }
}

/// One minute, hour, day or month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first instant in it.
    pub start: UnixMicros,
    /// The first instant behind it.
    pub end: UnixMicros,
}

impl Span {
    /// True if the instant is in it.
    pub fn contains(&self, at: UnixMicros) -> bool {
        self.start <= at && at < self.end
    }
}

/// The calendar of one time zone.
#[derive(Clone, Debug)]
pub struct Calendar(TimeZone);

impl Calendar {
    /// For an IANA time zone name such as `Africa/Nairobi`.
    pub fn of_zone(name: &str) -> Result<Self, UnknownTimeZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownTimeZone)
    }

    /// The span of the calendar that an instant falls in. Where the calendar ends, before its year 10000, the span does
    /// not end.
    pub fn span_at(&self, unit: SpanUnit, at: UnixMicros) -> Span {
        let span = match unit {
            SpanUnit::Minute => return aligned(at, MINUTE, 0),
            SpanUnit::Hour => self.ahead_at(at).map(|ahead| aligned(at, HOUR, ahead)),
            SpanUnit::Day | SpanUnit::Month => self.days_of(unit, at),
        };
        span.unwrap_or(Span { start: UnixMicros(0), end: UnixMicros(u64::MAX) })
    }

    /// So many microseconds the zone's clocks are ahead of UTC, within an hour.
    fn ahead_at(&self, at: UnixMicros) -> Option<u64> {
        let seconds = self.0.to_offset(timestamp(at)?).seconds().rem_euclid(3_600);
        u64::try_from(seconds).ok().map(|seconds| seconds * 1_000_000)
    }

    fn days_of(&self, unit: SpanUnit, at: UnixMicros) -> Option<Span> {
        let shown = self.0.to_datetime(timestamp(at)?).date();
        let (first, next) = match unit {
            SpanUnit::Month => (shown.first_of_month(), shown.last_of_month().tomorrow().ok()?),
            _ => (shown, shown.tomorrow().ok()?),
        };
        let midnight = |date: jiff::civil::Date| {
            let at = date.to_zoned(self.0.clone()).ok()?.timestamp().as_microsecond();
            Some(UnixMicros(u64::try_from(at).unwrap_or(0)))
        };
        Some(Span { start: midnight(first)?, end: midnight(next)? })
    }
}

fn timestamp(at: UnixMicros) -> Option<Timestamp> {
    Timestamp::from_microsecond(i64::try_from(at.0).ok()?).ok()
}

/// The multiple of `length` that an instant falls in, on clocks that are ahead by less than it.
fn aligned(at: UnixMicros, length: u64, ahead: u64) -> Span {
    let into = at.0.saturating_add(ahead) % length;
    let start = at.0.saturating_sub(into);
    Span { start: UnixMicros(start), end: UnixMicros(start.saturating_add(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(zone: &str, unit: SpanUnit, at: &str) -> [String; 2] {
        let calendar = Calendar::of_zone(zone).unwrap();
        let Span { start, end } = calendar.span_at(unit, UnixMicros::parse(at).unwrap());
        [start.to_rfc3339(), end.to_rfc3339()]
    }

    #[test]
    fn spans_begin_and_end_by_the_clocks_of_the_zone() {
        for (zone, unit, at, start, end) in [
            ("UTC", SpanUnit::Minute, "2026-03-01T10:20:30Z", "2026-03-01T10:20:00Z", "2026-03-01T10:21:00Z"),
            (
                "Asia/Kolkata",
                SpanUnit::Hour,
                "2026-03-01T10:20:30Z",
                "2026-03-01T09:30:00Z",
                "2026-03-01T10:30:00Z",
            ),
            (
                "Asia/Kolkata",
                SpanUnit::Hour,
                "2026-03-01T10:30:00Z",
                "2026-03-01T10:30:00Z",
                "2026-03-01T11:30:00Z",
            ),
            (
                "Africa/Nairobi",
                SpanUnit::Day,
                "2026-03-01T21:00:00Z",
                "2026-03-01T21:00:00Z",
                "2026-03-02T21:00:00Z",
            ),
            (
                "Africa/Nairobi",
                SpanUnit::Month,
                "2026-02-28T20:59:59Z",
                "2026-01-31T21:00:00Z",
                "2026-02-28T21:00:00Z",
            ),
        ] {
            assert_eq!(span(zone, unit, at), [start.to_owned(), end.to_owned()], "{zone} {unit:?} {at}");
        }
    }

    #[test]
    fn a_day_on_which_clocks_are_set_has_another_length() {
        let hours = |at: &str| {
            let calendar = Calendar::of_zone("Europe/Berlin").unwrap();
            let Span { start, end } = calendar.span_at(SpanUnit::Day, UnixMicros::parse(at).unwrap());
            (end.0 - start.0) / HOUR
        };
        assert_eq!(
            ["2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", "2026-10-25T12:00:00Z"].map(hours),
            [24, 23, 25]
        );
    }

    #[test]
    fn whatever_the_instant_its_span_contains_it() {
        let calendar = Calendar::of_zone("America/St_Johns").unwrap();
        for unit in SpanUnit::ALL {
            assert_eq!(SpanUnit::from_name(unit.name()), Some(unit));
            assert_eq!(SpanUnit::from_byte(unit as u8), Some(unit));
            for at in
                (0..200).map(|step| UnixMicros(step * 987_654_321_987)).chain([UnixMicros(u64::MAX - 1)])
            {
                assert!(calendar.span_at(unit, at).contains(at), "{unit:?} of {at:?}");
            }
        }
        assert_eq!(SpanUnit::from_byte(4), None);
    }
}
