//! Lines of an invoice, rounded one by one and then summed, with the line that makes the sum what the ledger says.

use super::rounding::rounded;

/// The quantity and price of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Segments, or pieces of anything else; below zero where they are given back.
    pub quantity: i128,
    /// The price of one in millionths, which may be finer than the minor unit.
    pub unit_price: i128,
}

/// The lines of an invoice as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundedLines {
    /// The total of each line in millionths, a multiple of the minor unit.
    pub totals: Vec<i128>,
    /// The difference between the sum of the lines and the net total; it stands in a line of its own.
    pub rounding: i128,
    /// The exact sum of the ledger, rounded to the minor unit. Lines and rounding come to it.
    pub net: i128,
}

/// Rounds each line, and works out what is missing to the exact sum of the ledger.
pub fn round_lines(lines: &[Counted], exact: i128, decimals: u32) -> RoundedLines {
    let totals: Vec<i128> =
        lines.iter().map(|line| rounded(line.quantity * line.unit_price, decimals)).collect();
    let net = rounded(exact, decimals);
    let rounding = net - totals.iter().sum::<i128>();
    RoundedLines { totals, rounding, net }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rounding::{micros_per_minor, tax};
    use super::*;

    fn counted(quantity: i128, unit_price: i128) -> Counted {
        Counted { quantity, unit_price }
    }

    #[test]
    fn what_rounding_moved_stands_in_its_own_line() {
        // Three networks at 0.0216, 0.0144 and 0.006 for one segment each: 0.02 + 0.01 + 0.01, and 0.042 in the ledger.
        let lines = [counted(1, 21_600), counted(1, 14_400), counted(1, 6_000)];
        let rounded = round_lines(&lines, 42_000, 2);
        assert_eq!(rounded.totals, [20_000, 10_000, 10_000]);
        assert_eq!((rounded.rounding, rounded.net), (0, 40_000));
        let many = vec![counted(1, 4_000); 3];
        let rounded = round_lines(&many, 12_000, 2);
        assert_eq!((rounded.rounding, rounded.net), (10_000, 10_000), "lines of nothing come to a cent");
        let three_decimals = round_lines(&[counted(7, 1_234), counted(-2, 555)], 7 * 1_234 - 2 * 555, 3);
        assert_eq!(three_decimals.totals, [9_000, -1_000]);
        assert_eq!((three_decimals.rounding, three_decimals.net), (0, 8_000));
    }

    prop_compose! {
        fn any_line()(quantity in -5_000_i128..5_000_000, unit_price in 0_i128..3_000_000) -> Counted {
            counted(quantity, unit_price)
        }
    }

    proptest! {
        /// Whatever the lines: they and the rounding line are the ledger's sum, rounded once, and the tax is that of the sum.
        #[test]
        fn lines_and_rounding_are_the_ledger(lines in prop::collection::vec(any_line(), 0..60),
            decimals in 0_u32..=4, rate in 0_u32..=400_000, drift in -40_i128..=40)
        {
            // A message whose segments had different prices has a mean, so that the ledger may say a little else.
            let exact = lines.iter().map(|line| line.quantity * line.unit_price).sum::<i128>() + drift;
            let rounded = round_lines(&lines, exact, decimals);
            let minor = micros_per_minor(decimals);
            prop_assert_eq!(rounded.totals.iter().sum::<i128>() + rounded.rounding, rounded.net);
            prop_assert!((rounded.net - exact).abs() * 2 <= minor);
            prop_assert!(rounded.totals.iter().all(|total| total % minor == 0));
            // Each line is off by half a unit at most, so that the rounding line stays small.
            let most = (lines.len() as i128 + 1) * minor + 2 * drift.abs();
            prop_assert!(rounded.rounding.abs() * 2 <= most);
            let tax = tax(rounded.net, rate, decimals);
            prop_assert!((tax * 1_000_000 - rounded.net * i128::from(rate)).abs() * 2 <= minor * 1_000_000);
        }
    }
}
