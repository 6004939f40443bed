//! The instant at which a local date begins, and the local date of an instant.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use tollgate_engine::time::UnixMicros;

/// The first instant of a date in a time zone: midnight; where the clocks skip midnight, the instant at which they are put on;
/// where midnight comes twice, the first time. A date that the zone has skipped altogether begins with the next one. `None`
/// before 1970 and beyond the calendar.
pub fn instant(date: Date, zone: &TimeZone) -> Option<UnixMicros> {
    let midnight = zone.to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
    let at = match midnight.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => midnight.earlier().ok()?,
        AmbiguousOffset::Gap { .. } => {
            let behind = midnight.later().ok()?;
            // What comes before the first instant behind the gap is the change of the clocks itself.
            let after = behind.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?;
            zone.preceding(after).next()?.timestamp()
        }
    };
    u64::try_from(at.as_microsecond()).ok().map(UnixMicros)
}

/// The date that the clocks of a zone show at an instant.
pub fn date_at(at: UnixMicros, zone: &TimeZone) -> Option<Date> {
    let at = Timestamp::from_microsecond(i64::try_from(at.0).ok()?).ok()?;
    Some(zone.to_datetime(at).date())
}
