//! Shares and averages, in integers: every division rounds half to even.

use tollgate_engine::money::{Total, divide_half_even};

/// Hundredths of a percent in a whole.
const WHOLE: i128 = 10_000;

/// A share in percent with two decimals, such as `98.50`; `0.00` of nothing.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0.00".to_owned();
    }
    let hundredths = divide_half_even(i128::from(part) * WHOLE, i128::from(whole));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A sum over a count, to a millionth; zero over nothing.
pub fn average(sum: Total, count: u64) -> Total {
    if count == 0 {
        return Total::ZERO;
    }
    Total::from_micros(divide_half_even(sum.micros(), i128::from(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_half_to_even() {
        for (part, whole, expected) in [
            (0, 0, "0.00"),
            (0, 7, "0.00"),
            (7, 7, "100.00"),
            (1, 3, "33.33"),
            (2, 3, "66.67"),
            (1, 8, "12.50"),
            (1, 20_000, "0.00"),
            (3, 20_000, "0.02"),
            (5, 20_000, "0.02"),
            (19_999, 20_000, "100.00"),
            (u64::MAX, u64::MAX, "100.00"),
        ] {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn averages_are_rounded_half_to_even() {
        for (micros, count, expected) in [
            (0, 0, 0),
            (5, 0, 0),
            (5, 2, 2),
            (7, 2, 4),
            (-5, 2, -2),
            (3 << 64, 1, 3 << 64),
            (20_000, 3, 6_667),
        ] {
            let found = average(Total::from_micros(micros), count);
            assert_eq!(found.micros(), expected, "{micros} over {count}");
        }
    }
}
