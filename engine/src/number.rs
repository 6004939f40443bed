//! Telephone numbers in international form (ITU-T E.164), and how a destination address becomes one.
//!
//! Nothing here knows which numbers exist; that is the numbering plan's business.

use std::fmt;

/// Digits that the longest number has (ITU-T E.164 §6).
pub const DIGITS_MAX: usize = 15;

/// Digits that the shortest number has here; shorter ones are service codes, which have no calling code.
pub const DIGITS_MIN: usize = 5;

/// Type of number (SMPP 3.4 §5.2.5).
mod ton {
    pub const UNKNOWN: u8 = 0;
    pub const NATIONAL: u8 = 2;
    pub const NETWORK_SPECIFIC: u8 = 3;
    pub const SUBSCRIBER: u8 = 4;
    pub const ABBREVIATED: u8 = 6;
}

/// Types of numbers that only one network or exchange knows, and that are never international.
const TON_NEVER_INTERNATIONAL: [u8; 3] = [ton::NETWORK_SPECIFIC, ton::SUBSCRIBER, ton::ABBREVIATED];

/// Numbering plan indicators whose addresses are no telephone numbers (SMPP 3.4 §5.2.6): data, telex,
/// Internet, WAP.
const NPI_NOT_TELEPHONY: [u8; 4] = [3, 4, 14, 18];

/// A number in international form: calling code first, no plus, between [`DIGITS_MIN`] and [`DIGITS_MAX`]
/// digits of which the first is not zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// ASCII digits, zero bytes behind them, so that numbers sort as their texts do.
    digits: [u8; DIGITS_MAX],
    len: u8,
}

impl Number {
    /// From a destination address as submitted, with its type of number and numbering plan indicator.
    ///
    /// An address that says by `+` or `00` that it is international is taken at its word. Otherwise type 2 is
    /// national, and so is type 0 with a single leading zero where the account has a default calling code:
    /// the trunk zero goes and the code comes before the rest. Everything else is international as it stands.
    /// Spaces, dashes, dots and parentheses are passed over, and so is a `(0)` behind other digits, which stands for
    /// a trunk zero that is not dialled from abroad. `None` is what cannot be a number: national ones without a default
    /// calling code, and types that are never international (3, 4 and 6).
    pub fn normalise(address: &[u8], ton: u8, npi: u8, default_calling_code: Option<&str>) -> Option<Self> {
        if NPI_NOT_TELEPHONY.contains(&npi) || TON_NEVER_INTERNATIONAL.contains(&ton) {
            return None;
        }
        // Nearly every address is international digits, and these need no second look.
        match Self::from_digits(address) {
            Some(number) if ton != ton::NATIONAL => Some(number),
            _ => Written::read(address)?.resolve(ton, default_calling_code),
        }
    }

    /// From the digits of a number in international form and nothing else.
    pub fn from_digits(international: &[u8]) -> Option<Self> {
        let bounded = (DIGITS_MIN..=DIGITS_MAX).contains(&international.len());
        if !bounded || international[0] == b'0' || !international.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut digits = [0; DIGITS_MAX];
        digits[..international.len()].copy_from_slice(international);
        Some(Self { digits, len: u8::try_from(international.len()).ok()? })
    }

    /// The digits, in ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.digits[..usize::from(self.len)]
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The number as an integer below 10¹⁵. No two numbers share one, since none begins with zero.
    pub fn to_u64(self) -> u64 {
        self.as_bytes().iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
    }

    /// The number that [`Self::to_u64`] made; `None` where none has this value.
    pub fn from_u64(value: u64) -> Option<Self> {
        Self::from_digits(value.to_string().as_bytes())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An address as it was written, without what only separates its digits.
#[derive(Default)]
struct Written {
    plus: bool,
    /// Room for `00` before the longest number.
    digits: [u8; DIGITS_MAX + 2],
    len: usize,
}

impl Written {
    fn read(address: &[u8]) -> Option<Self> {
        let mut written = Self::default();
        let mut rest = address;
        while let Some((byte, behind)) = rest.split_first() {
            if written.len > 0
                && let Some(behind) = rest.strip_prefix(b"(0)")
            {
                rest = behind;
                continue;
            }
            rest = behind;
            match byte {
                b'0'..=b'9' => written.push(*byte)?,
                b'+' if !written.plus && written.len == 0 => written.plus = true,
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                _ => return None,
            }
        }
        Some(written)
    }

    fn push(&mut self, digit: u8) -> Option<()> {
        *self.digits.get_mut(self.len)? = digit;
        self.len += 1;
        Some(())
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }

    fn resolve(&self, ton: u8, default_calling_code: Option<&str>) -> Option<Number> {
        let digits = self.digits();
        if self.plus {
            return Number::from_digits(digits);
        }
        match (digits, ton, default_calling_code) {
            ([b'0', b'0', international @ ..], _, _) => Number::from_digits(international),
            ([b'0', national @ ..], ton::UNKNOWN | ton::NATIONAL, Some(code))
            | (national, ton::NATIONAL, Some(code)) => join(code, national),
            (_, ton::NATIONAL, None) => None,
            (international, _, _) => Number::from_digits(international),
        }
    }
}

fn join(calling_code: &str, national: &[u8]) -> Option<Number> {
    let mut joined = Written::default();
    for byte in calling_code.bytes().chain(national.iter().copied()) {
        joined.push(byte)?;
    }
    Number::from_digits(joined.digits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_numbers() {
        let kenya = Some("254");
        for (address, ton, npi, calling_code, expected) in [
            ("254722000001", 1, 1, None, "254722000001"),
            ("254722000001", 0, 0, kenya, "254722000001"),
            ("+254722000001", 0, 0, None, "254722000001"),
            ("+254722000001", 2, 1, kenya, "254722000001"),
            ("00254722000001", 0, 1, None, "254722000001"),
            ("00254722000001", 2, 1, kenya, "254722000001"),
            ("0722000001", 2, 1, kenya, "254722000001"),
            ("722000001", 2, 8, kenya, "254722000001"),
            ("0722000001", 0, 1, kenya, "254722000001"),
            ("722000001", 0, 1, kenya, "722000001"),
            ("+254 (722) 000-001", 1, 1, None, "254722000001"),
            ("(+254) 722.000.001", 0, 0, None, "254722000001"),
            ("0722 000 001", 0, 0, kenya, "254722000001"),
            ("123456789012345", 1, 1, None, "123456789012345"),
            ("00123456789012345", 1, 1, None, "123456789012345"),
            ("12125", 1, 1, None, "12125"),
            ("12125550100", 5, 0, None, "12125550100"),
            ("+44 (0)7700 900123", 1, 1, None, "447700900123"),
            ("0044(0)7700900123", 0, 1, None, "447700900123"),
            ("44(0)7700-900123", 1, 1, None, "447700900123"),
            ("(0)722 000 001", 0, 1, kenya, "254722000001"),
            ("(0722) 000 001", 2, 1, kenya, "254722000001"),
        ] {
            let number = Number::normalise(address.as_bytes(), ton, npi, calling_code);
            assert_eq!(
                number.map(|number| number.to_string()).as_deref(),
                Some(expected),
                "{address} ton {ton}"
            );
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_none() {
        let kenya = Some("254");
        for (address, ton, npi, calling_code) in [
            ("", 1, 1, None),
            ("+", 1, 1, None),
            ("1234", 1, 1, None),
            ("+1234", 1, 1, None),
            ("1234567890123456", 1, 1, None),
            ("1234567890123456789012345", 1, 1, None),
            ("254722x00001", 1, 1, None),
            ("Tollgate", 5, 0, None),
            ("254+722000001", 1, 1, None),
            ("++254722000001", 1, 1, None),
            ("+0722000001", 1, 1, Some("254")),
            ("0722000001", 1, 1, Some("254")),
            ("0722000001", 0, 1, None),
            ("722000001", 2, 1, None),
            ("000722000001", 0, 1, Some("254")),
            ("722000001", 2, 1, Some("2x4")),
            ("7220000012345", 2, 1, Some("254")),
            ("254722000001", 1, 14, None),
            ("18100", 3, 1, None),
            ("722000001", 4, 1, kenya),
            ("18100", 6, 1, None),
            ("+254722000001", 3, 1, None),
            ("(0)", 1, 1, None),
            ("254722000\u{661}", 1, 1, None),
        ] {
            assert_eq!(
                Number::normalise(address.as_bytes(), ton, npi, calling_code),
                None,
                "{address} ton {ton}"
            );
        }
    }

    #[test]
    fn integers_hold_numbers_without_loss() {
        for text in ["12125", "254722000001", "999999999999999"] {
            let number = Number::from_digits(text.as_bytes()).unwrap();
            assert_eq!(Number::from_u64(number.to_u64()), Some(number));
        }
        assert_eq!(Number::from_u64(1234), None);
        assert_eq!(Number::from_u64(10u64.pow(15)), None);
    }

    #[test]
    fn numbers_sort_as_their_texts() {
        let mut numbers: Vec<_> = ["2547", "25472", "254722", "99890", "12125"]
            .iter()
            .filter_map(|text| Number::from_digits(text.as_bytes()))
            .collect();
        numbers.sort_unstable();
        assert_eq!(
            numbers.iter().map(Number::as_str).collect::<Vec<_>>(),
            ["12125", "25472", "254722", "99890"]
        );
        assert_eq!(size_of::<Number>(), 16);
    }
}
