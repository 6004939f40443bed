//! Time as the engine sees it: an argument, never a clock.

use std::fmt;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, civil};
use thiserror::Error;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMicros(pub u64);

/// The present moment, by the two times that a charge goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time that is written down, by which rates begin and end and months and spans are counted.
    pub now: UnixMicros,
    /// The time by which ends of bundles have passed. It stands still where the clock is in doubt.
    pub due: UnixMicros,
}

/// Of a clock that is not in doubt.
impl From<UnixMicros> for Moment {
    fn from(now: UnixMicros) -> Self {
        Self { now, due: now }
    }
}

impl UnixMicros {
    /// RFC 3339 in UTC, or the bare number where the instant is beyond what a calendar holds.
    pub fn to_rfc3339(self) -> String {
        i64::try_from(self.0)
            .ok()
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .map_or_else(|| self.0.to_string(), |at| at.to_string())
    }

    /// From RFC 3339, or from a plain date, which means its midnight in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// The same, with the mistake in it.
    pub fn read(text: &str) -> Result<Self, TimeError> {
        let at = match text.parse::<Timestamp>() {
            Ok(at) => at,
            Err(_) => parse_date(text).and_then(midnight).ok_or_else(|| TimeError::of(text))?,
        };
        u64::try_from(at.as_microsecond()).map(Self).map_err(|_| TimeError::TooEarly)
    }
}

/// The mistake in a text that is to be an instant, in words that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimeError {
    /// A time of day whose place on Earth is open, and with it the instant.
    #[error("has a time without an offset; write Z for UTC, or an offset such as +03:00, at its end")]
    NoOffset,
    /// An instant before 1970.
    #[error("is before 1970")]
    TooEarly,
    /// A text that is no time at all.
    #[error("is neither a date such as 2026-11-21 nor a time such as 2026-11-21T00:00:00+03:00")]
    Other,
}

impl TimeError {
    fn of(text: &str) -> Self {
        // A date in another form, such as `20261121`, is a time at midnight to the calendar and has no colon.
        let is_time = text.contains(':') && text.parse::<civil::DateTime>().is_ok();
        if is_time { Self::NoOffset } else { Self::Other }
    }
}

/// A date as `YYYY-MM-DD` and nothing else.
pub fn parse_date(text: &str) -> Option<civil::Date> {
    let is_plain = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if is_plain { text.parse().ok() } else { None }
}

fn midnight(date: civil::Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// A calendar month: twelve times the year plus the month from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(pub u32);

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

/// The average length of a month in the Gregorian calendar: 400 years have 146,097 days.
const MONTH_MICROS: u64 = 146_097 * 86_400_000_000 / 4_800;

/// The name is not in the time zone database.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown time zone")]
pub struct UnknownTimeZone;

/// Finds the calendar month of an instant in one time zone.
///
/// The month boundaries around the present are worked out once, so that a message costs a binary search in a
/// short table and no calendar arithmetic.
#[derive(Clone, Debug)]
pub struct Months {
    zone: String,
    /// `(first instant, month)`, ascending and without gaps.
    starts: Vec<(u64, Month)>,
}

impl Months {
    /// Years that the table covers; an instant outside counts in the first or the last month of it.
    const YEARS: std::ops::RangeInclusive<i16> = 2020..=2060;

    /// For an IANA time zone name such as `Africa/Nairobi`.
    pub fn of_zone(name: &str) -> Result<Self, UnknownTimeZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownTimeZone)?;
        let starts = Self::YEARS
            .flat_map(|year| (1..=12).map(move |month| (year, month)))
            .filter_map(|(year, month)| Some((month_start(&zone, year, month)?, month_of(year, month))))
            .collect();
        Ok(Self { zone: name.to_owned(), starts })
    }

    /// The zone's name.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// The month that `now` falls in.
    pub fn month_at(&self, now: UnixMicros) -> Month {
        let first = self.starts.first().map_or(0, |(start, _)| *start);
        // A guess by the average length of a month is off by one at most, so two steps replace a search.
        let guess = usize::try_from(now.0.saturating_sub(first) / MONTH_MICROS).unwrap_or(usize::MAX);
        let begun = |index: &usize| self.starts.get(*index).is_some_and(|(start, _)| *start <= now.0);
        let index = [guess.saturating_add(1), guess, guess.saturating_sub(1)].into_iter().find(begun);
        let index = index.unwrap_or(if now.0 < first { 0 } else { self.starts.len().saturating_sub(1) });
        self.starts.get(index).map_or(Month(0), |(_, month)| *month)
    }
}

/// The zone of a clock: one of the time zone database, or a fixed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockZone {
    name: String,
    zone: TimeZone,
}

impl ClockZone {
    /// For an IANA time zone name such as `Africa/Nairobi`, or an offset such as `+03:00`.
    pub fn of_name(name: &str) -> Result<Self, UnknownTimeZone> {
        let zone = match offset_of(name) {
            Some(offset) => offset.to_time_zone(),
            None => TimeZone::get(name).map_err(|_| UnknownTimeZone)?,
        };
        Ok(Self { name: name.to_owned(), zone })
    }

    /// The zone that is so many minutes ahead of UTC; `None` where there is none.
    pub fn ahead_by(minutes: i32) -> Option<Self> {
        let offset = Offset::from_seconds(minutes.checked_mul(60)?).ok()?;
        Some(Self { name: offset.to_string(), zone: offset.to_time_zone() })
    }

    /// The name or offset.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instant at which a clock of the zone shows a date and time: the year, then month, day, hour, minute and
    /// second. `None` where the calendar has no such time, or where it is before 1970.
    pub fn instant(&self, year: i16, [month, day, hour, minute, second]: [i8; 5]) -> Option<UnixMicros> {
        let shown = civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
        let at = self.zone.to_timestamp(shown).ok()?;
        u64::try_from(at.as_microsecond()).ok().map(UnixMicros)
    }
}

/// An offset such as `+03:00`.
fn offset_of(name: &str) -> Option<Offset> {
    let (sign, digits) = match name.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str, below: i32| -> Option<i32> {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number: &i32| is_number && *number < below)
    };
    Offset::from_seconds(sign * (number(hours, 15)? * 3_600 + number(minutes, 60)? * 60)).ok()
}

fn month_of(year: i16, month: i8) -> Month {
    Month(u32::try_from(year).unwrap_or(0) * 12 + u32::try_from(month - 1).unwrap_or(0))
}

fn month_start(zone: &TimeZone, year: i16, month: i8) -> Option<u64> {
    let midnight = civil::Date::new(year, month, 1).ok()?.to_zoned(zone.clone()).ok()?;
    u64::try_from(midnight.timestamp().as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clocks_zone_is_named_or_an_offset() {
        let at = |zone: &str, hour| ClockZone::of_name(zone).unwrap().instant(2026, [11, 21, hour, 1, 0]);
        let utc = at("UTC", 9).unwrap();
        assert_eq!(utc.to_rfc3339(), "2026-11-21T09:01:00Z");
        for (zone, hour) in [("Africa/Nairobi", 12), ("+03:00", 12), ("-05:00", 4), ("America/New_York", 4)] {
            assert_eq!(at(zone, hour), Some(utc), "{zone}");
        }
        assert_eq!(ClockZone::ahead_by(180).unwrap().instant(2026, [11, 21, 12, 1, 0]), Some(utc));
        for zone in ["", "Mars/Base", "+3", "+25:00", "03:00", "+03:60", "+0300"] {
            assert_eq!(ClockZone::of_name(zone), Err(UnknownTimeZone), "{zone}");
        }
        assert_eq!(ClockZone::of_name("UTC").unwrap().instant(2026, [2, 30, 0, 0, 0]), None);
    }

    #[test]
    fn a_month_ends_at_midnight_in_its_own_zone() {
        let nairobi = Months::of_zone("Africa/Nairobi").unwrap();
        let new_york = Months::of_zone("America/New_York").unwrap();
        let at = |text: &str| UnixMicros::parse(text).unwrap();
        assert_eq!(nairobi.month_at(at("2026-11-30T20:59:59.999999Z")).to_string(), "2026-11");
        assert_eq!(nairobi.month_at(at("2026-11-30T21:00:00Z")).to_string(), "2026-12");
        assert_eq!(new_york.month_at(at("2026-12-01T04:59:59Z")).to_string(), "2026-11");
        assert_eq!(new_york.month_at(at("2026-12-01T05:00:00Z")).to_string(), "2026-12");
        assert_eq!(new_york.month_at(at("2026-08-01T04:00:00Z")).to_string(), "2026-08");
        assert!(Months::of_zone("Mars/Base").is_err());
    }

    #[test]
    fn every_month_is_found_from_its_first_to_its_last_microsecond() {
        for zone in ["UTC", "Pacific/Kiritimati", "America/New_York"] {
            let months = Months::of_zone(zone).unwrap();
            for pair in months.starts.windows(2) {
                assert_eq!(months.month_at(UnixMicros(pair[0].0)), pair[0].1, "{zone}");
                assert_eq!(months.month_at(UnixMicros(pair[1].0 - 1)), pair[0].1, "{zone}");
            }
            assert_eq!(months.month_at(UnixMicros(0)), months.starts[0].1);
            assert_eq!(months.month_at(UnixMicros(u64::MAX)), months.starts.last().unwrap().1);
        }
    }

    #[test]
    fn dates_and_instants_are_read() {
        assert_eq!(UnixMicros::parse("2026-11-21"), UnixMicros::parse("2026-11-21T00:00:00Z"));
        assert_eq!(
            UnixMicros::parse("2026-11-21T01:02:03+01:00").unwrap().to_rfc3339(),
            "2026-11-21T00:02:03Z"
        );
        for (text, error) in [
            ("2026-12-24T18:30:00", TimeError::NoOffset),
            ("2026-12-24 18:30", TimeError::NoOffset),
            // A plus sign that a query turned into a blank.
            ("2026-12-24T18:30:00 03:00", TimeError::Other),
            ("20261224", TimeError::Other),
            ("2026-12-24T18", TimeError::Other),
            ("2026-12-24[UTC]", TimeError::Other),
            (" 2026-12-24", TimeError::Other),
            ("2026-02-30", TimeError::Other),
            ("1969-12-31", TimeError::TooEarly),
            ("18:30Z", TimeError::Other),
            ("soon", TimeError::Other),
            ("", TimeError::Other),
        ] {
            assert_eq!(UnixMicros::read(text), Err(error), "{text:?}");
        }
    }
}
