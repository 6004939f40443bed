//! A clock that goes through whole years, in zones whose days are not all of 24 hours.

use super::*;

const MICROS_PER_HOUR: u64 = 3_600_000_000;

fn at(text: &str) -> UnixMicros {
    UnixMicros::parse(text).unwrap()
}

/// The lengths in hours of all periods that begin in a span, as a clock sees them that goes on by half an hour.
fn lengths(cycle: Cycle, zone: &str, from: &str, to: &str) -> Vec<u64> {
    let zone = TimeZone::get(zone).unwrap();
    let (mut now, end) = (at(from), at(to));
    let mut number = cycle.number_at(now, &zone).unwrap();
    assert_eq!(cycle.begins_at(number, &zone), Some(now), "the span begins with a period");
    let (mut begins, mut lengths) = (now, Vec::new());
    while now < end {
        now = UnixMicros(now.0 + MICROS_PER_HOUR / 2);
        let seen = cycle.number_at(now, &zone).unwrap();
        if seen == number {
            continue;
        }
        assert_eq!(seen, number + 1, "no period is left out");
        assert_eq!(cycle.begins_at(seen, &zone), Some(now), "it begins when the one before has ended");
        assert_eq!(cycle.number_at(UnixMicros(now.0 - 1), &zone), Some(number));
        lengths.push((now.0 - begins.0) / MICROS_PER_HOUR);
        (number, begins) = (seen, now);
    }
    lengths
}

#[test]
fn the_days_of_a_leap_year_follow_one_another_through_both_changes_of_the_clocks() {
    let days = lengths(Cycle::Daily, "America/New_York", "2028-01-01T05:00:00Z", "2029-01-01T05:00:00Z");
    assert_eq!(days.len(), 366);
    let other: Vec<_> = days.iter().enumerate().filter(|(_, hours)| **hours != 24).collect();
    // 12 March and 5 November.
    assert_eq!(other, [(71, &23), (309, &25)]);
}

#[test]
fn clocks_that_are_changed_at_midnight_lose_no_day() {
    // Those of Cairo go from 23:59:59 to 01:00:00 and back at midnight.
    let days = lengths(Cycle::Daily, "Africa/Cairo", "2024-01-01T22:00:00Z", "2025-01-01T22:00:00Z");
    assert_eq!(days.len(), 366);
    assert_eq!(days.iter().sum::<u64>(), 366 * 24);
    assert_eq!(days.iter().filter(|hours| **hours != 24).count(), 2);
}

#[test]
fn weeks_begin_on_mondays_across_months_and_years() {
    let weeks = lengths(Cycle::Weekly, "Africa/Nairobi", "2027-12-26T21:00:00Z", "2029-01-07T21:00:00Z");
    assert_eq!(weeks, [7 * 24; 54]);
}

#[test]
fn months_are_those_of_the_calendar() {
    let months = lengths(Cycle::Monthly, "Asia/Kathmandu", "2027-12-31T18:15:00Z", "2028-12-31T18:15:00Z");
    let days: Vec<u64> = months.iter().map(|hours| hours / 24).collect();
    assert_eq!(days, [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
    let number = |text| Cycle::Monthly.number_at(at(text), &TimeZone::UTC);
    assert_eq!(number("2026-11-30T23:59:59Z"), Some(2026 * 12 + 10), "counted from the year zero");
    assert_eq!(
        Cycle::Daily.number_at(at("1970-01-02T00:00:00Z"), &TimeZone::UTC),
        Some(1),
        "counted from 1970"
    );
}
