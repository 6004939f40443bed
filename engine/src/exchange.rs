//! Dated exchange rates, from a file. Integers only.
//!
//! A rate is how many units of the quote currency one unit of the base currency is worth, in millionths.
//! Where a pair is listed one way only, its inverse holds the other way. Results are rounded half to even to
//! a millionth, once.

use std::cmp::Reverse;

use crate::money::{Amount, Currency, MICROS_PER_UNIT, divide_half_even};
use crate::time::UnixMicros;

/// One row of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeRow {
    /// The currency of which one unit is worth `rate`.
    pub base: Currency,
    /// …so much of this.
    pub quote: Currency,
    /// The value of one unit, above zero.
    pub rate: Amount,
    /// First instant at which the row holds, until the next row of the pair does.
    pub effective_from: UnixMicros,
}

/// Every rate, by pair and date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangeRates {
    /// Ascending by pair, then the latest first, of equal dates the last row of the file first.
    rows: Box<[ExchangeRow]>,
}

/// The rate of one pair at one time, to be applied to any number of amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    times: i64,
    over: i64,
}

impl ExchangeRates {
    /// From rows in the order of the file. A rate of zero or less is no rate and is left out; of two rows for
    /// one pair and instant the later one of the file holds.
    pub fn build(mut rows: Vec<ExchangeRow>) -> Self {
        rows.retain(|row| row.rate > Amount::ZERO);
        rows.reverse();
        // The sort is stable, so that rows with equal keys stay last of the file first.
        rows.sort_by_key(|row| (row.base, row.quote, Reverse(row.effective_from)));
        Self { rows: rows.into() }
    }

    /// True if the file has the pair, one way or the other, at any date. A currency is always worth itself.
    pub fn covers(&self, from: Currency, to: Currency) -> bool {
        from == to || !self.pair(from, to).is_empty() || !self.pair(to, from).is_empty()
    }

    /// The rate from one currency to another that holds at `now`; `None` where no row of the pair holds yet.
    /// A row of the pair itself comes before one of its inverse, whatever their dates.
    pub fn at(&self, from: Currency, to: Currency, now: UnixMicros) -> Option<Conversion> {
        if from == to {
            return Some(Conversion { times: 1, over: 1 });
        }
        if let Some(rate) = self.rate(from, to, now) {
            return Some(Conversion { times: rate.micros(), over: MICROS_PER_UNIT });
        }
        let inverse = self.rate(to, from, now)?;
        Some(Conversion { times: MICROS_PER_UNIT, over: inverse.micros() })
    }

    /// An amount in another currency; `None` where no rate holds at `now`, or the result cannot be held.
    pub fn convert(&self, amount: Amount, from: Currency, to: Currency, now: UnixMicros) -> Option<Amount> {
        self.at(from, to, now)?.apply(amount)
    }

    fn rate(&self, base: Currency, quote: Currency, now: UnixMicros) -> Option<Amount> {
        self.pair(base, quote).iter().find(|row| row.effective_from <= now).map(|row| row.rate)
    }

    /// The rows of one pair, the latest first.
    fn pair(&self, base: Currency, quote: Currency) -> &[ExchangeRow] {
        let key = (base, quote);
        let start = self.rows.partition_point(|row| (row.base, row.quote) < key);
        let rest = self.rows.get(start..).unwrap_or_default();
        let len = rest.partition_point(|row| (row.base, row.quote) == key);
        rest.get(..len).unwrap_or_default()
    }
}

impl Conversion {
    /// The amount at this rate, rounded half to even to a millionth; `None` when it cannot be held.
    pub fn apply(self, amount: Amount) -> Option<Amount> {
        if self.times == self.over {
            return Some(amount);
        }
        // Two values of an i64 multiplied are an i128, and `over` is above zero.
        let product = i128::from(amount.micros()) * i128::from(self.times);
        let converted = divide_half_even(product, i128::from(self.over));
        i64::try_from(converted).ok().map(Amount::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::{Decimal, RoundingStrategy};

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::new(code).unwrap()
    }

    fn row(base: &str, quote: &str, rate: &str, from: u64) -> ExchangeRow {
        let effective_from = UnixMicros(from);
        ExchangeRow {
            base: currency(base),
            quote: currency(quote),
            rate: rate.parse().unwrap(),
            effective_from,
        }
    }

    fn rates() -> ExchangeRates {
        ExchangeRates::build(vec![
            row("EUR", "USD", "1.10", 20),
            row("EUR", "USD", "1.05", 10),
            row("USD", "KES", "129.5", 10),
            row("KES", "USD", "0.0077", 30),
            row("USD", "GBP", "0", 0),
            row("EUR", "CHF", "0.9", 10),
            row("EUR", "CHF", "0.95", 10),
        ])
    }

    fn convert(micros: i64, from: &str, to: &str, now: u64) -> Option<i64> {
        let amount = Amount::from_micros(micros);
        rates().convert(amount, currency(from), currency(to), UnixMicros(now)).map(Amount::micros)
    }

    #[test]
    fn the_latest_row_that_holds_converts() {
        for (now, due) in [(9, None), (10, Some(105)), (19, Some(105)), (20, Some(110)), (99, Some(110))] {
            assert_eq!(convert(100, "EUR", "USD", now), due, "at {now}");
        }
        assert_eq!(convert(100, "EUR", "CHF", 10), Some(95), "of two for one date the later in the file");
    }

    #[test]
    fn an_inverse_holds_where_the_pair_itself_does_not() {
        assert_eq!(convert(129_500_000, "KES", "USD", 10), Some(1_000_000));
        assert_eq!(convert(129_500_000, "KES", "USD", 30), Some(997_150), "the pair itself comes first");
        assert_eq!(convert(1_000_000, "USD", "KES", 30), Some(129_500_000));
        assert_eq!(convert(110, "USD", "EUR", 20), Some(100));
    }

    #[test]
    fn a_currency_is_worth_itself_and_strangers_nothing() {
        assert_eq!(convert(-7, "XAF", "XAF", 0), Some(-7));
        assert_eq!(convert(1, "USD", "GBP", 99), None, "a rate of zero is no rate");
        let covers = |from, to| rates().covers(currency(from), currency(to));
        assert!(covers("EUR", "USD") && covers("USD", "EUR") && covers("XAF", "XAF"));
        assert!(!covers("EUR", "KES"), "by way of a third currency is no pair");
        assert!(!covers("USD", "GBP"));
    }

    #[test]
    fn halves_are_rounded_to_even_and_what_cannot_be_held_is_none() {
        let rates = ExchangeRates::build(vec![row("AAA", "BBB", "0.5", 0), row("BBB", "CCC", "0.000001", 0)]);
        let half = |micros| {
            rates.convert(Amount::from_micros(micros), currency("AAA"), currency("BBB"), UnixMicros(0))
        };
        assert_eq!([1, 3, 5, -1, -3].map(|micros| half(micros).unwrap().micros()), [0, 2, 2, 0, -2]);
        let back = |amount| rates.convert(amount, currency("CCC"), currency("BBB"), UnixMicros(0));
        assert_eq!(back(Amount::from_micros(7)), Some(Amount::from_micros(7_000_000)));
        assert_eq!(back(Amount::MAX), None);
    }

    proptest! {
        #[test]
        fn what_decimals_say(micros in -1_000_000_000_000_i64..1_000_000_000_000, rate in 1_i64..10_000_000_000) {
            let rates = ExchangeRates::build(vec![ExchangeRow {
                base: currency("AAA"),
                quote: currency("BBB"),
                rate: Amount::from_micros(rate),
                effective_from: UnixMicros(0),
            }]);
            let exact = Decimal::from(micros) * Decimal::new(rate, 6);
            let due = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).mantissa();
            let there = rates.convert(Amount::from_micros(micros), currency("AAA"), currency("BBB"), UnixMicros(0));
            prop_assert_eq!(i128::from(there.unwrap().micros()), due);
        }

        /// From the currency that is worth more into the other and back: nothing but the last millionth is
        /// lost.
        #[test]
        fn there_and_back_again(
            micros in -1_000_000_000_i64..1_000_000_000,
            rate in 1_000_000_i64..1_000_000_000_000,
            is_listed_inversely: bool,
        ) {
            let (more, less) = (currency("AAA"), currency("BBB"));
            let (base, quote) = if is_listed_inversely { (less, more) } else { (more, less) };
            let rate = if is_listed_inversely { 1_000_000_000_000 / rate } else { rate };
            prop_assume!(rate > 0);
            let rate = Amount::from_micros(rate);
            let rates = ExchangeRates::build(vec![ExchangeRow { base, quote, rate, effective_from: UnixMicros(0) }]);
            let there = rates.convert(Amount::from_micros(micros), more, less, UnixMicros(0)).unwrap();
            let back = rates.convert(there, less, more, UnixMicros(0)).unwrap();
            prop_assert!(back.micros().abs_diff(micros) <= 1, "{} came back as {}", micros, back);
        }
    }
}
