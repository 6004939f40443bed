//! Rounding between millionths and the minor unit of a currency, half to even.

use tollgate_engine::money::divide_half_even;

/// Decimals of an amount that is exact to the millionth.
const EXACT_DECIMALS: u32 = 6;

/// The whole of a rate of tax.
const MILLIONTHS: i128 = 1_000_000;

/// Millionths in one minor unit of a currency with so many decimals.
pub fn micros_per_minor(decimals: u32) -> i128 {
    10_i128.pow(EXACT_DECIMALS.saturating_sub(decimals))
}

/// Millionths as whole minor units, rounded half to even.
pub fn to_minor(micros: i128, decimals: u32) -> i128 {
    divide_half_even(micros, micros_per_minor(decimals))
}

/// Whole minor units as millionths.
pub fn from_minor(minor: i128, decimals: u32) -> i128 {
    minor * micros_per_minor(decimals)
}

/// Millionths rounded half to even to a whole minor unit, still as millionths.
pub fn rounded(micros: i128, decimals: u32) -> i128 {
    from_minor(to_minor(micros, decimals), decimals)
}

/// The tax on a base at a rate of so many millionths, rounded half to even to the minor unit. It is taken of the whole base of
/// a category and never of each line.
pub fn tax(base: i128, rate_millionths: u32, decimals: u32) -> i128 {
    let over = micros_per_minor(decimals) * MILLIONTHS;
    from_minor(divide_half_even(base * i128::from(rate_millionths), over), decimals)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for (micros, decimals, minor) in [
            (5_000, 2, 0),
            (15_000, 2, 2),
            (25_000, 2, 2),
            (25_001, 2, 3),
            (-15_000, 2, -2),
            (-5_000, 2, 0),
            (500_000, 0, 0),
            (1_500_000, 0, 2),
            (1_500, 3, 2),
            (2_500, 3, 2),
        ] {
            assert_eq!(to_minor(micros, decimals), minor, "{micros} with {decimals} decimals");
        }
    }

    #[test]
    fn tax_is_taken_of_the_whole_base() {
        for (base, rate, decimals, expected) in [
            (100_000_000, 160_000, 2, 16_000_000),
            // Three lines of 0.03 at 16 %: 0.0144, where each line by itself would come to 0.00.
            (90_000, 160_000, 2, 10_000),
            (61_730_000, 160_000, 2, 9_880_000),
            (-10_000_000, 75_000, 2, -750_000),
            (1_001_000, 50_000, 3, 50_000),
            (1_000_000_000, 180_000, 0, 180_000_000),
            (7_000_000, 0, 2, 0),
        ] {
            assert_eq!(tax(base, rate, decimals), expected, "{base} at {rate}");
        }
    }

    proptest! {
        #[test]
        fn rounding_moves_by_at_most_half_a_unit(micros in -1_000_000_000_000_i128..1_000_000_000_000, decimals in 0_u32..=4) {
            let away = (rounded(micros, decimals) - micros).abs();
            prop_assert!(away * 2 <= micros_per_minor(decimals));
            prop_assert_eq!(rounded(-micros, decimals), -rounded(micros, decimals));
        }
    }
}
