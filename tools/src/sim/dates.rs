//! The dates in a receipt's text. Those of one minute are the same, so that few are ever made.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const MICROS_PER_MINUTE: u64 = 60_000_000;

/// Dates, with the one of the last minute remembered.
#[derive(Debug, Default)]
pub struct Dates {
    minute: u64,
    text: String,
}

impl Dates {
    /// `YYMMDDhhmm` in UTC, of a time in microseconds since 1970; all zeros for a time that has no date.
    pub fn minute(&mut self, micros: u64) -> &str {
        let minute = micros / MICROS_PER_MINUTE;
        if self.text.is_empty() || self.minute != minute {
            let at = i64::try_from(micros).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
            self.text = at.map_or_else(
                || "0000000000".to_owned(),
                |at| at.to_zoned(TimeZone::UTC).strftime("%y%m%d%H%M").to_string(),
            );
            self.minute = minute;
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_written_as_the_standard_has_it() {
        let mut dates = Dates::default();
        assert_eq!(dates.minute(0), "7001010000");
        assert_eq!(dates.minute(59_999_999), "7001010000");
        assert_eq!(dates.minute(1_795_248_059_000_000), "2611210800");
        assert_eq!(dates.minute(1_795_248_060_000_000), "2611210801");
        assert_eq!(dates.minute(u64::MAX), "0000000000");
    }
}
