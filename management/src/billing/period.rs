//! Periods of a calendar, in the time zone of a plan.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_api::usage::UsagePeriod;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::usage::{QUARTER_MICROS, Quarter};

const MICROS_PER_DAY: u64 = 86_400_000_000;

/// A time zone by its IANA name. Those of plans were checked when they were provisioned.
pub fn zone(name: &str) -> Answer<TimeZone> {
    TimeZone::get(name).map_err(|_| Problem::internal(format!("the time zone {name} is unknown")))
}

/// The period that a query of usage asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The kind of period.
    pub period: UsagePeriod,
    /// The beginning of a range.
    pub from: Option<UnixMicros>,
    /// The end of a range.
    pub to: Option<UnixMicros>,
    /// Days that a range may have.
    pub days_max: u64,
}

impl Asked {
    /// The first instant of the period and the first after it, both at quarters of an hour: a range is widened to them.
    pub fn instants(&self, zone: &TimeZone, now: UnixMicros) -> Answer<Range<UnixMicros>> {
        if self.period == UsagePeriod::Range {
            return self.range();
        }
        for (field, at) in [("from", self.from), ("to", self.to)] {
            if at.is_some() {
                return Err(Problem::field(field, "is only for the period `range`"));
            }
        }
        let of_calendar = || {
            let today = date_at(zone, now)?;
            let (first, after) = match self.period {
                UsagePeriod::Today | UsagePeriod::Range => (today, today.tomorrow().ok()?),
                UsagePeriod::ThisWeek => {
                    let passed = i64::from(today.weekday().to_monday_zero_offset());
                    let monday = today.checked_sub(passed.days()).ok()?;
                    (monday, monday.checked_add(7.days()).ok()?)
                }
                UsagePeriod::ThisMonth => month_with(today)?,
                UsagePeriod::LastMonth => month_with(today.first_of_month().yesterday().ok()?)?,
            };
            Some(outwards(&(begins_at(zone, first)?..begins_at(zone, after)?)))
        };
        of_calendar().ok_or_else(|| Problem::internal("the clock is set to a time beyond the calendar"))
    }

    fn range(&self) -> Answer<Range<UnixMicros>> {
        let needed = |field, at: Option<UnixMicros>| {
            at.ok_or_else(|| Problem::field(field, "is needed for the period `range`"))
        };
        let (from, to) = (needed("from", self.from)?, needed("to", self.to)?);
        if to <= from {
            return Err(Problem::field("to", "is not after from"));
        }
        if to.0 - from.0 > self.days_max * MICROS_PER_DAY {
            return Err(Problem::field("to", format!("is more than {} days after from", self.days_max)));
        }
        Ok(outwards(&(from..to)))
    }
}

/// The quarters of an hour in a range.
pub fn quarters(instants: &Range<UnixMicros>) -> Range<Quarter> {
    Quarter::of(instants.start)..Quarter::of(UnixMicros(instants.end.0.saturating_add(QUARTER_MICROS - 1)))
}

fn outwards(instants: &Range<UnixMicros>) -> Range<UnixMicros> {
    let quarters = quarters(instants);
    quarters.start.starts_at()..quarters.end.starts_at()
}

/// The days of a range, each with the instant at which the next one begins.
pub fn days(zone: &TimeZone, instants: &Range<UnixMicros>) -> Vec<(Date, UnixMicros)> {
    let mut days = Vec::new();
    let mut at = date_at(zone, instants.start);
    while let Some(day) = at {
        let next = day.tomorrow().ok();
        let Some(ends_at) = next.and_then(|next| begins_at(zone, next)) else { break };
        days.push((day, ends_at));
        at = next.filter(|_| ends_at < instants.end);
    }
    days
}

/// The instant at which a month begins, which is exactly when segments begin to count in it for tiers.
pub fn month_begins_at(zone: &TimeZone, month: Month) -> Option<UnixMicros> {
    let (year, month) = (i16::try_from(month.0 / 12).ok()?, i8::try_from(month.0 % 12 + 1).ok()?);
    begins_at(zone, Date::new(year, month, 1).ok()?)
}

fn month_with(day: Date) -> Option<(Date, Date)> {
    Some((day.first_of_month(), day.last_of_month().tomorrow().ok()?))
}

fn date_at(zone: &TimeZone, at: UnixMicros) -> Option<Date> {
    let at = Timestamp::from_microsecond(i64::try_from(at.0).ok()?).ok()?;
    Some(at.to_zoned(zone.clone()).date())
}

/// The midnight of a day.
pub fn begins_at(zone: &TimeZone, day: Date) -> Option<UnixMicros> {
    let midnight = day.to_zoned(zone.clone()).ok()?;
    u64::try_from(midnight.timestamp().as_microsecond()).ok().map(UnixMicros)
}

#[cfg(test)]
mod tests {
    use tollgate_billing::invoice::schedule::Cycle;
    use tollgate_engine::time::Months;

    use super::*;

    fn at(text: &str) -> UnixMicros {
        UnixMicros::parse(text).unwrap()
    }

    fn instants(period: UsagePeriod, zone: &str, now: &str) -> (String, String) {
        let asked = Asked { period, from: None, to: None, days_max: 400 };
        let range = asked.instants(&super::zone(zone).unwrap(), at(now)).unwrap();
        (range.start.to_rfc3339(), range.end.to_rfc3339())
    }

    #[test]
    fn periods_are_those_of_the_zone() {
        let cases = [
            // 2026-11-01 is a Sunday, and 01:30 of it in Nairobi.
            (UsagePeriod::Today, "Africa/Nairobi", "2026-10-31T21:00:00Z", "2026-11-01T21:00:00Z"),
            (UsagePeriod::ThisWeek, "Africa/Nairobi", "2026-10-25T21:00:00Z", "2026-11-01T21:00:00Z"),
            (UsagePeriod::ThisMonth, "Africa/Nairobi", "2026-10-31T21:00:00Z", "2026-11-30T21:00:00Z"),
            (UsagePeriod::LastMonth, "Africa/Nairobi", "2026-09-30T21:00:00Z", "2026-10-31T21:00:00Z"),
            (UsagePeriod::ThisMonth, "UTC", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            // The clocks of New York go back in the night of 2026-11-01.
            (UsagePeriod::ThisWeek, "America/New_York", "2026-10-26T04:00:00Z", "2026-11-02T05:00:00Z"),
            (UsagePeriod::Today, "Asia/Kathmandu", "2026-10-31T18:15:00Z", "2026-11-01T18:15:00Z"),
        ];
        for (period, zone, from, to) in cases {
            let found = instants(period, zone, "2026-10-31T22:30:00Z");
            assert_eq!(found, (from.to_owned(), to.to_owned()), "{period:?} in {zone}");
        }
    }

    #[test]
    fn ranges_reach_outwards_to_quarters_of_an_hour() {
        let range = |from: &str, to: &str| {
            let (from, to) = (Some(at(from)), Some(at(to)));
            Asked { period: UsagePeriod::Range, from, to, days_max: 2 }
                .instants(&TimeZone::UTC, at("2026-01-01"))
        };
        let found = range("2026-11-01T00:14:59Z", "2026-11-01T01:00:00.000001Z").unwrap();
        assert_eq!(found, at("2026-11-01T00:00:00Z")..at("2026-11-01T01:15:00Z"));
        let found = range("2026-11-01T00:15:00Z", "2026-11-01T01:00:00Z").unwrap();
        assert_eq!(found, at("2026-11-01T00:15:00Z")..at("2026-11-01T01:00:00Z"));
        assert!(range("2026-11-01", "2026-11-01").is_err());
        assert!(range("2026-11-01", "2026-11-03T00:00:01Z").is_err());
        let half = Asked { period: UsagePeriod::Range, from: Some(at("2026-11-01")), to: None, days_max: 2 };
        assert!(half.instants(&TimeZone::UTC, at("2026-11-02")).is_err());
        let other = Asked { period: UsagePeriod::Today, ..half };
        assert!(other.instants(&TimeZone::UTC, at("2026-11-02")).is_err());
    }

    #[test]
    fn days_follow_one_another_to_the_end() {
        let zone = zone("America/New_York").unwrap();
        let found = days(&zone, &(at("2026-10-31T12:00:00Z")..at("2026-11-02T05:00:00Z")));
        let found: Vec<_> = found.iter().map(|(day, end)| (day.to_string(), end.to_rfc3339())).collect();
        assert_eq!(
            found,
            [("2026-10-31", "2026-11-01T04:00:00Z"), ("2026-11-01", "2026-11-02T05:00:00Z")]
                .map(|(day, end)| (day.to_owned(), end.to_owned()))
        );
    }

    #[test]
    fn months_begin_where_the_tiers_begin_to_count() {
        for name in ["UTC", "Africa/Nairobi", "America/New_York", "Pacific/Kiritimati"] {
            let (zone, months) = (zone(name).unwrap(), Months::of_zone(name).unwrap());
            for month in 2026 * 12..2028 * 12 {
                let begins = month_begins_at(&zone, Month(month)).unwrap();
                assert_eq!(months.month_at(begins), Month(month), "{name}");
                assert_eq!(Cycle::Monthly.number_at(begins, &zone), Some(month), "{name}");
                assert_eq!(months.month_at(UnixMicros(begins.0 - 1)), Month(month - 1), "{name}");
            }
        }
    }
}
