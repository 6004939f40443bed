//! Amounts of a document as text.

use tollgate_engine::money::{Amount, Currency, MICROS_PER_UNIT};

/// The digits behind the point that any currency of ISO 4217 has at most.
pub const EXPONENT_MAX: u8 = 4;

/// A currency and the number of digits behind the point that its minor unit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentCurrency {
    /// The code of ISO 4217.
    pub code: Currency,
    /// The number of digits behind the point: two for EUR, none for JPY, three for KWD.
    pub exponent: u8,
}

impl DocumentCurrency {
    /// An amount of minor units as a decimal number without separators, such as `-1234.50`.
    pub fn plain(self, minor: i64) -> String {
        let (sign, whole, fraction) = self.parts(minor);
        format!("{sign}{whole}{fraction}")
    }

    /// An amount of minor units as people read it, such as `-1,234.50`.
    pub fn readable(self, minor: i64) -> String {
        let (sign, whole, fraction) = self.parts(minor);
        format!("{sign}{}{fraction}", grouped(whole))
    }

    fn parts(self, minor: i64) -> (&'static str, u64, String) {
        let sign = if minor < 0 { "-" } else { "" };
        let digits = usize::from(self.exponent.min(EXPONENT_MAX));
        let unit = 10_u64.pow(u32::from(self.exponent.min(EXPONENT_MAX)));
        let magnitude = minor.unsigned_abs();
        let fraction = match digits {
            0 => String::new(),
            _ => format!(".{:0digits$}", magnitude % unit),
        };
        (sign, magnitude / unit, fraction)
    }
}

/// A whole number with a comma after every third digit from the right.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A rate of tax in percent, such as `7.5`.
pub fn percent(millionths: u32) -> String {
    let digits = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An exact amount as people read it, with all six decimals.
pub fn exact(amount: Amount) -> String {
    let (sign, micros) = (if amount.is_negative() { "-" } else { "" }, amount.micros().unsigned_abs());
    let per_unit = MICROS_PER_UNIT.unsigned_abs();
    format!("{sign}{}.{:06}", grouped(micros / per_unit), micros % per_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str, exponent: u8) -> DocumentCurrency {
        DocumentCurrency { code: Currency::new(code).unwrap(), exponent }
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        for (code, exponent, minor, plain, readable) in [
            ("EUR", 2, 123_456_789, "1234567.89", "1,234,567.89"),
            ("EUR", 2, -5, "-0.05", "-0.05"),
            ("JPY", 0, 1_000, "1000", "1,000"),
            ("KWD", 3, -1_001, "-1.001", "-1.001"),
            ("USD", 2, 0, "0.00", "0.00"),
            ("USD", 2, i64::MIN, "-92233720368547758.08", "-92,233,720,368,547,758.08"),
        ] {
            assert_eq!(currency(code, exponent).plain(minor), plain);
            assert_eq!(currency(code, exponent).readable(minor), readable);
        }
    }

    #[test]
    fn exact_amounts_have_six_decimals() {
        assert_eq!(exact(Amount::from_micros(-1_234_000_001)), "-1,234.000001");
        assert_eq!(exact(Amount::MAX), "9,223,372,036,854.775807");
    }

    #[test]
    fn rates_have_the_decimals_that_they_need() {
        let texts = [0, 160_000, 75_000, 81_250, 1, 1_000_000].map(percent);
        assert_eq!(texts, ["0", "16", "7.5", "8.125", "0.0001", "100"]);
    }
}
