//! The dates of a receipt's text, which say nothing of their time zone.

use jiff::civil::DateTime;

/// Digits of a date with a two-digit year, without seconds and with them, and of one with a year of four digits.
const MINUTES: usize = 10;
const SECONDS: usize = 12;
const CENTURY_SECONDS: usize = 14;

/// A date that exists, by the clock of the message centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptDate {
    at: DateTime,
    /// Minutes ahead of UTC, where the date tells them.
    offset_minutes: Option<i32>,
}

impl ReceiptDate {
    /// Reads a date of ten digits, `YYMMDDhhmm` (SMPP 3.4 Appendix B), or of twelve or fourteen, as some write it with
    /// seconds or the whole year, with or without signs between them; or a time of sixteen octets (SMPP 3.4 §7.1.1).
    /// `None` of what is no date of the calendar.
    pub fn read(text: &[u8]) -> Option<Self> {
        let is_sign = |octet: &u8| matches!(octet, b'-' | b'/' | b'.' | b':' | b' ' | b'T');
        if let Some((date, offset)) = absolute(text) {
            return Some(Self { at: two_digit_year(date)?, offset_minutes: Some(offset) });
        }
        let digits: Vec<u8> = text.iter().copied().filter(|octet| !is_sign(octet)).collect();
        let at = match digits.len() {
            MINUTES => two_digit_year(&digits),
            // A year of the twentieth century's end to ours has a century in front that is no month behind it.
            SECONDS => two_digit_year(&digits).or_else(|| date_time(&digits)),
            CENTURY_SECONDS => date_time(&digits),
            _ => None,
        };
        Some(Self { at: at?, offset_minutes: None })
    }

    /// The date as `YYMMDDhhmm`.
    pub fn digits(&self) -> String {
        self.at.strftime("%y%m%d%H%M").to_string()
    }

    /// Year, month, day, hour, minute and second.
    pub fn parts(&self) -> (i16, [i8; 5]) {
        let at = self.at;
        (at.year(), [at.month(), at.day(), at.hour(), at.minute(), at.second()])
    }

    /// Minutes ahead of UTC, where the date tells them.
    pub fn offset_minutes(&self) -> Option<i32> {
        self.offset_minutes
    }
}

/// The date in a time with an offset, and the offset in minutes.
fn absolute(text: &[u8]) -> Option<(&[u8], i32)> {
    let (date, behind) = text.split_at_checked(SECONDS)?;
    let &[_, tens, ones, sign] = behind else { return None };
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let quarters = number(&[tens, ones]).filter(|quarters| *quarters <= 48)?;
    Some((date, sign * i32::from(quarters) * 15))
}

fn two_digit_year(digits: &[u8]) -> Option<DateTime> {
    date_time(&[b"20", digits].concat())
}

/// A date that begins with the whole year; seconds may be missing.
fn date_time(digits: &[u8]) -> Option<DateTime> {
    let mut pairs = digits.chunks_exact(2).map(number);
    let year = pairs.next()??.checked_mul(100)?.checked_add(pairs.next()??)?;
    let mut next = || pairs.next().unwrap_or(Some(0)).and_then(|number| i8::try_from(number).ok());
    let (month, day, hour, minute, second) = (next()?, next()?, next()?, next()?, next()?);
    DateTime::new(year, month, day, hour, minute, second, 0).ok()
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0_i16, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        Some(number * 10 + i16::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_usual_form() {
        for (text, digits, second) in [
            ("2611210001", "2611210001", 0),
            ("261121000159", "2611210001", 59),
            ("202611210001", "2611210001", 0),
            ("20261121000107", "2611210001", 7),
            ("26-11-21 00:01:07", "2611210001", 7),
            ("2026/11/21 00:01", "2611210001", 0),
            ("2402292359", "2402292359", 0),
        ] {
            let date = ReceiptDate::read(text.as_bytes()).unwrap();
            assert_eq!((date.digits().as_str(), date.parts().1[4]), (digits, second), "{text}");
            assert_eq!(date.offset_minutes(), None);
        }
        for (text, offset) in [("261121000159012+", 180), ("261121000159022-", -330)] {
            assert_eq!(ReceiptDate::read(text.as_bytes()).unwrap().offset_minutes(), Some(offset), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "0000000000",
            "2613210001",
            "2602290001",
            "2611312359",
            "2611212400",
            "2611210060",
            "26112100",
            "26112100010",
            "yesterday",
            "261121000x",
            "261121000160",
            "261121000159050+",
            "261121000159012R",
            "99999999999999",
            "+611210001",
        ] {
            assert_eq!(ReceiptDate::read(text.as_bytes()), None, "{text}");
        }
    }
}
