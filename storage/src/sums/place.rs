//! Places of rows: the parts of a family that are summed apart, so that a fault can be named.

use std::fmt;

use tollgate_engine::time::UnixMicros;

use crate::rows::REFUSALS_KEPT_MICROS;
use crate::schema::{Family, IDS_PER_MICROSECOND};

const MICROS_PER_HOUR: u64 = 3_600_000_000;
const MICROS_PER_DAY: u64 = 24 * MICROS_PER_HOUR;
const QUARTERS_PER_DAY: u32 = 96;
/// Notes of the audit log in one place.
const NOTES_PER_PLACE: u64 = 1_000;
/// Time for which a sample of an operator's health is kept.
pub const HEALTH_KEPT_MICROS: u64 = 90 * MICROS_PER_DAY;

/// A part of a family. What its two numbers mean depends on the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The family of the rows.
    pub family: Family,
    /// The account, operator or collection, or the hour in which the rows expire.
    pub first: u32,
    /// The day, a part of many rows, or whose rows expire in that hour.
    pub second: u32,
}

/// The hour of an instant, counted since the Unix epoch; the end of time is the last one.
pub fn hour_of(at: UnixMicros) -> u32 {
    u32::try_from(at.0 / MICROS_PER_HOUR).unwrap_or(u32::MAX)
}

impl Place {
    /// The place of a row.
    pub fn of(family: Family, key: &[u8], value: &[u8]) -> Self {
        let (first, second) = match family {
            Family::Accounts
            | Family::Wallets
            | Family::Volumes
            | Family::Dispatches
            | Family::ShortIds
            | Family::Bundles
            | Family::Caps
            | Family::Commissions
            | Family::Resales
            | Family::Tariffs => (number_at(key, 0), 0),
            Family::Ledger | Family::Cdrs | Family::States | Family::Receipts => {
                (number_at(key, 0), day_of(long_at(key, 4) / IDS_PER_MICROSECOND))
            }
            Family::Usage => (number_at(key, 0), number_at(key, 4) / QUARTERS_PER_DAY),
            Family::Batches | Family::MessageFilters => (0, day_of(long_at(key, 0) / IDS_PER_MICROSECOND)),
            Family::Series => {
                let step = key.first().copied().unwrap_or_default();
                (kind_of_series(key), number_at(key, 2) / spans_per_day(step))
            }
            Family::Scheduled | Family::Expiries | Family::Awaiting => (0, day_of(long_at(key, 0))),
            Family::Queue | Family::Operators | Family::Unmatched => (operator_at(key), 0),
            Family::TariffFiles | Family::Documents => (key.first().copied().unwrap_or_default().into(), 0),
            Family::Audit => (0, u32::try_from(long_at(key, 0) / NOTES_PER_PLACE).unwrap_or(u32::MAX)),
            Family::Keys | Family::MessageTexts => {
                (hour_of(UnixMicros(long_at(value, 0))), number_at(key, 0))
            }
            Family::Upstream => (hour_of(UnixMicros(long_at(value, 0))), operator_at(key)),
            Family::Requests => (hour_of(UnixMicros(long_at(value, 0))), 0),
            Family::Health => {
                (hour_of(UnixMicros(long_at(key, 2).saturating_add(HEALTH_KEPT_MICROS))), operator_at(key))
            }
            Family::Refusals => {
                let at = long_at(key, 0) / IDS_PER_MICROSECOND;
                (hour_of(UnixMicros(at.saturating_add(REFUSALS_KEPT_MICROS))), 0)
            }
            Family::Meta | Family::Leases | Family::Sums | Family::SeriesOpen => (0, 0),
        };
        Self { family, first, second }
    }

    /// True if rows of the family expire, and `first` is the hour of their end.
    pub fn expires(family: Family) -> bool {
        matches!(
            family,
            Family::Keys
                | Family::Upstream
                | Family::Requests
                | Family::Health
                | Family::Refusals
                | Family::MessageTexts
        )
    }

    /// True if the place was forgotten, together with all that ended in this hour or before.
    pub fn is_forgotten(&self, forgotten_hour: u32) -> bool {
        Self::expires(self.family) && self.first <= forgotten_hour
    }

    /// Key of the place's sum in `sums`.
    pub fn key(&self) -> [u8; 9] {
        let mut key = [0; 9];
        key[0] = self.family as u8;
        key[1..5].copy_from_slice(&self.first.to_be_bytes());
        key[5..].copy_from_slice(&self.second.to_be_bytes());
        key
    }

    /// Reads what [`Self::key`] wrote.
    pub fn read(key: &[u8]) -> Option<Self> {
        let (family, numbers) = key.split_first()?;
        let family = *Family::ALL.get(usize::from(*family))?;
        (numbers.len() == 8).then(|| Self {
            family,
            first: number_at(numbers, 0),
            second: number_at(numbers, 4),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, first, second } = *self;
        f.write_str(family.name())?;
        match family {
            Family::Accounts
            | Family::Wallets
            | Family::Volumes
            | Family::Dispatches
            | Family::ShortIds
            | Family::Bundles
            | Family::Caps
            | Family::Commissions
            | Family::Resales => write!(f, ", account {first}"),
            Family::Ledger | Family::Cdrs | Family::States | Family::Receipts | Family::Usage => {
                write!(f, ", account {first}, {}", Day(second))
            }
            Family::Batches
            | Family::MessageFilters
            | Family::Scheduled
            | Family::Expiries
            | Family::Awaiting => {
                write!(f, ", {}", Day(second))
            }
            Family::Queue | Family::Operators | Family::Unmatched => write!(f, ", operator {first}"),
            Family::Tariffs => write!(f, ", tariff {first}"),
            Family::Series => {
                let step = ["minutes", "hours", "days"].get((first >> 8) as usize).unwrap_or(&"spans");
                write!(f, ", {step} of kind {}, {}", first & 0xFF, Day(second))
            }
            Family::TariffFiles => write!(f, ", hashes that begin with {first:02x}"),
            Family::Documents => write!(f, ", collection {first}"),
            Family::Audit => {
                let from = u64::from(second) * NOTES_PER_PLACE;
                write!(f, ", notes {from} to {}", from + NOTES_PER_PLACE - 1)
            }
            Family::Keys | Family::MessageTexts => write!(f, ", account {second}, {}", Ending(first)),
            Family::Upstream | Family::Health => write!(f, ", operator {second}, {}", Ending(first)),
            Family::Requests | Family::Refusals => write!(f, ", {}", Ending(first)),
            Family::Meta | Family::Leases | Family::Sums | Family::SeriesOpen => Ok(()),
        }
    }
}

/// A day since the Unix epoch, written as a date (RFC 3339).
struct Day(u32);

/// The hour in which rows expire.
struct Ending(u32);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = i64::from(self.0) * MICROS_PER_DAY.cast_signed();
        match jiff::Timestamp::from_microsecond(micros) {
            Ok(at) => write!(f, "{}", at.strftime("%F")),
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            u32::MAX => f.write_str("without an end"),
            hour => write!(f, "ending on {} at {:02} hours UTC", Day(hour / 24), hour % 24),
        }
    }
}

fn day_of(micros: u64) -> u32 {
    u32::try_from(micros / MICROS_PER_DAY).unwrap_or(u32::MAX)
}

/// The step and the kind of a row of time series.
fn kind_of_series(key: &[u8]) -> u32 {
    key.first_chunk::<2>().map_or(u32::MAX, |octets| u16::from_be_bytes(*octets).into())
}

/// The number of spans of that step in a day.
fn spans_per_day(step: u8) -> u32 {
    match step {
        0 => 24 * 60,
        1 => 24,
        _ => 1,
    }
}

fn operator_at(key: &[u8]) -> u32 {
    key.first_chunk::<2>().map_or(u32::MAX, |octets| u16::from_be_bytes(*octets).into())
}

fn number_at(octets: &[u8], at: usize) -> u32 {
    octets
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(u32::MAX, |octets| u32::from_be_bytes(*octets))
}

fn long_at(octets: &[u8], at: usize) -> u64 {
    octets
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(u64::MAX, |octets| u64::from_be_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        let dates =
            [(0, "1970-01-01"), (19_782, "2024-02-29"), (19_783, "2024-03-01"), (20_786, "2026-11-29")];
        for (day, date) in dates {
            assert_eq!(Day(day).to_string(), date);
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place { family: Family::Cdrs, first: 7, second: 20_786 };
        assert_eq!(Place::read(&place.key()), Some(place));
        assert_eq!(place.to_string(), "cdrs, account 7, 2026-11-29");
        assert_eq!(Place::read(&[0]), None);
        assert_eq!(Place::read(&[0xFF; 9]), None);
    }

    #[test]
    fn what_awaits_its_end_is_never_forgotten() {
        let place = Place::of(Family::Upstream, &[0, 1, b'x'], &u64::MAX.to_be_bytes());
        assert!(!place.is_forgotten(u32::MAX - 1));
        let ended = Place::of(Family::Upstream, &[0, 1, b'x'], &MICROS_PER_HOUR.to_be_bytes());
        assert!(ended.is_forgotten(1) && !ended.is_forgotten(0));
    }
}
