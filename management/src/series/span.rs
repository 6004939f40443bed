//! The steps that a query asks for.

use jiff::tz::TimeZone;
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_api::series::{SeriesQuery, SeriesStep};
use tollgate_billing::period::{StepLength, StepsError, steps, steps_before};
use tollgate_engine::time::UnixMicros;

/// Steps of an answer at most: the minutes of the 48 hours that they are kept, and of one more, so that all that is kept can
/// be asked for in whichever minute.
const STEPS_MAX: usize = 49 * 60;
const UTC: &str = "UTC";
const MICROS_PER_HOUR: u64 = 3_600_000_000;

/// Steps that follow one another without a gap; at least one.
#[derive(Clone, Debug)]
pub struct Span {
    bounds: Vec<UnixMicros>,
    time_zone: String,
    /// True where days begin as they do in UTC.
    pub is_utc: bool,
}

impl Span {
    /// The steps of a query.
    pub fn of(query: &SeriesQuery, present: UnixMicros) -> Answer<Self> {
        let (length, usual) = match query.step {
            SeriesStep::Minute => (StepLength::Minute, 60),
            SeriesStep::Hour => (StepLength::Hour, 24),
            SeriesStep::Day => (StepLength::Day, 30),
        };
        let time_zone = query.time_zone.clone().unwrap_or_else(|| UTC.to_owned());
        let zone = TimeZone::get(&time_zone).map_err(|_| {
            Problem::field("time_zone", format!("`{time_zone}` is no time zone such as Africa/Nairobi"))
        })?;
        let to = if let Some(to) = query.to {
            to.0
        } else {
            let this_step = present..UnixMicros(present.0.saturating_add(1));
            last(&steps(length, &zone, &this_step, 1).map_err(|error| problem(error, "to"))?)
        };
        let from = match query.from {
            Some(from) => from.0,
            None => steps_before(length, &zone, to, usual)
                .ok_or_else(|| Problem::field("to", "lies before the beginning of the calendar"))?,
        };
        if from >= to {
            return Err(Problem::field("to", "is not after from"));
        }
        let bounds = steps(length, &zone, &(from..to), STEPS_MAX).map_err(|error| problem(error, "from"))?;
        let are_all_full = |micros| bounds.iter().all(|bound| bound.0 % micros == 0);
        let is_utc = query.step != SeriesStep::Day || are_all_full(24 * MICROS_PER_HOUR);
        if !is_utc && !are_all_full(MICROS_PER_HOUR) {
            return Err(Problem::field(
                "time_zone",
                format!(
                    "days of {time_zone} do not begin on a full hour of UTC; ask by hour, or for days in UTC"
                ),
            ));
        }
        Ok(Self { bounds, time_zone, is_utc })
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// The beginning of each step, and the end of the last one.
    pub fn bounds(&self) -> &[UnixMicros] {
        &self.bounds
    }

    /// The step that an instant lies in.
    pub fn step_at(&self, at: UnixMicros) -> Option<usize> {
        let behind = self.bounds.partition_point(|bound| *bound <= at);
        behind.checked_sub(1).filter(|step| *step < self.steps())
    }

    /// The beginning of the first step.
    pub fn from(&self) -> UnixMicros {
        self.bounds.first().copied().unwrap_or_default()
    }

    /// The end of the last step.
    pub fn to(&self) -> UnixMicros {
        last(&self.bounds)
    }

    /// The time zone whose days are meant.
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }
}

fn last(bounds: &[UnixMicros]) -> UnixMicros {
    bounds.last().copied().unwrap_or_default()
}

fn problem(error: StepsError, field: &'static str) -> Problem {
    match error {
        StepsError::TooMany => Problem::field(
            field,
            format!("is more than {STEPS_MAX} steps before to: ask for a shorter span or a longer step"),
        ),
        StepsError::Calendar => Problem::field(field, "lies beyond the calendar"),
    }
}

#[cfg(test)]
mod tests {
    use tollgate_api::time::Time;

    use super::*;

    fn at(text: &str) -> UnixMicros {
        UnixMicros::parse(text).unwrap()
    }

    fn span(step: SeriesStep, from: Option<&str>, to: Option<&str>, zone: Option<&str>) -> Answer<Span> {
        let time = |text: Option<&str>| text.map(|text| Time(at(text)));
        let time_zone = zone.map(ToOwned::to_owned);
        let query = SeriesQuery { step, from: time(from), to: time(to), time_zone, ..SeriesQuery::default() };
        Span::of(&query, at("2026-11-21T08:30:15Z"))
    }

    #[test]
    fn a_span_that_is_not_said_ends_with_the_present_step() {
        for (step, steps, from, to) in [
            (SeriesStep::Minute, 60, "2026-11-21T07:31:00Z", "2026-11-21T08:31:00Z"),
            (SeriesStep::Hour, 24, "2026-11-20T09:00:00Z", "2026-11-21T09:00:00Z"),
            (SeriesStep::Day, 30, "2026-10-23T00:00:00Z", "2026-11-22T00:00:00Z"),
        ] {
            let span = span(step, None, None, None).unwrap();
            assert_eq!((span.steps(), span.from(), span.to()), (steps, at(from), at(to)));
        }
        let nairobi = span(SeriesStep::Day, None, None, Some("Africa/Nairobi")).unwrap();
        assert_eq!(nairobi.to(), at("2026-11-21T21:00:00Z"));
        assert!(!nairobi.is_utc);
        assert_eq!(nairobi.step_at(at("2026-11-21T20:59:59Z")), Some(29));
        assert_eq!(nairobi.step_at(at("2026-11-21T21:00:00Z")), None);
        assert_eq!(nairobi.step_at(at("2026-01-01")), None);
    }

    #[test]
    fn a_span_that_cannot_be_told_is_refused() {
        let hour = SeriesStep::Hour;
        assert!(span(hour, Some("2026-11-21"), Some("2026-11-21"), None).is_err());
        assert!(span(hour, Some("2020-01-01"), Some("2026-11-21"), None).is_err());
        let kept = span(SeriesStep::Minute, Some("2026-11-19T08:30:00Z"), None, None).unwrap();
        assert_eq!(kept.steps(), 48 * 60 + 1, "all minutes that are kept, and the present one");
        assert!(span(hour, None, None, Some("Mars/Base")).is_err());
        assert!(span(hour, None, Some("1970-01-01T01:00:00Z"), None).is_err());
        assert!(span(SeriesStep::Day, None, None, Some("Asia/Kathmandu")).is_err());
        assert!(span(hour, None, None, Some("Asia/Kathmandu")).is_ok());
    }
}
