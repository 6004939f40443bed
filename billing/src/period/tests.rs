//! Periods by hand, and properties of all of them: they tile the days and the instants, and never drift.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use tollgate_engine::time::UnixMicros;

use super::{PeriodUnit, Periods, date_at, instant};

fn starts(anchor: Date, unit: PeriodUnit, from: i64, to: i64) -> Vec<String> {
    let periods = Periods { anchor, unit };
    (from..=to).map(|n| periods.start(n).unwrap().to_string()).collect()
}

fn begins(day: Date, zone: &str) -> String {
    instant(day, &TimeZone::get(zone).unwrap()).unwrap().to_rfc3339()
}

#[test]
fn months_from_the_end_of_a_month_keep_their_day() {
    assert_eq!(
        starts(date(2026, 1, 31), PeriodUnit::Month, -2, 4),
        ["2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    );
    assert_eq!(
        starts(date(2028, 1, 30), PeriodUnit::Month, 0, 2),
        ["2028-01-30", "2028-02-29", "2028-03-30"]
    );
    let periods = Periods { anchor: date(2026, 1, 31), unit: PeriodUnit::Month };
    for (day, number) in [
        (date(2026, 1, 30), -1),
        (date(2026, 1, 31), 0),
        (date(2026, 2, 27), 0),
        (date(2026, 2, 28), 1),
        (date(2026, 3, 30), 1),
        (date(2026, 3, 31), 2),
    ] {
        assert_eq!(periods.number_of(day), Some(number), "{day}");
    }
}

#[test]
fn years_from_a_leap_day_come_back_to_it() {
    assert_eq!(
        starts(date(2024, 2, 29), PeriodUnit::Year, 0, 4),
        ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]
    );
}

#[test]
fn days_are_counted() {
    assert_eq!(
        starts(date(2026, 12, 20), PeriodUnit::Days(30), -1, 2),
        ["2026-11-20", "2026-12-20", "2027-01-19", "2027-02-18"]
    );
    let periods = Periods { anchor: date(2026, 12, 20), unit: PeriodUnit::Days(30) };
    assert_eq!(periods.number_of(date(2026, 12, 19)), Some(-1));
    assert_eq!(periods.number_of(date(2027, 1, 18)), Some(0));
}

#[test]
fn a_day_begins_at_its_first_instant() {
    for (day, zone, at) in [
        (date(2026, 11, 1), "Africa/Nairobi", "2026-10-31T21:00:00Z"),
        (date(2026, 11, 1), "America/New_York", "2026-11-01T04:00:00Z"),
        (date(2026, 11, 2), "America/New_York", "2026-11-02T05:00:00Z"),
        // The clocks go from 24:00 to 01:00: the day begins at one.
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        // They go back from 24:00 to 23:00, so that midnight comes once, an hour later.
        (date(2018, 2, 18), "America/Sao_Paulo", "2018-02-18T03:00:00Z"),
        // They go back from 01:00 to 00:00: the day begins the first time.
        (date(2026, 11, 1), "America/Havana", "2026-11-01T04:00:00Z"),
        // They went back from 00:01 to 23:01: midnight came twice.
        (date(2006, 10, 29), "America/St_Johns", "2006-10-29T02:30:00Z"),
        // A day that the zone skipped on its way over the date line, and its neighbours.
        (date(2011, 12, 29), "Pacific/Apia", "2011-12-29T10:00:00Z"),
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00:00Z"),
        (date(2011, 12, 31), "Pacific/Apia", "2011-12-30T10:00:00Z"),
        (date(2012, 1, 1), "Pacific/Apia", "2011-12-31T10:00:00Z"),
    ] {
        assert_eq!(begins(day, zone), at, "{day} in {zone}");
    }
}

#[test]
fn a_day_that_does_not_exist_is_an_empty_period() {
    let zone = TimeZone::get("Pacific/Apia").unwrap();
    let periods = Periods { anchor: date(2011, 12, 29), unit: PeriodUnit::Days(1) };
    let skipped = periods.instants(1, &zone).unwrap();
    assert_eq!(skipped.start, skipped.end);
    assert_eq!(periods.number_at(skipped.start, &zone), Some(2));
    assert_eq!(periods.number_at(UnixMicros(skipped.start.0 - 1), &zone), Some(0));
}

#[test]
fn midnight_that_is_put_on_from_before_it_is_not_passed() {
    // In 1993 the Marshalls' Kwajalein went from 21 August 00:00 to 22 August 00:00; other zones have gaps that begin before
    // midnight and end behind it, and their day begins where the gap ends.
    let zone = TimeZone::get("Pacific/Kwajalein").unwrap();
    assert_eq!(instant(date(1993, 8, 21), &zone), instant(date(1993, 8, 22), &zone));
    let posix = TimeZone::posix("AAA0BBB-1,M3.5.0/23:30,M10.5.0/3").unwrap();
    // On 29 March 2026 the clocks of this zone go from 23:30 to 00:30.
    assert_eq!(instant(date(2026, 3, 30), &posix).unwrap().to_rfc3339(), "2026-03-29T23:30:00Z");
}

#[test]
fn beyond_the_calendar_there_is_nothing() {
    let periods = Periods { anchor: date(2026, 1, 31), unit: PeriodUnit::Year };
    assert_eq!(periods.start(9_000), None);
    assert_eq!(periods.start(i64::MAX), None);
    assert_eq!(periods.period(i64::MAX), None);
    let days = Periods { unit: PeriodUnit::Days(u16::MAX), ..periods };
    assert_eq!(days.start(i64::MAX), None);
    assert_eq!(instant(date(1960, 1, 1), &TimeZone::UTC), None);
    assert_eq!(date_at(UnixMicros(u64::MAX), &TimeZone::UTC), None);
}

fn unit() -> impl Strategy<Value = PeriodUnit> {
    prop_oneof![(1_u16..400).prop_map(PeriodUnit::Days), Just(PeriodUnit::Month), Just(PeriodUnit::Year)]
}

fn zone() -> impl Strategy<Value = TimeZone> {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    proptest::sample::select(names).prop_map(|name| TimeZone::get(&name).unwrap())
}

fn day() -> impl Strategy<Value = Date> {
    (1980_i16..2060, 1_i8..=12, 1_i8..=31).prop_map(|(year, month, day)| {
        let first = date(year, month, 1);
        date(year, month, day.min(first.days_in_month()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Over a hundred years each period ends where the next begins, in days and in instants, and every day and instant says
    /// the number of its period.
    #[test]
    fn periods_tile_the_time_line(anchor in day(), unit in unit(), zone in zone(), n in 0_i64..1200) {
        let periods = Periods { anchor, unit };
        let n = match unit { PeriodUnit::Year => n / 12, _ => n };
        let (this, next) = (periods.period(n).unwrap(), periods.period(n + 1).unwrap());
        prop_assert!(this.start < this.end);
        prop_assert_eq!(this.end, next.start);
        for day in [this.start, this.end.yesterday().unwrap()] {
            prop_assert_eq!(periods.number_of(day), Some(n));
        }
        let (these, those) = (periods.instants(n, &zone).unwrap(), periods.instants(n + 1, &zone).unwrap());
        prop_assert!(these.start <= these.end);
        prop_assert_eq!(these.end, those.start);
        if these.start < these.end {
            for at in [these.start, UnixMicros(these.end.0 - 1)] {
                prop_assert_eq!(periods.number_at(at, &zone), Some(n));
            }
        }
    }

    /// The day of the month is the anchor's wherever the month has one, after a century too.
    #[test]
    fn periods_never_drift(anchor in day(), n in -1200_i64..1200) {
        let months = Periods { anchor, unit: PeriodUnit::Month };
        let start = months.start(n).unwrap();
        prop_assert_eq!(start.day(), anchor.day().min(start.days_in_month()));
        let years = Periods { anchor, unit: PeriodUnit::Year };
        let start = years.start(n / 12).unwrap();
        prop_assert_eq!((start.month(), start.day()), (anchor.month(), anchor.day().min(start.days_in_month())));
        let days = Periods { anchor, unit: PeriodUnit::Days(30) };
        let apart = anchor.duration_until(days.start(n).unwrap()).as_hours();
        prop_assert_eq!(apart, n * 30 * 24);
    }

    /// Days follow one another in every zone, and the first instant of a day shows its date, or a later one where the zone has
    /// skipped the day; the instant before shows an earlier one.
    #[test]
    fn days_begin_in_order(day in day(), zone in zone()) {
        let next = day.tomorrow().unwrap();
        let (begins, ends) = (instant(day, &zone).unwrap(), instant(next, &zone).unwrap());
        prop_assert!(begins <= ends);
        if begins < ends {
            prop_assert_eq!(date_at(begins, &zone), Some(day));
        } else {
            prop_assert!(date_at(begins, &zone) > Some(day));
        }
        prop_assert!(date_at(UnixMicros(begins.0 - 1), &zone) < Some(day));
    }
}
