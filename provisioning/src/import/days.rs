//! Days and times as price lists write them.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan};
use tollgate_engine::time::{ClockZone, UnixMicros};

use super::wording::Wording;
use super::workbook::day_of_serial;
use crate::read::texts::quoted;

/// The order of day and month where both are figures and the year comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOrder {
    /// The day first: 31/12/2026.
    DayFirst,
    /// The month first: 12/31/2026.
    MonthFirst,
}

impl DayOrder {
    /// Both, with their words in profiles.
    pub const ALL: [(Self, &'static str); 2] =
        [(Self::DayFirst, "day_first"), (Self::MonthFirst, "month_first")];

    /// The word in profiles.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(order, _)| *order == self).map_or("", |(_, word)| word)
    }
}

/// A text that was understood as a day or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenTime {
    /// A day alone.
    Day(Date),
    /// A day and a time without an offset.
    Local(DateTime),
    /// An instant with its offset.
    Instant(UnixMicros),
}

/// A date that no calendar has.
struct NoSuchDay;

/// The figures of a date whose order is open: the first two and the year.
struct OpenDate {
    first: i8,
    second: i8,
    year: i16,
}

/// Numbers of days that are taken for dates: 2000 to 2099.
const SERIALS: std::ops::RangeInclusive<i64> = 36_526..=73_050;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The order that the texts of a column show, each `(line, text)`; the error names the texts that contradict one another.
pub fn detect<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Option<DayOrder>, (String, String)> {
    let mut found: Option<(DayOrder, &str)> = None;
    for text in texts {
        let Some(open) = open_date(day_part(text)) else { continue };
        let order = match (open.first > 12, open.second > 12) {
            (true, false) => DayOrder::DayFirst,
            (false, true) => DayOrder::MonthFirst,
            _ => continue,
        };
        match found {
            Some((other, earlier)) if other != order => return Err((quoted(earlier), quoted(text))),
            _ => found = Some((order, text)),
        }
    }
    Ok(found.map(|(order, _)| order))
}

/// Reads a text.
pub fn read(text: &str, order: Option<DayOrder>, wording: Wording) -> Result<WrittenTime, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        let micros =
            u64::try_from(at.as_microsecond()).map_err(|_| format!("{} is before 1970", quoted(text)))?;
        return Ok(WrittenTime::Instant(UnixMicros(micros)));
    }
    let (day, time) = split_time(text);
    let day = read_day(day, order, wording)?;
    if day.year() < 1970 || day.year() > 2_200 {
        return Err(format!("{} is not in a year from 1970 to 2200", quoted(text)));
    }
    match time.map(time_of) {
        None | Some(Some((0, 0, 0))) => Ok(WrittenTime::Day(day)),
        Some(Some((hour, minute, second))) => Ok(WrittenTime::Local(day.at(hour, minute, second, 0))),
        Some(None) => Err(format!("{} has a time that cannot be read", quoted(text))),
    }
}

/// The first instant of a day, or the instant of a time, on the clock of a zone. Days without a zone begin at midnight in UTC,
/// as everywhere in the configuration; a time of day needs a zone.
pub fn instant(
    written: WrittenTime,
    zone: Option<&ClockZone>,
    text: &str,
    wording: Wording,
) -> Result<UnixMicros, String> {
    let at = match written {
        WrittenTime::Instant(at) => return Ok(at),
        WrittenTime::Day(day) => day.at(0, 0, 0, 0),
        WrittenTime::Local(at) if zone.is_some() => at,
        WrittenTime::Local(_) => {
            return Err(format!(
                "{} has a time without an offset; write one, or say {}",
                quoted(text),
                wording.key("time_zone")
            ));
        }
    };
    let fields = [at.month(), at.day(), at.hour(), at.minute(), at.second()];
    let instant = match zone {
        Some(zone) => zone.instant(at.year(), fields),
        None => ClockZone::ahead_by(0).and_then(|utc| utc.instant(at.year(), fields)),
    };
    instant.ok_or_else(|| format!("{} is not a time of that zone", quoted(text)))
}

/// The day after, for lists whose last day is named.
pub fn day_after(written: WrittenTime) -> WrittenTime {
    match written {
        WrittenTime::Day(day) => WrittenTime::Day(day.checked_add(1.day()).unwrap_or(day)),
        other => other,
    }
}

fn split_time(text: &str) -> (&str, Option<&str>) {
    let Some(colon) = text.find(':') else { return (text, None) };
    let before = text.get(..colon).unwrap_or(text);
    match before.rfind(['T', ' ']) {
        Some(at) => (text.get(..at).unwrap_or(text).trim_end_matches([',', ' ']), text.get(at + 1..)),
        None => (text, None),
    }
}

fn day_part(text: &str) -> &str {
    split_time(text).0
}

fn time_of(text: &str) -> Option<(i8, i8, i8)> {
    let small = text.trim().to_lowercase();
    let (clock, half) = match (small.strip_suffix("am"), small.strip_suffix("pm")) {
        (Some(clock), _) => (clock.trim().to_owned(), Some(0)),
        (_, Some(clock)) => (clock.trim().to_owned(), Some(12)),
        _ => (small, None),
    };
    let mut parts = clock.split(':');
    let mut next = |most: i8| {
        let part = parts.next()?.split('.').next()?;
        part.parse::<i8>().ok().filter(|value| (0..=most).contains(value))
    };
    let (hour, minute) = (next(23)?, next(59)?);
    let second = next(59).unwrap_or(0);
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    (clock.split(':').count() <= 3).then_some((hour, minute, second))
}

fn read_day(text: &str, order: Option<DayOrder>, wording: Wording) -> Result<Date, String> {
    let wrong = || format!("{} is not a date", quoted(text));
    if let Some(day) = year_first(text).or_else(|| with_month_name(text)) {
        return day.map_err(|NoSuchDay| wrong());
    }
    if let Some(day) = text.parse::<i64>().ok().filter(|_| text.len() == 5) {
        let serial = SERIALS.contains(&day).then(|| day_of_serial(day)).flatten();
        return serial.ok_or_else(wrong);
    }
    let open = open_date(text).ok_or_else(wrong)?;
    let is_dotted = text.contains('.');
    let order = match (open.first > 12, open.second > 12) {
        _ if is_dotted => DayOrder::DayFirst,
        (true, _) if order == Some(DayOrder::MonthFirst) => return Err(wrong()),
        (_, true) if order == Some(DayOrder::DayFirst) => return Err(wrong()),
        (true, _) => DayOrder::DayFirst,
        (_, true) => DayOrder::MonthFirst,
        _ if open.first == open.second => DayOrder::DayFirst,
        _ => order.ok_or_else(|| {
            format!(
                "{} may begin with the day or with the month, and no other date of the list decides; say {}",
                quoted(text),
                wording.key("day_order")
            )
        })?,
    };
    let (day, month) = match order {
        DayOrder::DayFirst => (open.first, open.second),
        DayOrder::MonthFirst => (open.second, open.first),
    };
    Date::new(open.year, month, day).map_err(|_| wrong())
}

/// A date that begins with four digits of the year, or is eight digits.
fn year_first(text: &str) -> Option<Result<Date, NoSuchDay>> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit());
    if text.len() == 8 && digits(text) {
        let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
        return Some(date_of(part(0..4), part(4..6), part(6..8)).ok_or(NoSuchDay));
    }
    let mut parts = text.split(['-', '/', '.']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = year.len() == 4 && [year, month, day].into_iter().all(digits) && parts.next().is_none();
    let number = |part: &str| part.parse::<i16>().ok();
    fits.then(|| date_of(number(year), number(month), number(day)).ok_or(NoSuchDay))
}

fn date_of(year: Option<i16>, month: Option<i16>, day: Option<i16>) -> Option<Date> {
    Date::new(year?, i8::try_from(month?).ok()?, i8::try_from(day?).ok()?).ok()
}

/// A date with the name of its month: `1 Dec 2026`, `01-Dec-26`, `December 1st, 2026`.
fn with_month_name(text: &str) -> Option<Result<Date, NoSuchDay>> {
    let small = text.to_lowercase();
    let parts: Vec<&str> =
        small.split(|char: char| !char.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let [one, two, three] = parts[..] else { return None };
    let (month, day, year) = match (month_of(one), month_of(two)) {
        (Some(month), None) => (month, two, three),
        (None, Some(month)) if one.len() == 4 => (month, three, one),
        (None, Some(month)) => (month, one, three),
        _ => return None,
    };
    let day = day.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    Some(date_of(year_of(year), Some(month), day.parse().ok()).ok_or(NoSuchDay))
}

fn month_of(word: &str) -> Option<i16> {
    if word.len() < 3 || !word.bytes().all(|octet| octet.is_ascii_alphabetic()) {
        return None;
    }
    let full = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let place = MONTHS
        .iter()
        .zip(full)
        .position(|(short, full)| *short == word || full == word || word == "sept" && *short == "sep");
    place.and_then(|at| i16::try_from(at + 1).ok())
}

/// A year of four digits, or of two, which is one of this century.
fn year_of(text: &str) -> Option<i16> {
    let year = text.parse::<i16>().ok().filter(|_| text.bytes().all(|octet| octet.is_ascii_digit()))?;
    match text.len() {
        4 => Some(year),
        2 => Some(2_000 + year),
        _ => None,
    }
}

fn open_date(text: &str) -> Option<OpenDate> {
    let mut parts = text.trim_end_matches('.').split(['-', '/', '.']);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let small = |part: &str| {
        let value = part.parse::<i8>().ok().filter(|value| (1..=31).contains(value))?;
        (1..=2).contains(&part.len()).then_some(value)
    };
    let open = OpenDate { first: small(first)?, second: small(second)?, year: year_of(year)? };
    parts.next().is_none().then_some(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, order: Option<DayOrder>) -> Result<String, String> {
        read(text, order, Wording::Fields)
            .and_then(|written| instant(written, None, text, Wording::Fields))
            .map(UnixMicros::to_rfc3339)
    }

    #[test]
    fn dates_of_many_programs_are_read() {
        for text in [
            "2026-12-01",
            "2026/12/01",
            "2026.12.1",
            "20261201",
            "01.12.2026",
            "1.12.26",
            "1 Dec 2026",
            "01-Dec-26",
            "December 1st, 2026",
            "Dec 1, 2026",
            "2026-Dec-01",
            "46357",
            "2026-12-01 00:00:00",
            "2026-12-01T00:00:00Z",
            "2026-12-01T03:00:00+03:00",
            "01.12.2026 00:00",
            "2026-12-01 12:00:00 AM",
        ] {
            assert_eq!(shown(text, None).as_deref(), Ok("2026-12-01T00:00:00Z"), "{text}");
        }
    }

    #[test]
    fn the_order_of_day_and_month_is_decided_or_refused() {
        assert!(shown("01/12/2026", None).unwrap_err().contains("day_order"));
        assert_eq!(shown("01/12/2026", Some(DayOrder::DayFirst)).as_deref(), Ok("2026-12-01T00:00:00Z"));
        assert_eq!(shown("01/12/2026", Some(DayOrder::MonthFirst)).as_deref(), Ok("2026-01-12T00:00:00Z"));
        assert_eq!(shown("12/31/2026", None).as_deref(), Ok("2026-12-31T00:00:00Z"));
        assert_eq!(shown("05/05/2026", None).as_deref(), Ok("2026-05-05T00:00:00Z"));
        assert!(shown("31/12/2026", Some(DayOrder::MonthFirst)).is_err());
        assert_eq!(detect(["01/12/2026", "13/01/2027"].into_iter()), Ok(Some(DayOrder::DayFirst)));
        assert_eq!(detect(["01/12/2026", "01.12.2026"].into_iter()), Ok(None));
        assert!(detect(["13/01/2026", "01/13/2026"].into_iter()).is_err());
    }

    #[test]
    fn a_time_of_day_needs_an_offset_or_a_zone() {
        assert!(shown("2026-12-24T18:30:00", None).unwrap_err().contains("offset"));
        let zone = ClockZone::of_name("Africa/Nairobi").unwrap();
        let at = |text: &str| {
            {
                let read = read(text, None, Wording::Fields).unwrap();
                instant(read, Some(&zone), text, Wording::Fields).unwrap()
            }
            .to_rfc3339()
        };
        assert_eq!(at("24.12.2026 18:30"), "2026-12-24T15:30:00Z");
        assert_eq!(at("24.12.2026"), "2026-12-23T21:00:00Z");
        assert_eq!(at("2026-12-24 06:30 pm"), "2026-12-24T15:30:00Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "tomorrow",
            "31.02.2026",
            "2026-13-01",
            "99999",
            "1/2",
            "2026",
            "1/2/3/4",
            "0/0/0",
            "2026-12-01 25:00",
            "01.12.1926",
            "é/1/26",
        ] {
            assert!(shown(text, None).is_err(), "{text}");
        }
    }
}
