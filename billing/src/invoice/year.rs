//! A year of invoices under a clock that is an argument: month ends, a leap day, and clocks that are put on and back.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use tollgate_engine::time::UnixMicros;

use super::lines::{Counted, round_lines};
use super::schedule::Cycle;
use crate::period::instant;

/// An hour in millionths of a second.
const HOUR: u64 = 3_600_000_000;

/// The same, as a step that may go back.
const STEP: i64 = 3_600_000_000;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// The periods that a schedule closes when it looks at these instants: each that has ended since the last look.
fn closed(cycle: Cycle, zone: &TimeZone, start: UnixMicros, looks: &[UnixMicros]) -> Vec<Range<UnixMicros>> {
    let periods = cycle.periods();
    let mut done = periods.number_at(start, zone).unwrap() - 1;
    let mut closed = Vec::new();
    for look in looks {
        // A clock that was put back finds nothing new.
        let ended = periods.number_at(*look, zone).unwrap() - 1;
        while done < ended {
            done += 1;
            closed.extend(periods.instants(done, zone).filter(|instants| instants.start < instants.end));
        }
    }
    closed
}

/// The beginnings of 2028 and 2029 in a zone.
fn year(zone: &TimeZone) -> Range<UnixMicros> {
    instant(date(2028, 1, 1), zone).unwrap()..instant(date(2029, 1, 1), zone).unwrap()
}

#[test]
fn a_year_is_twelve_months_and_366_days() {
    for name in ["UTC", "Africa/Nairobi", "America/New_York", "Europe/Berlin", "Asia/Kathmandu"] {
        let zone = zone(name);
        let year = year(&zone);
        let hours = (year.end.0 - year.start.0) / HOUR;
        let looks: Vec<_> = (0..=hours).map(|hour| UnixMicros(year.start.0 + hour * HOUR)).collect();
        for (cycle, count) in [(Cycle::Monthly, 12), (Cycle::Daily, 366)] {
            let closed = closed(cycle, &zone, year.start, &looks);
            assert_eq!(closed.len(), count, "{cycle:?} in {name}");
            assert_eq!((closed[0].start, closed[count - 1].end), (year.start, year.end));
        }
        let weeks = closed(Cycle::Weekly, &zone, year.start, &looks);
        assert!(weeks.iter().skip(1).all(|week| week.end.0 - week.start.0 >= 167 * HOUR));
        assert_eq!(weeks.len(), 53, "the week that 2028 begins in, and all others that end in it: {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whenever the daemon looks, is stopped, or has its clock put back: every charge of the year is on exactly one invoice, and
    /// the invoices come to what was charged, to the cent of each.
    #[test]
    fn every_charge_is_invoiced_once(
        cycle in prop::sample::select(&Cycle::ALL[..]),
        name in prop::sample::select(vec!["America/New_York", "Africa/Nairobi", "Australia/Lord_Howe", "Pacific/Apia"]),
        charges in prop::collection::vec((0_u64..366 * 24 * HOUR, 1_i128..50, 1_i128..90_000), 0..200),
        steps in prop::collection::vec(-30_i64..24 * 40, 0..80))
    {
        let zone = zone(name);
        let year = year(&zone);
        let mut looks = vec![year.start];
        for step in steps {
            let last = looks.last().map_or(year.start.0, |at| at.0);
            let next = last.saturating_add_signed(step * STEP);
            looks.push(UnixMicros(next.clamp(year.start.0, year.end.0)));
        }
        looks.push(year.end);
        let closed = closed(cycle, &zone, year.start, &looks);
        prop_assert!(closed.windows(2).all(|pair| pair[0].end == pair[1].start), "they follow one another");
        let mut invoiced = 0;
        let mut counted = 0;
        for period in &closed {
            let mut lines: BTreeMap<i128, i128> = BTreeMap::new();
            for (after, segments, price) in &charges {
                if period.contains(&UnixMicros(year.start.0 + after)) {
                    *lines.entry(*price).or_default() += segments;
                    counted += 1;
                }
            }
            let exact = lines.iter().map(|(price, segments)| price * segments).sum();
            let lines: Vec<_> = lines.iter().map(|(unit_price, quantity)| Counted { quantity: *quantity, unit_price: *unit_price }).collect();
            let rounded = round_lines(&lines, exact, 2);
            prop_assert_eq!(rounded.totals.iter().sum::<i128>() + rounded.rounding, rounded.net);
            invoiced += exact;
        }
        let in_closed = |after: &u64| closed.last().is_some_and(|last| year.start.0 + after < last.end.0);
        let charged: i128 = charges.iter().filter(|(after, ..)| in_closed(after)).map(|(_, segments, price)| segments * price).sum();
        prop_assert_eq!(invoiced, charged);
        prop_assert_eq!(counted, charges.iter().filter(|(after, ..)| in_closed(after)).count());
    }
}
