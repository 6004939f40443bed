//! Values of arguments that several commands take.

use tollgate_engine::time::UnixMicros;

/// A point in time as people write it: RFC 3339, or a date alone.
pub fn parse_time(text: &str) -> Result<UnixMicros, String> {
    UnixMicros::parse(text).ok_or_else(|| "not a time such as 2026-11-21T08:00:00Z, nor a date".to_owned())
}
