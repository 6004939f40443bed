//! The steps of a chart: minutes, hours or local days that follow one another without a gap.

use std::ops::Range;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use tollgate_engine::time::UnixMicros;

use super::instant::{date_at, instant};

/// The length of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepLength {
    /// Minutes in UTC.
    Minute,
    /// Hours in UTC.
    Hour,
    /// Days of a time zone, which have 23 or 25 hours where its clocks are changed.
    Day,
}

/// The reason for which a span has no steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepsError {
    /// It has more than there may be.
    TooMany,
    /// It reaches beyond the calendar.
    Calendar,
}

impl StepLength {
    const fn micros(self) -> Option<u64> {
        match self {
            Self::Minute => Some(60_000_000),
            Self::Hour => Some(3_600_000_000),
            Self::Day => None,
        }
    }
}

/// The beginning of each step that a span touches, and the end of the last one. A span without length touches none.
pub fn steps(
    length: StepLength,
    zone: &TimeZone,
    span: &Range<UnixMicros>,
    steps_max: usize,
) -> Result<Vec<UnixMicros>, StepsError> {
    let mut bounds = vec![begin_of(length, zone, span.start).ok_or(StepsError::Calendar)?];
    let mut last = span.start.min(bounds[0]);
    while last < span.end {
        last = end_of(length, zone, last).ok_or(StepsError::Calendar)?;
        bounds.push(last);
        if bounds.len() > steps_max + 1 {
            return Err(StepsError::TooMany);
        }
    }
    Ok(bounds)
}

/// The beginning of the step that comes so many steps before the one whose end is `end`. `None` beyond the calendar.
pub fn steps_before(length: StepLength, zone: &TimeZone, end: UnixMicros, count: u32) -> Option<UnixMicros> {
    if let Some(micros) = length.micros() {
        return Some(UnixMicros(end.0.checked_sub(micros.checked_mul(u64::from(count))?)?));
    }
    let day = date_at(end, zone)?.checked_sub(i64::from(count).days()).ok()?;
    instant(day, zone)
}

/// The beginning of the step that an instant lies in.
fn begin_of(length: StepLength, zone: &TimeZone, at: UnixMicros) -> Option<UnixMicros> {
    match length.micros() {
        Some(micros) => Some(UnixMicros(at.0 - at.0 % micros)),
        None => instant(date_at(at, zone)?, zone),
    }
}

/// The end of the step that an instant lies in.
fn end_of(length: StepLength, zone: &TimeZone, at: UnixMicros) -> Option<UnixMicros> {
    if let Some(micros) = length.micros() {
        return (at.0 - at.0 % micros).checked_add(micros).map(UnixMicros);
    }
    let mut day = date_at(at, zone)?;
    // A day that a zone skips has no length.
    loop {
        day = day.tomorrow().ok()?;
        let end = instant(day, zone)?;
        if end > at {
            return Some(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMicros {
        UnixMicros::parse(text).unwrap()
    }

    fn told(length: StepLength, zone: &str, from: &str, to: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let bounds = steps(length, &zone, &(at(from)..at(to)), 10).unwrap();
        bounds.iter().map(|at| at.to_rfc3339()).collect()
    }

    #[test]
    fn steps_reach_outwards_and_leave_no_gap() {
        assert_eq!(
            told(StepLength::Minute, "UTC", "2026-11-01T00:00:59Z", "2026-11-01T00:02:00Z"),
            ["2026-11-01T00:00:00Z", "2026-11-01T00:01:00Z", "2026-11-01T00:02:00Z"]
        );
        assert_eq!(
            told(StepLength::Hour, "Asia/Kathmandu", "2026-11-01T00:59:59Z", "2026-11-01T01:00:00.000001Z"),
            ["2026-11-01T00:00:00Z", "2026-11-01T01:00:00Z", "2026-11-01T02:00:00Z"]
        );
        // The clocks of New York go back in the night of 2026-11-01.
        assert_eq!(
            told(StepLength::Day, "America/New_York", "2026-10-31T12:00:00Z", "2026-11-02T05:00:00Z"),
            ["2026-10-31T04:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"]
        );
    }

    #[test]
    fn there_are_no_more_steps_than_there_may_be() {
        let span = at("2026-11-01")..at("2026-11-11");
        assert_eq!(steps(StepLength::Day, &TimeZone::UTC, &span, 10).map(|bounds| bounds.len()), Ok(11));
        assert_eq!(steps(StepLength::Day, &TimeZone::UTC, &span, 9), Err(StepsError::TooMany));
        assert_eq!(steps(StepLength::Minute, &TimeZone::UTC, &span, 100), Err(StepsError::TooMany));
        let beyond = UnixMicros(u64::MAX - 1)..UnixMicros(u64::MAX);
        assert_eq!(steps(StepLength::Day, &TimeZone::UTC, &beyond, 9), Err(StepsError::Calendar));
        assert_eq!(steps(StepLength::Hour, &TimeZone::UTC, &beyond, 9), Err(StepsError::Calendar));
    }

    #[test]
    fn steps_are_counted_back_in_days_of_the_calendar() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let before = |length, count| steps_before(length, &zone, at("2026-11-02T05:00:00Z"), count);
        assert_eq!(before(StepLength::Day, 2), Some(at("2026-10-31T04:00:00Z")));
        assert_eq!(before(StepLength::Hour, 2), Some(at("2026-11-02T03:00:00Z")));
        assert_eq!(steps_before(StepLength::Hour, &zone, UnixMicros(5), 1), None);
    }
}
