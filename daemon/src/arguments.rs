//! Values of arguments that several commands take.

use tollgate_engine::time::UnixMicros;

/// A point in time as people write it: RFC 3339, or a date alone.
pub fn parse_time(text: &str) -> Result<UnixMicros, String> {
    UnixMicros::read(text).map_err(|error| format!("it {error}"))
}
