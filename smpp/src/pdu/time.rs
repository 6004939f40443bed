//! Times of schedule_delivery_time and validity_period: `YYMMDDhhmmsstnnp` (SMPP 3.4 §7.1.1).

/// A point in time, absolute or counted from the moment the message arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppTime {
    /// Microseconds since 1970.
    Absolute(u64),
    /// Microseconds from now. The standard leaves the length of a year and a month open: 365 and
    /// 30 days here.
    Relative(u64),
}

/// Neither empty nor 16 characters that make a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the form YYMMDDhhmmsstnnp")]
pub struct InvalidTime;

const TENTHS_PER_SECOND: u64 = 10;
const MICROS_PER_TENTH: u64 = 100_000;
const SECONDS_PER_DAY: u64 = 86_400;
const SECONDS_PER_QUARTER: u64 = 900;
const QUARTERS_MAX: u64 = 48;

impl SmppTime {
    /// Reads a field without its NUL: `None` where it is empty.
    pub fn parse(field: &[u8]) -> Result<Option<Self>, InvalidTime> {
        if field.is_empty() {
            return Ok(None);
        }
        let (digits, sign) = field.split_last_chunk::<1>().ok_or(InvalidTime)?;
        let digits: &[u8; 15] = digits.try_into().map_err(|_| InvalidTime)?;
        let clock = Clock::read(digits)?;
        match *sign {
            [b'+'] => clock.absolute(i64::try_from(clock.quarters).map_err(|_| InvalidTime)?),
            [b'-'] => clock.absolute(-i64::try_from(clock.quarters).map_err(|_| InvalidTime)?),
            [b'R'] => clock.relative(),
            _ => Err(InvalidTime),
        }
        .map(Some)
    }

    /// The time at which that is, in microseconds since 1970, for a message that arrived at `now`.
    pub fn due_micros(self, now: u64) -> u64 {
        match self {
            Self::Absolute(micros) => micros,
            Self::Relative(micros) => now.saturating_add(micros),
        }
    }
}

/// An absolute time as the standard writes it, in UTC and without tenths; empty where the calendar ends.
pub fn format_time(micros: u64) -> Vec<u8> {
    let at = i64::try_from(micros).ok().and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    at.map(|at| at.strftime("%y%m%d%H%M%S000+").to_string().into_bytes()).unwrap_or_default()
}

/// The field's numbers, not yet known to make a time.
struct Clock {
    years: u64,
    months: u64,
    days: u64,
    hours: u64,
    minutes: u64,
    seconds: u64,
    tenths: u64,
    quarters: u64,
}

impl Clock {
    fn read(digits: &[u8; 15]) -> Result<Self, InvalidTime> {
        let mut rest: &[u8] = digits;
        let mut number = |length| {
            let (digits, behind) = rest.split_at_checked(length).ok_or(InvalidTime)?;
            rest = behind;
            digits.iter().try_fold(0, |number, digit| match digit {
                b'0'..=b'9' => Ok(number * 10 + u64::from(digit - b'0')),
                _ => Err(InvalidTime),
            })
        };
        Ok(Self {
            years: number(2)?,
            months: number(2)?,
            days: number(2)?,
            hours: number(2)?,
            minutes: number(2)?,
            seconds: number(2)?,
            tenths: number(1)?,
            quarters: number(2)?,
        })
    }

    /// `quarters` is how far local time is ahead of UTC, in quarters of an hour.
    fn absolute(&self, quarters: i64) -> Result<SmppTime, InvalidTime> {
        let year = 2000 + self.years;
        let real = (1..=12).contains(&self.months)
            && (1..=days_in_month(year, self.months)).contains(&self.days)
            && self.hours < 24
            && self.minutes < 60
            && self.seconds < 60
            && self.quarters <= QUARTERS_MAX;
        if !real {
            return Err(InvalidTime);
        }
        let local = self.micros(days_since_1970(year, self.months, self.days));
        let ahead =
            quarters * i64::try_from(SECONDS_PER_QUARTER * TENTHS_PER_SECOND * MICROS_PER_TENTH).unwrap_or(0);
        local.checked_add_signed(-ahead).map(SmppTime::Absolute).ok_or(InvalidTime)
    }

    fn relative(&self) -> Result<SmppTime, InvalidTime> {
        if self.quarters != 0 {
            return Err(InvalidTime);
        }
        Ok(SmppTime::Relative(self.micros(self.years * 365 + self.months * 30 + self.days)))
    }

    /// `days` and the time of day, in microseconds.
    fn micros(&self, days: u64) -> u64 {
        let seconds = days * SECONDS_PER_DAY + self.hours * 3600 + self.minutes * 60 + self.seconds;
        (seconds * TENTHS_PER_SECOND + self.tenths) * MICROS_PER_TENTH
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, for a year from 1970 on.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let years: u64 = (1970..year).map(|year| 365 + u64::from(is_leap(year))).sum();
    let months: u64 = (1..month).map(|month| days_in_month(year, month)).sum();
    years + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000_000;

    fn parse(field: &str) -> Result<Option<SmppTime>, InvalidTime> {
        SmppTime::parse(field.as_bytes())
    }

    #[test]
    fn absolute_times_are_taken_to_utc() {
        assert_eq!(parse(""), Ok(None));
        for (field, seconds) in [
            ("000101000000000+", 946_684_800),
            ("240229235959000+", 1_709_251_199),
            ("261231120000004+", 1_798_714_800), // noon, one hour ahead of UTC
            ("261231120000004-", 1_798_722_000), // noon, one hour behind UTC
            ("991231235959000+", 4_102_444_799),
        ] {
            assert_eq!(parse(field), Ok(Some(SmppTime::Absolute(seconds * 1_000_000))), "{field}");
        }
        assert_eq!(
            parse("000101000000500+"),
            Ok(Some(SmppTime::Absolute(946_684_800_500_000))),
            "five tenths"
        );
    }

    #[test]
    fn relative_times_count_from_now() {
        let (hour, day) = (SmppTime::Relative(HOUR), SmppTime::Relative(24 * HOUR));
        assert_eq!(parse("000000010000000R"), Ok(Some(hour)));
        assert_eq!(parse("000001000000000R"), Ok(Some(day)));
        assert_eq!(parse("000100000000000R"), Ok(Some(SmppTime::Relative(30 * 24 * HOUR))));
        assert_eq!(hour.due_micros(5), HOUR + 5);
        assert_eq!(SmppTime::Absolute(7).due_micros(5), 7);
    }

    #[test]
    fn anything_else_is_invalid() {
        for field in [
            "261231120000",      // without tenths and offset, as some send it
            "261231120000000",   // without a sign
            "261231120000000++", // too long
            "261231120000000Z",
            "26123112000000A+",
            "261331120000000+", // month 13
            "260001120000000+", // month 0
            "250229120000000+", // not a leap year
            "261231240000000+",
            "261231120060000+",
            "261231120000049+", // more than 12 hours off
            "000000010000004R", // relative with an offset
            "tomorrow",
        ] {
            assert_eq!(parse(field), Err(InvalidTime), "{field}");
        }
    }
}
